//! What goes in and comes out: a run with its findings, and the events of its changes.

use dispatch::{Task, TaskId};
use gis::dedupe::LookedAt;
use gis::{DedupeConfig, Incident, IncidentId, Observation, OperationId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::StoreError;
use crate::save::decode;

/// Identity of a run: the same inputs with the same configuration always give the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub Uuid);

impl std::fmt::Display for RunId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A run, without what it found. It holds only what inputs and configuration determine; costs belong elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Identity.
    pub id: RunId,
    /// What was analysed.
    pub inputs: Vec<String>,
    /// Frames read.
    pub frames: u64,
    /// Frames analysed.
    pub analysed_frames: u64,
    /// Detections in them.
    pub detections: u64,
}

/// A run and what it found.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRecord {
    /// The run.
    pub run: Run,
    /// When it is saved; kept with rows that change.
    pub saved_at: Timestamp,
    /// Observations it made.
    pub observations: Vec<Observation>,
    /// Incidents as they are after it.
    pub incidents: Vec<Incident>,
    /// Tasks as they are after it.
    pub tasks: Vec<Task>,
    /// The thresholds that it was made with: they say when looks end or reopen the task of an incident.
    pub config: DedupeConfig,
    /// Ground that it looked at.
    pub looked_at: Vec<LookedAt>,
}

/// What saving a run changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// Runs that were not there.
    pub runs_added: usize,
    /// Runs that differed.
    pub runs_changed: usize,
    /// Observations that were not there.
    pub observations_added: usize,
    /// Incidents that were not there.
    pub incidents_added: usize,
    /// Incidents that differed.
    pub incidents_changed: usize,
    /// Incidents that were left alone, because people have changed the stored ones since the run began; what the run saw of
    /// them was added.
    pub incidents_kept: usize,
    /// Tasks that were not there.
    pub tasks_added: usize,
    /// Tasks that differed.
    pub tasks_changed: usize,
    /// Tasks that differ and were left alone, because people have moved the stored ones on or chosen another lead.
    pub tasks_kept: usize,
    /// Tasks that were verified, closed or reopened by what the run looked at.
    pub tasks_followed: usize,
    /// Minutes of ground looked at that are new or grew.
    pub looked_at: usize,
}

impl Saved {
    /// Returns true when no row changed.
    pub fn changed_nothing(&self) -> bool {
        Self { tasks_kept: 0, incidents_kept: 0, ..*self } == Self::default()
    }
}

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// A run is new.
    RunAdded {
        /// The run.
        run: RunId,
    },
    /// An incident is new.
    IncidentAdded {
        /// The incident.
        incident: IncidentId,
    },
    /// An incident differs from before.
    IncidentChanged {
        /// The incident.
        incident: IncidentId,
    },
    /// A person did something; what it changed follows as events of their own.
    Operated {
        /// The operation.
        operation: OperationId,
        /// What, as in `merge` or `task reject`.
        name: String,
        /// Who.
        actor: String,
        /// Why.
        reason: String,
        /// The incidents that it changed.
        before: Vec<IncidentId>,
        /// Those that are not merged into another after it.
        after: Vec<IncidentId>,
        /// The tasks that it changed or made.
        tasks: Vec<TaskId>,
    },
    /// A task is new.
    TaskAdded {
        /// The task.
        task: TaskId,
    },
    /// A task differs from before.
    TaskChanged {
        /// The task.
        task: TaskId,
    },
}

/// A change, written together with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredEvent {
    /// Number, rising from 1 without reuse: the cursor of those who follow.
    pub seq: u64,
    /// When the change was saved.
    pub at: Timestamp,
    /// The run that made it, if one did.
    pub run: Option<RunId>,
    /// The operation by a person that made it, if one did.
    pub operation: Option<OperationId>,
    /// The change.
    pub change: Change,
}

/// Returns the event of a row of number, time, run, operation and change, all as JSON.
pub(crate) fn event_of_row(
    [seq, at, run, operation, change]: &[String; 5],
) -> Result<StoredEvent, StoreError> {
    Ok(StoredEvent {
        seq: decode(seq, "event", seq)?,
        at: decode(at, "event", seq)?,
        run: decode(run, "event", seq)?,
        operation: decode(operation, "event", seq)?,
        change: decode(change, "event", seq)?,
    })
}
