//! People whom a provider of OpenID Connect vouches for: sent there, taken back, and given the role of their group.
//!
//! ```text
//! browser --> /v1/sign-in/oidc --> provider (state, nonce, challenge) --> /v1/sign-in/oidc/return (state, code)
//!                                                                           \--> provider (code, verifier): who it is
//! ```
//! Each attempt is bound to the browser that began it by a cookie, to its answer by state and nonce, and to this server by PKCE.
//!
//! # References
//! OpenID Connect Core 1.0 (3.1, authorization code), RFC 7636 (PKCE, S256), RFC 9207 (issuer in the answer).

mod claims;
mod provider;
mod token;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::config::OidcEntry;
use crate::serve::accounts::{AccountError, Caller, secret};

use provider::Provider;

/// How long somebody may take to sign in at the provider.
const WAIT: SignedDuration = SignedDuration::from_mins(10);
/// Attempts remembered at most; the oldest is forgotten for a new one.
const ATTEMPTS: usize = 1_000;
/// Path that the provider sends people back to.
pub const RETURN: &str = "/v1/sign-in/oidc/return";

/// Why nobody was let in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OidcError {
    /// A file of its configuration cannot be used.
    #[error("cannot use {} for OpenID Connect: {reason}", path.display())]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        reason: String,
    },
    /// The provider cannot be reached, or does not answer as it should.
    #[error("the provider {issuer}: {reason}")]
    Provider {
        /// The provider.
        issuer: String,
        /// What is wrong.
        reason: String,
    },
    /// The answer is to no attempt of this browser, or came too late.
    #[error("the answer of the provider belongs to no attempt of this browser, or came too late")]
    Late,
    /// The provider let nobody in.
    #[error("the provider let nobody in: {0:?}")]
    Denied(String),
    /// What the provider says of the person cannot be believed.
    #[error("what the provider says cannot be believed: {0}")]
    Unbelievable(String),
    /// The person is in no group that may do anything.
    #[error("{name} is in no group that has a role here; the groups are {groups:?}")]
    NoRole {
        /// The person.
        name: String,
        /// Groups of the person.
        groups: Vec<String>,
    },
    /// The system gives no random numbers.
    #[error(transparent)]
    Account(#[from] AccountError),
}

impl OidcError {
    /// Returns a word for it that the page has a sentence for.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Denied(_) => "denied",
            Self::NoRole { .. } => "no_role",
            _ => "failed",
        }
    }
}

/// An attempt that was begun.
struct Attempt {
    nonce: String,
    verifier: String,
    until: Timestamp,
}

/// Attempts that were begun, by the digest of their state.
#[derive(Default)]
pub struct Attempts(Mutex<BTreeMap<String, Attempt>>);

impl Attempts {
    fn note(&self, state: &str, attempt: Attempt, now: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, attempt| attempt.until > now);
        if all.len() >= ATTEMPTS {
            let oldest = all.iter().min_by_key(|(_, attempt)| attempt.until).map(|(state, _)| state.clone());
            oldest.map(|state| all.remove(&state));
        }
        all.insert(digest(state), attempt);
    }

    fn take(&self, state: &str, now: Timestamp) -> Option<Attempt> {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&digest(state));
        taken.filter(|attempt| attempt.until > now)
    }
}

/// What a provider sends people back with.
#[derive(Debug, Default, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Returned {
    /// What it was sent.
    #[serde(default)]
    pub state: String,
    /// What is exchanged for who it is.
    #[serde(default)]
    pub code: Option<String>,
    /// Why it is nobody.
    #[serde(default)]
    pub error: Option<String>,
    /// Who sends it.
    #[serde(default)]
    pub iss: Option<String>,
}

/// A provider that vouches for people.
pub struct Oidc {
    entry: OidcEntry,
    provider: Provider,
}

impl Oidc {
    /// Prepares a provider; it is not asked before somebody wants to sign in.
    ///
    /// # Errors
    /// [`OidcError::File`].
    pub fn new(entry: OidcEntry, public_url: &str) -> Result<Self, OidcError> {
        let provider = Provider::new(&entry, format!("{public_url}{RETURN}"))?;
        Ok(Self { entry, provider })
    }

    /// Returns the words of its button, Chinese and English, where they are configured.
    pub fn labels(&self) -> (Option<&str>, Option<&str>) {
        (self.entry.label_zh.as_deref(), self.entry.label_en.as_deref())
    }

    /// Begins an attempt; returns its state, and where to send the browser.
    ///
    /// # Errors
    /// [`OidcError::Provider`] when it cannot be reached.
    pub fn begin(&self, attempts: &Attempts, now: Timestamp) -> Result<(String, String), OidcError> {
        let (state, nonce, verifier) = (secret()?, secret()?, secret()?);
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        let url = self.provider.sign_in_url(&self.entry.scopes, &state, &nonce, &challenge, now)?;
        let until = now.checked_add(WAIT).unwrap_or(now);
        attempts.note(&state, Attempt { nonce, verifier, until }, now);
        Ok((state, url))
    }

    /// Ends an attempt; returns who it is, with the role of the first group that has one.
    ///
    /// # Errors
    /// [`OidcError`].
    pub fn finish(
        &self,
        attempts: &Attempts,
        browser: Option<&str>,
        returned: &Returned,
        now: Timestamp,
    ) -> Result<Caller, OidcError> {
        // Some providers forget the state when they let nobody in; there is nothing to protect then.
        let code = match (&returned.code, &returned.error) {
            (_, Some(error)) => return Err(OidcError::Denied(error.clone())),
            (code, None) => code.as_ref().ok_or(OidcError::Late)?,
        };
        if browser != Some(returned.state.as_str()) {
            return Err(OidcError::Late);
        }
        let attempt = attempts.take(&returned.state, now).ok_or(OidcError::Late)?;
        if returned.iss.as_ref().is_some_and(|iss| *iss != self.entry.issuer) {
            return Err(OidcError::Unbelievable("another provider answers".to_owned()));
        }
        let tokens = self.provider.exchange(code, &attempt.verifier, now)?;
        let told = self.provider.verified(&tokens.id_token, &attempt.nonce, now)?;
        let more = || self.provider.more_about(&told, &tokens, now);
        claims::caller(&self.entry, &told, more)
    }
}

fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + secs).unwrap()
    }

    #[test]
    fn an_attempt_counts_once_and_for_ten_minutes() {
        let attempts = Attempts::default();
        let begin = |state: &str| {
            let attempt = Attempt { nonce: "n".to_owned(), verifier: "v".to_owned(), until: at(600) };
            attempts.note(state, attempt, at(0));
        };
        begin("one");
        assert!(attempts.take("one", at(1)).is_some());
        assert!(attempts.take("one", at(1)).is_none());
        begin("two");
        assert!(attempts.take("two", at(601)).is_none());
        for other in 0..ATTEMPTS + 5 {
            begin(&other.to_string());
        }
        assert_eq!(attempts.0.lock().unwrap().len(), ATTEMPTS);
    }
}
