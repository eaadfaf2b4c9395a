//! MISB ST 0601 local sets from bytes: key, length, tags, checksum.
//!
//! ST 0902 packets are subsets of the same set. ST 0903 sets, alone or inside tag 74, are opened by [`vmti`]. Unknown tags
//! are skipped, local sets of other standards are recognised and not opened.
//!
//! | not supported | what happens |
//! | --- | --- |
//! | tags above 101 (IMAPB, ST 1201) | counted as unknown, skipped |
//! | tag 66 (withdrawn), 96 and other gaps | counted as unknown, skipped |

pub mod ber;
pub mod imapb;
mod scan;
pub mod tags;
mod to_sample;
mod value;
pub mod vmti;

pub use scan::{Found, scan};
pub use value::Value;

use super::bytes::Bytes;
use ber::{BerError, take_length, take_tag};
use tags::tag;
use vmti::Vmti;

/// Universal label of the ST 0601 local set, with which every packet starts.
///
/// # References
/// MISB ST 0601, 6.2.
pub const UAS_KEY: [u8; 16] =
    [0x06, 0x0E, 0x2B, 0x34, 0x02, 0x0B, 0x01, 0x01, 0x0E, 0x01, 0x03, 0x01, 0x01, 0x00, 0x00, 0x00];

/// Universal label of the ST 0903 local set where it stands alone.
///
/// # References
/// MISB ST 0903, VMTI local set.
pub const VMTI_KEY: [u8; 16] =
    [0x06, 0x0E, 0x2B, 0x34, 0x02, 0x0B, 0x01, 0x01, 0x0E, 0x01, 0x03, 0x03, 0x06, 0x00, 0x00, 0x00];

/// Longest body read, bytes: larger ones are hostile or broken.
pub const MAX_BODY_BYTES: u64 = 1 << 20;

const CHECKSUM_TAG: u32 = 1;
const VMTI_TAG: u32 = 74;

/// Why bytes are no packet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KlvError {
    /// They do not start with the universal label.
    #[error("the bytes do not start with the key of MISB ST 0601 or ST 0903")]
    NoKey,
    /// The length of the packet cannot be read.
    #[error("cannot read the length of the packet")]
    Length(#[source] BerError),
    /// The length is greater than any packet's.
    #[error("the packet claims {claimed} bytes, more than {MAX_BODY_BYTES}")]
    TooLong {
        /// Claimed length.
        claimed: u64,
    },
    /// The bytes end inside the packet.
    #[error("the packet claims {claimed} bytes but only {left} are left")]
    Cut {
        /// Claimed length.
        claimed: u64,
        /// Bytes there.
        left: usize,
    },
}

/// Outcome of comparing the stored sum with the bytes'.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// They agree.
    Right,
    /// They differ.
    Wrong {
        /// Sum in tag 1.
        stored: u16,
        /// Sum of the bytes.
        computed: u16,
    },
    /// There is no tag 1, which every packet must end with.
    Missing,
}

impl Checksum {
    /// Says whether the packet may be used.
    pub fn is_right(self) -> bool {
        self == Self::Right
    }
}

/// One tag with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Number of the tag.
    pub tag: u32,
    /// Its value.
    pub value: Value,
}

/// One decoded packet.
#[derive(Debug, Clone, PartialEq)]
pub struct Packet {
    /// Whether its bytes are as they were written.
    pub checksum: Checksum,
    /// Its tags in the order written, unknown ones left out.
    pub items: Vec<Item>,
    /// Numbers of the tags not known here.
    pub unknown_tags: Vec<u32>,
    /// What was wrong inside, by offset in the packet; the tags named there are absent.
    pub faults: Vec<Fault>,
    /// Targets in the picture, where the packet tells them.
    pub vmti: Option<Vmti>,
    /// Whether the packet is an ST 0903 set alone: its tags are in `vmti`, and it says nothing of the camera.
    pub targets_only: bool,
}

/// Something wrong inside a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Offset from the packet's first byte.
    pub offset: usize,
    /// What.
    pub what: String,
}

impl Packet {
    /// Returns the value of a tag; of a repeated one the last.
    pub fn value(&self, number: u32) -> Option<&Value> {
        self.items.iter().rev().find(|item| item.tag == number).map(|item| &item.value)
    }

    /// Returns the number in a tag, whole or not; text, absent and out-of-range values give `None`.
    pub fn number(&self, number: u32) -> Option<f64> {
        match self.value(number)? {
            Value::Integer(whole) => Some(*whole as f64),
            Value::Real(real) => Some(*real),
            _ => None,
        }
    }
}

