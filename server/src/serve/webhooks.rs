//! Events sent to webhooks: one thread and one durable cursor each, so that a slow receiver delays no other.
//!
//! Delivery is at least once, in the order of the events; a receiver knows what it has by `webhook-id`, which is the number of
//! the event. Failures wait longer each time; what is given up is kept as a dead letter.
//!
//! # References
//! Standard Webhooks 1.0 (headers and signature), CloudEvents 1.0 (body).

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dispatch::{Answer, BackOff};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::Sha256;
use store::{Answered, Claimed, Consumer, StoreError, StoredEvent};
use ureq::Agent;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use super::App;
use super::events::{incident_of, render};
use super::outbox::deliver;
use super::traces::Spell;
use crate::clock;
use crate::config::WebhookEntry;

/// Events claimed at a time.
const BATCH: usize = 50;
/// Longest time for one request.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How often a quiet webhook looks for events.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Least length of a secret, bytes; the standard wants 24 to 64.
const SECRET_BYTES: usize = 24;

/// Why a webhook cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// Its secret cannot be read.
    #[error("webhook {id}: cannot read its secret {}", path.display())]
    Secret {
        /// The webhook.
        id: String,
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Its secret is none.
    #[error("webhook {id}: its secret is not whsec_ and 24 to 64 bytes as Base64")]
    NotASecret {
        /// The webhook.
        id: String,
    },
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A webhook, ready to be sent to.
pub struct Webhook {
    entry: WebhookEntry,
    secret: Vec<u8>,
    agent: Agent,
    back_off: BackOff,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("id", &self.entry.id).finish_non_exhaustive()
    }
}

impl Webhook {
    /// Reads the secret of a webhook and notes it in the store; a new one begins with the events to come.
    ///
    /// # Errors
    /// [`WebhookError`].
    pub fn new(app: &App, entry: WebhookEntry) -> Result<Self, WebhookError> {
        let (id, path) = (entry.id.clone(), entry.secret_file.clone());
        let text = std::fs::read_to_string(&path).map_err(|source| WebhookError::Secret {
            id: id.clone(),
            path,
            source,
        })?;
        let secret = text.trim().strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok());
        let secret = secret
            .filter(|secret| (SECRET_BYTES..=64).contains(&secret.len()))
            .ok_or(WebhookError::NotASecret { id })?;
        let cursor = app.board().cursor();
        let consumer = Consumer::new(&entry.id, "webhook", &entry.url, cursor);
        app.stores.with(|store| store.put_consumer(&consumer).map(|_| ()))?;
        let agent = agent(entry.allow.clone());
        Ok(Self { entry, secret, agent, back_off: BackOff::default() })
    }

    /// Sends what comes until the server ends.
    pub fn run(&self, app: &Arc<App>) {
        while !app.ending() {
            match self.step(app) {
                Ok(true) => {}
                Ok(false) => std::thread::sleep(LOOK_EVERY),
                Err(error) => {
                    tracing::warn!("webhook {}: {error}", self.entry.id);
                    std::thread::sleep(LOOK_EVERY * 5);
                }
            }
        }
    }

    /// Sends one batch, if there is one; tells whether there was.
    ///
    /// # Errors
    /// Those of the store.
    pub fn step(&self, app: &App) -> Result<bool, StoreError> {
        let (id, now) = (&self.entry.id, clock::now());
        let claimed = app.stores.with(|store| match store.claim(id, BATCH, now, &self.back_off) {
            Err(StoreError::NoConsumer(_)) => Ok(None),
            other => other,
        })?;
        let Some(Claimed { lease, events, .. }) = claimed else { return Ok(false) };
        let Some(first) = events.first() else { return Ok(false) };
        let (mut last, mut answer) = (first.seq, Answer::Accepted { more: true });
        for (i, event) in events.iter().enumerate() {
            let ready = render(event, &app.board(), &app.city, clock::now());
            let wanted = self.entry.department.as_ref().is_none_or(|one| ready.departments.contains(one));
            let given =
                if wanted { self.tell(app, event, &ready.json) } else { Answer::Accepted { more: true } };
            match given {
                Answer::Accepted { .. } => last = event.seq,
                // What went before arrived; this one is claimed again and fails as the first of its batch.
                other if i == 0 => answer = other,
                _ => break,
            }
            if !matches!(answer, Answer::Accepted { .. }) || app.ending() {
                break;
            }
        }
        if let Answer::Failed { error } | Answer::Refused { error } = &answer {
            tracing::warn!("webhook {id}: event {last} did not arrive: {error}");
        }
        let answered = Answered {
            lease,
            last,
            answer: &answer,
            now: clock::now(),
            back_off: &self.back_off,
            jitter: jitter(),
        };
        app.stores.with(|store| store.answered(id, &answered).map(|_| ()))?;
        Ok(true)
    }

    /// Sends an event within the trace of its incident.
    fn tell(&self, app: &App, event: &StoredEvent, body: &str) -> Answer {
        let (traces, begun) = (app.traces(), Instant::now());
        let delivery = traces.delivery(incident_of(event, &app.board()));
        let given = self.send(event.seq, body, delivery.map(|delivery| delivery.traceparent()));
        traces.delivered(delivery, || {
            let why = match &given {
                Answer::Failed { error } | Answer::Refused { error } => Some(error.clone()),
                _ => None,
            };
            deliver(&self.entry.id, event.seq, Spell::since(begun)).failed(why)
        });
        given
    }

    fn send(&self, seq: u64, body: &str, traceparent: Option<String>) -> Answer {
        let at = clock::now();
        let request = self
            .agent
            .post(&self.entry.url)
            .header("content-type", "application/cloudevents+json; charset=utf-8")
            .header("webhook-id", seq.to_string())
            .header("webhook-timestamp", at.as_second().to_string())
            .header("webhook-signature", self.signature(seq, at, body));
        let request = match traceparent {
            Some(words) => request.header("traceparent", words),
            None => request,
        };
        match request.send(body) {
            Ok(response) => {
                let after = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
                let after = after.and_then(|text| retry_after(text, at));
                Answer::of_http(response.status().as_u16(), after, true)
            }
            Err(error) => Answer::Failed { error: error.to_string() },
        }
    }

    /// Returns `v1,` and the HMAC-SHA256 over `id.timestamp.body`.
    fn signature(&self, seq: u64, at: Timestamp, body: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).expect("HMAC takes keys of any length");
        mac.update(format!("{seq}.{}.{body}", at.as_second()).as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

fn agent(allow: Vec<IpAddr>) -> Agent {
    let config = Agent::config_builder()
        .max_redirects(0)
        .http_status_as_error(false)
        .timeout_global(Some(TIMEOUT))
        .proxy(None)
        .build();
    Agent::with_parts(
        config,
        DefaultConnector::default(),
        PublicOnly { allow, default: DefaultResolver::default() },
    )
}

/// Resolves names to public addresses only, at every connection, so that no name leads into the city's own network.
#[derive(Debug)]
struct PublicOnly {
    allow: Vec<IpAddr>,
    default: DefaultResolver,
}

impl Resolver for PublicOnly {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let all = self.default.resolve(uri, config, timeout)?;
        let mut fit = self.empty();
        for address in all.iter().filter(|a| is_public(a.ip()) || self.allow.contains(&a.ip())) {
            fit.push(*address);
        }
        if fit.is_empty() {
            let host = uri.host().unwrap_or_default();
            return Err(ureq::Error::Other(format!("{host} is no public address and not in `allow`").into()));
        }
        Ok(fit)
    }
}

