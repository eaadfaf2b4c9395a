//! What people and departments decide: one operation, or many with one reason.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use dispatch::TaskId;
use dispatch::casework::{Act, Desk, Step};
use gis::IncidentId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Expected, Operated, Operation, Subject, What};
use utoipa::ToSchema;
use uuid::Uuid;

use super::blocking;
use super::problem::Problem;
use crate::clock;
use crate::serve::App;
use crate::serve::accounts::{Caller, Scope};
use crate::serve::answers::Known;
use crate::serve::views::case_view;

/// Most operations in one bulk.
const MOST: usize = 500;

/// The version that a decision rests on.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct Rests {
    /// Of what: `{"incident": id}` or `{"task": id}`.
    #[schema(value_type = Object)]
    subject: Subject,
    /// Number of the last operation on it, 0 for none.
    version: u64,
}

/// A decision.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// What: `{"act": {"kind": "merge", "incidents": [..]}}`, `{"act": {"kind": "step", "task": id, "step": {"step":
    /// "confirm"}}}`, `{"undo": {"incident": id}}` and so on.
    #[schema(value_type = Object)]
    pub(super) what: What,
    /// Why; may be empty where the act says all by itself.
    pub(super) reason: String,
    /// What it rests on.
    #[serde(default)]
    pub(super) expected: Vec<Rests>,
}

/// Many decisions with one reason.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Bulk {
    /// Each with what it rests on.
    operations: Vec<One>,
    /// Why.
    reason: String,
}

/// One of many decisions.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct One {
    #[schema(value_type = Object)]
    what: What,
    #[serde(default)]
    expected: Vec<Rests>,
}

/// What became of many decisions.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkDone {
    /// Those that were done.
    #[schema(value_type = Vec<Object>)]
    done: Vec<Value>,
    /// Those that were not, by their place, with the reason.
    #[schema(value_type = Vec<Object>)]
    refused: Vec<Value>,
}

