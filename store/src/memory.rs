//! A store in memory, for runs that keep nothing and for tests.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::path::Path;

use dispatch::casework::Desk;
use dispatch::{Task, TaskId};
use gis::dedupe::LookedAt;
use gis::dedupe::neighbourhood::{Bounds, cells_of_incident};
use gis::{Incident, IncidentId, IncidentState, Observation, ObservationId, OperationId};
use jiff::Timestamp;
use uuid::Uuid;

use crate::absorb::{AbsorbRows, AbsorbedBatch, Batch, Findings, Known, LastLooks, Version, absorb};
use crate::chain::{
    FIRST, Link, LinkKind, Loose, Note, StoredNote, TimeStamp, event_content, fresh, note_content,
};
use crate::columns::listed;
use crate::consumers::{Consumer, ConsumerChange};
use crate::error::StoreError;
use crate::operations::{Operated, Operation, OperationRecord, Subject, operate, operations_of};
use crate::record::{Change, Run, RunId, RunRecord, Saved, StoredEvent};
use crate::retention::{HOLD, HOLDS, PruneRows, Pruned, Retention, is_over, prune};
use crate::save::{Rows, Stamp, encode, save, unlisted};
use crate::{Store, schema};

/// A store in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    rows: MemoryRows,
    known: Known,
}

#[derive(Debug, Clone, Default)]
struct MemoryRows {
    runs: BTreeMap<RunId, Run>,
    incidents: BTreeMap<IncidentId, Incident>,
    versions: BTreeMap<IncidentId, Version>,
    incidents_by_cell: BTreeMap<u64, BTreeSet<IncidentId>>,
    tasks: BTreeMap<TaskId, Task>,
    observations: BTreeMap<ObservationId, Observation>,
    incident_of: BTreeMap<ObservationId, IncidentId>,
    events: Vec<StoredEvent>,
    last_looks: BTreeMap<String, (i64, i64)>,
    operations: BTreeMap<OperationId, OperationRecord>,
    looked_at: BTreeMap<(String, Timestamp), LookedAt>,
    consumers: BTreeMap<String, Consumer>,
    archive: BTreeMap<TaskId, Task>,
    chain: Vec<Link>,
    files: BTreeSet<String>,
    time_stamps: BTreeMap<u64, TimeStamp>,
    notes: Vec<StoredNote>,
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

    fn incidents_after(&self, after: Option<IncidentId>, limit: usize) -> Result<Vec<Incident>, StoreError> {
        Ok(page(&self.rows.incidents, after, limit).cloned().map(unlisted).collect())
    }

    fn tasks_after(&self, after: Option<TaskId>, limit: usize) -> Result<Vec<Task>, StoreError> {
        Ok(page(&self.rows.tasks, after, limit).cloned().collect())
    }

    fn last_operations(&self) -> Result<BTreeMap<Uuid, OperationId>, StoreError> {
        let all = self.rows.operations.values();
        // By number: the last one stays.
        Ok(all.flat_map(|one| one.subjects().into_iter().map(|subject| (subject.id(), one.id))).collect())
    }

