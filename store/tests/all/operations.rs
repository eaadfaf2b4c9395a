//! What people do to incidents and tasks, on every store.

use std::collections::BTreeSet;

use dispatch::casework::{Act, Step};
use dispatch::{State, Task};
use gis::{Incident, IncidentState};
use store::{Change, Expected, Operation, Store, StoreError, Subject, What};

use crate::conformance::on_every_store;
use crate::findings::run;
use crate::town::{Town, at, everything, incident, log, merge, refusal, split, task};

fn with_findings(check: impl Fn(&mut dyn Store, &Town)) {
    let town = Town::new();
    on_every_store(|store| {
        store.save_run(&run(0..10, Vec::new(), 60)).unwrap();
        check(store, &town);
    });
}

#[test]
fn merged_incidents_are_one_with_one_task_and_everything_is_recorded() {
    with_findings(|store, town| {
        let (incidents, tasks) = everything(store);
        let cursor = store.events_after(0, 100).unwrap().len() as u64;
        let done = town.act(store, merge(&[&incidents[1], &incidents[0]]), 100).unwrap();
        let kept = incident(store, incidents[0].id);
        let other = incident(store, incidents[1].id);
        assert_eq!(kept.observations.len(), 20);
        assert_eq!((kept.state, kept.sightings), (IncidentState::Confirmed, 10));
        assert_eq!((other.state, other.merged_into), (IncidentState::Closed, Some(kept.id)));
        assert_eq!(store.observations_of(kept.id).unwrap().len(), 20);
        assert!(store.observations_of(other.id).unwrap().is_empty());
        let last = &kept.history.last().unwrap();
        assert_eq!(last.cause, format!("took over incident {} by Li: seen on the spot", other.id));
        let states: Vec<State> = tasks.iter().map(|t| task(store, t.id).state).collect();
        assert!(states.contains(&State::Merged) && states.contains(&State::Dispatched), "{states:?}");
        let events = store.events_after(cursor, 100).unwrap();
        assert_eq!(events.len(), 5, "{events:?}");
        let Change::Operated { name, actor, before, after, .. } = &events[0].change else {
            unreachable!("{:?}", events[0])
        };
        assert_eq!((name.as_str(), actor.as_str(), before.len()), ("merge", "Li", 2));
        assert_eq!(after, &[kept.id]);
        assert!(events.iter().all(|event| event.operation == Some(done.id) && event.run.is_none()));
        assert_eq!(log(store, other.id)[0].at, at(100));
    });
}

#[test]
fn pages_give_every_incident_and_task_once_and_the_last_operation_and_event_of_all() {
    with_findings(|store, town| {
        let (incidents, _) = everything(store);
        assert!(store.last_operations().unwrap().is_empty());
        let done = town.act(store, merge(&[&incidents[1], &incidents[0]]), 100).unwrap();
        let (mut incidents, mut tasks) = everything(store);
        for incident in &mut incidents {
            incident.observations.clear();
        }
        incidents.sort_by_key(|incident| incident.id);
        tasks.sort_by_key(|task| task.id);
        let (mut paged, mut paged_tasks) = (Vec::new(), Vec::new());
        while let [incident] = &store.incidents_after(paged.last().map(|i: &Incident| i.id), 1).unwrap()[..] {
            paged.push(incident.clone());
        }
        while let [task] = &store.tasks_after(paged_tasks.last().map(|t: &Task| t.id), 1).unwrap()[..] {
            paged_tasks.push(task.clone());
        }
        assert_eq!((paged, paged_tasks), (incidents, tasks));
        let last = store.last_operations().unwrap();
        let subjects = log(store, done.incidents[0].id)[0].subjects();
        assert_eq!(last.keys().copied().collect::<BTreeSet<_>>(), subjects.iter().map(|s| s.id()).collect());
        assert!(last.values().all(|operation| *operation == done.id));
        assert_eq!(store.last_event().unwrap(), store.events_after(0, 100).unwrap().last().unwrap().seq);
    });
}

#[test]
fn a_task_of_the_younger_incident_goes_over_to_the_older() {
    with_findings(|store, town| {
        let (incidents, tasks) = everything(store);
        let of = |i: usize| tasks.iter().find(|task| task.incident_id == incidents[i].id).unwrap().id;
        town.step(store, of(1), Step::Accept).unwrap();
        town.act(store, merge(&[&incidents[0], &incidents[1]]), 600).unwrap();
        let (own, moved) = (task(store, of(0)), task(store, of(1)));
        assert_eq!((own.state, moved.state), (State::Merged, State::Accepted));
        assert_eq!(moved.incident_id, incidents[0].id);
    });
}

