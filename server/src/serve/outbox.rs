//! Sending events out of the durable places of those who are told of them: one batch, how far each is, and who is alarmingly far behind.

use std::collections::BTreeSet;
use std::time::Instant;

use dispatch::{Answer, BackOff, DeliveryState};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use store::{Answered, Claimed, Consumer, Store, StoreError, StoredEvent};
use utoipa::ToSchema;

use super::App;
use super::events::incident_of;
use super::traces::{Span, Spell};
use super::webhooks::jitter;

/// Events claimed at a time.
const BATCH: usize = 50;
/// Attempts with an event that a receiver does not take before it becomes a dead letter.
const ATTEMPTS: u32 = 8;
/// Longest wait for a receiver that is away, seconds.
const LONGEST_SECS: u32 = 60;

/// What became of the first event of a batch that did not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// There is none.
    Arrived,
    /// The receiver will never take it.
    Refused(String),
    /// The receiver does not take it now.
    NotNow(String),
    /// Nobody knows: the receiver is away, which is no fault of the event, and it is never given up for it.
    Away(String),
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// How many of its events arrived, or concern the receiver not, one after the other.
    pub count: usize,
    /// What became of the next.
    pub outcome: Outcome,
    /// Numbers of the events that were tried.
    pub tried: Vec<u64>,
}

/// Sends one batch of events, if there is one and its time has come; tells whether there was.
///
/// # Errors
/// Those of the store.
pub fn step(
    app: &App,
    id: &str,
    now: Timestamp,
    send: impl FnOnce(&[StoredEvent]) -> Sent,
) -> Result<bool, StoreError> {
    let waits = BackOff { longest_secs: LONGEST_SECS, ..BackOff::default() };
    let claimed = app.stores.with(|store| match store.claim(id, BATCH, now, &waits) {
        Err(StoreError::NoConsumer(_)) => Ok(None),
        other => other,
    })?;
    let Some(Claimed { lease, events, .. }) = claimed else { return Ok(false) };
    let begun = Instant::now();
    let (Some(first), sent) = (events.first(), send(&events)) else { return Ok(false) };
    trace(app, id, &events, &sent, Spell::since(begun));
    let Sent { count, outcome, .. } = sent;
    // What went before arrived; what did not is claimed again and fails as the first of its batch.
    let arrived = count.checked_sub(1).and_then(|last| events.get(last));
    let (last, answer, most_attempts) = match (arrived, outcome) {
        (Some(last), _) => (last.seq, Answer::Accepted { more: true }, u32::MAX),
        (None, Outcome::Arrived) => (first.seq, Answer::Accepted { more: true }, u32::MAX),
        (None, Outcome::Refused(error)) => (first.seq, Answer::Refused { error }, ATTEMPTS),
        (None, Outcome::NotNow(error)) => (first.seq, Answer::Failed { error }, ATTEMPTS),
        (None, Outcome::Away(error)) => (first.seq, Answer::Failed { error }, u32::MAX),
    };
    if let Answer::Failed { error } | Answer::Refused { error } = &answer {
        tracing::warn!("{id}: event {last} did not arrive: {error}");
    }
    let back_off = BackOff { most_attempts, ..waits };
    let answered = Answered { lease, last, answer: &answer, now, back_off: &back_off, jitter: jitter() };
    app.stores.with(|store| store.answered(id, &answered).map(|_| ()))?;
    Ok(true)
}

/// Tells of the events of a batch that were tried, all over the time of the batch; those after the first that failed are tried again.
fn trace(app: &App, id: &str, events: &[StoredEvent], sent: &Sent, spell: Spell) {
    let traces = app.traces();
    if !traces.is_on() {
        return;
    }
    let failed = match &sent.outcome {
        Outcome::Arrived => None,
        Outcome::Refused(error) | Outcome::NotNow(error) | Outcome::Away(error) => Some(error.clone()),
    };
    for (index, event) in events.iter().enumerate().take(sent.count + 1) {
        if sent.tried.contains(&event.seq) {
            let delivery = traces.delivery(incident_of(event, &app.board()));
            let why = failed.clone().filter(|_| index == sent.count);
            traces.delivered(delivery, || deliver(id, event.seq, spell).failed(why));
        }
    }
}

/// Returns the span of an event that was sent to somebody.
pub fn deliver(consumer: &str, seq: u64, spell: Spell) -> Span {
    Span::new("deliver", spell)
        .sent()
        .with("flyonce.consumer", consumer.to_owned())
        .with("flyonce.event", seq.cast_signed())
}

