//! Closed incidents are put away in bounded steps, in every store.

use std::collections::BTreeMap;

use dispatch::State;
use gis::IncidentState;
use jiff::SignedDuration;
use store::{Pruned, Retention};

use crate::conformance::on_every_store;
use crate::findings::{run, time};

#[test]
fn closed_incidents_go_with_their_observations_and_ended_tasks_and_events_stay() {
    on_every_store(|store| {
        let mut record = run(0..10, Vec::new(), 60);
        record.incidents.iter_mut().for_each(|incident| incident.state = IncidentState::Closed);
        record.tasks[0].state = State::Closed;
        store.save_run(&record).unwrap();
        let events = store.events_after(0, 100).unwrap();
        let retention = Retention { any_class_days: 30, incidents_a_step: 1, ..Retention::default() };
        let day = |days: i64| time(9) + SignedDuration::from_hours(24 * days);
        assert_eq!(store.prune(&retention, day(30)).unwrap(), Pruned::default());
        // The second incident has a task that is not over.
        let mut steps = Vec::new();
        while steps.last().is_none_or(|step: &Pruned| step.more) {
            steps.push(store.prune(&retention, day(31)).unwrap());
        }
        let sum = |value: fn(&Pruned) -> usize| steps.iter().map(value).sum::<usize>();
        assert_eq!((sum(|s| s.incidents), sum(|s| s.observations), sum(|s| s.tasks)), (2, 20, 1));
        assert!(steps.iter().all(|step| step.incidents <= 1));
        let left = store.incidents().unwrap();
        assert_eq!((left.len(), left[0].id), (1, record.tasks[1].incident_id));
        assert_eq!(store.observations_of(left[0].id).unwrap().len(), 10);
        assert_eq!(store.tasks().unwrap().len(), 1);
        assert_eq!(store.events_after(0, 100).unwrap(), events);
    });
}

#[test]
fn open_incidents_stay_and_a_class_may_stay_longer() {
    on_every_store(|store| {
        let mut record = run(0..10, Vec::new(), 60);
        record.tasks.clear();
        record.incidents[0].state = IncidentState::Closed;
        store.save_run(&record).unwrap();
        let classes_days = BTreeMap::from([("waterlogging".to_owned(), 400)]);
        let retention = Retention { any_class_days: 1, classes_days, ..Retention::default() };
        let now = time(9) + SignedDuration::from_hours(24 * 390);
        assert_eq!(store.prune(&retention, now).unwrap(), Pruned::default());
        let now = now + SignedDuration::from_hours(24 * 20);
        assert_eq!(store.prune(&retention, now).unwrap().incidents, 1);
        assert_eq!(store.incidents().unwrap().len(), 2);
    });
}
