//! The clock of a task: pauses move deadlines, missed stages escalate, and nothing else moves a task than its table.

use dispatch::lifecycle::STATES;
use dispatch::{Event, Refusal, Severity, Stage, State, Task, due, task_for};
use proptest::prelude::*;

use crate::city;
use crate::lifecycle::events;
use crate::scene::{at, incident, position, shipped_rules, time, town};

fn urgent() -> Task {
    let incident = incident("waterlogging", Some(position(at(200.0, 300.0), 2.0)), Some(120.0));
    task_for(&incident, &town(), &shipped_rules(), Vec::new(), time("2026-06-22T09:00:00+08:00")).unwrap()
}

fn apply(task: &mut Task, event: Event, at: &str) {
    task.apply(event, time(at), &shipped_rules().calendar).unwrap();
}

fn pause() -> Event {
    Event::Pause { reason: "waits for the owner's consent".to_owned() }
}

#[test]
fn missed_stages_escalate_and_a_stage_that_is_met_no_longer() {
    let mut task = urgent();
    let rules = shipped_rules();
    let stages = |task: &Task, at: &str| {
        due(task, &rules, time(at)).iter().map(|e| (e.stage, e.level)).collect::<Vec<_>>()
    };
    assert!(stages(&task, "2026-06-22T09:01:00+08:00").is_empty());
    assert_eq!(stages(&task, "2026-06-22T09:01:01+08:00"), [(Stage::Accept, 1)]);
    assert_eq!(stages(&task, "2026-06-22T09:04:00+08:00"), [(Stage::Accept, 1), (Stage::Depart, 1)]);
    apply(&mut task, Event::Accept, "2026-06-22T09:04:30+08:00");
    assert_eq!(stages(&task, "2026-06-22T09:05:00+08:00"), [(Stage::Depart, 1)]);
    apply(&mut task, Event::Arrive, "2026-06-22T09:10:00+08:00");
    assert!(stages(&task, "2026-06-22T10:59:00+08:00").is_empty());
    let late = due(&task, &rules, time("2026-06-22T11:30:00+08:00"));
    assert_eq!(late[0].to.as_ref().unwrap().0, "emergency_management");
    assert_eq!(
        late[0].reason_en,
        "completion was due by 2026-06-22 11:00, the task is on_site: escalation level 1"
    );
    apply(&mut task, Event::Finish, "2026-06-22T11:40:00+08:00");
    assert!(stages(&task, "2026-06-23T11:40:00+08:00").is_empty());
}

#[test]
fn levels_of_a_profile_go_before_the_others_of_the_same_number() {
    let rules = city::rules();
    let zones = gis::zones::ZoneIndex::new(city::zones());
    let now = time("2026-06-22T09:00:00+08:00");
    let levels = |class: &str, area_m2, late: &str| {
        let incident = incident(class, Some(position(at(2500.0, -3000.0), 2.0)), Some(area_m2));
        let task = task_for(&incident, &zones, &rules, Vec::new(), now).unwrap();
        let due = due(&task, &rules, time(late));
        due.iter().map(|e| (e.stage, e.level, e.to.clone().unwrap().0)).collect::<Vec<_>>()
    };
    let urgent = levels("flame", 30.0, "2026-06-22T09:31:30+08:00");
    let command = "command_centre".to_owned();
    assert!(urgent.contains(&(Stage::Accept, 2, command.clone())), "{urgent:?}");
    assert!(!urgent.contains(&(Stage::Depart, 2, command.clone())), "{urgent:?}");
    // Not urgent: the second level comes a working day after the first.
    let slow = levels("dust", 100.0, "2026-06-22T17:00:00+08:00");
    assert!(slow.iter().any(|(stage, level, _)| (*stage, *level) == (Stage::Accept, 1)), "{slow:?}");
    assert!(slow.iter().all(|(_, level, _)| *level == 1), "{slow:?}");
}

