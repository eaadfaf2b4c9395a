//! The one way a run is saved, over rows that a database or memory keeps.

use dispatch::{Task, TaskId};
use gis::{Incident, IncidentId, Observation, ObservationId, OperationId};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::behind::{self, Behind};
use crate::error::StoreError;
use crate::operations::{OperationRecord, Subject};
use crate::reconcile::reconciled;
use crate::record::{Change, Run, RunId, RunRecord, Saved};

/// When rows change, and what changes them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp {
    /// When.
    pub(crate) at: Timestamp,
    /// The run, if one does.
    pub(crate) run: Option<RunId>,
    /// The operation by a person, if one does.
    pub(crate) operation: Option<OperationId>,
}

impl Stamp {
    pub(crate) fn of_run(record: &RunRecord) -> Self {
        Self { at: record.saved_at, run: Some(record.run.id), operation: None }
    }
}

/// Rows inside one transaction.
pub(crate) trait Rows {
    fn run(&self, id: RunId) -> Result<Option<Run>, StoreError>;
    fn put_run(&mut self, run: &Run, stamp: &Stamp) -> Result<(), StoreError>;
    fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError>;
    /// Writes an incident and says of its observations that they are its own, unless it was merged away.
    fn put_incident(&mut self, incident: &Incident, stamp: &Stamp) -> Result<(), StoreError>;
    fn task(&self, id: TaskId) -> Result<Option<Task>, StoreError>;
    fn put_task(&mut self, task: &Task, stamp: &Stamp) -> Result<(), StoreError>;
    /// Returns the tasks of an incident, by time of creation, then id.
    fn tasks_of(&self, id: IncidentId) -> Result<Vec<Task>, StoreError>;
    /// Returns the observations of an incident, by time, then id.
    fn observations_of(&self, id: IncidentId) -> Result<Vec<Observation>, StoreError>;
    /// Returns the incident that an observation belongs to.
    fn incident_of(&self, id: ObservationId) -> Result<Option<IncidentId>, StoreError>;
    fn operation(&self, id: OperationId) -> Result<Option<OperationRecord>, StoreError>;
    /// Returns the number of the last operation of all.
    fn last_operation(&self) -> Result<Option<OperationId>, StoreError>;
    /// Returns the operations on an incident or a task, oldest first.
    fn operations_on(&self, subject: Subject) -> Result<Vec<OperationId>, StoreError>;
    /// Adds an operation, with what it is about, or replaces it.
    fn put_operation(&mut self, operation: &OperationRecord) -> Result<(), StoreError>;
    fn has_observation(&self, id: ObservationId) -> Result<bool, StoreError>;
    fn add_observation(&mut self, observation: &Observation) -> Result<(), StoreError>;
    fn add_event(&mut self, change: Change, stamp: &Stamp) -> Result<(), StoreError>;
}

/// Saves a record. The caller drops all of it when this fails.
pub(crate) fn save(rows: &mut dyn Rows, record: &RunRecord) -> Result<Saved, StoreError> {
    let mut saved = Saved::default();
    save_run_row(rows, record, &mut saved)?;
    let behind = Behind::find(rows, record)?;
    for incident in record.incidents.iter().filter(|incident| !behind.holds(incident.id)) {
        save_incident(rows, incident, record, &mut saved)?;
    }
    saved.incidents_kept = behind.count();
    save_observations(rows, record, &behind, &mut saved)?;
    for task in &record.tasks {
        if behind.holds(task.incident_id) {
            saved.tasks_kept += usize::from(rows.task(task.id)?.as_ref() != Some(task));
        } else {
            save_task(rows, task, record, &mut saved)?;
        }
    }
    Ok(saved)
}

fn save_run_row(rows: &mut dyn Rows, record: &RunRecord, saved: &mut Saved) -> Result<(), StoreError> {
    let stored = rows.run(record.run.id)?;
    if stored.as_ref() == Some(&record.run) {
        return Ok(());
    }
    rows.put_run(&record.run, &Stamp::of_run(record))?;
    if stored.is_some() {
        saved.runs_changed += 1;
        return Ok(());
    }
    saved.runs_added += 1;
    rows.add_event(Change::RunAdded { run: record.run.id }, &Stamp::of_run(record))
}

fn save_incident(
    rows: &mut dyn Rows,
    incident: &Incident,
    record: &RunRecord,
    saved: &mut Saved,
) -> Result<(), StoreError> {
    let stored = rows.incident(incident.id)?;
    if stored.as_ref() == Some(incident) {
        return Ok(());
    }
    rows.put_incident(incident, &Stamp::of_run(record))?;
    let change = if stored.is_some() {
        saved.incidents_changed += 1;
        Change::IncidentChanged { incident: incident.id }
    } else {
        saved.incidents_added += 1;
        Change::IncidentAdded { incident: incident.id }
    };
    rows.add_event(change, &Stamp::of_run(record))
}

fn save_observations(
    rows: &mut dyn Rows,
    record: &RunRecord,
    behind: &Behind,
    saved: &mut Saved,
) -> Result<(), StoreError> {
    // Before they are stored, what is not there yet is what is late.
    let late = behind::late(rows, record, behind)?;
    for observation in &record.observations {
        if !rows.has_observation(observation.id)? {
            rows.add_observation(observation)?;
            saved.observations_added += 1;
        }
    }
    behind::take_in(rows, record, &late)
}

fn save_task(
    rows: &mut dyn Rows,
    task: &Task,
    record: &RunRecord,
    saved: &mut Saved,
) -> Result<(), StoreError> {
    if rows.incident(task.incident_id)?.is_none() {
        return Err(StoreError::MissingIncident { task: task.id, incident: task.incident_id });
    }
    let Some(stored) = rows.task(task.id)? else {
        rows.put_task(task, &Stamp::of_run(record))?;
        saved.tasks_added += 1;
        return rows.add_event(Change::TaskAdded { task: task.id }, &Stamp::of_run(record));
    };
    if let Some(renewed) = reconciled(&stored, task) {
        rows.put_task(&renewed, &Stamp::of_run(record))?;
        saved.tasks_changed += 1;
        return rows.add_event(Change::TaskChanged { task: task.id }, &Stamp::of_run(record));
    }
    saved.tasks_kept += usize::from(stored != *task);
    Ok(())
}

/// Returns the stored form of a record.
///
/// # Errors
/// [`StoreError::NotStorable`] when it would not come back as it is: JSON has no NaN and no infinity.
pub(crate) fn encode<T>(
    record: &T,
    what: &'static str,
    id: &dyn std::fmt::Display,
) -> Result<String, StoreError>
where
    T: Serialize + DeserializeOwned + PartialEq,
{
    let text = serde_json::to_string(record).ok();
    let comes_back = |text: &String| serde_json::from_str::<T>(text).is_ok_and(|back| back == *record);
    text.filter(comes_back).ok_or_else(|| StoreError::NotStorable { what, id: id.to_string() })
}

/// Returns the record of a stored form.
///
/// # Errors
/// [`StoreError::Unreadable`].
pub(crate) fn decode<T: DeserializeOwned>(text: &str, what: &'static str, id: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|source| StoreError::Unreadable { what, id: id.to_owned(), source })
}
