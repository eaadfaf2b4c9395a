//! A list read back from a vehicle.

use std::time::Duration;

use mavlink::dialects::common::{
    MISSION_ACK_DATA, MISSION_REQUEST_INT_DATA, MISSION_REQUEST_LIST_DATA, MavMessage, MavMissionResult,
    MavMissionType,
};

use super::item::WireItem;
use super::words::{mission_fault, silence};
use super::{BUDGET, Peer};
use crate::link::launch::{Fault, Words};

/// How long an answer may take.
const WAIT: Duration = Duration::from_millis(700);

/// A download.
#[derive(Debug, Clone)]
pub struct Download {
    to: Peer,
    kind: MavMissionType,
    /// How many there are, once it is known.
    count: Option<u16>,
    items: Vec<WireItem>,
    tries: u32,
    next: Duration,
    outcome: Option<Result<(), Fault>>,
}

impl Download {
    /// Returns a download that begins at the next tick.
    pub fn new(to: Peer, kind: MavMissionType) -> Self {
        Self { to, kind, count: None, items: Vec::new(), tries: 0, next: Duration::ZERO, outcome: None }
    }

    /// Returns how it ended; none while it goes on.
    pub fn outcome(&self) -> Option<&Result<(), Fault>> {
        self.outcome.as_ref()
    }

    /// Returns whether the vehicle answered at all.
    pub fn answered(&self) -> bool {
        self.count.is_some()
    }

    /// Returns what came.
    pub fn items(&self) -> &[WireItem] {
        &self.items
    }

    /// Asks, or asks again, when it is time.
    pub fn tick(&mut self, now: Duration, out: &mut Vec<MavMessage>) {
        if self.outcome.is_some() || now < self.next {
            return;
        }
        if self.tries >= BUDGET {
            self.outcome = Some(Err(silence(&Words::new("读回航线", "read the plan back"), self.tries)));
            return;
        }
        self.tries += 1;
        self.next = now + WAIT;
        out.push(self.question());
    }

    /// Takes a message of the vehicle.
    pub fn hear(&mut self, message: &MavMessage, now: Duration, out: &mut Vec<MavMessage>) {
        if self.outcome.is_some() {
            return;
        }
        match message {
            MavMessage::MISSION_COUNT(count) if count.mission_type == self.kind && self.count.is_none() => {
                self.count = Some(count.count);
                self.go_on(now, out);
            }
            MavMessage::MISSION_ACK(ack)
                if ack.mission_type == self.kind && ack.mavtype != MavMissionResult::MAV_MISSION_ACCEPTED =>
            {
                self.outcome = Some(Err(mission_fault(ack.mavtype, None)));
            }
            other => {
                if let Some((item, seq, kind)) = WireItem::of_message(other)
                    && kind == self.kind
                    && self.count.is_some()
                    && usize::from(seq) == self.items.len()
                {
                    self.items.push(item);
                    self.go_on(now, out);
                }
            }
        }
    }

    fn go_on(&mut self, now: Duration, out: &mut Vec<MavMessage>) {
        (self.tries, self.next) = (1, now + WAIT);
        out.push(self.question());
        if self.count.is_some_and(|count| self.items.len() >= usize::from(count)) {
            self.outcome = Some(Ok(()));
        }
    }

    /// What is said next: the list, an item, or that all is here.
    fn question(&self) -> MavMessage {
        let (Peer { system: target_system, component: target_component }, mission_type) =
            (self.to, self.kind);
        let seq = self.items.len() as u16;
        match self.count {
            None => MavMessage::MISSION_REQUEST_LIST(MISSION_REQUEST_LIST_DATA {
                target_system,
                target_component,
                mission_type,
            }),
            Some(count) if seq < count => MavMessage::MISSION_REQUEST_INT(MISSION_REQUEST_INT_DATA {
                seq,
                target_system,
                target_component,
                mission_type,
            }),
            Some(_) => MavMessage::MISSION_ACK(MISSION_ACK_DATA {
                target_system,
                target_component,
                mavtype: MavMissionResult::MAV_MISSION_ACCEPTED,
                mission_type,
                opaque_id: 0,
            }),
        }
    }
}