#[test]
fn clock_stands_while_a_task_is_paused_and_deadlines_move_when_it_goes_on() {
    let mut task = urgent();
    let rules = shipped_rules();
    apply(&mut task, Event::Accept, "2026-06-22T09:00:30+08:00");
    apply(&mut task, pause(), "2026-06-22T09:02:00+08:00");
    assert_eq!(task.state, State::Accepted);
    assert!(due(&task, &rules, time("2026-06-23T09:00:00+08:00")).is_empty());
    assert!(!task.is_overdue(time("2026-06-23T09:00:00+08:00")));
    apply(&mut task, Event::Resume, "2026-06-22T10:02:00+08:00");
    assert_eq!(task.paused, None);
    assert_eq!(task.deadline, Some(time("2026-06-22T12:00:00+08:00")));
    assert_eq!(task.stage_deadlines.arrive, Some(time("2026-06-22T10:15:00+08:00")));
    // Due before the pause: met or missed, it stays.
    assert_eq!(task.stage_deadlines.accept, Some(time("2026-06-22T09:01:00+08:00")));
    let names: Vec<&str> = task.history.iter().map(|transition| transition.event.name()).collect();
    assert_eq!(names, ["confirm", "dispatch", "accept", "pause", "resume"]);
}

#[test]
fn second_pause_and_resume_without_one_are_refused_and_a_move_ends_a_pause() {
    let mut task = urgent();
    let calendar = shipped_rules().calendar;
    let now = time("2026-06-22T09:00:30+08:00");
    let refused = task.apply(Event::Resume, now, &calendar).unwrap_err();
    assert_eq!(refused.to_string(), "cannot resume a task that is dispatched and not paused");
    task.apply(pause(), now, &calendar).unwrap();
    let refused = task.apply(pause(), now, &calendar).unwrap_err();
    assert_eq!(refused.to_string(), "cannot pause a task that is dispatched and paused already");
    task.apply(Event::Accept, time("2026-06-22T09:30:30+08:00"), &calendar).unwrap();
    assert_eq!((task.state, &task.paused), (State::Accepted, &None));
    assert_eq!(task.stage_deadlines.accept, Some(time("2026-06-22T09:31:00+08:00")));
}

fn any_event() -> impl Strategy<Value = Event> {
    prop::sample::select(events())
}

proptest! {
    /// Any events in any order, at any times: a task moves by the table, or stays as it was and the reason says why.
    #[test]
    fn every_event_in_every_state_moves_by_the_table_or_is_refused(
        steps in prop::collection::vec((any_event(), 0_i64..200_000), 0..40),
        start in prop::sample::select(STATES.to_vec()),
    ) {
        let calendar = shipped_rules().calendar;
        let mut task = urgent();
        task.state = start;
        let mut now = task.created;
        for (event, seconds) in steps {
            now += jiff::SignedDuration::from_secs(seconds);
            let before = task.clone();
            let table = before.state.apply(&event, now);
            match task.apply(event.clone(), now, &calendar) {
                Ok(_) => {
                    let last = task.history.last().unwrap();
                    prop_assert_eq!((last.from, last.to, last.at), (before.state, task.state, now));
                    prop_assert_eq!(table.unwrap().0, task.state);
                    prop_assert_eq!(task.history.len(), before.history.len() + 1);
                    // Nothing but a dispatch brings a deadline forward.
                    if !matches!(event, Event::Dispatch { .. }) {
                        prop_assert!(task.deadline >= before.deadline);
                    }
                    prop_assert_eq!(task.paused.is_some(), matches!(event, Event::Pause { .. }));
                }
                Err(refused) => {
                    prop_assert_eq!(&task, &before);
                    prop_assert_eq!(refused.state, before.state);
                    let text = refused.to_string();
                    prop_assert!(text.starts_with(&format!("cannot {} a task that is ", event.name())), "{}", text);
                    let clock = refused.why != Refusal::NotInTable;
                    prop_assert_eq!(table.is_ok(), clock);
                }
            }
        }
    }
}

#[test]
fn lesser_severity_is_one_step_and_never_below_minor() {
    let found = |severity| {
        let found = dispatch::ContextFound {
            layer: "building_site".into(),
            feature: "BS-01".into(),
            share: 1.0,
            verdict: dispatch::Verdict::Lesser,
            reason_zh: String::new(),
            reason_en: String::new(),
        };
        found.severity(severity)
    };
    let all = [Severity::Minor, Severity::Moderate, Severity::Severe];
    assert_eq!(all.map(found), [Severity::Minor, Severity::Minor, Severity::Moderate]);
}
