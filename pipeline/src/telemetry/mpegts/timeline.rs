//! Time stamps of 33 bits on one line that starts with the first picture.

/// A time stamp runs over after this many ticks of 90 kHz.
const WRAP: i64 = 1 << 33;
/// Pictures come in decoding order: the lowest time stamp is among the first few.
const PICTURES_TO_COMPARE: u32 = 16;

/// Returns `later - earlier` in ticks of 90 kHz, the short way round the wrap.
///
/// # References
/// ISO/IEC 13818-1, 2.4.3.7: time stamps are 33 bits of a 90 kHz clock.
pub fn signed_pts_difference(later_90k: u64, earlier_90k: u64) -> i64 {
    let difference = (later_90k as i64).wrapping_sub(earlier_90k as i64).rem_euclid(WRAP);
    if difference >= WRAP / 2 { difference - WRAP } else { difference }
}

/// The video's time stamps seen so far.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    first_90k: Option<u64>,
    compared: u32,
    last_90k: Option<u64>,
    /// Ticks from the first picture to the last one, without wrap.
    last_elapsed_90k: i64,
}

impl Timeline {
    /// Takes the time stamp of a picture.
    pub fn see_video(&mut self, pts_90k: u64) {
        match (self.first_90k, self.last_90k) {
            (Some(first), Some(last)) => {
                self.last_elapsed_90k += signed_pts_difference(pts_90k, last);
                if self.compared < PICTURES_TO_COMPARE && signed_pts_difference(pts_90k, first) < 0 {
                    self.first_90k = Some(pts_90k);
                    self.last_elapsed_90k = 0;
                }
            }
            _ => self.first_90k = Some(pts_90k),
        }
        self.compared = self.compared.saturating_add(1);
        self.last_90k = Some(pts_90k);
    }

    /// Returns the time stamp of the first picture shown.
    pub fn first_video_pts_90k(&self) -> Option<u64> {
        self.first_90k
    }

    /// Returns the newest time stamp.
    pub fn last_video_pts_90k(&self) -> Option<u64> {
        self.last_90k
    }

    /// Returns the microseconds from the first picture to `pts_90k`, which must lie within half a wrap (13 h) of the
    /// newest picture.
    pub fn elapsed_us(&self, pts_90k: u64) -> Option<i64> {
        let ticks = self.last_elapsed_90k + signed_pts_difference(pts_90k, self.last_90k?);
        Some(ticks * 100 / 9)
    }
}
