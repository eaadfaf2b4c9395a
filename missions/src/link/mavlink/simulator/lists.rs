//! The vehicle's side of the mission protocol.

#![expect(deprecated, reason = "vehicles of the older kind ask in the older way")]

use std::time::Duration;

use gis::LatLon;
use mavlink::dialects::common::{
    MISSION_ACK_DATA, MISSION_COUNT_DATA, MISSION_REQUEST_DATA, MISSION_REQUEST_INT_DATA, MavCmd, MavFrame,
    MavMessage, MavMissionResult, MavMissionType,
};

use super::Model;
use crate::link::mavlink::Peer;
use crate::link::mavlink::item::WireItem;

/// How long an item may take before it is asked for again.
const WAIT: Duration = Duration::from_millis(250);

/// Three lists, and what comes in.
#[derive(Debug)]
pub struct Lists {
    kept: [Vec<WireItem>; 3],
    coming: Option<Coming>,
    /// What was there when it gave up.
    left: Option<Coming>,
    /// The list that came last, for whom, and its length: its last item may come once more.
    came: Option<(Peer, MavMissionType, u16)>,
    changes: usize,
    most_items: u16,
    refuses: Option<(u16, MavMissionResult)>,
    retries: u32,
    remembers: bool,
    older: bool,
    system: u8,
}

#[derive(Debug)]
struct Coming {
    from: Peer,
    kind: MavMissionType,
    count: u16,
    items: Vec<WireItem>,
    /// The last item is asked for again, to see that it is the same list.
    compares: bool,
    asks: u32,
    next: Duration,
}

fn slot(kind: MavMissionType) -> Option<usize> {
    match kind {
        MavMissionType::MAV_MISSION_TYPE_MISSION => Some(0),
        MavMissionType::MAV_MISSION_TYPE_FENCE => Some(1),
        MavMissionType::MAV_MISSION_TYPE_RALLY => Some(2),
        MavMissionType::MAV_MISSION_TYPE_ALL => None,
    }
}

impl Lists {
    pub fn new(model: &Model) -> Self {
        Self {
            kept: Default::default(),
            coming: None,
            left: None,
            came: None,
            changes: 0,
            most_items: model.most_items,
            refuses: model.refuses,
            retries: model.retries,
            remembers: model.remembers,
            older: model.older,
            system: model.system,
        }
    }

    pub fn kept(&self, kind: MavMissionType) -> &[WireItem] {
        slot(kind).map_or(&[], |slot| &self.kept[slot])
    }

    /// How often the mission was replaced.
    pub fn changes(&self) -> usize {
        self.changes
    }

    pub fn hear(&mut self, from: Peer, message: &MavMessage, now: Duration, out: &mut Vec<MavMessage>) {
        let to_us = |system: u8| system == self.system || system == 0;
        match message {
            MavMessage::MISSION_COUNT(count) if to_us(count.target_system) => {
                self.count(from, count, now, out);
            }
            MavMessage::MISSION_ITEM_INT(item) if to_us(item.target_system) => {
                self.item(from, message, now, out);
            }
            MavMessage::MISSION_ITEM(item) if to_us(item.target_system) => self.item(from, message, now, out),
            MavMessage::MISSION_CLEAR_ALL(clear) if to_us(clear.target_system) => {
                self.keep(clear.mission_type, Vec::new());
                out.push(ack(from, clear.mission_type, MavMissionResult::MAV_MISSION_ACCEPTED));
            }
            MavMessage::MISSION_REQUEST_LIST(list) if to_us(list.target_system) => {
                out.push(MavMessage::MISSION_COUNT(MISSION_COUNT_DATA {
                    count: self.kept(list.mission_type).len() as u16,
                    target_system: from.system,
                    target_component: from.component,
                    mission_type: list.mission_type,
                    opaque_id: 0,
                }));
            }
            MavMessage::MISSION_REQUEST_INT(ask) if to_us(ask.target_system) => {
                out.push(self.told(from, ask.seq, ask.mission_type, true));
            }
            MavMessage::MISSION_REQUEST(ask) if to_us(ask.target_system) => {
                out.push(self.told(from, ask.seq, ask.mission_type, false));
            }
            MavMessage::MISSION_ACK(end)
                if to_us(end.target_system)
                    && end.mavtype == MavMissionResult::MAV_MISSION_OPERATION_CANCELLED =>
            {
                self.coming = None;
            }
            _ => {}
        }
    }

    fn told(&self, to: Peer, seq: u16, kind: MavMissionType, whole: bool) -> MavMessage {
        match self.kept(kind).get(usize::from(seq)) {
            Some(item) if whole => item.int_message(to, seq, kind),
            Some(item) => item.float_message(to, seq, kind),
            None => ack(to, kind, MavMissionResult::MAV_MISSION_INVALID_SEQUENCE),
        }
    }

    fn keep(&mut self, kind: MavMissionType, items: Vec<WireItem>) {
        match slot(kind) {
            Some(slot) => self.kept[slot] = items,
            None => self.kept = Default::default(),
        }
        if matches!(kind, MavMissionType::MAV_MISSION_TYPE_MISSION | MavMissionType::MAV_MISSION_TYPE_ALL) {
            self.changes += 1;
        }
    }

