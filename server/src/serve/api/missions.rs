//! Missions: planned from an area or a file, launched with a person's confirmation, followed and steered.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gis::LatLon;
use jiff::Timestamp;
use missions::area::Area;
use missions::formats::{self, Format};
use missions::link::{Command, Order};
use missions::optics::Overlap;
use missions::proof::proof;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::blocking;
use super::problem::Problem;
use crate::commands::mission::{input, proof as told};
use crate::config::masked;
use crate::serve::App;
use crate::serve::accounts::{Caller, Role, Scope};
use crate::serve::missions::{Asked, Launch, Mission, What};

/// Longest wait for a change, seconds.
const LONGEST_SECS: u64 = 60;
/// Longest name and reason, characters.
const WORDS: usize = 500;
/// Ground sample distances that are planned, metres.
const GSD_M: std::ops::RangeInclusive<f64> = 0.002..=1.0;

/// A mission to plan: an area with a ground sample distance, or a file.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMission {
    /// Name for people.
    name: String,
    /// GeoJSON Feature, FeatureCollection or geometry.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    area: Option<Value>,
    /// Ground that a pixel shows, centimetres.
    #[serde(default)]
    gsd_cm: Option<f64>,
    /// A file instead: .kmz, .plan, .waypoints or .geojson, base64.
    #[serde(default)]
    plan_base64: Option<String>,
    /// Name of an aircraft; m3td when not given.
    #[serde(default)]
    aircraft: Option<String>,
    /// Overlap of pictures.
    #[serde(default)]
    overlap: Option<OverlapPercent>,
    /// Where it takes off and lands.
    #[serde(default)]
    home: Option<Place>,
    /// Task that it is to look at.
    #[serde(default)]
    for_task: Option<String>,
}

/// Overlap in percent.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OverlapPercent {
    /// Of one picture and the next.
    along_percent: f64,
    /// Of one line and the next.
    across_percent: f64,
}

/// A place.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    lat_deg: f64,
    lon_deg: f64,
}

/// A person's word that a flight may start.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// On what.
    vehicle: String,
    /// Why.
    reason: String,
    /// Somebody looked and says yes.
    confirmed: bool,
    /// Only inside the dock.
    #[serde(default)]
    simulate: bool,
    /// The warnings of the plan were read.
    #[serde(default)]
    accept_warnings: bool,
}

/// Why something is ordered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Because {
    /// Why.
    reason: String,
}

/// When to answer.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Waiting {
    /// Version that is known already.
    after: Option<u64>,
    /// Seconds to wait for another, 60 at most.
    wait: Option<u64>,
}

fn may_look(caller: &Caller) -> Result<(), Problem> {
    caller.allow(Scope::Read)?;
    if caller.role == Role::Department || caller.department.is_some() {
        return Err(Problem::forbidden("departments see their tasks, not the flights"));
    }
    Ok(())
}

fn may_fly(caller: &Caller) -> Result<(), Problem> {
    may_look(caller)?;
    caller.allow(Scope::Fly)
}

