//! The life of a task as one transition table.
//!
//! | state | event -> next state |
//! |---|---|
//! | proposed | confirm -> confirmed, reassign -> dispatched, reject -> rejected, merge -> merged, lapse -> closed |
//! | confirmed | dispatch -> dispatched, reassign -> dispatched, reject -> rejected, merge -> merged, lapse -> closed |
//! | dispatched | accept -> accepted, bounce -> bounced, reassign -> dispatched, reject -> rejected, merge -> merged, pause -> dispatched, resume -> dispatched, lapse -> closed |
//! | accepted | depart -> en_route, arrive -> on_site, bounce -> bounced, reassign -> dispatched, merge -> merged, pause -> accepted, resume -> accepted, lapse -> closed |
//! | en_route | arrive -> on_site, bounce -> bounced, reassign -> dispatched, pause -> en_route, resume -> en_route |
//! | on_site | finish -> done, bounce -> bounced, reassign -> dispatched, pause -> on_site, resume -> on_site |
//! | done | verify -> verified, refute -> reopened |
//! | verified | close -> closed, refute -> reopened |
//! | closed | reopen -> reopened |
//! | rejected | reopen -> reopened |
//! | bounced | dispatch -> dispatched, reassign -> dispatched, reject -> rejected, merge -> merged, lapse -> closed |
//! | merged | reopen -> reopened |
//! | reopened | confirm -> confirmed, dispatch -> dispatched, reassign -> dispatched, reject -> rejected, merge -> merged, lapse -> closed |
//!
//! Every other pair is refused. What went away by itself lapses, unless a crew is on its way or there, who will see it. A pause stops the clock of a task and leaves its state; whether the clock stands is the task's to know
//! ([`Task::apply`](crate::Task::apply)), which refuses a second pause and a resume without one. Whether a department has been told is the feed's own state, not this one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::department::DepartmentId;
use crate::task::TaskId;

/// How far a task has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waits for a person.
    Proposed,
    /// A person agreed, not sent yet.
    Confirmed,
    /// Sent to the lead department.
    Dispatched,
    /// The department took it.
    Accepted,
    /// A crew is on its way.
    EnRoute,
    /// A crew is there.
    OnSite,
    /// The crew reports the work done.
    Done,
    /// Seen to be done.
    Verified,
    /// Over.
    Closed,
    /// A person said that it is none.
    Rejected,
    /// The department said that it is not its own.
    Bounced,
    /// Goes on as part of another task.
    Merged,
    /// Open again after an end or a refuted completion.
    Reopened,
}

/// All states, in the order of the table.
pub const STATES: [State; 13] = [
    State::Proposed,
    State::Confirmed,
    State::Dispatched,
    State::Accepted,
    State::EnRoute,
    State::OnSite,
    State::Done,
    State::Verified,
    State::Closed,
    State::Rejected,
    State::Bounced,
    State::Merged,
    State::Reopened,
];

/// Something that happens to a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// A person agrees.
    Confirm,
    /// A person says that it is none.
    Reject {
        /// Why.
        reason: String,
    },
    /// The task is sent out.
    Dispatch {
        /// To whom.
        department: DepartmentId,
    },
    /// A person gives it to a department, whichever had it before.
    Reassign {
        /// To whom.
        department: DepartmentId,
        /// Why.
        reason: String,
    },
    /// The department takes it.
    Accept,
    /// The department says that it is not its own.
    Bounce {
        /// Why.
        reason: String,
    },
    /// A crew leaves.
    Depart,
    /// A crew is on the spot.
    Arrive,
    /// The crew reports the work done.
    Finish,
    /// It is seen to be done.
    Verify,
    /// It is seen not to be done.
    Refute {
        /// What was seen.
        reason: String,
    },
    /// The case is closed.
    Close,
    /// It goes on as part of another task.
    Merge {
        /// The other task.
        into: TaskId,
    },
    /// It is opened again.
    Reopen {
        /// Why.
        reason: String,
    },
    /// The work has to wait for something that the department cannot hasten: its clock stands.
    Pause {
        /// For what.
        reason: String,
    },
    /// The clock goes on.
    Resume,
    /// It is seen not to be there any more before anybody went.
    Lapse {
        /// What was looked at.
        reason: String,
    },
}

impl Event {
    /// Returns the name used in stored and exchanged text.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Reject { .. } => "reject",
            Self::Dispatch { .. } => "dispatch",
            Self::Reassign { .. } => "reassign",
            Self::Accept => "accept",
            Self::Bounce { .. } => "bounce",
            Self::Depart => "depart",
            Self::Arrive => "arrive",
            Self::Finish => "finish",
            Self::Verify => "verify",
            Self::Refute { .. } => "refute",
            Self::Close => "close",
            Self::Merge { .. } => "merge",
            Self::Reopen { .. } => "reopen",
            Self::Pause { .. } => "pause",
            Self::Resume => "resume",
            Self::Lapse { .. } => "lapse",
        }
    }
}

/// What the caller has to do after a transition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Effect {
    /// Write the transition into the task's history.
    Record {
        /// State before.
        from: State,
        /// State after.
        to: State,
        /// When.
        at: Timestamp,
    },
    /// Tell a department that the task is its own; its allowances start at `at`.
    Notify {
        /// The department.
        department: DepartmentId,
        /// When.
        at: Timestamp,
    },
    /// Tell the department that has led until now that the task is no longer its own.
    Withdraw,
    /// Ask for another department; the bounce is a hint for the rules, never a change of them.
    Reroute {
        /// Why the department gave it back.
        reason: String,
    },
    /// Ask for a look that shows whether the work is done.
    RequestVerification,
    /// Stop watching deadlines.
    StopClock,
    /// Watch deadlines again; they have moved.
    StartClock,
    /// Put the task before a person.
    AskPerson {
        /// Why.
        reason: String,
    },
}

