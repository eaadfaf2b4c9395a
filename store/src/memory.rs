//! A store in memory, for runs that keep nothing and for tests.

use std::collections::BTreeMap;

use dispatch::casework::Desk;
use dispatch::{Task, TaskId};
use gis::{Incident, IncidentId, Observation, ObservationId, OperationId};
use jiff::Timestamp;

use crate::error::StoreError;
use crate::operations::{Operated, Operation, OperationRecord, Subject, operate, operations_of};
use crate::record::{Change, Run, RunId, RunRecord, Saved, StoredEvent};
use crate::save::{Rows, Stamp, encode, save};
use crate::{Store, schema};

/// A store in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    rows: MemoryRows,
}

#[derive(Debug, Clone, Default)]
struct MemoryRows {
    runs: BTreeMap<RunId, Run>,
    incidents: BTreeMap<IncidentId, Incident>,
    tasks: BTreeMap<TaskId, Task>,
    observations: BTreeMap<ObservationId, Observation>,
    incident_of: BTreeMap<ObservationId, IncidentId>,
    events: Vec<StoredEvent>,
    operations: BTreeMap<OperationId, OperationRecord>,
}

impl MemoryStore {
    /// Returns an empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Store for MemoryStore {
    fn schema_version(&self) -> Result<u32, StoreError> {
        Ok(schema::INCIDENTS.version())
    }

    fn incidents(&self) -> Result<Vec<Incident>, StoreError> {
        let mut all: Vec<Incident> = self.rows.incidents.values().cloned().collect();
        all.sort_by_key(|incident| (incident.first_seen, incident.id));
        Ok(all)
    }

    fn open_incidents(&self) -> Result<Vec<Incident>, StoreError> {
        Ok(self.incidents()?.into_iter().filter(Incident::is_open).collect())
    }

    fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        self.rows.incident(id)
    }

    fn observations_of(&self, id: IncidentId) -> Result<Vec<Observation>, StoreError> {
        self.rows.observations_of(id)
    }

    fn tasks(&self) -> Result<Vec<Task>, StoreError> {
        let mut all: Vec<Task> = self.rows.tasks.values().cloned().collect();
        all.sort_by_key(|task| (task.created, task.id));
        Ok(all)
    }

    fn task(&self, id: TaskId) -> Result<Option<Task>, StoreError> {
        self.rows.task(id)
    }

    fn runs(&self) -> Result<Vec<Run>, StoreError> {
        Ok(self.rows.runs.values().cloned().collect())
    }

    fn events_after(&self, cursor: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let after = self.rows.events.iter().filter(|event| event.seq > cursor);
        Ok(after.take(limit).cloned().collect())
    }

    fn save_run(&mut self, record: &RunRecord) -> Result<Saved, StoreError> {
        let mut rows = self.rows.clone();
        let saved = save(&mut rows, record)?;
        self.rows = rows;
        Ok(saved)
    }

    fn operate(
        &mut self,
        operation: &Operation,
        desk: &Desk<'_>,
        now: Timestamp,
    ) -> Result<Operated, StoreError> {
        let mut rows = self.rows.clone();
        let operated = operate(&mut rows, operation, desk, now)?;
        self.rows = rows;
        Ok(operated)
    }

    fn operations_of(&self, subject: Subject) -> Result<Vec<OperationRecord>, StoreError> {
        operations_of(&self.rows, subject)
    }
}

impl Rows for MemoryRows {
    fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        Ok(self.runs.get(&id).cloned())
    }

    fn put_run(&mut self, run: &Run, _stamp: &Stamp) -> Result<(), StoreError> {
        self.runs.insert(run.id, run.clone());
        Ok(())
    }

    fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        Ok(self.incidents.get(&id).cloned())
    }

    fn put_incident(&mut self, incident: &Incident, _stamp: &Stamp) -> Result<(), StoreError> {
        encode(incident, "incident", &incident.id)?;
        self.incidents.insert(incident.id, incident.clone());
        Ok(())
    }

    fn task(&self, id: TaskId) -> Result<Option<Task>, StoreError> {
        Ok(self.tasks.get(&id).cloned())
    }

    fn put_task(&mut self, task: &Task, _stamp: &Stamp) -> Result<(), StoreError> {
        encode(task, "task", &task.id)?;
        self.tasks.insert(task.id, task.clone());
        Ok(())
    }

    fn tasks_of(&self, id: IncidentId) -> Result<Vec<Task>, StoreError> {
        let mut found: Vec<Task> =
            self.tasks.values().filter(|task| task.incident_id == id).cloned().collect();
        found.sort_by_key(|task| (task.created, task.id));
        Ok(found)
    }

    fn observations_of(&self, id: IncidentId) -> Result<Vec<Observation>, StoreError> {
        let of_incident = self.incident_of.iter().filter(|(_, incident)| **incident == id);
        let mut found: Vec<Observation> =
            of_incident.filter_map(|(id, _)| self.observations.get(id)).cloned().collect();
        found.sort_by_key(|observation| (observation.time, observation.id));
        Ok(found)
    }

    fn incident_of(&self, id: ObservationId) -> Result<Option<IncidentId>, StoreError> {
        Ok(self.incident_of.get(&id).copied())
    }

    fn operation(&self, id: OperationId) -> Result<Option<OperationRecord>, StoreError> {
        Ok(self.operations.get(&id).cloned())
    }

    fn last_operation(&self) -> Result<Option<OperationId>, StoreError> {
        Ok(self.operations.last_key_value().map(|(id, _)| *id))
    }

    fn operations_on(&self, subject: Subject) -> Result<Vec<OperationId>, StoreError> {
        let about = self.operations.values().filter(|operation| operation.is_about(subject));
        Ok(about.map(|operation| operation.id).collect())
    }

    fn put_operation(&mut self, operation: &OperationRecord) -> Result<(), StoreError> {
        encode(operation, "operation", &operation.id)?;
        self.operations.insert(operation.id, operation.clone());
        Ok(())
    }

    fn has_observation(&self, id: ObservationId) -> Result<bool, StoreError> {
        Ok(self.observations.contains_key(&id))
    }

    fn add_observation(&mut self, observation: &Observation) -> Result<(), StoreError> {
        encode(observation, "observation", &observation.id.0)?;
        self.observations.insert(observation.id, observation.clone());
        Ok(())
    }

    fn link(&mut self, observation: ObservationId, incident: IncidentId) -> Result<(), StoreError> {
        self.incident_of.insert(observation, incident);
        Ok(())
    }

    fn add_event(&mut self, change: Change, stamp: &Stamp) -> Result<(), StoreError> {
        let seq = self.events.len() as u64 + 1;
        self.events.push(StoredEvent {
            seq,
            at: stamp.at,
            run: stamp.run,
            operation: stamp.operation,
            change,
        });
        Ok(())
    }
}
