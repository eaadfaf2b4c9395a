//! What people do to incidents and tasks: kept with the records before and after, so that it can be taken back.
//!
//! The version of an incident or a task is the number of the last operation on it, 0 when there was none. Who states the
//! version that they looked at never overwrites what another did since.

use std::collections::BTreeSet;

use dispatch::casework::{self, Act, Case, Desk, Outcome, Records, Undoable};
use dispatch::{Task, TaskId};
use gis::dedupe::by_person::ByPerson;
use gis::{Incident, IncidentId, OperationId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::StoreError;
use crate::record::Change;
use crate::save::{Rows, Stamp};

/// Longest text of an actor or a reason, bytes.
const MAX_TEXT_BYTES: usize = 4_000;

/// What an operation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// An incident.
    Incident(IncidentId),
    /// A task.
    Task(TaskId),
}

impl Subject {
    /// Returns the id; incidents and tasks never share one.
    pub fn id(self) -> Uuid {
        match self {
            Self::Incident(id) => id.0,
            Self::Task(id) => id.0,
        }
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Incident(id) => write!(f, "incident {id}"),
            Self::Task(id) => write!(f, "task {id}"),
        }
    }
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Something new.
    Act(Act),
    /// The last operation on this that stands is taken back.
    Undo(Subject),
}

impl What {
    /// Returns the name used in stored and exchanged text.
    pub fn name(&self) -> String {
        match self {
            Self::Act(act) => act.name(),
            Self::Undo(_) => "undo".to_owned(),
        }
    }

    fn subjects(&self) -> Vec<Subject> {
        match self {
            Self::Act(Act::Merge { incidents }) => incidents.iter().copied().map(Subject::Incident).collect(),
            Self::Act(
                Act::Split { incident, .. }
                | Act::Reject { incident }
                | Act::Close { incident }
                | Act::Reopen { incident },
            ) => vec![Subject::Incident(*incident)],
            Self::Act(Act::Step { task, .. } | Act::Attach { task, .. }) => vec![Subject::Task(*task)],
            Self::Act(Act::Many { tasks, .. }) => tasks.iter().copied().map(Subject::Task).collect(),
            Self::Undo(subject) => vec![*subject],
        }
    }
}

/// The version of an incident or a task that a person looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// Of what.
    pub subject: Subject,
    /// Number of the last operation on it, 0 for none.
    pub version: u64,
}

/// What a person wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// What.
    pub what: What,
    /// What it rests on; it is refused when another operation came since.
    pub expected: Vec<Expected>,
}

/// An operation as it was done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OperationRecord {
    /// Number.
    pub id: OperationId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// What.
    pub what: What,
    /// Records before it, of those that it changed.
    pub before: Records,
    /// The same records after it, and those that it made.
    pub after: Records,
    /// What a person should know of it.
    pub remarks: Vec<String>,
    /// The operation that it takes back.
    pub undoes: Option<OperationId>,
    /// The operation that took it back.
    pub undone_by: Option<OperationId>,
}

impl OperationRecord {
    /// Returns what it changed or made, sorted.
    pub fn subjects(&self) -> BTreeSet<Subject> {
        let incidents = self.after.incidents.iter().map(|incident| Subject::Incident(incident.id));
        incidents.chain(self.after.tasks.iter().map(|task| Subject::Task(task.id))).collect()
    }

    /// Tells whether it changed or made this.
    pub fn is_about(&self, subject: Subject) -> bool {
        self.subjects().contains(&subject)
    }

    /// Tells whether it does something that was not taken back.
    pub fn stands(&self) -> bool {
        self.undoes.is_none() && self.undone_by.is_none()
    }
}

/// What an operation did.
#[derive(Debug, Clone, PartialEq)]
pub struct Operated {
    /// Its number.
    pub id: OperationId,
    /// The incidents that it changed or made, as they are now.
    pub incidents: Vec<Incident>,
    /// The tasks that it changed or made, as they are now.
    pub tasks: Vec<Task>,
    /// What a person should know of it.
    pub remarks: Vec<String>,
    /// The operation that it took back.
    pub undoes: Option<OperationId>,
}

