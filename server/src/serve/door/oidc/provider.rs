//! What is asked of a provider: what it is, its keys, and who belongs to a code.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use form_urlencoded::{Serializer, byte_serialize};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::http::Response;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};

use super::OidcError;
use super::claims::Claims;
use super::token::{self, Keys, TokenError};
use crate::config::OidcEntry;

/// Longest time for one request.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Largest answer of a provider, bytes.
const ANSWER: u64 = 1 << 20;
/// How long it is believed to be as it was.
const KNOWN: SignedDuration = SignedDuration::from_hours(1);
/// One that did not answer is not asked again for so long: nobody waits for it in vain after somebody else.
const AWAY: SignedDuration = SignedDuration::from_secs(30);
/// A key that is not known is looked for again after this, however often it is named.
const KEYS_KNOWN: SignedDuration = SignedDuration::from_mins(1);

/// What a provider says of itself.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

struct Known {
    metadata: Metadata,
    keys: Keys,
    at: Timestamp,
}

/// What came of asking what it is.
#[derive(Default)]
struct Last {
    known: Option<Arc<Known>>,
    failed: Option<(Timestamp, String)>,
}

/// What a code is exchanged for.
#[derive(Deserialize)]
pub struct Tokens {
    /// Who it is, signed.
    pub id_token: String,
    /// With which more may be asked.
    access_token: Option<String>,
}

/// A provider, and as whom the server is known to it.
pub struct Provider {
    issuer: String,
    client_id: String,
    secret: Option<String>,
    redirect: String,
    agent: Agent,
    asked: Mutex<Last>,
}

impl Provider {
    /// Reads the files that the configuration names.
    ///
    /// # Errors
    /// [`OidcError::File`].
    pub fn new(entry: &OidcEntry, redirect: String) -> Result<Self, OidcError> {
        let read = |path: &std::path::PathBuf| {
            std::fs::read(path)
                .map_err(|error| OidcError::File { path: path.clone(), reason: error.to_string() })
        };
        let secret = entry.client_secret_file.as_ref().map(read).transpose()?;
        let secret = secret.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
        let roots = match &entry.ca_file {
            Some(path) => Some(
                authorities(&read(path)?).map_err(|reason| OidcError::File { path: path.clone(), reason })?,
            ),
            None => None,
        };
        let tls =
            roots.map_or_else(TlsConfig::builder, |roots| TlsConfig::builder().root_certs(roots)).build();
        let config = Agent::config_builder()
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            .proxy(None)
            .tls_config(tls)
            .build();
        Ok(Self {
            issuer: entry.issuer.clone(),
            client_id: entry.client_id.clone(),
            secret,
            redirect,
            agent: config.into(),
            asked: Mutex::default(),
        })
    }

