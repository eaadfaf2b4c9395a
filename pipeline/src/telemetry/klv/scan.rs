//! Finds packets in raw bytes and goes on behind whatever is broken.

use super::{Checksum, KlvError, Packet, UAS_KEY, decode, is_key, take_body};
use crate::telemetry::bytes::Bytes;
use crate::telemetry::error::Problem;

/// A packet with its place in the bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Found<'a> {
    /// Offset of its first byte.
    pub offset: usize,
    /// Its bytes with key and length.
    pub bytes: &'a [u8],
    /// What it holds.
    pub packet: Packet,
}

/// Finds every packet in `bytes`, and says what is wrong between and inside them.
///
/// A packet that holds another packet's key was cut short: it is dropped and the search goes on at that key, so that
/// the time stays proportional to the length whatever the bytes claim.
pub fn scan(bytes: &[u8]) -> (Vec<Found<'_>>, Vec<Problem>) {
    let mut found = Vec::new();
    let mut problems = Vec::new();
    let mut at = 0;
    while let Some(offset) = next_key(bytes, at) {
        note_garbage(&mut problems, at, offset);
        at = match read(bytes, offset) {
            Ok(Read::Whole(packet)) => {
                note_faults(&mut problems, &packet);
                let end = offset + packet.bytes.len();
                found.push(packet);
                end
            }
            Ok(Read::CutBy(next)) => {
                problems
                    .push(Problem::at_byte(offset, format!("the packet is cut by the one at byte {next}")));
                next
            }
            Err(error) => {
                problems.push(Problem::at_byte(offset, explain(&error)));
                offset + UAS_KEY.len()
            }
        };
    }
    note_tail(&mut problems, at, bytes.len());
    (found, problems)
}

enum Read<'a> {
    Whole(Found<'a>),
    CutBy(usize),
}

fn read(bytes: &[u8], offset: usize) -> Result<Read<'_>, KlvError> {
    let rest = bytes.get(offset..).unwrap_or_default();
    let mut reader = Bytes::new(rest);
    take_body(&mut reader)?;
    let whole = rest.get(..reader.position()).unwrap_or_default();
    let behind_key = offset + UAS_KEY.len();
    let reach = offset + whole.len() + UAS_KEY.len() - 1;
    match next_key(bytes.get(..reach).unwrap_or(bytes), behind_key) {
        Some(inner) => Ok(Read::CutBy(inner)),
        None => Ok(Read::Whole(Found { offset, bytes: whole, packet: decode(whole)? })),
    }
}

/// Returns where the next key starts, at or behind `from`.
fn next_key(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    rest.windows(UAS_KEY.len()).position(is_key).map(|index| from + index)
}

fn explain(error: &KlvError) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{cause}")
}

fn note_garbage(problems: &mut Vec<Problem>, from: usize, to: usize) {
    if to > from {
        problems.push(Problem::at_byte(from, format!("{} bytes are no packet", to - from)));
    }
}

fn note_tail(problems: &mut Vec<Problem>, from: usize, to: usize) {
    if to > from {
        problems.push(Problem::at_byte(from, format!("the last {} bytes are no packet", to - from)));
    }
}

fn note_faults(problems: &mut Vec<Problem>, found: &Found<'_>) {
    match found.packet.checksum {
        Checksum::Right => {}
        Checksum::Wrong { stored, computed } => problems.push(Problem::at_byte(
            found.offset,
            format!("the packet's checksum is {stored:04X} but its bytes sum to {computed:04X}"),
        )),
        Checksum::Missing => {
            problems.push(Problem::at_byte(found.offset, "the packet has no checksum"));
        }
    }
    let inside = found.packet.faults.iter();
    problems.extend(inside.map(|fault| Problem::at_byte(found.offset + fault.offset, &*fault.what)));
}
