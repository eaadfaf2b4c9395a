//! Lists of cases: the analyst's queue, a department's tasks, the points of the map, one case in full.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use dispatch::{Priority, Task};
use gis::geodesy::plane_distance_m;
use gis::{IncidentId, LatLon};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Subject;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::problem::Problem;
use super::{blocking, parse_bbox};
use crate::clock;
use crate::serve::App;
use crate::serve::accounts::{Caller, Scope};
use crate::serve::board::{Board, Bounds, Case, Standing};
use crate::serve::views::{CaseView, case_view, ellipse, history, observation_view, polygon};

/// Most cases in one answer.
const MOST: usize = 500;
/// How far neighbours are told of, metres.
const NEIGHBOURS_WITHIN_M: f64 = 200.0;
/// At most; a mean of WGS-84 is 111 195.
const METRES_A_DEGREE: f64 = 110_000.0;
/// Neighbours and observations told of at most.
const MOST_NEIGHBOURS: usize = 8;
const MOST_OBSERVATIONS: usize = 200;

/// What to list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Class of incidents.
    pub class: Option<String>,
    /// Code of a zone.
    pub zone: Option<String>,
    /// Department that leads or assists.
    pub department: Option<String>,
    /// `waiting`, `sent`, `open` (both), `done`, `over`, `candidate` or `all`.
    pub state: Option<String>,
    /// Only what is not done by its deadline.
    pub overdue: Option<bool>,
    /// Text in title, place or id.
    pub q: Option<String>,
    /// Cursor of the page before.
    pub after: Option<String>,
    /// Cases in the answer, 500 at most.
    pub limit: Option<usize>,
    /// West, south, east, north in degrees.
    pub bbox: Option<String>,
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page {
    /// Cases in their order.
    pub items: Vec<CaseView>,
    /// Cursor of the next page; none at the end.
    pub next: Option<String>,
    /// Cases that match, on all pages.
    pub total: usize,
}

/// The place of a case in the queue: priority, then deadline, then first sighting, then id.
type Key = (u8, i64, i64, Uuid);

fn key(case: &Case) -> Key {
    let task = case.task.as_ref();
    let priority = match task.map(|task| task.priority) {
        Some(Priority::Urgent) => 0,
        Some(Priority::High) => 1,
        Some(Priority::Normal) | None => 2,
        Some(Priority::Low) => 3,
    };
    let deadline = task.and_then(|task| task.deadline).map_or(i64::MAX, Timestamp::as_microsecond);
    (priority, deadline, case.incident.first_seen.as_microsecond(), case.incident.id.0)
}

fn cursor(key: Key) -> String {
    format!("{}.{}.{}.{}", key.0, key.1, key.2, key.3.simple())
}

fn parse_cursor(text: &str) -> Option<Key> {
    let mut parts = text.split('.');
    let key = (
        parts.next()?.parse().ok()?,
        parts.next()?.parse().ok()?,
        parts.next()?.parse().ok()?,
        parts.next()?.parse().ok()?,
    );
    parts.next().is_none().then_some(key)
}

/// A filter, checked.
pub struct Wanted {
    filter: Filter,
    standing: fn(Standing) -> bool,
    /// Cases that are over are wanted, too.
    over: bool,
    bbox: Option<[f64; 4]>,
    q: Option<String>,
}

impl Wanted {
    /// Checks a filter.
    ///
    /// # Errors
    /// A problem that names the value.
    pub fn new(filter: Filter, usual: &str) -> Result<Self, Problem> {
        let state = filter.state.as_deref().unwrap_or(usual);
        let over = matches!(state, "over" | "all");
        let standing: fn(Standing) -> bool = match state {
            "waiting" => |standing| standing == Standing::Waiting,
            "sent" => |standing| standing == Standing::Sent,
            "open" => |standing| matches!(standing, Standing::Waiting | Standing::Sent),
            "done" => |standing| standing == Standing::Done,
            "over" => |standing| standing == Standing::Over,
            "candidate" => |standing| standing == Standing::Candidate,
            "all" => |_| true,
            other => {
                let message =
                    format!("state {other:?} is none of waiting, sent, open, done, over, candidate, all");
                return Err(Problem::bad_request(message));
            }
        };
        let bbox = filter.bbox.as_deref().map(parse_bbox).transpose()?;
        let q = filter.q.as_deref().map(str::trim).filter(|q| !q.is_empty()).map(str::to_lowercase);
        Ok(Self { filter, standing, over, bbox, q })
    }

