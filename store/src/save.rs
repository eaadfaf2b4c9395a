//! The one way a run is saved, over rows that a database or memory keeps.

use dispatch::looked::{Looked, follow};
use dispatch::{Task, TaskId};
use gis::dedupe::{LookedAt, together};
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
    /// Returns the ground that a source looked at within a minute.
    fn looked_at(&self, source: &str, minute: Timestamp) -> Result<Option<LookedAt>, StoreError>;
    fn put_looked_at(&mut self, looked_at: &LookedAt) -> Result<(), StoreError>;
}

/// An incident without the list of its observations.
pub(crate) fn unlisted(mut incident: Incident) -> Incident {
    incident.observations = Vec::new();
    incident
}

/// Saves a record. The caller drops all of it when this fails.
pub(crate) fn save(rows: &mut dyn Rows, record: &RunRecord) -> Result<Saved, StoreError> {
    let mut saved = Saved::default();
    save_run_row(rows, record, &mut saved)?;
    let behind = Behind::find(rows, record)?;
    let mut changed = Vec::new();
    for incident in record.incidents.iter().filter(|incident| !behind.holds(incident.id)) {
        changed.extend(save_incident(rows, incident, record, &mut saved)?);
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
    follow_looks(rows, &changed, record, &mut saved)?;
    for ground in &record.looked_at {
        let known = rows.looked_at(&ground.source, ground.minute)?;
        if let Some(grown) = grown(known, [ground.clone()].into()) {
            rows.put_looked_at(&grown)?;
            saved.looked_at += 1;
        }
    }
    Ok(saved)
}

/// Returns what a source looked at within a minute with what is new of it; none where nothing is: what lies within a time that is
/// known was saved before.
pub(crate) fn grown(known: Option<LookedAt>, mut fresh: Vec<LookedAt>) -> Option<LookedAt> {
    if let Some(known) = &known {
        fresh.retain(|new| new.from < known.from || new.to > known.to);
    }
    if fresh.is_empty() {
        return None;
    }
    together(known.into_iter().collect(), fresh).pop()
}

/// An incident that a run changed: as it was, where it was stored, and as it is.
type Changed<'a> = (Option<Incident>, &'a Incident);

/// Moves the tasks on of incidents that looks changed, see [`dispatch::looked`].
fn follow_looks(
    rows: &mut dyn Rows,
    changed: &[Changed<'_>],
    record: &RunRecord,
    saved: &mut Saved,
) -> Result<(), StoreError> {
    let looked: Vec<Looked<'_>> =
        changed.iter().map(|(before, after)| Looked { before: before.as_ref(), after }).collect();
    let mut tasks = Vec::new();
    for one in &looked {
        tasks.extend(rows.tasks_of(one.after.id)?);
    }
    let followed = follow(&looked, &tasks, &record.config);
    let stamp = Stamp::of_run(record);
    for incident in &followed.incidents {
        rows.put_incident(incident, &stamp)?;
        rows.add_event(Change::IncidentChanged { incident: incident.id }, &stamp)?;
    }
    for task in &followed.tasks {
        rows.put_task(task, &stamp)?;
        rows.add_event(Change::TaskChanged { task: task.id }, &stamp)?;
    }
    saved.tasks_followed += followed.tasks.len();
    Ok(())
}

/// Tells whether the stored incident is the offered one, ended since because its work was seen to be done.
fn ended_since(stored: &Incident, offered: &Incident) -> bool {
    stored.may_recur()
        && offered.is_open()
        && stored.looks.last_by_source == offered.looks.last_by_source
        && stored.observations == offered.observations
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

/// Returns the incident with what was stored of it, if it changed.
fn save_incident<'a>(
    rows: &mut dyn Rows,
    incident: &'a Incident,
    record: &RunRecord,
    saved: &mut Saved,
) -> Result<Option<Changed<'a>>, StoreError> {
    let stored = rows.incident(incident.id)?;
    if stored.as_ref().is_some_and(|stored| stored == incident || ended_since(stored, incident)) {
        return Ok(None);
    }
    rows.put_incident(incident, &Stamp::of_run(record))?;
    let change = if stored.is_some() {
        saved.incidents_changed += 1;
        Change::IncidentChanged { incident: incident.id }
    } else {
        saved.incidents_added += 1;
        Change::IncidentAdded { incident: incident.id }
    };
    rows.add_event(change, &Stamp::of_run(record))?;
    Ok(Some((stored, incident)))
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
