//! Flights that tasks propose, or the configuration for tasks that are done: planned here, launched by a person or not at all. What such a
//! flight sees goes the way of every look: it verifies and closes a task that is done, or reopens it.

use dispatch::{State, Task, TaskId};
use gis::error_ellipse::ce90_m;
use jiff::Timestamp;
use missions::optics::Overlap;
use missions::revisit::Spot;
use serde_json::{Value, json};

use super::{Asked, What};
use crate::serve::App;
use crate::serve::board::{Board, Case};
use crate::serve::views::state_zh;

/// Who proposes by the configuration.
pub(super) const BY: &str = "review.verify_by_flight";

/// Returns a task of its id as people write it, with its case.
fn found<'a>(id: &str, board: &'a Board) -> Option<(&'a Case, &'a Task)> {
    let case = board.case_of_task(TaskId(id.parse().ok()?))?;
    Some((case, case.task.as_deref()?))
}

/// Returns where a task is to be looked at, and how much ground around it a look has to show, metres; none when nobody knows the task or the
/// place.
pub fn spot(app: &App, task: &str) -> Option<(Spot, f64)> {
    let board = app.board();
    let (case, task) = found(task, &board)?;
    spot_of(app, case, task)
}

fn spot_of(app: &App, case: &Case, task: &Task) -> Option<(Spot, f64)> {
    let position = case.incident.position.as_ref()?;
    let clear_m = app.dedupe.rule(&case.incident.class).gone.clear_of_edge_m;
    let spot = Spot { id: task.id.to_string(), at: position.point.lat_lon };
    Some((spot, ce90_m(&position.covariance_enu_m2) + clear_m))
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
}

impl Proposer {
    /// Returns one for these classes.
    pub fn new(classes: Vec<String>) -> Self {
        Self { classes }
    }

    /// Plans a flight for each task that was reported done and has none yet, and takes those back whose task nobody has to look at any more.
    /// Returns how many were planned.
    pub fn propose(&self, app: &App) -> usize {
        take_back(app);
        let due: Vec<(TaskId, Timestamp, (Spot, f64), String)> =
            app.board().going_on().filter_map(|case| self.due(app, case)).collect();
        let mut count = 0;
        for (task, done, spot, title) in due {
            if app.missions.has_for(&task.to_string(), done) {
                continue;
            }
            match planned(app, spot, format!("复查 {title}")) {
                Ok(()) => count += 1,
                Err(error) => tracing::warn!("no flight is proposed for task {task} yet: {error}"),
            }
        }
        count
    }

    fn due(&self, app: &App, case: &Case) -> Option<(TaskId, Timestamp, (Spot, f64), String)> {
        let task = case.task.as_ref()?;
        let done = done_at(task)?;
        if !self.classes.contains(&case.incident.class) {
            return None;
        }
        Some((task.id, done, spot_of(app, case, task)?, task.title_zh.clone()))
    }
}

/// Takes proposals back that nobody launched and whose task was decided otherwise, or done anew since.
fn take_back(app: &App) {
    for (id, task, made) in app.missions.proposed_by(BY) {
        let waits =
            found(&task, &app.board()).and_then(|(_, task)| done_at(task)).is_some_and(|done| made >= done);
        if !waits && let Err(error) = app.missions.withdraw(&id) {
            tracing::warn!("a proposal that nobody needs stays: {error}");
        }
    }
}

/// Returns when a task was reported done, while it waits for a look.
fn done_at(task: &Task) -> Option<Timestamp> {
    let done = task.history.iter().rfind(|step| step.to == State::Done)?;
    (task.state == State::Done).then_some(done.at)
}

fn planned(app: &App, (spot, clear_m): (Spot, f64), name: String) -> Result<(), String> {
    let aircraft = app.missions.usual().ok_or("no aircraft is known")?;
    let asked = Asked {
        name,
        by: BY.to_owned(),
        for_task: Some(spot.id.clone()),
        home: app.missions.home(&aircraft.id, Some(spot.at)),
        aircraft,
        what: What::Visit { spot, clear_m, gsd_m: None },
        overlap: Overlap::default(),
        ground: app.hub().and_then(|hub| hub.terrain().ground()),
    };
    let mission = asked.plan().map_err(|error| error.to_string())?;
    app.missions.add(mission).map(drop).map_err(|error| error.to_string())
}
