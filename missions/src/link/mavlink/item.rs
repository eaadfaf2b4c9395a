//! Items as they travel: of a plan, of a fence, of rally points; in both of the protocol's types.

#![expect(deprecated, reason = "vehicles of the older kind speak the older items")]

use geo::{LineString, MultiPolygon};
use gis::LatLon;
use mavlink::dialects::common::{
    MISSION_ITEM_DATA, MISSION_ITEM_INT_DATA, MavCmd, MavFrame, MavMessage, MavMissionType,
};
use num_traits::FromPrimitive;

use super::Peer;
use crate::formats::mavlink::{Item, items};
use crate::link::launch::{Fault, Words};
use crate::plan::Plan;

/// Degrees of the protocol's whole numbers.
const PER_DEGREE: f64 = 1e7;
/// Most items of a list: its count is 16 bits.
pub const MOST_ITEMS: usize = 65_535;

/// One item of a list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WireItem {
    /// What.
    pub command: MavCmd,
    /// What place and height count from.
    pub frame: MavFrame,
    /// Parameters 1 to 4; NaN is "not set".
    pub params: [f32; 4],
    /// Latitude in degrees x 1e7, or parameter 5.
    pub x: i32,
    /// Longitude in degrees x 1e7, or parameter 6.
    pub y: i32,
    /// Height in metres, or parameter 7.
    pub z: f32,
}

/// Items of a plan, and which waypoint each belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct Mission {
    /// In the order they are flown.
    pub items: Vec<WireItem>,
    /// For each item the waypoint that is flown to while it is current; the number of waypoints past the last.
    pub waypoint_of: Vec<usize>,
    /// Number of waypoints.
    pub waypoints: usize,
}

impl Mission {
    /// Returns the items of a plan.
    ///
    /// `home_first`: the list starts with the place of take-off, as ArduPilot's do.
    ///
    /// # Errors
    /// When the plan cannot be: no waypoint, a number that is none, more items than the protocol counts.
    pub fn of(plan: &Plan, home_first: bool) -> Result<Self, Fault> {
        plan.check().map_err(|error| {
            Fault::new(
                Words::new(format!("航线无效:{error}"), format!("the plan cannot be flown: {error}")),
                Words::new("请重新规划", "plan it anew"),
            )
        })?;
        let mut listed = items(plan);
        if home_first {
            let at = plan.home.or(plan.waypoints.first().map(|w| w.at));
            let at = at.map_or([0.0; 2], |at| [at.lat_deg, at.lon_deg]);
            let params = [0.0, 0.0, 0.0, 0.0, at[0], at[1], 0.0];
            listed.insert(0, Item { command: MavCmd::MAV_CMD_NAV_WAYPOINT as u16, frame: 0, params });
        }
        if listed.len() > MOST_ITEMS {
            return Err(too_many(listed.len()));
        }
        let items = listed.iter().enumerate().map(|(index, item)| WireItem::of(index, item));
        let items = items.collect::<Result<Vec<WireItem>, Fault>>()?;
        let waypoints = plan.waypoints.len();
        let mut waypoint_of = Vec::with_capacity(items.len());
        let mut passed = 0;
        for (index, item) in items.iter().enumerate() {
            waypoint_of.push(passed);
            let home = home_first && index == 0;
            passed += usize::from(item.command == MavCmd::MAV_CMD_NAV_WAYPOINT && !home);
        }
        Ok(Self { items, waypoint_of, waypoints })
    }

    /// Returns the item that flies to a waypoint.
    pub fn item_of(&self, waypoint: usize) -> Option<u16> {
        let flies = |index: &usize| {
            self.waypoint_of[*index] == waypoint && self.items[*index].command == MavCmd::MAV_CMD_NAV_WAYPOINT
        };
        (0..self.items.len()).rfind(flies).and_then(|index| u16::try_from(index).ok())
    }
}

/// Returns a list that is too long for the protocol.
pub fn too_many(count: usize) -> Fault {
    Fault::new(
        Words::new(
            format!("共 {count} 项,协议最多 {MOST_ITEMS} 项"),
            format!("{count} items; the protocol counts up to {MOST_ITEMS}"),
        ),
        Words::new("请把航线拆成几段", "cut the plan into several"),
    )
}

/// Returns the items of a fence: corners of what must not be left, holes and zones as what must not be entered.
pub fn fence(stay_in: Option<&MultiPolygon<f64>>, keep_out: &[MultiPolygon<f64>]) -> Vec<WireItem> {
    let mut items = Vec::new();
    let inclusion = MavCmd::MAV_CMD_NAV_FENCE_POLYGON_VERTEX_INCLUSION;
    let exclusion = MavCmd::MAV_CMD_NAV_FENCE_POLYGON_VERTEX_EXCLUSION;
    for polygon in stay_in.iter().flat_map(|fence| &fence.0) {
        items.extend(corners(polygon.exterior(), inclusion));
        items.extend(polygon.interiors().iter().flat_map(|hole| corners(hole, exclusion)));
    }
    for polygon in keep_out.iter().flat_map(|zone| &zone.0) {
        items.extend(corners(polygon.exterior(), exclusion));
    }
    items
}

/// Corners of a closed ring in degrees (x = longitude).
fn corners(ring: &LineString<f64>, command: MavCmd) -> Vec<WireItem> {
    let count = ring.0.len().saturating_sub(1);
    let corner = |at: &geo::Coord<f64>| WireItem {
        command,
        frame: MavFrame::MAV_FRAME_GLOBAL,
        params: [count as f32, 0.0, 0.0, 0.0],
        x: (at.y * PER_DEGREE).round() as i32,
        y: (at.x * PER_DEGREE).round() as i32,
        z: 0.0,
    };
    ring.0.iter().take(count).map(corner).collect()
}