    /// Returns the cases that are wanted and may be seen, by id.
    fn of<'a>(&self, board: &'a Board, caller: &Caller, now: Timestamp) -> impl Iterator<Item = &'a Case> {
        let among: Box<dyn Iterator<Item = &'a Case>> = match self.bbox {
            Some(bbox) => Box::new(board.within(bbox)),
            None if self.over => Box::new(board.cases()),
            None => Box::new(board.going_on()),
        };
        among.filter(move |case| self.takes(case, caller, now))
    }

    /// Tells whether a case is wanted and may be seen.
    pub fn takes(&self, case: &Case, caller: &Caller, now: Timestamp) -> bool {
        let Filter { class, zone, department, overdue, .. } = &self.filter;
        caller.sees(case)
            && (self.standing)(case.standing())
            && class.as_ref().is_none_or(|class| *class == case.incident.class)
            && department.as_ref().is_none_or(|department| case.concerns(department))
            && overdue.is_none_or(|overdue| case.overdue(now) == overdue)
            && zone.as_ref().is_none_or(|zone| {
                case.task.as_ref().is_some_and(|task| task.routing.zones.iter().any(|z| z.code == *zone))
            })
            && self.bbox.is_none_or(|bbox| {
                case.incident.position.as_ref().is_some_and(|p| inside(&bbox, p.point.lat_lon))
            })
            && self.q.as_ref().is_none_or(|q| says(case, q))
    }
}

fn inside([west, south, east, north]: &[f64; 4], at: LatLon) -> bool {
    let lon = if west <= east {
        (*west..=*east).contains(&at.lon_deg)
    } else {
        at.lon_deg >= *west || at.lon_deg <= *east
    };
    lon && (*south..=*north).contains(&at.lat_deg)
}

fn says(case: &Case, q: &str) -> bool {
    let task = case.task.as_ref();
    let mut texts = vec![case.incident.id.to_string(), case.incident.class.clone()];
    texts.extend(task.map(|task| task.id.to_string()));
    texts.extend(task.map(|task| task.title_zh.to_lowercase()));
    texts.extend(task.map(|task| task.title_en.to_lowercase()));
    texts.iter().any(|text| text.contains(q))
}

