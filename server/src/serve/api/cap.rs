//! Alerts as CAP 1.2: a feed of the latest message of each, and every message by itself.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use crate::serve::App;
use crate::serve::accounts::{Caller, Scope};
use crate::serve::board::Case;
use crate::serve::cap::{Message, document, messages};
use crate::serve::xml::Xml;

/// Messages in the feed at most.
const MOST: usize = 200;

/// Lists the latest message of each alert as an Atom feed, newest first.
#[utoipa::path(get, path = "/v1/cap",
    responses((status = 200, content_type = "application/atom+xml", body = String), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn feed(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Problem> {
    caller.allow(Scope::Read)?;
    let board = app.board();
    let latest = |case: &Case| messages(case).pop().map(|message| (message, case.incident.class.clone()));
    let mut all: Vec<(Message, String)> =
        board.cases().filter(|case| caller.sees(case)).filter_map(latest).collect();
    all.sort_by_key(|(message, _)| std::cmp::Reverse((message.sent, message.identifier.clone())));
    let entry = app.cap();
    let mut xml = Xml::new("feed", &[("xmlns", "http://www.w3.org/2005/Atom")]);
    xml.leaf("id", &format!("tag:{},2026:cap", entry.sender));
    xml.leaf("title", &entry.sender_name);
    xml.open("author", &[]);
    xml.leaf("name", &entry.sender_name);
    xml.close();
    let updated = all.first().map_or(jiff::Timestamp::UNIX_EPOCH, |(message, _)| message.sent);
    xml.leaf("updated", &updated.to_string());
    xml.empty("link", &[("rel", "self"), ("href", "/v1/cap")]);
    for (message, class) in all.iter().take(MOST) {
        xml.open("entry", &[]);
        xml.leaf("id", &format!("tag:{},2026:cap/{}", entry.sender, message.identifier));
        xml.leaf("title", &format!("{:?}: {class}", message.kind));
        xml.leaf("updated", &message.sent.to_string());
        let href = format!("/v1/cap/{}", message.identifier);
        xml.empty("link", &[("rel", "alternate"), ("type", "application/cap+xml"), ("href", &href)]);
        xml.close();
    }
    Ok(([(header::CONTENT_TYPE, "application/atom+xml; charset=utf-8")], xml.finish()).into_response())
}

/// Gives one message as CAP 1.2.
#[utoipa::path(get, path = "/v1/cap/{id}", params(("id" = String, Path, description = "identifier of the message")),
    responses((status = 200, content_type = "application/cap+xml", body = String), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub async fn alert(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    caller.allow(Scope::Read)?;
    let board = app.board();
    let found = id.rsplit_once('-').and_then(|(incident, number)| {
        let index = number.parse::<usize>().ok()?.checked_sub(1)?;
        let case = board.case(gis::IncidentId(incident.parse().ok()?)).filter(|case| caller.sees(case))?;
        document(case, index, &app.cap(), &app.city)
    });
    let text = found.ok_or_else(|| Problem::not_found(format!("there is no alert {id:?}")))?;
    Ok(([(header::CONTENT_TYPE, "application/cap+xml; charset=utf-8")], text).into_response())
}
