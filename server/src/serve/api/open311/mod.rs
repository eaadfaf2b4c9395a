//! Open311 GeoReport v2: services, and requests of citizens in and out, as JSON and XML.
//!
//! A service is a class of incidents. A request that comes in waits for an analyst. Of a citizen nothing is kept but the description and the place:
//! name, telephone, mail and device are passed over.
//!
//! # References
//! Open311 GeoReport v2 (wiki.open311.org), frozen 2011.

mod format;
mod request;
mod submit;

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path, Query, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::super::App;
use crate::clock;
use crate::serve::accounts::{Caller, Scope};
use crate::serve::board::Case;
use crate::serve::reported::is_reported_by;

pub use format::{Format, Refusal};
pub use request::Asked;
use request::{MOST, requested, service_name, view};

/// Says what the server offers, as JSON.
#[utoipa::path(get, path = "/open311/v2/discovery.json", responses((status = 200, body = Object)))]
pub async fn discovery_json() -> Response {
    Format::Json.answer("discovery", &discovery())
}

/// Says what the server offers, as XML.
#[utoipa::path(get, path = "/open311/v2/discovery.xml",
    responses((status = 200, content_type = "text/xml", body = String)))]
pub async fn discovery_xml() -> Response {
    Format::Xml.answer("discovery", &discovery())
}

fn discovery() -> Value {
    json!({
        "changeset": "2026-11-27T00:00:00Z",
        "contact": "the operator of this server",
        "key_service": "flyonce tokens NAME --scope submit",
        "endpoints": [{
            "specification": "http://wiki.open311.org/GeoReport_v2",
            "url": "/open311/v2",
            "changeset": "2026-11-27T00:00:00Z",
            "type": "production",
            "formats": ["application/json", "text/xml"],
        }],
    })
}

/// Lists the services, as JSON.
#[utoipa::path(get, path = "/open311/v2/services.json", responses((status = 200, body = Object)))]
pub async fn services_json(State(app): State<Arc<App>>) -> Response {
    Format::Json.answer("services", &services(&app))
}

/// Lists the services, as XML.
#[utoipa::path(get, path = "/open311/v2/services.xml",
    responses((status = 200, content_type = "text/xml", body = String)))]
pub async fn services_xml(State(app): State<Arc<App>>) -> Response {
    Format::Xml.answer("services", &services(&app))
}

fn services(app: &App) -> Value {
    let one = |class: &String| {
        json!({
            "service_code": class, "service_name": service_name(app, class),
            "description": service_name(app, class), "metadata": false, "type": "realtime",
            "keywords": class.replace('_', ", "), "group": "city",
        })
    };
    app.city.rules.classes.keys().map(one).collect()
}

/// Describes a service; the name of the path ends with `.json` or `.xml`.
#[utoipa::path(get, path = "/open311/v2/services/{id}", params(("id" = String, Path, description = "as in `waterlogging.json`")),
    responses((status = 200, body = Object), (status = 404, body = Object)))]
pub async fn service(State(app): State<Arc<App>>, Path(name): Path<String>) -> Result<Response, Refusal> {
    let (code, format) = Format::of(&name)?;
    if !app.city.rules.classes.contains_key(code) {
        return Err(format.refuse(StatusCode::NOT_FOUND, format!("there is no service {code:?}")));
    }
    Ok(format.answer("service_definition", &json!({"service_code": code, "attributes": []})))
}

/// Lists service requests, newest first, as JSON.
#[utoipa::path(get, path = "/open311/v2/requests.json", params(Asked),
    responses((status = 200, body = Object), (status = 400, body = Object), (status = 403, body = Object)))]
pub async fn requests_json(
    State(app): State<Arc<App>>,
    Query(asked): Query<Asked>,
    request: Request,
) -> Result<Response, Refusal> {
    requests(app, asked, request, Format::Json).await
}

/// Lists service requests, newest first, as XML.
#[utoipa::path(get, path = "/open311/v2/requests.xml", params(Asked),
    responses((status = 200, content_type = "text/xml", body = String), (status = 400, body = String), (status = 403, body = String)))]
pub async fn requests_xml(
    State(app): State<Arc<App>>,
    Query(asked): Query<Asked>,
    request: Request,
) -> Result<Response, Refusal> {
    requests(app, asked, request, Format::Xml).await
}

async fn requests(
    app: Arc<App>,
    asked: Asked,
    request: Request,
    format: Format,
) -> Result<Response, Refusal> {
    let reader = Reader::of(&app, request, asked.api_key.as_deref(), format).await?;
    let filter = asked.filter(clock::now(), format)?;
    let board = app.board();
    let mut found: Vec<&Case> =
        board.cases().filter(|case| reader.sees(case) && filter.wants(case)).collect();
    found.sort_by_key(|case| std::cmp::Reverse((requested(case), case.incident.id)));
    let all: Vec<Value> = found.into_iter().take(MOST).map(|case| view(case, &app)).collect();
    Ok(format.answer("service_requests", &Value::Array(all)))
}