/// Does an operation. The caller drops all of it when this fails.
pub(crate) fn operate(
    rows: &mut dyn Rows,
    operation: &Operation,
    desk: &Desk<'_>,
    now: Timestamp,
) -> Result<Operated, StoreError> {
    check_text(operation)?;
    for subject in operation.what.subjects() {
        check_there(rows, subject)?;
    }
    for expected in &operation.expected {
        check_version(rows, *expected)?;
    }
    let id = OperationId(rows.last_operation()?.map_or(0, |last| last.0) + 1);
    let by = ByPerson { operation: id, actor: &operation.actor, reason: &operation.reason, at: now };
    let refused = |source| StoreError::CannotAct { name: operation.what.name(), source };
    let (case, outcome, undoes) = match &operation.what {
        What::Act(act) => {
            let case = case_of(rows, &operation.what.subjects())?;
            let outcome = casework::act(act, &case, desk, &by).map_err(refused)?;
            (case, outcome, None)
        }
        What::Undo(subject) => {
            let last = last_standing(rows, *subject)?;
            let case = case_of_record(rows, &last)?;
            let done = Undoable { before: &last.before, after: &last.after, now: &case };
            let outcome = casework::undo(&done, desk, &by).map_err(refused)?;
            (case, outcome, Some(last))
        }
    };
    write(rows, operation, &by, &case, outcome, undoes)
}

/// Returns the operations on something, oldest first.
pub(crate) fn operations_of(rows: &dyn Rows, subject: Subject) -> Result<Vec<OperationRecord>, StoreError> {
    let ids = rows.operations_on(subject)?;
    ids.into_iter().filter_map(|id| rows.operation(id).transpose()).collect()
}

fn check_text(operation: &Operation) -> Result<(), StoreError> {
    for (what, text) in [("actor", &operation.actor), ("reason", &operation.reason)] {
        if text.trim().is_empty() {
            return Err(StoreError::BadOperation(format!("its {what} is empty")));
        }
        if text.len() > MAX_TEXT_BYTES {
            let length = text.len();
            let problem = format!("its {what} is {length} bytes long, over {MAX_TEXT_BYTES}");
            return Err(StoreError::BadOperation(problem));
        }
    }
    Ok(())
}

fn check_there(rows: &dyn Rows, subject: Subject) -> Result<(), StoreError> {
    let there = match subject {
        Subject::Incident(id) => rows.incident(id)?.is_some(),
        Subject::Task(id) => rows.task(id)?.is_some(),
    };
    if there { Ok(()) } else { Err(StoreError::NotFound(subject)) }
}

fn check_version(rows: &dyn Rows, expected: Expected) -> Result<(), StoreError> {
    let Expected { subject, version } = expected;
    let last = rows.operations_on(subject)?.last().copied();
    let found = last.map_or(0, |last| last.0);
    if found == version {
        return Ok(());
    }
    match last.filter(|last| last.0 > version).map(|last| rows.operation(last)).transpose()?.flatten() {
        Some(OperationRecord { id, actor, what, at, .. }) => Err(StoreError::ChangedMeanwhile {
            subject,
            expected: version,
            found: id,
            actor,
            name: what.name(),
            at,
        }),
        None => Err(StoreError::NeverWas { subject, expected: version, found }),
    }
}

/// Loads what an act may touch: the incidents, of a task that of the task, with all their tasks and observations.
fn case_of(rows: &dyn Rows, subjects: &[Subject]) -> Result<Case, StoreError> {
    let mut case = Case::default();
    for subject in subjects {
        let incident = match subject {
            Subject::Incident(id) => Some(*id),
            Subject::Task(id) => rows.task(*id)?.map(|task| task.incident_id),
        };
        let is_known = |id: &IncidentId| case.incidents.iter().any(|known| known.id == *id);
        if matches!(subject, Subject::Task(_)) && incident.as_ref().is_some_and(is_known) {
            continue;
        }
        let Some(incident) = incident.map(|id| rows.incident(id)).transpose()?.flatten() else { continue };
        case.tasks.extend(rows.tasks_of(incident.id)?);
        case.observations.extend(rows.observations_of(incident.id)?);
        case.incidents.push(incident);
    }
    Ok(case)
}

/// Loads the records of an operation as they are now.
fn case_of_record(rows: &dyn Rows, record: &OperationRecord) -> Result<Case, StoreError> {
    let mut case = Case::default();
    for subject in record.subjects() {
        match subject {
            Subject::Incident(id) => {
                case.observations.extend(rows.observations_of(id)?);
                case.incidents.extend(rows.incident(id)?);
            }
            Subject::Task(id) => case.tasks.extend(rows.task(id)?),
        }
    }
    Ok(case)
}

