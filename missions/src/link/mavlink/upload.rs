//! A list of items on its way to a vehicle.
//!
//! The vehicle asks for one item after the other; here is said how many there are, and what is asked for is sent. When a vehicle gives up,
//! the count is sent again: one that remembers asks on from the last item it has, any other from the first.

#![expect(deprecated, reason = "vehicles of the older kind ask in the older way")]

use std::time::Duration;

use mavlink::dialects::common::{MISSION_COUNT_DATA, MavMessage, MavMissionResult, MavMissionType};

use super::item::{WireItem, too_many};
use super::words::{mission_fault, silence};
use super::{BUDGET, Peer};
use crate::link::launch::{Fault, Words};

/// How long the first request may take.
const COUNT_WAIT: Duration = Duration::from_millis(1500);
/// How long the next request may take; vehicles ask again by themselves much sooner.
const ITEM_WAIT: Duration = Duration::from_secs(1);
/// A vehicle that asks for one item more often takes it never.
const MOST_ASKS: u32 = 4 * BUDGET;

/// An upload.
#[derive(Debug, Clone)]
pub struct Upload {
    to: Peer,
    us: Peer,
    kind: MavMissionType,
    items: Vec<WireItem>,
    /// The farthest item that was sent since the count; none while the count is under way.
    sent: Option<u16>,
    /// Item that was asked for last.
    asked: Option<u16>,
    /// Items asked for so far.
    reached: usize,
    tries: u32,
    /// Times that this item was asked for before.
    asks: u32,
    restarts: u32,
    next: Duration,
    /// Restarts since the last item that was asked for the first time.
    strikes: u32,
    /// Whether the item sent last had whole degrees.
    sent_whole: bool,
    /// Whether the vehicle took whole degrees though it asked for the older type.
    takes_int: bool,
    outcome: Option<Result<(), Fault>>,
}

impl Upload {
    /// Returns an upload that begins at the next tick.
    pub fn new(us: Peer, to: Peer, kind: MavMissionType, items: Vec<WireItem>) -> Self {
        let outcome = (items.len() > super::MOST_ITEMS).then(|| Err(too_many(items.len())));
        Self {
            to,
            us,
            kind,
            items,
            sent: None,
            asked: None,
            reached: 0,
            tries: 0,
            asks: 0,
            restarts: 0,
            next: Duration::ZERO,
            strikes: 0,
            sent_whole: false,
            takes_int: false,
            outcome,
        }
    }

    /// Returns how it ended; none while it goes on.
    pub fn outcome(&self) -> Option<&Result<(), Fault>> {
        self.outcome.as_ref()
    }

    /// Returns how many items arrived, of how many.
    pub fn progress(&self) -> (usize, usize) {
        let all = self.items.len();
        let done = if matches!(self.outcome, Some(Ok(()))) { all } else { self.reached.saturating_sub(1) };
        (done, all)
    }

    /// Returns how often the vehicle or the link made it begin again.
    pub fn restarts(&self) -> u32 {
        self.restarts
    }

    /// Returns what was sent.
    pub fn items(&self) -> &[WireItem] {
        &self.items
    }

    /// Sends, or sends again, when it is time.
    pub fn tick(&mut self, now: Duration, out: &mut Vec<MavMessage>) {
        if self.outcome.is_some() || now < self.next {
            return;
        }
        if self.tries >= BUDGET {
            self.restart(now, None);
            if self.outcome.is_some() {
                return;
            }
        }
        self.tries += 1;
        match self.sent {
            None => {
                out.push(self.count());
                self.next = now + COUNT_WAIT;
            }
            Some(seq) => {
                out.push(self.items[usize::from(seq)].int_message(self.to, seq, self.kind));
                self.next = now + ITEM_WAIT;
            }
        }
    }

