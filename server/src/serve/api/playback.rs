//! Looking back: the last minute of a source picture by picture, and clips by time.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use dispatch::EvidenceKind;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::problem::Problem;
use super::sources::{may_watch, status};
use crate::serve::App;
use crate::serve::accounts::{Caller, Scope};
use crate::serve::board::Case;

/// Clips of one answer.
const MOST: usize = 500;
/// What a clip shows before and after the sightings.
const AROUND: SignedDuration = SignedDuration::from_secs(5);

/// A moment.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Moment {
    /// Capture time, RFC 3339; the last picture when not given.
    #[serde(default)]
    at: Option<String>,
}

/// Returns from when to when a source can be looked back at picture by picture.
#[utoipa::path(get, path = "/v1/sources/{id}/playback", params(("id" = String, Path, description = "source")),
    responses((status = 200, body = Object), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn span(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    may_watch(&caller)?;
    let span = status(&app, &id)?.ring().span();
    Ok(Json(json!({"from": span.map(|span| span.0), "to": span.map(|span| span.1)})))
}

/// Returns the picture that a source showed at a moment of the last minute.
#[utoipa::path(get, path = "/v1/sources/{id}/playback.jpg", params(("id" = String, Path, description = "source"), Moment),
    responses((status = 200, content_type = "image/jpeg", body = Vec<u8>), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn picture(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(moment): Query<Moment>,
) -> Result<Response, Problem> {
    may_watch(&caller)?;
    let at = moment.at.as_deref().map(|text| time("at", text)).transpose()?;
    let status = status(&app, &id)?;
    let found = status.ring().at(at.unwrap_or(Timestamp::MAX));
    let found =
        found.ok_or_else(|| Problem::not_found(format!("{id} has no picture of that moment any more")))?;
    let headers = [
        (header::CONTENT_TYPE, "image/jpeg".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (HeaderName::from_static("x-capture-time"), found.time.to_string()),
    ];
    Ok((headers, found.jpeg.to_vec()).into_response())
}

/// Which clips are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Only of this source.
    #[serde(default)]
    source: Option<String>,
    /// Only what shows something at this time or later, RFC 3339.
    #[serde(default)]
    from: Option<String>,
    /// Only what shows something at this time or earlier, RFC 3339.
    #[serde(default)]
    to: Option<String>,
}

/// Returns clips by time, the latest first.
#[utoipa::path(get, path = "/v1/clips", params(Wanted), responses((status = 200, body = Vec<Object>), (status = 400, body = Problem),
    (status = 401, body = Problem)))]
pub async fn clips(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Vec<Value>>, Problem> {
    caller.allow(Scope::Read)?;
    let from = wanted.from.as_deref().map(|text| time("from", text)).transpose()?;
    let to = wanted.to.as_deref().map(|text| time("to", text)).transpose()?;
    let fits = |case: &&Case| {
        let one = &case.incident;
        wanted.source.as_ref().is_none_or(|source| one.sources.contains(source))
            && from.is_none_or(|from| one.last_seen + AROUND >= from)
            && to.is_none_or(|to| one.first_seen - AROUND <= to)
    };
    let board = app.board();
    let clip = |case: &Case| {
        let file = case.task.as_ref()?.evidence.iter().find(|one| one.kind == EvidenceKind::Clip)?;
        let one = &case.incident;
        Some(json!({
            "incident": one.id, "class": one.class, "sources": one.sources, "from": one.first_seen - AROUND,
            "to": one.last_seen + AROUND, "url": format!("/v1/evidence/{}", file.file),
        }))
    };
    // Ids begin with the time of the first sighting.
    let mut found: Vec<Value> =
        board.cases().filter(|case| caller.sees(case)).filter(fits).filter_map(clip).collect();
    found.reverse();
    found.truncate(MOST);
    Ok(Json(found))
}

fn time(name: &str, text: &str) -> Result<Timestamp, Problem> {
    text.parse().map_err(|error| Problem::bad_request(format!("{name} {text:?} is no time: {error}")))
}
