//! A sample of what was decided, shown to somebody else who does not know the decision; how well they agree.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use gis::IncidentId;
use serde::{Deserialize, Serialize};
use store::Note;
use utoipa::ToSchema;
use uuid::Uuid;

use super::blocking;
use super::problem::Problem;
use crate::clock;
use crate::labels::agreement::{Agreement, measure};
use crate::labels::verdicts::{RECHECK, is_sampled, rechecks, verdicts};
use crate::serve::App;
use crate::serve::accounts::{Caller, Scope};
use crate::serve::views::stills_of;

/// A case to look at again; what was decided is not told.
#[derive(Debug, Serialize, ToSchema)]
pub struct Blind {
    /// The incident.
    #[schema(value_type = String)]
    incident: IncidentId,
    /// What it was taken for.
    class: String,
    /// Pictures that the finding is seen in.
    stills: Vec<String>,
    /// Cases that wait for the caller, this one among them.
    left: usize,
}

/// What somebody says who looked again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Look {
    /// The incident.
    incident: Uuid,
    /// It is what it was taken for.
    real: bool,
}

/// Returns the next case that the caller is to look at again, or null: one of the sample that somebody else decided.
#[utoipa::path(get, path = "/v1/rechecks", responses((status = 200, body = Option<Blind>), (status = 401, body = Problem),
    (status = 403, body = Problem)))]
pub async fn next(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Option<Blind>>, Problem> {
    caller.allow(Scope::Decide)?;
    Ok(Json(blocking(move || waiting(&app, &caller)).await?.map_err(|error| fault(&error))?))
}

/// Takes what the caller says of a case of the sample.
#[utoipa::path(post, path = "/v1/rechecks", request_body = Look, responses((status = 200, body = Option<Blind>),
    (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn say(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(look): Json<Look>,
) -> Result<Json<Option<Blind>>, Problem> {
    caller.allow(Scope::Decide)?;
    let incident = IncidentId(look.incident);
    let said = blocking(move || -> anyhow::Result<Result<Option<Blind>, Problem>> {
        let ours = candidates(&app, &caller)?.contains(&incident);
        if !ours {
            return Ok(Err(Problem::not_found(format!(
                "incident {incident} does not wait for {}",
                caller.name
            ))));
        }
        let note = Note {
            at: clock::now(),
            kind: RECHECK.to_owned(),
            actor: caller.name.clone(),
            subject: incident.to_string(),
            detail: if look.real { "real" } else { "none" }.to_owned(),
        };
        app.stores.with(|store| store.add_note(&note))?;
        Ok(Ok(waiting(&app, &caller)?))
    });
    said.await?.map_err(|error| fault(&error))?.map(Json)
}

/// Returns how well the first decision and those of others agree.
#[utoipa::path(get, path = "/v1/agreement", responses((status = 200, body = Object), (status = 401, body = Problem),
    (status = 403, body = Problem)))]
pub async fn agreement(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Agreement>, Problem> {
    caller.allow(Scope::Decide)?;
    let measured = blocking(move || measure(app.stores.open()?.as_ref()));
    Ok(Json(measured.await?.map_err(|error| fault(&error))?))
}

fn fault(error: &anyhow::Error) -> Problem {
    Problem::internal(&format!("{error:#}"))
}

/// The cases that the caller may look at again, those first that fewest looked at.
fn candidates(app: &App, caller: &Caller) -> anyhow::Result<Vec<IncidentId>> {
    let store = app.stores.open()?;
    let again = rechecks(store.as_ref())?;
    let looks = |id: &IncidentId| again.get(&id.to_string()).map_or(0, std::collections::BTreeMap::len);
    let mut all: Vec<IncidentId> = Vec::new();
    for (id, verdict) in verdicts(store.as_ref())? {
        let done = again.get(&id.to_string()).is_some_and(|looks| looks.contains_key(&caller.name));
        if verdict.actor != caller.name && !done && is_sampled(id, app.recheck_share) {
            all.push(id);
        }
    }
    let board = app.board();
    all.retain(|id| board.case(*id).is_some_and(|case| caller.sees(case) && case.task.is_some()));
    all.sort_by_key(|id| (looks(id), *id));
    Ok(all)
}

fn waiting(app: &App, caller: &Caller) -> anyhow::Result<Option<Blind>> {
    let all = candidates(app, caller)?;
    let board = app.board();
    let Some(case) = all.first().and_then(|id| board.case(*id)) else { return Ok(None) };
    let stills = case.task.as_deref().map(stills_of).unwrap_or_default();
    let class = case.incident.class.clone();
    Ok(Some(Blind { incident: case.incident.id, class, stills, left: all.len() }))
}
