//! Orders that wait for an answer.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::Session;
use crate::link::dock::codes;
use crate::link::dock::message::{Message, Outgoing};
use crate::link::dock::topic::Channel;
use crate::link::{Answer, Command, Fault, Order, State, Words};

/// Time between two tries.
const EVERY: SignedDuration = SignedDuration::from_secs(8);
/// Tries of an order.
const TRIES: u32 = 4;

/// Why something was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The task.
    Prepare,
    /// Take the task away again.
    Undo,
    /// Stop the way home, then go on.
    CancelHome,
    /// What a person ordered.
    Order(Command),
}

/// Something sent and not answered.
#[derive(Debug, Clone)]
pub struct Pending {
    /// Why.
    pub purpose: Purpose,
    /// Who wanted it.
    pub order: Option<Order>,
    method: &'static str,
    data: Value,
    bid: String,
    tries: u32,
    next: Timestamp,
}

impl Session {
    /// Sends an order to the dock and remembers it. An order of before that was not answered gives way.
    pub(super) fn send(
        &mut self,
        purpose: Purpose,
        method: &'static str,
        data: Value,
        order: Option<Order>,
        now: Timestamp,
    ) -> Vec<Outgoing> {
        for old in std::mem::take(&mut self.pending) {
            if let Some(order) = &old.order {
                self.answered(order, Answer::Silent, now);
            }
        }
        let bid = self.next_id();
        if let Some(order) = &order {
            self.answered(order, Answer::Sent, now);
        }
        let pending = Pending { purpose, order, method, data, bid, tries: 1, next: now + EVERY };
        let out = self.message_of(&pending, now);
        self.pending.push(pending);
        vec![out]
    }

    fn message_of(&mut self, pending: &Pending, now: Timestamp) -> Outgoing {
        let message = Message {
            tid: self.next_id(),
            bid: pending.bid.clone(),
            timestamp: Some(now.as_millisecond()),
            method: Some(pending.method.to_owned()),
            gateway: Some(self.dock.gateway.clone()),
            need_reply: None,
            data: pending.data.clone(),
        };
        self.outgoing(Channel::Services, message)
    }

    pub(super) fn try_again(&mut self, now: Timestamp) -> Vec<Outgoing> {
        let mut out = Vec::new();
        for mut pending in std::mem::take(&mut self.pending) {
            if now < pending.next {
                self.pending.push(pending);
            } else if pending.tries < TRIES {
                pending.tries += 1;
                pending.next = now + EVERY;
                out.push(self.message_of(&pending, now));
                self.pending.push(pending);
            } else {
                self.given_up(&pending, now);
            }
        }
        out
    }

    fn given_up(&mut self, pending: &Pending, now: Timestamp) {
        if let Some(order) = &pending.order {
            self.answered(order, Answer::Silent, now);
        }
        match pending.purpose {
            Purpose::Prepare => self.change(State::Failed { fault: silent() }, now),
            Purpose::Undo => self.change(State::Failed { fault: undo_unknown() }, now),
            // It may fly: nothing says that it does not.
            Purpose::Order(Command::Launch) if self.state == State::Launching => self.lose(now),
            Purpose::Order(_) | Purpose::CancelHome => {}
        }
    }

    /// An answer of the dock.
    pub(super) fn replied(&mut self, message: &Message, now: Timestamp) -> Vec<Outgoing> {
        let Some(index) = self.pending.iter().position(|pending| pending.bid == message.bid) else {
            return Vec::new();
        };
        let Some(result) = message.result() else { return Vec::new() };
        let pending = self.pending.remove(index);
        let well =
            result == 0 || (result == codes::RUNNING && pending.purpose == Purpose::Order(Command::Launch));
        let stated_ms = message.timestamp.unwrap_or_else(|| now.as_millisecond());
        if well {
            self.accepted_by_dock(pending, stated_ms, now)
        } else {
            self.refused_by_dock(pending, codes::fault(result), now)
        }
    }

    pub(super) fn answered(&mut self, order: &Order, answer: Answer, now: Timestamp) {
        self.write(crate::link::What::Ordered { order: order.clone(), answer }, now);
    }
}

fn silent() -> Fault {
    Fault::new(
        Words::new("机场没有回应任务下发", "the dock does not answer to the task"),
        Words::new("请检查机场网络后重新起飞", "check the network of the dock, then launch anew"),
    )
}

fn undo_unknown() -> Fault {
    Fault::new(
        Words::new(
            "机场没有确认取消任务,可能仍会起飞",
            "the dock did not confirm that the task is taken back: it may still start",
        ),
        Words::new(
            "请勿靠近机场;必要时按急停按钮",
            "keep away from the dock; press its emergency stop if need be",
        ),
    )
}
