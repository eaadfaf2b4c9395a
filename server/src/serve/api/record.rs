//! The record of the departments: how much was closed, how much in time, and how much had to be done again.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use dispatch::{State as TaskState, Task};
use gis::zones::ZoneLevel;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem::Problem;
use crate::serve::App;
use crate::serve::accounts::{Caller, Scope};

/// Which days.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Days {
    /// First day, UTC, as in 2026-06-01.
    #[param(value_type = String)]
    from: Date,
    /// Last day, UTC.
    #[param(value_type = String)]
    to: Date,
}

/// What a department did with the tasks of one zone and matter that it was sent in these days.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Row {
    /// Id of the department.
    pub department: String,
    /// Its Chinese name.
    pub zh: String,
    /// Its English name.
    pub en: String,
    /// Name of the township, in Chinese; empty where there is none.
    pub zone: String,
    /// Class of the incidents.
    pub class: String,
    /// Tasks.
    pub tasks: usize,
    /// Share of them that was done (办结率).
    pub closed_share: f64,
    /// Share of the done ones that was done in time (按时率); of none, none was late.
    pub in_time_share: f64,
    /// Share of the done ones that was opened again (返工率).
    pub redone_share: f64,
}

#[derive(Debug, Default)]
struct Counts {
    tasks: usize,
    done: usize,
    in_time: usize,
    redone: usize,
}

/// Counts what the departments did, by zone and matter.
#[utoipa::path(get, path = "/v1/record", params(Days),
    responses((status = 200, body = [Row]), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn record(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(days): Query<Days>,
) -> Result<Json<Vec<Row>>, Problem> {
    rows(&app, &caller, &days).map(Json)
}

/// Gives the same as CSV.
#[utoipa::path(get, path = "/v1/record.csv", params(Days),
    responses((status = 200, content_type = "text/csv", body = String), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn record_csv(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(days): Query<Days>,
) -> Result<Response, Problem> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    for row in rows(&app, &caller, &days)? {
        csv.serialize(row).map_err(|error| Problem::internal(&error.to_string()))?;
    }
    let bytes = csv.into_inner().map_err(|error| Problem::internal(&error.to_string()))?;
    let name = format!("attachment; filename=\"record-{}-{}.csv\"", days.from, days.to);
    let headers =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, bytes).into_response())
}

fn rows(app: &App, caller: &Caller, days: &Days) -> Result<Vec<Row>, Problem> {
    caller.allow(Scope::Read)?;
    if days.from > days.to {
        return Err(Problem::bad_request(format!("from {} lies after to {}", days.from, days.to)));
    }
    let bad = |error: jiff::Error| Problem::bad_request(error);
    let start = days.from.to_zoned(TimeZone::UTC).map_err(bad)?.timestamp();
    let end = days.to.tomorrow().and_then(|day| day.to_zoned(TimeZone::UTC)).map_err(bad)?.timestamp();
    let mut counts: BTreeMap<(String, String, String), Counts> = BTreeMap::new();
    let board = app.board();
    for case in board.cases().filter(|case| caller.sees(case)) {
        let Some(task) = &case.task else { continue };
        let Some(lead) = &task.lead else { continue };
        // A department's record is of what it leads, not of what it helps with.
        if caller.department.as_ref().is_some_and(|own| *own != lead.0) {
            continue;
        }
        if task.created < start || task.created >= end {
            continue;
        }
        let zone = task.routing.zone(ZoneLevel::Township).map_or("", |zone| zone.name_zh.as_str());
        counts.entry((lead.0.clone(), zone.to_owned(), task.class.clone())).or_default().add(task);
    }
    Ok(counts.into_iter().map(|(key, counts)| row(app, key, &counts)).collect())
}

fn row(app: &App, (department, zone, class): (String, String, String), counts: &Counts) -> Row {
    let named = app.city.departments.departments.iter().find(|one| one.id.0 == department);
    let share = |part: usize, of: usize| if of == 0 { 0.0 } else { part as f64 / of as f64 };
    Row {
        zh: named.map_or_else(|| department.clone(), |one| one.name_zh.clone()),
        en: named.map_or_else(|| department.clone(), |one| one.name_en.clone()),
        department,
        zone,
        class,
        tasks: counts.tasks,
        closed_share: share(counts.done, counts.tasks),
        in_time_share: if counts.done == 0 { 1.0 } else { share(counts.in_time, counts.done) },
        redone_share: share(counts.redone, counts.done),
    }
}

impl Counts {
    fn add(&mut self, task: &Task) {
        self.tasks += 1;
        let Some(done) = first_done(task) else { return };
        self.done += 1;
        self.in_time += usize::from(task.deadline.is_none_or(|deadline| done <= deadline));
        let again = |step: &dispatch::task::Transition| step.to == TaskState::Reopened && step.at >= done;
        self.redone += usize::from(task.history.iter().any(again));
    }
}

fn first_done(task: &Task) -> Option<Timestamp> {
    task.history.iter().find(|step| step.to == TaskState::Done).map(|step| step.at)
}