/// Gives one service request; the name of the path ends with `.json` or `.xml`.
#[utoipa::path(get, path = "/open311/v2/requests/{id}", params(("id" = String, Path, description = "id and format"), Asked),
    responses((status = 200, body = Object), (status = 403, body = Object), (status = 404, body = Object)))]
pub async fn request(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
    request: Request,
) -> Result<Response, Refusal> {
    // Who may not know of it is not told whether its name is one.
    let (id, format) = Format::of(&name).unwrap_or((name.as_str(), Format::Json));
    let reader = Reader::of(&app, request, asked.api_key.as_deref(), format).await?;
    let board = app.board();
    let case = find(&board, id, &reader);
    let case =
        case.ok_or_else(|| format.refuse(StatusCode::NOT_FOUND, format!("there is no request {id:?}")))?;
    Ok(format.answer("service_requests", &json!([view(case, &app)])))
}

/// Gives the request of a token. Requests have their ids at once, so that each is its own token.
#[utoipa::path(get, path = "/open311/v2/tokens/{id}", params(("id" = String, Path, description = "token and format"), Asked),
    responses((status = 200, body = Object), (status = 403, body = Object), (status = 404, body = Object)))]
pub async fn token(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
    request: Request,
) -> Result<Response, Refusal> {
    let (id, format) = Format::of(&name).unwrap_or((name.as_str(), Format::Json));
    let reader = Reader::of(&app, request, asked.api_key.as_deref(), format).await?;
    let board = app.board();
    let case = find(&board, id, &reader);
    let case =
        case.ok_or_else(|| format.refuse(StatusCode::NOT_FOUND, format!("there is no token {id:?}")))?;
    let id = case.incident.id.to_string();
    Ok(format.answer("service_requests", &json!([{"service_request_id": id, "token": id}])))
}

fn find<'a>(board: &'a super::super::board::Board, id: &str, reader: &Reader) -> Option<&'a Case> {
    let id = gis::IncidentId(id.parse().ok()?);
    board.case(id).filter(|case| reader.sees(case))
}

/// Takes a service request, answers as JSON.
#[utoipa::path(post, path = "/open311/v2/requests.json",
    request_body(content = String, content_type = "application/x-www-form-urlencoded",
        description = "api_key, service_code, lat, long, description, address_string, media_url; or multipart with a picture as media"),
    params(("Idempotency-Key" = Option<String>, Header, description = "the same key is done once")),
    responses((status = 200, body = Object), (status = 400, body = Object), (status = 403, body = Object), (status = 404, body = Object)))]
pub async fn submit_json(State(app): State<Arc<App>>, request: Request) -> Result<Response, Refusal> {
    submit::submit(app, request, Format::Json).await
}

/// Takes a service request, answers as XML.
#[utoipa::path(post, path = "/open311/v2/requests.xml",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "as for JSON"),
    params(("Idempotency-Key" = Option<String>, Header, description = "the same key is done once")),
    responses((status = 200, content_type = "text/xml", body = String), (status = 400, body = String), (status = 403, body = String), (status = 404, body = String)))]
pub async fn submit_xml(State(app): State<Arc<App>>, request: Request) -> Result<Response, Refusal> {
    submit::submit(app, request, Format::Xml).await
}

/// Who reads requests: all that a caller may see, or only what a token submitted.
struct Reader {
    caller: Caller,
    all: bool,
}

impl Reader {
    async fn of(
        app: &Arc<App>,
        request: Request,
        key: Option<&str>,
        format: Format,
    ) -> Result<Self, Refusal> {
        let (mut parts, _) = request.into_parts();
        let caller = match key {
            Some(key) => {
                let of_token = app.accounts.of_token(key);
                of_token.ok_or_else(|| format.refuse(StatusCode::FORBIDDEN, "the api_key is none"))?
            }
            None => Caller::from_request_parts(&mut parts, app)
                .await
                .map_err(|problem| Refusal::of(&problem, format))?,
        };
        let all = caller.may(Scope::Read);
        if !all {
            caller.allow(Scope::Submit).map_err(|problem| Refusal::of(&problem, format))?;
        }
        Ok(Self { caller, all })
    }

    fn sees(&self, case: &Case) -> bool {
        let own = is_reported_by(&case.incident, &self.caller.name);
        let public = case.task.is_some() && case.incident.position.is_some();
        if self.all { public && self.caller.sees(case) } else { own }
    }
}