/// Returns the items of rally points: places to land, with the height above home to fly there at.
pub fn rally(places: &[(LatLon, f64)]) -> Vec<WireItem> {
    let point = |(at, height_m): &(LatLon, f64)| WireItem {
        command: MavCmd::MAV_CMD_NAV_RALLY_POINT,
        frame: MavFrame::MAV_FRAME_GLOBAL_RELATIVE_ALT,
        params: [0.0; 4],
        x: (at.lat_deg * PER_DEGREE).round() as i32,
        y: (at.lon_deg * PER_DEGREE).round() as i32,
        z: *height_m as f32,
    };
    places.iter().map(point).collect()
}

impl WireItem {
    fn of(index: usize, item: &Item) -> Result<Self, Fault> {
        let unknown = |what: &str, value: u32| {
            Fault::new(
                Words::new(
                    format!("第 {index} 项:未知 {what} {value}"),
                    format!("item {index}: {what} {value} is not known"),
                ),
                Words::new("请重新规划", "plan it anew"),
            )
        };
        let command = MavCmd::from_u16(item.command);
        let command = command.ok_or_else(|| unknown("MAV_CMD", item.command.into()))?;
        let frame = MavFrame::from_u8(item.frame);
        let frame = frame.ok_or_else(|| unknown("MAV_FRAME", item.frame.into()))?;
        let [p1, p2, p3, p4, x, y, z] = item.params;
        let scale = if frame == MavFrame::MAV_FRAME_MISSION { 1.0 } else { PER_DEGREE };
        let whole = |value: f64| (value * scale).round() as i32;
        let params = [p1 as f32, p2 as f32, p3 as f32, p4 as f32];
        Ok(Self { command, frame, params, x: whole(x), y: whole(y), z: z as f32 })
    }

    /// Returns where it is; none for items without a place.
    pub fn at(&self) -> Option<LatLon> {
        if self.frame == MavFrame::MAV_FRAME_MISSION {
            return None;
        }
        LatLon::new(f64::from(self.x) / PER_DEGREE, f64::from(self.y) / PER_DEGREE)
    }

    /// Returns the message of the type with whole degrees.
    pub fn int_message(&self, to: Peer, seq: u16, mission_type: MavMissionType) -> MavMessage {
        let [param1, param2, param3, param4] = self.params;
        MavMessage::MISSION_ITEM_INT(MISSION_ITEM_INT_DATA {
            param1,
            param2,
            param3,
            param4,
            x: self.x,
            y: self.y,
            z: self.z,
            seq,
            command: self.command,
            target_system: to.system,
            target_component: to.component,
            frame: self.frame,
            current: 0,
            autocontinue: 1,
            mission_type,
        })
    }

    /// Returns the message of the older type: places are rounded to about a metre.
    pub fn float_message(&self, to: Peer, seq: u16, mission_type: MavMissionType) -> MavMessage {
        let [param1, param2, param3, param4] = self.params;
        let scale = if self.frame == MavFrame::MAV_FRAME_MISSION { 1.0 } else { PER_DEGREE };
        MavMessage::MISSION_ITEM(MISSION_ITEM_DATA {
            param1,
            param2,
            param3,
            param4,
            x: (f64::from(self.x) / scale) as f32,
            y: (f64::from(self.y) / scale) as f32,
            z: self.z,
            seq,
            command: self.command,
            target_system: to.system,
            target_component: to.component,
            frame: self.frame,
            current: 0,
            autocontinue: 1,
            mission_type,
        })
    }

    /// Returns the item of a message of either type, with its number and list.
    pub fn of_message(message: &MavMessage) -> Option<(Self, u16, MavMissionType)> {
        match message {
            MavMessage::MISSION_ITEM_INT(data) => {
                let params = [data.param1, data.param2, data.param3, data.param4];
                let (command, frame) = (data.command, data.frame);
                let item = Self { command, frame, params, x: data.x, y: data.y, z: data.z };
                Some((item, data.seq, data.mission_type))
            }
            MavMessage::MISSION_ITEM(data) => {
                let params = [data.param1, data.param2, data.param3, data.param4];
                let (command, frame) = (data.command, data.frame);
                let scale = if frame == MavFrame::MAV_FRAME_MISSION { 1.0 } else { PER_DEGREE };
                let whole = |value: f32| (f64::from(value) * scale).round() as i32;
                let item = Self { command, frame, params, x: whole(data.x), y: whole(data.y), z: data.z };
                Some((item, data.seq, data.mission_type))
            }
            _ => None,
        }
    }

    /// Tells whether a vehicle holds the same item: what and where. Vehicles tidy up other parameters, and frames with and without whole
    /// degrees are the same.
    pub fn is_kept_as(&self, kept: &Self) -> bool {
        /// A metre and a half: the older type's rounding.
        const NEAR: i64 = 150;
        let near = |a: i32, b: i32| (i64::from(a) - i64::from(b)).abs() <= NEAR;
        let placed = self.command == MavCmd::MAV_CMD_NAV_WAYPOINT || self.command == MavCmd::MAV_CMD_NAV_LAND;
        let same_place = near(self.x, kept.x) && near(self.y, kept.y) && (self.z - kept.z).abs() < 0.5;
        self.command == kept.command && (!placed || same_place)
    }
}
