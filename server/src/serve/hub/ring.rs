//! The last seconds of a source as small pictures: what a clip around an incident is made of, and what can be looked back at.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use models::SizePx;
use pipeline::Picture;

/// Longest side of a picture.
const LONGEST_PX: u32 = 640;
const JPEG_QUALITY: u8 = 70;
/// Least time between two pictures: five a second.
const LEAST_STEP: SignedDuration = SignedDuration::from_millis(190);
/// Time that is kept at most.
const LONGEST: SignedDuration = SignedDuration::from_secs(60);
/// Bytes that are kept at most.
const MOST_BYTES: usize = 8 << 20;

/// A picture with its capture time.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Capture time.
    pub time: Timestamp,
    /// The picture.
    pub jpeg: Arc<[u8]>,
}

/// The last pictures of a source, oldest first.
#[derive(Debug, Default)]
pub struct Ring {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    pictures: VecDeque<Recorded>,
    bytes: usize,
}

impl Ring {
    /// Keeps a picture, unless the last one is too near.
    ///
    /// # Errors
    /// When it cannot be converted.
    pub fn record(&self, picture: &dyn Picture, time: Timestamp) -> Result<(), String> {
        let last = self.held().pictures.back().map(|last| last.time);
        if last.is_some_and(|last| time > last && time.duration_since(last) < LEAST_STEP) {
            return Ok(());
        }
        let small = picture.rgb(fitting(picture.size())).map_err(|error| error.to_string())?;
        let jpeg = pipeline_cv::encode_jpeg(&small, JPEG_QUALITY).map_err(|error| error.to_string())?;
        self.push(Recorded { time, jpeg: jpeg.into() });
        Ok(())
    }

    fn push(&self, one: Recorded) {
        let mut held = self.held();
        // A feed that began anew, or a clock that was set back, begins a new stretch.
        if held.pictures.back().is_some_and(|last| one.time <= last.time) {
            *held = Held::default();
        }
        held.bytes += one.jpeg.len();
        let oldest = one.time - LONGEST;
        held.pictures.push_back(one);
        while held.bytes > MOST_BYTES || held.pictures.front().is_some_and(|first| first.time < oldest) {
            let Some(gone) = held.pictures.pop_front() else { break };
            held.bytes -= gone.jpeg.len();
        }
    }

    /// Returns the pictures of a stretch of time.
    pub fn between(&self, from: Timestamp, to: Timestamp) -> Vec<Recorded> {
        let held = self.held();
        held.pictures.iter().filter(|one| (from..=to).contains(&one.time)).cloned().collect()
    }

    /// Returns the picture that was shown at a moment: the last one that is not after it.
    pub fn at(&self, time: Timestamp) -> Option<Recorded> {
        let held = self.held();
        held.pictures.iter().rfind(|one| one.time <= time).cloned()
    }

    /// Returns the times of the first and the last picture.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let held = self.held();
        Some((held.pictures.front()?.time, held.pictures.back()?.time))
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fitting(full: SizePx) -> SizePx {
    let scale = (f64::from(LONGEST_PX) / f64::from(full.width.max(full.height).max(1))).min(1.0);
    // Even sides: the encoder halves the colours.
    let side = |px: u32| ((f64::from(px) * scale / 2.0).round().max(1.0) * 2.0) as u32;
    SizePx { width: side(full.width), height: side(full.height) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(millis: i64, bytes: usize) -> Recorded {
        let time = Timestamp::from_millisecond(1_781_922_000_000 + millis).unwrap();
        Recorded { time, jpeg: vec![0; bytes].into() }
    }

    #[test]
    fn a_ring_is_bounded_by_time_and_by_bytes_and_begins_anew_when_time_goes_back() {
        let ring = Ring::default();
        (0..400).for_each(|i| ring.push(picture(i * 200, 1_000)));
        let (first, last) = ring.span().unwrap();
        assert_eq!(last.duration_since(first), LONGEST);
        assert_eq!(ring.between(last - SignedDuration::from_secs(1), last).len(), 6);
        assert_eq!(ring.at(last - SignedDuration::from_millis(50)).unwrap().time, picture(398 * 200, 0).time);
        ring.push(picture(400 * 200, MOST_BYTES));
        assert_eq!(ring.span().unwrap().0, picture(400 * 200, 0).time);
        ring.push(picture(0, 10));
        assert_eq!(ring.span().unwrap().0, picture(0, 0).time);
    }

    #[test]
    fn pictures_are_made_small_with_even_sides() {
        assert_eq!(fitting(SizePx { width: 1920, height: 1080 }), SizePx { width: 640, height: 360 });
        assert_eq!(fitting(SizePx { width: 333, height: 201 }), SizePx { width: 334, height: 202 });
    }
}
