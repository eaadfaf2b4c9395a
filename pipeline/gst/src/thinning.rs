//! Picks the frames that are analysed from all that are decoded.

use std::time::Duration;

/// Share of a period by which a frame may come early, against rounding of frame times.
const EARLY: f64 = 0.02;

/// Keeps about a given number of frames a second.
#[derive(Debug)]
pub struct Thinning {
    period_secs: Option<f64>,
    due_secs: f64,
}

impl Thinning {
    /// Takes the frames wanted a second; `None` keeps all.
    pub fn new(fps: Option<f64>) -> Self {
        Self { period_secs: fps.filter(|fps| *fps > 0.0).map(|fps| 1.0 / fps), due_secs: 0.0 }
    }

    /// Returns whether the frame at this time is kept.
    pub fn keeps(&mut self, elapsed: Duration) -> bool {
        let Some(period) = self.period_secs else { return true };
        let at = elapsed.as_secs_f64();
        if at < self.due_secs - period * EARLY {
            return false;
        }
        let periods_behind = ((at - self.due_secs) / period + EARLY).floor().max(0.0);
        self.due_secs += (periods_behind + 1.0) * period;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(fps: Option<f64>, source_fps: f64, frames: u32, kept: &[u32]) {
        let mut thinning = Thinning::new(fps);
        let got: Vec<u32> = (0..frames)
            .filter(|&i| thinning.keeps(Duration::from_secs_f64(f64::from(i) / source_fps)))
            .collect();
        assert_eq!(got, kept);
    }

    #[test]
    fn frames_are_kept_at_the_wanted_rate_on_average() {
        check(None, 25.0, 4, &[0, 1, 2, 3]);
        check(Some(10.0), 25.0, 13, &[0, 3, 5, 8, 10]);
        check(Some(15.0), 29.97, 9, &[0, 2, 4, 6, 8]);
        check(Some(50.0), 25.0, 4, &[0, 1, 2, 3]);
        check(Some(0.5), 1.0, 6, &[0, 2, 4]);
    }

    #[test]
    fn a_gap_is_followed_by_one_frame_and_not_by_a_burst() {
        let mut thinning = Thinning::new(Some(1.0));
        let kept: Vec<bool> =
            [0, 500, 9_400, 9_500, 10_000].map(|ms| thinning.keeps(Duration::from_millis(ms))).into();
        assert_eq!(kept, [true, false, true, false, true]);
    }
}
