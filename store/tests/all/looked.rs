//! What later looks at a place make of incidents and tasks, in every store: they are verified, closed and reopened in one transaction with events.

use dispatch::{Event, State, Task};
use gis::dedupe::{DedupeConfig, Deduper, Look};
use gis::{Incident, IncidentState, LatLon};
use jiff::{SignedDuration, Timestamp};
use store::{Batch, Change, RunRecord, SeenFrame, Store};

use crate::city::{a_run, sweeps};
use crate::conformance::{calendar, on_every_store};
use crate::findings::{task, time};

const HOUR: i64 = 3600;

/// A look a second at a spot, `x` showing it.
fn pass(from: i64, pattern: &str) -> Vec<SeenFrame> {
    let spot = sweeps(1, 1, 1).remove(0);
    let frame = |(n, shows): (usize, char)| {
        let secs = from + n as i64;
        let look = Look { time: time(secs), frame_index: secs.unsigned_abs(), ..spot.look.clone() };
        let mut seen = spot.observations.clone();
        seen.retain(|_| shows == 'x');
        for observation in &mut seen {
            observation.id = gis::ObservationId(uuid::Uuid::from_u128(secs.unsigned_abs().into()));
            (observation.time, observation.frame_index) = (look.time, look.frame_index);
        }
        SeenFrame { look, observations: seen }
    };
    pattern.chars().enumerate().map(frame).collect()
}

fn absorb(store: &mut dyn Store, frames: &[SeenFrame], config: &DedupeConfig) -> Vec<Task> {
    let at = frames.last().unwrap().look.time + SignedDuration::from_secs(1);
    store.absorb(&Batch { run: &a_run(), at, config, frames }).unwrap().tasks
}

/// Saves what a run over the frames finds when what is stored is known.
fn save(store: &mut dyn Store, frames: &[SeenFrame], config: &DedupeConfig) -> RunRecord {
    let mut deduper = Deduper::new(config.clone(), store.incidents().unwrap());
    for frame in frames {
        deduper.absorb_frame(&frame.look, frame.observations.clone());
    }
    let record = RunRecord {
        run: a_run(),
        saved_at: frames.last().unwrap().look.time,
        observations: frames.iter().flat_map(|frame| frame.observations.clone()).collect(),
        incidents: deduper.into_incidents(),
        tasks: Vec::new(),
        config: config.clone(),
        looked_at: Vec::new(),
    };
    store.save_run(&record).unwrap();
    record
}

/// A store with one confirmed incident that has a task.
fn begin(store: &mut dyn Store, config: &DedupeConfig) -> (Incident, Task) {
    absorb(store, &pass(0, "xxxxx"), config);
    let incident = store.incidents().unwrap().remove(0);
    assert_eq!(incident.state, IncidentState::Confirmed);
    let task = task(&incident, time(10));
    put(store, &task, config);
    (incident, task)
}

fn put(store: &mut dyn Store, task: &Task, config: &DedupeConfig) {
    let record = RunRecord {
        run: a_run(),
        saved_at: time(20),
        observations: Vec::new(),
        incidents: Vec::new(),
        tasks: vec![task.clone()],
        config: config.clone(),
        looked_at: Vec::new(),
    };
    store.save_run(&record).unwrap();
}

fn finish(store: &mut dyn Store, mut task: Task, at: Timestamp, config: &DedupeConfig) -> Task {
    for event in [Event::Accept, Event::Arrive, Event::Finish] {
        task.apply(event, at, &calendar()).unwrap();
    }
    put(store, &task, config);
    task
}

fn states(store: &dyn Store) -> (IncidentState, State) {
    let incidents = store.incidents().unwrap();
    let standing: Vec<_> = incidents.iter().filter(|incident| incident.merged_into.is_none()).collect();
    assert_eq!(standing.len(), 1, "{incidents:?}");
    let tasks = store.tasks().unwrap();
    assert_eq!(tasks.len(), 1);
    (standing[0].state, tasks[0].state)
}

