//! One suite for every store.

use dispatch::{Event, State};
use gis::IncidentState;
use store::{Change, MemoryStore, PostgresStore, SqliteStore, Store, StoreError};

use crate::findings::{run, time};
use crate::server;

pub fn calendar() -> dispatch::Calendar {
    serde_json::from_value(serde_json::json!({
        "timezone": "Asia/Shanghai",
        "office_hours": ["09:00-12:00", "14:00-17:00"],
        "weekend": ["saturday", "sunday"]
    }))
    .unwrap()
}

/// Runs a check on every implementation.
pub fn on_every_store(check: impl Fn(&mut dyn Store)) {
    check(&mut MemoryStore::new());
    let folder = tempfile::tempdir().unwrap();
    check(&mut SqliteStore::open(&folder.path().join("city.db")).unwrap());
    check(&mut PostgresStore::open(&server::fresh_url()).unwrap());
}

#[test]
fn a_new_store_is_empty() {
    on_every_store(|store| {
        assert!(store.schema_version().unwrap() >= 1);
        assert!(store.incidents().unwrap().is_empty());
        assert!(store.open_incidents().unwrap().is_empty());
        assert!(store.tasks().unwrap().is_empty());
        assert!(store.runs().unwrap().is_empty());
        assert!(store.events_after(0, 10).unwrap().is_empty());
    });
}

#[test]
fn what_was_saved_comes_back_as_it_was() {
    on_every_store(|store| {
        let record = run(0..10, Vec::new(), 60);
        let saved = store.save_run(&record).unwrap();
        assert_eq!((saved.incidents_added, saved.tasks_added, saved.observations_added), (3, 2, 30));
        assert_eq!(store.incidents().unwrap(), record.incidents);
        assert_eq!(store.tasks().unwrap(), record.tasks);
        assert_eq!(store.runs().unwrap(), vec![record.run.clone()]);
        for incident in &record.incidents {
            assert_eq!(store.incident(incident.id).unwrap().as_ref(), Some(incident));
            let found = store.observations_of(incident.id).unwrap();
            assert_eq!(found.iter().map(|o| o.id).collect::<Vec<_>>(), incident.observations);
        }
        let task = &record.tasks[0];
        assert_eq!(store.task(task.id).unwrap().as_ref(), Some(task));
    });
}

#[test]
fn analysing_and_saving_the_same_again_changes_nothing_and_makes_no_event() {
    on_every_store(|store| {
        store.save_run(&run(0..10, Vec::new(), 60)).unwrap();
        let (incidents, tasks) = (store.incidents().unwrap(), store.tasks().unwrap());
        let events = store.events_after(0, 100).unwrap();
        let again = run(0..10, incidents.clone(), 3600);
        assert_ne!(again.tasks, tasks, "the second analysis dates its tasks later");
        assert!(store.save_run(&again).unwrap().changed_nothing());
        assert_eq!(store.incidents().unwrap(), incidents);
        assert_eq!(store.tasks().unwrap(), tasks);
        assert_eq!(store.events_after(0, 100).unwrap(), events);
    });
}

#[test]
fn a_further_run_adds_to_known_incidents() {
    on_every_store(|store| {
        store.save_run(&run(0..5, Vec::new(), 60)).unwrap();
        let known = store.incidents().unwrap();
        let saved = store.save_run(&run(5..10, known.clone(), 120)).unwrap();
        assert_eq!((saved.incidents_added, saved.incidents_changed, saved.tasks_added), (0, 3, 0));
        let incidents = store.incidents().unwrap();
        assert_eq!(
            incidents.iter().map(|i| i.id).collect::<Vec<_>>(),
            known.iter().map(|i| i.id).collect::<Vec<_>>()
        );
        assert!(incidents.iter().all(|i| i.observations.len() == 10));
        assert_eq!(store.runs().unwrap().len(), 2);
    });
}