    fn last_event(&self) -> Result<u64, StoreError> {
        Ok(self.rows.events.last().map_or(0, |event| event.seq))
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

    fn absorb(&mut self, batch: &Batch<'_>) -> Result<AbsorbedBatch, StoreError> {
        absorb(&mut self.rows, &mut self.known, batch)
    }

    fn prune(&mut self, retention: &Retention, now: Timestamp) -> Result<Pruned, StoreError> {
        prune(&mut self.rows, retention, now)
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

    fn footprints(&self, within: Option<Bounds>, since: Timestamp) -> Result<Vec<LookedAt>, StoreError> {
        let touches = |one: &&LookedAt| {
            one.to >= since
                && within.is_none_or(|within| one.bounds().is_some_and(|own| own.touches(&within)))
        };
        Ok(self.rows.looked_at.values().filter(touches).cloned().collect())
    }

    fn consumers(&self) -> Result<Vec<Consumer>, StoreError> {
        Ok(self.rows.consumers.values().cloned().collect())
    }

    fn change_consumer(
        &mut self,
        id: &str,
        change: &mut ConsumerChange<'_>,
    ) -> Result<Option<Consumer>, StoreError> {
        let changed = change(self.rows.consumers.get(id).cloned())?;
        match &changed {
            Some(consumer) => {
                encode(consumer, "consumer", &id)?;
                self.rows.consumers.insert(id.to_owned(), consumer.clone());
            }
            None => drop(self.rows.consumers.remove(id)),
        }
        Ok(changed)
    }

    fn links(&self, after: u64, limit: usize) -> Result<Vec<Link>, StoreError> {
        Ok(self.rows.chain.iter().filter(|link| link.number > after).take(limit).cloned().collect())
    }

    fn back_up(&self, _folder: &Path) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    fn last_link(&self) -> Result<Option<Link>, StoreError> {
        Ok(self.rows.chain.last().cloned())
    }

    fn contents(
        &self,
        kind: LinkKind,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let all = self.rows.contents(kind)?;
        let later = |subject: &str| subject.parse().is_ok_and(|number: u64| number > after);
        let wanted = |(subject, _): &(String, String)| kind == LinkKind::Task || later(subject);
        Ok(all.into_iter().filter(wanted).take(limit).collect())
    }

    fn time_stamps(&self) -> Result<Vec<TimeStamp>, StoreError> {
        Ok(self.rows.time_stamps.values().cloned().collect())
    }

    fn put_time_stamp(&mut self, stamp: &TimeStamp) -> Result<(), StoreError> {
        self.rows.time_stamps.insert(stamp.number, stamp.clone());
        Ok(())
    }

    fn add_note(&mut self, note: &Note) -> Result<u64, StoreError> {
        let number = self.rows.notes.len() as u64 + 1;
        self.rows.notes.push(StoredNote { number, note: note.clone() });
        self.rows.link(vec![Loose::of(LinkKind::Note, &number, &note_content(number, note))]);
        Ok(number)
    }

    fn notes(&self, kind: Option<&str>, after: u64, limit: usize) -> Result<Vec<StoredNote>, StoreError> {
        let wanted = |one: &&StoredNote| one.number > after && kind.is_none_or(|kind| kind == one.note.kind);
        Ok(self.rows.notes.iter().filter(wanted).take(limit).cloned().collect())
    }
}

impl MemoryRows {
    fn put(&mut self, incident: &Incident) {
        let before = self.incidents.get(&incident.id).map(cells_of_incident).unwrap_or_default();
        for cell in before {
            if let Some(entered) = self.incidents_by_cell.get_mut(&cell) {
                entered.remove(&incident.id);
            }
        }
        for cell in cells_of_incident(incident) {
            self.incidents_by_cell.entry(cell).or_default().insert(incident.id);
        }
        // What was merged away belongs to the incident that took it over.
        for observation in listed(incident) {
            self.incident_of.insert(*observation, incident.id);
        }
        *self.versions.entry(incident.id).or_default() += 1;
        self.incidents.insert(incident.id, incident.clone());
    }

    fn note(&mut self, change: Change, stamp: &Stamp) {
        let Stamp { at, run, operation } = *stamp;
        let seq = self.events.len() as u64 + 1;
        let event = StoredEvent { seq, at, run, operation, change };
        // What an event holds is made of ids and words: it can always be stored.
        let content = content_of_event(&event).unwrap_or_default();
        self.link(vec![Loose::of(LinkKind::Event, &seq, &content)]);
        self.events.push(event);
    }

    fn keep_task(&mut self, task: &Task) -> Result<(), StoreError> {
        let json = encode(task, "task", &task.id)?;
        self.link(Loose::of_task(task, &json));
        self.tasks.insert(task.id, task.clone());
        Ok(())
    }

    fn link(&mut self, loose: Vec<Loose>) {
        for one in fresh(loose, &self.files) {
            if one.kind == LinkKind::File {
                self.files.insert(one.subject.clone());
            }
            let last = self.chain.last().map_or(FIRST, |link| link.hash.as_str());
            let link = one.after(last, self.chain.len() as u64 + 1);
            self.chain.push(link);
        }
    }

    /// Returns what links of a kind stand for.
    fn contents(&self, kind: LinkKind) -> Result<Vec<(String, String)>, StoreError> {
        match kind {
            LinkKind::Event => {
                let pair = |event: &StoredEvent| Ok((event.seq.to_string(), content_of_event(event)?));
                self.events.iter().map(pair).collect()
            }
            LinkKind::Operation => {
                let pair =
                    |one: &OperationRecord| Ok((one.id.to_string(), encode(one, "operation", &one.id)?));
                self.operations.values().map(pair).collect()
            }
            LinkKind::Note => {
                let pair = |one: &StoredNote| (one.number.to_string(), note_content(one.number, &one.note));
                Ok(self.notes.iter().map(pair).collect())
            }
            LinkKind::Task => {
                let pair = |task: &Task| Ok((task.id.to_string(), encode(task, "task", &task.id)?));
                self.tasks.values().chain(self.archive.values()).map(pair).collect()
            }
            LinkKind::File => Ok(Vec::new()),
        }
    }

    fn held(&self, id: IncidentId) -> bool {
        let subject = id.to_string();
        let of_it =
            |one: &&StoredNote| one.note.subject == subject && HOLDS.contains(&one.note.kind.as_str());
        self.notes.iter().rfind(of_it).is_some_and(|one| one.note.kind == HOLD)
    }

    fn versioned(&self, ids: impl IntoIterator<Item = IncidentId>) -> Vec<(IncidentId, Version)> {
        ids.into_iter().filter_map(|id| Some((id, *self.versions.get(&id)?))).collect()
    }
}

impl AbsorbRows for MemoryRows {
    fn begin(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn rollback(&mut self) {}

    fn lock(&mut self, _keys: &BTreeSet<i64>) -> Result<(), StoreError> {
        Ok(())
    }

    fn last_looks<'a>(&mut self, sources: &BTreeSet<&'a str>) -> Result<LastLooks<'a>, StoreError> {
        let look = |source: &&'a str| Some((*source, *self.last_looks.get(*source)?));
        Ok(sources.iter().filter_map(look).collect())
    }

    fn holders(&mut self, observations: &[ObservationId]) -> Result<Vec<(IncidentId, Version)>, StoreError> {
        Ok(self.versioned(observations.iter().filter_map(|id| self.incident_of.get(id).copied())))
    }

    fn entered(&mut self, cells: &BTreeSet<u64>) -> Result<Vec<(IncidentId, Version)>, StoreError> {
        let of_cells = cells.iter().filter_map(|cell| self.incidents_by_cell.get(cell));
        Ok(self.versioned(of_cells.flatten().copied()))
    }

    fn in_view(&mut self, views: &[Bounds]) -> Result<Vec<(IncidentId, Version)>, StoreError> {
        let seen = |incident: &&Incident| {
            let place = incident.position.as_ref().map(|position| position.point.lat_lon);
            incident.is_open() && place.is_some_and(|at| views.iter().any(|view| view.contains(at)))
        };
        Ok(self.versioned(self.incidents.values().filter(seen).map(|incident| incident.id)))
    }

    fn unlocated(&mut self, sources: &BTreeSet<&str>) -> Result<Vec<(IncidentId, Version)>, StoreError> {
        let mut latest = BTreeMap::new();
        let unlocated = |incident: &&Incident| incident.state == IncidentState::Unlocated;
        for incident in self.incidents.values().filter(unlocated) {
            let Some(source) = incident.sources.first().filter(|s| sources.contains(s.as_str())) else {
                continue;
            };
            let entry = latest.entry((source, &incident.class)).or_insert((incident.first_seen, incident.id));
            *entry = (*entry).max((incident.first_seen, incident.id));
        }
        Ok(self.versioned(latest.into_values().map(|(_, id)| id)))
    }

    fn load(&mut self, ids: &[IncidentId]) -> Result<Vec<(Incident, Version)>, StoreError> {
        let load = |id: &IncidentId| Some((self.incidents.get(id)?.clone(), *self.versions.get(id)?));
        Ok(ids.iter().filter_map(load).collect())
    }

    fn tasks_of_all(&mut self, ids: &[IncidentId]) -> Result<Vec<Task>, StoreError> {
        Ok(self.tasks.values().filter(|task| ids.contains(&task.incident_id)).cloned().collect())
    }

    fn looked_at(&mut self, minutes: &BTreeSet<(&str, Timestamp)>) -> Result<Vec<LookedAt>, StoreError> {
        let known = |(source, minute): &(&str, Timestamp)| {
            self.looked_at.get(&((*source).to_owned(), *minute)).cloned()
        };
        Ok(minutes.iter().filter_map(known).collect())
    }

    fn has_run(&mut self, batch: &Batch<'_>) -> Result<bool, StoreError> {
        Ok(self.runs.contains_key(&batch.run.id))
    }

    fn write(&mut self, findings: &Findings<'_>) -> Result<(), StoreError> {
        // Everything is checked before anything is kept.
        for observation in &findings.observations {
            encode(*observation, "observation", &observation.id.0)?;
        }
        for task in &findings.tasks {
            encode(task, "task", &task.id)?;
        }
        let batch = findings.batch;
        if findings.adds_run() {
            self.runs.insert(batch.run.id, batch.run.clone());
        }
        for write in &findings.incidents {
            self.put(write.incident);
        }
        for observation in &findings.observations {
            self.observations.insert(observation.id, (*observation).clone());
        }
        for task in &findings.tasks {
            self.keep_task(task)?;
        }
        for one in &findings.looked_at {
            self.looked_at.insert((one.source.clone(), one.minute), one.clone());
        }
        let looks = findings.looks.iter().map(|(source, look)| ((*source).to_owned(), *look));
        self.last_looks.extend(looks);
        for change in &findings.changes {
            self.note(change.clone(), &batch.stamp());
        }
        Ok(())
    }
}

impl PruneRows for MemoryRows {
    fn closed_classes(&mut self) -> Result<Vec<String>, StoreError> {
        let closed = self.incidents.values().filter(|incident| !incident.is_open());
        Ok(closed.map(|incident| incident.class.clone()).collect::<BTreeSet<_>>().into_iter().collect())
    }

