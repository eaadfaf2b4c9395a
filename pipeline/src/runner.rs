//! The threads of one feed: one reads it, some look at its frames, the caller takes the results in order.
//!
//! ```text
//! source --(queue, blocks)--> detectors (one a worker) --(2 x queue)--> caller, in the order of the feed
//!        \--telemetry-------------------------------------/
//! ```
//! Live sources drop their oldest frame before this queue and count it; files wait. Nothing is dropped here.
//!
//! On one core threads would only take turns at random moments and empty each other's caches, so that one detector there
//! works on the caller's thread, frame by frame.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use crossbeam::channel::{Receiver, Sender, bounded};

use crate::frame::{Frame, FrameSource, Item, SourceError, TelemetryPacket};
use crate::motion::{Glance, Motion};
use crate::seen::{Detector, PictureZones, Seen, Sight};

/// One frame after the detectors.
pub struct Looked {
    /// The frame.
    pub frame: Frame,
    /// What was seen in it.
    pub seen: Vec<Seen>,
    /// When the detector began with it and when it was done.
    pub looked_at: (Instant, Instant),
}

/// What a feed gives, in its order.
pub enum Event {
    /// A frame that was looked at.
    Frame(Looked),
    /// Telemetry.
    Telemetry(TelemetryPacket),
}

/// What a feed cost and lost.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct FeedStats {
    /// Frames looked at.
    pub frames: u64,
    /// Things seen in them.
    pub detections: u64,
    /// Frames dropped by the source because they came too fast.
    pub dropped: u64,
    /// CPU time of the detectors, all workers together.
    pub detect_cpu: Duration,
}

/// Why a feed ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeedError {
    /// The source failed.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A frame could not be looked at.
    #[error("cannot look at frame {frame}: {reason}")]
    Detect {
        /// Index of the frame.
        frame: u64,
        /// Why.
        reason: String,
    },
}

/// How a feed is run.
pub struct Feed<'a> {
    /// Regions of the picture that count.
    pub zones: &'a PictureZones,
    /// Frames waiting for a detector at most.
    pub queue: usize,
    /// Set from outside to end the feed early; what was read is still delivered.
    pub stop: &'a AtomicBool,
}

struct Job {
    seq: u64,
    frame: Frame,
}

enum Done {
    Frame(Looked, Option<Glance>, Duration),
    Telemetry(TelemetryPacket),
    Failed(FeedError),
}

/// Runs a feed to its end and hands every event to `on_event`, in order.
///
/// # Errors
/// When the source fails or a detector does; everything before the failure has been handed over.
pub fn run(
    feed: &Feed<'_>,
    source: &mut dyn FrameSource,
    detectors: &mut [Box<dyn Detector>],
    on_event: impl FnMut(Event),
) -> (FeedStats, Result<(), FeedError>) {
    match detectors {
        [detector] if one_core() => in_turn(feed, source, detector.as_mut(), on_event),
        _ => side_by_side(feed, source, detectors, on_event),
    }
}

/// Returns whether the process may use one core only.
pub fn one_core() -> bool {
    std::thread::available_parallelism().is_ok_and(|cores| cores.get() == 1)
}

fn in_turn(
    feed: &Feed<'_>,
    source: &mut dyn FrameSource,
    detector: &mut dyn Detector,
    mut on_event: impl FnMut(Event),
) -> (FeedStats, Result<(), FeedError>) {
    let mut order = InOrder::default();
    while order.failure.is_none() && !feed.stop.load(Ordering::Relaxed) {
        let done = match source.next() {
            Ok(Some(Item::Frame(frame))) => looked(feed, detector, frame),
            Ok(Some(Item::Telemetry(packet))) => Done::Telemetry(packet),
            Ok(None) => break,
            Err(error) => Done::Failed(error.into()),
        };
        order.hand_over(done, &mut on_event);
    }
    order.stats.dropped = source.dropped();
    (order.stats, order.failure.map_or(Ok(()), Err))
}

fn side_by_side(
    feed: &Feed<'_>,
    source: &mut dyn FrameSource,
    detectors: &mut [Box<dyn Detector>],
    mut on_event: impl FnMut(Event),
) -> (FeedStats, Result<(), FeedError>) {
    let (job_tx, job_rx) = bounded::<Job>(feed.queue.max(1));
    let (done_tx, done_rx) = bounded::<(u64, Done)>(feed.queue.max(1) * 2);
    let failed = AtomicBool::new(false);
    let mut order = InOrder::default();
    let dropped = std::thread::scope(|scope| {
        for detector in detectors.iter_mut() {
            let (jobs, done, failed) = (job_rx.clone(), done_tx.clone(), &failed);
            scope.spawn(move || look(feed, detector.as_mut(), &jobs, &done, failed));
        }
        drop(job_rx);
        let failed = &failed;
        let reader = scope.spawn(move || {
            read(feed, source, &job_tx, &done_tx, failed);
            source.dropped()
        });
        for (seq, done) in done_rx {
            order.take(seq, done, &mut on_event);
        }
        reader.join().unwrap_or(0)
    });
    order.stats.dropped = dropped;
    (order.stats, order.failure.map_or(Ok(()), Err))
}

