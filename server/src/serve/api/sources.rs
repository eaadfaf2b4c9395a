//! Sources: how they do, what they show now, and how they are steered.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gis::LatLon;
use models::SizePx;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::ToSchema;

use super::blocking;
use super::problem::Problem;
use crate::serve::App;
use crate::serve::accounts::{Caller, Scope};
use crate::serve::hub::{Added, Hub, Latest, SourceStatus};
use crate::serve::views::polygon;

/// Longer side of a live picture, pixels.
const LIVE_PX: u32 = 960;
const JPEG_QUALITY: u8 = 80;
const LINE_COLOUR: [u8; 3] = [255, 214, 10];
/// How long a live view is open before who looks is looked at anew.
const LIVE: Duration = Duration::from_mins(15);
/// Pictures a second of a live view at most.
const LIVE_EVERY: Duration = Duration::from_millis(100);
/// Pictures on their way to one viewer.
const AHEAD: usize = 2;

/// A source to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSource {
    /// Name used in tasks.
    id: String,
    /// `rtsp://`, `rtsps://`, `udp://` or `srt://`; files only from the configuration.
    uri: String,
    /// Where it stands, for what cannot be located.
    #[serde(default)]
    lat_deg: Option<f64>,
    #[serde(default)]
    lon_deg: Option<f64>,
    /// Frames looked at each second.
    #[serde(default)]
    fps: Option<f64>,
}

/// Lists the sources with their health.
#[utoipa::path(get, path = "/v1/sources", responses((status = 200, body = Object), (status = 401, body = Problem)))]
pub async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Value>, Problem> {
    caller.allow(Scope::Read)?;
    let sources = hub(&app)?.list();
    Ok(Json(sources.iter().map(|(id, uri, status)| view(id, uri, status)).collect()))
}

fn view(id: &str, uri: &str, status: &SourceStatus) -> Value {
    let health = status.health();
    let place = status.place();
    let latest = status.latest();
    let place = place.map(|(LatLon { lat_deg, lon_deg }, heading)| {
        json!({"lat_deg": lat_deg, "lon_deg": lon_deg, "heading_deg": heading})
    });
    json!({
        "id": id,
        "uri": uri,
        "kind": if status.live() { "live" } else { "file" },
        "state": health.stage,
        "hop": health.hop,
        "problem_zh": health.problem.as_ref().map(|(zh, _)| zh),
        "problem_en": health.problem.as_ref().map(|(_, en)| en),
        "next_step_zh": health.next_step.map(|(zh, _)| zh),
        "next_step_en": health.next_step.map(|(_, en)| en),
        "frames": status.frames(),
        "detections": status.detections(),
        "dropped": status.dropped(),
        "age_s": health.age.map(|age| age.as_secs_f64()),
        "time": latest.as_ref().map(|latest| latest.time),
        "position": place,
        "footprint": latest.and_then(|latest| latest.footprint).map(|ring| polygon(&ring)),
    })
}

