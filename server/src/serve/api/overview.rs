//! The whole city in numbers: counted over the same cases that lists and feeds tell of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use gis::LatLon;
use gis::heat::heat_cell;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::blocking;
use super::problem::Problem;
use crate::clock;
use crate::serve::App;
use crate::serve::accounts::{Caller, Scope};
use crate::serve::board::{Case, Standing};
use crate::serve::tally::{Ended, day_of, name_of};

/// Days of the trend.
const DAYS: usize = 30;

/// Counts open, overdue and finished cases by department, by day and by place.
#[utoipa::path(get, path = "/v1/overview", responses((status = 200, body = Object), (status = 401, body = Problem)))]
pub async fn overview(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Value>, Problem> {
    caller.allow(Scope::Read)?;
    // A large city takes longer to count than others may wait for.
    Ok(Json(blocking(move || count(&app, &caller)).await?))
}

fn count(app: &App, caller: &Caller) -> Value {
    let now = clock::now();
    let board = app.board();
    let ended = board.ended(caller);
    let cases: Vec<&Case> = board.going_on().filter(|case| caller.sees(case)).collect();
    let mut standing: BTreeMap<Standing, usize> = BTreeMap::new();
    for case in &cases {
        *standing.entry(case.standing()).or_default() += 1;
    }
    let of = |wanted| standing.get(&wanted).copied().unwrap_or(0);
    json!({
        "at": now,
        "totals": {
            "open": of(Standing::Waiting) + of(Standing::Sent),
            "waiting": of(Standing::Waiting),
            "overdue": cases.iter().filter(|case| case.overdue(now)).count(),
            "done": of(Standing::Done),
            "closed": ended.over,
        },
        "departments": departments(app, &cases, ended, now),
        "trend": trend(&cases, ended),
        "heat": heat(&cases),
        "groups": groups(app, &cases),
    })
}

/// What one cause may have made many of, to be asked about once.
fn groups(app: &App, cases: &[&Case]) -> Vec<Value> {
    let waiting = || cases.iter().filter(|case| case.standing() == Standing::Waiting);
    let incidents: Vec<_> = waiting().map(|case| case.incident.clone()).collect();
    let tasks: Vec<_> = waiting().filter_map(|case| case.task.as_deref().cloned()).collect();
    let found = dispatch::flood::groups(&incidents, &tasks, &app.city.rules, &app.flood);
    found
        .iter()
        .map(|group| {
            json!({
                "id": group.id, "cause_zh": group.cause_zh, "cause_en": group.cause_en, "from": group.from,
                "to": group.to, "incidents": group.incidents, "waiting": group.waiting,
            })
        })
        .collect()
}

fn departments(app: &App, cases: &[&Case], ended: &Ended, now: Timestamp) -> Vec<Value> {
    let mut led: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
    for case in cases {
        if let Some(lead) = case.task.as_ref().and_then(|task| task.lead.as_ref()) {
            led.entry(&lead.0).or_default().push(case);
        }
    }
    let one = |department: &dispatch::Department| {
        let own = led.get(&*department.id.0).map_or(&[][..], |own| own);
        let mut by_state = ended.by_lead.get(&department.id.0).cloned().unwrap_or_default();
        for task in own.iter().filter_map(|case| case.task.as_ref()) {
            *by_state.entry(task.state.name()).or_default() += 1;
        }
        let open = own.iter().filter(|c| matches!(c.standing(), Standing::Waiting | Standing::Sent)).count();
        json!({
            "id": department.id.0, "zh": department.name_zh, "en": department.name_en,
            "open": open, "overdue": own.iter().filter(|case| case.overdue(now)).count(),
            "by_state": by_state,
        })
    };
    app.city.departments.departments.iter().map(one).collect()
}

/// Found and closed cases of the last days that had any; days are those of UTC.
fn trend(cases: &[&Case], ended: &Ended) -> Vec<Value> {
    let mut found = ended.found.clone();
    for case in cases.iter().filter(|case| case.standing() != Standing::Candidate) {
        *found.entry(day_of(case.incident.first_seen)).or_default() += 1;
    }
    let days: BTreeSet<i64> = found.keys().chain(ended.closed.keys()).copied().collect();
    let of = |counts: &BTreeMap<i64, usize>, day| counts.get(&day).copied().unwrap_or(0);
    let told = days.iter().skip(days.len().saturating_sub(DAYS));
    told.map(|&day| json!({"day": name_of(day), "found": of(&found, day), "closed": of(&ended.closed, day)}))
        .collect()
}

fn heat(cases: &[&Case]) -> Vec<Value> {
    let mut cells: BTreeMap<String, (usize, Vec<LatLon>)> = BTreeMap::new();
    let open = cases.iter().filter(|c| matches!(c.standing(), Standing::Waiting | Standing::Sent));
    for at in open.filter_map(|case| case.incident.position.as_ref()).map(|p| p.point.lat_lon) {
        if let Some(cell) = heat_cell(at) {
            cells.entry(cell.index).or_insert((0, cell.ring)).0 += 1;
        }
    }
    let one = |(cell, (count, ring)): (String, (usize, Vec<LatLon>))| {
        let corners: Vec<[f64; 2]> = ring.iter().map(|c| [c.lon_deg, c.lat_deg]).collect();
        json!({"cell": cell, "count": count, "ring": corners})
    };
    cells.into_iter().map(one).collect()
}
