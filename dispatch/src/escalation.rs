//! Missed stages, and who is told when.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::deadline::Allowance;
use crate::department::DepartmentId;
use crate::lifecycle::State;
use crate::rules::RuleSet;
use crate::task::Task;

/// A stage of a task that has a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Accepted by the department.
    Accept,
    /// Crew on its way.
    Depart,
    /// Crew on the spot.
    Arrive,
    /// Work done.
    Finish,
}

/// All stages, in order.
pub const STAGES: [Stage; 4] = [Stage::Accept, Stage::Depart, Stage::Arrive, Stage::Finish];

impl Stage {
    /// Returns the name in Chinese and in English.
    pub fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Accept => ("接单", "acceptance"),
            Self::Depart => ("出发", "departure"),
            Self::Arrive => ("到场", "arrival"),
            Self::Finish => ("办结", "completion"),
        }
    }

    /// Tells whether a task in a state has this stage still before it.
    ///
    /// A task that waits for a person or for another department owes only its completion.
    pub fn is_open(self, state: State) -> bool {
        let first_open = match state {
            State::Dispatched => Self::Accept,
            State::Accepted => Self::Depart,
            State::EnRoute => Self::Arrive,
            State::OnSite | State::Proposed | State::Confirmed | State::Bounced | State::Reopened => {
                Self::Finish
            }
            State::Done | State::Verified | State::Closed | State::Rejected | State::Merged => return false,
        };
        self >= first_open
    }
}

/// One step of escalation: who is told, and how long after a missed deadline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EscalationLevel {
    /// Number of the level, 1 first.
    pub level: u8,
    /// Stage it is about; none for each.
    #[serde(default)]
    pub stage: Option<Stage>,
    /// Profile of stages it is about, instead of the entries of the same level without one; none for each.
    #[serde(default)]
    pub profile: Option<String>,
    /// How long after the deadline; none for at once.
    #[serde(default)]
    pub after: Option<Allowance>,
    /// Who is told; none for the lead itself.
    #[serde(default)]
    pub to: Option<DepartmentId>,
}

/// A stage that was missed, and who is to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// The stage.
    pub stage: Stage,
    /// Number of the level.
    pub level: u8,
    /// By when the stage was due.
    pub deadline: Timestamp,
    /// Since when this level is reached.
    pub since: Timestamp,
    /// Who is to be told; none where the task has no lead.
    pub to: Option<DepartmentId>,
    /// Why, in Chinese.
    pub reason_zh: String,
    /// Why, in English.
    pub reason_en: String,
}

/// Returns the escalations that a task has reached, the oldest first; none while nothing open is missed.
///
/// While the clock of a task stands nothing new is reached. The same moment always gives the same escalations: whoever tells them
/// keeps which were told.
pub fn due(task: &Task, rules: &RuleSet, now: Timestamp) -> Vec<Escalation> {
    let clock = task.clock(now);
    let mut due: Vec<Escalation> = STAGES
        .into_iter()
        .filter(|stage| stage.is_open(task.state))
        .filter_map(|stage| Some((stage, deadline(task, stage)?)))
        .filter(|(_, deadline)| clock > *deadline)
        .flat_map(|(stage, deadline)| of_stage(task, rules, stage, deadline, clock))
        .collect();
    due.sort_by_key(|escalation| (escalation.since, escalation.stage, escalation.level));
    due
}

fn deadline(task: &Task, stage: Stage) -> Option<Timestamp> {
    match stage {
        Stage::Accept => task.stage_deadlines.accept,
        Stage::Depart => task.stage_deadlines.depart,
        Stage::Arrive => task.stage_deadlines.arrive,
        Stage::Finish => task.deadline,
    }
}

fn of_stage(
    task: &Task,
    rules: &RuleSet,
    stage: Stage,
    deadline: Timestamp,
    clock: Timestamp,
) -> Vec<Escalation> {
    let at_once = EscalationLevel { level: 1, stage: None, profile: None, after: None, to: None };
    let levels: Vec<&EscalationLevel> =
        if rules.escalations.is_empty() { vec![&at_once] } else { levels(task, rules, stage) };
    let reached = |level: &EscalationLevel| {
        let since = level.after.map_or(Some(deadline), |after| after.due(deadline, &rules.calendar))?;
        (clock > since).then(|| escalation(task, rules, stage, level, [deadline, since]))
    };
    levels.into_iter().filter_map(reached).collect()
}

/// The levels that count for a stage of a task: those of its profile, and of the others those that its profile does not replace.
fn levels<'a>(task: &Task, rules: &'a RuleSet, stage: Stage) -> Vec<&'a EscalationLevel> {
    let profile = task.routing.outcome.as_ref().and_then(|outcome| outcome.profile.as_ref());
    let of_stage = || rules.escalations.iter().filter(move |level| level.stage.is_none_or(|of| of == stage));
    let own = |level: &&EscalationLevel| level.profile.is_some() && level.profile.as_ref() == profile;
    let replaced = |number: u8| of_stage().filter(own).any(|level| level.level == number);
    of_stage().filter(|level| own(level) || (level.profile.is_none() && !replaced(level.level))).collect()
}

fn escalation(
    task: &Task,
    rules: &RuleSet,
    stage: Stage,
    level: &EscalationLevel,
    [deadline, since]: [Timestamp; 2],
) -> Escalation {
    let (stage_zh, stage_en) = stage.names();
    let at = deadline.to_zoned(rules.calendar.timezone.0.clone()).strftime("%Y-%m-%d %H:%M").to_string();
    let number = level.level;
    let state = task.state.name();
    Escalation {
        stage,
        level: number,
        deadline,
        since,
        to: level.to.clone().or_else(|| task.lead.clone()),
        reason_zh: format!("{stage_zh}超时:应于 {at} 前{stage_zh},当前状态 {state},{number} 级督办"),
        reason_en: format!("{stage_en} was due by {at}, the task is {state}: escalation level {number}"),
    }
}
