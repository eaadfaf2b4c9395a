//! Asks a camera by HTTP.

use std::time::Duration;

use jiff::Timestamp;
use ureq::Agent;

use crate::soap::{ParseError, Status, read_status, status_request};

/// Longest answer that is read, bytes.
const MOST_BYTES: u64 = 256 * 1024;

/// Where and as whom to ask.
#[derive(Clone, PartialEq, Eq)]
pub struct PtzEndpoint {
    /// Address of the camera's PTZ service, `http://`.
    pub url: String,
    /// Token of the media profile whose head is meant.
    pub profile: String,
    /// Name and password, where the camera asks for them.
    pub user: Option<(String, String)>,
    /// How long an answer may take.
    pub timeout: Duration,
}

impl std::fmt::Debug for PtzEndpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let user = self.user.as_ref().map(|(name, _)| name);
        f.debug_struct("PtzEndpoint")
            .field("url", &self.url)
            .field("profile", &self.profile)
            .field("user", &user)
            .finish_non_exhaustive()
    }
}

/// Why a camera told nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OnvifError {
    /// It was not reached, or answered too late or too long.
    #[error("cannot ask {url}: {reason}")]
    Http {
        /// The address.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// Its answer tells no position.
    #[error("{url}: {source}")]
    Answer {
        /// The address.
        url: String,
        /// What went wrong.
        #[source]
        source: ParseError,
    },
}

/// Asks one camera where it looks.
pub struct PtzClient {
    endpoint: PtzEndpoint,
    agent: Agent,
}

impl PtzClient {
    /// Returns a client; nothing is sent yet.
    pub fn new(endpoint: PtzEndpoint) -> Self {
        let config =
            Agent::config_builder().timeout_global(Some(endpoint.timeout)).http_status_as_error(false);
        Self { agent: config.build().into(), endpoint }
    }

    /// Returns where the head stands; `now` is the time that the request claims.
    ///
    /// # Errors
    /// When the camera is not reached, refuses, or tells no position.
    pub fn status(&self, now: Timestamp) -> Result<Status, OnvifError> {
        let user = self.endpoint.user.as_ref().map(|(name, password)| (name.as_str(), password.as_str()));
        let request = status_request(&self.endpoint.profile, user, rand::random(), now);
        let answer = self.post(request).map_err(|error| OnvifError::Http {
            url: self.endpoint.url.clone(),
            reason: error.to_string(),
        })?;
        read_status(&answer).map_err(|source| OnvifError::Answer { url: self.endpoint.url.clone(), source })
    }

    fn post(&self, request: String) -> Result<String, ureq::Error> {
        let kind =
            "application/soap+xml; charset=utf-8; action=\"http://www.onvif.org/ver20/ptz/wsdl/GetStatus\"";
        let mut answer = self.agent.post(&self.endpoint.url).content_type(kind).send(request)?;
        answer.body_mut().with_config().limit(MOST_BYTES).read_to_string()
    }
}