    /// Returns where a browser is sent to sign in.
    ///
    /// # Errors
    /// [`OidcError::Provider`].
    pub fn sign_in_url(
        &self,
        scopes: &[String],
        state: &str,
        nonce: &str,
        challenge: &str,
        now: Timestamp,
    ) -> Result<String, OidcError> {
        let known = self.known(now, KNOWN)?;
        let scope =
            ["openid"].into_iter().chain(scopes.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
        let query = Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", &self.redirect)
            .append_pair("scope", &scope)
            .append_pair("state", state)
            .append_pair("nonce", nonce)
            .append_pair("code_challenge", challenge)
            .append_pair("code_challenge_method", "S256")
            .finish();
        let endpoint = &known.metadata.authorization_endpoint;
        let joint = if endpoint.contains('?') { '&' } else { '?' };
        Ok(format!("{endpoint}{joint}{query}"))
    }

    /// Exchanges a code for who it belongs to.
    ///
    /// # Errors
    /// [`OidcError::Provider`].
    pub fn exchange(&self, code: &str, verifier: &str, now: Timestamp) -> Result<Tokens, OidcError> {
        let known = self.known(now, KNOWN)?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.redirect.as_str()),
            ("client_id", self.client_id.as_str()),
            ("code_verifier", verifier),
        ];
        let mut request =
            self.agent.post(&known.metadata.token_endpoint).header("accept", "application/json");
        if let Some(secret) = &self.secret {
            let ways = &known.metadata.token_endpoint_auth_methods_supported;
            let has = |way: &str| ways.iter().any(|one| one == way);
            if has("client_secret_post") && !has("client_secret_basic") {
                form.push(("client_secret", secret.as_str()));
            } else {
                let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
                let pair = format!("{}:{}", encoded(&self.client_id), encoded(secret));
                request = request.header("authorization", format!("Basic {}", STANDARD.encode(pair)));
            }
        }
        self.read(request.send_form(form), "exchanges no code")
    }

    /// Returns what a signed token says, if it is signed by the provider, for this server and this attempt, and still counts.
    ///
    /// # Errors
    /// [`OidcError::Unbelievable`], [`OidcError::Provider`].
    pub fn verified(&self, id_token: &str, nonce: &str, now: Timestamp) -> Result<Claims, OidcError> {
        let read = |keys: &Keys| token::verified(id_token, keys, &self.issuer, &self.client_id);
        let claims = match read(&self.known(now, KNOWN)?.keys) {
            // Keys change; who makes up names of keys has them asked for once a minute at most.
            Err(TokenError::UnknownKey) => read(&self.known(now, KEYS_KNOWN)?.keys),
            other => other,
        };
        let claims = claims.map_err(|error| OidcError::Unbelievable(error.to_string()))?;
        if claims.get("nonce").and_then(Value::as_str) != Some(nonce) {
            return Err(OidcError::Unbelievable("its nonce is not that of the attempt".to_owned()));
        }
        Ok(claims)
    }

    /// Asks for what the signed token does not say of a person; nothing where the provider answers no such question.
    ///
    /// # Errors
    /// [`OidcError::Provider`], [`OidcError::Unbelievable`] when it tells of somebody else.
    pub fn more_about(&self, told: &Claims, tokens: &Tokens, now: Timestamp) -> Result<Claims, OidcError> {
        let known = self.known(now, KNOWN)?;
        let (Some(url), Some(token)) = (&known.metadata.userinfo_endpoint, &tokens.access_token) else {
            return Ok(Claims::new());
        };
        let asked = self.agent.get(url).header("authorization", format!("Bearer {token}")).call();
        let more: Claims = self.read(asked, "tells no more of the person")?;
        if more.get("sub").is_none() || more.get("sub") != told.get("sub") {
            return Err(OidcError::Unbelievable("it tells of somebody else than it signed for".to_owned()));
        }
        Ok(more)
    }

    /// Returns what the provider says of itself, asked again when that is older than this.
    fn known(&self, now: Timestamp, most: SignedDuration) -> Result<Arc<Known>, OidcError> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = asked.known.as_ref().filter(|known| now.duration_since(known.at) <= most) {
            return Ok(Arc::clone(known));
        }
        if let Some((_, reason)) = asked.failed.as_ref().filter(|(at, _)| now.duration_since(*at) <= AWAY) {
            return Err(self.wrong(reason.clone()));
        }
        match self.ask(now) {
            Ok(fresh) => {
                *asked = Last { known: Some(Arc::clone(&fresh)), failed: None };
                Ok(fresh)
            }
            Err(error) => {
                let reason = if let OidcError::Provider { reason, .. } = &error {
                    reason.clone()
                } else {
                    error.to_string()
                };
                asked.failed = Some((now, reason));
                Err(error)
            }
        }
    }

    fn ask(&self, now: Timestamp) -> Result<Arc<Known>, OidcError> {
        let url = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let metadata: Metadata = self.read(self.agent.get(&url).call(), "does not say what it is")?;
        if metadata.issuer != self.issuer {
            return Err(self.wrong(format!("it calls itself {:?}", metadata.issuer)));
        }
        let keys = self.read(self.agent.get(&metadata.jwks_uri).call(), "shows no keys")?;
        Ok(Arc::new(Known { metadata, keys, at: now }))
    }

    fn read<T: DeserializeOwned>(
        &self,
        answer: Result<Response<Body>, ureq::Error>,
        what: &str,
    ) -> Result<T, OidcError> {
        let mut answer = answer.map_err(|error| self.wrong(format!("{what}: {error}")))?;
        let status = answer.status();
        let bytes = answer.body_mut().with_config().limit(ANSWER).read_to_vec();
        let bytes = bytes.map_err(|error| self.wrong(format!("{what}: {error}")))?;
        if !status.is_success() {
            // Of what it says only the kind of the error is told: the rest may hold what is secret.
            let kind = serde_json::from_slice::<Value>(&bytes).ok();
            let kind = kind.as_ref().and_then(|value| value.get("error")?.as_str()).unwrap_or_default();
            return Err(self.wrong(format!("{what}: {status} {kind}")));
        }
        serde_json::from_slice(&bytes).map_err(|error| self.wrong(format!("{what}: {error}")))
    }

    fn wrong(&self, reason: String) -> OidcError {
        OidcError::Provider { issuer: self.issuer.clone(), reason }
    }
}

fn authorities(pem: &[u8]) -> Result<RootCerts, String> {
    let certificate = |item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
        Ok(_) => None,
        Err(error) => Some(Err(format!("{error}"))),
    };
    let found: Vec<Certificate<'static>> =
        parse_pem(pem).filter_map(certificate).collect::<Result<_, _>>()?;
    if found.is_empty() {
        return Err("it holds no certificate as PEM".to_owned());
    }
    Ok(RootCerts::new_with_certs(&found))
}
