//! The loops that bring sessions and simulated docks their messages and their time.

use std::time::{Duration, Instant};

use crossbeam::channel::Receiver;
use jiff::Timestamp;
use missions::link::dock::{Session, Simulator};
use missions::link::{Entry, Order};

use super::broker::{Broker, BrokerError, Heard};

/// How often time passes for a session.
const TICK: Duration = Duration::from_millis(200);
/// Largest plan that a simulated dock downloads, bytes.
const MOST_PLAN: u64 = 64 << 20;
const DOWNLOAD: Duration = Duration::from_secs(20);

/// Whether a loop goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It does.
    On,
    /// It ends.
    End,
}

/// Runs a session until it is over, or `watch` ends it. Orders come by `orders`; `watch` sees the session and what is new in its record.
///
/// # Errors
/// When the connection to the broker cannot be used any more.
pub fn run_session(
    broker: &mut Broker,
    session: &mut Session,
    orders: &Receiver<Order>,
    watch: &mut dyn FnMut(&Session, Vec<Entry>) -> Step,
) -> Result<(), BrokerError> {
    let mut told_lost = false;
    let mut next = Instant::now();
    loop {
        broker.subscribe(&session.topics());
        let wait = next.saturating_duration_since(Instant::now());
        match broker.hear(wait)? {
            Some(Heard::Message(incoming)) => {
                let out = session.receive(&incoming, Timestamp::now());
                broker.send(&out);
            }
            Some(Heard::Connected) => told_lost = false,
            Some(Heard::Lost(why)) => {
                if !told_lost {
                    tracing::warn!("{why}; trying again");
                }
                told_lost = true;
            }
            None => {}
        }
        if Instant::now() < next {
            continue;
        }
        next = Instant::now() + TICK;
        while let Ok(order) = orders.try_recv() {
            let out = session.order(&order, Timestamp::now());
            broker.send(&out);
        }
        let out = session.tick(Timestamp::now());
        broker.send(&out);
        let news = session.drain();
        if watch(session, news) == Step::End || session.state().is_over() {
            return Ok(());
        }
    }
}

/// Runs a simulated dock until `watch` ends it. What it wants to download is fetched here.
///
/// # Errors
/// When the connection to the broker cannot be used any more.
pub fn run_simulator(
    broker: &mut Broker,
    dock: &mut Simulator,
    watch: &mut dyn FnMut(&Simulator) -> Step,
) -> Result<(), BrokerError> {
    broker.subscribe(&dock.topics());
    let mut started = false;
    loop {
        match broker.hear(TICK)? {
            Some(Heard::Message(incoming)) => {
                let out = dock.receive(&incoming, Timestamp::now());
                broker.send(&out);
            }
            Some(Heard::Connected) if !started => {
                started = true;
                let out = dock.start(Timestamp::now());
                broker.send(&out);
            }
            Some(Heard::Lost(why)) => tracing::warn!("{why}; trying again"),
            Some(Heard::Connected) | None => {}
        }
        if let Some(url) = dock.download() {
            let bytes = fetch(&url);
            let out = dock.downloaded(bytes, Timestamp::now());
            broker.send(&out);
        }
        let out = dock.tick(Timestamp::now());
        broker.send(&out);
        if watch(dock) == Step::End {
            return Ok(());
        }
    }
}

fn fetch(url: &str) -> Result<Vec<u8>, String> {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().timeout_global(Some(DOWNLOAD)).max_redirects(0).build().into();
    let mut answer = agent.get(url).call().map_err(|error| format!("cannot download the plan: {error}"))?;
    answer
        .body_mut()
        .with_config()
        .limit(MOST_PLAN)
        .read_to_vec()
        .map_err(|error| format!("cannot download the plan: {error}"))
}
