//! Whether the server lives and can work.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::blocking;
use super::problem::Problem;
use crate::serve::App;

/// Answers while the process lives; a second line says why the store cannot be written, where it cannot, as with a full disk.
#[utoipa::path(get, path = "/healthz", responses((status = 200, body = String)))]
pub async fn healthz(State(app): State<Arc<App>>) -> String {
    lines(app.store_trouble().map(|reason| format!("frames wait for the store: {reason}")))
}

/// Answers 200 when the store can be read and the server does not end; more lines say what keeps it from keeping things: people can work
/// on with what is there.
#[utoipa::path(get, path = "/readyz", responses((status = 200, body = String), (status = 503, body = String)))]
pub async fn readyz(State(app): State<Arc<App>>) -> Result<impl IntoResponse, Problem> {
    if app.ending() {
        return Ok((StatusCode::SERVICE_UNAVAILABLE, "the server ends\n".to_owned()));
    }
    let worker = Arc::clone(&app);
    let read = move || (worker.stores.with(|store| store.schema_version()), worker.troubles());
    let (read, troubles) = blocking(read).await?;
    Ok(match read {
        Ok(_) => (StatusCode::OK, lines(troubles)),
        Err(error) => {
            tracing::warn!("not ready: {error}");
            (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read\n".to_owned())
        }
    })
}

fn lines(troubles: impl IntoIterator<Item = String>) -> String {
    troubles.into_iter().fold("ok\n".to_owned(), |text, one| text + &one + "\n")
}
