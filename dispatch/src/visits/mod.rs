//! Joint visits (综合查一次): open tasks of several departments at one place and time become one visit with one check-list.
//!
//! [`plan`] bundles; what is to be checked, how long it takes and which teams there are is data ([`Check::read_csv`], [`Teams`]).

mod bundle;
mod checks;
mod window;

use std::collections::BTreeSet;

use gis::LatLon;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::bundle::plan;
pub use self::checks::{Check, MergedCheck};
use crate::department::{DepartmentId, Departments};
use crate::lifecycle::State;
use crate::problem::{Problem, from_toml};
use crate::task::{Task, TaskId};
use crate::travel::StraightLine;

/// A task that somebody has to go to.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenTask {
    /// The task.
    pub task: TaskId,
    /// Department that leads it.
    pub department: DepartmentId,
    /// Where to.
    pub position: LatLon,
    /// Not before this.
    pub from: Timestamp,
    /// Done by this.
    pub until: Timestamp,
    /// What is to be checked there.
    pub checks: Vec<Check>,
}

/// Minutes for a task whose matter has no check-list.
const A_LOOK_MINUTES: u32 = 15;

impl OpenTask {
    /// Returns what somebody has to go to for a task: one that is with its lead and on which no crew is under way, from now to its deadline.
    ///
    /// Its checks are those of its matter; without any it is one look at the place.
    pub fn of(task: &Task, checks: &[Check], now: Timestamp) -> Option<Self> {
        let waits = matches!(task.state, State::Dispatched | State::Accepted) && task.paused.is_none();
        let department = task.lead.clone().filter(|_| waits)?;
        let matter = task.routing.outcome.as_ref().and_then(|outcome| outcome.matter.as_deref());
        let mut own: Vec<Check> =
            checks.iter().filter(|check| Some(check.matter.as_str()) == matter).cloned().collect();
        if own.is_empty() {
            own.push(Check {
                matter: matter.unwrap_or_default().to_owned(),
                code: "look".to_owned(),
                name_zh: "现场核查".to_owned(),
                name_en: "look at the place".to_owned(),
                minutes: A_LOOK_MINUTES,
                skill: None,
            });
        }
        let until = task.deadline.unwrap_or(Timestamp::MAX);
        Some(Self { task: task.id, department, position: task.position, from: now, until, checks: own })
    }

    /// Returns how long the department is at work there.
    pub fn work(&self) -> SignedDuration {
        self.checks.iter().map(Check::time).fold(SignedDuration::ZERO, SignedDuration::saturating_add)
    }

    /// Returns what whoever goes has to be able to do.
    pub fn skills(&self) -> BTreeSet<&str> {
        self.checks.iter().filter_map(|check| check.skill.as_deref()).collect()
    }
}

/// A team that several departments send together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// Identity.
    pub id: String,
    /// Departments that are in it.
    pub departments: BTreeSet<DepartmentId>,
    /// What it can do or carries.
    #[serde(default)]
    pub skills: BTreeSet<String>,
}

/// How far and how long a joint visit may go.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Greatest way between two stops of one visit, metres.
    pub max_way_m: f64,
    /// Longest visit, minutes, with the ways between its stops.
    pub max_minutes: u32,
    /// Most stops of one visit.
    pub max_stops: usize,
    /// Stops nearer to each other than this, metres of way, are one place.
    pub same_place_m: f64,
    /// How a team goes from stop to stop.
    pub on_foot: StraightLine,
}

/// Teams and limits: `teams.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Teams {
    /// How far and how long a visit may go.
    pub limits: Limits,
    /// Joint teams.
    pub teams: Vec<Team>,
}

impl Teams {
    /// Reads `teams.toml`.
    ///
    /// # Errors
    /// The first key that does not fit, with its path.
    pub fn from_toml(text: &str) -> Result<Self, Problem> {
        from_toml(text)
    }

    /// Returns every problem: limits out of range, unknown departments, teams of one department, ids that come twice.
    pub fn validate(&self, departments: &Departments) -> Vec<Problem> {
        let mut problems = self.limits.on_foot.validate("limits.on_foot");
        for (key, metres) in
            [("max_way_m", self.limits.max_way_m), ("same_place_m", self.limits.same_place_m)]
        {
            if !(metres >= 0.0 && metres.is_finite()) {
                problems.push(Problem::error(format!("limits.{key}"), format!("{metres} is not 0 or more")));
            }
        }
        for (key, count) in
            [("max_minutes", self.limits.max_minutes as usize), ("max_stops", self.limits.max_stops)]
        {
            if count == 0 {
                problems.push(Problem::error(format!("limits.{key}"), "is 0: no visit fits"));
            }
        }
        for (index, team) in self.teams.iter().enumerate() {
            let path = |key: &str| format!("teams[{index}].{key}");
            if self.teams.iter().take(index).any(|other| other.id == team.id) {
                problems.push(Problem::error(path("id"), format!("{:?} comes twice", team.id)));
            }
            if team.departments.len() < 2 {
                let message =
                    format!("{:?} is of {} departments, not of several", team.id, team.departments.len());
                problems.push(Problem::error(path("departments"), message));
            }
            for id in team.departments.iter().filter(|id| departments.get(id).is_none()) {
                let message = format!("{:?} is not one of the departments", id.0);
                problems.push(Problem::error(path("departments"), message));
            }
        }
        problems
    }
}

/// One visit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    /// Department of the task that is due first.
    pub lead: DepartmentId,
    /// All departments, in order of their ids.
    pub departments: Vec<DepartmentId>,
    /// Team that goes; none where one department goes alone.
    pub team: Option<String>,
    /// Tasks in the order in which they are visited.
    pub tasks: Vec<TaskId>,
    /// Places in that order; several tasks at one place are one stop.
    pub stops: Vec<LatLon>,
    /// Earliest begin.
    pub from: Timestamp,
    /// Latest begin, so that every task is done in time.
    pub latest: Timestamp,
    /// How long it takes, ways between stops included.
    pub minutes: u32,
    /// What is to be checked, each thing once.
    pub checks: Vec<MergedCheck>,
}

/// Visits for a set of tasks, and what they save.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The visits, by latest begin.
    pub visits: Vec<Visit>,
    /// Tasks, and so visits if each had its own.
    pub tasks: usize,
    /// Visits if each department bundled its own tasks within the same limits.
    pub visits_by_department: usize,
}

impl Plan {
    /// Returns the share of visits that is saved against one visit a task; 0 without tasks.
    pub fn saved_share(&self) -> f64 {
        saved(self.visits.len(), self.tasks)
    }

    /// Returns the share of visits that is saved against each department bundling its own; 0 without tasks.
    pub fn saved_share_by_department(&self) -> f64 {
        saved(self.visits.len(), self.visits_by_department)
    }
}

fn saved(visits: usize, before: usize) -> f64 {
    if before == 0 { 0.0 } else { 1.0 - visits as f64 / before as f64 }
}