/// Lists cases in the order in which a person should look at them.
#[utoipa::path(get, path = "/v1/queue", params(Filter),
    responses((status = 200, body = Page), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub async fn queue(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<Json<Page>, Problem> {
    caller.allow(Scope::Read)?;
    blocking(move || list(&app, &caller, filter, "open")).await?
}

/// Lists the tasks of a department, or those of all to callers who see all.
#[utoipa::path(get, path = "/v1/tasks", params(Filter),
    responses((status = 200, body = Page), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub async fn tasks(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<Json<Page>, Problem> {
    caller.allow(Scope::Read)?;
    blocking(move || list(&app, &caller, filter, "sent")).await?
}

fn list(app: &App, caller: &Caller, filter: Filter, usual: &str) -> Result<Json<Page>, Problem> {
    let bad_cursor = || Problem::bad_request("after is no cursor that this list gave");
    let after = filter.after.as_deref().map(|text| parse_cursor(text).ok_or_else(bad_cursor)).transpose()?;
    let limit = filter.limit.unwrap_or(50).clamp(1, MOST);
    let wanted = Wanted::new(filter, usual)?;
    let now = clock::now();
    let board = app.board();
    let mut keys: Vec<Key> = wanted.of(&board, caller, now).map(key).collect();
    let total = keys.len();
    keys.sort_unstable();
    let start = after.map_or(0, |after| keys.partition_point(|key| *key <= after));
    let page: Vec<Key> = keys.iter().skip(start).take(limit).copied().collect();
    let more = start + page.len() < total;
    let next = page.last().filter(|_| more).map(|last| cursor(*last));
    let cases = page.iter().filter_map(|key| board.case(IncidentId(key.3)));
    Ok(Json(Page { items: cases.map(|case| case_view(case, &app.city, now)).collect(), next, total }))
}

/// Gives the open cases as points, to draw on a map.
#[utoipa::path(get, path = "/v1/map", params(Filter),
    responses((status = 200, body = Object), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub async fn map(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<Response, Problem> {
    caller.allow(Scope::Read)?;
    let wanted = Wanted::new(filter, "open")?;
    // A large city is many megabytes of text, for which nobody else should wait.
    let worker = Arc::clone(&app);
    let body = blocking(move || {
        let points: Vec<Point> = {
            let now = clock::now();
            wanted.of(&worker.board(), &caller, now).filter_map(|case| Point::of(case, now)).collect()
        };
        points_json(&points)
    });
    let media = [(header::CONTENT_TYPE, "application/json")];
    Ok((media, body.await?).into_response())
}

/// A case on the map.
struct Point {
    id: IncidentId,
    at: LatLon,
    class: String,
    state: &'static str,
    task: Option<Arc<Task>>,
    overdue: bool,
}

impl Point {
    fn of(case: &Case, now: Timestamp) -> Option<Self> {
        let incident = &case.incident;
        Some(Self {
            id: incident.id,
            at: incident.position.as_ref()?.point.lat_lon,
            class: incident.class.clone(),
            state: case.task.as_ref().map_or(incident.state.name(), |task| task.state.name()),
            task: case.task.clone(),
            overdue: case.overdue(now),
        })
    }

    fn json(&self) -> Value {
        json!({
            "type": "Feature",
            "id": self.id,
            "geometry": {"type": "Point", "coordinates": [self.at.lon_deg, self.at.lat_deg]},
            "properties": {
                "id": self.id,
                "class": self.class,
                "state": self.state,
                "title_zh": self.task.as_ref().map(|task| &task.title_zh),
                "title_en": self.task.as_ref().map(|task| &task.title_en),
                "overdue": self.overdue,
            },
        })
    }
}

fn points_json(points: &[Point]) -> String {
    let told: Vec<String> = points.iter().map(|point| point.json().to_string()).collect();
    format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, told.join(","))
}

/// Gives one case in full.
#[utoipa::path(get, path = "/v1/incidents/{id}", params(("id" = Uuid, Path, description = "incident")),
    responses((status = 200, body = Object), (status = 304), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn incident(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.allow(Scope::Read)?;
    let id = IncidentId(id);
    let unknown = || Problem::not_found(format!("there is no incident {id}"));
    let case = app.board().case(id).filter(|case| caller.sees(case)).cloned().ok_or_else(unknown)?;
    let worker = Arc::clone(&app);
    let task = case.task.as_ref().map(|task| task.id);
    let (observations, operations) = blocking(move || {
        worker.stores.with(|store| {
            let mut operations = store.operations_of(Subject::Incident(id))?;
            if let Some(task) = task {
                operations.extend(store.operations_of(Subject::Task(task))?);
            }
            operations.sort_by_key(|operation| operation.id);
            operations.dedup_by_key(|operation| operation.id);
            Ok((store.observations_of(id)?, operations))
        })
    })
    .await??;
    let now = clock::now();
    let body = full(&app, &caller, &case, now, &observations, &operations);
    let etag = format!("\"{}\"", models::pack::sha256_hex(body.to_string().as_bytes()));
    if headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()) == Some(etag.as_str()) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    let mut response = Json(body).into_response();
    if let Ok(value) = HeaderValue::from_str(&etag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    Ok(response)
}

fn full(
    app: &App,
    caller: &Caller,
    case: &Case,
    now: Timestamp,
    observations: &[gis::Observation],
    operations: &[store::OperationRecord],
) -> Value {
    let incident = &case.incident;
    let mut course = history(case);
    course.extend(operations.iter().map(|record| {
        let name = record.what.name();
        json!({
            "at": record.at, "zh": format!("人工操作:{name}"), "en": name,
            "actor": record.actor, "reason": record.reason, "operation": record.id,
            "undone_by": record.undone_by,
        })
    }));
    let path = path_of(observations, app);
    let mut body = serde_json::to_value(case_view(case, &app.city, now)).unwrap_or_default();
    if let Value::Object(fields) = &mut body {
        let outline = incident.footprint.as_ref().map(|footprint| polygon(&footprint.ring));
        fields.insert("outline".into(), json!(outline));
        fields.insert("ellipse".into(), json!(incident.position.as_ref().map(ellipse)));
        fields.insert("path".into(), json!(path));
        fields.insert("footprint".into(), Value::Null);
        let told = observations.iter().rev().take(MOST_OBSERVATIONS).map(observation_view);
        fields.insert("observations".into(), told.collect());
        fields.insert("neighbours".into(), json!(neighbours(app, caller, case)));
        fields.insert("history".into(), json!(course));
        fields.insert("viewers".into(), json!(app.presence.others(incident.id, &caller.name, now)));
    }
    body
}

/// The way of the aircraft that saw it, as far as the server still knows it.
fn path_of(observations: &[gis::Observation], app: &App) -> Option<Value> {
    let source = &observations.last()?.source;
    let path = app.hub()?.status(source)?.path();
    (path.len() > 1).then(|| {
        let line: Vec<[f64; 2]> = path.iter().map(|at| [at.lon_deg, at.lat_deg]).collect();
        json!({"type": "LineString", "coordinates": line})
    })
}

fn neighbours(app: &App, caller: &Caller, case: &Case) -> Vec<Value> {
    let Some(here) = case.incident.position.as_ref().map(|p| p.point.lat_lon) else { return Vec::new() };
    let board = app.board();
    let near = |other: &&Case| {
        other.incident.id != case.incident.id && other.incident.is_open() && caller.sees(other)
    };
    let mut found: Vec<(f64, Value)> = board
        .within(around(here, NEIGHBOURS_WITHIN_M))
        .filter(near)
        .filter_map(|other| {
            let at = other.incident.position.as_ref()?.point.lat_lon;
            let distance_m = plane_distance_m(here, at);
            let task = other.task.as_ref();
            let value = json!({
                "id": other.incident.id, "class": other.incident.class, "distance_m": distance_m,
                "title_zh": task.map(|task| &task.title_zh), "title_en": task.map(|task| &task.title_en),
                "version": other.version,
            });
            (distance_m <= NEIGHBOURS_WITHIN_M).then_some((distance_m, value))
        })
        .collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found.into_iter().take(MOST_NEIGHBOURS).map(|(_, value)| value).collect()
}

/// The box around a place that holds all within a distance, and a little more.
fn around(at: LatLon, distance_m: f64) -> Bounds {
    let lat = distance_m / METRES_A_DEGREE;
    let lon = lat / at.lat_deg.to_radians().cos().max(0.01);
    let turned = |lon: f64| (lon + 540.0).rem_euclid(360.0) - 180.0;
    [turned(at.lon_deg - lon), at.lat_deg - lat, turned(at.lon_deg + lon), at.lat_deg + lat]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_was_and_others_are_refused() {
        let key = (1, i64::MAX, -5, Uuid::from_u128(7));
        assert_eq!(parse_cursor(&cursor(key)), Some(key));
        for text in ["", "1.2.3", "1.2.3.x", "a.2.3.00000000000000000000000000000007", "1.2.3.7.9"] {
            assert_eq!(parse_cursor(text), None, "{text}");
        }
    }

    #[test]
    fn the_box_around_a_place_crosses_the_antimeridian_where_the_place_is_near_it() {
        let [west, south, east, north] = around(LatLon::new(0.0, 179.9999).unwrap(), 200.0);
        assert!(west > 179.9 && east < -179.9, "{west} {east}");
        assert!((north - 0.0018).abs() < 1e-4 && (south + 0.0018).abs() < 1e-4);
    }

    #[test]
    fn a_box_across_the_antimeridian_holds_both_sides() {
        let at = |lon| LatLon::new(0.0, lon).unwrap();
        assert!(inside(&[170.0, -1.0, -170.0, 1.0], at(175.0)));
        assert!(inside(&[170.0, -1.0, -170.0, 1.0], at(-175.0)));
        assert!(!inside(&[170.0, -1.0, -170.0, 1.0], at(0.0)));
    }
}
