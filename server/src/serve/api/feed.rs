//! The feed of events: pages by cursor with long poll, and server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::IntoParams;

use super::blocking;
use super::problem::Problem;
use crate::clock;
use crate::serve::App;
use crate::serve::accounts::{Caller, Role, Scope};
use crate::serve::events::{Ready, render};

/// Events in one answer at most.
const MOST: usize = 1_000;
/// Longest wait of a long poll, seconds.
const LONGEST_SECS: u64 = 60;
/// How long a stream is open: who comes back, as clients of it do, is looked at anew.
const STREAM: Duration = Duration::from_mins(15);
/// Events on their way to one consumer; a slow one makes nobody else wait.
const AHEAD: usize = 64;

/// Where to go on.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct From {
    /// Number of the last event that was read, 0 for all. Without it a page begins with the first event, a stream with the next.
    after: Option<u64>,
    /// Events in the answer, 1000 at most.
    limit: Option<usize>,
    /// Seconds to wait for an event when there is none, 60 at most.
    wait: Option<u64>,
}

/// Gives the events after a cursor, oldest first.
///
/// The cursor of the answer is that of the last event read, also of those that do not concern the caller.
#[utoipa::path(get, path = "/v1/feed", params(From),
    responses((status = 200, body = Object), (status = 401, body = Problem)))]
pub async fn feed(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(from): Query<From>,
) -> Result<Response, Problem> {
    caller.allow(Scope::Read)?;
    let limit = from.limit.unwrap_or(100).clamp(1, MOST);
    let mut changed = app.changed();
    let wait = Duration::from_secs(from.wait.unwrap_or(0).min(LONGEST_SECS));
    let until = tokio::time::Instant::now() + wait;
    let mut cursor = from.after.unwrap_or(0);
    loop {
        changed.borrow_and_update();
        let events = after(&app, cursor, limit).await?;
        let next = events.last().map_or(cursor, |event| event.seq);
        let told: Vec<&str> =
            events.iter().filter(|event| concerns(event, &caller)).map(|event| &*event.json).collect();
        let ended = tokio::time::Instant::now() >= until || app.ending();
        // A page of events that concern others: read on without telling.
        if told.is_empty() && !events.is_empty() {
            cursor = next;
            continue;
        }
        if !told.is_empty() || ended {
            let body = format!("{{\"events\":[{}],\"next\":{next}}}", told.join(","));
            return Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response());
        }
        // Either a change, or the end of the wait: both are looked at above.
        drop(tokio::time::timeout_at(until, changed.changed()).await);
    }
}

/// Streams the events after a cursor as server-sent events; `Last-Event-ID` goes on where a connection broke.
#[utoipa::path(get, path = "/v1/feed/stream", params(From),
    responses((status = 200, content_type = "text/event-stream", body = String), (status = 401, body = Problem)))]
pub async fn stream(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Query(from): Query<From>,
) -> Result<impl IntoResponse, Problem> {
    caller.allow(Scope::Read)?;
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let cursor = match last {
        Some(text) => text.trim().parse().map_err(|_| Problem::bad_request("Last-Event-ID is no number"))?,
        None => from.after.unwrap_or_else(|| *app.changed().borrow()),
    };
    let (send, receive) = mpsc::channel(AHEAD);
    tokio::spawn(tokio::time::timeout(STREAM, follow(app, caller, cursor, send)));
    Ok(Sse::new(ReceiverStream::new(receive)).keep_alive(KeepAlive::default()))
}

async fn follow(
    app: Arc<App>,
    caller: Caller,
    mut cursor: u64,
    send: mpsc::Sender<Result<Event, Infallible>>,
) {
    let mut changed = app.changed();
    while !app.ending() {
        changed.borrow_and_update();
        let Ok(events) = after(&app, cursor, MOST).await else { return };
        let Some(last) = events.last() else {
            tokio::select! {
                woken = changed.changed() => if woken.is_err() { return },
                () = send.closed() => return,
            }
            continue;
        };
        cursor = last.seq;
        for event in events.iter().filter(|event| concerns(event, &caller)) {
            let one = Event::default().id(event.seq.to_string()).event(event.kind).data(&*event.json);
            if send.send(Ok(one)).await.is_err() {
                return;
            }
        }
    }
}

/// Returns events out of memory, older ones out of the store.
async fn after(app: &Arc<App>, cursor: u64, limit: usize) -> Result<Vec<Arc<Ready>>, Problem> {
    if let Some(events) = app.events_after(cursor, limit) {
        return Ok(events);
    }
    let worker = Arc::clone(app);
    blocking(move || {
        let stored = worker.stores.with(|store| store.events_after(cursor, limit))?;
        let (board, now) = (worker.board(), clock::now());
        Ok::<_, Problem>(stored.iter().map(|e| Arc::new(render(e, &board, &worker.city, now))).collect())
    })
    .await?
}

fn concerns(event: &Ready, caller: &Caller) -> bool {
    match (caller.role, &caller.department) {
        (Role::Department, Some(department)) => event.departments.contains(department),
        (Role::Department, None) => false,
        _ => true,
    }
}