/// Why an event is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The table has no such event in this state.
    NotInTable,
    /// The clock stands already.
    Paused,
    /// The clock does not stand.
    NotPaused,
}

/// An event that does not fit the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot {event} a task that is {}{}", state.name(), why.words())]
pub struct Refused {
    /// The state, which stays.
    pub state: State,
    /// Name of the event.
    pub event: &'static str,
    /// Why.
    pub why: Refusal,
}

impl Refusal {
    fn words(self) -> &'static str {
        match self {
            Self::NotInTable => "",
            Self::Paused => " and paused already",
            Self::NotPaused => " and not paused",
        }
    }
}

impl State {
    /// Returns the name used in stored and exchanged text.
    pub fn name(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Confirmed => "confirmed",
            Self::Dispatched => "dispatched",
            Self::Accepted => "accepted",
            Self::EnRoute => "en_route",
            Self::OnSite => "on_site",
            Self::Done => "done",
            Self::Verified => "verified",
            Self::Closed => "closed",
            Self::Rejected => "rejected",
            Self::Bounced => "bounced",
            Self::Merged => "merged",
            Self::Reopened => "reopened",
        }
    }

    /// Tells whether work on the task is over.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Closed | Self::Rejected | Self::Merged)
    }

    /// Returns the next state and what the caller has to do.
    ///
    /// # Errors
    /// [`Refused`] for every pair that is not in the table.
    pub fn apply(self, event: &Event, now: Timestamp) -> Result<(Self, Vec<Effect>), Refused> {
        let refused = Refused { state: self, event: event.name(), why: Refusal::NotInTable };
        let next = self.next(event).ok_or(refused)?;
        let mut effects = vec![Effect::Record { from: self, to: next, at: now }];
        effects.extend(self.effects(event, now));
        Ok((next, effects))
    }

    fn next(self, event: &Event) -> Option<Self> {
        let next = match (self, event) {
            (Self::Proposed | Self::Reopened, Event::Confirm) => Self::Confirmed,
            (Self::Confirmed | Self::Bounced | Self::Reopened, Event::Dispatch { .. })
            | (
                Self::Proposed
                | Self::Confirmed
                | Self::Dispatched
                | Self::Accepted
                | Self::EnRoute
                | Self::OnSite
                | Self::Bounced
                | Self::Reopened,
                Event::Reassign { .. },
            ) => Self::Dispatched,
            (Self::Dispatched, Event::Accept) => Self::Accepted,
            (Self::Accepted, Event::Depart) => Self::EnRoute,
            (Self::Accepted | Self::EnRoute, Event::Arrive) => Self::OnSite,
            (Self::OnSite, Event::Finish) => Self::Done,
            (Self::Done, Event::Verify) => Self::Verified,
            (Self::Done | Self::Verified, Event::Refute { .. })
            | (Self::Closed | Self::Rejected | Self::Merged, Event::Reopen { .. }) => Self::Reopened,
            (Self::Dispatched | Self::Accepted | Self::EnRoute | Self::OnSite, Event::Bounce { .. }) => {
                Self::Bounced
            }
            (
                Self::Proposed | Self::Confirmed | Self::Dispatched | Self::Bounced | Self::Reopened,
                Event::Reject { .. },
            ) => Self::Rejected,
            (
                Self::Proposed
                | Self::Confirmed
                | Self::Dispatched
                | Self::Accepted
                | Self::Bounced
                | Self::Reopened,
                Event::Merge { .. },
            ) => Self::Merged,
            (Self::Verified, Event::Close)
            | (
                Self::Proposed
                | Self::Confirmed
                | Self::Dispatched
                | Self::Accepted
                | Self::Bounced
                | Self::Reopened,
                Event::Lapse { .. },
            ) => Self::Closed,
            (
                Self::Dispatched | Self::Accepted | Self::EnRoute | Self::OnSite,
                Event::Pause { .. } | Event::Resume,
            ) => self,
            _ => return None,
        };
        Some(next)
    }

    fn effects(self, event: &Event, now: Timestamp) -> Vec<Effect> {
        let with_department =
            matches!(self, Self::Dispatched | Self::Accepted | Self::EnRoute | Self::OnSite);
        match event {
            Event::Dispatch { department } => {
                vec![Effect::Notify { department: department.clone(), at: now }]
            }
            Event::Reassign { department, .. } => {
                let told = Effect::Notify { department: department.clone(), at: now };
                if with_department { vec![Effect::Withdraw, told] } else { vec![told] }
            }
            Event::Reject { .. } | Event::Merge { .. } | Event::Lapse { .. } if with_department => {
                vec![Effect::Withdraw, Effect::StopClock]
            }
            Event::Reject { .. }
            | Event::Merge { .. }
            | Event::Lapse { .. }
            | Event::Close
            | Event::Pause { .. } => vec![Effect::StopClock],
            Event::Resume => vec![Effect::StartClock],
            Event::Bounce { reason } => vec![Effect::Reroute { reason: reason.clone() }],
            Event::Finish => vec![Effect::RequestVerification],
            Event::Refute { reason } | Event::Reopen { reason } => {
                vec![Effect::AskPerson { reason: reason.clone() }]
            }
            Event::Confirm | Event::Accept | Event::Depart | Event::Arrive | Event::Verify => Vec::new(),
        }
    }
}