/// Runs a check on every store, with frames absorbed and with frames saved as runs.
fn either_way(check: impl Fn(&mut dyn Store, &dyn Fn(&mut dyn Store, &[SeenFrame]))) {
    let config = DedupeConfig::default();
    on_every_store(|store| {
        check(store, &|store, frames| {
            absorb(store, frames, &config);
        });
    });
    on_every_store(|store| {
        check(store, &|store, frames| {
            let record = save(store, frames, &config);
            let (incidents, tasks) = (store.incidents().unwrap(), store.tasks().unwrap());
            assert!(store.save_run(&record).unwrap().changed_nothing(), "saved again");
            assert_eq!((store.incidents().unwrap(), store.tasks().unwrap()), (incidents, tasks));
        });
    });
}

#[test]
fn what_is_gone_by_itself_closes_and_its_task_lapses_with_events() {
    either_way(|store, look| {
        begin(store, &DedupeConfig::default());
        look(store, &pass(HOUR, ".........."));
        assert_eq!(states(store), (IncidentState::Confirmed, State::Dispatched));
        let before = store.events_after(0, 1000).unwrap().len() as u64;
        look(store, &pass(2 * HOUR, ".........."));
        assert_eq!(states(store), (IncidentState::Closed, State::Closed));
        let task = store.tasks().unwrap().remove(0);
        let last = task.history.last().unwrap();
        assert!(matches!(&last.event, Event::Lapse { reason } if reason.contains("not there any more")));
        let events = store.events_after(before, 100).unwrap();
        let changed = events.iter().filter(|e| e.change == Change::TaskChanged { task: task.id }).count();
        assert_eq!(changed, 1, "{events:?}");
    });
}

#[test]
fn a_crew_on_its_way_goes_on() {
    either_way(|store, look| {
        let config = DedupeConfig::default();
        let (_, mut task) = begin(store, &config);
        task.apply(Event::Accept, time(30), &calendar()).unwrap();
        task.apply(Event::Depart, time(40), &calendar()).unwrap();
        put(store, &task, &config);
        look(store, &pass(HOUR, ".........."));
        look(store, &pass(2 * HOUR, ".........."));
        assert_eq!(states(store), (IncidentState::Closed, State::EnRoute));
    });
}

#[test]
fn a_re_flight_verifies_and_closes_work_that_is_done() {
    either_way(|store, look| {
        let config = DedupeConfig::default();
        let (incident, task) = begin(store, &config);
        look(store, &pass(60, "xxxxx"));
        finish(store, task, time(600), &config);
        look(store, &pass(700, "..."));
        assert_eq!(states(store), (IncidentState::Confirmed, State::Done), "too few looks");
        look(store, &pass(HOUR, "......."));
        assert_eq!(states(store), (IncidentState::Closed, State::Closed));
        let task = store.tasks().unwrap().remove(0);
        let steps: Vec<State> = task.history.iter().map(|step| step.to).collect();
        assert_eq!(steps[steps.len() - 2..], [State::Verified, State::Closed]);
        let closed = store.incident(incident.id).unwrap().unwrap();
        assert!(closed.may_recur());
        assert!(closed.history.last().unwrap().cause.contains("work done"), "{:?}", closed.history);
        // What is absorbed after it does not open it.
        look(store, &pass(HOUR + 60, "...x"));
        let first = store.incident(incident.id).unwrap().unwrap();
        assert_eq!(first.state, IncidentState::Closed);
    });
}

#[test]
fn a_re_flight_that_still_shows_it_reopens_the_task() {
    either_way(|store, look| {
        let config = DedupeConfig::default();
        let (_, task) = begin(store, &config);
        finish(store, task, time(600), &config);
        look(store, &pass(HOUR, "xx"));
        assert_eq!(states(store), (IncidentState::Confirmed, State::Done));
        look(store, &pass(HOUR + 2, ".xx"));
        assert_eq!(states(store), (IncidentState::Confirmed, State::Reopened));
        let task = store.tasks().unwrap().remove(0);
        assert!(
            matches!(&task.history.last().unwrap().event, Event::Refute { reason } if reason.contains("复飞"))
        );
    });
}

