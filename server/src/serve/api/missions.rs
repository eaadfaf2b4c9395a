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
use missions::check::Wind;
use missions::formats::{self, Format};
use missions::link::{Command, Order};
use missions::optics::Overlap;
use missions::proof::proof;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::blocking;
use super::problem::Problem;
use crate::commands::mission::proof as told;
use crate::config::masked;
use crate::serve::App;
use crate::serve::accounts::{Caller, Role, Scope};
use crate::serve::missions::{Asked, Launch, Mission, What, spot, task_view};

/// Longest wait for a change, seconds.
const LONGEST_SECS: u64 = 60;
/// Longest name and reason, characters.
const WORDS: usize = 500;
/// Ground sample distances that are planned, metres.
const GSD_M: std::ops::RangeInclusive<f64> = 0.002..=1.0;

/// A mission to plan: an area with a ground sample distance, a look at a task, or a file.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMission {
    /// Name for people.
    name: String,
    /// GeoJSON Feature, FeatureCollection or geometry.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    area: Option<Value>,
    /// Ground that a pixel shows, centimetres; a look at a task is from 60 m above ground without it, or as high as its error of position asks for.
    #[serde(default)]
    gsd_cm: Option<f64>,
    /// A file instead: .kmz, .plan, .waypoints or .geojson, base64.
    #[serde(default)]
    plan_base64: Option<String>,
    /// Name of an aircraft; that of the first vehicle when not given, else m3td.
    #[serde(default)]
    aircraft: Option<String>,
    /// Overlap of pictures.
    #[serde(default)]
    overlap: Option<OverlapPercent>,
    /// Where it takes off and lands; the home of a vehicle that may fly it when not given, where one is configured.
    #[serde(default)]
    home: Option<Place>,
    /// Task that it is to look at; without an area and a file the flight is that look, which analysts may propose.
    #[serde(default)]
    for_task: Option<String>,
}

impl NewMission {
    /// Tells whether it is a look at a task and nothing else.
    fn is_look(&self) -> bool {
        self.for_task.is_some() && self.area.is_none() && self.plan_base64.is_none()
    }
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
    /// Wind that somebody measured; needed where the vehicle does not measure it, as a dock does.
    #[serde(default)]
    wind: Option<Measured>,
}

/// Wind as it was measured.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// Metres a second.
    speed_mps: f64,
    /// Where it comes from, degrees clockwise from north.
    from_deg: f64,
}

/// Why a flight goes on, and in which wind.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GoOn {
    /// Why.
    reason: String,
    /// Wind that somebody measured, where what is left is a new flight of a vehicle that does not measure it.
    #[serde(default)]
    wind: Option<Measured>,
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
        let entry = &vehicle.entry;
        let kind = match vehicle.link {
            missions_link::Vehicle::Dock(_) => "dji_dock",
            missions_link::Vehicle::Mavlink(_) => "mavlink",
        };
        json!({
            "id": entry.id,
            "zh": entry.name_zh.as_deref().unwrap_or(&entry.id),
            "en": entry.name_en.as_deref().unwrap_or(&entry.id),
            "kind": kind,
            "uri": masked(&entry.uri),
            "aircraft": vehicle.profile.as_ref().map(|profile| &profile.id),
            "video": entry.video.is_some(),
            "flying": flying,
        })
    });
    Ok(Json(view.collect()))
}

