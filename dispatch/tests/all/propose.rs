//! Incidents become tasks, or are refused with the reason.

use dispatch::propose::{facts, propose};
use dispatch::{
    DepartmentId, Event, EvidenceKind, EvidenceRef, NotProposed, PersonNeeded, Priority, Severity, State,
    Task, route, task_for,
};
use gis::incident::{Incident, IncidentState};

use crate::scene::{at, incident, position, rule, rules, shipped_rules, time, town};

const NOW: &str = "2026-06-22T09:01:00+08:00";

fn evidence() -> Vec<EvidenceRef> {
    vec![EvidenceRef { sha256: "ab".repeat(32), kind: EvidenceKind::Context, file: "ab.jpg".to_owned() }]
}

fn task(incident: &Incident) -> Task {
    task_for(incident, &town(), &shipped_rules(), evidence(), time(NOW)).unwrap()
}

#[test]
fn sure_incident_becomes_a_dispatched_task_with_its_deadlines() {
    let incident = incident("waterlogging", Some(position(at(200.0, 300.0), 2.0)), Some(120.0));
    let task = task(&incident);
    assert_eq!(task.state, State::Dispatched);
    assert_eq!(task.lead, Some(DepartmentId::from("emergency_management")));
    assert_eq!((task.priority, task.severity), (Priority::Urgent, Severity::Moderate));
    assert_eq!(task.deadline, Some(time("2026-06-22T11:01:00+08:00")));
    assert_eq!(task.stage_deadlines.accept, Some(time("2026-06-22T09:02:00+08:00")));
    assert_eq!(task.stage_deadlines.depart, Some(time("2026-06-22T09:04:00+08:00")));
    assert_eq!(task.stage_deadlines.arrive, Some(time("2026-06-22T09:16:00+08:00")));
    assert_eq!(task.title_zh, "积水约 120 m²,大道,东镇");
    assert_eq!(task.title_en, "waterlogging, about 120 m², road area, east area");
    // 90 % radius of a circular error with a standard deviation of 2 m.
    assert!((task.ce90_m - 4.292).abs() < 0.01, "{}", task.ce90_m);
    assert_eq!(task.evidence, evidence());
    let states: Vec<State> = task.history.iter().map(|transition| transition.to).collect();
    assert_eq!(states, [State::Confirmed, State::Dispatched]);
}

#[test]
fn same_incident_always_gives_the_same_task() {
    let incident = incident("waterlogging", Some(position(at(200.0, 0.0), 2.0)), Some(40.0));
    assert_eq!(task(&incident), task(&incident));
    let id = task(&incident).id.0;
    assert_eq!(id.get_version_num(), 7);
    assert_eq!(id.get_timestamp().unwrap().to_unix().0, 1_782_090_000);
    assert_ne!(id, incident.id.0);
}

#[test]
fn unsure_incident_waits_for_a_person_and_goes_out_by_the_person_s_choice() {
    let rules = rules(&format!(
        "{}{}",
        rule("w", "health", "zone = \"west\""),
        rule("e", "transport", "zone = \"east\"")
    ));
    let incident = incident("waterlogging", Some(position(at(1.0, 0.0), 20.0)), Some(40.0));
    let mut task = task_for(&incident, &town(), &rules, evidence(), time(NOW)).unwrap();
    assert_eq!(task.state, State::Proposed);
    assert_eq!(task.routing.person_needed, Some(PersonNeeded::UnsureLead));
    let later = time("2026-06-22T10:00:00+08:00");
    task.apply(Event::Confirm, later, &rules.calendar).unwrap();
    task.apply(Event::Dispatch { department: "health".into() }, later, &rules.calendar).unwrap();
    assert_eq!(task.lead, Some(DepartmentId::from("health")));
    assert!(task.assisting.iter().all(|other| other.department != DepartmentId::from("health")));
    assert_eq!(task.deadline, Some(time("2026-06-22T14:00:00+08:00")));
    assert!(!task.is_overdue(later) && task.is_overdue(time("2026-06-22T14:00:01+08:00")));
}

#[test]
fn incident_without_a_rule_is_proposed_without_a_lead() {
    let task = task(&incident("graffiti", Some(position(at(200.0, 0.0), 2.0)), None));
    assert_eq!((task.state, task.lead, task.deadline), (State::Proposed, None, None));
}

#[test]
fn incident_that_is_unlocated_candidate_or_closed_is_refused() {
    let rules = shipped_rules();
    let refused =
        |incident: &Incident| task_for(incident, &town(), &rules, evidence(), time(NOW)).unwrap_err();
    let unlocated = incident("waterlogging", None, Some(40.0));
    assert_eq!(refused(&unlocated), NotProposed::Unlocated(unlocated.id));
    let mut confirmed_without_place = unlocated.clone();
    confirmed_without_place.state = IncidentState::Confirmed;
    assert_eq!(refused(&confirmed_without_place), NotProposed::Unlocated(unlocated.id));
    let mut candidate = incident("waterlogging", Some(position(at(0.0, 0.0), 2.0)), None);
    candidate.state = IncidentState::Candidate;
    assert_eq!(refused(&candidate), NotProposed::NotConfirmed(candidate.id));
    candidate.state = IncidentState::Closed;
    assert_eq!(refused(&candidate), NotProposed::Closed(candidate.id));
    // Not even with a routing made for another incident.
    let located = incident("waterlogging", Some(position(at(0.0, 0.0), 2.0)), None);
    let routing = route(&facts(&located, &rules).unwrap(), &town(), &rules);
    assert!(propose(&unlocated, routing, &rules, evidence(), time(NOW)).is_err());
}

#[test]
fn refused_event_leaves_the_task_as_it_was() {
    let rules = shipped_rules();
    let mut task = task(&incident("dumping", Some(position(at(0.0, 0.0), 2.0)), Some(3.0)));
    let before = task.clone();
    let refused = task.apply(Event::Close, time(NOW), &rules.calendar).unwrap_err();
    assert_eq!(refused.to_string(), "cannot close a task that is dispatched");
    assert_eq!(task, before);
}

#[test]
fn task_survives_json() {
    let task = task(&incident("waterlogging", Some(position(at(0.0, 290.0), 12.0)), Some(333.3)));
    let text = serde_json::to_string(&task).unwrap();
    assert_eq!(serde_json::from_str::<Task>(&text).unwrap(), task);
}