/// Returns the last operation on something that stands, if no later one on what it changed stands.
fn last_standing(rows: &dyn Rows, subject: Subject) -> Result<OperationRecord, StoreError> {
    let last = operations_of(rows, subject)?.into_iter().rfind(OperationRecord::stands);
    let last = last.ok_or(StoreError::NothingToUndo(subject))?;
    for subject in last.subjects() {
        let later = operations_of(rows, subject)?.into_iter().rfind(OperationRecord::stands);
        if let Some(OperationRecord { id, actor, at, .. }) = later.filter(|later| later.id > last.id) {
            return Err(StoreError::ChangedAfter { operation: last.id, subject, later: id, actor, at });
        }
    }
    Ok(last)
}

fn write(
    rows: &mut dyn Rows,
    operation: &Operation,
    by: &ByPerson<'_>,
    case: &Case,
    outcome: Outcome,
    undoes: Option<OperationRecord>,
) -> Result<Operated, StoreError> {
    let Outcome { incidents, tasks, remarks } = outcome;
    let stamp = Stamp { at: by.at, run: None, operation: Some(by.operation) };
    let record = OperationRecord {
        id: by.operation,
        at: by.at,
        actor: operation.actor.clone(),
        reason: operation.reason.clone(),
        what: operation.what.clone(),
        before: before(case, &incidents, &tasks),
        after: Records { incidents, tasks },
        remarks,
        undoes: undoes.as_ref().map(|undone| undone.id),
        undone_by: None,
    };
    rows.put_operation(&record)?;
    if let Some(undone) = undoes {
        rows.put_operation(&OperationRecord { undone_by: Some(record.id), ..undone })?;
    }
    rows.add_event(operated(&record), &stamp)?;
    put_incidents(rows, &record, &stamp)?;
    put_tasks(rows, &record, &stamp)?;
    let OperationRecord { id, after, remarks, undoes, .. } = record;
    Ok(Operated { id, incidents: after.incidents, tasks: after.tasks, remarks, undoes })
}

fn before(case: &Case, incidents: &[Incident], tasks: &[Task]) -> Records {
    let changed = |old: &&Incident| incidents.iter().any(|new| new.id == old.id);
    let moved = |old: &&Task| tasks.iter().any(|new| new.id == old.id);
    // The order of the outcome, so that the first is the one that goes on.
    let mut before: Vec<Incident> = case.incidents.iter().filter(changed).cloned().collect();
    before.sort_by_key(|old| incidents.iter().position(|new| new.id == old.id));
    Records { incidents: before, tasks: case.tasks.iter().filter(moved).cloned().collect() }
}

fn operated(record: &OperationRecord) -> Change {
    let standing = record.after.incidents.iter().filter(|incident| incident.merged_into.is_none());
    Change::Operated {
        operation: record.id,
        name: record.what.name(),
        actor: record.actor.clone(),
        reason: record.reason.clone(),
        before: record.before.incidents.iter().map(|incident| incident.id).collect(),
        after: standing.map(|incident| incident.id).collect(),
        tasks: record.after.tasks.iter().map(|task| task.id).collect(),
    }
}

fn put_incidents(rows: &mut dyn Rows, record: &OperationRecord, stamp: &Stamp) -> Result<(), StoreError> {
    for incident in &record.after.incidents {
        let stored = rows.incident(incident.id)?;
        if stored.as_ref() == Some(incident) {
            continue;
        }
        rows.put_incident(incident, stamp)?;
        let change = match stored {
            Some(_) => Change::IncidentChanged { incident: incident.id },
            None => Change::IncidentAdded { incident: incident.id },
        };
        rows.add_event(change, stamp)?;
    }
    Ok(())
}

fn put_tasks(rows: &mut dyn Rows, record: &OperationRecord, stamp: &Stamp) -> Result<(), StoreError> {
    for task in &record.after.tasks {
        let stored = rows.task(task.id)?;
        if stored.as_ref() == Some(task) {
            continue;
        }
        rows.put_task(task, stamp)?;
        let change = match stored {
            Some(_) => Change::TaskChanged { task: task.id },
            None => Change::TaskAdded { task: task.id },
        };
        rows.add_event(change, stamp)?;
    }
    Ok(())
}