    fn over(
        &mut self,
        class: &str,
        before: Timestamp,
        _ended: &[&str],
        limit: usize,
    ) -> Result<Vec<Incident>, StoreError> {
        let worked_on = |id| self.tasks.values().any(|task| task.incident_id == id && !is_over(task.state));
        let over = |incident: &&Incident| {
            let old = incident.class == class && incident.last_seen < before;
            old && !incident.is_open() && !worked_on(incident.id) && !self.held(incident.id)
        };
        let mut found: Vec<Incident> = self.incidents.values().filter(over).cloned().collect();
        found.sort_by_key(|incident| incident.last_seen);
        found.truncate(limit);
        Ok(found)
    }

    fn put_away(&mut self, incident: &Incident, _now: Timestamp) -> Result<(usize, usize), StoreError> {
        let of_incident = self.incident_of.iter().filter(|(_, owner)| **owner == incident.id);
        let observations: Vec<ObservationId> = of_incident.map(|(id, _)| *id).collect();
        for id in &observations {
            self.incident_of.remove(id);
            self.observations.remove(id);
        }
        let before = self.tasks.len();
        let away = self.tasks.values().filter(|task| task.incident_id == incident.id).cloned();
        self.archive.extend(away.map(|task| (task.id, task)).collect::<Vec<_>>());
        self.tasks.retain(|_, task| task.incident_id != incident.id);
        self.incidents.remove(&incident.id);
        self.versions.remove(&incident.id);
        Ok((observations.len(), before - self.tasks.len()))
    }