#[test]
fn split_observations_begin_an_incident_with_a_proposal_and_stay_apart() {
    with_findings(|store, town| {
        let (incidents, tasks) = everything(store);
        town.act(store, split(&incidents[0]), 100).unwrap();
        let (after, tasks_after) = everything(store);
        assert_eq!((after.len(), tasks_after.len()), (incidents.len() + 1, tasks.len() + 1));
        let new = after.iter().find(|i| incidents.iter().all(|old| old.id != i.id)).unwrap();
        let kept = incident(store, incidents[0].id);
        assert_eq!((kept.observations.len(), new.observations.len()), (5, 5));
        assert!(kept.is_apart_from(new) && new.is_apart_from(&kept));
        assert_eq!(new.state, IncidentState::Confirmed);
        let proposal = tasks_after.iter().find(|task| task.incident_id == new.id).unwrap();
        assert_eq!((proposal.state, proposal.lead.is_some()), (State::Proposed, true));
    });
}

#[test]
fn rejecting_closing_and_reopening_takes_the_task_along() {
    with_findings(|store, town| {
        let (incidents, tasks) = everything(store);
        let id = incidents[0].id;
        let of = tasks.iter().find(|task| task.incident_id == id).unwrap().id;
        town.act(store, Act::Reject { incident: id }, 100).unwrap();
        assert_eq!(
            (incident(store, id).state, task(store, of).state),
            (IncidentState::Closed, State::Rejected)
        );
        town.act(store, Act::Reopen { incident: id }, 200).unwrap();
        assert_eq!(
            (incident(store, id).state, task(store, of).state),
            (IncidentState::Confirmed, State::Reopened)
        );
        let words = refusal(town.act(store, Act::Close { incident: id }, 300));
        assert!(words.ends_with("which is reopened: verify, close or reject that first"), "{words}");
        let department = "health".into();
        for step in [
            Step::Reassign { department },
            Step::Accept,
            Step::Depart,
            Step::Arrive,
            Step::Finish,
            Step::Verify,
            Step::Close,
        ] {
            town.step(store, of, step).unwrap();
        }
        assert_eq!(task(store, of).lead, Some("health".into()));
        assert_eq!(incident(store, id).state, IncidentState::Closed);
        town.step(store, of, Step::Reopen).unwrap();
        assert_eq!(incident(store, id).state, IncidentState::Confirmed);
    });
}

#[test]
fn a_task_goes_to_another_department_with_its_clock_started_anew() {
    with_findings(|store, town| {
        let id = store.tasks().unwrap()[0].id;
        town.step(store, id, Step::Reassign { department: "water_resources".into() }).unwrap();
        assert_eq!(task(store, id).lead, Some("water_resources".into()));
        let again = town.step(store, id, Step::Reassign { department: "water_resources".into() });
        assert!(refusal(again).ends_with("is with water_resources already"));
        let nobody = town.step(store, id, Step::Reassign { department: "nobody".into() });
        assert!(refusal(nobody).contains("no department nobody"));
    });
}

#[test]
fn two_people_never_overwrite_each_other() {
    with_findings(|store, town| {
        let id = store.incidents().unwrap()[0].id;
        let by = |actor: &str, version: u64| Operation {
            actor: actor.to_owned(),
            reason: "x".to_owned(),
            what: What::Act(Act::Reject { incident: id }),
            expected: vec![Expected { subject: Subject::Incident(id), version }],
        };
        store.operate(&by("Wang", 0), &town.desk(), at(100)).unwrap();
        let before = everything(store);
        let error = store.operate(&by("Li", 0), &town.desk(), at(110)).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "incident {id} was changed by Wang at 2025-06-01T08:01:40.123456Z (operation 1, reject) after operation 0, \
                 which was the last one known; look at it again"
            )
        );
        let error = store.operate(&by("Li", 9), &town.desk(), at(110)).unwrap_err();
        assert!(matches!(error, StoreError::NeverWas { expected: 9, found: 1, .. }), "{error}");
        assert_eq!(everything(store), before);
    });
}

