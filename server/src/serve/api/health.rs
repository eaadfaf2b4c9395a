//! Whether the server lives and can work.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::blocking;
use super::problem::Problem;
use crate::serve::App;

/// Answers while the process lives.
#[utoipa::path(get, path = "/healthz", responses((status = 200, body = String)))]
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// Answers 200 when the store can be read and the server does not end.
#[utoipa::path(get, path = "/readyz", responses((status = 200, body = String), (status = 503, body = String)))]
pub async fn readyz(State(app): State<Arc<App>>) -> Result<impl IntoResponse, Problem> {
    if app.ending() {
        return Ok((StatusCode::SERVICE_UNAVAILABLE, "the server ends\n".to_owned()));
    }
    let worker = Arc::clone(&app);
    let read = blocking(move || worker.stores.with(|store| store.schema_version())).await?;
    Ok(match read {
        Ok(_) => (StatusCode::OK, "ok\n".to_owned()),
        Err(error) => {
            tracing::warn!("not ready: {error}");
            (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read\n".to_owned())
        }
    })
}
