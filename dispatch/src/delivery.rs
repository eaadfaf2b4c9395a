//! Telling others what changed, as a machine of its own: whether a department has been told is not the state of its task.
//!
//! | state | what happens -> next state |
//! |---|---|
//! | queued | claim -> sending |
//! | sending | accepted -> queued (or delivered, where nothing is left), failed or too many -> retrying, refused -> retrying, gone -> dead, lease over: claim -> sending |
//! | delivered | claim -> sending, where something new waits |
//! | retrying | claim, once its time has come -> sending |
//! | dead | revive -> queued |
//!
//! Pure: `now` and the jitter are arguments. A claim is a lease: who does not answer in time loses it to the next one, and whose lease is not the
//! last one any more is refused. So everything is delivered at least once, and who receives keeps the numbers of events apart from news.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How far a delivery has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Something waits, or may.
    #[default]
    Queued,
    /// Somebody is sending it.
    Sending,
    /// The last of what there was arrived.
    Delivered,
    /// It failed and is tried again.
    Retrying,
    /// It is not tried again until a person revives it.
    Dead,
}

impl DeliveryState {
    /// Returns the name used in stored and exchanged text.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Delivered => "delivered",
            Self::Retrying => "retrying",
            Self::Dead => "dead",
        }
    }
}

/// What the receiver made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It has it. `more` says whether something waits after it.
    Accepted {
        /// True where more waits.
        more: bool,
    },
    /// No answer, or one that may pass: timeouts, connections, 5xx, 408, 425.
    Failed {
        /// What was said.
        error: String,
    },
    /// Too many at once: 429, or 503 with a time.
    TooMany {
        /// When to come again, as the receiver says.
        retry_after: Option<SignedDuration>,
    },
    /// This message will not be taken, others may: 400, 413, 422.
    Refused {
        /// What was said.
        error: String,
    },
    /// Nobody wants it any more: 410.
    Gone,
}

impl Answer {
    /// Returns what an HTTP status means. `retry_after` is what the header of that name says.
    pub fn of_http(status: u16, retry_after: Option<SignedDuration>, more: bool) -> Self {
        let error = || format!("HTTP status {status}");
        match status {
            200..=299 => Self::Accepted { more },
            410 => Self::Gone,
            429 => Self::TooMany { retry_after },
            503 if retry_after.is_some() => Self::TooMany { retry_after },
            400 | 413 | 415 | 422 => Self::Refused { error: error() },
            _ => Self::Failed { error: error() },
        }
    }
}

/// How long to wait between attempts, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BackOff {
    /// Wait after the first failure, seconds; it doubles with each further one.
    pub first_secs: u32,
    /// Longest wait, seconds; a receiver that asks for more gets at most a day.
    pub longest_secs: u32,
    /// Attempts after which what is sent becomes a dead letter.
    pub most_attempts: u32,
    /// Time in which a sender has to answer, seconds; later another may send.
    pub lease_secs: u32,
}

impl Default for BackOff {
    /// Twelve attempts up to an hour apart bridge a night; a minute is enough for any answer.
    fn default() -> Self {
        Self { first_secs: 5, longest_secs: 3_600, most_attempts: 14, lease_secs: 60 }
    }
}

/// Longest wait that a receiver may ask for.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);
/// Bytes of an error that are kept.
const MOST_ERROR_BYTES: usize = 500;

impl BackOff {
    /// Returns the wait after a number of failures: half of it is certain, the other half is drawn by `jitter`, 0 to 1.
    ///
    /// # References
    /// Brooker, Exponential Backoff And Jitter, AWS Architecture Blog (2015): equal jitter.
    pub fn wait(&self, failures: u32, jitter: f64) -> SignedDuration {
        let doublings = failures.saturating_sub(1).min(31);
        let whole_secs = (u64::from(self.first_secs) << doublings).min(u64::from(self.longest_secs));
        let jitter = if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 1.0 };
        SignedDuration::from_secs_f64(whole_secs as f64 * (0.5 + jitter / 2.0))
    }
}

/// A delivery to one receiver.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// How far it has come.
    pub state: DeliveryState,
    /// Attempts in a row that failed.
    pub attempts: u32,
    /// Not before this while it is tried again; until this while somebody sends.
    pub next_at: Option<Timestamp>,
    /// What the last failure said.
    pub last_error: Option<String>,
    /// Number of the last claim.
    pub lease: u64,
}

/// What is to be done with what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// It arrived: go on after it.
    Arrived,
    /// It is sent again.
    Again,
    /// It will never arrive: keep it apart and go on after it.
    DeadLetter,
    /// Nothing is sent any more.
    Stopped,
}