    /// Takes a message of the vehicle.
    pub fn hear(&mut self, message: &MavMessage, now: Duration, out: &mut Vec<MavMessage>) {
        if self.outcome.is_some() {
            return;
        }
        let ours = |system: u8, component: u8| {
            (system == self.us.system || system == 0) && (component == self.us.component || component == 0)
        };
        match message {
            MavMessage::MISSION_REQUEST_INT(ask)
                if ask.mission_type == self.kind && ours(ask.target_system, ask.target_component) =>
            {
                self.asked(ask.seq, false, now, out);
            }
            MavMessage::MISSION_REQUEST(ask)
                if ask.mission_type == self.kind && ours(ask.target_system, ask.target_component) =>
            {
                self.asked(ask.seq, true, now, out);
            }
            MavMessage::MISSION_ACK(ack)
                if ack.mission_type == self.kind && ours(ack.target_system, ack.target_component) =>
            {
                self.acknowledged(ack.mavtype, now);
            }
            _ => {}
        }
    }

    fn asked(&mut self, seq: u16, older: bool, now: Duration, out: &mut Vec<MavMessage>) {
        let Some(item) = self.items.get(usize::from(seq)) else { return };
        let again = self.asked == Some(seq);
        self.asks = if again { self.asks + 1 } else { 0 };
        if self.asks > MOST_ASKS {
            let fault = Fault::new(
                Words::new(
                    format!("飞机反复请求第 {seq} 项"),
                    format!("the vehicle asks for item {seq} again and again"),
                ),
                Words::new("请检查链路与飞控版本", "check the link and the autopilot's version"),
            );
            self.outcome = Some(Err(fault));
            return;
        }
        // One that asked in the older way and went on has taken whole degrees.
        self.takes_int |= older && !again && self.sent_whole;
        let whole = !older || self.takes_int || self.asks.is_multiple_of(2);
        self.sent_whole = whole;
        out.push(if whole {
            item.int_message(self.to, seq, self.kind)
        } else {
            item.float_message(self.to, seq, self.kind)
        });
        if !again {
            self.tries = 0;
        }
        if usize::from(seq) >= self.reached {
            (self.reached, self.strikes) = (usize::from(seq) + 1, 0);
        }
        self.asked = Some(seq);
        // A request that came late asks for something that was sent long ago.
        self.sent = self.sent.max(Some(seq));
        self.next = now + ITEM_WAIT;
    }

    fn acknowledged(&mut self, result: MavMissionResult, now: Duration) {
        match result {
            // One that comes early belongs to something before.
            MavMissionResult::MAV_MISSION_ACCEPTED => {
                let all = self.items.len();
                if self.items.is_empty() || (self.reached == all && self.sent.is_some()) {
                    self.outcome = Some(Ok(()));
                }
            }
            // It got an item twice or late; it will ask again.
            MavMissionResult::MAV_MISSION_INVALID_SEQUENCE => {}
            MavMissionResult::MAV_MISSION_OPERATION_CANCELLED => {
                // Said again for what is begun again already.
                if self.sent.is_some() {
                    self.restart(now, Some(result));
                }
            }
            other => {
                let item = self.sent.map(|seq| (seq, format!("{:?}", self.items[usize::from(seq)].command)));
                let item = item.filter(|_| other != MavMissionResult::MAV_MISSION_NO_SPACE);
                self.outcome = Some(Err(mission_fault(other, item)));
            }
        }
    }

    fn restart(&mut self, now: Duration, result: Option<MavMissionResult>) {
        self.restarts += 1;
        self.strikes += 1;
        if self.strikes > BUDGET || (self.sent.is_none() && result.is_none()) {
            let words = match self.sent {
                None => Words::new("上传航线", "upload the plan"),
                Some(seq) => Words::new(format!("上传第 {seq} 项"), format!("upload item {seq}")),
            };
            let fault = result.map_or_else(|| silence(&words, BUDGET), |result| mission_fault(result, None));
            self.outcome = Some(Err(fault));
            return;
        }
        (self.sent, self.asked, self.tries, self.asks) = (None, None, 0, 0);
        self.next = now;
    }

    fn count(&self) -> MavMessage {
        MavMessage::MISSION_COUNT(MISSION_COUNT_DATA {
            count: self.items.len() as u16,
            target_system: self.to.system,
            target_component: self.to.component,
            mission_type: self.kind,
            opaque_id: 0,
        })
    }
}
