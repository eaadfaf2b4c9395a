//! A task: one incident, one lead department, one deadline, and the evidence for it.

use gis::LatLon;
use gis::incident::IncidentId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::calendar::Calendar;
use crate::department::DepartmentId;
use crate::lifecycle::{Effect, Event, Refused, State};
use crate::router::{Assisting, Routing};
use crate::rules::{Priority, Stages};
use crate::severity::Severity;

/// Identity of a task: the same incident always gives the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(pub Uuid);

impl TaskId {
    /// Returns the id of the first task of an incident: a UUIDv7 whose time is that of the first sighting.
    ///
    /// The random bits are those of a SHA-256 over the incident's id. Times before 1970 count as 1970.
    ///
    /// # References
    /// RFC 9562 (2024), sections 5.7 and 6.2.
    pub fn of_incident(incident: IncidentId, first_seen: Timestamp) -> Self {
        let digest = Sha256::new().chain_update(b"task\0").chain_update(incident.0.as_bytes()).finalize();
        let mut bits = [0_u8; 10];
        for (bit, byte) in bits.iter_mut().zip(digest.iter()) {
            *bit = *byte;
        }
        let millis = u64::try_from(first_seen.as_millisecond()).unwrap_or(0);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &bits).into_uuid())
    }
}

impl std::fmt::Display for TaskId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What a piece of evidence shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// The whole picture as taken.
    Context,
    /// The whole picture with the finding drawn in.
    ContextAnnotated,
    /// The finding as taken.
    CloseUp,
    /// The finding with its outline drawn in.
    CloseUpAnnotated,
    /// The record that says how the finding was made.
    Record,
}

/// One piece of evidence, named by its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceRef {
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
    /// What it shows.
    pub kind: EvidenceKind,
    /// Path within the evidence folder.
    pub file: String,
}

/// Moments by which the stages of a task are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StageDeadlines {
    /// Accepted by the department.
    pub accept: Option<Timestamp>,
    /// Crew on its way.
    pub depart: Option<Timestamp>,
    /// Crew on the spot.
    pub arrive: Option<Timestamp>,
}

impl StageDeadlines {
    fn of(stages: Stages, from: Timestamp, calendar: &Calendar) -> Self {
        let due = |allowance: Option<crate::deadline::Allowance>| allowance?.due(from, calendar);
        Self { accept: due(stages.accept), depart: due(stages.depart), arrive: due(stages.arrive) }
    }
}

/// One transition of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// When.
    pub at: Timestamp,
    /// State before.
    pub from: State,
    /// State after.
    pub to: State,
    /// What caused it.
    pub event: Event,
}

/// A finding given to a department.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Identity.
    pub id: TaskId,
    /// The incident it came from.
    pub incident_id: IncidentId,
    /// Class of the incident.
    pub class: String,
    /// How far it has come.
    pub state: State,
    /// Department that leads; none until a person has chosen one.
    pub lead: Option<DepartmentId>,
    /// Departments that assist.
    pub assisting: Vec<Assisting>,
    /// Priority.
    pub priority: Priority,
    /// Severity.
    pub severity: Severity,
    /// When it was made.
    pub created: Timestamp,
    /// By when the work is to be done; none without a rule.
    pub deadline: Option<Timestamp>,
    /// By when the stages before are due.
    pub stage_deadlines: StageDeadlines,
    /// The decision it came from, with its reason.
    pub routing: Routing,
    /// Where the finding lies.
    pub position: LatLon,
    /// Radius that holds the true position with a probability of 90 %, metres.
    pub ce90_m: f64,
    /// Area of the finding, square metres.
    pub area_m2: Option<f64>,
    /// Title in Chinese.
    pub title_zh: String,
    /// Title in English.
    pub title_en: String,
    /// Evidence.
    pub evidence: Vec<EvidenceRef>,
    /// What happened to it, oldest first.
    pub history: Vec<Transition>,
}

impl Task {
    /// Takes an event: moves the state, keeps the history, and returns what the caller has to do.
    ///
    /// A dispatch, first or to another, makes its department the lead and starts the allowances anew.
    ///
    /// # Errors
    /// [`Refused`] where the event does not fit the state; the task is then unchanged.
    pub fn apply(
        &mut self,
        event: Event,
        now: Timestamp,
        calendar: &Calendar,
    ) -> Result<Vec<Effect>, Refused> {
        let (next, effects) = self.state.apply(&event, now)?;
        if let Event::Dispatch { department } | Event::Reassign { department, .. } = &event {
            self.lead = Some(department.clone());
            self.assisting.retain(|other| other.department != *department);
            self.start_clock(now, calendar);
        }
        self.history.push(Transition { at: now, from: self.state, to: next, event });
        self.state = next;
        Ok(effects)
    }

    /// Sets the deadlines from the rule's allowances, starting now.
    pub(crate) fn start_clock(&mut self, now: Timestamp, calendar: &Calendar) {
        if let Some(outcome) = &self.routing.outcome {
            self.deadline = outcome.deadline.due(now, calendar);
            self.stage_deadlines = StageDeadlines::of(outcome.stages, now, calendar);
        }
    }

    /// Tells whether the task should be done by now and is not.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        let finished = matches!(self.state, State::Done | State::Verified) || self.state.is_over();
        !finished && self.deadline.is_some_and(|deadline| now > deadline)
    }
}