fn read(
    feed: &Feed<'_>,
    source: &mut dyn FrameSource,
    jobs: &Sender<Job>,
    done: &Sender<(u64, Done)>,
    failed: &AtomicBool,
) {
    for seq in 0.. {
        if feed.stop.load(Ordering::Relaxed) || failed.load(Ordering::Relaxed) {
            return;
        }
        let sent = match source.next() {
            Ok(Some(Item::Frame(frame))) => jobs.send(Job { seq, frame }).is_ok(),
            Ok(Some(Item::Telemetry(packet))) => done.send((seq, Done::Telemetry(packet))).is_ok(),
            Ok(None) => false,
            Err(error) => {
                // The receiver outlives this thread; a failed send could only mean that nobody listens any more.
                drop(done.send((seq, Done::Failed(error.into()))));
                false
            }
        };
        if !sent {
            return;
        }
    }
}

fn look(
    feed: &Feed<'_>,
    detector: &mut dyn Detector,
    jobs: &Receiver<Job>,
    done: &Sender<(u64, Done)>,
    failed: &AtomicBool,
) {
    for Job { seq, frame } in jobs {
        let done_frame = looked(feed, detector, frame);
        if matches!(done_frame, Done::Failed(_)) {
            failed.store(true, Ordering::Relaxed);
        }
        if done.send((seq, done_frame)).is_err() {
            return;
        }
    }
}

fn looked(feed: &Feed<'_>, detector: &mut dyn Detector, frame: Frame) -> Done {
    let (start, begun) = (ThreadTime::now(), Instant::now());
    match detector.detect(&frame, feed.zones) {
        Ok(Sight { seen, glance }) => {
            let looked_at = (begun, Instant::now());
            Done::Frame(Looked { frame, seen, looked_at }, glance, start.elapsed())
        }
        Err(reason) => Done::Failed(FeedError::Detect { frame: frame.index, reason }),
    }
}

/// Puts results back into the order of the feed.
#[derive(Default)]
struct InOrder {
    next: u64,
    waiting: BTreeMap<u64, Done>,
    motion: Motion,
    stats: FeedStats,
    failure: Option<FeedError>,
}

impl InOrder {
    fn take(&mut self, seq: u64, done: Done, on_event: &mut impl FnMut(Event)) {
        self.waiting.insert(seq, done);
        while let Some(done) = self.waiting.remove(&self.next) {
            self.next += 1;
            if self.failure.is_none() {
                self.hand_over(done, on_event);
            }
        }
    }

