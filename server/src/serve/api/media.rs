//! Pictures that prove a case, to those who may see the case.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use store::StoreError;

use super::blocking;
use super::problem::Problem;
use crate::clock;
use crate::serve::App;
use crate::serve::accounts::{Caller, Scope};

/// Gives a file of evidence, named by its SHA-256.
#[utoipa::path(get, path = "/v1/evidence/{file}", params(("file" = String, Path, description = "SHA-256 and extension")),
    responses((status = 200, content_type = "image/jpeg", body = Vec<u8>), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 503, body = Problem)))]
pub async fn evidence(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(file): Path<String>,
) -> Result<Response, Problem> {
    caller.allow(Scope::Read)?;
    let unknown = || Problem::not_found(format!("there is no evidence {file:?}"));
    // Only names that a task holds are looked up, so that no path leads elsewhere.
    let incident = {
        let board = app.board();
        let case = board.case_of_file(&file).filter(|case| caller.sees(case)).ok_or_else(unknown)?;
        case.incident.id
    };
    let (path, name) = (app.evidence.join(&file), file.clone());
    let read = blocking(move || {
        let bytes = std::fs::read(path);
        if bytes.is_ok() {
            app.note_seen(&caller.name, &name, &incident.to_string(), clock::now())?;
        }
        Ok::<_, StoreError>(bytes)
    });
    let bytes = read.await??.map_err(|error| {
        tracing::warn!("evidence {file} cannot be read: {error}");
        unknown()
    })?;
    let media = media_of(&file);
    let headers =
        [(header::CONTENT_TYPE, media), (header::CACHE_CONTROL, "private, max-age=31536000, immutable")];
    Ok((headers, bytes).into_response())
}

/// Records are JSON, clips are WebM, everything else is a picture.
fn media_of(file: &str) -> &'static str {
    match std::path::Path::new(file).extension().and_then(|extension| extension.to_str()) {
        Some("json") => "application/json",
        Some("webm") => "video/webm",
        _ => "image/jpeg",
    }
}
