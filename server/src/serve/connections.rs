//! Connections of clients, over HTTP/1.1: so many at the most, and none whose head, or a part of its body, takes for ever to come.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

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

/// Connections at a time; more wait in the queue of the system.
const MOST: usize = 8_192;
/// Longest time to say what is asked for, and between two questions of one connection.
pub const HEAD: Duration = Duration::from_secs(75);
/// Longest time for what is being answered when the server ends.
const DRAIN: Duration = Duration::from_secs(10);

/// Answers connections until `ended`, then lets those go that are being answered. A connection whose head takes longer than `head` is cut.
pub async fn serve<L>(mut listener: L, router: Router, head: Duration, ended: impl Future<Output = ()>)
where
    L: Listener<Addr = SocketAddr>,
{
    let (places, graceful) = (Arc::new(Semaphore::new(MOST)), GracefulShutdown::new());
    let mut connections = JoinSet::new();
    let mut builder = Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(head);
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
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        connections.abort_all();
        tracing::warn!("connections that were still being answered after {} s were cut", DRAIN.as_secs());
    }
}
