//! What the page and the feeds read: every incident with its task in memory, kept up to date by the events of the store.
//!
//! The store is the truth. The board follows its events, whoever made them, so that lists, counts and feeds always agree.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use dispatch::{Task, TaskId};
use gis::{Incident, IncidentId};
use jiff::Timestamp;
use rstar::primitives::GeomWithData;
use rstar::{AABB, RTree};
use store::{Change, Store, StoreError, StoredEvent, Subject};
use uuid::Uuid;

use super::accounts::Caller;
use super::tally::{Ended, Tally};

/// Events read at a time.
const PAGE: usize = 1_000;

/// An incident with the task that stands for it.
#[derive(Debug, Clone)]
pub struct Case {
    /// The incident, without its observations and what positions are made from.
    pub incident: Incident,
    /// Its task: one that goes on before one that is over.
    pub task: Option<Arc<Task>>,
    /// Number of the last operation on the incident, 0 for none.
    pub version: u64,
    /// The same of the task.
    pub task_version: u64,
}

/// West, south, east, north in degrees; west is larger than east where the box crosses the antimeridian.
pub type Bounds = [f64; 4];

/// Longitude and latitude in degrees, WGS-84, of an incident.
type Place = GeomWithData<[f64; 2], IncidentId>;

/// Where a case stands for those who look through lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Seen, and no task: not believed yet, or nothing that anybody has to do.
    Candidate,
    /// Waits for a person.
    Waiting,
    /// With a department.
    Sent,
    /// Reported done, not closed.
    Done,
    /// Over, after it was a task.
    Over,
    /// Over without ever having been a task: not confirmed in time, or merged into another.
    Gone,
}

impl Case {
    /// Returns where it stands.
    pub fn standing(&self) -> Standing {
        use dispatch::State;
        match self.task.as_ref().map(|task| task.state) {
            Some(State::Dispatched | State::Accepted | State::EnRoute | State::OnSite) => Standing::Sent,
            Some(State::Done | State::Verified) => Standing::Done,
            Some(State::Closed | State::Rejected | State::Merged) => Standing::Over,
            None if !self.incident.is_open() => Standing::Gone,
            _ if !self.incident.is_open() => Standing::Over,
            Some(State::Proposed | State::Confirmed | State::Bounced | State::Reopened) => Standing::Waiting,
            // Nobody but a person can say where it is.
            None if self.incident.state == gis::IncidentState::Unlocated => Standing::Waiting,
            // Not believed yet, about to be routed, or licensed where it lies.
            None => Standing::Candidate,
        }
    }

    /// Tells whether it should be done by now and is not.
    pub fn overdue(&self, now: Timestamp) -> bool {
        self.task.as_ref().is_some_and(|task| task.is_overdue(now))
    }

    /// Tells whether a department leads or assists.
    pub fn concerns(&self, department: &str) -> bool {
        self.task.as_ref().is_some_and(|task| {
            task.lead.as_ref().is_some_and(|lead| lead.0 == department)
                || task.assisting.iter().any(|other| other.department.0 == department)
        })
    }
}

/// All cases.
#[derive(Debug, Default)]
pub struct Board {
    cases: BTreeMap<IncidentId, Case>,
    going_on: BTreeSet<IncidentId>,
    tally: Tally,
    places: RTree<Place>,
    tasks: HashMap<TaskId, Arc<Task>>,
    tasks_of: HashMap<IncidentId, BTreeSet<TaskId>>,
    incidents_of_file: HashMap<String, BTreeSet<IncidentId>>,
    versions: HashMap<Uuid, u64>,
    cursor: u64,
}

/// What changed after an event: read without the board, which nobody has to wait for then.
#[derive(Debug)]
pub struct News {
    events: Vec<StoredEvent>,
    tasks: Vec<Task>,
    incidents: Vec<Incident>,
}

