//! Pictures that prove a case, to those who may see the case: as they were taken to those who may see originals, too coarse to
//! read a face or a plate in to everybody else.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use dispatch::Task;
use store::StoreError;

use super::blocking;
use super::problem::Problem;
use crate::clock;
use crate::serve::App;
use crate::serve::accounts::{Caller, Scope};
use crate::veil::{About, shown};

/// Media type of records.
const RECORD: &str = "application/json";

/// Gives a file of evidence, named by its SHA-256: the original to those who may see originals, which is noted, and a coarse picture to
/// everybody else (`x-picture` says which). Clips are originals.
#[utoipa::path(get, path = "/v1/evidence/{file}", params(("file" = String, Path, description = "SHA-256 and extension")),
    responses((status = 200, content_type = "image/jpeg", body = Vec<u8>), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 503, body = Problem)))]
pub async fn evidence(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(file): Path<String>,
) -> Result<Response, Problem> {
    caller.allow(Scope::Read)?;
    let unknown = || Problem::not_found(format!("there is no evidence {file:?}"));
    // Only names that a task holds are looked up, so that no path leads elsewhere.
    let task = {
        let board = app.board();
        let case = board.cases_of_file(&file).find(|case| caller.sees(case)).ok_or_else(unknown)?;
        case.task.clone().ok_or_else(unknown)?
    };
    let media = media_of(&file);
    let original = caller.may(Scope::Originals) || media == RECORD;
    if !original && media != "image/jpeg" {
        return Err(Problem::forbidden(format!(
            "{} may not see originals, and clips are shown as they are",
            caller.name
        )));
    }
    let name = file.clone();
    let read = blocking(move || {
        if original { look(&app, &caller, &task, &name, media) } else { Ok(coarse(&app, &task, &name)) }
    });
    let bytes = read.await??.map_err(|reason| {
        tracing::warn!("evidence {file} cannot be shown: {reason}");
        unknown()
    })?;
    let headers = [
        (header::CONTENT_TYPE, media),
        (header::CACHE_CONTROL, "private, max-age=31536000, immutable"),
        // Who signs in after somebody else gets what is his to see.
        (header::VARY, "Cookie, Authorization"),
        (HeaderName::from_static("x-picture"), if original { "original" } else { "coarse" }),
    ];
    Ok((headers, bytes).into_response())
}

/// The file as it is, noted before it is shown; a record shows nothing.
fn look(
    app: &App,
    caller: &Caller,
    task: &Task,
    file: &str,
    media: &str,
) -> Result<Result<Vec<u8>, String>, StoreError> {
    let bytes = std::fs::read(app.evidence.join(file));
    if bytes.is_ok() && media != RECORD {
        app.note_seen(&caller.name, file, &task.incident_id.to_string(), clock::now())?;
    }
    Ok(bytes.map_err(|error| error.to_string()))
}

/// The picture too coarse to read a face or a plate in.
fn coarse(app: &App, task: &Task, file: &str) -> Result<Vec<u8>, String> {
    let about = About::find(task, file, &app.evidence);
    shown(&app.evidence, file, about.as_ref()).map_err(|error| format!("{error:#}"))
}

/// Records are JSON, clips are WebM, everything else is a picture.
fn media_of(file: &str) -> &'static str {
    match std::path::Path::new(file).extension().and_then(|extension| extension.to_str()) {
        Some("json") => RECORD,
        Some("webm") => "video/webm",
        _ => "image/jpeg",
    }
}
