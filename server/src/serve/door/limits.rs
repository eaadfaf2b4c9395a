//! How often each caller may come: a bucket of requests for each account, token and address, that fills again by time.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, MonotonicClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use super::address;
use crate::clock;
use crate::config::LimitsEntry;
use crate::serve::App;
use crate::serve::accounts::Caller;
use crate::serve::api::caller::session;
use crate::serve::api::problem::Problem;

/// Callers remembered at most before those are forgotten whose buckets are full again.
const CALLERS: usize = 20_000;
/// Paths that are asked by who watches over the server.
const HEALTH: &[&str] = &["/healthz", "/readyz"];

type Buckets = RateLimiter<Party, HashMapStateStore<Party>, MonotonicClock>;

/// Whom a bucket belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Party {
    /// A person who signed in.
    Account(String),
    /// A machine with a token.
    Token(String),
    /// Somebody who is not known.
    Address(IpAddr),
}

impl Party {
    fn of(caller: Caller) -> Self {
        if caller.scopes.is_some() { Self::Token(caller.name) } else { Self::Account(caller.name) }
    }
}

impl std::fmt::Display for Party {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Account(name) => write!(f, "the account {name}"),
            Self::Token(name) => write!(f, "the token {name}"),
            Self::Address(address) => write!(f, "{address}"),
        }
    }
}

/// How many requests were turned away, by what stood against them.
#[derive(Debug, Default)]
pub struct Refused {
    accounts: AtomicU64,
    tokens: AtomicU64,
    addresses: AtomicU64,
    sign_ins: AtomicU64,
}

impl Refused {
    /// Returns the counts by name.
    pub fn counts(&self) -> [(&'static str, u64); 4] {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("account", count(&self.accounts)),
            ("token", count(&self.tokens)),
            ("address", count(&self.addresses)),
            ("sign_in", count(&self.sign_ins)),
        ]
    }

    fn note(&self, party: &Party, sign_in: bool) {
        let counter = match party {
            _ if sign_in => &self.sign_ins,
            Party::Account(_) => &self.accounts,
            Party::Token(_) => &self.tokens,
            Party::Address(_) => &self.addresses,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// The buckets of all.
pub struct Limits {
    callers: Buckets,
    addresses: Buckets,
    sign_ins: Buckets,
    clock: MonotonicClock,
}

impl Limits {
    /// Returns full buckets.
    pub fn new(entry: &LimitsEntry) -> Self {
        let per_second = |rate: NonZeroU32, burst| buckets(Quota::per_second(rate).allow_burst(burst));
        Self {
            callers: per_second(entry.caller_per_second, entry.caller_burst),
            addresses: per_second(entry.address_per_second, entry.address_burst),
            sign_ins: buckets(Quota::per_minute(entry.sign_in_per_minute).allow_burst(entry.sign_in_burst)),
            clock: MonotonicClock,
        }
    }

    /// Takes a request out of a bucket.
    ///
    /// # Errors
    /// How long to wait, when it is empty.
    pub fn request(&self, party: &Party) -> Result<(), Duration> {
        let buckets = if matches!(party, Party::Address(_)) { &self.addresses } else { &self.callers };
        self.take(buckets, party)
    }

    /// Takes an attempt to sign in out of the bucket of an address.
    ///
    /// # Errors
    /// How long to wait, when it is empty.
    pub fn sign_in(&self, address: IpAddr) -> Result<(), Duration> {
        self.take(&self.sign_ins, &Party::Address(address))
    }

    fn take(&self, buckets: &Buckets, party: &Party) -> Result<(), Duration> {
        if buckets.len() > CALLERS {
            buckets.retain_recent();
        }
        buckets.check_key(party).map_err(|full| full.wait_time_from(self.clock.now()))
    }
}

fn buckets(quota: Quota) -> Buckets {
    RateLimiter::new(quota, HashMapStateStore::default(), MonotonicClock)
}

/// Lets a request through, or answers when to come again.
pub async fn limit(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    match allowed(&app, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn allowed(app: &App, request: &Request) -> Result<(), Problem> {
    let path = request.uri().path();
    if HEALTH.contains(&path) {
        return Ok(());
    }
    let rules = app.door.rules();
    let peer = request.extensions().get::<ConnectInfo<std::net::SocketAddr>>().map(|info| info.0.ip());
    let from = address::party(address::of(peer, request.headers(), &rules.entry.trusted_proxies));
    let party = known(app, request.headers()).map_or(Party::Address(from), Party::of);
    let refuse = |sign_in: bool| {
        let (app, party) = (app, &party);
        move |wait: Duration| {
            app.door.refused.note(party, sign_in);
            Problem::too_many(party, wait)
        }
    };
    if lets_in(request.method(), path) {
        rules.limits.sign_in(from).map_err(refuse(true))?;
    }
    rules.limits.request(&party).map_err(refuse(false))
}

/// Tells whether a request tries to be let in: by a link, at a provider, or by a password. The way back from a provider belongs to a
/// try that was counted, and asking which ways there are is none.
fn lets_in(method: &Method, path: &str) -> bool {
    matches!(path, "/sign-in" | "/v1/sign-in/oidc") || (path == "/v1/sign-in" && method == Method::POST)
}

fn known(app: &App, headers: &HeaderMap) -> Option<Caller> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    match bearer.and_then(|value| value.strip_prefix("Bearer ")) {
        Some(token) => app.accounts.of_token(token.trim()),
        None => app.accounts.of_session(session(headers)?, clock::now()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(count: u32) -> NonZeroU32 {
        NonZeroU32::new(count).unwrap()
    }

    #[test]
    fn each_party_has_a_bucket_of_its_own() {
        let entry = LimitsEntry { caller_burst: of(2), address_burst: of(1), ..LimitsEntry::default() };
        let entry = LimitsEntry { caller_per_second: of(1), address_per_second: of(1), ..entry };
        let limits = Limits::new(&entry);
        let (li, hub) = (Party::Account("li".to_owned()), Party::Token("li".to_owned()));
        let address = Party::Address("203.0.113.7".parse().unwrap());
        for _ in 0..2 {
            assert!(limits.request(&li).is_ok() && limits.request(&hub).is_ok());
        }
        assert!(limits.request(&address).is_ok());
        for party in [&li, &hub, &address] {
            let wait = limits.request(party).unwrap_err();
            assert!(wait <= Duration::from_secs(1), "{party}: {wait:?}");
        }
    }
}
