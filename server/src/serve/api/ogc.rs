//! OGC API - Features 1.0: incidents, tasks and zones for any GIS.
//!
//! # References
//! OGC 17-069r4, core and GeoJSON.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use dispatch::TaskId;
use gis::IncidentId;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::parse_bbox;
use super::problem::Problem;
use crate::clock;
use crate::serve::App;
use crate::serve::accounts::{Caller, Scope};
use crate::serve::board::{Bounds, Case};
use crate::serve::views::{case_view, polygon};

/// Most features in one answer.
const MOST: usize = 10_000;
const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";
const CONFORMANCE: [&str; 3] = [
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
];
const COLLECTIONS: [(&str, &str, &str); 3] = [
    ("incidents", "Incidents", "Things on the ground, each seen any number of times"),
    ("tasks", "Tasks", "What departments have to do"),
    ("zones", "Zones", "Boundaries of the city at all levels"),
];

/// What to give of a collection.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Items {
    /// West, south, east, north in degrees; or with heights, six numbers.
    bbox: Option<String>,
    /// A moment, or an interval as in `2026-06-20T00:00:00Z/..`.
    datetime: Option<String>,
    /// Features in the answer, 10 000 at most; 10 when not given.
    limit: Option<usize>,
    /// Features to skip.
    offset: Option<usize>,
}

/// The landing page.
#[utoipa::path(get, path = "/ogc", responses((status = 200, body = Object)))]
pub async fn landing(State(app): State<Arc<App>>, headers: HeaderMap) -> Json<Value> {
    let link = |rel, href, media| link(&base(&app, &headers), rel, href, media);
    Json(json!({
        "title": "flyonce",
        "description": "Incidents, tasks and zones of a city",
        "links": [
            link("self", "/ogc", "application/json"),
            link("service-desc", "/v1/openapi.json", "application/vnd.oai.openapi+json;version=3.1"),
            link("conformance", "/ogc/conformance", "application/json"),
            link("data", "/ogc/collections", "application/json"),
        ],
    }))
}

/// What the server conforms to.
#[utoipa::path(get, path = "/ogc/conformance", responses((status = 200, body = Object)))]
pub async fn conformance() -> Json<Value> {
    Json(json!({"conformsTo": CONFORMANCE}))
}

/// Lists the collections.
#[utoipa::path(get, path = "/ogc/collections", responses((status = 200, body = Object)))]
pub async fn collections(State(app): State<Arc<App>>, headers: HeaderMap) -> Json<Value> {
    let base = base(&app, &headers);
    let all: Vec<Value> =
        COLLECTIONS.iter().map(|(id, title, about)| collection(&base, id, title, about)).collect();
    Json(json!({"collections": all, "links": [link(&base, "self", "/ogc/collections", "application/json")]}))
}

/// Describes a collection.
#[utoipa::path(get, path = "/ogc/collections/{id}", params(("id" = String, Path, description = "collection")),
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub async fn one_collection(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let (id, title, about) = known(&id)?;
    Ok(Json(collection(&base(&app, &headers), id, title, about)))
}

fn known(id: &str) -> Result<(&'static str, &'static str, &'static str), Problem> {
    let found = COLLECTIONS.iter().find(|(known, ..)| *known == id);
    found.copied().ok_or_else(|| Problem::not_found(format!("there is no collection {id:?}")))
}

/// Where the caller reaches the server: clients such as GDAL want whole addresses. Nothing where the request does not say it.
fn base(app: &App, headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let fits = |host: &&str| host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_:[]".contains(c));
    let encrypted = app.door.rules().entry.encrypted() || text("x-forwarded-proto") == Some("https");
    let scheme = if encrypted { "https" } else { "http" };
    text("host").filter(fits).map(|host| format!("{scheme}://{host}")).unwrap_or_default()
}

fn collection(base: &str, id: &str, title: &str, about: &str) -> Value {
    let path = format!("/ogc/collections/{id}");
    json!({
        "id": id, "title": title, "description": about, "itemType": "feature", "crs": [CRS84],
        "extent": {"spatial": {"bbox": [[-180.0, -90.0, 180.0, 90.0]], "crs": CRS84}},
        "links": [
            link(base, "self", &path, "application/json"),
            link(base, "items", &format!("{path}/items"), "application/geo+json"),
        ],
    })
}

