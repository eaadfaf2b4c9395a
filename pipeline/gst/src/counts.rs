//! Counters of a source, and the handle that reads them and stops it from any thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::inbox::Inbox;

/// What has happened so far.
#[derive(Default)]
pub struct Counts {
    /// Frames decoded.
    pub decoded: AtomicU64,
    /// Frames dropped because the reader was slow.
    pub dropped: AtomicU64,
    /// Attempts to connect again.
    pub reconnects: AtomicU64,
}

impl Counts {
    pub fn add(counter: &AtomicU64, n: u64) {
        counter.fetch_add(n, Ordering::Relaxed);
    }
}

/// Watches and stops a source from any thread.
#[derive(Clone)]
pub struct SourceHandle {
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) counts: Arc<Counts>,
}

impl SourceHandle {
    /// Ends the source; its `next()` returns `None` at once.
    pub fn stop(&self) {
        self.inbox.stop();
    }

    /// Returns whether the source was stopped.
    pub fn stopped(&self) -> bool {
        self.inbox.stopped()
    }

    /// Frames decoded so far, analysed or not.
    pub fn decoded(&self) -> u64 {
        self.counts.decoded.load(Ordering::Relaxed)
    }

    /// Frames dropped so far because the reader was slow.
    pub fn dropped(&self) -> u64 {
        self.counts.dropped.load(Ordering::Relaxed)
    }

    /// Attempts so far to connect again.
    pub fn reconnects(&self) -> u64 {
        self.counts.reconnects.load(Ordering::Relaxed)
    }

    /// Age of the last new and different frame, or of the connection while none has come.
    pub fn age(&self) -> Duration {
        Instant::now().saturating_duration_since(self.inbox.fresh_at())
    }
}
