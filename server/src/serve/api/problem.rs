//! Errors as RFC 9457 problem details: one text for the client; what it must not know goes to the log.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value, json};
use store::StoreError;
use utoipa::ToSchema;

use crate::serve::accounts::{AccountError, WAIT};
use crate::serve::hub::HubError;
use crate::serve::missions::MissionError;

/// What went wrong, as RFC 9457 has it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// Kind of the problem.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The kind in words.
    pub title: &'static str,
    /// HTTP status.
    pub status: u16,
    /// What, where and which value.
    pub detail: String,
    /// When to come again; sent as `Retry-After`.
    #[serde(skip)]
    pub retry_after: Option<Duration>,
    /// More for machines.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub more: Map<String, Value>,
}

impl Problem {
    fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: &dyn std::fmt::Display,
    ) -> Self {
        Self {
            kind,
            title,
            status: status.as_u16(),
            detail: detail.to_string(),
            retry_after: None,
            more: Map::new(),
        }
    }

    /// Nobody signed in.
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "/problems/sign-in", "sign in first", &"no session and no token")
    }

    /// The caller may not do this.
    pub fn forbidden(detail: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::FORBIDDEN, "/problems/forbidden", "not allowed", &detail)
    }

    /// There is no such thing, or the caller may not know of it.
    pub fn not_found(detail: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, "/problems/not-found", "not found", &detail)
    }

    /// Too many requests.
    pub fn too_many(of: impl std::fmt::Display, wait: Duration) -> Self {
        let detail = format!("too many requests of {of}: try again in {} s", whole_secs(wait));
        let problem =
            Self::new(StatusCode::TOO_MANY_REQUESTS, "/problems/too-many", "too many requests", &detail);
        Self { retry_after: Some(wait), ..problem }
    }

    /// The request makes no sense.
    pub fn bad_request(detail: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "/problems/bad-request", "cannot be understood", &detail)
    }

    /// The request makes sense and cannot be done.
    pub fn refused(detail: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "/problems/refused", "refused", &detail)
    }

    /// Something of the server failed.
    pub fn internal(detail: &str) -> Self {
        tracing::error!("{detail}");
        let told = "a fault inside the server; its log says more";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "/problems/internal", "internal error", &told)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after.map(whole_secs);
        let mut response = (status, Json(self)).into_response();
        if let Some(secs) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        let media = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, media);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let text = in_full(&error);
        match error {
            StoreError::NotFound(_) => Self::not_found(text),
            StoreError::ChangedMeanwhile { actor, at, name, found, .. } => {
                let mut problem =
                    Self::new(StatusCode::CONFLICT, "/problems/changed", "changed meanwhile", &text);
                let more = json!({"actor": actor, "at": at, "name": name, "version": found});
                problem.more = more.as_object().cloned().unwrap_or_default();
                problem
            }
            StoreError::ChangedAfter { actor, at, .. } => {
                let mut problem =
                    Self::new(StatusCode::CONFLICT, "/problems/changed", "changed meanwhile", &text);
                problem.more = json!({"actor": actor, "at": at}).as_object().cloned().unwrap_or_default();
                problem
            }
            StoreError::CannotAct { .. }
            | StoreError::NothingToUndo(_)
            | StoreError::NeverWas { .. }
            | StoreError::BadOperation(_) => Self::refused(text),
            other if other.is_temporary() => {
                tracing::warn!("{text}");
                let told = "the store cannot be used at the moment; try again";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "/problems/busy", "busy", &told)
            }
            _ => Self::internal(&text),
        }
    }
}

/// Seconds as headers have them: whole, and none too few.
fn whole_secs(wait: Duration) -> u64 {
    wait.as_secs_f64().ceil().max(1.0) as u64
}

/// An error with its causes.
fn in_full(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Wrong => {
                Self::new(StatusCode::UNAUTHORIZED, "/problems/sign-in", "sign-in failed", &error)
            }
            AccountError::Wait => {
                let problem =
                    Self::new(StatusCode::TOO_MANY_REQUESTS, "/problems/wait", "wait a little", &error);
                Self { retry_after: Some(WAIT.unsigned_abs()), ..problem }
            }
            AccountError::Unusable(_) => Self::refused(error),
            other => Self::internal(&other.to_string()),
        }
    }
}

impl From<MissionError> for Problem {
    fn from(error: MissionError) -> Self {
        match &error {
            MissionError::Unknown(_) | MissionError::NoVehicle(_) => Self::not_found(error),
            MissionError::Busy { actor, at, .. } => {
                let more = json!({"actor": actor, "at": at});
                let mut problem =
                    Self::new(StatusCode::CONFLICT, "/problems/flying", "flies already", &error);
                problem.more = more.as_object().cloned().unwrap_or_default();
                problem
            }
            MissionError::Gates(gates) => {
                let more = json!({"gates": gates});
                let mut problem = Self::refused(&error);
                problem.more = more.as_object().cloned().unwrap_or_default();
                problem
            }
            MissionError::Refused(_) => Self::refused(error),
            MissionError::Keep { .. } => Self::internal(&in_full(&error)),
        }
    }
}

impl From<HubError> for Problem {
    fn from(error: HubError) -> Self {
        match error {
            HubError::Unknown(_) => Self::not_found(error),
            HubError::Keep(reason) => Self::internal(&reason),
            HubError::Taken(_) | HubError::Unusable(_) | HubError::Elsewhere(_) => Self::refused(error),
        }
    }
}