/// Lists the aircraft that are known.
#[utoipa::path(get, path = "/v1/aircraft",
    responses((status = 200, body = Object), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn aircraft(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Value>, Problem> {
    may_look(&caller)?;
    let all = app.missions.aircraft_known();
    Ok(Json(all.iter().map(|aircraft| json!({"id": aircraft.id, "name": aircraft.name})).collect()))
}

/// A mission with what became of its task.
fn view(app: &App, mission: &Mission, whole: bool) -> Value {
    let mut view = mission.view(whole);
    view["task"] = task_view(app, mission.for_task.as_deref());
    view
}

/// Lists the missions, newest first.
#[utoipa::path(get, path = "/v1/missions",
    responses((status = 200, body = Object), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Value>, Problem> {
    may_look(&caller)?;
    let items: Vec<Value> = app.missions.list().iter().map(|mission| view(&app, mission, false)).collect();
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
    // Who decides about a task may propose a flight to it; an operator launches it, or nobody.
    if new.is_look() && caller.allow(Scope::Decide).is_ok() {
        may_look(&caller)?;
    } else {
        may_fly(&caller)?;
    }
    let worker = Arc::clone(&app);
    let by = caller.name.clone();
    let mission = blocking(move || planned(&worker, new, by)).await??;
    let mission = app.missions.add(mission)?;
    Ok((StatusCode::CREATED, Json(view(&app, &mission, true))).into_response())
}

fn planned(app: &App, new: NewMission, by: String) -> Result<Mission, Problem> {
    let aircraft = match new.aircraft.as_deref() {
        Some(id) => {
            let found = app.missions.aircraft(id);
            found.ok_or_else(|| Problem::refused(format!("there is no aircraft {id:?}")))?
        }
        None => app.missions.usual().ok_or_else(|| Problem::refused("there is no aircraft"))?,
    };
    let home = match new.home {
        Some(Place { lat_deg, lon_deg }) => Some(
            LatLon::new(lat_deg, lon_deg)
                .ok_or_else(|| Problem::refused(format!("home {lat_deg} {lon_deg} is not on the globe")))?,
        ),
        None => None,
    };
    let usual_home = |near| app.missions.home(&aircraft.id, near);
    let overlap = overlap(new.overlap)?;
    let (text, bytes);
    let gsd_m = new.gsd_cm.map(|gsd_cm| gsd_cm / 100.0);
    if let Some(gsd_m) = gsd_m.filter(|gsd_m| !GSD_M.contains(gsd_m)) {
        return Err(Problem::refused(format!("gsd_cm must be from 0.2 to 100, is {}", gsd_m * 100.0)));
    }
    let looked_at = new.for_task.as_deref().map(|task| {
        spot(app, task).ok_or_else(|| Problem::not_found(format!("there is no task {task:?} with a place")))
    });
    let looked_at = looked_at.transpose()?;
    let middle = || {
        let area = Area::from_geojson(&new.area.as_ref()?.to_string()).ok()?;
        Some(area.plane.place(geo::Coord { x: 0.0, y: 0.0 }))
    };
    let home = home.or_else(|| usual_home(looked_at.as_ref().map(|(spot, _)| spot.at).or_else(middle)));
    let what = match (&new.area, gsd_m, &new.plan_base64, looked_at) {
        (Some(area), Some(gsd_m), None, _) => {
            text = area.to_string();
            What::Area { geojson: &text, gsd_m }
        }
        (None, gsd_m, None, Some((spot, clear_m))) => What::Visit { spot, clear_m, gsd_m },
        (None, None, Some(base64), _) => {
            bytes = STANDARD
                .decode(base64)
                .map_err(|error| Problem::refused(format!("plan_base64 is not base64: {error}")))?;
            What::File(&bytes)
        }
        _ => return Err(Problem::refused("give area and gsd_cm, for_task, or plan_base64")),
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
            return Ok(Json(view(&app, &mission, true)));
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
    let aircraft = app
        .missions
        .aircraft(&mission.aircraft)
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
        return Err(Problem::refused("no area was asked for"));
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
        wind: wind(word.wind)?,
        from: None,
    };
    launched(app, id, launch).await
}

async fn launched(app: Arc<App>, id: String, launch: Launch) -> Result<Response, Problem> {
    let worker = Arc::clone(&app);
    let mission = blocking(move || worker.missions.launch(&worker, &id, &launch)).await??;
    Ok((StatusCode::ACCEPTED, Json(view(&app, &mission, true))).into_response())
}

fn wind(measured: Option<Measured>) -> Result<Option<Wind>, Problem> {
    let Some(Measured { speed_mps, from_deg }) = measured else { return Ok(None) };
    if (0.0..=100.0).contains(&speed_mps) && (0.0..=360.0).contains(&from_deg) {
        return Ok(Some(Wind { speed_mps, from_deg }));
    }
    Err(Problem::refused(format!(
        "no wind of {speed_mps} m/s from {from_deg} degrees: give 0 to 100 from 0 to 360"
    )))
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
    Ok((StatusCode::ACCEPTED, Json(view(app, &mission, true))).into_response())
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
#[utoipa::path(post, path = "/v1/missions/{id}/resume", params(("id" = String, Path, description = "mission")), request_body = GoOn,
    responses((status = 202, body = Object), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn resume(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Json(word): Json<GoOn>,
) -> Result<Response, Problem> {
    may_fly(&caller)?;
    let mission = found(&app, &id)?;
    let (Some(left), Some(vehicle)) = (mission.left_at(), mission.vehicle) else {
        return ordered(&app, &caller, &id, Command::Resume, &Because { reason: word.reason });
    };
    let launch = Launch {
        vehicle,
        actor: caller.name.clone(),
        reason: reason(&word.reason)?,
        simulate: false,
        accept_warnings: true,
        wind: wind(word.wind)?,
        from: Some(left),
    };
    launched(app, id, launch).await
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
