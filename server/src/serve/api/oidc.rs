//! Signing in by somebody who vouches for people: there, and back.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::blocking;
use super::caller::cookie_named;
use super::problem::Problem;
use super::session::cookie;
use crate::clock;
use crate::serve::App;
use crate::serve::door::oidc::{Oidc, OidcError, Returned};

/// Name of the cookie that binds an attempt to the browser that began it.
const COOKIE: &str = "flyonce_attempt";
/// What the cookie is sent to.
const PATH: &str = "/v1/sign-in/oidc";

/// How somebody may sign in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ways {
    /// By name and password; always.
    password: bool,
    /// By somebody who vouches for them, at `/v1/sign-in/oidc`.
    oidc: Option<Vouched>,
}

/// The words of the button.
#[derive(Debug, Serialize, ToSchema)]
pub struct Vouched {
    /// Chinese, where it is configured.
    label_zh: Option<String>,
    /// English, where it is configured.
    label_en: Option<String>,
}

/// Tells how somebody may sign in.
#[utoipa::path(get, path = "/v1/sign-in", responses((status = 200, body = Ways)))]
pub async fn ways(State(app): State<Arc<App>>) -> Json<Ways> {
    let rules = app.door.rules();
    let oidc = rules.oidc.as_ref().map(|oidc| {
        let (zh, en) = oidc.labels();
        Vouched { label_zh: zh.map(str::to_owned), label_en: en.map(str::to_owned) }
    });
    Json(Ways { password: true, oidc })
}

/// Sends a browser to the provider that vouches for people.
#[utoipa::path(get, path = "/v1/sign-in/oidc", responses((status = 303), (status = 404, body = Problem)))]
pub async fn begin(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let worker = Arc::clone(&app);
    let begun = with_provider(&app, move |oidc| oidc.begin(&worker.door.attempts, clock::now())).await?;
    Ok(match begun {
        Ok((state, url)) => {
            ([(header::SET_COOKIE, attempt(&app, &state, 600))], Redirect::to(&url)).into_response()
        }
        Err(error) => refused(&app, &error),
    })
}

/// Takes a browser back from the provider, signed in or with the reason why not.
#[utoipa::path(get, path = "/v1/sign-in/oidc/return", params(Returned),
    responses((status = 303), (status = 404, body = Problem)))]
pub async fn end(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(returned): Query<Returned>,
) -> Result<Response, Problem> {
    let worker = Arc::clone(&app);
    let ended = with_provider(&app, move |oidc| {
        let (browser, now) = (cookie_named(&headers, COOKIE), clock::now());
        let caller = oidc.finish(&worker.door.attempts, browser, &returned, now)?;
        tracing::info!("{} signed in by the provider", caller.name);
        Ok(worker.accounts.admit(caller, now)?)
    });
    Ok(match ended.await? {
        Ok(secret) => {
            let cookies = [(header::SET_COOKIE, cookie(&app, &secret))];
            let mut response = (cookies, Redirect::to("/")).into_response();
            response.headers_mut().append(header::SET_COOKIE, attempt(&app, "", 0));
            response
        }
        Err(error) => refused(&app, &error),
    })
}

/// Asks the provider, which may take its time.
async fn with_provider<T: Send + 'static>(
    app: &App,
    ask: impl FnOnce(&Oidc) -> Result<T, OidcError> + Send + 'static,
) -> Result<Result<T, OidcError>, Problem> {
    let rules = app.door.rules();
    if rules.oidc.is_none() {
        return Err(Problem::not_found("nobody vouches for people here: [serve.oidc] is not configured"));
    }
    let asked = blocking(move || rules.oidc.as_ref().map(ask)).await?;
    asked.ok_or_else(|| Problem::not_found("nobody vouches for people here any more"))
}

/// Sends the browser to the page, which says in words what the log says in full.
fn refused(app: &App, error: &OidcError) -> Response {
    tracing::warn!("nobody signed in: {error}");
    let mut response = Redirect::to(&format!("/?sign_in={}", error.word())).into_response();
    response.headers_mut().append(header::SET_COOKIE, attempt(app, "", 0));
    response
}

/// The cookie of an attempt; it has to come back from another site, so it is not as strict as that of a session.
fn attempt(app: &App, state: &str, secs: u32) -> HeaderValue {
    let secure = if app.door.rules().entry.encrypted() { "; Secure" } else { "" };
    let text = format!("{COOKIE}={state}; Path={PATH}; Max-Age={secs}; HttpOnly; SameSite=Lax{secure}");
    // A state is made of hexadecimal digits.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}
