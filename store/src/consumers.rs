//! Who reads the events, and how far each has come: the durable end of the outbox.
//!
//! A consumer is a webhook, a topic, a desk. Its cursor is the number of the last event that arrived there. [`Store::claim`] hands out the events
//! after it as a lease, [`Store::answered`] moves the cursor or says when to come again; what will never arrive is kept apart as dead letters, and
//! [`Store::redrive`] sends from the first of them on. Each step is one transaction on the consumer's row alone. Delivery is at least once.

use dispatch::{Answer, BackOff, Delivery, NotDue, Sent};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::record::StoredEvent;

/// Dead letters kept for a consumer; the oldest are let go.
const MOST_LETTERS: usize = 200;

/// Somebody who is told what changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consumer {
    /// Identity.
    pub id: String,
    /// What it is, as in `webhook` or `mqtt`.
    pub kind: String,
    /// Where it is. Secrets belong elsewhere.
    pub endpoint: String,
    /// Number of the last event that arrived, 0 before the first.
    pub cursor: u64,
    /// How far the present delivery has come.
    pub delivery: Delivery,
    /// Events that never arrived, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dead_letters: Vec<DeadLetter>,
}

/// Events that were given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Number of the first event.
    pub first: u64,
    /// Number of the last.
    pub last: u64,
    /// When it was given up.
    pub at: Timestamp,
    /// Why.
    pub error: String,
}

/// Events to send, under a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The consumer as it is now.
    pub consumer: Consumer,
    /// Number of the claim, for [`Store::answered`](crate::Store::answered).
    pub lease: u64,
    /// The events, oldest first.
    pub events: Vec<StoredEvent>,
}

/// What became of a batch of events that was sent.
#[derive(Debug, Clone, Copy)]
pub struct Answered<'a> {
    /// Number of the claim.
    pub lease: u64,
    /// Number of the last event that was sent.
    pub last: u64,
    /// What the receiver said.
    pub answer: &'a Answer,
    /// When.
    pub now: Timestamp,
    /// How long to wait after failures.
    pub back_off: &'a BackOff,
    /// Drawn evenly from 0 to 1.
    pub jitter: f64,
}

/// A change of a consumer's row: none in, where there is none; none out, to delete it.
pub type ConsumerChange<'a> = dyn FnMut(Option<Consumer>) -> Result<Option<Consumer>, StoreError> + 'a;

impl Consumer {
    /// Returns a consumer that has read nothing after `cursor`.
    pub fn new(id: &str, kind: &str, endpoint: &str, cursor: u64) -> Self {
        Self {
            id: id.to_owned(),
            kind: kind.to_owned(),
            endpoint: endpoint.to_owned(),
            cursor,
            delivery: Delivery::default(),
            dead_letters: Vec::new(),
        }
    }

    pub(crate) fn take(&mut self, answered: &Answered<'_>) -> Result<Sent, NotDue> {
        let Answered { lease, last, answer, now, back_off, jitter } = *answered;
        let sent = self.delivery.answer(lease, answer, now, back_off, jitter)?;
        match sent {
            Sent::Arrived => self.cursor = self.cursor.max(last),
            Sent::DeadLetter => {
                let error = self.delivery.last_error.clone().unwrap_or_default();
                let first = self.cursor + 1;
                if first <= last {
                    self.dead_letters.push(DeadLetter { first, last, at: now, error });
                }
                let surplus = self.dead_letters.len().saturating_sub(MOST_LETTERS);
                self.dead_letters.drain(..surplus);
                self.cursor = self.cursor.max(last);
            }
            Sent::Again | Sent::Stopped => {}
        }
        Ok(sent)
    }

    /// Goes back to the first dead letter, if there is one, and lives again, if it was dead.
    pub(crate) fn redrive(&mut self) {
        if let Some(first) = self.dead_letters.iter().map(|letter| letter.first).min() {
            self.cursor = self.cursor.min(first.saturating_sub(1));
            self.dead_letters.clear();
        }
        // What is not dead goes on as it does.
        drop(self.delivery.revive());
    }
}
