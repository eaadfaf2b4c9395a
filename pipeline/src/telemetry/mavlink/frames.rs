//! Finds MAVLink frames in bytes, with the ground station's time stamps where there are any, and goes on behind what is broken.

use jiff::Timestamp;
use mavlink::dialects::common::MavMessage;
use mavlink::{MAV_STX, MAV_STX_V2, MAVLinkV1MessageRaw, MAVLinkV2MessageRaw, MavlinkVersion, Message};

use crate::telemetry::bytes::unsigned;
use crate::telemetry::error::Problem;

/// Bytes of a ground station's time stamp before each frame: microseconds since 1970, most significant byte first.
const STAMP_BYTES: usize = 8;
/// Earliest and latest stamp that is believed: 1990 and 2100, microseconds since 1970.
const STAMPS_US: std::ops::RangeInclusive<u64> = 631_152_000_000_000..=4_102_444_800_000_000;

/// One frame whose checksum is right, or whose message is not known here and whose neighbours are frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Offset of its first byte, behind the time stamp.
    pub offset: usize,
    /// Time stamp of the ground station, microseconds since 1970.
    pub stamp_us: Option<i64>,
    /// Number of the vehicle.
    pub system: u32,
    /// Number of the part of the vehicle that sent it.
    pub component: u8,
    /// Number of the message.
    pub message: u32,
    /// Whether the common dialect has the message.
    pub is_known: bool,
    /// Its bytes from the start marker to the checksum or signature.
    pub bytes: &'a [u8],
}

/// What a file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan<'a> {
    /// The frames in the order written.
    pub frames: Vec<Frame<'a>>,
    /// What is wrong between and inside them.
    pub problems: Vec<Problem>,
}

/// Finds every frame.
///
/// The search for the next frame behind something broken takes only one whose checksum is right.
pub fn scan(bytes: &[u8]) -> Scan<'_> {
    let mut scan = Scan::default();
    let Some(first) = search(bytes, 0) else {
        scan.note_garbage(0, bytes.len());
        return scan;
    };
    let gap = if stamp_before(bytes, 0, first).is_some() { STAMP_BYTES } else { 0 };
    let mut at = 0;
    while at < bytes.len() {
        at = scan.step(bytes, at, gap);
    }
    scan
}

/// Says whether the bytes start with frames: one with the right checksum near the start, and another or the end behind it.
pub fn is_stream(head: &[u8]) -> bool {
    let Some(first) = search(head, 0) else { return false };
    let end = first + Candidate::at(head, first).map_or(0, |candidate| candidate.bytes.len());
    end == head.len() || is_boundary(head, end, 0) || is_boundary(head, end, STAMP_BYTES)
}

impl<'a> Scan<'a> {
    /// Takes the frame at or behind `at` and returns where the next is expected.
    fn step(&mut self, bytes: &'a [u8], at: usize, gap: usize) -> usize {
        let start = at + gap;
        let candidate = Candidate::at(bytes, start);
        let fits = |end| end == bytes.len() || is_boundary(bytes, end, gap);
        match candidate {
            Some(frame) if frame.check == Check::Right => self.take(bytes, at, start, frame),
            Some(frame) if frame.check == Check::Unknown && fits(start + frame.bytes.len()) => {
                self.take(bytes, at, start, frame)
            }
            Some(frame) if frame.check == Check::Wrong && fits(start + frame.bytes.len()) => {
                let what = format!("the frame of message {} has a wrong checksum", frame.message);
                self.problems.push(Problem::at_byte(start, what));
                start + frame.bytes.len()
            }
            _ => self.skip(bytes, at, gap),
        }
    }

    /// Goes on at the next frame with a right checksum, before its time stamp.
    fn skip(&mut self, bytes: &'a [u8], at: usize, gap: usize) -> usize {
        let next = search(bytes, at).map_or(bytes.len(), |start| {
            if gap > 0 && stamp_before(bytes, at, start).is_some() { start - gap } else { start }
        });
        self.note_garbage(at, next);
        // A frame without its stamp is taken as it is: the next step would look for it behind one.
        match Candidate::at(bytes, next) {
            Some(frame) if gap > 0 && frame.check == Check::Right => self.take(bytes, next, next, frame),
            _ => next,
        }
    }

    fn take(&mut self, bytes: &[u8], from: usize, start: usize, frame: Candidate<'a>) -> usize {
        self.frames.push(Frame {
            offset: start,
            stamp_us: stamp_before(bytes, from, start),
            system: frame.system,
            component: frame.component,
            message: frame.message,
            is_known: frame.check == Check::Right,
            bytes: frame.bytes,
        });
        start + frame.bytes.len()
    }

    fn note_garbage(&mut self, from: usize, to: usize) {
        if to > from {
            self.problems.push(Problem::at_byte(from, format!("{} bytes are no whole frame", to - from)));
        }
    }
}