#[test]
fn a_task_that_people_moved_on_is_not_reset_by_another_analysis() {
    on_every_store(|store| {
        let mut record = run(0..10, Vec::new(), 60);
        store.save_run(&record).unwrap();
        let first = record.clone();
        record.tasks[0].apply(Event::Accept, time(90), &calendar()).unwrap();
        let saved = store.save_run(&record).unwrap();
        assert_eq!((saved.tasks_changed, saved.tasks_kept), (1, 0));
        let saved = store.save_run(&first).unwrap();
        assert_eq!((saved.tasks_changed, saved.tasks_kept), (0, 1));
        assert_eq!(store.task(first.tasks[0].id).unwrap().unwrap().state, State::Accepted);
    });
}

#[test]
fn a_task_proposed_again_takes_new_facts_and_keeps_its_times() {
    on_every_store(|store| {
        let record = run(0..10, Vec::new(), 60);
        store.save_run(&record).unwrap();
        let mut again = run(0..10, Vec::new(), 3600);
        again.tasks[0].area_m2 = Some(55.5);
        again.tasks[1].lead = None;
        let saved = store.save_run(&again).unwrap();
        assert_eq!((saved.tasks_changed, saved.tasks_kept), (1, 1));
        let stored = store.task(record.tasks[0].id).unwrap().unwrap();
        assert_eq!((stored.area_m2, stored.created), (Some(55.5), record.tasks[0].created));
        assert_eq!(stored.deadline, record.tasks[0].deadline);
        assert_eq!(store.task(record.tasks[1].id).unwrap().as_ref(), Some(&record.tasks[1]));
    });
}

#[test]
fn every_change_is_an_event_and_a_cursor_goes_on_after_it() {
    on_every_store(|store| {
        let mut record = run(0..10, Vec::new(), 60);
        store.save_run(&record).unwrap();
        let events = store.events_after(0, 100).unwrap();
        assert_eq!(events.len(), 1 + 3 + 2);
        assert_eq!(events.iter().map(|e| e.seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
        assert_eq!(events[0].change, Change::RunAdded { run: record.run.id });
        assert_eq!(events[5].change, Change::TaskAdded { task: record.tasks[1].id });
        assert_eq!(store.events_after(4, 1).unwrap(), events[4..5]);
        record.incidents[0].state = IncidentState::Closed;
        record.saved_at = time(200);
        store.save_run(&record).unwrap();
        let after = store.events_after(6, 100).unwrap();
        assert_eq!(after.len(), 1);
        assert_eq!(after[0].change, Change::IncidentChanged { incident: record.incidents[0].id });
        assert_eq!(after[0].at, time(200));
    });
}

#[test]
fn closed_incidents_are_kept_and_are_not_open() {
    on_every_store(|store| {
        let mut record = run(0..10, Vec::new(), 60);
        record.incidents[1].state = IncidentState::Closed;
        store.save_run(&record).unwrap();
        assert_eq!(store.incidents().unwrap().len(), 3);
        assert_eq!(store.open_incidents().unwrap().len(), 2);
    });
}

#[test]
fn a_record_that_cannot_be_stored_leaves_nothing_behind() {
    on_every_store(|store| {
        let mut orphan = run(0..10, Vec::new(), 60);
        orphan.tasks[1].incident_id = gis::IncidentId(uuid::Uuid::from_u128(99));
        let error = store.save_run(&orphan).unwrap_err();
        assert!(matches!(error, StoreError::MissingIncident { .. }), "{error}");
        assert!(
            error.to_string().ends_with("its incident 00000000-0000-0000-0000-000000000063 is not stored")
        );
        let mut nan = run(0..10, Vec::new(), 60);
        nan.incidents[2].best_score = f64::NAN;
        let error = store.save_run(&nan).unwrap_err();
        assert!(matches!(error, StoreError::NotStorable { what: "incident", .. }), "{error}");
        assert!(store.incidents().unwrap().is_empty() && store.runs().unwrap().is_empty());
        assert!(store.events_after(0, 10).unwrap().is_empty());
        store.save_run(&run(0..10, Vec::new(), 60)).unwrap();
        assert_eq!(store.events_after(0, 10).unwrap()[0].seq, 1);
    });
}