    fn forget_looked_at(&mut self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let old: Vec<(String, Timestamp)> =
            self.looked_at.keys().filter(|(_, minute)| *minute < before).take(limit).cloned().collect();
        for key in &old {
            self.looked_at.remove(key);
        }
        Ok(old.len())
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
        self.put(incident);
        Ok(())
    }

    fn task(&self, id: TaskId) -> Result<Option<Task>, StoreError> {
        Ok(self.tasks.get(&id).cloned())
    }

    fn put_task(&mut self, task: &Task, _stamp: &Stamp) -> Result<(), StoreError> {
        self.keep_task(task)
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
        let json = encode(operation, "operation", &operation.id)?;
        self.link(vec![Loose::of(LinkKind::Operation, &operation.id, &json)]);
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

    fn add_event(&mut self, change: Change, stamp: &Stamp) -> Result<(), StoreError> {
        self.note(change, stamp);
        Ok(())
    }

    fn looked_at(&self, source: &str, minute: Timestamp) -> Result<Option<LookedAt>, StoreError> {
        Ok(self.looked_at.get(&(source.to_owned(), minute)).cloned())
    }

    fn put_looked_at(&mut self, looked_at: &LookedAt) -> Result<(), StoreError> {
        encode(looked_at, "footprint", &looked_at.source)?;
        self.looked_at.insert((looked_at.source.clone(), looked_at.minute), looked_at.clone());
        Ok(())
    }
}

fn content_of_event(event: &StoredEvent) -> Result<String, StoreError> {
    let StoredEvent { seq, at, run, operation, change } = event;
    let json = encode(change, "event", at)?;
    let run = run.map(|run| run.to_string());
    Ok(event_content(*seq, &at.to_string(), run.as_deref(), operation.map(|id| id.0.cast_signed()), &json))
}

fn page<K: Ord + Copy, V>(rows: &BTreeMap<K, V>, after: Option<K>, limit: usize) -> impl Iterator<Item = &V> {
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    rows.range((from, Bound::Unbounded)).map(|(_, row)| row).take(limit)
}
