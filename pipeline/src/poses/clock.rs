//! The sensor's clock against the time line of the frames.

use std::collections::VecDeque;

use jiff::Timestamp;

/// Pairs compared; a minute at ten packets a second, so that a slow drift between the clocks is followed.
const WINDOW: usize = 600;
/// Turns a median absolute deviation into a standard deviation of a normal distribution (Rousseeuw and Croux 1993).
const MAD_TO_SIGMA: f64 = 1.4826;
/// Time stamps are rounded to about this.
const LEAST_SIGMA_MILLIS: f64 = 1.0;
/// With a single pair nothing is known of the spread: one frame at 25 a second.
const SINGLE_PAIR_SIGMA_MILLIS: f64 = 40.0;

/// Capture time of frames, from pairs of elapsed and sensor time.
///
/// Both clocks run at one rate; the offset is the median over the last pairs, so that late, repeated and wrong packets do
/// not move it.
#[derive(Debug, Clone, Default)]
pub struct ClockMap {
    offsets_us: VecDeque<i64>,
}

impl ClockMap {
    /// Starts without pairs.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one pair: the time since the first frame at which a sensor time arrived with the pictures.
    pub fn push(&mut self, elapsed_us: i64, time: Timestamp) {
        self.offsets_us.push_back(time.as_microsecond().saturating_sub(elapsed_us));
        if self.offsets_us.len() > WINDOW {
            self.offsets_us.pop_front();
        }
    }

    /// Returns the capture time of a frame and its standard deviation in milliseconds; `None` without any pair.
    pub fn capture_time(&self, elapsed_us: i64) -> Option<(Timestamp, f64)> {
        let offset_us = median(self.offsets_us.iter().copied())?;
        let time = Timestamp::from_microsecond(offset_us.checked_add(elapsed_us)?).ok()?;
        let away = self.offsets_us.iter().map(|other| other.saturating_sub(offset_us).saturating_abs());
        let spread_millis = median(away)? as f64 / 1000.0 * MAD_TO_SIGMA;
        let least = if self.offsets_us.len() < 2 { SINGLE_PAIR_SIGMA_MILLIS } else { LEAST_SIGMA_MILLIS };
        Some((time, spread_millis.max(least)))
    }
}

/// Returns the middle value, the lower of two.
fn median(values: impl Iterator<Item = i64>) -> Option<i64> {
    let mut values: Vec<i64> = values.collect();
    let middle = values.len().checked_sub(1)? / 2;
    Some(*values.select_nth_unstable(middle).1)
}