/// Adds a live source in one of the networks that are allowed; it is there after a restart, too.
#[utoipa::path(post, path = "/v1/sources", request_body = NewSource,
    responses((status = 201), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn add(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(new): Json<NewSource>,
) -> Result<StatusCode, Problem> {
    caller.allow(Scope::Sources)?;
    let live = ["rtsp://", "rtsps://", "udp://", "srt://"].iter().any(|scheme| new.uri.starts_with(scheme));
    if !live {
        return Err(Problem::refused("only rtsp://, rtsps://, udp:// and srt:// can be added here"));
    }
    let place = new.lat_deg.zip(new.lon_deg);
    if place.is_some_and(|(lat_deg, lon_deg)| LatLon::new(lat_deg, lon_deg).is_none()) {
        return Err(Problem::refused("lat_deg and lon_deg are not on the globe"));
    }
    let added = Added { id: new.id, uri: new.uri, place, fps: new.fps, paused: false };
    let worker = Arc::clone(&app);
    // Names are looked up, which may take its time.
    blocking(move || Ok::<_, Problem>(hub(&worker)?.add_stream(added)?)).await??;
    Ok(StatusCode::CREATED)
}

/// Ends the feed of a source and keeps the source.
#[utoipa::path(post, path = "/v1/sources/{id}/pause", params(("id" = String, Path, description = "source")),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn pause(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.allow(Scope::Sources)?;
    hub(&app)?.pause(&id)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Starts the feed of a source again.
#[utoipa::path(post, path = "/v1/sources/{id}/resume", params(("id" = String, Path, description = "source")),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn resume(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.allow(Scope::Sources)?;
    let worker = Arc::clone(&app);
    blocking(move || Ok::<_, Problem>(hub(&worker)?.resume(&id)?)).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a source and forgets it; what it found stays.
#[utoipa::path(delete, path = "/v1/sources/{id}", params(("id" = String, Path, description = "source")),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.allow(Scope::Sources)?;
    let worker = Arc::clone(&app);
    blocking(move || Ok::<_, Problem>(hub(&worker)?.remove(&id)?)).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives the latest picture with what was seen drawn in.
#[utoipa::path(get, path = "/v1/sources/{id}/still.jpg", params(("id" = String, Path, description = "source")),
    responses((status = 200, content_type = "image/jpeg", body = Vec<u8>), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn still(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    may_watch(&caller)?;
    let status = status(&app, &id)?;
    let latest = status.latest().ok_or_else(|| Problem::not_found(format!("{id} gave no picture yet")))?;
    let jpeg = blocking(move || drawn(&latest)).await?.map_err(|error| Problem::internal(&error))?;
    let headers = [(header::CONTENT_TYPE, "image/jpeg"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, jpeg).into_response())
}

/// Gives the pictures of a source as they come, with what was seen drawn in, as Motion JPEG.
#[utoipa::path(get, path = "/v1/sources/{id}/live.mjpeg", params(("id" = String, Path, description = "source")),
    responses((status = 200, content_type = "multipart/x-mixed-replace", body = Vec<u8>), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn live(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    may_watch(&caller)?;
    let status = status(&app, &id)?;
    status.latest().ok_or_else(|| Problem::not_found(format!("{id} gave no picture yet")))?;
    let (send, receive) = mpsc::channel(AHEAD);
    tokio::spawn(tokio::time::timeout(LIVE, show(app, status, send)));
    let mut response = Response::new(Body::from_stream(ReceiverStream::new(receive)));
    let media = HeaderValue::from_static("multipart/x-mixed-replace; boundary=frame");
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn show(app: Arc<App>, status: Arc<SourceStatus>, send: mpsc::Sender<Result<Bytes, Infallible>>) {
    let mut last = None;
    while !app.ending() && !send.is_closed() {
        let fresh = status.latest().filter(|latest| last != Some(latest.number));
        if let Some(latest) = fresh {
            last = Some(latest.number);
            let Ok(Ok(jpeg)) = blocking(move || drawn(&latest)).await else { return };
            let head =
                format!("--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", jpeg.len());
            let part = [head.as_bytes(), &jpeg, b"\r\n"].concat();
            if send.send(Ok(Bytes::from(part))).await.is_err() {
                return;
            }
        }
        tokio::time::sleep(LIVE_EVERY).await;
    }
}

/// Whole pictures show what the findings of other departments show too.
pub(super) fn may_watch(caller: &Caller) -> Result<(), Problem> {
    // A machine's token says whether it may; people look because it is their work.
    caller.allow(if caller.scopes.is_some() { Scope::Originals } else { Scope::Read })?;
    if caller.department.is_some() {
        return Err(Problem::forbidden("departments see the stills of their tasks, not the sources"));
    }
    Ok(())
}

fn hub(app: &App) -> Result<&Hub, Problem> {
    app.hub().ok_or_else(|| Problem::refused("this server runs no sources"))
}

pub(super) fn status(app: &App, id: &str) -> Result<Arc<SourceStatus>, Problem> {
    hub(app)?.status(id).ok_or_else(|| Problem::not_found(format!("there is no source {id:?}")))
}

fn drawn(latest: &Latest) -> Result<Vec<u8>, String> {
    let full = latest.picture.size();
    let scale = (f64::from(LIVE_PX) / f64::from(full.width.max(full.height))).min(1.0);
    let side = |px: u32| (f64::from(px) * scale).round().max(1.0) as u32;
    let size = SizePx { width: side(full.width), height: side(full.height) };
    let picture = latest.picture.rgb(size).map_err(|error| error.to_string())?;
    let outlines: Vec<pipeline_cv::Outline> = latest
        .seen
        .iter()
        .map(|(outline, ..)| pipeline_cv::Outline {
            ring_px: outline.ring_px.iter().map(|(u, v)| (u * scale, v * scale)).collect(),
            holes_px: Vec::new(),
            area_px: outline.area_px * scale * scale,
            mean_probability: outline.mean_probability as f32,
            truncated: outline.truncated,
        })
        .collect();
    let outlines: Vec<&pipeline_cv::Outline> = outlines.iter().collect();
    let picture =
        pipeline_cv::draw_outline(&picture, &outlines, LINE_COLOUR).map_err(|error| error.to_string())?;
    pipeline_cv::encode_jpeg(&picture, JPEG_QUALITY).map_err(|error| error.to_string())
}
