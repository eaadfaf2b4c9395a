//! The life of a server: connections taken, signals obeyed, and who supervises it told.

use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use sd_notify::NotifyState;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::App;
use super::api;
use super::connections::{self, Bounds};
use super::door::tls::TlsListener;
use super::reload::Reload;

/// How often the store is asked for changes that others made.
const FOLLOW_EVERY: Duration = Duration::from_millis(100);
/// How often the files of the certificate are looked at.
const CERTIFICATE_EVERY: Duration = Duration::from_secs(30);

/// Serves until SIGINT or SIGTERM; reads what can be read again at SIGHUP.
///
/// # Errors
/// When connections cannot be taken.
pub async fn serve(app: Arc<App>, listener: TcpListener, reload: Arc<Reload>) -> anyhow::Result<()> {
    tokio::spawn(follow(Arc::clone(&app)));
    tokio::spawn(reload_when_told(Arc::clone(&app), Arc::clone(&reload)));
    tokio::spawn(watch_certificate(Arc::clone(&reload)));
    if let Some(limit) = sd_notify::watchdog_enabled() {
        tokio::spawn(feed_watchdog(Arc::clone(&app), limit / 2));
    }
    let router = api::router(Arc::clone(&app));
    let bounds = Bounds::of(Arc::clone(&app.door));
    let ended = async move {
        told_to_end().await;
        notify(&[NotifyState::Stopping]);
        app.end();
    };
    notify(&[NotifyState::Ready]);
    if let Some(certificate) = reload.certificate() {
        connections::serve(TlsListener::start(listener, certificate)?, router, bounds, ended).await;
    } else {
        // Small answers are not held back for more to come; where that cannot be had, they come later.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        connections::serve(listener, router, bounds, ended).await;
    }
    Ok(())
}

async fn follow(app: Arc<App>) {
    while !app.ending() {
        tokio::time::sleep(FOLLOW_EVERY).await;
        let one = Arc::clone(&app);
        if tokio::task::spawn_blocking(move || one.catch_up()).await.is_err() {
            return;
        }
    }
}

async fn reload_when_told(app: Arc<App>, reload: Arc<Reload>) {
    let mut told = match signal(SignalKind::hangup()) {
        Ok(told) => told,
        Err(error) => return tracing::warn!("cannot watch for SIGHUP: {error}"),
    };
    while told.recv().await.is_some() {
        let monotonic = NotifyState::monotonic_usec_now().ok();
        notify(&[NotifyState::Reloading].into_iter().chain(monotonic).collect::<Vec<_>>());
        let (app, reload) = (Arc::clone(&app), Arc::clone(&reload));
        let done = tokio::task::spawn_blocking(move || reload.now(&app)).await;
        match done {
            Ok(Ok(later)) => {
                tracing::warn!("read again: [serve], its certificate, and the accounts{}", also(&later));
            }
            Ok(Err(error)) => tracing::error!("nothing is read again: {error:#}"),
            Err(error) => tracing::error!("nothing is read again: {error}"),
        }
        notify(&[NotifyState::Ready]);
    }
}

/// What else changed, in words.
fn also(later: &[String]) -> String {
    let names = later.join(", ");
    if names.is_empty() { names } else { format!("; changed too, and read at the next start only: {names}") }
}

async fn watch_certificate(reload: Arc<Reload>) {
    let Some(certificate) = reload.certificate() else { return };
    loop {
        tokio::time::sleep(CERTIFICATE_EVERY).await;
        let one = Arc::clone(&certificate);
        match tokio::task::spawn_blocking(move || one.reload(None)).await {
            Ok(Ok(true)) => tracing::warn!("the certificate changed and is shown from now on"),
            Ok(Err(error)) => tracing::error!("the certificate of before is shown on: {error}"),
            Ok(Ok(false)) => {}
            Err(_) => return,
        }
    }
}

/// Tells the supervisor that the server lives, as long as it answers and its cases can be read.
async fn feed_watchdog(app: Arc<App>, every: Duration) {
    loop {
        let one = Arc::clone(&app);
        let look = tokio::task::spawn_blocking(move || drop(one.board()));
        if tokio::time::timeout(every, look).await.is_ok_and(|looked| looked.is_ok()) {
            notify(&[NotifyState::Watchdog]);
        }
        tokio::time::sleep(every).await;
    }
}

/// Tells the supervisor, where there is one.
fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!("cannot tell the supervisor: {error}");
    }
}

async fn told_to_end() {
    let term = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(error) => {
                tracing::warn!("cannot watch for SIGTERM: {error}");
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => {
            if let Err(error) = interrupted {
                tracing::warn!("cannot watch for Ctrl-C: {error}");
                std::future::pending::<()>().await;
            }
        }
        () = term => {}
    }
}
