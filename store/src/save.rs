//! The one way a run is saved, over rows that a database or memory keeps.

use dispatch::{Task, TaskId};
use gis::{Incident, IncidentId, Observation, ObservationId};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StoreError;
use crate::reconcile::reconciled;
use crate::record::{Change, Run, RunId, RunRecord, Saved};

/// Rows inside one transaction.
pub(crate) trait Rows {
    fn run(&self, id: RunId) -> Result<Option<Run>, StoreError>;
    fn put_run(&mut self, run: &Run, record: &RunRecord) -> Result<(), StoreError>;
    fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError>;
    /// Writes an incident and says of its observations that they are its own, unless it was merged away.
    fn put_incident(&mut self, incident: &Incident, record: &RunRecord) -> Result<(), StoreError>;
    fn task(&self, id: TaskId) -> Result<Option<Task>, StoreError>;
    fn put_task(&mut self, task: &Task, record: &RunRecord) -> Result<(), StoreError>;
    fn has_observation(&self, id: ObservationId) -> Result<bool, StoreError>;
    fn add_observation(&mut self, observation: &Observation) -> Result<(), StoreError>;
    fn add_event(&mut self, change: Change, record: &RunRecord) -> Result<(), StoreError>;
}

/// Saves a record. The caller drops all of it when this fails.
pub(crate) fn save(rows: &mut dyn Rows, record: &RunRecord) -> Result<Saved, StoreError> {
    let mut saved = Saved::default();
    save_run_row(rows, record, &mut saved)?;
    for incident in &record.incidents {
        save_incident(rows, incident, record, &mut saved)?;
    }
    save_observations(rows, record, &mut saved)?;
    for task in &record.tasks {
        save_task(rows, task, record, &mut saved)?;
    }
    Ok(saved)
}

fn save_run_row(rows: &mut dyn Rows, record: &RunRecord, saved: &mut Saved) -> Result<(), StoreError> {
    let stored = rows.run(record.run.id)?;
    if stored.as_ref() == Some(&record.run) {
        return Ok(());
    }
    rows.put_run(&record.run, record)?;
    if stored.is_some() {
        saved.runs_changed += 1;
        return Ok(());
    }
    saved.runs_added += 1;
    rows.add_event(Change::RunAdded { run: record.run.id }, record)
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
    rows.put_incident(incident, record)?;
    let change = if stored.is_some() {
        saved.incidents_changed += 1;
        Change::IncidentChanged { incident: incident.id }
    } else {
        saved.incidents_added += 1;
        Change::IncidentAdded { incident: incident.id }
    };
    rows.add_event(change, record)
}

fn save_observations(rows: &mut dyn Rows, record: &RunRecord, saved: &mut Saved) -> Result<(), StoreError> {
    for observation in &record.observations {
        if !rows.has_observation(observation.id)? {
            rows.add_observation(observation)?;
            saved.observations_added += 1;
        }
    }
    Ok(())
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
        rows.put_task(task, record)?;
        saved.tasks_added += 1;
        return rows.add_event(Change::TaskAdded { task: task.id }, record);
    };
    if let Some(renewed) = reconciled(&stored, task) {
        rows.put_task(&renewed, record)?;
        saved.tasks_changed += 1;
        return rows.add_event(Change::TaskChanged { task: task.id }, record);
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
