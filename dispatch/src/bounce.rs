//! "Not ours": a bounce is recorded, the task goes to the next department or to a person, and a change of the rules is proposed.
//!
//! A proposal is data for a person. Nothing here changes a rule.

use std::collections::{BTreeMap, BTreeSet};

use gis::LatLon;
use gis::incident::IncidentId;
use gis::zones::ZoneLevel;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::department::DepartmentId;
use crate::lifecycle::Event;
use crate::task::{Task, TaskId};

/// One task that a department gave back, with what is needed to see why it went there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bounce {
    /// The task.
    pub task: TaskId,
    /// Its incident.
    pub incident: IncidentId,
    /// Class of the incident.
    pub class: String,
    /// Where it lies.
    pub position: LatLon,
    /// When it was given back.
    pub at: Timestamp,
    /// Department that gave it back.
    pub by: DepartmentId,
    /// Why, in its own words.
    pub reason: String,
    /// Rule that had sent it there.
    pub rule: Option<String>,
    /// Matter of that rule.
    pub matter: Option<String>,
    /// Code of the township that led by a delegated power.
    pub delegated_to: Option<String>,
    /// Code of the township where it most probably lies.
    pub township: Option<String>,
    /// Department that it went to next, where it has gone on.
    pub next: Option<DepartmentId>,
}

/// Where a task goes that was given back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Rerouted {
    /// To the department that would have led had the position lain across a boundary.
    Department {
        /// The department.
        department: DepartmentId,
        /// Probability that the position lies where it leads.
        probability: f64,
    },
    /// To a person, with the departments that have given it back already.
    Person {
        /// They are not asked again.
        refused: Vec<DepartmentId>,
    },
}

/// Returns every bounce of a task, oldest first, out of its history.
pub fn bounces(task: &Task) -> Vec<Bounce> {
    let mut found = Vec::new();
    let mut lead: Option<&DepartmentId> = None;
    for transition in &task.history {
        match &transition.event {
            Event::Dispatch { department } => {
                if let Some(last) = found.last_mut().filter(|last: &&mut Bounce| last.next.is_none()) {
                    last.next = Some(department.clone());
                }
                lead = Some(department);
            }
            Event::Bounce { reason } => {
                found.extend(lead.map(|by| bounce(task, by, transition.at, reason, found.is_empty())));
            }
            _ => {}
        }
    }
    found
}

/// Only the first dispatch is the rule's; the later ones are a person's or the re-routing's.
fn bounce(task: &Task, by: &DepartmentId, at: Timestamp, reason: &str, by_rule: bool) -> Bounce {
    let outcome = task.routing.outcome.as_ref().filter(|_| by_rule && task.routing.lead.as_ref() == Some(by));
    Bounce {
        task: task.id,
        incident: task.incident_id,
        class: task.class.clone(),
        position: task.position,
        at,
        by: by.clone(),
        reason: reason.to_owned(),
        rule: outcome.map(|outcome| outcome.rule_id.clone()),
        matter: outcome.and_then(|outcome| outcome.matter.clone()),
        delegated_to: outcome.and_then(|outcome| outcome.delegated_to.clone()),
        township: task.routing.zone(ZoneLevel::Township).map(|zone| zone.code.clone()),
        next: None,
    }
}

/// Says where a task goes after its bounces: to the most probable department that may lead and has not refused, else to a person.
///
/// A department that was in the rules to assist only is never made the lead by this.
pub fn reroute(task: &Task, min_probability: f64) -> Rerouted {
    let refused: BTreeSet<DepartmentId> = bounces(task).into_iter().map(|bounce| bounce.by).collect();
    let next = task
        .routing
        .assisting
        .iter()
        .filter(|other| other.may_lead && other.probability >= min_probability)
        .find(|other| !refused.contains(&other.department));
    match next {
        Some(other) => {
            Rerouted::Department { department: other.department.clone(), probability: other.probability }
        }
        None => Rerouted::Person { refused: refused.into_iter().collect() },
    }
}

