//! Cases as Cursor on Target events for TAK: read over HTTP, or sent by UDP or TCP out of a durable place in the events.
//!
//! `ce` and `le` are CE90 and LE90, which is how TAK shows them.
//!
//! # References
//! MITRE, Cursor on Target message router user's guide; CoT event schema 2.0.

use std::io::Write;
use std::net::{TcpStream, ToSocketAddrs, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use gis::error_ellipse::{ce90_m, le90_m};
use jiff::{SignedDuration, Timestamp};
use store::{Consumer, StoreError, StoredEvent};

use super::App;
use super::board::{Case, Standing};
use super::events::incident_of;
use super::outbox::{self, Outcome, Sent};
use super::reported::is_reported;
use super::views::case_view;
use super::xml::Xml;
use crate::clock;
use crate::config::CotEntry;
use crate::wire::City;

/// A point of interest.
const TYPE: &str = "b-m-p-s-p-i";
/// How long a case that goes on is shown after it was told of.
const SHOWN: SignedDuration = SignedDuration::from_hours(1);
/// What stands for a height or an error that nobody knows.
const UNKNOWN: f64 = 9_999_999.0;
/// LE90 above which a height says nothing, metres.
const VAGUE_M: f64 = 500.0;
/// How often a quiet sender looks for events.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Longest time for a connection or a message.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Returns the event of a case; none while nobody knows where it is.
pub fn event(case: &Case, city: &City, now: Timestamp) -> Option<String> {
    let mut xml = Xml::begin();
    write(&mut xml, case, city, now)?;
    Some(xml.finish())
}

/// Writes the event of a case into a document; none while nobody knows where it is.
pub fn write(xml: &mut Xml, case: &Case, city: &City, now: Timestamp) -> Option<()> {
    let position = case.incident.position.as_ref()?;
    let view = case_view(case, city, now);
    let over = matches!(case.standing(), Standing::Over | Standing::Gone);
    // What is over is stale at once, so that it goes off the map.
    let stale = if over { now } else { now.checked_add(SHOWN).unwrap_or(now) };
    let (uid, time) = (format!("flyonce-{}", case.incident.id), now.to_string());
    let (start, stale) = (case.incident.last_seen.min(now).to_string(), stale.to_string());
    // Reported by a person, or measured by a machine.
    let how = if is_reported(&case.incident) { "h-e" } else { "m-g" };
    xml.open(
        "event",
        &[
            ("version", "2.0"),
            ("uid", &uid),
            ("type", TYPE),
            ("how", how),
            ("time", &time),
            ("start", &start),
            ("stale", &stale),
        ],
    );
    let (at, le) = (position.point, le90_m(&position.covariance_enu_m2));
    let (hae, le) = if le > VAGUE_M { (UNKNOWN, UNKNOWN) } else { (at.height.0, le) };
    let number = |value: f64, digits: usize| format!("{value:.digits$}");
    let (lat, lon) = (number(at.lat_lon.lat_deg, 7), number(at.lat_lon.lon_deg, 7));
    let (hae, le) = (number(hae, 1), number(le, 1));
    let ce = number(ce90_m(&position.covariance_enu_m2), 1);
    xml.empty("point", &[("lat", &lat), ("lon", &lon), ("hae", &hae), ("ce", &ce), ("le", &le)]);
    xml.open("detail", &[]);
    xml.empty("contact", &[("callsign", &format!("{} {}", view.class_zh, view.class_en))]);
    let task = view.task.as_ref();
    let state = task.map_or(view.state, |task| task.state);
    let lead = task.and_then(|task| task.lead_en.as_deref()).unwrap_or("-");
    let lead_zh = task.and_then(|task| task.lead_zh.as_deref()).unwrap_or("-");
    let place = format!("{} {}", view.place_zh, view.place_en);
    xml.leaf("remarks", &format!("{place}; {lead_zh} {lead}; {state}"));
    xml.close();
    xml.close();
    Some(())
}

/// Somebody who is sent events.
pub struct CotSender {
    entry: CotEntry,
    stream: Option<TcpStream>,
}

impl CotSender {
    /// Notes a receiver in the store; a new one begins with the events to come.
    ///
    /// # Errors
    /// Those of the store.
    pub fn new(app: &App, entry: CotEntry) -> Result<Self, StoreError> {
        let consumer = Consumer::new(&entry.id, "cot", &entry.to, app.board().cursor());
        app.stores.with(|store| store.put_consumer(&consumer).map(|_| ()))?;
        Ok(Self { entry, stream: None })
    }

    /// Sends what comes until the server ends.
    pub fn run(mut self, app: &Arc<App>) {
        while !app.ending() {
            match self.step(app, clock::now()) {
                Ok(true) => {}
                Ok(false) => std::thread::sleep(LOOK_EVERY),
                Err(error) => {
                    tracing::warn!("cot {}: {error}", self.entry.id);
                    std::thread::sleep(LOOK_EVERY * 5);
                }
            }
        }
    }

    /// Sends one batch, if there is one and its time has come; tells whether there was.
    ///
    /// # Errors
    /// Those of the store.
    pub fn step(&mut self, app: &App, now: Timestamp) -> Result<bool, StoreError> {
        let id = self.entry.id.clone();
        outbox::step(app, &id, now, |events| {
            let mut tried = Vec::new();
            for (count, event) in events.iter().enumerate() {
                let Some(text) = self.text(app, event, now) else { continue };
                tried.push(event.seq);
                if let Err(error) = self.send(&text) {
                    self.stream = None;
                    return Sent { count, outcome: Outcome::Away(error.to_string()), tried };
                }
            }
            Sent { count: events.len(), outcome: Outcome::Arrived, tried }
        })
    }

    fn text(&self, app: &App, of: &StoredEvent, now: Timestamp) -> Option<String> {
        let board = app.board();
        let id = incident_of(of, &board)?;
        let concerns = |case: &&Case| self.entry.department.as_ref().is_none_or(|one| case.concerns(one));
        event(board.case(id).filter(concerns)?, &app.city, now)
    }

    fn send(&mut self, text: &str) -> std::io::Result<()> {
        let no_address = || std::io::Error::other("no address");
        let (tcp, address) = self.entry.address().ok_or_else(no_address)?;
        let to = address.to_socket_addrs()?.next().ok_or_else(no_address)?;
        if !tcp {
            let from = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
            UdpSocket::bind(from)?.send_to(text.as_bytes(), to)?;
            return Ok(());
        }
        if self.stream.is_none() {
            let stream = TcpStream::connect_timeout(&to, TIMEOUT)?;
            stream.set_write_timeout(Some(TIMEOUT))?;
            self.stream = Some(stream);
        }
        self.stream.as_mut().ok_or_else(no_address)?.write_all(text.as_bytes())
    }
}
