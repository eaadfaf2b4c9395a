//! The one writer of a server: absorbs frames into the store, keeps the best stills, and makes tasks of what is confirmed.
//!
//! A task is made when its incident is confirmed. Its evidence and its position are brought up to date when the incident has
//! been quiet for a while, and at the end; what people did to it meanwhile stays.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, RecvTimeoutError};
use dispatch::propose::propose;
use dispatch::{EvidenceKind, NotProposed, PersonNeeded, Task, task_in_context};
use gis::dedupe::DedupeConfig;
use gis::{Absorbed, AbsorbedKind, Incident, IncidentId, IncidentState, Look, Observation};
use pipeline::camera::FrameCamera;
use pipeline::{Frame, Seen};
use sha2::{Digest, Sha256};
use store::{
    AbsorbedBatch, Intake, IntakeConfig, Pumped, Run, RunId, RunRecord, SeenFrame, Store, StoreError,
};
use uuid::Uuid;

use super::clips::Clips;
use super::status::SourceStatus;
use crate::clock;
use crate::evidence::{Keeper, Shelf, Sighting};
use crate::serve::App;
use crate::serve::board::Case;
use crate::serve::reported::is_reported;
use crate::serve::traces::{FrameSpan, Span, Spell};

/// Frames between the sources and the writer at most; a source waits when they are full, a live one drops its oldest then.
pub const ARRIVALS: usize = 32;
/// Frames with findings whose pictures wait for the store at most; beyond it the oldest loses its picture.
const STILLS_WAITING: usize = 64;
/// An incident that nothing was added to for this long gets its task brought up to date.
const QUIET: Duration = Duration::from_secs(4);
/// One that never gets quiet, after this long.
const LONGEST: Duration = Duration::from_secs(20);
const TICK: Duration = Duration::from_millis(100);

/// A frame on its way from a source to the store.
pub struct Arrived {
    /// State of its source.
    pub status: Arc<SourceStatus>,
    /// Address of its source, secrets masked.
    pub uri: String,
    /// What was looked at.
    pub look: Look,
    /// What was seen.
    pub observations: Vec<Observation>,
    /// The picture, when something was seen.
    pub still: Option<Still>,
}

/// A picture with what was seen in it.
pub struct Still {
    /// The frame.
    pub frame: Frame,
    /// In the order of the observations.
    pub seen: Vec<Seen>,
    /// The camera, where known.
    pub camera: Option<FrameCamera>,
    /// When the models began with it and when they were done.
    pub looked_at: (Instant, Instant),
}

struct Dirty {
    since: Instant,
    last: Instant,
    incident: Incident,
}

/// Writes what the sources of a server see.
pub struct Writer {
    app: Arc<App>,
    store: Box<dyn Store>,
    dedupe: DedupeConfig,
    evidence_folder: PathBuf,
    intake: Intake,
    stills: VecDeque<(String, u64, Still)>,
    statuses: BTreeMap<String, Arc<SourceStatus>>,
    keeper: Keeper,
    clips: Clips,
    dirty: BTreeMap<IncidentId, Dirty>,
    /// Tasks are not made before this: the store could not take the last ones.
    tasks_from: Option<Instant>,
    run: Run,
}

impl Writer {
    /// Returns a writer with a store of its own.
    pub fn new(app: Arc<App>, store: Box<dyn Store>, dedupe: DedupeConfig, evidence_folder: PathBuf) -> Self {
        let clips = Clips::start(&app);
        Self {
            app,
            store,
            dedupe,
            evidence_folder,
            intake: Intake::new(IntakeConfig::default()),
            stills: VecDeque::new(),
            statuses: BTreeMap::new(),
            keeper: Keeper::default(),
            clips,
            dirty: BTreeMap::new(),
            tasks_from: None,
            run: run_of("", ""),
        }
    }