    fn hand_over(&mut self, done: Done, on_event: &mut impl FnMut(Event)) {
        match done {
            Done::Frame(mut looked, glance, cpu) => {
                if let Some(glance) = glance {
                    let (elapsed, size) = (looked.frame.elapsed, looked.frame.picture.size());
                    self.motion.judge(elapsed, glance, size, &mut looked.seen);
                    looked.seen.retain(|one| one.score >= one.least_score);
                }
                self.stats.frames += 1;
                self.stats.detections += looked.seen.len() as u64;
                self.stats.detect_cpu += cpu;
                on_event(Event::Frame(looked));
            }
            Done::Telemetry(packet) => on_event(Event::Telemetry(packet)),
            Done::Failed(error) => self.failure = Some(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use models::{RgbImage, SizePx};

    use super::*;
    use crate::frame::{Picture, PictureError};
    use crate::seen::Outline;

    struct Grey;

    impl Picture for Grey {
        fn size(&self) -> SizePx {
            SizePx { width: 2, height: 2 }
        }

        fn rgb(&self, size: SizePx) -> Result<RgbImage, PictureError> {
            let bytes = (size.width * size.height * 3) as usize;
            Ok(RgbImage { width: size.width, height: size.height, data: vec![127; bytes] })
        }
    }

    struct Counting {
        left: u64,
        given: u64,
        fail_at_end: bool,
    }

    impl FrameSource for Counting {
        fn next(&mut self) -> Result<Option<Item>, SourceError> {
            if self.left == 0 {
                return if self.fail_at_end {
                    Err(SourceError::NoVideo { uri: "test".into() })
                } else {
                    Ok(None)
                };
            }
            self.left -= 1;
            self.given += 1;
            Ok(Some(Item::Frame(Frame {
                index: self.given - 1,
                elapsed: Duration::from_millis(100 * self.given),
                capture: None,
                name: None,
                gsd_m: None,
                picture: Arc::new(Grey),
            })))
        }

        fn dropped(&self) -> u64 {
            3
        }
    }

    /// Sees nothing, but takes longer over even frames, by work and not by waiting.
    struct Uneven {
        calls: u64,
        fail_on_call: Option<u64>,
    }

    impl Detector for Uneven {
        fn detect(&mut self, _: &Frame, _: &PictureZones) -> Result<Sight, String> {
            self.calls += 1;
            if self.fail_on_call == Some(self.calls) {
                return Err("model broke".into());
            }
            let rounds = if self.calls.is_multiple_of(2) { 200_000 } else { 1 };
            let sum = (0..rounds).fold(0u64, |a, b| a.wrapping_mul(31).wrapping_add(b));
            let outline =
                Outline { ring_px: vec![], area_px: sum as f64, mean_probability: 0.5, truncated: false };
            let model = gis::ModelRef { pack: "p".into(), version: "1".into(), sha256: String::new() };
            let seen =
                vec![Seen { class: "x".into(), score: 0.5, least_score: 0.0, outline, foot_px: None, model }];
            Ok(Sight { seen, glance: None })
        }
    }

    fn run_counting(
        frames: u64,
        fail_at_end: bool,
        fail_on_call: Option<u64>,
    ) -> (Vec<u64>, FeedStats, bool) {
        let mut source = Counting { left: frames, given: 0, fail_at_end };
        let mut detectors: Vec<Box<dyn Detector>> = vec![
            Box::new(Uneven { calls: 0, fail_on_call }),
            Box::new(Uneven { calls: 1, fail_on_call: None }),
            Box::new(Uneven { calls: 0, fail_on_call: None }),
        ];
        let (zones, stop) = (PictureZones::default(), AtomicBool::new(false));
        let feed = Feed { zones: &zones, queue: 4, stop: &stop };
        let mut seen = Vec::new();
        let (stats, result) = run(&feed, &mut source, &mut detectors, |event| {
            if let Event::Frame(looked) = event {
                seen.push(looked.frame.index);
            }
        });
        (seen, stats, result.is_err())
    }

    #[test]
    fn frames_come_out_in_the_order_of_the_feed_however_many_detectors_look() {
        let (seen, stats, failed) = run_counting(200, false, None);
        assert_eq!(seen, (0..200).collect::<Vec<_>>());
        assert!(!failed);
        assert_eq!((stats.frames, stats.detections, stats.dropped), (200, 200, 3));
    }

    #[test]
    fn everything_before_a_broken_feed_is_handed_over_and_the_failure_told() {
        let (seen, _, failed) = run_counting(17, true, None);
        assert_eq!(seen.len(), 17);
        assert!(failed);
    }

    #[test]
    fn a_failing_detector_ends_the_feed_with_its_reason() {
        let (seen, _, failed) = run_counting(5_000, false, Some(3));
        assert!(failed);
        assert!(seen.len() < 5_000);
        assert!(seen.windows(2).all(|w| matches!(w, [a, b] if a + 1 == *b)));
    }

    #[test]
    fn one_detector_in_turn_gives_the_same_as_beside_the_source() {
        for (frames, fail_at_end, fail_on_call, handed_over) in
            [(40, false, None, 40), (17, true, None, 17), (40, false, Some(3), 2)]
        {
            let mut source = Counting { left: frames, given: 0, fail_at_end };
            let (zones, stop) = (PictureZones::default(), AtomicBool::new(false));
            let feed = Feed { zones: &zones, queue: 1, stop: &stop };
            let mut detector = Uneven { calls: 0, fail_on_call };
            let mut seen = Vec::new();
            let (stats, result) = in_turn(&feed, &mut source, &mut detector, |event| {
                if let Event::Frame(looked) = event {
                    seen.push(looked.frame.index);
                }
            });
            assert_eq!(seen, (0..handed_over).collect::<Vec<_>>());
            assert_eq!((stats.frames, stats.dropped), (handed_over, 3));
            assert_eq!(result.is_err(), fail_at_end || fail_on_call.is_some());
        }
    }

    #[test]
    fn a_stop_ends_the_feed_and_keeps_what_was_read() {
        let mut source = Counting { left: u64::MAX, given: 0, fail_at_end: false };
        let mut detectors: Vec<Box<dyn Detector>> = vec![Box::new(Uneven { calls: 0, fail_on_call: None })];
        let (zones, stop) = (PictureZones::default(), AtomicBool::new(false));
        let feed = Feed { zones: &zones, queue: 2, stop: &stop };
        let mut count = 0;
        let (stats, result) = run(&feed, &mut source, &mut detectors, |_| {
            count += 1;
            if count == 10 {
                stop.store(true, Ordering::Relaxed);
            }
        });
        assert!(result.is_ok());
        assert!(stats.frames >= 10 && stats.frames < 100);
    }
}
