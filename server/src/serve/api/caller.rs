//! Who calls: a session's cookie or a token, looked up before any handler runs.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};

use super::problem::Problem;
use crate::clock;
use crate::serve::App;
use crate::serve::accounts::{Caller, Role, Scope};
use crate::serve::board::Case;

/// Name of the session's cookie.
pub const COOKIE: &str = "flyonce_session";
/// Header that a page sends with each change.
const CSRF: &str = "x-csrf";

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let bearer = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        if let Some(token) = bearer.and_then(|value| value.strip_prefix("Bearer ")) {
            return app.accounts.of_token(token.trim()).ok_or_else(Problem::unauthorized);
        }
        let session = session(&parts.headers).ok_or_else(Problem::unauthorized)?;
        let caller = app.accounts.of_session(session, clock::now()).ok_or_else(Problem::unauthorized)?;
        let changes = !matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
        let sent = parts.headers.get(CSRF).and_then(|value| value.to_str().ok());
        if changes && sent != caller.csrf.as_deref() {
            return Err(Problem::forbidden("the header X-CSRF is missing or not that of the session"));
        }
        Ok(caller)
    }
}

/// Returns the secret of the session out of the cookies.
pub fn session(headers: &HeaderMap) -> Option<&str> {
    cookie_named(headers, COOKIE)
}

/// Returns the value of a cookie.
pub fn cookie_named<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == wanted).map(|(_, value)| value)
}

impl Caller {
    /// Refuses what the caller may not do.
    ///
    /// # Errors
    /// A problem with status 403.
    pub fn allow(&self, scope: Scope) -> Result<(), Problem> {
        if self.may(scope) {
            return Ok(());
        }
        let scope = serde_json::to_value(scope).unwrap_or_default();
        let wanted = scope.as_str().unwrap_or_default();
        Err(Problem::forbidden(format!("{} may not {wanted}", self.name)))
    }

    /// Tells whether the caller may know of a case.
    pub fn sees(&self, case: &Case) -> bool {
        match (self.role, &self.department) {
            (Role::Department, Some(department)) => case.concerns(department),
            (Role::Department, None) => false,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "a=b; flyonce_session=s3cret ;c=d".parse().unwrap());
        assert_eq!(session(&headers), Some("s3cret"));
        headers.insert(header::COOKIE, "flyonce_sessionx=1".parse().unwrap());
        assert_eq!(session(&headers), None);
    }
}