impl News {
    /// Reads a page of what changed after an event; none where nothing did.
    ///
    /// # Errors
    /// Any that reading has.
    pub fn read(store: &dyn Store, cursor: u64) -> Result<Option<Self>, StoreError> {
        let events = store.events_after(cursor, PAGE)?;
        if events.is_empty() {
            return Ok(None);
        }
        let (mut incidents, mut tasks) = (BTreeSet::new(), BTreeSet::new());
        for event in &events {
            match &event.change {
                Change::IncidentAdded { incident } | Change::IncidentChanged { incident } => {
                    incidents.insert(*incident);
                }
                Change::TaskAdded { task } | Change::TaskChanged { task } => {
                    tasks.insert(*task);
                }
                Change::Operated { before, after, .. } => incidents.extend(before.iter().chain(after)),
                Change::RunAdded { .. } => {}
            }
        }
        let mut news = Self { events, tasks: Vec::new(), incidents: Vec::new() };
        for id in tasks {
            if let Some(task) = store.task(id)? {
                incidents.insert(task.incident_id);
                news.tasks.push(task);
            }
        }
        for id in incidents {
            news.incidents.extend(store.incident(id)?);
        }
        Ok(Some(news))
    }
}

impl Board {
    /// Returns the board of a store as it is.
    ///
    /// # Errors
    /// Any that reading has.
    pub fn load(store: &dyn Store) -> Result<Self, StoreError> {
        // The cursor first: what changes while the rest is read is read once more.
        let cursor = store.last_event()?;
        let operated = store.last_operations()?;
        let versions = operated.into_iter().map(|(subject, operation)| (subject, operation.0)).collect();
        let mut board = Self { versions, cursor, ..Self::default() };
        let mut last = None;
        loop {
            let page = store.tasks_after(last, PAGE)?;
            let Some(end) = page.last() else { break };
            last = Some(end.id);
            for task in page {
                board.put_task(task);
            }
        }
        let mut last = None;
        loop {
            let page = store.incidents_after(last, PAGE)?;
            let Some(end) = page.last() else { break };
            last = Some(end.id);
            for incident in page {
                board.put(incident);
            }
        }
        board.places = RTree::bulk_load(board.cases.values().filter_map(place).collect());
        Ok(board)
    }

    /// Takes in what changed.
    pub fn take(&mut self, news: News) -> Vec<StoredEvent> {
        for event in &news.events {
            self.note_version(event);
        }
        for task in news.tasks {
            self.put_task(task);
        }
        for incident in news.incidents {
            self.put_incident(incident);
        }
        self.cursor = news.events.last().map_or(self.cursor, |event| event.seq);
        news.events
    }

    fn note_version(&mut self, event: &StoredEvent) {
        let Change::Operated { operation, before, after, tasks, .. } = &event.change else { return };
        let incidents = before.iter().chain(after).map(|id| Subject::Incident(*id));
        for subject in incidents.chain(tasks.iter().map(|id| Subject::Task(*id))) {
            self.versions.insert(subject.id(), operation.0);
        }
    }

    fn put_task(&mut self, task: Task) {
        for file in &task.evidence {
            self.incidents_of_file.entry(file.file.clone()).or_default().insert(task.incident_id);
        }
        if let Some(old) = self.tasks.get(&task.id)
            && old.incident_id != task.incident_id
        {
            let former = old.incident_id;
            self.tasks_of.entry(former).or_default().remove(&task.id);
            self.refresh(former);
        }
        self.tasks_of.entry(task.incident_id).or_default().insert(task.id);
        let incident = task.incident_id;
        self.tasks.insert(task.id, Arc::new(task));
        self.refresh(incident);
    }

    fn put_incident(&mut self, incident: Incident) {
        let id = incident.id;
        let before = self.cases.get(&id).and_then(place);
        self.put(incident);
        let after = self.cases.get(&id).and_then(place);
        if before != after {
            if let Some(place) = before {
                self.places.remove(&place);
            }
            if let Some(place) = after {
                self.places.insert(place);
            }
        }
    }

    /// Takes an incident in, all but its place.
    fn put(&mut self, mut incident: Incident) {
        // What only the next sighting needs stays in the store: it is most of an incident.
        (incident.observations, incident.fixes, incident.outlines) = (Vec::new(), Vec::new(), Vec::new());
        let id = incident.id;
        let case = Case { incident, task: None, version: 0, task_version: 0 };
        let before = self.cases.insert(id, case);
        // Until it has its task it is not counted.
        if self.going_on.insert(id)
            && let Some(before) = before
        {
            self.tally.remove(&before);
        }
        self.refresh(id);
    }

