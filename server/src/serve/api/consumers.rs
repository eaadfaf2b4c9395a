//! Who is told of events by the server itself, how far they are, and what never arrived there.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};

use super::blocking;
use super::problem::Problem;
use crate::clock;
use crate::serve::App;
use crate::serve::accounts::{Caller, Role, Scope};
use crate::serve::outbox::{Receiver, receivers};

/// Lists webhooks and brokers: how far each is, what it failed with, and its dead letters.
#[utoipa::path(get, path = "/v1/consumers",
    responses((status = 200, body = Vec<Receiver>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Vec<Receiver>>, Problem> {
    allow(&caller)?;
    let worker = Arc::clone(&app);
    let all = blocking(move || {
        let last = worker.board().cursor();
        worker.stores.with(|store| receivers(store, last, clock::now()))
    });
    Ok(Json(all.await??))
}

/// Sends again from the first dead letter on, and wakes a receiver that was given up.
#[utoipa::path(post, path = "/v1/consumers/{id}/redrive", params(("id" = String, Path, description = "webhook or broker")),
    responses((status = 200, body = Receiver), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub async fn redrive(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Receiver>, Problem> {
    allow(&caller)?;
    let (worker, wanted) = (Arc::clone(&app), id.clone());
    let all = blocking(move || {
        let last = worker.board().cursor();
        worker.stores.with(|store| match store.redrive(&wanted) {
            Err(store::StoreError::NoConsumer(_)) => Ok(Vec::new()),
            Err(error) => Err(error),
            Ok(_) => receivers(store, last, clock::now()),
        })
    });
    let found = all.await??.into_iter().find(|one| one.id == id);
    found.map(Json).ok_or_else(|| Problem::not_found(format!("there is no receiver {id:?}")))
}

/// Who sees the whole city and steers what it is connected with.
fn allow(caller: &Caller) -> Result<(), Problem> {
    if caller.role == Role::Department {
        return Err(Problem::forbidden("receivers are for those who see the whole city"));
    }
    caller.allow(Scope::Sources)
}
