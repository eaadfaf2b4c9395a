//! Events published to MQTT 5 brokers: one thread, one connection and one durable cursor each.
//!
//! Delivery is at least once (QoS 1) and in the order of the events; the cursor moves when the broker has acknowledged. A broker that is away
//! is waited for, however long; what a broker refuses becomes a dead letter.
//!
//! # References
//! MQTT 5.0 (OASIS, 2019); CloudEvents 1.0.2, MQTT protocol binding, structured mode, with the attributes as user properties beside it.

mod session;
mod topic;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use store::{Consumer, StoreError, StoredEvent};

use super::App;
use super::events::render;
use super::outbox::{self, Outcome, Sent};
use crate::clock;
use crate::config::MqttEntry;

pub use session::SessionError;
use session::{Access, Given, Session};
use topic::{Message, messages};

/// How often a quiet broker's thread looks for events.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Why a broker cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MqttError {
    /// Its configuration cannot be used.
    #[error("mqtt {id}: {source}")]
    Access {
        /// The broker.
        id: String,
        /// Why.
        #[source]
        source: SessionError,
    },
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A broker, ready to be published to.
pub struct Mqtt {
    entry: MqttEntry,
    access: Access,
    session: Option<Session>,
}

impl fmt::Debug for Mqtt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mqtt").field("id", &self.entry.id).finish_non_exhaustive()
    }
}

impl Mqtt {
    /// Reads the secrets of a broker and notes it in the store; a new one begins with the events to come.
    ///
    /// # Errors
    /// [`MqttError`].
    pub fn new(app: &App, entry: MqttEntry) -> Result<Self, MqttError> {
        let access =
            Access::of(&entry).map_err(|source| MqttError::Access { id: entry.id.clone(), source })?;
        let consumer = Consumer::new(&entry.id, "mqtt", &entry.url, app.board().cursor());
        app.stores.with(|store| store.put_consumer(&consumer).map(|_| ()))?;
        Ok(Self { entry, access, session: None })
    }

    /// Publishes what comes until the server ends.
    pub fn run(mut self, app: &Arc<App>) {
        // Whoever watches the topic of the server's state learns of it before the first event.
        self.session = Session::connect(&self.access)
            .inspect_err(|error| tracing::warn!("mqtt {}: {error}", self.entry.id))
            .ok();
        while !app.ending() {
            match self.step(app, clock::now()) {
                Ok(true) => {}
                Ok(false) => self.idle(),
                Err(error) => {
                    tracing::warn!("mqtt {}: {error}", self.entry.id);
                    std::thread::sleep(LOOK_EVERY * 5);
                }
            }
        }
    }

    fn idle(&mut self) {
        let Some(session) = &mut self.session else { return std::thread::sleep(LOOK_EVERY) };
        if let Err(error) = session.idle(LOOK_EVERY) {
            tracing::warn!("mqtt {}: {error}", self.entry.id);
            self.session = None;
        }
    }

    /// Publishes one batch, if there is one and its time has come; tells whether there was.
    ///
    /// # Errors
    /// Those of the store.
    pub fn step(&mut self, app: &App, now: Timestamp) -> Result<bool, StoreError> {
        let id = self.entry.id.clone();
        outbox::step(app, &id, now, |events| {
            let of_each: Vec<Vec<Message>> = events.iter().map(|event| self.messages(app, event)).collect();
            let (count, outcome) = self.publish(&of_each);
            let told = events.iter().zip(&of_each).filter(|(_, messages)| !messages.is_empty());
            Sent { count, outcome, tried: told.map(|(event, _)| event.seq).collect() }
        })
    }

    fn messages(&self, app: &App, event: &StoredEvent) -> Vec<Message> {
        let ready = render(event, &app.board(), &app.city, clock::now());
        messages(event, &ready, &self.entry.prefix, self.entry.department.as_deref())
    }

    /// Publishes the messages of each event; returns how many events arrived, and what became of the next.
    fn publish(&mut self, of_each: &[Vec<Message>]) -> (usize, Outcome) {
        let all = of_each.concat();
        if all.is_empty() {
            return (of_each.len(), Outcome::Arrived);
        }
        if self.session.is_none() {
            match Session::connect(&self.access) {
                Ok(session) => self.session = Some(session),
                Err(error) => return (0, Outcome::Away(error.to_string())),
            }
        }
        let given = self.session.as_mut().map(|session| session.publish(&all)).unwrap_or_default();
        let mut rest = given.into_iter();
        for (count, messages) in of_each.iter().enumerate() {
            let of_event: Vec<Given> = rest.by_ref().take(messages.len()).collect();
            let Some(other) = of_event.into_iter().find(|given| *given != Given::Taken) else { continue };
            let outcome = match other {
                Given::Refused(error) => Outcome::Refused(error),
                Given::NotNow(error) => Outcome::NotNow(error),
                Given::Taken | Given::Unknown => {
                    Outcome::Away("the connection to the broker broke".to_owned())
                }
            };
            // What else was on its way is not waited for: the next connection begins with the event that did not arrive.
            self.session = None;
            return (count, outcome);
        }
        (of_each.len(), Outcome::Arrived)
    }
}