#[test]
fn what_cannot_be_done_is_refused_with_its_reason_and_changes_nothing() {
    with_findings(|store, town| {
        let (incidents, _) = everything(store);
        let missing = gis::IncidentId(uuid::Uuid::from_u128(9));
        let before = everything(store);
        let events = store.events_after(0, 1000).unwrap();
        let cases = [
            (merge(&[&incidents[0]]), "a merge needs two incidents or more"),
            (merge(&[&incidents[0], &incidents[0]]), "is named twice"),
            (Act::Reject { incident: missing }, "there is no incident 00000000-0000-0000-0000-000000000009"),
            (Act::Reopen { incident: incidents[0].id }, "is confirmed, not closed"),
            (Act::Split { incident: incidents[0].id, observations: Vec::new() }, "no observation is named"),
            (
                Act::Split { incident: incidents[0].id, observations: incidents[0].observations.clone() },
                "one has to stay",
            ),
            (
                Act::Split { incident: incidents[0].id, observations: incidents[1].observations.clone() },
                "is not one of incident",
            ),
        ];
        for (act, expect) in cases {
            let words = refusal(town.act(store, act, 100));
            assert!(words.contains(expect), "{words}");
        }
        let words = refusal(town.undo(store, Subject::Incident(incidents[0].id)));
        assert!(words.starts_with("there is nothing to take back"), "{words}");
        let nameless = Operation {
            actor: " ".to_owned(),
            reason: "x".to_owned(),
            what: What::Act(Act::Reject { incident: incidents[0].id }),
            expected: Vec::new(),
        };
        let error = store.operate(&nameless, &town.desk(), at(100)).unwrap_err();
        assert_eq!(error.to_string(), "cannot record an operation: its actor is empty");
        assert_eq!(everything(store), before);
        assert_eq!(store.events_after(0, 1000).unwrap(), events);
    });
}

#[test]
fn what_was_absorbed_meanwhile_stays_with_who_had_it_when_a_merge_is_taken_back() {
    with_findings(|store, town| {
        let (incidents, _) = everything(store);
        town.act(store, merge(&[&incidents[0], &incidents[1]]), 100).unwrap();
        let mut record = run(10..12, Vec::new(), 120);
        let mut grown = incident(store, incidents[0].id);
        let seen = &record.incidents.iter().find(|i| i.position.is_some()).unwrap().observations;
        let fresh = seen.len();
        grown.observations.extend(seen);
        record.observations.retain(|observation| seen.contains(&observation.id));
        (record.incidents, record.tasks) = (vec![grown], Vec::new());
        store.save_run(&record).unwrap();
        let done = town.undo(store, Subject::Incident(incidents[1].id)).unwrap();
        assert!(
            done.remarks.iter().any(|r| r.contains(&format!("had absorbed {fresh} observations since"))),
            "{done:?}"
        );
        assert_eq!(incident(store, incidents[1].id), incidents[1]);
        assert_eq!(incident(store, incidents[0].id).observations.len(), 10 + fresh);
    });
}

#[test]
fn an_operation_is_taken_back_only_after_what_came_later() {
    with_findings(|store, town| {
        let (incidents, _) = everything(store);
        town.act(store, merge(&[&incidents[0], &incidents[1]]), 100).unwrap();
        town.act(store, Act::Reject { incident: incidents[0].id }, 200).unwrap();
        let words = refusal(town.undo(store, Subject::Incident(incidents[1].id)));
        assert!(words.contains("cannot take back operation 1") && words.contains("operation 2"), "{words}");
        town.undo(store, Subject::Incident(incidents[0].id)).unwrap();
        town.undo(store, Subject::Incident(incidents[1].id)).unwrap();
        assert_eq!(store.incidents().unwrap(), incidents);
        assert_eq!(log(store, incidents[0].id).len(), 4);
    });
}

#[test]
fn a_run_that_began_before_a_merge_does_not_take_it_back() {
    with_findings(|store, town| {
        let (incidents, _) = everything(store);
        let stale = run(10..14, incidents.clone(), 300);
        town.act(store, merge(&[&incidents[0], &incidents[1]]), 100).unwrap();
        let saved = store.save_run(&stale).unwrap();
        assert_eq!(saved.incidents_kept, 2);
        let (kept, other) = (incident(store, incidents[0].id), incident(store, incidents[1].id));
        assert_eq!(other.merged_into, Some(kept.id));
        assert_eq!(kept.observations.len(), 28);
        assert_eq!(store.observations_of(kept.id).unwrap().len(), 28);
    });
}

#[test]
fn what_a_person_split_is_not_merged_again_by_further_runs() {
    with_findings(|store, town| {
        let (incidents, _) = everything(store);
        town.act(store, split(&incidents[0]), 100).unwrap();
        store.save_run(&run(10..20, store.incidents().unwrap(), 120)).unwrap();
        let open = store.open_incidents().unwrap();
        assert_eq!(open.len(), 4, "{open:?}");
    });
}
