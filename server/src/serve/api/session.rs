//! Signing in and out, and what the page must know of the caller and the city.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::{COOKIE, session};
use super::problem::Problem;
use crate::clock;
use crate::serve::App;
use crate::serve::accounts::{Caller, Role};

/// Who signed in, and where.
#[derive(Debug, Serialize, ToSchema)]
pub struct Session {
    /// Name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Department of the role department.
    pub department: Option<String>,
    /// Sent as `X-CSRF` with each change.
    pub csrf: Option<String>,
    /// Chinese name of the city.
    pub city_zh: String,
    /// English name of the city.
    pub city_en: String,
    /// Address of map tiles; none when no request may leave the host.
    pub tiles_url: Option<String>,
}

/// A name with a password.
#[derive(Debug, Deserialize, ToSchema)]
pub struct SignIn {
    name: String,
    password: String,
}

/// A one-time word.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Link {
    token: String,
}

/// A thing with a name in both languages.
#[derive(Debug, Serialize, ToSchema)]
pub struct Named {
    /// Id.
    pub id: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
}

/// Tells who signed in.
#[utoipa::path(get, path = "/v1/session", responses((status = 200, body = Session), (status = 401, body = Problem)))]
pub async fn show(State(app): State<Arc<App>>, caller: Caller) -> Json<Session> {
    Json(view(&app, caller))
}

/// Signs a person in; the session's secret comes as a cookie.
#[utoipa::path(post, path = "/v1/sign-in", request_body = SignIn,
    responses((status = 200, body = Session), (status = 401, body = Problem), (status = 429, body = Problem)))]
pub async fn sign_in(
    State(app): State<Arc<App>>,
    Json(given): Json<SignIn>,
) -> Result<impl IntoResponse, Problem> {
    let now = clock::now();
    let hub = Arc::clone(&app);
    // Hashing a password takes tens of milliseconds.
    let signed = tokio::task::spawn_blocking(move || hub.accounts.sign_in(&given.name, &given.password, now));
    let secret = signed.await.map_err(|error| Problem::internal(&error.to_string()))??;
    let caller = app.accounts.of_session(&secret, now).ok_or_else(Problem::unauthorized)?;
    Ok(([(header::SET_COOKIE, cookie(&app, &secret))], Json(view(&app, caller))))
}

/// Follows a one-time link into the page.
#[utoipa::path(get, path = "/sign-in", params(Link), responses((status = 303), (status = 401, body = Problem)))]
pub async fn follow_link(State(app): State<Arc<App>>, Query(link): Query<Link>) -> Result<Response, Problem> {
    let secret = app.accounts.follow_link(&link.token, clock::now())?;
    Ok(([(header::SET_COOKIE, cookie(&app, &secret))], Redirect::to("/")).into_response())
}

/// Ends the session.
#[utoipa::path(post, path = "/v1/sign-out", responses((status = 204), (status = 401, body = Problem)))]
pub async fn sign_out(State(app): State<Arc<App>>, headers: HeaderMap, _: Caller) -> impl IntoResponse {
    if let Some(secret) = session(&headers) {
        app.accounts.sign_out(secret);
    }
    let gone = HeaderValue::from_static("flyonce_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict");
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, gone)])
}

/// Lists the departments of the city.
#[utoipa::path(get, path = "/v1/departments", responses((status = 200, body = [Named]), (status = 401, body = Problem)))]
pub async fn departments(State(app): State<Arc<App>>, _: Caller) -> Json<Vec<Named>> {
    let named =
        |d: &dispatch::Department| Named { id: d.id.0.clone(), zh: d.name_zh.clone(), en: d.name_en.clone() };
    Json(app.city.departments.departments.iter().map(named).collect())
}

/// Lists the classes of incidents.
#[utoipa::path(get, path = "/v1/classes", responses((status = 200, body = [Named]), (status = 401, body = Problem)))]
pub async fn classes(State(app): State<Arc<App>>, _: Caller) -> Json<Vec<Named>> {
    let profiles = app.city.rules.classes.iter();
    let named = profiles.map(|(id, profile)| Named {
        id: id.clone(),
        zh: profile.name_zh.clone(),
        en: profile.name_en.clone(),
    });
    Json(named.collect())
}

fn view(app: &App, caller: Caller) -> Session {
    let city = app.city.zones.zones().iter().find(|zone| zone.parent.is_none());
    Session {
        name: caller.name,
        role: caller.role,
        department: caller.department,
        csrf: caller.csrf,
        city_zh: city.map_or_else(|| "示例城市".to_owned(), |zone| zone.name_zh.clone()),
        city_en: city.map_or_else(|| "sample city".to_owned(), |zone| zone.name_en.clone()),
        tiles_url: None,
    }
}

/// The cookie of a session; where people come by TLS, it goes back by TLS only.
pub(super) fn cookie(app: &App, secret: &str) -> HeaderValue {
    let secure = if app.door.rules().entry.encrypted() { "; Secure" } else { "" };
    let text = format!("{COOKIE}={secret}; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict{secure}");
    // A secret is made of hexadecimal digits.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}
