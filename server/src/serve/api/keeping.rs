//! What is kept: room, holds, and who saw which original.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use dispatch::Task;
use gis::IncidentId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{HOLD, LinkKind, Note, RELEASE, Store, StoreError, StoredNote};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::blocking;
use super::problem::Problem;
use crate::clock;
use crate::serve::App;
use crate::serve::accounts::{Caller, Role, Scope};
use crate::serve::keeping::SAW;

/// Longest reason, characters.
const REASON: usize = 2_000;
/// Notes of one answer.
const PAGE: usize = 1_000;

/// Returns the room that evidence takes and has, what was dropped, and how far time stamps reach.
#[utoipa::path(get, path = "/v1/storage", responses((status = 200, body = Object), (status = 401, body = Problem),
    (status = 403, body = Problem)))]
pub async fn storage(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Value>, Problem> {
    whole_city(&caller)?;
    let state = blocking(move || {
        let room = app.rooms.now();
        let chain = app.stores.with(|store| Ok((store.last_link()?, store.time_stamps()?)))?;
        let (head, stamps) = chain;
        let stamp = stamps
            .last()
            .map(|stamp| json!({"link": stamp.number, "at": stamp.at, "authority": stamp.authority}));
        let head = head.map(|link| json!({"link": link.number, "hash": link.hash}));
        Ok::<_, StoreError>(json!({"room": room, "full": room.wanted > 0, "head": head, "time_stamp": stamp}))
    });
    Ok(Json(state.await??))
}

/// Why a case is held or released.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldReason {
    /// Why, as in the number of a court's file.
    reason: String,
}

/// An incident under legal hold, or one that was.
#[derive(Debug, Serialize, ToSchema)]
pub struct HoldView {
    /// The incident.
    incident: String,
    /// Title of its task in Chinese.
    title_zh: String,
    /// The same in English.
    title_en: String,
    /// It is past its retention and in no list any more.
    put_away: bool,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Who put it there.
    actor: String,
    /// Why.
    reason: String,
    /// How it ended; none while it lasts.
    lifted: Option<LiftedView>,
}

/// The end of a hold.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiftedView {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Who lifted it.
    actor: String,
    /// Why.
    reason: String,
}

/// Which holds are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HoldQuery {
    /// With those that were lifted.
    #[serde(default)]
    lifted: bool,
}