/// Lists what can fly.
#[utoipa::path(get, path = "/v1/vehicles",
    responses((status = 200, body = Object), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn vehicles(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Value>, Problem> {
    may_look(&caller)?;
    let all = app.missions.vehicles();
    let view = all.iter().map(|(vehicle, flying)| {
        json!({
            "id": vehicle.id,
            "zh": vehicle.name_zh.as_deref().unwrap_or(&vehicle.id),
            "en": vehicle.name_en.as_deref().unwrap_or(&vehicle.id),
            "kind": if vehicle.uri.starts_with("dji-dock:") { "dji_dock" } else { "mavlink" },
            "uri": masked(&vehicle.uri),
            "aircraft": vehicle.profile,
            "video": vehicle.video.is_some(),
            "flying": flying,
        })
    });
    Ok(Json(view.collect()))
}

/// Lists the aircraft that are known.
#[utoipa::path(get, path = "/v1/aircraft",
    responses((status = 200, body = Object), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn aircraft(caller: Caller) -> Result<Json<Value>, Problem> {
    may_look(&caller)?;
    Ok(Json(input::known().map(|aircraft| json!({"id": aircraft.id, "name": aircraft.name})).collect()))
}

/// Lists the missions, newest first.
#[utoipa::path(get, path = "/v1/missions",
    responses((status = 200, body = Object), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Value>, Problem> {
    may_look(&caller)?;
    let items = app.missions.list();
    Ok(Json(json!({"total": items.len(), "items": items})))
}

/// Plans a mission.
#[utoipa::path(post, path = "/v1/missions", request_body = NewMission,
    responses((status = 201, body = Object), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn add(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(new): Json<NewMission>,
) -> Result<Response, Problem> {
    may_fly(&caller)?;
    let worker = Arc::clone(&app);
    let by = caller.name.clone();
    let mission = blocking(move || planned(&worker, new, by)).await??;
    let mission = app.missions.add(mission)?;
    Ok((StatusCode::CREATED, Json(mission.view(true))).into_response())
}

fn planned(app: &App, new: NewMission, by: String) -> Result<Mission, Problem> {
    let id = new.aircraft.as_deref().unwrap_or(input::USUAL);
    let aircraft =
        input::known_aircraft(id).ok_or_else(|| Problem::refused(format!("there is no aircraft {id:?}")))?;
    let home = match new.home {
        Some(Place { lat_deg, lon_deg }) => Some(
            LatLon::new(lat_deg, lon_deg)
                .ok_or_else(|| Problem::refused(format!("home {lat_deg} {lon_deg} is not on the globe")))?,
        ),
        None => None,
    };
    let overlap = overlap(new.overlap)?;
    let (text, bytes);
    let what = match (&new.area, new.gsd_cm, &new.plan_base64) {
        (Some(area), Some(gsd_cm), None) => {
            let gsd_m = gsd_cm / 100.0;
            if !GSD_M.contains(&gsd_m) {
                return Err(Problem::refused(format!("gsd_cm must be from 0.2 to 100, is {gsd_cm}")));
            }
            text = area.to_string();
            What::Area { geojson: &text, gsd_m }
        }
        (None, None, Some(base64)) => {
            bytes = STANDARD
                .decode(base64)
                .map_err(|error| Problem::refused(format!("plan_base64 is not base64: {error}")))?;
            What::File(&bytes)
        }
        _ => return Err(Problem::refused("give area and gsd_cm, or plan_base64")),
    };
    if new.name.trim().is_empty() || new.name.chars().count() > WORDS {
        return Err(Problem::refused("the name is empty or longer than 500 characters"));
    }
    let ground = app.hub().and_then(|hub| hub.terrain().ground());
    let asked = Asked { name: new.name, by, for_task: new.for_task, aircraft, what, overlap, home, ground };
    asked.plan().map_err(|error| Problem::refused(error.to_string()))
}

fn overlap(asked: Option<OverlapPercent>) -> Result<Overlap, Problem> {
    let Some(OverlapPercent { along_percent, across_percent }) = asked else { return Ok(Overlap::default()) };
    if [along_percent, across_percent].iter().all(|percent| (0.0..=95.0).contains(percent)) {
        return Ok(Overlap { front: along_percent / 100.0, side: across_percent / 100.0 });
    }
    Err(Problem::refused(format!(
        "overlaps are from 0 to 95 percent, not {along_percent} and {across_percent}"
    )))
}

fn found(app: &App, id: &str) -> Result<Mission, Problem> {
    app.missions.get(id).ok_or_else(|| Problem::not_found(format!("there is no mission {id:?}")))
}

/// Gives a mission; with `after` and `wait` once it changed.
#[utoipa::path(get, path = "/v1/missions/{id}", params(("id" = String, Path, description = "mission"), Waiting),
    responses((status = 200, body = Object), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(waiting): Query<Waiting>,
) -> Result<Json<Value>, Problem> {
    may_look(&caller)?;
    let until =
        tokio::time::Instant::now() + Duration::from_secs(waiting.wait.unwrap_or(0).min(LONGEST_SECS));
    let mut changed = app.missions.changed();
    loop {
        changed.borrow_and_update();
        let mission = found(&app, &id)?;
        let known = waiting.after.is_some_and(|after| mission.version <= after);
        if !known || tokio::time::Instant::now() >= until || app.ending() {
            return Ok(Json(mission.view(true)));
        }
        // Either a change, or the end of the wait: both are looked at above.
        drop(tokio::time::timeout_at(until, changed.changed()).await);
    }
}

/// Gives the plan of a mission as a KMZ file.
#[utoipa::path(get, path = "/v1/missions/{id}/plan.kmz", params(("id" = String, Path, description = "mission")),
    responses((status = 200, content_type = "application/vnd.google-earth.kmz", body = Vec<u8>), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn plan(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    may_look(&caller)?;
    let mission = found(&app, &id)?;
    let aircraft = input::known_aircraft(&mission.aircraft)
        .ok_or_else(|| Problem::refused(format!("there is no aircraft {:?}", mission.aircraft)))?;
    let kmz = formats::write(&mission.plan, Format::Kmz, &aircraft, mission.created.as_millisecond());
    let kmz = kmz.map_err(|error| Problem::refused(error.to_string()))?;
    let media = HeaderValue::from_static("application/vnd.google-earth.kmz");
    Ok(([(header::CONTENT_TYPE, media)], kmz).into_response())
}

/// Tells what its flight saw of the area of a mission, how finely and when, and what it left out.
#[utoipa::path(get, path = "/v1/missions/{id}/coverage", params(("id" = String, Path, description = "mission")),
    responses((status = 200, body = Object), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
pub async fn coverage(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    may_look(&caller)?;
    let mission = found(&app, &id)?;
    let (Some(area), Some(gsd_m)) = (mission.area, mission.gsd_m) else {
        return Err(Problem::refused("the mission came as a file: no area was asked for"));
    };
    let area = Area::from_geojson(&area).map_err(|error| Problem::refused(error.to_string()))?;
    let source = mission.source;
    blocking(move || {
        let mut looked_at = app.stores.with(|store| store.footprints(area.bounds(), Timestamp::MIN))?;
        // A flight has a source of its own, whose clock is that of its video.
        looked_at.retain(|view| Some(&view.source) == source.as_ref());
        Ok(Json(told::in_json(&proof(&area, &looked_at, gsd_m), gsd_m)))
    })
    .await?
}

/// Removes a mission that does not fly.
#[utoipa::path(delete, path = "/v1/missions/{id}", params(("id" = String, Path, description = "mission")),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    may_fly(&caller)?;
    app.missions.remove(&id)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Launches a mission. The one who calls says by `confirmed` that the place was looked at.
#[utoipa::path(post, path = "/v1/missions/{id}/launch", params(("id" = String, Path, description = "mission")), request_body = Confirmation,
    responses((status = 202, body = Object), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn launch(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Json(word): Json<Confirmation>,
) -> Result<Response, Problem> {
    may_fly(&caller)?;
    if !word.confirmed {
        return Err(Problem::refused(
            "no flight without a person: say confirmed once the place was looked at",
        ));
    }
    let launch = Launch {
        vehicle: word.vehicle,
        actor: caller.name.clone(),
        reason: reason(&word.reason)?,
        simulate: word.simulate,
        accept_warnings: word.accept_warnings,
        from: None,
    };
    let mission = blocking(move || app.missions.launch(&app, &id, &launch)).await??;
    Ok((StatusCode::ACCEPTED, Json(mission.view(true))).into_response())
}

fn reason(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > WORDS {
        return Err(Problem::refused("a reason is needed, of 500 characters at most"));
    }
    Ok(text.to_owned())
}

fn ordered(
    app: &App,
    caller: &Caller,
    id: &str,
    command: Command,
    because: &Because,
) -> Result<Response, Problem> {
    may_fly(caller)?;
    let order = Order { command, actor: caller.name.clone(), reason: reason(&because.reason)? };
    let mission = app.missions.order(id, order)?;
    Ok((StatusCode::ACCEPTED, Json(mission.view(true))).into_response())
}

/// Holds a flight in the air.
#[utoipa::path(post, path = "/v1/missions/{id}/pause", params(("id" = String, Path, description = "mission")), request_body = Because,
    responses((status = 202, body = Object), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn pause(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Json(because): Json<Because>,
) -> Result<Response, Problem> {
    ordered(&app, &caller, &id, Command::Pause, &because)
}

/// Lets a flight go on: from where it holds, or a new one from where the last was left.
#[utoipa::path(post, path = "/v1/missions/{id}/resume", params(("id" = String, Path, description = "mission")), request_body = Because,
    responses((status = 202, body = Object), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn resume(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Json(because): Json<Because>,
) -> Result<Response, Problem> {
    may_fly(&caller)?;
    let mission = found(&app, &id)?;
    let (Some(left), Some(vehicle)) = (mission.left_at(), mission.vehicle) else {
        return ordered(&app, &caller, &id, Command::Resume, &because);
    };
    let launch = Launch {
        vehicle,
        actor: caller.name.clone(),
        reason: reason(&because.reason)?,
        simulate: false,
        accept_warnings: true,
        from: Some(left),
    };
    let mission = blocking(move || app.missions.launch(&app, &id, &launch)).await??;
    Ok((StatusCode::ACCEPTED, Json(mission.view(true))).into_response())
}

/// Calls a flight home; it can go on later from where it was left.
#[utoipa::path(post, path = "/v1/missions/{id}/return", params(("id" = String, Path, description = "mission")), request_body = Because,
    responses((status = 202, body = Object), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn go_home(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Json(because): Json<Because>,
) -> Result<Response, Problem> {
    ordered(&app, &caller, &id, Command::ReturnHome, &because)
}

/// Breaks a flight off: before the start the plan is taken away, in the air it comes home.
#[utoipa::path(post, path = "/v1/missions/{id}/abort", params(("id" = String, Path, description = "mission")), request_body = Because,
    responses((status = 202, body = Object), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn abort(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Json(because): Json<Because>,
) -> Result<Response, Problem> {
    ordered(&app, &caller, &id, Command::Abort, &because)
}
