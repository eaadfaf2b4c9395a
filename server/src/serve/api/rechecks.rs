//! A sample of what was decided, shown to somebody else who does not know the decision; how well they agree.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use gis::IncidentId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::Note;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::blocking;
use super::problem::Problem;
use crate::clock;
use crate::labels::agreement::{Agreement, measure};
use crate::labels::verdicts::{RECHECK, is_sampled, rechecks, verdicts};
use crate::serve::App;
use crate::serve::accounts::{Caller, Scope};
use crate::serve::board::Case;
use crate::serve::views::{StillView, case_view, stills_of};

/// A case to look at again; what was decided, and what came of it, is not told.
#[derive(Debug, Serialize, ToSchema)]
pub struct Blind {
    /// The incident.
    #[schema(value_type = String)]
    incident: IncidentId,
    /// What it was taken for.
    class: String,
    /// Its Chinese name.
    class_zh: String,
    /// Its English name.
    class_en: String,
    /// Names of the zones it lies in, in Chinese.
    place_zh: String,
    /// The same in English.
    place_en: String,
    /// Capture time of the first sighting.
    #[schema(value_type = String, format = DateTime)]
    first_seen: Timestamp,
    /// Frames in which it was seen.
    sightings: u32,
    /// Area, square metres.
    area_m2: Option<f64>,
    /// Mean score of its sightings, 0 to 1.
    score: f64,
    /// Pictures that the finding is seen in.
    stills: Vec<StillView>,
    /// Cases that wait for the caller, this one among them.
    left: usize,
}

/// Which case is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Passed {
    /// The incident that the caller passes over for now: the one after it is shown, and after the last the first.
    #[serde(default)]
    after: Option<Uuid>,
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
#[utoipa::path(get, path = "/v1/rechecks", params(Passed), responses((status = 200, body = Option<Blind>),
    (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn next(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(passed): Query<Passed>,
) -> Result<Json<Option<Blind>>, Problem> {
    caller.allow(Scope::Decide)?;
    let behind = move |all: &[IncidentId]| {
        let passed = passed.after.and_then(|after| all.iter().position(|id| id.0 == after));
        passed.map_or(0, |at| at + 1)
    };
    Ok(Json(blocking(move || waiting(&app, &caller, behind)).await?.map_err(|error| fault(&error))?))
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
        let Some(at) = candidates(&app, &caller)?.iter().position(|id| *id == incident) else {
            return Ok(Err(Problem::not_found(format!(
                "incident {incident} does not wait for {}",
                caller.name
            ))));
        };
        let note = Note {
            at: clock::now(),
            kind: RECHECK.to_owned(),
            actor: caller.name.clone(),
            subject: incident.to_string(),
            detail: if look.real { "real" } else { "none" }.to_owned(),
        };
        app.stores.with(|store| store.add_note(&note))?;
        // What was passed over before stays behind.
        Ok(Ok(waiting(&app, &caller, |_| at)?))
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

/// The case at a place among those that wait, the first behind the last.
fn waiting(
    app: &App,
    caller: &Caller,
    place: impl FnOnce(&[IncidentId]) -> usize,
) -> anyhow::Result<Option<Blind>> {
    let all = candidates(app, caller)?;
    let board = app.board();
    let case = all.get(place(&all)).or(all.first()).and_then(|id| board.case(*id));
    Ok(case.map(|case| blind(app, case, all.len())))
}

fn blind(app: &App, case: &Case, left: usize) -> Blind {
    let view = case_view(case, &app.city, clock::now());
    Blind {
        incident: case.incident.id,
        class: view.class,
        class_zh: view.class_zh,
        class_en: view.class_en,
        place_zh: view.place_zh,
        place_en: view.place_en,
        first_seen: view.first_seen,
        sightings: view.sightings,
        area_m2: view.area_m2,
        score: view.score,
        stills: case.task.as_deref().map(stills_of).unwrap_or_default(),
        left,
    }
}