/// Returns the incidents under legal hold, the latest first.
#[utoipa::path(get, path = "/v1/holds", params(HoldQuery), responses((status = 200, body = Vec<HoldView>),
    (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn holds(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<HoldQuery>,
) -> Result<Json<Vec<HoldView>>, Problem> {
    whole_city(&caller)?;
    let views = blocking(move || {
        app.stores.with(|store| {
            let mut found = spans(store)?;
            found.retain(|one| query.lifted || one.lifted.is_none());
            name(&app, store, found)
        })
    });
    Ok(Json(views.await??))
}

/// Every hold with its end, the latest first, without names.
fn spans(store: &dyn Store) -> Result<Vec<HoldView>, StoreError> {
    let mut notes = store.notes(Some(HOLD), 0, usize::MAX)?;
    notes.extend(store.notes(Some(RELEASE), 0, usize::MAX)?);
    notes.sort_by_key(|one| one.number);
    let mut all: Vec<HoldView> = Vec::new();
    for Note { at, kind, actor, subject, detail } in notes.into_iter().map(|one| one.note) {
        let open = all.iter_mut().find(|one| one.incident == subject && one.lifted.is_none());
        match (open, kind == HOLD) {
            // Held once more: the last reason counts, since the first time.
            (Some(open), true) => (open.actor, open.reason) = (actor, detail),
            (Some(open), false) => open.lifted = Some(LiftedView { at, actor, reason: detail }),
            (None, true) => all.push(HoldView {
                incident: subject,
                title_zh: String::new(),
                title_en: String::new(),
                put_away: false,
                since: at,
                actor,
                reason: detail,
                lifted: None,
            }),
            (None, false) => {}
        }
    }
    all.reverse();
    Ok(all)
}

/// Gives each its title: out of memory, or out of the store when it was put away.
fn name(app: &App, store: &dyn Store, mut all: Vec<HoldView>) -> Result<Vec<HoldView>, StoreError> {
    let mut titles = BTreeMap::new();
    {
        let board = app.board();
        for one in &mut all {
            let id = one.incident.parse().ok().map(IncidentId);
            let case = id.and_then(|id| board.case(id));
            one.put_away = case.is_none();
            let title = case
                .and_then(|case| case.task.as_ref())
                .map(|task| (task.title_zh.clone(), task.title_en.clone()));
            titles.extend(title.map(|title| (one.incident.clone(), title)));
        }
    }
    if all.iter().any(|one| one.put_away) {
        for (id, json) in store.contents(LinkKind::Task, 0, usize::MAX)? {
            let task: Task = serde_json::from_str(&json).map_err(|source| StoreError::Unreadable {
                what: "task",
                id,
                source,
            })?;
            titles.entry(task.incident_id.to_string()).or_insert((task.title_zh, task.title_en));
        }
    }
    for one in &mut all {
        (one.title_zh, one.title_en) = titles.get(&one.incident).cloned().unwrap_or_default();
    }
    Ok(all)
}

/// Puts an incident under legal hold: it is kept, with its evidence, whatever its age.
#[utoipa::path(put, path = "/v1/incidents/{id}/hold", params(("id" = Uuid, Path, description = "incident")), request_body = HoldReason,
    responses((status = 200, body = Object), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
pub async fn hold(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Json(reason): Json<HoldReason>,
) -> Result<Json<Value>, Problem> {
    note_hold(app, &caller, id, reason, HOLD).await
}

/// Ends the legal hold of an incident.
#[utoipa::path(post, path = "/v1/incidents/{id}/release", params(("id" = Uuid, Path, description = "incident")),
    request_body = HoldReason,
    responses((status = 200, body = Object), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
pub async fn release(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Json(reason): Json<HoldReason>,
) -> Result<Json<Value>, Problem> {
    note_hold(app, &caller, id, reason, RELEASE).await
}

async fn note_hold(
    app: Arc<App>,
    caller: &Caller,
    id: Uuid,
    HoldReason { reason }: HoldReason,
    kind: &'static str,
) -> Result<Json<Value>, Problem> {
    if !caller.may(Scope::Decide) || !matches!(caller.role, Role::Admin | Role::Duty) {
        return Err(Problem::forbidden(format!("{} may not {kind}: admin or duty may", caller.name)));
    }
    if reason.trim().is_empty() || reason.chars().count() > REASON {
        return Err(Problem::refused(format!("a reason of 1 to {REASON} characters is needed")));
    }
    let incident = IncidentId(id);
    let known = app.board().case(incident).is_some();
    let (actor, subject) = (caller.name.clone(), incident.to_string());
    let number = blocking(move || {
        app.stores.with(|store| {
            // What was put away can be held too: its pictures are what goes first.
            let archived = || {
                Ok(store
                    .contents(LinkKind::Task, 0, usize::MAX)?
                    .iter()
                    .any(|(_, json)| json.contains(&subject)))
            };
            if !known && !archived()? {
                return Ok(None);
            }
            let note = Note { at: clock::now(), kind: kind.to_owned(), actor, subject, detail: reason };
            store.add_note(&note).map(Some)
        })
    });
    match number.await?? {
        Some(number) => Ok(Json(json!({"incident": id, "note": number, "held": kind == HOLD}))),
        None => Err(Problem::not_found(format!("there is no incident {incident}"))),
    }
}

/// Which notes are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AccessQuery {
    /// Number of the last note that was read, 0 first.
    #[serde(default)]
    after: u64,
}

/// Returns who saw which original, oldest first; for admins alone.
#[utoipa::path(get, path = "/v1/access", params(AccessQuery), responses((status = 200, body = Object), (status = 400, body = Problem),
    (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn access(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<AccessQuery>,
) -> Result<Json<Value>, Problem> {
    caller.allow(Scope::Decide)?;
    if caller.role != Role::Admin {
        return Err(Problem::forbidden(format!("{} may not read who saw what: admins may", caller.name)));
    }
    let notes =
        blocking(move || app.stores.with(|store| store.notes(Some(SAW), query.after, PAGE))).await??;
    let next = notes.last().map_or(query.after, |one| one.number);
    let view = |StoredNote { number, note }: &StoredNote| json!({"number": number, "at": note.at, "who": note.actor, "file": note.subject, "incident": note.detail});
    Ok(Json(json!({"items": notes.iter().map(view).collect::<Vec<_>>(), "next": next})))
}

fn whole_city(caller: &Caller) -> Result<(), Problem> {
    caller.allow(Scope::Read)?;
    if caller.role == Role::Department {
        return Err(Problem::forbidden(format!("{} sees one department only", caller.name)));
    }
    Ok(())
}
