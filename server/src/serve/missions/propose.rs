//! Flights that tasks propose, or the configuration for tasks that are done: planned here, launched by a person or not at all. What such a
//! flight sees goes the way of every look: it verifies and closes a task that is done, or reopens it.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use dispatch::{State, Task, TaskId};
use gis::LatLon;
use jiff::Timestamp;
use missions::optics::Overlap;
use missions::revisit::Spot;
use serde_json::{Value, json};

use super::{Asked, What};
use crate::serve::App;
use crate::serve::board::{Board, Case};
use crate::serve::views::state_zh;

/// Who proposes by the configuration.
const BY: &str = "review.verify_by_flight";

/// Returns a task of its id as people write it, with its case.
fn found<'a>(id: &str, board: &'a Board) -> Option<(&'a Case, &'a Task)> {
    let case = board.case_of_task(TaskId(id.parse().ok()?))?;
    Some((case, case.task.as_deref()?))
}

/// Returns where a task is to be looked at; none when nobody knows the task or the place.
pub fn spot(app: &App, task: &str) -> Option<Spot> {
    let board = app.board();
    let (case, task) = found(task, &board)?;
    Some(Spot { id: task.id.to_string(), at: place(case)? })
}

fn place(case: &Case) -> Option<LatLon> {
    case.incident.position.as_ref().map(|position| position.point.lat_lon)
}

/// Returns the task of a mission as a page shows it: what became of it.
pub fn task_view(app: &App, task: Option<&str>) -> Value {
    let board = app.board();
    let Some((case, task)) = task.and_then(|task| found(task, &board)) else { return Value::Null };
    json!({
        "id": task.id.to_string(), "incident": case.incident.id.to_string(),
        "zh": task.title_zh, "en": task.title_en,
        "state": task.state.name(), "state_zh": state_zh(task.state), "state_en": task.state.name(),
    })
}

/// Proposes flights over tasks that are done.
#[derive(Debug, Default)]
pub struct Proposer {
    classes: Vec<String>,
    /// What was proposed, so that a flight that a person removed does not come again.
    told: Mutex<BTreeSet<(TaskId, Timestamp)>>,
}

impl Proposer {
    /// Returns one for these classes.
    pub fn new(classes: Vec<String>) -> Self {
        Self { classes, told: Mutex::default() }
    }

    /// Plans a flight for each task that was reported done since it was looked after last; returns how many.
    pub fn propose(&self, app: &App) -> usize {
        let due: Vec<(TaskId, Timestamp, Spot, String)> =
            app.board().going_on().filter_map(|case| self.due(case)).collect();
        let mut count = 0;
        for (task, done, spot, title) in due {
            let known = app.missions.has_for(&task.to_string(), done);
            let new = self.told().insert((task, done));
            if known || !new {
                continue;
            }
            match planned(app, spot, format!("复查 {title}")) {
                Ok(()) => count += 1,
                Err(error) => {
                    tracing::warn!("no flight is proposed for task {task} yet: {error}");
                    self.told().remove(&(task, done));
                }
            }
        }
        count
    }

    fn told(&self) -> MutexGuard<'_, BTreeSet<(TaskId, Timestamp)>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn due(&self, case: &Case) -> Option<(TaskId, Timestamp, Spot, String)> {
        let task = case.task.as_ref().filter(|task| task.state == State::Done)?;
        if !self.classes.contains(&case.incident.class) {
            return None;
        }
        let done = task.history.iter().rfind(|step| step.to == State::Done)?.at;
        Some((task.id, done, Spot { id: task.id.to_string(), at: place(case)? }, task.title_zh.clone()))
    }
}

fn planned(app: &App, spot: Spot, name: String) -> Result<(), String> {
    let asked = Asked {
        name,
        by: BY.to_owned(),
        for_task: Some(spot.id.clone()),
        aircraft: app.missions.usual().ok_or("no aircraft is known")?,
        what: What::Visit { spots: vec![spot], gsd_m: None },
        overlap: Overlap::default(),
        home: None,
        ground: app.hub().and_then(|hub| hub.terrain().ground()),
    };
    let mission = asked.plan().map_err(|error| error.to_string())?;
    app.missions.add(mission).map(drop).map_err(|error| error.to_string())
}
