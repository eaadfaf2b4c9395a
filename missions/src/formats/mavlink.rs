//! Plans as items of MAVLink's mission protocol, which `.plan` and `QGC WPL 110` files hold.
//!
//! # References
//! MAVLink common message set, MAV_CMD and MAV_FRAME. Heights in frame 0 count from mean sea level, by EGM96 here as in receivers.

use gis::LatLon;
use gis::geoid::{GeoidModel, undulation_m};

use super::FormatError;
use crate::plan::{Action, Finish, HeightReference, LostLink, Nose, Plan, Waypoint};
use crate::planner::rounded_place;

/// One item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Item {
    /// `MAV_CMD`.
    pub command: u16,
    /// `MAV_FRAME`.
    pub frame: u8,
    /// Parameters 1 to 4, then latitude, longitude (degrees) and height (metres) or parameters 5 to 7. NaN is "not set".
    pub params: [f64; 7],
}

/// `MAV_CMD` of what plans use.
mod command {
    pub const WAYPOINT: u16 = 16;
    pub const RETURN_TO_LAUNCH: u16 = 20;
    pub const LAND: u16 = 21;
    pub const TAKEOFF: u16 = 22;
    pub const DELAY: u16 = 93;
    pub const CHANGE_SPEED: u16 = 178;
    pub const ROI_LOCATION: u16 = 195;
    pub const ROI_NONE: u16 = 197;
    pub const MOUNT_CONTROL: u16 = 205;
    pub const TRIGGER_DISTANCE: u16 = 206;
    pub const IMAGE_START: u16 = 2000;
    pub const VIDEO_START: u16 = 2500;
    pub const VIDEO_STOP: u16 = 2501;
}

/// Heights above mean sea level, without place, above home.
const GLOBAL: u8 = 0;
const MISSION: u8 = 2;
const RELATIVE: u8 = 3;
/// The same three with places in degrees x 1e7, as they travel.
const GLOBAL_INT: u8 = 5;
const RELATIVE_INT: u8 = 6;
/// `MAV_MOUNT_MODE_MAVLINK_TARGETING`.
const TARGETING: f64 = 2.0;
/// A hold that only stands for "stop here", seconds.
const STOP_SECS: f64 = 1.0;

/// Returns the items of a plan, from take-off to its end.
pub fn items(plan: &Plan) -> Vec<Item> {
    let mut items = Vec::new();
    let start = plan.home.or(plan.waypoints.first().map(|w| w.at));
    if let Some(at) = start {
        let take_off = [0.0, 0.0, 0.0, f64::NAN, at.lat_deg, at.lon_deg, plan.take_off_height_m];
        items.push(Item { command: command::TAKEOFF, frame: RELATIVE, params: take_off });
    }
    items.push(change_speed(plan.speed_mps));
    let mut speed_mps = plan.speed_mps;
    let mut nose = Nose::Along;
    for (index, waypoint) in plan.waypoints.iter().enumerate() {
        items.push(place(waypoint, plan.heights));
        if (plan.speed_from_mps(index) - speed_mps).abs() > 0.0 {
            speed_mps = plan.speed_from_mps(index);
            items.push(change_speed(speed_mps));
        }
        if waypoint.nose != nose {
            nose = waypoint.nose;
            items.push(point(nose));
        }
        items.extend(waypoint.actions.iter().map(|action| done(*action)));
    }
    items.extend(end(plan));
    items
}

fn plain(command: u16, params: &[f64]) -> Item {
    let mut all = [0.0; 7];
    all[..params.len()].copy_from_slice(params);
    Item { command, frame: MISSION, params: all }
}

fn change_speed(speed_mps: f64) -> Item {
    // Ground speed; no change of throttle.
    plain(command::CHANGE_SPEED, &[1.0, speed_mps, -1.0])
}

fn place(waypoint: &Waypoint, heights: HeightReference) -> Item {
    let hold_secs = if waypoint.stop { STOP_SECS } else { 0.0 };
    let LatLon { lat_deg, lon_deg } = waypoint.at;
    let (frame, height_m) = match heights {
        HeightReference::TakeOff => (RELATIVE, waypoint.height_m),
        HeightReference::Ellipsoid => (GLOBAL, waypoint.height_m - egm96_m(waypoint.at)),
    };
    let params = [hold_secs, 0.0, 0.0, f64::NAN, lat_deg, lon_deg, height_m];
    Item { command: command::WAYPOINT, frame, params }
}

fn point(nose: Nose) -> Item {
    match nose {
        Nose::Along => plain(command::ROI_NONE, &[]),
        Nose::Towards(at) => {
            let params = [0.0, 0.0, 0.0, 0.0, at.lat_deg, at.lon_deg, 0.0];
            Item { command: command::ROI_LOCATION, frame: RELATIVE, params }
        }
    }
}

fn done(action: Action) -> Item {
    match action {
        Action::Pitch { deg } => plain(command::MOUNT_CONTROL, &[deg, 0.0, 0.0, 0.0, 0.0, 0.0, TARGETING]),
        Action::PicturesEvery { metres } => plain(command::TRIGGER_DISTANCE, &[metres, 0.0, 1.0]),
        Action::PicturesEnd => plain(command::TRIGGER_DISTANCE, &[]),
        Action::Picture => plain(command::IMAGE_START, &[0.0, 0.0, 1.0]),
        Action::RecordStart => plain(command::VIDEO_START, &[]),
        Action::RecordEnd => plain(command::VIDEO_STOP, &[]),
        Action::Hover { secs } => plain(command::DELAY, &[secs, -1.0, -1.0, -1.0]),
    }
}

