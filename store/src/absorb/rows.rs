//! What absorbing asks of a database.

use std::collections::{BTreeMap, BTreeSet};

use dispatch::Task;
use gis::dedupe::LookedAt;
use gis::dedupe::neighbourhood::Bounds;
use gis::{Incident, IncidentId, Observation, ObservationId};
use jiff::Timestamp;

use crate::columns::IncidentColumns;
use crate::error::StoreError;
use crate::record::Change;

use super::Batch;

/// Version of a stored incident: rises with every change, 0 for one that is not stored.
pub(crate) type Version = i64;

/// An incident to write.
pub(crate) struct Write<'a> {
    /// The incident.
    pub(crate) incident: &'a Incident,
    /// Its columns.
    pub(crate) columns: IncidentColumns,
    /// The version that was read.
    pub(crate) version: Version,
    /// Observations of its list that are stored, from the first one.
    pub(crate) listed_before: usize,
    /// True when its cells differ from those stored.
    pub(crate) moved: bool,
}

/// All that a batch changes.
pub(crate) struct Findings<'a> {
    pub(crate) batch: &'a Batch<'a>,
    pub(crate) incidents: Vec<Write<'a>>,
    pub(crate) observations: Vec<&'a Observation>,
    /// Tasks that followed their incidents.
    pub(crate) tasks: Vec<Task>,
    pub(crate) changes: Vec<Change>,
    /// The latest look of each source, where it is later than the one stored.
    pub(crate) looks: LastLooks<'a>,
    /// Minutes of ground looked at that are new or grew.
    pub(crate) looked_at: Vec<LookedAt>,
}

/// The latest look of each source: capture time in microseconds since 1970, then index of the frame.
pub(crate) type LastLooks<'a> = BTreeMap<&'a str, (i64, i64)>;

impl Findings<'_> {
    /// Returns true when the run is not stored yet.
    pub(crate) fn adds_run(&self) -> bool {
        self.changes.iter().any(|change| matches!(change, Change::RunAdded { .. }))
    }
}

/// A database as absorbing sees it. What finds incidents returns each with its version.
pub(crate) trait AbsorbRows {
    /// Begins a transaction that will write.
    fn begin(&mut self) -> Result<(), StoreError>;
    /// Ends it and keeps what was written.
    fn commit(&mut self) -> Result<(), StoreError>;
    /// Ends it and keeps nothing.
    fn rollback(&mut self);
    /// Waits until no other transaction holds any of these, and holds them to the end of the transaction.
    fn lock(&mut self, keys: &BTreeSet<i64>) -> Result<(), StoreError>;
    /// Returns the latest look that was absorbed of each of these sources.
    fn last_looks<'a>(&mut self, sources: &BTreeSet<&'a str>) -> Result<LastLooks<'a>, StoreError>;
    /// Finds the incidents that hold these observations, closed ones too.
    fn holders(&mut self, observations: &[ObservationId]) -> Result<Vec<(IncidentId, Version)>, StoreError>;
    /// Finds the open incidents that are entered under any of these cells, and those that ended and may recur there.
    fn entered(&mut self, cells: &BTreeSet<u64>) -> Result<Vec<(IncidentId, Version)>, StoreError>;
    /// Finds the open incidents whose place lies in any of these boxes.
    fn in_view(&mut self, views: &[Bounds]) -> Result<Vec<(IncidentId, Version)>, StoreError>;
    /// Finds the latest open unlocated incident of each class of these sources.
    fn unlocated(&mut self, sources: &BTreeSet<&str>) -> Result<Vec<(IncidentId, Version)>, StoreError>;
    /// Reads incidents.
    fn load(&mut self, ids: &[IncidentId]) -> Result<Vec<(Incident, Version)>, StoreError>;
    /// Reads all tasks of these incidents; nobody else changes them before the end of the transaction.
    fn tasks_of_all(&mut self, ids: &[IncidentId]) -> Result<Vec<Task>, StoreError>;
    /// Returns the ground that these sources looked at within these minutes.
    fn looked_at(&mut self, minutes: &BTreeSet<(&str, Timestamp)>) -> Result<Vec<LookedAt>, StoreError>;
    /// Returns true when the run is stored.
    fn has_run(&mut self, batch: &Batch<'_>) -> Result<bool, StoreError>;
    /// Writes all of it, or fails with [`StoreError::Contended`] when an incident is not of the version that was read.
    fn write(&mut self, findings: &Findings<'_>) -> Result<(), StoreError>;
}