    /// Writes until all senders are gone and everything is stored.
    pub fn write_all(mut self, arrivals: &Receiver<Arrived>) {
        self.take_up_what_waits();
        loop {
            match arrivals.recv_timeout(TICK) {
                Ok(arrived) => self.take(arrived),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.pump();
            self.take_clips();
            if self.settle(false) {
                self.app.catch_up();
            }
        }
        // What is left after a fault of the store is told, not waited for: the process is to end.
        while matches!(self.pump(), Some(Progress::Made)) {}
        if self.intake.waiting() > 0 {
            tracing::error!(
                "{} frames were not stored: the store could not be written",
                self.intake.waiting()
            );
        }
        self.settle(true);
        self.clips.finish();
        self.take_clips();
        self.settle(true);
    }

    /// Incidents that were confirmed and got no task before the server ended, killed or with a full disk, get it now.
    fn take_up_what_waits(&mut self) {
        let waits = |case: &&Case| case.task.is_none() && case.incident.state == IncidentState::Confirmed;
        let ids: Vec<IncidentId> =
            self.app.board().cases().filter(waits).map(|case| case.incident.id).collect();
        let now = Instant::now();
        for id in ids {
            match self.store.incident(id) {
                Ok(Some(incident)) => {
                    self.dirty.insert(id, Dirty { since: now, last: now, incident });
                }
                Ok(None) => {}
                Err(error) => tracing::warn!("incident {id} has no task yet: {error}"),
            }
        }
    }

    /// Brings the tasks up to date whose clips are ready.
    fn take_clips(&mut self) {
        for id in self.clips.ready() {
            let known = self.app.board().case(id).map(|case| case.incident.clone());
            if let (Some(incident), false) = (known, self.dirty.contains_key(&id)) {
                let now = Instant::now();
                self.dirty.insert(id, Dirty { since: now, last: now, incident });
            }
        }
    }

    fn take(&mut self, arrived: Arrived) {
        let Arrived { status, uri, look, observations, still } = arrived;
        if !self.statuses.contains_key(&look.source) {
            self.run = run_of(&look.source, &uri);
        }
        self.statuses.insert(look.source.clone(), status);
        if let Some(still) = still {
            self.stills.push_back((look.source.clone(), look.frame_index, still));
            if self.stills.len() > STILLS_WAITING
                && let Some((source, frame, _)) = self.stills.pop_front()
            {
                tracing::warn!("frame {frame} of {source} lost its picture: too many wait for the store");
            }
        }
        if let Some(lost) = self.intake.offer(SeenFrame { look, observations }) {
            let Look { source, frame_index, .. } = lost.look;
            tracing::warn!("frame {frame_index} of {source} was let go: too many wait for the store");
        }
    }

    fn pump(&mut self) -> Option<Progress> {
        let begun = Instant::now();
        match self.intake.pump(self.store.as_mut(), &self.run, &self.dedupe, clock::now()) {
            Pumped::Absorbed { frames, batch } => {
                self.absorbed(&frames, batch, Spell::since(begun));
                self.tell_store_error(None);
                Some(Progress::Made)
            }
            Pumped::Failed { error, .. } => {
                tracing::warn!("cannot store frames yet: {error}");
                self.tell_store_error(Some(&error.to_string()));
                None
            }
            Pumped::Refused { frame, error } => {
                tracing::error!(
                    "frame {} of {} cannot be stored: {error}",
                    frame.look.frame_index,
                    frame.look.source
                );
                Some(Progress::Made)
            }
            _ => None,
        }
    }

    fn tell_store_error(&self, error: Option<&str>) {
        self.app.trouble.of_store(error.map(str::to_owned));
        for status in self.statuses.values() {
            status.store_error(error.map(str::to_owned));
        }
    }

    fn absorbed(&mut self, frames: &[SeenFrame], batch: AbsorbedBatch, absorb: Spell) {
        let mut last_frames = BTreeMap::new();
        for (frame, outcomes) in frames.iter().zip(&batch.outcomes) {
            let (source, index) = (&frame.look.source, frame.look.frame_index);
            let Some(at) = self.stills.iter().position(|(s, i, _)| s == source && *i == index) else {
                continue;
            };
            let Some((_, _, still)) = self.stills.remove(at) else { continue };
            if self.app.traces().is_on() {
                self.trace(&span_of(&frame.look, &still, absorb), outcomes, &mut last_frames);
            }
            for done in outcomes.iter().filter(|done| done.kind != AbsorbedKind::Known) {
                let found =
                    frame.observations.iter().zip(&still.seen).find(|(o, _)| o.id == done.observation);
                let (Some((observation, seen)), Some(incident)) = (found, done.incident) else { continue };
                let camera = still.camera.as_ref();
                let sighting = Sighting { frame: &still.frame, seen, observation, camera };
                if let Err(error) = self.keeper.offer(incident, &sighting) {
                    tracing::error!("{error}");
                }
            }
        }
        let now = Instant::now();
        let mut fresh = Vec::new();
        for incident in batch.changed {
            if let Some(into) = incident.merged_into {
                self.keeper.merged(incident.id, into);
            }
            if incident.state == IncidentState::Confirmed && self.app.task_of(incident.id).is_none() {
                fresh.push(incident.clone());
            }
            let dirty = Dirty { since: now, last: now, incident };
            self.dirty
                .entry(dirty.incident.id)
                .and_modify(|old| (old.last, old.incident) = (now, dirty.incident.clone()))
                .or_insert(dirty);
        }
        // The frame that made an incident sure, unless it is the one that it began with.
        for (incident, frame) in fresh.iter().filter_map(|one| Some((one.id, last_frames.get(&one.id)?))) {
            if !self.was_sure(incident) {
                self.app.traces().frame(incident, frame, false);
            }
        }
        self.propose(&fresh);
        self.app.catch_up();
    }

    /// Tells whether an incident was believed before what was absorbed last.
    fn was_sure(&self, incident: IncidentId) -> bool {
        self.app.board().case(incident).is_some_and(|case| case.incident.state == IncidentState::Confirmed)
    }

    /// Tells of a frame that incidents began with, and remembers it for those that it may have made sure.
    fn trace(
        &self,
        frame: &FrameSpan,
        outcomes: &[Absorbed],
        last_frames: &mut BTreeMap<IncidentId, FrameSpan>,
    ) {
        for done in outcomes {
            match (done.incident, done.kind) {
                (Some(incident), AbsorbedKind::New) => self.app.traces().frame(incident, frame, true),
                (Some(incident), AbsorbedKind::Joined) => {
                    last_frames.insert(incident, frame.clone());
                }
                _ => {}
            }
        }
    }

    /// Brings the tasks of incidents up to date that are quiet, or all; tells whether there were any.
    fn settle(&mut self, all: bool) -> bool {
        let now = Instant::now();
        if !all && self.tasks_from.is_some_and(|from| now < from) {
            return false;
        }
        let due = |dirty: &Dirty| {
            all || now.duration_since(dirty.last) >= QUIET || now.duration_since(dirty.since) >= LONGEST
        };
        let ids: Vec<IncidentId> =
            self.dirty.iter().filter(|(_, dirty)| due(dirty)).map(|(id, _)| *id).collect();
        let incidents: Vec<Incident> =
            ids.iter().filter_map(|id| self.dirty.remove(id)).map(|dirty| dirty.incident).collect();
        for incident in incidents.iter().filter(|one| one.state == IncidentState::Confirmed) {
            self.clips.want(incident, &self.statuses);
        }
        if !self.propose(&incidents) {
            // What could not be stored is tried again, with what was seen of it meanwhile; not at once, as its pictures are drawn anew.
            self.tasks_from = Some(now + LONGEST);
            for incident in incidents {
                self.dirty.entry(incident.id).or_insert(Dirty { since: now, last: now, incident });
            }
            return false;
        }
        self.tasks_from = None;
        !incidents.is_empty()
    }

    /// Makes the tasks of incidents or brings them up to date; tells whether they were stored.
    fn propose(&mut self, incidents: &[Incident]) -> bool {
        let begun = Instant::now();
        let confirmed = incidents.iter().filter(|i| i.state == IncidentState::Confirmed);
        let tasks: Vec<Task> = confirmed.filter_map(|incident| self.task(incident)).collect();
        let new = |task: &&Task| self.app.traces().is_on() && self.app.task_of(task.incident_id).is_none();
        let made: Vec<_> =
            tasks.iter().filter(new).map(|task| (task.incident_id, span_of_task(task))).collect();
        let let_go = match self.save(tasks) {
            Ok(let_go) => let_go,
            Err(error) => {
                tracing::error!("cannot store tasks yet, they are made again: {error}");
                self.tell_store_error(Some(&error.to_string()));
                return false;
            }
        };
        for (incident, span) in made.into_iter().filter(|(incident, _)| !let_go.contains(incident)) {
            self.app.traces().later(incident, span(Spell::since(begun)));
        }
        if self.intake.waiting() == 0 {
            self.tell_store_error(None);
        }
        true
    }

    /// Stores tasks, all at once. One that can never be stored is let go, with the reason in the log, so that the others are; returns the
    /// incidents of such.
    fn save(&mut self, tasks: Vec<Task>) -> Result<Vec<IncidentId>, StoreError> {
        if tasks.is_empty() {
            return Ok(Vec::new());
        }
        let record = RunRecord {
            run: self.run.clone(),
            saved_at: clock::now(),
            observations: Vec::new(),
            incidents: Vec::new(),
            tasks,
            config: self.dedupe.clone(),
            looked_at: Vec::new(),
        };
        match self.store.save_run(&record) {
            Err(StoreError::NotStorable { what, id }) if record.tasks.len() == 1 => {
                tracing::error!("a task is let go, {what} {id} can never be stored: a value is not finite");
                Ok(record.tasks.iter().map(|task| task.incident_id).collect())
            }
            Err(StoreError::NotStorable { .. }) => {
                let each = record.tasks.into_iter().map(|task| self.save(vec![task]));
                Ok(each.collect::<Result<Vec<_>, _>>()?.concat())
            }
            other => other.map(|_| Vec::new()),
        }
    }

    fn task(&self, incident: &Incident) -> Option<Task> {
        let known = self.app.task_of(incident.id);
        let city = &self.app.city;
        let shelf = Shelf { folder: &self.evidence_folder, rooms: Some(&self.app.rooms) };
        let stills = self.keeper.write(incident.id, shelf).unwrap_or_else(|error| {
            tracing::error!("{error}");
            Vec::new()
        });
        let mut stills = match &known {
            Some(task) if stills.is_empty() => task.evidence.clone(),
            _ => stills,
        };
        let known_clip =
            || known.as_ref()?.evidence.iter().find(|one| one.kind == EvidenceKind::Clip).cloned();
        if !stills.iter().any(|one| one.kind == EvidenceKind::Clip) {
            stills.extend(self.clips.of(incident.id).or_else(known_clip));
        }
        let since = known.as_ref().map_or_else(clock::now, |task| task.created);
        let made = task_in_context(incident, &city.zones, &city.context, &city.rules, stills, since);
        let made = made.and_then(|task| {
            if self.app.review_first || is_reported(incident) {
                self.for_review(incident, task)
            } else {
                Ok(task)
            }
        });
        match made {
            Ok(new) => Some(Task { id: known.map_or(new.id, |task| task.id), ..new }),
            Err(reason) => {
                tracing::info!("no task: {reason}");
                None
            }
        }
    }
}

impl Writer {
    /// The same task, not sent out before a person has looked.
    fn for_review(&self, incident: &Incident, task: Task) -> Result<Task, NotProposed> {
        let Task { mut routing, evidence, created, .. } = task;
        routing.person_needed = routing.person_needed.or(Some(PersonNeeded::Review));
        propose(incident, routing, &self.app.city.rules, evidence, created)
    }
}

fn span_of(look: &Look, still: &Still, absorb: Spell) -> FrameSpan {
    let (begun, ended) = still.looked_at;
    FrameSpan {
        source: look.source.clone(),
        number: look.frame_index,
        captured: look.time.to_string(),
        detect: Spell { begun, ended },
        absorb,
    }
}

/// Returns what is to be told of a new task once it is stored.
fn span_of_task(task: &Task) -> impl FnOnce(Spell) -> Span + use<> {
    let (id, lead) = (task.id.to_string(), task.lead.as_ref().map(|lead| lead.0.clone()));
    let state = task.state.name();
    move |spell| {
        let span = Span::new("task", spell).with("flyonce.task", id).with("flyonce.state", state);
        match lead {
            Some(lead) => span.with("flyonce.department", lead),
            None => span,
        }
    }
}

enum Progress {
    Made,
}

/// The run of a source: the same source always gives the same.
///
/// # References
/// RFC 9562 (2024), section 5.8: UUIDv8 out of a SHA-256.
fn run_of(source: &str, uri: &str) -> Run {
    let digest = Sha256::new().chain_update(b"serve\0").chain_update(source).chain_update(uri).finalize();
    let mut bytes = [0; 16];
    for (byte, from) in bytes.iter_mut().zip(digest) {
        *byte = from;
    }
    let id = RunId(Uuid::new_v8(bytes));
    Run { id, inputs: vec![uri.to_owned()], frames: 0, analysed_frames: 0, detections: 0 }
}
