//! Where the vehicle is and how it moves: straight lines, one speed, no wind.

#![expect(deprecated, reason = "both names of a frame are in use")]

use geo::Coord;
use gis::LatLon;
use mavlink::dialects::common::{MavCmd, MavFrame};

use super::Model;
use crate::link::mavlink::autopilot::Mode;
use crate::link::mavlink::item::WireItem;
use crate::plane::{Plane, distance_m};

/// Height of the way home, metres.
const HOME_M: f64 = 30.0;
/// Near enough to a place, metres.
const NEAR_M: f64 = 0.5;
/// Lower than this it stands, metres.
const GROUND_M: f64 = 0.05;

/// On the ground, in the air, or on the last metres down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Ground,
    Air,
    Landing,
}

#[derive(Debug)]
pub struct Body {
    plane: Plane,
    home_m: f64,
    usual_mps: f64,
    climb_mps: f64,
    at: Coord<f64>,
    height_m: f64,
    velocity_mps: Coord<f64>,
    speed_mps: f64,
    armed: bool,
    landing: bool,
    current: u16,
    /// Time left of a hold at the current item.
    hold_secs: Option<f64>,
    passed: Vec<u16>,
}

impl Body {
    pub fn new(model: &Model) -> Self {
        let nowhere = Coord { x: 0.0, y: 0.0 };
        Self {
            plane: Plane::around(model.home),
            home_m: model.home_m,
            usual_mps: model.speed_mps,
            climb_mps: model.climb_mps,
            at: nowhere,
            height_m: 0.0,
            velocity_mps: nowhere,
            speed_mps: model.speed_mps,
            armed: false,
            landing: false,
            current: 0,
            hold_secs: None,
            passed: Vec::new(),
        }
    }

    pub fn is_armed(&self) -> bool {
        self.armed
    }

    pub fn current(&self) -> u16 {
        self.current
    }

    pub fn passed(&self) -> &[u16] {
        &self.passed
    }

    pub fn place(&self) -> (LatLon, f64) {
        (self.plane.place(self.at), self.height_m)
    }

    /// East and north.
    pub fn velocity_mps(&self) -> (f64, f64) {
        (self.velocity_mps.x, self.velocity_mps.y)
    }

    pub fn phase(&self) -> Phase {
        match (self.height_m > GROUND_M, self.landing) {
            (false, _) => Phase::Ground,
            (true, false) => Phase::Air,
            (true, true) => Phase::Landing,
        }
    }

    pub fn arm(&mut self, home_first: bool) {
        self.armed = true;
        self.go_to(u16::from(home_first));
        self.speed_mps = self.usual_mps;
    }

    pub fn disarm(&mut self) {
        self.armed = false;
    }

    pub fn go_to(&mut self, seq: u16) {
        self.current = seq;
        self.hold_secs = None;
    }

    /// Moves on; the item that was passed, if one was.
    pub fn step(&mut self, mode: &mut Mode, mission: &[WireItem], secs: f64) -> Option<u16> {
        self.velocity_mps = Coord { x: 0.0, y: 0.0 };
        self.landing = false;
        match mode {
            Mode::Mission => return self.mission(mode, mission, secs),
            Mode::Return if self.phase() != Phase::Ground => {
                let home = Coord { x: 0.0, y: 0.0 };
                let away_m = distance_m(self.at, home);
                if away_m > NEAR_M {
                    self.fly_to(home, self.height_m.max(HOME_M), secs);
                } else {
                    self.sink(secs);
                }
            }
            Mode::Land if self.phase() != Phase::Ground => self.sink(secs),
            _ => {}
        }
        None
    }

    fn sink(&mut self, secs: f64) {
        self.landing = true;
        self.height_m = (self.height_m - self.climb_mps * secs).max(0.0);
        if self.height_m <= GROUND_M {
            self.height_m = 0.0;
            self.armed = false;
        }
    }

    fn mission(&mut self, mode: &mut Mode, mission: &[WireItem], secs: f64) -> Option<u16> {
        let Some(item) = mission.get(usize::from(self.current)) else {
            *mode = Mode::Hold;
            return None;
        };
        let done = match item.command {
            MavCmd::MAV_CMD_NAV_TAKEOFF => {
                let wanted_m = f64::from(item.z);
                self.height_m = (self.height_m + self.climb_mps * secs).min(wanted_m.max(self.height_m));
                self.height_m >= wanted_m - NEAR_M
            }
            MavCmd::MAV_CMD_NAV_WAYPOINT => self.waypoint(item, secs),
            MavCmd::MAV_CMD_DO_CHANGE_SPEED => {
                self.speed_mps = f64::from(item.params[1]);
                true
            }
            MavCmd::MAV_CMD_NAV_DELAY => self.held(f64::from(item.params[0]), secs),
            MavCmd::MAV_CMD_NAV_RETURN_TO_LAUNCH => {
                *mode = Mode::Return;
                return None;
            }
            MavCmd::MAV_CMD_NAV_LAND => {
                *mode = Mode::Land;
                return None;
            }
            _ => true,
        };
        if !done {
            return None;
        }
        let passed = self.current;
        self.passed.push(passed);
        if usize::from(passed) + 1 < mission.len() {
            self.go_to(passed + 1);
        } else {
            // The last stays current, as on other vehicles.
            *mode = Mode::Hold;
        }
        Some(passed)
    }

    fn waypoint(&mut self, item: &WireItem, secs: f64) -> bool {
        let Some(at) = item.at() else { return true };
        let to = self.plane.metres(at);
        let above_sea = matches!(item.frame, MavFrame::MAV_FRAME_GLOBAL | MavFrame::MAV_FRAME_GLOBAL_INT);
        let wanted_m = f64::from(item.z) - if above_sea { self.home_m } else { 0.0 };
        let there = distance_m(self.at, to) <= NEAR_M && (self.height_m - wanted_m).abs() <= NEAR_M;
        if there || self.hold_secs.is_some() {
            return self.held(f64::from(item.params[0]), secs);
        }
        self.fly_to(to, wanted_m, secs);
        false
    }

    fn held(&mut self, all_secs: f64, secs: f64) -> bool {
        let left_secs = self.hold_secs.unwrap_or(all_secs) - secs;
        self.hold_secs = Some(left_secs);
        left_secs <= 0.0
    }

    fn fly_to(&mut self, to: Coord<f64>, height_m: f64, secs: f64) {
        let away_m = distance_m(self.at, to);
        let step_m = (self.speed_mps * secs).min(away_m);
        if away_m > 0.0 {
            let share = step_m / away_m;
            let (x, y) = ((to.x - self.at.x) * share, (to.y - self.at.y) * share);
            self.at = Coord { x: self.at.x + x, y: self.at.y + y };
            self.velocity_mps = Coord { x: x / secs, y: y / secs };
        }
        let rise_m = (height_m - self.height_m).clamp(-self.climb_mps * secs, self.climb_mps * secs);
        self.height_m += rise_m;
    }
}
