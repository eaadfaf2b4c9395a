//! Many alarms of one cause are one question, and reviews are learnt from within bounds.

use dispatch::casework::{Act, Case, Desk, Step, act};
use dispatch::flood::{Cause, FloodConfig, groups, hold, reviews};
use dispatch::{Event, PersonNeeded, State, Task, task_for};
use gis::dedupe::by_person::ByPerson;
use gis::dedupe::{Counts, DedupeConfig, h3_cell_of};
use gis::{Incident, IncidentId, ObservationId, OperationId};
use jiff::SignedDuration;
use uuid::Uuid;

use crate::scene::{at, departments, incident, position, shipped_rules, time, town};

/// Incidents whose first sightings follow each other, each with its task.
fn burst(count: usize, every_secs: i64, sources: &[&str]) -> (Vec<Incident>, Vec<Task>) {
    let (zones, rules) = (town(), shipped_rules());
    let one = |n: usize| {
        let place = position(at(-900.0 + 40.0 * n as f64, 100.0), 1.0);
        let first_seen = time("2026-06-22T09:00:00+08:00") + SignedDuration::from_secs(every_secs * n as i64);
        let observation = ObservationId(Uuid::from_u128(n as u128 + 1));
        Incident {
            id: IncidentId::from_first_sighting("waterlogging", observation, first_seen),
            first_seen,
            last_seen: first_seen,
            sources: vec![sources[n % sources.len()].to_owned()],
            cell: h3_cell_of(place.point.lat_lon),
            ..incident("waterlogging", Some(place), Some(60.0))
        }
    };
    let incidents: Vec<Incident> = (0..count).map(one).collect();
    let task = |i: &Incident| task_for(i, &zones, &rules, Vec::new(), i.first_seen).unwrap();
    let tasks = incidents.iter().map(task).collect();
    (incidents, tasks)
}

#[test]
fn a_dirty_lens_is_one_question_about_one_source() {
    let (incidents, mut tasks) = burst(9, 20, &["camera-7"]);
    assert!(tasks.iter().all(|task| task.state == State::Dispatched));
    let found = hold(&mut tasks, &[], &incidents, &shipped_rules(), &FloodConfig::default());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].cause, Cause::Source { source: "camera-7".to_owned() });
    assert_eq!((found[0].tasks.len(), found[0].waiting.len()), (9, 9));
    assert!(found[0].cause_zh.contains("镜头脏污") && found[0].cause_en.contains("dirty lens"));
    for task in &tasks {
        assert_eq!((task.state, task.history.len()), (State::Proposed, 0));
        assert_eq!(task.routing.person_needed, Some(PersonNeeded::OneOfMany));
    }
}

#[test]
fn rain_over_a_district_is_one_question_and_scattered_finds_are_none() {
    let sources = ["uav-1", "uav-2", "camera-1", "camera-2"];
    let (incidents, tasks) = burst(24, 300, &sources);
    let found = groups(&incidents, &tasks, &shipped_rules(), &FloodConfig::default());
    assert_eq!(found.len(), 1);
    let code = "district".to_owned();
    assert_eq!(found[0].cause, Cause::District { code, class: "waterlogging".to_owned() });
    assert!(found[0].cause_zh.starts_with("柯城区在 115 分钟内新报积水 24 处"), "{}", found[0].cause_zh);
    assert!(found[0].waiting.is_empty(), "they were sent out before");
    let (incidents, tasks) = burst(24, 1200, &sources);
    assert!(groups(&incidents, &tasks, &shipped_rules(), &FloodConfig::default()).is_empty());
}

#[test]
fn a_group_keeps_its_id_while_it_grows_and_what_is_known_stays_held() {
    let config = FloodConfig::default();
    let (incidents, tasks) = burst(12, 20, &["camera-7"]);
    let mut first = tasks[..9].to_vec();
    let before = hold(&mut first, &[], &incidents, &shipped_rules(), &config);
    let mut all = tasks.clone();
    let after = hold(&mut all, &first, &incidents, &shipped_rules(), &config);
    assert_eq!(before[0].id, after[0].id);
    assert_eq!(after[0].waiting.len(), 12);
    // Made anew when the burst is over, what waited before still waits.
    let mut again = tasks[..2].to_vec();
    assert!(hold(&mut again, &first, &incidents, &shipped_rules(), &config).is_empty());
    assert!(again.iter().all(|task| task.state == State::Proposed));
}

#[test]
fn one_answer_moves_all_that_allow_it() {
    let (incidents, mut tasks) = burst(9, 20, &["camera-7"]);
    hold(&mut tasks, &[], &incidents, &shipped_rules(), &FloodConfig::default());
    let now = time("2026-06-22T10:00:00+08:00");
    tasks[4].apply(Event::Confirm, now, &shipped_rules().calendar).unwrap();
    let (zones, rules, departments, dedupe) =
        (town(), shipped_rules(), departments(), DedupeConfig::default());
    let desk = Desk { dedupe: &dedupe, zones: &zones, rules: &rules, departments: &departments };
    let by = ByPerson { operation: OperationId(1), actor: "wang", reason: "rain", at: now };
    let case = Case { incidents, tasks: tasks.clone(), observations: Vec::new() };
    let ids: Vec<_> = tasks.iter().map(|task| task.id).collect();
    let confirm = Act::Many { tasks: ids.clone(), step: Step::Confirm };
    let done = act(&confirm, &case, &desk, &by).unwrap();
    assert_eq!((done.tasks.len(), done.remarks.len()), (8, 1));
    assert!(done.tasks.iter().all(|task| task.state == State::Dispatched));
    let reject = Act::Many { tasks: ids.clone(), step: Step::Reject };
    assert_eq!(act(&reject, &case, &desk, &by).unwrap().tasks.len(), 9);
    let finish = Act::Many { tasks: ids, step: Step::Finish };
    assert!(act(&finish, &case, &desk, &by).is_err());
}

#[test]
fn reviews_are_counted_by_source_and_bounded() {
    let (incidents, mut tasks) = burst(10, 20, &["camera-7"]);
    let reason = "reflection".to_owned();
    for task in &mut tasks {
        let event = Event::Reject { reason: reason.clone() };
        task.apply(event, time("2026-06-22T10:00:00+08:00"), &shipped_rules().calendar).unwrap();
    }
    let learnt = reviews(&incidents, &tasks);
    assert_eq!(learnt.of_source("waterlogging", "camera-7"), Counts { real: 0, none: 10 });
    assert_eq!(learnt.of_source("fume", "camera-7"), Counts::default());
    let mut many = learnt.clone();
    (0..10_000).for_each(|_| many.add(&incidents[0], false));
    let nats = |of: &gis::dedupe::Reviews| of.nats(&incidents[0], 0.5);
    assert!(nats(&learnt) < -0.5 && nats(&many) < nats(&learnt));
    assert!(nats(&many) >= -2.0, "two more looks make up for it: {}", nats(&many));
    // What the router sent out by itself is no review.
    let (incidents, tasks) = burst(5, 20, &["camera-7"]);
    assert_eq!(reviews(&incidents, &tasks).of_source("waterlogging", "camera-7"), Counts::default());
}

#[test]
fn values_that_cannot_be_are_told_with_their_key() {
    let wrong = FloodConfig { of_source: 1, of_district_within_secs: f64::NAN, ..FloodConfig::default() };
    let keys: Vec<_> = wrong.validate().into_iter().map(|problem| problem.key).collect();
    assert_eq!(keys, ["of_source", "of_district_within_secs"]);
    assert!(FloodConfig::default().validate().is_empty());
}