/// A change of the rules that bounces speak for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProposedChange {
    /// Rule that sent the tasks.
    pub rule: String,
    /// Class of the incidents.
    pub class: String,
    /// Department that gives them back.
    pub from: DepartmentId,
    /// Department that took them afterwards.
    pub to: DepartmentId,
    /// Township that all of them lie in; none where they lie in several.
    pub township: Option<String>,
    /// What would be changed.
    pub change: Change,
    /// Tasks that speak for it, oldest first.
    pub tasks: Vec<TaskId>,
    /// Tasks of the same rule and department that were not given back.
    pub kept: usize,
    /// Why, in Chinese.
    pub reason_zh: String,
    /// Why, in English.
    pub reason_en: String,
}

/// What a proposal would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// Another department leads the rule.
    Lead,
    /// A rule of its own for one township goes before the rule.
    RuleForTownship,
    /// The power that the township has over the matter is to be looked at.
    Delegation {
        /// Code of the matter.
        matter: String,
    },
}

/// Least bounces that make a proposal: one may be a slip.
pub const MIN_BOUNCES: usize = 3;

/// Returns what the bounces of tasks speak for: rules whose tasks one department gives back and another one then takes and keeps,
/// at least [`MIN_BOUNCES`] times and more often than not.
pub fn proposed_changes(tasks: &[Task]) -> Vec<ProposedChange> {
    let mut groups: BTreeMap<(String, DepartmentId, DepartmentId), Vec<Bounce>> = BTreeMap::new();
    for bounce in tasks.iter().flat_map(bounces) {
        if let (Some(rule), Some(next)) = (bounce.rule.clone(), bounce.next.clone()) {
            groups.entry((rule, bounce.by.clone(), next)).or_default().push(bounce);
        }
    }
    groups
        .into_iter()
        .filter_map(|((rule, from, to), mut bounces)| {
            bounces.retain(|bounce| taken(tasks, bounce.task, &to));
            let kept = kept(tasks, &rule, &from);
            let speaks = bounces.len() >= MIN_BOUNCES && bounces.len() > kept;
            speaks.then(|| proposal(rule, [from, to], bounces, kept))
        })
        .collect()
}

/// The task has gone to a department and was not given back by it.
fn taken(tasks: &[Task], id: TaskId, by: &DepartmentId) -> bool {
    let task = tasks.iter().find(|task| task.id == id);
    task.is_some_and(|task| bounces(task).iter().all(|bounce| bounce.by != *by))
}

fn kept(tasks: &[Task], rule: &str, by: &DepartmentId) -> usize {
    let sent = |task: &&Task| task.routing.rule_id() == Some(rule) && task.routing.lead.as_ref() == Some(by);
    tasks
        .iter()
        .filter(sent)
        .filter(|task| task.lead.as_ref() == Some(by) && bounces(task).is_empty())
        .count()
}

fn proposal(
    rule: String,
    [from, to]: [DepartmentId; 2],
    mut bounces: Vec<Bounce>,
    kept: usize,
) -> ProposedChange {
    bounces.sort_by_key(|bounce| (bounce.at, bounce.task));
    let townships: BTreeSet<Option<String>> = bounces.iter().map(|bounce| bounce.township.clone()).collect();
    let only =
        |all: BTreeSet<Option<String>>| if all.len() == 1 { all.into_iter().flatten().next() } else { None };
    let township = only(townships);
    let matters: BTreeSet<Option<String>> =
        bounces.iter().map(|b| b.matter.clone().filter(|_| b.delegated_to.is_some())).collect();
    let change = match (only(matters), &township) {
        (Some(matter), _) => Change::Delegation { matter },
        (None, Some(_)) => Change::RuleForTownship,
        (None, None) => Change::Lead,
    };
    let class = bounces.first().map(|bounce| bounce.class.clone()).unwrap_or_default();
    let count = bounces.len();
    let (place_zh, place_en) = township
        .as_ref()
        .map_or_else(Default::default, |code| (format!(",均在 {code}"), format!(", all of them in {code}")));
    ProposedChange {
        reason_zh: format!(
            "规则 {rule} 派给 {from} 的任务被退回 {count} 件并由 {to} 接办{place_zh},未退回 {kept} 件"
        ),
        reason_en: format!(
            "{from} gave back {count} tasks of rule {rule}, {to} took them{place_en}; {kept} were not given back"
        ),
        tasks: bounces.iter().map(|bounce| bounce.task).collect(),
        rule,
        class,
        from,
        to,
        township,
        change,
        kept,
    }
}