/// Does what the caller decides.
///
/// To confirm a proposed task sends it to its department.
#[utoipa::path(post, path = "/v1/operations", request_body = Decision,
    params(("Idempotency-Key" = Option<String>, Header, description = "the same key is done once")),
    responses((status = 200, body = Object), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn operate(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Json(decision): Json<Value>,
) -> Result<Json<Value>, Problem> {
    let request = models::pack::sha256_hex(decision.to_string().as_bytes());
    let key = key_of(&headers);
    if let Some(answer) = answered(&app, &caller, key, &request)? {
        return Ok(Json(answer));
    }
    let decision: Decision = serde_json::from_value(decision).map_err(Problem::bad_request)?;
    let answer = decide(&app, &caller, decision).await?;
    if let Some(key) = key {
        app.answers.keep(&caller.name, key, &request, &answer);
    }
    Ok(Json(answer))
}

/// Returns the Idempotency-Key of a request.
pub(super) fn key_of(headers: &HeaderMap) -> Option<&str> {
    headers.get("idempotency-key").and_then(|value| value.to_str().ok())
}

/// Returns the answer that a request with this key had, if it had one.
pub(super) fn answered(
    app: &App,
    caller: &Caller,
    key: Option<&str>,
    request: &str,
) -> Result<Option<Value>, Problem> {
    let Some(key) = key else { return Ok(None) };
    match app.answers.find(&caller.name, key, request) {
        Known::New => Ok(None),
        Known::Answered(answer) => Ok(Some(answer)),
        Known::Other => Err(Problem::refused("another request had this Idempotency-Key")),
        Known::Unusable => Err(Problem::bad_request("the Idempotency-Key is empty or longer than 200 bytes")),
    }
}

/// Does what the caller decides about many, each by itself.
#[utoipa::path(post, path = "/v1/operations/bulk", request_body = Bulk,
    responses((status = 200, body = BulkDone), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub async fn bulk(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Json(bulk): Json<Value>,
) -> Result<Json<Value>, Problem> {
    let request = models::pack::sha256_hex(bulk.to_string().as_bytes());
    let key = key_of(&headers);
    if let Some(answer) = answered(&app, &caller, key, &request)? {
        return Ok(Json(answer));
    }
    let bulk: Bulk = serde_json::from_value(bulk).map_err(Problem::bad_request)?;
    let count = bulk.operations.len();
    if count > MOST {
        return Err(Problem::refused(format!("{count} operations at once are more than {MOST}")));
    }
    let mut told = BulkDone { done: Vec::new(), refused: Vec::new() };
    for (index, One { what, expected }) in bulk.operations.into_iter().enumerate() {
        let decision = Decision { what, expected, reason: bulk.reason.clone() };
        match decide(&app, &caller, decision).await {
            Ok(done) => told.done.push(done),
            Err(problem) => {
                let more = json!({"index": index, "status": problem.status, "detail": problem.detail});
                told.refused.push(more);
            }
        }
    }
    let answer = serde_json::to_value(told).unwrap_or_default();
    if let Some(key) = key {
        app.answers.keep(&caller.name, key, &request, &answer);
    }
    Ok(Json(answer))
}

async fn decide(app: &Arc<App>, caller: &Caller, decision: Decision) -> Result<Value, Problem> {
    if matches!(decision.what, What::Act(Act::Attach { .. })) {
        return Err(Problem::refused("pictures come by /v1/tasks/{id}/report"));
    }
    carry_out(app, caller, decision).await
}

/// Does a decision of the caller.
///
/// # Errors
/// What the caller may not do, and what the store refuses.
pub(super) async fn carry_out(app: &Arc<App>, caller: &Caller, decision: Decision) -> Result<Value, Problem> {
    let what = as_meant(app, decision.what);
    check_caller(app, caller, &what)?;
    let expected =
        decision.expected.iter().map(|e| Expected { subject: e.subject, version: e.version }).collect();
    let reason = reason(decision.reason, &what);
    let operation = Operation { actor: caller.name.clone(), reason, what, expected };
    let worker = Arc::clone(app);
    let done = blocking(move || {
        let desk = Desk {
            dedupe: &worker.dedupe,
            zones: &worker.city.zones,
            rules: &worker.city.rules,
            departments: &worker.city.departments,
        };
        let done = worker.stores.with(|store| store.operate(&operation, &desk, clock::now()));
        worker.catch_up();
        done
    })
    .await??;
    Ok(told(app, &done))
}

/// What says all by itself needs no reason of its own.
fn reason(given: String, what: &What) -> String {
    let plain = matches!(
        what,
        What::Undo(_)
            | What::Act(Act::Step {
                step: Step::Confirm
                    | Step::Approve
                    | Step::Accept
                    | Step::Depart
                    | Step::Arrive
                    | Step::Finish
                    | Step::Verify
                    | Step::Close,
                ..
            })
    );
    if plain && given.trim().is_empty() { what.name() } else { given }
}

/// To confirm a proposal means to send it out.
fn as_meant(app: &App, what: What) -> What {
    match what {
        What::Act(Act::Step { task, step: Step::Confirm }) => {
            let has_lead = app.board().task(task).is_some_and(|task| task.lead.is_some());
            let step = if has_lead { Step::Approve } else { Step::Confirm };
            What::Act(Act::Step { task, step })
        }
        other => other,
    }
}

/// Departments move their own tasks on; the rest is for those who decide.
fn check_caller(app: &App, caller: &Caller, what: &What) -> Result<(), Problem> {
    let report = matches!(
        what,
        What::Act(
            Act::Step { step: Step::Accept | Step::Bounce | Step::Depart | Step::Arrive | Step::Finish, .. }
                | Act::Attach { .. }
        )
    );
    caller.allow(if report { Scope::Report } else { Scope::Decide })?;
    let board = app.board();
    let seen = |id: IncidentId| board.case(id).is_none_or(|case| caller.sees(case));
    let of_task = |id: TaskId| board.task(id).is_none_or(|task| seen(task.incident_id));
    let (all_seen, named): (bool, Vec<Uuid>) = match what {
        What::Act(Act::Merge { incidents }) => {
            (incidents.iter().all(|id| seen(*id)), incidents.iter().map(|id| id.0).collect())
        }
        What::Act(
            Act::Split { incident, .. }
            | Act::Reject { incident }
            | Act::Close { incident }
            | Act::Reopen { incident },
        )
        | What::Undo(Subject::Incident(incident)) => (seen(*incident), vec![incident.0]),
        What::Act(Act::Many { tasks, .. }) => {
            (tasks.iter().all(|id| of_task(*id)), tasks.iter().map(|id| id.0).collect())
        }
        What::Act(Act::Step { task, .. } | Act::Attach { task, .. }) | What::Undo(Subject::Task(task)) => {
            (of_task(*task), vec![task.0])
        }
    };
    if all_seen {
        return Ok(());
    }
    let named: Vec<String> = named.iter().map(Uuid::to_string).collect();
    Err(Problem::not_found(format!("there is no {}", named.join(", "))))
}

fn told(app: &App, done: &Operated) -> Value {
    let board = app.board();
    let now = clock::now();
    let of_tasks = done.tasks.iter().map(|task| task.incident_id);
    let mut ids: Vec<IncidentId> =
        done.incidents.iter().map(|incident| incident.id).chain(of_tasks).collect();
    ids.sort_unstable();
    ids.dedup();
    let cases: Vec<_> =
        ids.iter().filter_map(|id| board.case(*id)).map(|case| case_view(case, &app.city, now)).collect();
    json!({"operation": done.id, "undoes": done.undoes, "incidents": cases, "remarks": done.remarks})
}
