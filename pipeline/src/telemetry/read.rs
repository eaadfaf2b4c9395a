//! Tells telemetry files apart by content and reads them.

use super::error::{Place, Problem, TelemetryError};
use super::record::{Reading, Record};
use super::{container, klv, mavlink, mpegts, osd, srt, still, ulog};

const TS_PACKET_BYTES: usize = 188;
const TS_SYNC: u8 = 0x47;
/// Transport packets whose sync bytes must be in step.
const TS_PACKETS_LOOKED_AT: usize = 5;
/// Bytes in which a raw KLV file must show its first key.
const KLV_HEAD_BYTES: usize = 64 * 1024;
/// Bytes in which other files must show what they are.
const HEAD_BYTES: usize = 4096;

/// What kind of file holds telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// MISB KLV packets one after another.
    Klv,
    /// MPEG transport stream.
    MpegTs,
    /// MP4 or MOV.
    Mp4,
    /// JPEG or TIFF picture.
    Still,
    /// Subtitles.
    Srt,
    /// MAVLink, with the time stamps of a ground station or without.
    Mavlink,
    /// Log of a PX4 autopilot.
    Ulog,
    /// Messages of DJI's Cloud API.
    DjiOsd,
}

/// Returns what kind of file starts like this, by content alone.
pub fn sniff(bytes: &[u8]) -> Option<Kind> {
    let is_still = [&b"\xFF\xD8\xFF"[..], b"II*\0", b"MM\0*"].iter().any(|start| bytes.starts_with(start));
    if is_still {
        Some(Kind::Still)
    } else if is_transport_stream(bytes) {
        Some(Kind::MpegTs)
    } else if container::mp4::is_mp4(bytes) {
        Some(Kind::Mp4)
    } else if ulog::is_log(bytes) {
        Some(Kind::Ulog)
    } else if holds_key(bytes) {
        Some(Kind::Klv)
    } else if mavlink::is_stream(head(bytes)) {
        Some(Kind::Mavlink)
    } else if osd::is_messages(head(bytes)) {
        Some(Kind::DjiOsd)
    } else {
        is_text(bytes).then_some(Kind::Srt)
    }
}

/// Reads all telemetry of one file, given whole.
///
/// # Errors
/// When the bytes are of no kind known here, broken as a whole, or without telemetry. Faults inside good telemetry are
/// [`Reading::problems`].
pub fn read_file_bytes(name: &str, bytes: &[u8]) -> Result<Reading, TelemetryError> {
    match sniff(bytes) {
        _ if bytes.is_empty() => Err(TelemetryError::Empty { name: name.to_owned() }),
        Some(Kind::Srt) if !named_srt(name) && !text_has_cues(bytes) => Err(unrecognised(name, bytes)),
        Some(kind) => read_as(kind, name, bytes),
        None => Err(unrecognised(name, bytes)),
    }
}

/// Reads all telemetry of one file of a known kind, given whole.
///
/// # Errors
/// As [`read_file_bytes`].
pub fn read_as(kind: Kind, name: &str, bytes: &[u8]) -> Result<Reading, TelemetryError> {
    if bytes.is_empty() {
        return Err(TelemetryError::Empty { name: name.to_owned() });
    }
    match kind {
        Kind::Klv => read_klv(name, bytes),
        Kind::MpegTs => read_transport_stream(name, bytes),
        Kind::Mp4 => container::read(name, bytes),
        Kind::Still => still::read(name, bytes),
        Kind::Srt => srt::read(name, bytes),
        Kind::Mavlink => mavlink::read(name, bytes),
        Kind::Ulog => ulog::read(name, bytes),
        Kind::DjiOsd => osd::read(name, bytes),
    }
}

fn read_klv(name: &str, bytes: &[u8]) -> Result<Reading, TelemetryError> {
    let (found, problems) = klv::scan(bytes);
    let records: Vec<Record> = found.iter().map(|found| Record::from_packet(&found.packet, None)).collect();
    finish(name, "a KLV file", records, problems, "no whole packet")
}

fn read_transport_stream(name: &str, bytes: &[u8]) -> Result<Reading, TelemetryError> {
    let (mut tap, mut found) = (mpegts::TsTap::new(), Vec::new());
    tap.push(bytes, &mut found);
    tap.finish(&mut found);
    let mut problems = tap.take_problems();
    let mut records = Vec::new();
    for set in &found {
        // The origin may have come after the first packets: ask again now that all is read.
        let elapsed_us = set.elapsed_us.or_else(|| set.pts_90k.and_then(|pts| tap.elapsed_us(pts)));
        match klv::decode(&set.klv) {
            Ok(packet) => records.push(Record::from_packet(&packet, elapsed_us)),
            Err(error) => problems.push(Problem { place: Place::Byte(set.offset), what: error.to_string() }),
        }
    }
    let reason = if tap.announces_klv() { "no KLV in its data stream" } else { "no KLV stream announced" };
    finish(name, "an MPEG transport stream", records, problems, reason)
}

fn finish(
    name: &str,
    kind: &'static str,
    records: Vec<Record>,
    problems: Vec<Problem>,
    reason: &str,
) -> Result<Reading, TelemetryError> {
    if records.is_empty() {
        let first = problems.first().map(|problem| format!(" ({problem})")).unwrap_or_default();
        return Err(TelemetryError::NoTelemetry {
            name: name.to_owned(),
            kind,
            reason: format!("{reason}{first}"),
        });
    }
    Ok(Reading::new(kind, records, problems))
}

/// Sync bytes in step from the first byte on, or behind a cut packet at the start.
fn is_transport_stream(bytes: &[u8]) -> bool {
    let in_step = |from: usize| {
        let mut heads = bytes.iter().skip(from).step_by(TS_PACKET_BYTES).take(TS_PACKETS_LOOKED_AT);
        heads.len() == TS_PACKETS_LOOKED_AT && heads.all(|&head| head == TS_SYNC)
    };
    let is_short = bytes.len() >= TS_PACKET_BYTES && bytes.len() < TS_PACKETS_LOOKED_AT * TS_PACKET_BYTES;
    let few_in_step = || bytes.iter().step_by(TS_PACKET_BYTES).all(|&head| head == TS_SYNC);
    (0..TS_PACKET_BYTES).any(in_step) || (is_short && few_in_step())
}

fn holds_key(bytes: &[u8]) -> bool {
    let head = bytes.get(..KLV_HEAD_BYTES).unwrap_or(bytes);
    head.windows(klv::UAS_KEY.len()).any(klv::is_key)
}

/// Text has no zero bytes.
fn is_text(bytes: &[u8]) -> bool {
    !head(bytes).contains(&0)
}

fn head(bytes: &[u8]) -> &[u8] {
    bytes.get(..HEAD_BYTES).unwrap_or(bytes)
}

fn named_srt(name: &str) -> bool {
    name.rsplit('.').next().is_some_and(|end| end.eq_ignore_ascii_case("srt"))
}

fn text_has_cues(bytes: &[u8]) -> bool {
    head(bytes).windows(3).any(|window| window == b"-->")
}

fn unrecognised(name: &str, bytes: &[u8]) -> TelemetryError {
    let start = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    TelemetryError::Unrecognised { name: name.to_owned(), start }
}
