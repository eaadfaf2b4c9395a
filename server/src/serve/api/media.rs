//! Pictures that prove a case, to those who may see the case.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::blocking;
use super::problem::Problem;
use crate::serve::App;
use crate::serve::accounts::{Caller, Scope};

/// Gives a file of evidence, named by its SHA-256.
#[utoipa::path(get, path = "/v1/evidence/{file}", params(("file" = String, Path, description = "SHA-256 and extension")),
    responses((status = 200, content_type = "image/jpeg", body = Vec<u8>), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn evidence(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(file): Path<String>,
) -> Result<Response, Problem> {
    caller.allow(Scope::Read)?;
    let unknown = || Problem::not_found(format!("there is no evidence {file:?}"));
    // Only names that a task holds are looked up, so that no path leads elsewhere.
    let known = app.board().case_of_file(&file).is_some_and(|case| caller.sees(case));
    if !known {
        return Err(unknown());
    }
    let path = app.evidence.join(&file);
    let bytes = blocking(move || std::fs::read(path)).await?.map_err(|error| {
        tracing::warn!("evidence {file} cannot be read: {error}");
        unknown()
    })?;
    let media = if path_ends_in_json(&file) { "application/json" } else { "image/jpeg" };
    let headers =
        [(header::CONTENT_TYPE, media), (header::CACHE_CONTROL, "private, max-age=31536000, immutable")];
    Ok((headers, bytes).into_response())
}

/// Records are JSON, everything else is a picture.
fn path_ends_in_json(file: &str) -> bool {
    std::path::Path::new(file).extension().is_some_and(|extension| extension == "json")
}
