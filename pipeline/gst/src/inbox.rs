//! The one bounded queue between GStreamer's threads and the reader.
//!
//! ```text
//! decoder thread --(spec.queue_frames or more; file: waits, live: drops the oldest)--> reader
//! ```
//! On one core, frames of a file are handed out only once the queue is full: decoder and reader then truly take turns.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pipeline::Frame;
use pipeline::telemetry::mpegts::TsKlv;

/// Telemetry packets kept while no frame has come yet or nobody reads.
const MOST_PACKETS: usize = 4096;

/// What travels through the queue.
pub enum Entry {
    /// A decoded frame.
    Frame(Frame),
    /// Telemetry, timed from the first picture of its carrier.
    Telemetry(TsKlv),
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The feed is over.
    EndOfStream,
    /// There is no video in it.
    NoVideo,
    /// Something failed.
    Failed(String),
}

/// What the reader gets.
pub enum Taken {
    /// The next entry.
    Entry(Entry),
    /// Nothing more will come from this connection.
    Ended(Ending),
    /// No new and different frame for this long.
    Stalled(Duration),
    /// The deadline passed.
    Deadline,
    /// Somebody stopped the source.
    Stopped,
}

/// Bounds of one wait for the next entry.
pub struct Patience {
    /// Longest time without a new and different frame.
    pub stall_limit: Duration,
    /// End of the wait in any case.
    pub deadline: Option<Instant>,
}

/// The queue, its state and the means to wait for it.
pub struct Inbox {
    state: Mutex<State>,
    changed: Condvar,
    capacity: usize,
    live: bool,
    /// Decoder and reader take turns.
    in_turn: bool,
}

struct State {
    entries: VecDeque<Entry>,
    frames: usize,
    /// On one core: the queue was full and is being emptied.
    draining: bool,
    accepting: bool,
    stopped: bool,
    ending: Option<Ending>,
    fresh_at: Instant,
}

