//! Telemetry of MPEG-TS feeds: taken from the raw bytes, put on the time line of the frames.
//!
//! GStreamer 1.22's demultiplexer gives no pad for synchronous metadata (stream type 0x15), so the bytes are read beside
//! it. The first video packet is seen on both sides and ties the carrier's clock to GStreamer's.

/// Ticks of the carrier's clock before it wraps.
const WRAP_90K: i64 = 1 << 33;

/// One telemetry packet on the carrier's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TsPacket {
    /// Presentation time, 90 kHz, 33 bits.
    pub pts_90k: Option<u64>,
    /// The local set.
    pub klv: Vec<u8>,
}

/// Ties the carrier's clock to GStreamer's running time by the first video packet, which both sides see.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TsClock {
    /// Presentation time of the first video packet, as written in the stream.
    pub first_video_90k: Option<u64>,
    /// Running time of the same packet as GStreamer sees it.
    pub first_video_running_ns: Option<i64>,
}

impl TsClock {
    /// Returns the running time of a presentation time, across one wrap of the 33-bit counter.
    pub fn running_ns(&self, pts_90k: u64) -> Option<i64> {
        let ticks = (pts_90k as i64 - self.first_video_90k? as i64).rem_euclid(WRAP_90K);
        let ticks = if ticks >= WRAP_90K / 2 { ticks - WRAP_90K } else { ticks };
        Some(self.first_video_running_ns? + ticks * 100_000 / 9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_counted_from_the_first_video_packet_across_the_wrap() {
        let clock = TsClock { first_video_90k: Some((1 << 33) - 90_000), first_video_running_ns: Some(500) };
        assert_eq!(clock.running_ns((1 << 33) - 90_000), Some(500));
        assert_eq!(clock.running_ns(90_000), Some(2_000_000_500));
        assert_eq!(clock.running_ns((1 << 33) - 99_000), Some(-99_999_500));
        assert_eq!(TsClock::default().running_ns(1), None);
    }
}
