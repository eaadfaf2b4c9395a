//! Telemetry of MPEG-TS feeds: taken from the raw bytes, put on the time line of the frames.
//!
//! GStreamer 1.22's demultiplexer gives no pad for synchronous metadata (stream type 0x15), so the bytes are read beside
//! it. The first picture is seen on both sides and ties the carrier's clock to GStreamer's.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use pipeline::telemetry::mpegts::{TsKlv, TsTap};

/// Bytes of one transport packet.
const PACKET_BYTES: usize = 188;

/// First byte of each transport packet.
const SYNC_BYTE: u8 = 0x47;

/// Packets in a row that must start right for a file to be taken as MPEG-TS.
const PACKETS_TO_TRUST: usize = 5;

/// Bytes read from a file at a time.
const CHUNK_BYTES: usize = 256 * PACKET_BYTES;

/// How far a file is read in search of the next telemetry packet; more than 5 s of video at 40 Mbit/s.
const SEARCH_BYTES: u64 = 32 << 20;

/// How far a file is read in search of a stream that carries telemetry at all.
const ANNOUNCE_BYTES: u64 = 8 << 20;

/// Telemetry packets kept before the first picture.
const MOST_EARLY: usize = 4096;

/// Returns whether a file holds MPEG-TS, by its content.
fn is_mpegts(file: &mut File) -> bool {
    let mut start = vec![0_u8; PACKET_BYTES * PACKETS_TO_TRUST * 2];
    let mut filled = 0;
    while let Ok(n @ 1..) = file.read(start.get_mut(filled..).unwrap_or_default()) {
        filled += n;
    }
    start.truncate(filled);
    let synced = |from: usize| {
        let mut marks = start.iter().skip(from).step_by(PACKET_BYTES).take(PACKETS_TO_TRUST);
        marks.len() == PACKETS_TO_TRUST && marks.all(|&byte| byte == SYNC_BYTE)
    };
    file.rewind().is_ok() && (0..PACKET_BYTES).any(synced)
}

/// Reads the telemetry of an MPEG-TS file, a little ahead of the frames.
pub struct FileTelemetry {
    file: File,
    tap: TsTap,
    found: VecDeque<TsKlv>,
    newest_us: i64,
    read_bytes: u64,
    read_at_last_packet: u64,
    over: bool,
}

impl FileTelemetry {
    /// Opens the file a second time if it is MPEG-TS.
    pub fn open(path: &Path) -> Option<Self> {
        let mut file = File::open(path).ok()?;
        is_mpegts(&mut file).then(|| Self {
            file,
            tap: TsTap::new(),
            found: VecDeque::new(),
            newest_us: i64::MIN,
            read_bytes: 0,
            read_at_last_packet: 0,
            over: false,
        })
    }

    /// Returns the packets not given yet up to a time since the first picture, in the order of the stream.
    pub fn up_to(&mut self, elapsed_us: i64) -> Vec<TsKlv> {
        while self.newest_us <= elapsed_us && self.worth_reading() {
            self.read_chunk();
        }
        let due = self
            .found
            .iter()
            .take_while(|packet| packet.elapsed_us.is_none_or(|at| at <= elapsed_us))
            .count();
        self.found.drain(..due).collect()
    }

    fn worth_reading(&self) -> bool {
        let limit = if self.tap.announces_klv() { SEARCH_BYTES } else { ANNOUNCE_BYTES };
        !self.over && self.read_bytes - self.read_at_last_packet < limit
    }

    fn read_chunk(&mut self) {
        let mut bytes = vec![0_u8; CHUNK_BYTES];
        let mut packets = Vec::new();
        if let Ok(n @ 1..) = self.file.read(&mut bytes) {
            self.read_bytes += n as u64;
            self.tap.push(bytes.get(..n).unwrap_or_default(), &mut packets);
        } else {
            // A read error is reported by the decoder's own reading of the same file.
            self.over = true;
            self.tap.finish(&mut packets);
        }
        for packet in packets {
            self.read_at_last_packet = self.read_bytes;
            let at = packet.elapsed_us.or_else(|| self.tap.elapsed_us(packet.pts_90k?));
            self.newest_us = self.newest_us.max(at.unwrap_or(i64::MIN));
            self.found.push_back(TsKlv { elapsed_us: at, ..packet });
        }
        log_problems(&mut self.tap);
    }
}

/// Takes the telemetry out of the bytes of a live feed as they pass.
#[derive(Default)]
pub struct LiveTap {
    tap: TsTap,
    early: Vec<TsKlv>,
}

impl LiveTap {
    /// Takes the next bytes; returns the packets they complete, once the first picture gives them a time.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<TsKlv> {
        self.tap.push(bytes, &mut self.early);
        log_problems(&mut self.tap);
        if self.tap.first_video_pts_90k().is_none() {
            self.early.truncate(MOST_EARLY);
            return Vec::new();
        }
        let timed = |packet: TsKlv| {
            let at = packet.elapsed_us.or_else(|| self.tap.elapsed_us(packet.pts_90k?));
            TsKlv { elapsed_us: at, ..packet }
        };
        std::mem::take(&mut self.early).into_iter().map(timed).collect()
    }
}

fn log_problems(tap: &mut TsTap) {
    for problem in tap.take_problems() {
        tracing::debug!(?problem, "telemetry in the transport stream");
    }
}
