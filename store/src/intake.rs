//! Frames on their way into a store that may be locked, full or gone for a while.
//!
//! Frames wait in a bounded queue. A batch that fails for a reason that passes is tried again after a growing wait; what
//! does not fit is let go and said. Frames may wait a moment for those that are late, so that they are absorbed in the order of time. A frame that can never be stored is taken out, so that it does not hold up the others.
//! There is no clock and no thread here: who calls says what time it is, and comes again.

use std::collections::VecDeque;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use gis::DedupeConfig;
use jiff::{SignedDuration, Timestamp};

use crate::Store;
use crate::absorb::{AbsorbedBatch, Batch, SeenFrame};
use crate::error::StoreError;
use crate::record::Run;

/// How frames wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntakeConfig {
    /// Frames kept at most.
    pub frames_kept: usize,
    /// Frames absorbed in one transaction at most.
    pub frames_a_batch: usize,
    /// Wait after the first failure, milliseconds; it doubles with each further one.
    pub first_wait_millis: u64,
    /// Longest wait, seconds.
    pub longest_wait_secs: u64,
    /// Frames wait until one is offered that was taken this much later, seconds; what is late by less is absorbed where it belongs. None waits when 0.
    pub late_by_secs: u64,
}

impl Default for IntakeConfig {
    /// 20 000 frames are ten minutes of 33 sources at one frame a second. 32 frames share the cost of a commit.
    fn default() -> Self {
        Self {
            frames_kept: 20_000,
            frames_a_batch: 32,
            first_wait_millis: 200,
            longest_wait_secs: 30,
            late_by_secs: 0,
        }
    }
}

/// Frames that wait to be absorbed, oldest first.
#[derive(Debug)]
pub struct Intake {
    config: IntakeConfig,
    queue: VecDeque<SeenFrame>,
    waits: ExponentialBackoff,
    /// Not before this; none when nothing failed.
    next_try: Option<Timestamp>,
    dropped: u64,
    /// Capture time of the latest frame that was offered.
    latest: Timestamp,
    /// Frames of the next batch: one after a batch that can never be stored, to find the frame that is to blame.
    next_size: usize,
}

/// What a call of [`Intake::pump`] did.
#[derive(Debug)]
#[non_exhaustive]
pub enum Pumped {
    /// Nothing waits.
    Idle,
    /// A failure is not long enough ago.
    Waiting {
        /// When to come again.
        until: Timestamp,
    },
    /// A batch was absorbed.
    Absorbed {
        /// Its frames, oldest first.
        frames: Vec<SeenFrame>,
        /// What became of them.
        batch: AbsorbedBatch,
    },
    /// The store cannot take it now; the frames are kept.
    Failed {
        /// Why.
        error: StoreError,
        /// When to come again.
        until: Timestamp,
    },
    /// A frame can never be stored and was taken out.
    Refused {
        /// The frame.
        frame: Box<SeenFrame>,
        /// Why.
        error: StoreError,
    },
}

impl Intake {
    /// Returns an empty queue.
    pub fn new(config: IntakeConfig) -> Self {
        let next_size = config.frames_a_batch.max(1);
        Self {
            config,
            queue: VecDeque::new(),
            waits: waits(config),
            next_try: None,
            dropped: 0,
            latest: Timestamp::MIN,
            next_size,
        }
    }

    /// Takes a frame. Returns the one that was let go for it, if the queue was full: the oldest that shows nothing, else the oldest.
    pub fn offer(&mut self, frame: SeenFrame) -> Option<SeenFrame> {
        self.latest = self.latest.max(frame.look.time);
        let place = if self.config.late_by_secs > 0 {
            self.queue.partition_point(|other| order(other) <= order(&frame))
        } else {
            self.queue.len()
        };
        self.queue.insert(place, frame);
        if self.queue.len() <= self.config.frames_kept.max(1) {
            return None;
        }
        self.dropped += 1;
        let least = self.queue.iter().position(|frame| frame.observations.is_empty()).unwrap_or(0);
        self.queue.remove(least)
    }

    /// Returns the number of frames that wait.
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Lets no frame wait any longer for late ones: the feed is over.
    pub fn flush(&mut self) {
        self.latest = Timestamp::MAX;
    }

    /// Returns how many frames, from the first one, wait for no late one.
    fn due(&self) -> usize {
        if self.config.late_by_secs == 0 {
            return self.queue.len();
        }
        let late = SignedDuration::from_secs(self.config.late_by_secs.cast_signed());
        let until = self.latest.checked_sub(late).unwrap_or(Timestamp::MIN);
        self.queue.partition_point(|frame| frame.look.time <= until)
    }

    /// Returns the number of frames that were let go.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Gives the store one batch, if it is time.
    pub fn pump(
        &mut self,
        store: &mut dyn Store,
        run: &Run,
        config: &DedupeConfig,
        now: Timestamp,
    ) -> Pumped {
        let due = self.due();
        if due == 0 {
            return Pumped::Idle;
        }
        if let Some(until) = self.next_try.filter(|until| self.is_ahead(*until, now)) {
            return Pumped::Waiting { until };
        }
        let size = self.next_size.min(due);
        let frames: Vec<SeenFrame> = self.queue.drain(..size).collect();
        match store.absorb(&Batch { run, at: now, config, frames: &frames }) {
            Ok(batch) => {
                (self.next_try, self.waits) = (None, waits(self.config));
                self.next_size = self.config.frames_a_batch.max(1);
                Pumped::Absorbed { frames, batch }
            }
            Err(error) => self.failed(frames, error, now),
        }
    }

    fn failed(&mut self, mut frames: Vec<SeenFrame>, error: StoreError, now: Timestamp) -> Pumped {
        if !error.is_temporary()
            && frames.len() == 1
            && is_of_the_frame(&error)
            && let Some(frame) = frames.pop()
        {
            self.next_size = self.config.frames_a_batch.max(1);
            return Pumped::Refused { frame: Box::new(frame), error };
        }
        if is_of_the_frame(&error) {
            self.next_size = 1;
        }
        for frame in frames.into_iter().rev() {
            self.queue.push_front(frame);
        }
        let longest = Duration::from_secs(self.config.longest_wait_secs);
        let wait =
            if is_of_the_frame(&error) { Duration::ZERO } else { self.waits.next().unwrap_or(longest) };
        let until = now.checked_add(wait).unwrap_or(now);
        self.next_try = Some(until);
        Pumped::Failed { error, until }
    }

    /// A clock that was set back must not make a wait of seconds one of hours.
    fn is_ahead(&self, until: Timestamp, now: Timestamp) -> bool {
        let longest = SignedDuration::from_secs(self.config.longest_wait_secs.cast_signed());
        until > now && until.duration_since(now) <= longest
    }
}

/// Place of a frame in the order of time.
fn order(frame: &SeenFrame) -> (Timestamp, &str, u64) {
    (frame.look.time, frame.look.source.as_str(), frame.look.frame_index)
}

/// Returns true when what is to be stored is to blame, not the store.
fn is_of_the_frame(error: &StoreError) -> bool {
    matches!(error, StoreError::NotStorable { .. })
}

fn waits(config: IntakeConfig) -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(config.first_wait_millis))
        .with_max_delay(Duration::from_secs(config.longest_wait_secs))
        .without_max_times()
        .build()
}
