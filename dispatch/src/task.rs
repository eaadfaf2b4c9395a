//! A task: one incident, one lead department, one deadline, and the evidence for it.

use gis::LatLon;
use gis::incident::IncidentId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::calendar::Calendar;
use crate::deadline::Allowance;
use crate::department::DepartmentId;
use crate::lifecycle::{Effect, Event, Refusal, Refused, State};
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
    /// A picture that the crew took on the spot.
    OnSite,
    /// Some seconds of video around the finding.
    Clip,
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
        let due = |allowance: Option<Allowance>| allowance?.due(from, calendar);
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

/// A stop of a task's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Since when.
    pub since: Timestamp,
    /// What the work waits for.
    pub reason: String,
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
    /// Set while the clock stands; the deadlines move on when it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Pause>,
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
    /// A dispatch, first or to another, makes its department the lead and starts the allowances anew. Whatever happens to a task whose
    /// clock stands lets it go on, and the deadlines move by the pause.
    ///
    /// # Errors
    /// [`Refused`] where the event does not fit the state or the clock; the task is then unchanged.
    pub fn apply(
        &mut self,
        event: Event,
        now: Timestamp,
        calendar: &Calendar,
    ) -> Result<Vec<Effect>, Refused> {
        self.fits_clock(&event)?;
        let (next, effects) = self.state.apply(&event, now)?;
        self.end_pause(now, calendar);
        if let Event::Pause { reason } = &event {
            self.paused = Some(Pause { since: now, reason: reason.clone() });
        }
        if let Event::Dispatch { department } | Event::Reassign { department, .. } = &event {
            self.lead = Some(department.clone());
            self.assisting.retain(|other| other.department != *department);
            self.start_clock(now, calendar);
        }
        self.history.push(Transition { at: now, from: self.state, to: next, event });
        self.state = next;
        Ok(effects)
    }

    /// Takes an event that looks of cameras cause: its end, or that it goes on and waits for a person. A pause ends with it.
    ///
    /// # Errors
    /// [`Refused`] where the event does not fit the state; the task is then unchanged.
    pub fn apply_by_looks(&mut self, event: Event, at: Timestamp) -> Result<Vec<Effect>, Refused> {
        let (next, effects) = self.state.apply(&event, at)?;
        self.paused = None;
        self.history.push(Transition { at, from: self.state, to: next, event });
        self.state = next;
        Ok(effects)
    }

    fn fits_clock(&self, event: &Event) -> Result<(), Refused> {
        let why = match (event, &self.paused) {
            (Event::Pause { .. }, Some(_)) => Refusal::Paused,
            // Where the table has no resume either, that is the reason to tell.
            (Event::Resume, None) if self.state.apply(event, Timestamp::UNIX_EPOCH).is_ok() => {
                Refusal::NotPaused
            }
            _ => return Ok(()),
        };
        Err(Refused { state: self.state, event: event.name(), why })
    }

    /// Lets the clock go on: what was still to come moves by the pause.
    fn end_pause(&mut self, now: Timestamp, calendar: &Calendar) {
        let Some(pause) = self.paused.take() else { return };
        let Some(outcome) = &self.routing.outcome else { return };
        let moved = |due: Option<Timestamp>, allowance: Option<Allowance>| {
            due.zip(allowance)
                .and_then(|(due, allowance)| allowance.after_pause(due, pause.since, now, calendar))
        };
        self.deadline = moved(self.deadline, Some(outcome.deadline));
        self.stage_deadlines = StageDeadlines {
            accept: moved(self.stage_deadlines.accept, outcome.stages.accept),
            depart: moved(self.stage_deadlines.depart, outcome.stages.depart),
            arrive: moved(self.stage_deadlines.arrive, outcome.stages.arrive),
        };
    }

    /// Returns the moment at which the clock stands: now, or when it was paused.
    pub fn clock(&self, now: Timestamp) -> Timestamp {
        self.paused.as_ref().map_or(now, |pause| pause.since.min(now))
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
        !finished && self.deadline.is_some_and(|deadline| self.clock(now) > deadline)
    }
}
