//! Taps MISB KLV from an MPEG transport stream as its bytes pass by, in pieces of any size.
//!
//! | carriage | stream type | known by |
//! | --- | --- | --- |
//! | asynchronous | 0x06, PES | registration descriptor `KLVA`, or a payload that starts with a universal label |
//! | synchronous | 0x15, metadata in PES | access unit cells (ISO/IEC 13818-1, 2.12.4), taken off here |
//!
//! Everything else in the stream is ignored, the time stamps of its video apart: they tie the packets to the frames.
//! Not supported: packets of 192 or 204 bytes, scrambled streams, KLV in private sections.

mod cells;
mod demux;
mod timeline;

use mpeg2ts_reader::demultiplex::Demultiplex;
use mpeg2ts_reader::packet::Packet as TsPacket;

use super::error::Problem;
use demux::Tap;
pub use timeline::signed_pts_difference;

/// Problems kept until they are asked for; more are dropped.
const MAX_PROBLEMS: usize = 1000;

/// One local set found in a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TsKlv {
    /// Presentation time stamp of the access unit as written, 33 bits of a 90 kHz clock.
    pub pts_90k: Option<u64>,
    /// Time stamp of the newest video before it in the stream: the best there is for asynchronous KLV without its own.
    pub video_pts_90k: Option<u64>,
    /// Time since the first video picture, microseconds, by its own time stamp and else by the video's; `None` before
    /// the first picture (see [`TsTap::elapsed_us`]).
    pub elapsed_us: Option<i64>,
    /// Offset in the stream of the transport packet that completed it.
    pub offset: u64,
    /// One MISB ST 0601 local set with its key and length.
    pub klv: Vec<u8>,
}

/// Finds KLV in a transport stream.
pub struct TsTap {
    demux: Demultiplex<Tap>,
    tap: Tap,
    pending: Vec<u8>,
    skipped: u64,
    /// The packet before was whole: the next needs no witness behind it.
    in_step: bool,
}

impl Default for TsTap {
    fn default() -> Self {
        Self::new()
    }
}

impl TsTap {
    /// Starts before the first byte of a stream.
    pub fn new() -> Self {
        let mut tap = Tap::default();
        Self { demux: Demultiplex::new(&mut tap), tap, pending: Vec::new(), skipped: 0, in_step: false }
    }

    /// Takes the next bytes and adds every local set they complete to `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<TsKlv>) {
        self.pending.extend_from_slice(bytes);
        let pending = std::mem::take(&mut self.pending);
        let mut rest = pending.as_slice();
        while let Some((packet, behind)) = rest.split_at_checked(TsPacket::SIZE) {
            self.in_step =
                starts_packet(packet) && (self.in_step || behind.is_empty() || starts_packet(behind));
            if self.in_step {
                self.note_skipped();
                self.demux.push(&mut self.tap, packet);
                self.tap.offset += TsPacket::SIZE as u64;
                rest = behind;
            } else {
                rest = rest.get(1..).unwrap_or_default();
                self.skipped += 1;
            }
        }
        self.pending = rest.to_vec();
        out.append(&mut self.tap.found);
    }

    /// Says that the stream is over: gives what its last packets hold, and notes what is cut.
    pub fn finish(&mut self, out: &mut Vec<TsKlv>) {
        self.note_skipped();
        if !self.pending.is_empty() {
            let what = format!("the last {} bytes are no whole transport packet", self.pending.len());
            self.tap.note(what);
        }
        self.tap.flush();
        out.append(&mut self.tap.found);
    }

    /// Returns the lowest time stamp among the first pictures of the first video stream: time 0 of the frames.
    pub fn first_video_pts_90k(&self) -> Option<u64> {
        self.tap.timeline.first_video_pts_90k()
    }

    /// Returns the time from the first picture to a time stamp, across any wrap of the 33 bits.
    pub fn elapsed_us(&self, pts_90k: u64) -> Option<i64> {
        self.tap.timeline.elapsed_us(pts_90k)
    }

    /// Takes what was wrong since the last call, by byte offset in the stream.
    pub fn take_problems(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.tap.problems)
    }

    /// Says whether a stream that can carry KLV was announced.
    pub fn announces_klv(&self) -> bool {
        !self.tap.streams.is_empty()
    }

    fn note_skipped(&mut self) {
        if self.skipped > 0 {
            let skipped = std::mem::take(&mut self.skipped);
            self.tap.note(format!("{skipped} bytes are no transport packet"));
            self.tap.offset += skipped;
        }
    }
}

fn starts_packet(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|&first| TsPacket::is_sync_byte(first))
}
