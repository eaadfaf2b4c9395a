//! What a crew reports from the spot: a note, a picture, a place.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Multipart, Path, State};
use axum::http::HeaderMap;
use dispatch::casework::Act;
use dispatch::{EvidenceKind, EvidenceRef, TaskId};
use gis::LatLon;
use serde_json::Value;
use store::What;
use uuid::Uuid;

use super::blocking;
use super::operations::{Decision, answered, carry_out, key_of};
use super::problem::Problem;
use crate::evidence::Shelf;
use crate::serve::App;
use crate::serve::accounts::{Caller, Scope};

/// Pixels of a picture that is taken at most: 64 million are 192 MB while it is decoded.
const MOST_PX: u64 = 64_000_000;
/// Longest note, characters.
const NOTE: usize = 2_000;
const JPEG_QUALITY: u8 = 88;

#[derive(Default)]
struct Report {
    note: String,
    lat: Option<f64>,
    lon: Option<f64>,
    photo: Option<Vec<u8>>,
}

/// Adds a crew's note and picture to a task. The picture is stored anew as JPEG, without what the telephone wrote into it.
#[utoipa::path(post, path = "/v1/tasks/{id}/report", params(("id" = Uuid, Path, description = "task")),
    responses((status = 200, body = Object), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn report(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    form: Multipart,
) -> Result<Json<Value>, Problem> {
    caller.allow(Scope::Report)?;
    let task = TaskId(id);
    let known = {
        let board = app.board();
        let case = board.task(task).and_then(|task| board.case(task.incident_id));
        case.is_some_and(|case| caller.sees(case))
    };
    if !known {
        return Err(Problem::not_found(format!("there is no task {task}")));
    }
    // The key alone says that it is the same report: a picture is not hashed before it is known to be new.
    let (key, request) = (key_of(&headers), format!("report {task}"));
    if let Some(answer) = answered(&app, &caller, key, &request)? {
        return Ok(Json(answer));
    }
    let Report { note, lat, lon, photo } = read(form).await?;
    let evidence = match photo {
        Some(bytes) => vec![keep(&app, bytes).await?],
        None => Vec::new(),
    };
    let at = lat.zip(lon).and_then(|(lat, lon)| LatLon::new(lat, lon));
    let place = at.map(|at| format!(" ({:.6}, {:.6})", at.lat_deg, at.lon_deg)).unwrap_or_default();
    let note = if note.trim().is_empty() { "on site".to_owned() } else { note };
    let what = What::Act(Act::Attach { task, evidence });
    let decision = Decision { what, reason: format!("{note}{place}"), expected: Vec::new() };
    let answer = carry_out(&app, &caller, decision).await?;
    if let Some(key) = key {
        app.answers.keep(&caller.name, key, &request, &answer);
    }
    Ok(Json(answer))
}

async fn read(mut form: Multipart) -> Result<Report, Problem> {
    let mut report = Report::default();
    let bad = |error: axum::extract::multipart::MultipartError| Problem::bad_request(error.body_text());
    while let Some(field) = form.next_field().await.map_err(bad)? {
        let name = field.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "photo" => report.photo = Some(field.bytes().await.map_err(bad)?.to_vec()),
            "note" => report.note = field.text().await.map_err(bad)?.chars().take(NOTE).collect(),
            "lat_deg" => report.lat = number(&name, &field.text().await.map_err(bad)?)?,
            "lon_deg" => report.lon = number(&name, &field.text().await.map_err(bad)?)?,
            other => return Err(Problem::bad_request(format!("a report has no field {other:?}"))),
        }
    }
    report.photo = report.photo.filter(|bytes| !bytes.is_empty());
    Ok(report)
}

fn number(name: &str, text: &str) -> Result<Option<f64>, Problem> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let number =
        text.trim().parse().map_err(|_| Problem::bad_request(format!("{name} {text:?} is no number")))?;
    Ok(Some(number))
}

pub(super) async fn keep(app: &Arc<App>, bytes: Vec<u8>) -> Result<EvidenceRef, Problem> {
    let app = Arc::clone(app);
    let stored = blocking(move || {
        // The size is read from the header: a picture that claims to be huge is never decoded.
        let size = pipeline_cv::picture_size(&bytes).map_err(|error| Problem::refused(error.to_string()))?;
        if u64::from(size.width) * u64::from(size.height) > MOST_PX {
            let text = format!("the picture of {} x {} pixels is too large", size.width, size.height);
            return Err(Problem::refused(text));
        }
        let picture =
            pipeline_cv::decode_picture(&bytes).map_err(|error| Problem::refused(error.to_string()))?;
        let jpeg = pipeline_cv::encode_jpeg(&picture, JPEG_QUALITY)
            .map_err(|error| Problem::internal(&error.to_string()))?;
        let shelf = Shelf { folder: &app.evidence, rooms: Some(&app.rooms) };
        crate::evidence::keep(shelf, EvidenceKind::OnSite, "jpg", &jpeg)
            .map_err(|error| Problem::internal(&error.to_string()))
    });
    stored.await?
}
