//! Connections of clients, over HTTP/1.1: so many at the most, a share of them for each address, and none whose head, or a part of its body,
//! takes for ever to come.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::door::{Door, address};

/// Connections at a time; more wait in the queue of the system.
const MOST: usize = 8_192;
/// Of these, what one address may hold.
const EACH: usize = MOST / 4;
/// Longest time to say what is asked for, and between two questions of one connection.
const HEAD: Duration = Duration::from_secs(75);
/// How often it is said that an address has too many.
const TELL_EVERY: Duration = Duration::from_mins(1);
/// Longest time for what is being answered when the server ends.
const DRAIN: Duration = Duration::from_secs(10);

/// What connections may take.
pub struct Bounds {
    /// Longest time for a head to come.
    pub head: Duration,
    /// Connections of one address.
    pub each: usize,
    /// Proxies in front, whose connections are those of many.
    pub proxies: Arc<Door>,
}

impl Bounds {
    /// Returns the usual bounds behind the proxies that a door believes.
    pub fn of(proxies: Arc<Door>) -> Self {
        Self { head: HEAD, each: EACH, proxies }
    }
}

/// Connections by address.
#[derive(Default)]
struct Open {
    counts: Mutex<HashMap<IpAddr, usize>>,
    told: Mutex<Option<Instant>>,
}

impl Open {
    /// Counts one more; none when its address has too many. An IPv6 network of 64 bits counts as one address.
    fn take(self: &Arc<Self>, peer: IpAddr, bounds: &Bounds) -> Option<Held> {
        let from = address::party(peer.to_canonical());
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(from).or_default();
        let proxies = || bounds.proxies.rules();
        if *count >= bounds.each && !address::believed(peer, &proxies().entry.trusted_proxies) {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(Held { open: Arc::clone(self), from })
    }

    /// Says so, once a minute at the most.
    fn tell(&self, peer: SocketAddr, bounds: &Bounds) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|at| at.elapsed() >= TELL_EVERY) {
            *told = Some(Instant::now());
            let each = bounds.each;
            tracing::warn!(
                "{peer} has {each} connections and gets no more; a proxy belongs into serve.trusted_proxies"
            );
        }
    }
}

/// A connection that is counted until it is dropped.
struct Held {
    open: Arc<Open>,
    from: IpAddr,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut counts = self.open.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.from) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.from);
            }
        }
    }
}

/// Answers connections until `ended`, then lets those go that are being answered. A connection whose head is too long in coming is cut, and
/// one too many of an address is closed at once.
pub async fn serve<L>(mut listener: L, router: Router, bounds: Bounds, ended: impl Future<Output = ()>)
where
    L: Listener<Addr = SocketAddr>,
{
    let open = Arc::new(Open::default());
    let (places, graceful) = (Arc::new(Semaphore::new(MOST)), GracefulShutdown::new());
    let mut connections = JoinSet::new();
    let mut builder = Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(bounds.head);
    let mut ended = pin!(ended);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (listener.accept().await, place)
        };
        let ((io, peer), place) = tokio::select! {
            next = next => next,
            () = &mut ended => break,
        };
        let Some(held) = open.take(peer.ip(), &bounds) else {
            open.tell(peer, &bounds);
            continue;
        };
        let router = router.clone();
        let answer = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().oneshot(request)
        });
        let connection = graceful.watch(builder.serve_connection(TokioIo::new(io), answer));
        while connections.try_join_next().is_some() {}
        connections.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("the connection of {peer} ended: {error}");
            }
            drop((place, held));
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        connections.abort_all();
        tracing::warn!("connections that were still being answered after {} s were cut", DRAIN.as_secs());
    }
}