/// Why a step is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotDue {
    /// Its time has not come.
    #[error("the delivery is {} until {until}", state.name())]
    Until {
        /// Its state.
        state: DeliveryState,
        /// Until when.
        until: Timestamp,
    },
    /// It is dead.
    #[error("the delivery is dead: {error}")]
    Dead {
        /// The last failure.
        error: String,
    },
    /// It is not dead.
    #[error("the delivery is {}, not dead", state.name())]
    NotDead {
        /// Its state.
        state: DeliveryState,
    },
    /// Another claimed it since.
    #[error("claim {given} is not the last one, {last}: another sends since")]
    LostLease {
        /// The claim that was given.
        given: u64,
        /// The last one.
        last: u64,
    },
    /// Nobody claimed it.
    #[error("the delivery is {}, nobody sends", state.name())]
    NotSending {
        /// Its state.
        state: DeliveryState,
    },
}

impl Delivery {
    /// Claims it: who does sends, and answers within the lease. Returns the number of the claim.
    ///
    /// # Errors
    /// [`NotDue::Until`] and [`NotDue::Dead`].
    pub fn claim(&mut self, now: Timestamp, back_off: &BackOff) -> Result<u64, NotDue> {
        match (self.state, self.next_at) {
            (DeliveryState::Dead, _) => {
                let error = self.last_error.clone().unwrap_or_else(|| "no reason is kept".to_owned());
                return Err(NotDue::Dead { error });
            }
            (DeliveryState::Sending | DeliveryState::Retrying, Some(until)) if until > now => {
                return Err(NotDue::Until { state: self.state, until });
            }
            _ => {}
        }
        self.state = DeliveryState::Sending;
        self.next_at = Some(later(now, SignedDuration::from_secs(i64::from(back_off.lease_secs))));
        self.lease += 1;
        Ok(self.lease)
    }

    /// Takes the answer to what was sent under a claim. `jitter` is drawn evenly from 0 to 1.
    ///
    /// # Errors
    /// [`NotDue::LostLease`] and [`NotDue::NotSending`]; nothing is changed then.
    pub fn answer(
        &mut self,
        lease: u64,
        answer: &Answer,
        now: Timestamp,
        back_off: &BackOff,
        jitter: f64,
    ) -> Result<Sent, NotDue> {
        if lease != self.lease {
            return Err(NotDue::LostLease { given: lease, last: self.lease });
        }
        if self.state != DeliveryState::Sending {
            return Err(NotDue::NotSending { state: self.state });
        }
        Ok(match answer {
            Answer::Accepted { more } => {
                self.rest(if *more { DeliveryState::Queued } else { DeliveryState::Delivered });
                self.last_error = None;
                Sent::Arrived
            }
            Answer::Failed { error } => self.failed(error, None, now, back_off, jitter),
            Answer::TooMany { retry_after } => {
                self.failed("the receiver asks to wait", *retry_after, now, back_off, jitter)
            }
            Answer::Refused { error } => {
                self.last_error = Some(short(error));
                self.rest(DeliveryState::Queued);
                Sent::DeadLetter
            }
            Answer::Gone => {
                self.last_error = Some("the receiver is gone (410)".to_owned());
                self.state = DeliveryState::Dead;
                self.next_at = None;
                Sent::Stopped
            }
        })
    }

    fn rest(&mut self, state: DeliveryState) {
        (self.state, self.attempts, self.next_at) = (state, 0, None);
    }

    fn failed(
        &mut self,
        error: &str,
        asked: Option<SignedDuration>,
        now: Timestamp,
        back_off: &BackOff,
        jitter: f64,
    ) -> Sent {
        self.attempts = self.attempts.saturating_add(1);
        self.last_error = Some(short(error));
        if self.attempts >= back_off.most_attempts {
            self.rest(DeliveryState::Queued);
            return Sent::DeadLetter;
        }
        let asked = asked.unwrap_or(SignedDuration::ZERO).clamp(SignedDuration::ZERO, A_DAY);
        self.state = DeliveryState::Retrying;
        self.next_at = Some(later(now, back_off.wait(self.attempts, jitter).max(asked)));
        Sent::Again
    }

    /// Sends again what was dead.
    ///
    /// # Errors
    /// [`NotDue::NotDead`].
    pub fn revive(&mut self) -> Result<(), NotDue> {
        if self.state != DeliveryState::Dead {
            return Err(NotDue::NotDead { state: self.state });
        }
        self.rest(DeliveryState::Queued);
        Ok(())
    }
}

fn later(now: Timestamp, wait: SignedDuration) -> Timestamp {
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

fn short(error: &str) -> String {
    let end = (0..=MOST_ERROR_BYTES.min(error.len())).rev().find(|end| error.is_char_boundary(*end));
    error.get(..end.unwrap_or(0)).unwrap_or_default().to_owned()
}