impl Inbox {
    /// Returns an empty queue; `one_core` says that decoder and reader cannot work at the same time anyway.
    pub fn new(capacity: usize, live: bool, one_core: bool) -> Self {
        let state = State {
            entries: VecDeque::new(),
            frames: 0,
            draining: false,
            accepting: true,
            stopped: false,
            ending: None,
            fresh_at: Instant::now(),
        };
        let in_turn = one_core && !live;
        Self { state: Mutex::new(state), changed: Condvar::new(), capacity: capacity.max(1), live, in_turn }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a frame in; returns how many older ones had to go, or `None` when the queue is closed.
    ///
    /// On one core nothing more goes into the full queue of a file until it is empty and more is asked for: several frames
    /// are then decoded in one go.
    pub fn push_frame(&self, frame: Frame) -> Option<u64> {
        let mut state = self.lock();
        while !self.live && state.accepting && (state.draining || state.frames >= self.capacity) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if !state.accepting {
            return None;
        }
        let mut dropped = 0;
        while state.frames >= self.capacity && state.drop_oldest_frame() {
            dropped += 1;
        }
        state.entries.push_back(Entry::Frame(frame));
        state.frames += 1;
        state.draining = self.in_turn && state.frames >= self.capacity;
        if state.draining || !self.in_turn {
            self.changed.notify_all();
        }
        Some(dropped)
    }

    /// Puts telemetry in.
    pub fn push_telemetry(&self, packet: TsKlv) {
        let mut state = self.lock();
        if state.accepting && state.entries.len() - state.frames < MOST_PACKETS {
            state.entries.push_back(Entry::Telemetry(packet));
            self.changed.notify_all();
        }
    }

    /// Notes that a new and different frame was decoded.
    pub fn mark_fresh(&self, now: Instant) {
        self.lock().fresh_at = now;
    }

    /// Returns when the last new and different frame was decoded, or the connection began.
    pub fn fresh_at(&self) -> Instant {
        self.lock().fresh_at
    }

    /// Notes how the connection ended; the first cause stands.
    pub fn end(&self, ending: Ending) {
        self.lock().ending.get_or_insert(ending);
        self.changed.notify_all();
    }

    /// Refuses what still comes from a connection that is being taken down.
    pub fn close(&self) {
        self.lock().accepting = false;
        self.changed.notify_all();
    }

    /// Makes ready for a new connection; frames of the old one stay to be read.
    pub fn reopen(&self, now: Instant) {
        let mut state = self.lock();
        state.entries.retain(|entry| matches!(entry, Entry::Frame(_)));
        state.ending = None;
        state.fresh_at = now;
        state.accepting = !state.stopped;
    }

    /// Ends the source for good.
    pub fn stop(&self) {
        let mut state = self.lock();
        state.stopped = true;
        state.accepting = false;
        state.entries.clear();
        state.frames = 0;
        state.draining = false;
        self.changed.notify_all();
    }

    pub fn stopped(&self) -> bool {
        self.lock().stopped
    }

    /// Waits until `until`; returns whether the source was stopped meanwhile.
    pub fn pause(&self, until: Instant) -> bool {
        let mut state = self.lock();
        while !state.stopped {
            let Some(left) = until.checked_duration_since(Instant::now()).filter(|d| !d.is_zero()) else {
                return false;
            };
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Waits for the next entry.
    pub fn take(&self, patience: &Patience) -> Taken {
        let waiting_since = Instant::now();
        let mut state = self.lock();
        if state.frames == 0 && std::mem::take(&mut state.draining) {
            self.changed.notify_all();
        }
        loop {
            let now = Instant::now();
            let silent = now.saturating_duration_since(self.silent_since(&state, waiting_since));
            if let Some(taken) = self.ready(&mut state, patience, now, silent) {
                if !self.in_turn {
                    self.changed.notify_all();
                }
                return taken;
            }
            let left = patience.stall_limit.saturating_sub(silent);
            let left = patience.deadline.map_or(left, |at| left.min(at.saturating_duration_since(now)));
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// A live feed is silent since its last new frame; a file only while somebody waits for it.
    fn silent_since(&self, state: &State, waiting_since: Instant) -> Instant {
        if self.live { state.fresh_at } else { state.fresh_at.max(waiting_since) }
    }

    fn ready(&self, state: &mut State, patience: &Patience, now: Instant, silent: Duration) -> Option<Taken> {
        if state.stopped {
            return Some(Taken::Stopped);
        }
        let stalled = silent >= patience.stall_limit;
        if self.live && stalled && state.ending.is_none() {
            return Some(Taken::Stalled(silent));
        }
        let filling = self.in_turn && !state.draining && state.ending.is_none() && !stalled;
        if !filling && let Some(entry) = state.entries.pop_front() {
            state.frames -= usize::from(matches!(entry, Entry::Frame(_)));
            return Some(Taken::Entry(entry));
        }
        if let Some(ending) = state.ending.clone() {
            return Some(Taken::Ended(ending));
        }
        if patience.deadline.is_some_and(|at| now >= at) {
            return Some(Taken::Deadline);
        }
        stalled.then_some(Taken::Stalled(silent))
    }
}

impl State {
    fn drop_oldest_frame(&mut self) -> bool {
        let oldest = self.entries.iter().position(|entry| matches!(entry, Entry::Frame(_)));
        let dropped = oldest.is_some_and(|at| self.entries.remove(at).is_some());
        self.frames -= usize::from(dropped);
        dropped
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use models::RgbImage;
    use pipeline::{Picture, PictureError, SizePx};

    use super::*;

    struct Blank;

    impl Picture for Blank {
        fn size(&self) -> SizePx {
            SizePx { width: 1, height: 1 }
        }

        fn rgb(&self, size: SizePx) -> Result<RgbImage, PictureError> {
            let reason = "blank".to_owned();
            Err(PictureError { width: size.width, height: size.height, reason })
        }
    }

    fn frame(index: u64) -> Frame {
        Frame {
            index,
            elapsed: Duration::ZERO,
            capture: None,
            name: None,
            gsd_m: None,
            picture: Arc::new(Blank),
        }
    }

    fn patience(stall_limit: Duration) -> Patience {
        Patience { stall_limit, deadline: None }
    }

    const LONG: Duration = Duration::from_mins(1);

    fn indexes(inbox: &Inbox) -> Vec<u64> {
        inbox.end(Ending::EndOfStream);
        let mut indexes = Vec::new();
        while let Taken::Entry(Entry::Frame(frame)) = inbox.take(&patience(LONG)) {
            indexes.push(frame.index);
        }
        indexes
    }

    #[test]
    fn a_live_queue_drops_its_oldest_frames_and_counts_them() {
        let inbox = Inbox::new(2, true, false);
        let dropped: u64 = (0..5).map(|i| inbox.push_frame(frame(i)).unwrap()).sum();
        assert_eq!((dropped, indexes(&inbox)), (3, vec![3, 4]));
    }

    #[test]
    fn a_file_queue_waits_and_loses_nothing() {
        for one_core in [false, true] {
            waits_and_loses_nothing(Inbox::new(3, false, one_core));
        }
    }

    #[track_caller]
    fn waits_and_loses_nothing(inbox: Inbox) {
        let inbox = Arc::new(inbox);
        let writer = Arc::clone(&inbox);
        let thread = std::thread::spawn(move || {
            let dropped: u64 = (0..50).map(|i| writer.push_frame(frame(i)).unwrap()).sum();
            writer.end(Ending::EndOfStream);
            dropped
        });
        let mut indexes = Vec::new();
        while let Taken::Entry(Entry::Frame(frame)) = inbox.take(&patience(LONG)) {
            indexes.push(frame.index);
        }
        assert_eq!(thread.join().unwrap(), 0);
        assert_eq!(indexes, (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn on_one_core_a_file_queue_is_filled_emptied_and_filled_again_on_demand() {
        let inbox = Inbox::new(2, false, true);
        let draining = || inbox.lock().draining;
        let soon = Patience { stall_limit: LONG, deadline: Some(Instant::now()) };
        for turn in 0..3 {
            inbox.push_frame(frame(turn)).unwrap();
            assert!(matches!(inbox.take(&soon), Taken::Deadline));
            inbox.push_frame(frame(turn)).unwrap();
            assert!(matches!(inbox.take(&soon), Taken::Entry(_)));
            assert!(matches!(inbox.take(&soon), Taken::Entry(_)) && draining());
            assert!(matches!(inbox.take(&soon), Taken::Deadline) && !draining());
        }
    }

    #[test]
    fn closing_frees_a_writer_that_waits_for_room() {
        let inbox = Arc::new(Inbox::new(1, false, false));
        inbox.push_frame(frame(0)).unwrap();
        let writer = Arc::clone(&inbox);
        let thread = std::thread::spawn(move || writer.push_frame(frame(1)));
        inbox.close();
        assert!(thread.join().unwrap().is_none());
    }

    #[test]
    fn stopping_ends_a_reader_that_waits() {
        let inbox = Arc::new(Inbox::new(1, true, false));
        let reader = Arc::clone(&inbox);
        let thread = std::thread::spawn(move || matches!(reader.take(&patience(LONG)), Taken::Stopped));
        inbox.stop();
        assert!(thread.join().unwrap());
    }

    #[test]
    fn a_live_queue_that_gets_only_repeats_is_stalled() {
        let inbox = Inbox::new(2, true, false);
        inbox.push_frame(frame(0)).unwrap();
        assert!(matches!(inbox.take(&patience(Duration::ZERO)), Taken::Stalled(_)));
        inbox.mark_fresh(Instant::now());
        assert!(matches!(inbox.take(&patience(LONG)), Taken::Entry(_)));
    }

    #[test]
    fn queued_frames_come_before_the_failure_that_followed_them() {
        let inbox = Inbox::new(4, false, false);
        inbox.push_frame(frame(0)).unwrap();
        inbox.end(Ending::Failed("first".into()));
        inbox.end(Ending::EndOfStream);
        assert!(matches!(inbox.take(&patience(LONG)), Taken::Entry(_)));
        let Taken::Ended(ending) = inbox.take(&patience(LONG)) else { panic!("not ended") };
        assert_eq!(ending, Ending::Failed("first".into()));
    }
}
