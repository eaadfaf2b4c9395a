//! One switch that ends every source of a run; what was found stays.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use pipeline_gst::SourceHandle;

/// A switch shared by the sources of a run and the signal handler.
#[derive(Clone, Default)]
pub struct Stop {
    flag: Arc<AtomicBool>,
    handles: Arc<Mutex<Vec<SourceHandle>>>,
}

impl Stop {
    /// Ends all sources, also those that wait for a frame.
    pub fn now(&self) {
        self.flag.store(true, Ordering::Relaxed);
        for handle in self.handles.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            handle.stop();
        }
    }

    /// Returns whether the switch was thrown.
    pub fn thrown(&self) -> bool {
        self.flag.load(Ordering::Relaxed)
    }

    /// Returns the flag itself, for loops that look at it.
    pub fn flag(&self) -> &AtomicBool {
        &self.flag
    }

    /// Lets the switch end this source too.
    pub fn add(&self, handle: SourceHandle) {
        if self.thrown() {
            handle.stop();
        }
        self.handles.lock().unwrap_or_else(PoisonError::into_inner).push(handle);
    }
}
