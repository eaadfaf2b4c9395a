//! "Not ours": recorded, re-routed, and at most a proposal.

use dispatch::bounce::{Change, Rerouted, bounces, proposed_changes, reroute};
use dispatch::{DepartmentId, Event, RuleSet, State, Task, task_for};

use crate::scene::{at, incident, position, rule, rules, time, town};

fn two_leads() -> RuleSet {
    rules(&format!("{}{}", rule("w", "health", "zone = \"west\""), rule("e", "transport", "zone = \"east\"")))
}

/// Tasks of one minute after the other differ by the time of their first sighting.
fn task(rules: &RuleSet, east_m: f64, sigma_m: f64, minute: u32) -> Task {
    let mut incident = incident("waterlogging", Some(position(at(east_m, 0.0), sigma_m)), Some(40.0));
    incident.first_seen = time(&format!("2026-06-22T09:{minute:02}:00+08:00"));
    incident.id = gis::IncidentId::from_first_sighting(
        &format!("waterlogging{minute}"),
        incident.observations[0],
        incident.first_seen,
    );
    task_for(&incident, &town(), rules, Vec::new(), incident.first_seen).unwrap()
}

fn give_back(task: &mut Task, rules: &RuleSet, next: Option<&str>) {
    let now = time("2026-06-22T12:00:00+08:00");
    let reason = "the road is the highway company's".to_owned();
    task.apply(Event::Bounce { reason }, now, &rules.calendar).unwrap();
    if let Some(next) = next {
        task.apply(Event::Dispatch { department: next.into() }, now, &rules.calendar).unwrap();
    }
}

#[test]
fn bounce_is_recorded_with_the_rule_that_sent_the_task() {
    let rules = two_leads();
    let mut task = task(&rules, 300.0, 2.0, 0);
    give_back(&mut task, &rules, Some("health"));
    give_back(&mut task, &rules, None);
    assert_eq!(task.state, State::Bounced);
    let found = bounces(&task);
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].by.0.as_str(), found[0].rule.as_deref()), ("transport", Some("e")));
    assert_eq!(found[0].next, Some(DepartmentId::from("health")));
    assert_eq!(found[0].township.as_deref(), Some("east"));
    // The second dispatch was nobody's rule.
    assert_eq!((found[1].by.0.as_str(), found[1].rule.as_deref(), &found[1].next), ("health", None, &None));
}

#[test]
fn task_goes_to_the_department_across_the_boundary_and_then_to_a_person() {
    let rules = two_leads();
    // 8 m east of the boundary with a standard deviation of 10 m: 0.212 lies west.
    let mut task = task(&rules, 8.0, 10.0, 0);
    give_back(&mut task, &rules, None);
    match reroute(&task, rules.min_assisting_probability) {
        Rerouted::Department { department, probability } => {
            assert_eq!(department.0, "health");
            assert!((probability - 0.212).abs() < 0.005, "{probability}");
        }
        other @ Rerouted::Person { .. } => unreachable!("{other:?}"),
    }
    let calendar = &rules.calendar;
    task.apply(Event::Dispatch { department: "health".into() }, time("2026-06-22T12:10:00+08:00"), calendar)
        .unwrap();
    give_back(&mut task, &rules, None);
    let refused = vec![DepartmentId::from("health"), DepartmentId::from("transport")];
    assert_eq!(reroute(&task, rules.min_assisting_probability), Rerouted::Person { refused });
}

#[test]
fn three_bounces_to_one_department_make_a_proposal_and_change_no_rule() {
    let rules = two_leads();
    let before = rules.clone();
    let mut tasks: Vec<Task> = (0..4).map(|minute| task(&rules, 300.0, 2.0, minute)).collect();
    for task in tasks.iter_mut().take(2) {
        give_back(task, &rules, Some("municipal_drainage"));
    }
    assert!(proposed_changes(&tasks).is_empty());
    give_back(&mut tasks[2], &rules, Some("municipal_drainage"));
    let proposed = proposed_changes(&tasks);
    assert_eq!(proposed.len(), 1);
    let proposal = &proposed[0];
    assert_eq!((proposal.rule.as_str(), proposal.from.0.as_str()), ("e", "transport"));
    assert_eq!((proposal.to.0.as_str(), &proposal.change), ("municipal_drainage", &Change::RuleForTownship));
    assert_eq!((proposal.tasks.len(), proposal.kept), (3, 1));
    assert_eq!(
        proposal.reason_en,
        "transport gave back 3 tasks of rule e, municipal_drainage took them, all of them in east; \
         1 were not given back"
    );
    assert_eq!(rules, before);
}

#[test]
fn department_that_keeps_most_of_its_tasks_gets_no_proposal() {
    let rules = two_leads();
    let mut tasks: Vec<Task> = (0..8).map(|minute| task(&rules, 300.0, 2.0, minute)).collect();
    for task in tasks.iter_mut().take(3) {
        give_back(task, &rules, Some("municipal_drainage"));
    }
    assert!(proposed_changes(&tasks).is_empty());
}

#[test]
fn bounce_that_the_next_department_gives_back_too_speaks_for_nothing() {
    let rules = two_leads();
    let mut tasks: Vec<Task> = (0..3).map(|minute| task(&rules, 300.0, 2.0, minute)).collect();
    for task in &mut tasks {
        give_back(task, &rules, Some("municipal_drainage"));
        give_back(task, &rules, None);
    }
    assert!(proposed_changes(&tasks).is_empty());
}
