//! Where frames can find and change incidents, and which locks stand for that.
//!
//! A lock is one H3 district (resolution 8) or one source. Every incident that a batch reads by cell or changes is entered
//! under cells of locked districts only, before and after, so two batches that could meet in one incident hold one lock in
//! common, and the second sees what the first committed.

use std::collections::BTreeSet;

use gis::dedupe::neighbourhood::{
    Bounds, bounds_of_view, cells_asked, district_of_cell, districts_of_bounds,
};
use gis::{Location, ObservationId};

use super::{Batch, SeenFrame};

/// Where the frames of a batch can find incidents.
#[derive(Debug, Clone, Default)]
pub(super) struct Reach {
    /// All observations of the batch.
    pub(super) observations: Vec<ObservationId>,
    /// Cells under which incidents of the observations are entered.
    pub(super) cells: BTreeSet<u64>,
    /// Ground that is in view.
    pub(super) views: Vec<Bounds>,
    /// Keys of the locks.
    pub(super) locks: BTreeSet<i64>,
}

impl Reach {
    /// Returns the reach of a batch.
    pub(super) fn of(batch: &Batch<'_>) -> Self {
        let mut reach = Self::default();
        for frame in batch.frames {
            reach.take(frame, batch);
        }
        reach.observations.sort_unstable();
        reach.observations.dedup();
        reach.locks.extend(locks_of_cells(&reach.cells));
        reach
    }

    fn take(&mut self, frame: &SeenFrame, batch: &Batch<'_>) {
        self.locks.insert(lock_of_source(&frame.look.source));
        for observation in &frame.observations {
            self.observations.push(observation.id);
            if matches!(observation.location, Location::Ground(_)) {
                self.cells.extend(cells_asked(observation, batch.config));
            }
            self.locks.insert(lock_of_source(&observation.source));
        }
        if let Some(bounds) = bounds_of_view(&frame.look) {
            self.views.push(bounds);
            self.locks.extend(districts_of_bounds(&bounds).into_iter().map(u64::cast_signed));
        }
    }
}

/// Returns the locks of the districts that cells lie in.
pub(super) fn locks_of_cells(cells: &BTreeSet<u64>) -> BTreeSet<i64> {
    cells.iter().filter_map(|cell| district_of_cell(*cell)).map(u64::cast_signed).collect()
}

/// Returns the lock of a source: FNV-1a of its name with the top bit set, which no H3 index has.
fn lock_of_source(source: &str) -> i64 {
    let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    source.bytes().fold(0xcbf2_9ce4_8422_2325, fnv).cast_signed() | i64::MIN
}