impl Frame<'_> {
    /// Returns the message, or `None` when the dialect does not know it.
    ///
    /// # Errors
    /// A sentence on a value the message cannot have.
    pub fn decode(&self) -> Result<Option<MavMessage>, String> {
        if !self.is_known {
            return Ok(None);
        }
        let parsed = match Raw::of(self.bytes) {
            Some(Raw::V1(raw)) => {
                MavMessage::parse(MavlinkVersion::V1, u32::from(raw.message_id()), raw.payload())
            }
            Some(Raw::V2(raw)) => MavMessage::parse(MavlinkVersion::V2, raw.message_id(), raw.payload()),
            None => return Ok(None),
        };
        parsed.map(Some).map_err(|error| format!("message {} cannot be read: {error}", self.message))
    }

    /// Returns the payload of a message of another dialect when its checksum agrees with that dialect's constant.
    pub fn payload_of(&self, message: u32, extra_crc: u8) -> Option<Vec<u8>> {
        if self.message != message {
            return None;
        }
        let (payload, is_right) = match Raw::of(self.bytes)? {
            Raw::V1(raw) => (raw.payload().to_vec(), raw.has_valid_crc_with_extra_crc(extra_crc)),
            Raw::V2(raw) => (raw.payload().to_vec(), raw.has_valid_crc_with_extra_crc(extra_crc)),
        };
        is_right.then_some(payload)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    Right,
    Wrong,
    Unknown,
}

/// Bytes that have the shape of a frame.
#[derive(Clone, Copy)]
struct Candidate<'a> {
    check: Check,
    system: u32,
    component: u8,
    message: u32,
    bytes: &'a [u8],
}

enum Raw {
    V1(MAVLinkV1MessageRaw),
    V2(MAVLinkV2MessageRaw),
}

impl Raw {
    /// Copies what may be a frame into the crate's buffers, zeros where the bytes end.
    fn of(bytes: &[u8]) -> Option<Self> {
        match *bytes.first()? {
            MAV_STX => {
                let mut raw = MAVLinkV1MessageRaw::new();
                fill(raw.as_mut_slice(), bytes);
                Some(Self::V1(raw))
            }
            MAV_STX_V2 => {
                let mut raw = MAVLinkV2MessageRaw::new();
                fill(raw.as_mut_slice(), bytes);
                let has_known_flags =
                    raw.incompatibility_flags() & !mavlink::consts::v2::SUPPORTED_IFLAGS == 0;
                has_known_flags.then_some(Self::V2(raw))
            }
            _ => None,
        }
    }
}

fn fill(buffer: &mut [u8], bytes: &[u8]) {
    buffer.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
}

impl<'a> Candidate<'a> {
    fn at(bytes: &'a [u8], start: usize) -> Option<Self> {
        let rest = bytes.get(start..)?;
        let (length, message, system, component, is_right) = match Raw::of(rest)? {
            Raw::V1(raw) => {
                let is_right = raw.has_valid_crc::<MavMessage>();
                let (message, system) = (u32::from(raw.message_id()), u32::from(raw.system_id()));
                (raw.raw_bytes().len(), message, system, raw.component_id(), is_right)
            }
            Raw::V2(raw) => {
                let is_right = raw.has_valid_crc::<MavMessage>();
                (raw.raw_bytes().len(), raw.message_id(), raw.system_id(), raw.component_id(), is_right)
            }
        };
        let check = match (MavMessage::default_message_from_id(message).is_some(), is_right) {
            (false, _) => Check::Unknown,
            (true, true) => Check::Right,
            (true, false) => Check::Wrong,
        };
        Some(Self { check, system, component, message, bytes: rest.get(..length)? })
    }
}

/// Returns where the next frame with a right checksum starts, at or behind `from`.
fn search(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let markers = rest.iter().enumerate().filter(|(_, byte)| [MAV_STX, MAV_STX_V2].contains(byte));
    let mut starts = markers.map(|(index, _)| from + index);
    starts.find(|&start| Candidate::at(bytes, start).is_some_and(|frame| frame.check == Check::Right))
}

fn is_boundary(bytes: &[u8], end: usize, gap: usize) -> bool {
    bytes.get(end + gap).is_some_and(|byte| [MAV_STX, MAV_STX_V2].contains(byte))
}

/// Returns the believable time stamp right before a frame and not before `from`.
fn stamp_before(bytes: &[u8], from: usize, start: usize) -> Option<i64> {
    let at = start.checked_sub(STAMP_BYTES).filter(|&at| at >= from)?;
    let micros = unsigned(bytes.get(at..start)?).filter(|micros| STAMPS_US.contains(micros))?;
    let micros = i64::try_from(micros).ok()?;
    Timestamp::from_microsecond(micros).ok().map(|_| micros)
}