/// Decodes one packet that starts at the first byte; what follows its end is left alone.
///
/// A wrong checksum is no error here: it is noted in the packet, whose [`Packet::sample`] is then `None`.
///
/// # Errors
/// When the bytes are no whole packet.
pub fn decode(bytes: &[u8]) -> Result<Packet, KlvError> {
    let mut reader = Bytes::new(bytes);
    let body = take_body(&mut reader)?;
    let body_offset = reader.position() - body.len();
    let targets_only = bytes.starts_with(&VMTI_KEY);
    let mut packet = Packet {
        checksum: Checksum::Missing,
        items: Vec::new(),
        unknown_tags: Vec::new(),
        faults: Vec::new(),
        vmti: None,
        targets_only,
    };
    if targets_only {
        packet.open(body, body_offset);
    }
    let mut items = Bytes::new(body);
    while !items.is_empty() {
        let offset = body_offset + items.position();
        match take_item(&mut items) {
            Ok((number, value)) => {
                let value_offset = body_offset + items.position() - value.len();
                packet.add(bytes, number, value, offset, value_offset);
            }
            // A set of targets has said so already.
            Err(_) if targets_only => break,
            Err(what) => {
                packet.faults.push(Fault { offset, what });
                break;
            }
        }
    }
    Ok(packet)
}

impl Packet {
    fn add(&mut self, bytes: &[u8], number: u32, value: &[u8], offset: usize, value_offset: usize) {
        if number == CHECKSUM_TAG
            && let Ok(stored) = <[u8; 2]>::try_from(value)
        {
            let computed = running_sum(bytes.get(..value_offset).unwrap_or_default());
            let stored = u16::from_be_bytes(stored);
            let right = stored == computed;
            self.checksum = if right { Checksum::Right } else { Checksum::Wrong { stored, computed } };
        }
        if self.targets_only {
            return;
        }
        if number == VMTI_TAG {
            self.open(value, value_offset);
        }
        let Some(known) = tag(number) else {
            self.unknown_tags.push(number);
            return;
        };
        match value::decode(known.coding, value) {
            Ok(value) => self.items.push(Item { tag: number, value }),
            Err(what) => {
                self.faults.push(Fault { offset, what: format!("tag {number} ({}) {what}", known.key) });
            }
        }
    }
}

impl Packet {
    /// Opens an ST 0903 set.
    fn open(&mut self, body: &[u8], body_offset: usize) {
        let mut vmti = vmti::decode(body);
        let inside = vmti.faults.drain(..);
        self.faults.extend(inside.map(|fault| Fault { offset: body_offset + fault.offset, ..fault }));
        self.vmti = Some(vmti);
    }
}

/// Returns the running 16-bit sum of the bytes, which starts with the packet's key and ends before the sum itself.
///
/// # References
/// MISB ST 0601, 6.3 and the example under tag 1.
pub fn running_sum(bytes: &[u8]) -> u16 {
    bytes.chunks(2).fold(0, |sum: u16, pair| match pair {
        [high, low] => sum.wrapping_add(u16::from_be_bytes([*high, *low])),
        [high] => sum.wrapping_add(u16::from(*high) << 8),
        _ => sum,
    })
}

/// Says whether bytes are the key with which a packet starts.
pub fn is_key(bytes: &[u8]) -> bool {
    bytes == UAS_KEY || bytes == VMTI_KEY
}

/// Takes key, length and body of one packet.
fn take_body<'a>(bytes: &mut Bytes<'a>) -> Result<&'a [u8], KlvError> {
    if !bytes.array().is_some_and(|key: [u8; 16]| is_key(&key)) {
        return Err(KlvError::NoKey);
    }
    let claimed = take_length(bytes).map_err(KlvError::Length)?;
    if claimed > MAX_BODY_BYTES {
        return Err(KlvError::TooLong { claimed });
    }
    let left = bytes.rest().len();
    bytes.take(claimed as usize).ok_or(KlvError::Cut { claimed, left })
}

fn take_item<'a>(items: &mut Bytes<'a>) -> Result<(u32, &'a [u8]), String> {
    let number = take_tag(items).map_err(|error| error.to_string())?;
    let claimed = take_length(items).map_err(|error| format!("tag {number}: {error}"))?;
    let left = items.rest().len();
    let value = usize::try_from(claimed).ok().and_then(|count| items.take(count));
    value
        .map(|value| (number, value))
        .ok_or_else(|| format!("tag {number} claims {claimed} bytes but only {left} are left in the packet"))
}