/// Tells whether an address is one of the public internet.
///
/// # References
/// RFC 6890 and the IANA registries of special-purpose addresses.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_documentation()
                || v4.is_multicast()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a, b, c) == (192, 0, 0)
                || (a == 198 && (18..20).contains(&b)))
        }
        IpAddr::V6(v6) => {
            if let Some(v4) = v6.to_ipv4_mapped() {
                return is_public(IpAddr::V4(v4));
            }
            // Global unicast is 2000::/3; of that, documentation, 6to4 and Teredo lead elsewhere.
            let [a, b, ..] = v6.segments();
            (a & 0xe000) == 0x2000 && !(a == 0x2001 && (b == 0xdb8 || b == 0)) && a != 0x2002
        }
    }
}

/// Returns how long a receiver wants to be left alone: seconds, or a date.
///
/// # References
/// RFC 9110, section 10.2.3.
fn retry_after(text: &str, now: Timestamp) -> Option<SignedDuration> {
    if let Ok(secs) = text.trim().parse::<u32>() {
        return Some(SignedDuration::from_secs(secs.into()));
    }
    let at = jiff::fmt::rfc2822::parse(text.trim()).ok()?.timestamp();
    Some(at.duration_since(now).max(SignedDuration::ZERO))
}

/// A number drawn evenly from 0 to 1; the middle when the system gives none.
pub(super) fn jitter() -> f64 {
    SysRng.try_next_u32().map_or(0.5, |drawn| f64::from(drawn) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_and_special_addresses_are_no_public_ones() {
        let inside = [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.1.1",
            "172.16.0.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::1",
            "fe80::1",
            "fc00::1",
            "::ffff:10.0.0.1",
            "2001:db8::1",
            "2002:7f00:1::",
        ];
        for text in inside {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
        for text in ["1.1.1.1", "8.8.8.8", "2606:4700::1111"] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn a_wait_is_told_in_seconds_or_as_a_date() {
        let now = "2026-06-20T10:00:00Z".parse().unwrap();
        assert_eq!(retry_after("120", now), Some(SignedDuration::from_secs(120)));
        let date = "Sat, 20 Jun 2026 10:00:30 GMT";
        assert_eq!(retry_after(date, now), Some(SignedDuration::from_secs(30)));
        assert_eq!(retry_after("soon", now), None);
    }
}
