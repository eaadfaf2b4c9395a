//! Progress on standard error, one line a source.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::wire::Source;

/// Bars of all sources; silent where standard error is no terminal.
pub struct Progress {
    all: MultiProgress,
    bars: Mutex<BTreeMap<String, ProgressBar>>,
}

impl Progress {
    /// Returns the progress display; hidden when output is for machines.
    pub fn new(hidden: bool) -> Self {
        let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        Self { all: MultiProgress::with_draw_target(target), bars: Mutex::new(BTreeMap::new()) }
    }

    /// Tells that a frame of a source was taken.
    pub fn frame(&self, source: &Source, frames: u64, at: Duration) {
        let mut bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = bars.entry(source.id.clone()).or_insert_with(|| {
            let style = ProgressStyle::with_template("{prefix:>16} {spinner} {pos} frames, {msg}, {per_sec}");
            let bar = ProgressBar::new_spinner().with_prefix(source.id.clone());
            let bar = style.map_or(bar.clone(), |style| bar.with_style(style));
            self.all.add(bar)
        });
        bar.set_position(frames);
        bar.set_message(format!("{:.1} s of video", at.as_secs_f64()));
    }

    /// Leaves the last state of every bar on the screen.
    pub fn done(&self) {
        for bar in self.bars.lock().unwrap_or_else(PoisonError::into_inner).values() {
            bar.abandon();
        }
    }
}
