//! Cases as Cursor on Target events.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::problem::Problem;
use crate::clock;
use crate::serve::App;
use crate::serve::accounts::{Caller, Scope};
use crate::serve::board::Standing;
use crate::serve::cot::{event, write};
use crate::serve::xml::Xml;

/// Gives all cases that wait or are with a department, as `<events>` of one `<event>` each.
#[utoipa::path(get, path = "/v1/cot",
    responses((status = 200, content_type = "application/xml", body = String), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn all(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Problem> {
    caller.allow(Scope::Read)?;
    let (board, now) = (app.board(), clock::now());
    let mut xml = Xml::new("events", &[]);
    for case in board.cases().filter(|case| caller.sees(case)) {
        if matches!(case.standing(), Standing::Waiting | Standing::Sent) {
            // One without a place has no event.
            let _ = write(&mut xml, case, &app.city, now);
        }
    }
    Ok(([(header::CONTENT_TYPE, "application/xml; charset=utf-8")], xml.finish()).into_response())
}

/// Gives one case as an event.
#[utoipa::path(get, path = "/v1/cot/{id}", params(("id" = Uuid, Path, description = "incident")),
    responses((status = 200, content_type = "application/xml", body = String), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub async fn one(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    caller.allow(Scope::Read)?;
    let board = app.board();
    let case = board.case(gis::IncidentId(id)).filter(|case| caller.sees(case));
    let text = case.and_then(|case| event(case, &app.city, clock::now()));
    let text = text.ok_or_else(|| Problem::not_found(format!("there is no incident {id} with a place")))?;
    Ok(([(header::CONTENT_TYPE, "application/xml; charset=utf-8")], text).into_response())
}