    fn count(&mut self, from: Peer, count: &MISSION_COUNT_DATA, now: Duration, out: &mut Vec<MavMessage>) {
        let kind = count.mission_type;
        if slot(kind).is_none() {
            out.push(ack(from, kind, MavMissionResult::MAV_MISSION_UNSUPPORTED));
            return;
        }
        if count.count > self.most_items {
            out.push(ack(from, kind, MavMissionResult::MAV_MISSION_NO_SPACE));
            return;
        }
        if count.count == 0 {
            self.keep(kind, Vec::new());
            out.push(ack(from, kind, MavMissionResult::MAV_MISSION_ACCEPTED));
            return;
        }
        let same = |coming: &Coming| (coming.from, coming.kind, coming.count) == (from, kind, count.count);
        // The count said twice begins nothing anew.
        if !self.coming.as_ref().is_some_and(same) {
            let left = self.left.take().filter(|left| self.remembers && same(left));
            let mut coming = left.unwrap_or(Coming {
                from,
                kind,
                count: count.count,
                items: Vec::new(),
                compares: false,
                asks: 0,
                next: now,
            });
            coming.compares = !coming.items.is_empty();
            coming.asks = 0;
            self.coming = Some(coming);
        }
        self.ask(now, out);
    }

    fn item(&mut self, from: Peer, message: &MavMessage, now: Duration, out: &mut Vec<MavMessage>) {
        let Some((item, seq, kind)) = WireItem::of_message(message) else { return };
        let Some(coming) = self.coming.as_mut().filter(|coming| coming.from == from && coming.kind == kind)
        else {
            // Its answer to the last item was lost.
            if self.came == Some((from, kind, seq.wrapping_add(1))) {
                out.push(ack(from, kind, MavMissionResult::MAV_MISSION_ACCEPTED));
            }
            return;
        };
        if seq != coming.expected() {
            return;
        }
        let refused = self.refuses.filter(|(which, _)| *which == seq).map(|(_, why)| why);
        if let Some(why) = refused.or_else(|| fault(&item)) {
            self.coming = None;
            out.push(ack(from, kind, why));
            return;
        }
        if coming.compares {
            coming.compares = false;
            // NaN is no number, but the same NaN all the same.
            if coming.items.last().map(|kept| format!("{kept:?}")) != Some(format!("{item:?}")) {
                coming.items.clear();
            }
        } else {
            coming.items.push(item);
        }
        coming.asks = 0;
        if coming.items.len() < usize::from(coming.count) {
            self.ask(now, out);
        } else if let Some(coming) = self.coming.take() {
            self.came = Some((from, kind, coming.count));
            self.keep(kind, coming.items);
            out.push(ack(from, kind, MavMissionResult::MAV_MISSION_ACCEPTED));
        }
    }

    pub fn tick(&mut self, now: Duration, out: &mut Vec<MavMessage>) {
        let Some(coming) = self.coming.as_ref().filter(|coming| now >= coming.next) else { return };
        if coming.asks > self.retries {
            out.push(ack(coming.from, coming.kind, MavMissionResult::MAV_MISSION_OPERATION_CANCELLED));
            self.left = self.coming.take();
        } else {
            self.ask(now, out);
        }
    }

    fn ask(&mut self, now: Duration, out: &mut Vec<MavMessage>) {
        let older = self.older;
        let Some(coming) = &mut self.coming else { return };
        coming.asks += 1;
        coming.next = now + WAIT;
        let (seq, mission_type) = (coming.expected(), coming.kind);
        let Peer { system: target_system, component: target_component } = coming.from;
        out.push(if older {
            MavMessage::MISSION_REQUEST(MISSION_REQUEST_DATA {
                seq,
                target_system,
                target_component,
                mission_type,
            })
        } else {
            let ask = MISSION_REQUEST_INT_DATA { seq, target_system, target_component, mission_type };
            MavMessage::MISSION_REQUEST_INT(ask)
        });
    }
}

impl Coming {
    fn expected(&self) -> u16 {
        let have = self.items.len() as u16;
        if self.compares { have.saturating_sub(1) } else { have }
    }
}

/// What an autopilot would not take.
fn fault(item: &WireItem) -> Option<MavMissionResult> {
    let placed = matches!(
        item.command,
        MavCmd::MAV_CMD_NAV_WAYPOINT | MavCmd::MAV_CMD_NAV_LAND | MavCmd::MAV_CMD_NAV_TAKEOFF
    );
    let framed = matches!(
        item.frame,
        MavFrame::MAV_FRAME_GLOBAL
            | MavFrame::MAV_FRAME_GLOBAL_INT
            | MavFrame::MAV_FRAME_GLOBAL_RELATIVE_ALT
            | MavFrame::MAV_FRAME_GLOBAL_RELATIVE_ALT_INT
    );
    if placed && !framed {
        return Some(MavMissionResult::MAV_MISSION_UNSUPPORTED_FRAME);
    }
    if placed && LatLon::new(f64::from(item.x) / 1e7, 0.0).is_none() {
        return Some(MavMissionResult::MAV_MISSION_INVALID_PARAM5_X);
    }
    if placed && LatLon::new(0.0, f64::from(item.y) / 1e7).is_none() {
        return Some(MavMissionResult::MAV_MISSION_INVALID_PARAM6_Y);
    }
    (placed && !item.z.is_finite()).then_some(MavMissionResult::MAV_MISSION_INVALID_PARAM7)
}

fn ack(to: Peer, mission_type: MavMissionType, mavtype: MavMissionResult) -> MavMessage {
    MavMessage::MISSION_ACK(MISSION_ACK_DATA {
        target_system: to.system,
        target_component: to.component,
        mavtype,
        mission_type,
        opaque_id: 0,
    })
}