fn end(plan: &Plan) -> Option<Item> {
    let last = plan.waypoints.last()?;
    match plan.finish {
        Finish::GoHome => Some(plain(command::RETURN_TO_LAUNCH, &[])),
        Finish::Land => {
            let params = [0.0, 0.0, 0.0, f64::NAN, last.at.lat_deg, last.at.lon_deg, 0.0];
            Some(Item { command: command::LAND, frame: RELATIVE, params })
        }
        Finish::Hover => None,
    }
}

/// Where the model has no answer (it has one everywhere on the globe) the geoid is taken as the ellipsoid.
fn egm96_m(at: LatLon) -> f64 {
    undulation_m(GeoidModel::Egm96, at).unwrap_or(0.0)
}

/// Returns the plan of items; what it cannot hold is noted.
///
/// # Errors
/// When heights are mixed, a number is none, or there is nothing to fly to.
pub fn plan_of(items: &[Item], home: Option<LatLon>, notes: &mut Vec<String>) -> Result<Plan, FormatError> {
    let mut reader =
        Reader { plan: empty(home), speed_mps: None, nose: Nose::Along, heights: None, before: Vec::new() };
    for (index, item) in items.iter().enumerate() {
        reader.take(index, item, notes)?;
    }
    let mut plan = reader.plan;
    plan.legs = Plan::legs_by_actions(&plan.waypoints);
    plan.check()?;
    Ok(plan)
}

fn empty(home: Option<LatLon>) -> Plan {
    Plan {
        aircraft: String::new(),
        home,
        heights: HeightReference::TakeOff,
        take_off_height_m: 0.0,
        // What is flown when a mission states no speed; most autopilots' default lies near it.
        speed_mps: 5.0,
        finish: Finish::Hover,
        lost_link: LostLink::GoHome,
        waypoints: Vec::new(),
        legs: Vec::new(),
    }
}

struct Reader {
    plan: Plan,
    speed_mps: Option<f64>,
    nose: Nose,
    heights: Option<HeightReference>,
    /// Actions before the first waypoint.
    before: Vec<Action>,
}

impl Reader {
    fn take(&mut self, index: usize, item: &Item, notes: &mut Vec<String>) -> Result<(), FormatError> {
        let [p1, p2, p3, ..] = item.params;
        match item.command {
            command::TAKEOFF => self.plan.take_off_height_m = item.params[6].max(0.0),
            command::WAYPOINT => self.waypoint(index, item)?,
            command::CHANGE_SPEED => self.speed(p2),
            command::ROI_LOCATION => {
                self.nose(Nose::Towards(LatLon { lat_deg: item.params[4], lon_deg: item.params[5] }));
            }
            command::ROI_NONE => self.nose(Nose::Along),
            command::MOUNT_CONTROL => self.act(Action::Pitch { deg: p1 }),
            command::TRIGGER_DISTANCE if p1 > 0.0 => self.act(Action::PicturesEvery { metres: p1 }),
            command::TRIGGER_DISTANCE => self.act(Action::PicturesEnd),
            command::IMAGE_START if (p3 - 1.0).abs() < 1e-9 => self.act(Action::Picture),
            command::VIDEO_START => self.act(Action::RecordStart),
            command::VIDEO_STOP => self.act(Action::RecordEnd),
            command::DELAY => self.act(Action::Hover { secs: p1 }),
            command::RETURN_TO_LAUNCH => self.plan.finish = Finish::GoHome,
            command::LAND => self.plan.finish = Finish::Land,
            other => notes.push(format!("item {index}: command {other} is left out")),
        }
        Ok(())
    }

    fn waypoint(&mut self, index: usize, item: &Item) -> Result<(), FormatError> {
        let [hold_secs, _, _, _, lat_deg, lon_deg, height_m] = item.params;
        let at = LatLon { lat_deg, lon_deg };
        let bad = |reason: String| FormatError::Field { place: format!("item {index}"), reason };
        if LatLon::new(lat_deg, lon_deg).is_none() {
            return Err(bad(format!("latitude {lat_deg}, longitude {lon_deg} is no place")));
        }
        let (heights, height_m) = match item.frame {
            RELATIVE | RELATIVE_INT => (HeightReference::TakeOff, height_m),
            GLOBAL | GLOBAL_INT => (HeightReference::Ellipsoid, height_m + egm96_m(at)),
            other => {
                return Err(bad(format!("frame {other}; heights above sea level (0) or home (3) are read")));
            }
        };
        if *self.heights.get_or_insert(heights) != heights {
            return Err(bad("heights above sea level and above home in one plan".to_owned()));
        }
        self.plan.heights = heights;
        let mut actions = std::mem::take(&mut self.before);
        if hold_secs > STOP_SECS {
            actions.push(Action::Hover { secs: hold_secs });
        }
        self.plan.waypoints.push(Waypoint {
            at: rounded_place(at),
            height_m,
            speed_mps: self.speed_mps.filter(|speed_mps| (speed_mps - self.plan.speed_mps).abs() > 1e-6),
            stop: hold_secs > 0.0,
            nose: self.nose,
            actions,
        });
        Ok(())
    }

    fn speed(&mut self, speed_mps: f64) {
        if self.speed_mps.is_none() && self.plan.waypoints.is_empty() {
            self.plan.speed_mps = speed_mps;
        }
        self.speed_mps = Some(speed_mps);
        let differs = (speed_mps - self.plan.speed_mps).abs() > 1e-6;
        if let Some(last) = self.plan.waypoints.last_mut() {
            last.speed_mps = differs.then_some(speed_mps);
        }
    }

    fn nose(&mut self, nose: Nose) {
        self.nose = nose;
        if let Some(last) = self.plan.waypoints.last_mut() {
            last.nose = nose;
        }
    }

    fn act(&mut self, action: Action) {
        match self.plan.waypoints.last_mut() {
            Some(last) => last.actions.push(action),
            None => self.before.push(action),
        }
    }
}