    /// Gives an incident its task and versions.
    fn refresh(&mut self, id: IncidentId) {
        let of = self.tasks_of.get(&id).into_iter().flatten().filter_map(|id| self.tasks.get(id));
        let standing =
            of.min_by_key(|task| (task.state.is_over(), std::cmp::Reverse((task.created, task.id)))).cloned();
        let version = |subject: Uuid| self.versions.get(&subject).copied().unwrap_or(0);
        let (of_incident, of_task) = (version(id.0), standing.as_ref().map_or(0, |task| version(task.id.0)));
        let Some(case) = self.cases.get_mut(&id) else { return };
        if self.going_on.insert(id) {
            self.tally.remove(case);
        }
        (case.task, case.version, case.task_version) = (standing, of_incident, of_task);
        if matches!(case.standing(), Standing::Over | Standing::Gone) {
            self.going_on.remove(&id);
            self.tally.add(case);
        }
    }

    /// Takes closed cases off the board that are not among those that are left.
    pub fn forget_closed(&mut self, left: &BTreeSet<IncidentId>) {
        let gone = |case: &&Case| !case.incident.is_open() && !left.contains(&case.incident.id);
        let gone: Vec<IncidentId> = self.cases.values().filter(gone).map(|case| case.incident.id).collect();
        for id in gone {
            let case = self.cases.remove(&id);
            if let Some(case) = case.as_ref().filter(|_| !self.going_on.remove(&id)) {
                self.tally.remove(case);
            }
            case.as_ref().and_then(place).map(|place| self.places.remove(&place));
            for task in self.tasks_of.remove(&id).into_iter().flatten() {
                self.tasks.remove(&task);
            }
            self.incidents_of_file.retain(|_, owners| {
                owners.remove(&id);
                !owners.is_empty()
            });
        }
    }

    /// Returns all cases by id, which begins with the time of the first sighting.
    pub fn cases(&self) -> impl Iterator<Item = &Case> {
        self.cases.values()
    }

    /// Returns the cases that are not over, in the same order.
    pub fn going_on(&self) -> impl Iterator<Item = &Case> {
        self.going_on.iter().filter_map(|id| self.cases.get(id))
    }

    /// Returns how many of the others there are, of those that somebody sees.
    pub fn ended(&self, caller: &Caller) -> &Ended {
        self.tally.seen_by(caller)
    }

    /// Returns the cases that lie in a box, its edges with it, in the same order.
    pub fn within(&self, [west, south, east, north]: Bounds) -> impl Iterator<Item = &Case> {
        let boxes = if west <= east { vec![(west, east)] } else { vec![(west, 180.0), (-180.0, east)] };
        let found = boxes.into_iter().flat_map(|(west, east)| {
            self.places.locate_in_envelope(AABB::from_corners([west, south], [east, north]))
        });
        let mut ids: Vec<IncidentId> = found.map(|place| place.data).collect();
        ids.sort_unstable();
        ids.into_iter().filter_map(|id| self.cases.get(&id))
    }

    /// Returns a case.
    pub fn case(&self, id: IncidentId) -> Option<&Case> {
        self.cases.get(&id)
    }

    /// Returns a task.
    pub fn task(&self, id: TaskId) -> Option<&Task> {
        self.tasks.get(&id).map(|task| &**task)
    }

    /// Returns the case that a task stands for.
    pub fn case_of_task(&self, id: TaskId) -> Option<&Case> {
        let case = self.case(self.task(id)?.incident_id)?;
        case.task.as_ref().is_some_and(|task| task.id == id).then_some(case)
    }

    /// Returns the cases that an evidence file belongs to: things that were best seen in one frame share its picture.
    pub fn cases_of_file(&self, file: &str) -> impl Iterator<Item = &Case> {
        self.incidents_of_file.get(file).into_iter().flatten().filter_map(|id| self.cases.get(id))
    }

    /// Number of the last event it knows of.
    pub fn cursor(&self) -> u64 {
        self.cursor
    }
}

fn place(case: &Case) -> Option<Place> {
    let at = case.incident.position.as_ref()?.point.lat_lon;
    Some(Place::new([at.lon_deg, at.lat_deg], case.incident.id))
}