fn link(base: &str, rel: &str, path: &str, media: &str) -> Value {
    json!({"rel": rel, "href": format!("{base}{path}"), "type": media})
}

/// Gives features of a collection.
#[utoipa::path(get, path = "/ogc/collections/{id}/items",
    params(("id" = String, Path, description = "collection"), Items),
    responses((status = 200, content_type = "application/geo+json", body = Object), (status = 400, body = Problem), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn items(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(query): Query<Items>,
) -> Result<Response, Problem> {
    let base = base(&app, &headers);
    caller.allow(Scope::Read)?;
    let (id, ..) = known(&id)?;
    let bbox = query.bbox.as_deref().map(parse_bbox).transpose()?;
    let when = query.datetime.as_deref().map(parse_datetime).transpose()?;
    let limit = query.limit.unwrap_or(10).clamp(1, MOST);
    let offset = query.offset.unwrap_or(0);
    let (matched, page) = select(&app, &caller, id, &Asked { bbox, when, limit, offset });
    let path = format!("/ogc/collections/{id}/items");
    let mut links = vec![link(&base, "self", &address(&path, &query, limit, offset), "application/geo+json")];
    if offset + page.len() < matched {
        links.push(link(
            &base,
            "next",
            &address(&path, &query, limit, offset + limit),
            "application/geo+json",
        ));
    }
    let body = json!({
        "type": "FeatureCollection", "timeStamp": clock::now(), "numberMatched": matched,
        "numberReturned": page.len(), "features": page, "links": links,
    });
    Ok(([(header::CONTENT_TYPE, "application/geo+json")], body.to_string()).into_response())
}

/// Gives one feature.
#[utoipa::path(get, path = "/ogc/collections/{id}/items/{feature}",
    params(("id" = String, Path, description = "collection"), ("feature" = String, Path, description = "feature")),
    responses((status = 200, content_type = "application/geo+json", body = Object), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn item(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path((id, feature)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let base = base(&app, &headers);
    caller.allow(Scope::Read)?;
    let (id, ..) = known(&id)?;
    let found = one_feature(&app, &caller, id, &feature);
    let mut body = found.ok_or_else(|| Problem::not_found(format!("there is no {feature:?} in {id}")))?;
    let path = format!("/ogc/collections/{id}");
    body["links"] = json!([
        link(&base, "self", &format!("{path}/items/{feature}"), "application/geo+json"),
        link(&base, "collection", &path, "application/json"),
    ]);
    Ok(([(header::CONTENT_TYPE, "application/geo+json")], body.to_string()).into_response())
}

/// What is asked of a collection.
struct Asked {
    bbox: Option<Bounds>,
    when: Option<Interval>,
    limit: usize,
    offset: usize,
}

impl Asked {
    fn at_that_time(&self, incident: &gis::Incident) -> bool {
        self.when.is_none_or(|(from, to)| {
            from.is_none_or(|from| incident.last_seen >= from)
                && to.is_none_or(|to| incident.first_seen <= to)
        })
    }
}

/// Returns how many features match, and those of the page.
fn select(app: &App, caller: &Caller, id: &str, asked: &Asked) -> (usize, Vec<Value>) {
    if id == "zones" {
        let zones = app.city.zones.zones();
        let met = zones.iter().filter(|zone| asked.bbox.is_none_or(|bbox| meets(&bbox, &bounds_of(zone))));
        return page(met, asked, super::city::feature);
    }
    let board = app.board();
    let among: Box<dyn Iterator<Item = &Case>> = match asked.bbox {
        Some(bbox) => Box::new(board.within(bbox)),
        None => Box::new(board.cases()),
    };
    let tasks = id == "tasks";
    let wanted = among.filter(|case| shown(case, caller, tasks) && asked.at_that_time(&case.incident));
    page(wanted, asked, |case| feature(case, tasks, app))
}

fn page<T>(all: impl Iterator<Item = T>, asked: &Asked, tell: impl Fn(T) -> Value) -> (usize, Vec<Value>) {
    let (mut matched, mut told) = (0, Vec::new());
    for one in all {
        if (asked.offset..asked.offset.saturating_add(asked.limit)).contains(&matched) {
            told.push(tell(one));
        }
        matched += 1;
    }
    (matched, told)
}

fn one_feature(app: &App, caller: &Caller, id: &str, asked: &str) -> Option<Value> {
    if id == "zones" {
        let found = app.city.zones.zones().iter().find(|zone| zone.code == asked);
        return found.map(super::city::feature);
    }
    let (uuid, tasks) = (asked.parse().ok()?, id == "tasks");
    let board = app.board();
    let case = if tasks { board.case_of_task(TaskId(uuid)) } else { board.case(IncidentId(uuid)) };
    case.filter(|case| shown(case, caller, tasks)).map(|case| feature(case, tasks, app))
}

/// Tells whether a case is a feature: it has a place, and a task where tasks are asked for.
fn shown(case: &Case, caller: &Caller, tasks: bool) -> bool {
    case.incident.position.is_some() && (!tasks || case.task.is_some()) && caller.sees(case)
}

fn feature(case: &Case, tasks: bool, app: &App) -> Value {
    let view = case_view(case, &app.city, clock::now());
    let at = case.incident.position.as_ref().map(|position| position.point.lat_lon);
    let point = at.map(|at| json!({"type": "Point", "coordinates": [at.lon_deg, at.lat_deg]}));
    let task = case.task.as_ref().filter(|_| tasks);
    let outline = case.incident.footprint.as_ref().filter(|_| !tasks);
    json!({
        "type": "Feature",
        "id": task.map_or_else(|| case.incident.id.to_string(), |task| task.id.to_string()),
        "geometry": outline.map(|footprint| polygon(&footprint.ring)).or(point),
        "properties": if tasks { json!(view.task) } else { json!(view) },
    })
}

fn bounds_of(zone: &gis::zones::Zone) -> [f64; 4] {
    use geo::BoundingRect;
    zone.polygon
        .bounding_rect()
        .map_or([0.0; 4], |rect| [rect.min().x, rect.min().y, rect.max().x, rect.max().y])
}

fn meets(a: &[f64; 4], b: &[f64; 4]) -> bool {
    let lon = if a[0] <= a[2] { b[0] <= a[2] && b[2] >= a[0] } else { b[2] >= a[0] || b[0] <= a[2] };
    lon && b[1] <= a[3] && b[3] >= a[1]
}

fn address(path: &str, query: &Items, limit: usize, offset: usize) -> String {
    let mut parts = vec![format!("limit={limit}")];
    parts.extend((offset > 0).then(|| format!("offset={offset}")));
    parts.extend(query.bbox.as_ref().map(|bbox| format!("bbox={bbox}")));
    parts.extend(query.datetime.as_ref().map(|when| format!("datetime={when}")));
    format!("{path}?{}", parts.join("&"))
}

/// An interval, open where a side is missing.
type Interval = (Option<Timestamp>, Option<Timestamp>);

fn parse_datetime(text: &str) -> Result<Interval, Problem> {
    let bad = || Problem::bad_request(format!("datetime {text:?} is no moment and no interval of RFC 3339"));
    let side = |part: &str| match part {
        "" | ".." => Ok(None),
        _ => part.parse().map(Some).map_err(|_| bad()),
    };
    if let Some((from, to)) = text.split_once('/') {
        return Ok((side(from)?, side(to)?));
    }
    let at = text.parse().map_err(|_| bad())?;
    Ok((Some(at), Some(at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_may_be_open_and_nonsense_is_refused() {
        let at: Timestamp = "2026-06-20T00:00:00Z".parse().unwrap();
        assert_eq!(parse_datetime("2026-06-20T00:00:00Z").unwrap(), (Some(at), Some(at)));
        assert_eq!(parse_datetime("2026-06-20T00:00:00Z/..").unwrap(), (Some(at), None));
        assert_eq!(parse_datetime("/2026-06-20T00:00:00Z").unwrap(), (None, Some(at)));
        assert!(parse_datetime("yesterday").is_err());
    }

    #[test]
    fn boxes_meet_where_they_share_a_point() {
        assert!(meets(&[0.0, 0.0, 1.0, 1.0], &[1.0, 1.0, 2.0, 2.0]));
        assert!(!meets(&[0.0, 0.0, 1.0, 1.0], &[1.1, 0.0, 2.0, 2.0]));
        assert!(meets(&[179.0, 0.0, -179.0, 1.0], &[-179.5, 0.5, -179.5, 0.5]));
    }
}