#[test]
fn what_is_back_soon_after_its_end_reopens_with_its_task_and_later_is_new() {
    for (hours, state) in [(10, State::Reopened), (30, State::Closed)] {
        either_way(|store, look| {
            let config = DedupeConfig::default();
            let (incident, task) = begin(store, &config);
            finish(store, task, time(600), &config);
            look(store, &pass(HOUR, "......."));
            assert_eq!(states(store), (IncidentState::Closed, State::Closed));
            look(store, &pass(hours * HOUR, "xxxxx"));
            assert_eq!(store.tasks().unwrap()[0].state, state, "{hours}");
            let again = store.incident(incident.id).unwrap().unwrap();
            assert_eq!(again.is_open(), hours == 10);
            assert_eq!(store.open_incidents().unwrap().len(), 1);
            assert_eq!(store.open_incidents().unwrap()[0].id == incident.id, hours == 10);
        });
    }
}

#[test]
fn ground_that_was_looked_at_is_kept_by_source_and_minute() {
    on_every_store(|store| {
        let config = DedupeConfig::default();
        let frames = pass(0, &".".repeat(130));
        absorb(store, &frames, &config);
        absorb(store, &frames, &config);
        let all = store.footprints(None, Timestamp::MIN).unwrap();
        assert_eq!(all.iter().map(|one| one.looks).sum::<u64>(), 130, "known looks are not counted again");
        assert_eq!(all.len(), 3);
        assert!(all.iter().all(|one| one.rings.len() == 1 && one.rings[0].len() == 4));
        assert_eq!(store.footprints(None, time(125)).unwrap().len(), 1);
        let bounds = all[0].bounds().unwrap();
        assert_eq!(store.footprints(Some(bounds), Timestamp::MIN).unwrap().len(), 3);
        let (south_deg, north_deg) = (bounds.north_deg + 0.1, bounds.north_deg + 0.2);
        let away = gis::dedupe::neighbourhood::Bounds { south_deg, north_deg, ..bounds };
        assert!(store.footprints(Some(away), Timestamp::MIN).unwrap().is_empty());
        assert!(bounds.contains(LatLon { lat_deg: bounds.south_deg, lon_deg: bounds.west_deg }));
        let retention = store::Retention { looked_at_days: 1, ..store::Retention::default() };
        let later = time(200) + SignedDuration::from_hours(24);
        assert_eq!(store.prune(&retention, later).unwrap().looked_at, 3);
        assert!(store.footprints(None, Timestamp::MIN).unwrap().is_empty());
    });
}

#[test]
fn a_run_keeps_the_ground_it_looked_at_once() {
    on_every_store(|store| {
        let frames = pass(0, "......");
        let looked_at = frames.iter().filter_map(|frame| gis::dedupe::LookedAt::of(&frame.look));
        let looked_at = gis::dedupe::together(Vec::new(), looked_at);
        let record = RunRecord { looked_at, ..save(store, &frames, &DedupeConfig::default()) };
        assert_eq!(store.save_run(&record).unwrap().looked_at, 1);
        assert!(store.save_run(&record).unwrap().changed_nothing());
        assert_eq!(store.footprints(None, Timestamp::MIN).unwrap(), record.looked_at);
    });
}

#[test]
fn one_answer_to_a_group_is_one_operation_that_can_be_taken_back() {
    let town = crate::town::Town::new();
    on_every_store(|store| {
        let mut record = crate::findings::run(0..10, Vec::new(), 60);
        for task in &mut record.tasks {
            (task.state, task.history) = (State::Proposed, Vec::new());
        }
        store.save_run(&record).unwrap();
        let tasks: Vec<_> = record.tasks.iter().map(|task| task.id).collect();
        let reject = dispatch::casework::Act::Many { tasks, step: dispatch::casework::Step::Reject };
        let operation = |what| store::Operation {
            actor: "wang".to_owned(),
            reason: "dirty lens".to_owned(),
            what,
            expected: Vec::new(),
        };
        let done = store.operate(&operation(store::What::Act(reject)), &town.desk(), time(100)).unwrap();
        assert_eq!(done.tasks.len(), 2);
        assert!(store.tasks().unwrap().iter().all(|task| task.state == State::Rejected));
        let subject = store::Subject::Task(record.tasks[1].id);
        store.operate(&operation(store::What::Undo(subject)), &town.desk(), time(200)).unwrap();
        assert_eq!(store.tasks().unwrap(), record.tasks);
    });
}