/// Age of the oldest event that has not arrived, from which on it is an alarm.
pub const ALARM: SignedDuration = SignedDuration::from_mins(5);

/// How far somebody is who is told of events.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Receiver {
    /// Its id.
    pub id: String,
    /// What it is: `webhook`, `mqtt` or `cot`.
    pub kind: String,
    /// Where it is, without user and password.
    pub endpoint: String,
    /// Number of the last event that arrived.
    pub cursor: u64,
    /// Events after it.
    pub waiting: u64,
    /// Age of the oldest of them, seconds; none while nothing waits.
    pub oldest_age_secs: Option<f64>,
    /// The oldest is older than five minutes, or nothing is sent any more.
    pub alarm: bool,
    /// How the delivery stands: `queued`, `sending`, `delivered`, `retrying`, `dead`.
    pub state: &'static str,
    /// Attempts in a row that failed.
    pub attempts: u32,
    /// When it is tried again.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_at: Option<Timestamp>,
    /// What the last failure said.
    pub last_error: Option<String>,
    /// Events that were given up.
    pub dead_letters: Vec<Letter>,
}

/// Events that were given up.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Letter {
    /// Number of the first event.
    pub first: u64,
    /// Number of the last.
    pub last: u64,
    /// When it was given up.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Why.
    pub error: String,
}

/// Returns how far all are.
///
/// # Errors
/// Any that reading has.
pub fn receivers(store: &dyn Store, last: u64, now: Timestamp) -> Result<Vec<Receiver>, StoreError> {
    store.consumers()?.into_iter().map(|consumer| receiver(store, consumer, last, now)).collect()
}

fn receiver(
    store: &dyn Store,
    consumer: Consumer,
    last: u64,
    now: Timestamp,
) -> Result<Receiver, StoreError> {
    let oldest = store.events_after(consumer.cursor, 1)?.first().map(|event| now.duration_since(event.at));
    let dead = consumer.delivery.state == DeliveryState::Dead;
    let letter = |letter: store::DeadLetter| Letter {
        first: letter.first,
        last: letter.last,
        at: letter.at,
        error: letter.error,
    };
    Ok(Receiver {
        waiting: last.saturating_sub(consumer.cursor),
        oldest_age_secs: oldest.map(|age| age.as_secs_f64().max(0.0)),
        alarm: dead || oldest.is_some_and(|age| age > ALARM),
        state: consumer.delivery.state.name(),
        attempts: consumer.delivery.attempts,
        next_at: consumer.delivery.next_at,
        last_error: consumer.delivery.last_error,
        dead_letters: consumer.dead_letters.into_iter().map(letter).collect(),
        cursor: consumer.cursor,
        id: consumer.id,
        kind: consumer.kind,
        endpoint: consumer.endpoint,
    })
}

/// Who is behind; each alarm is told once, and so is its end.
#[derive(Debug, Default)]
pub struct Watch {
    behind: BTreeSet<String>,
}

impl Watch {
    /// Returns what is new since the last look, in words.
    pub fn look(&mut self, receivers: &[Receiver]) -> Vec<String> {
        let behind: BTreeSet<String> =
            receivers.iter().filter(|one| one.alarm).map(|one| one.id.clone()).collect();
        let begun = receivers.iter().filter(|one| one.alarm && !self.behind.contains(&one.id)).map(|one| {
            let age = one.oldest_age_secs.unwrap_or(0.0);
            let why = one.last_error.as_deref().unwrap_or("no error is known");
            format!("{} {} is {age:.0} s and {} events behind: {why}", one.kind, one.id, one.waiting)
        });
        let over = self.behind.difference(&behind).map(|id| format!("{id} has caught up"));
        let news = begun.chain(over).collect();
        self.behind = behind;
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_is_told_when_it_begins_and_when_it_ends() {
        let one = |alarm| Receiver {
            id: "hub".to_owned(),
            kind: "mqtt".to_owned(),
            endpoint: String::new(),
            cursor: 0,
            waiting: 3,
            oldest_age_secs: Some(400.0),
            alarm,
            state: "retrying",
            attempts: 4,
            next_at: None,
            last_error: Some("away".to_owned()),
            dead_letters: Vec::new(),
        };
        let mut watch = Watch::default();
        assert!(watch.look(&[one(false)]).is_empty());
        assert_eq!(watch.look(&[one(true)]), ["mqtt hub is 400 s and 3 events behind: away"]);
        assert!(watch.look(&[one(true)]).is_empty());
        assert_eq!(watch.look(&[one(false)]), ["hub has caught up"]);
    }
}
