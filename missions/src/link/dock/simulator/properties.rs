//! What a simulated dock and its aircraft say of themselves.

use gis::LatLon;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::path::course_deg;
use super::{Phase, Simulator};
use crate::link::dock::message::{Message, Outgoing};
use crate::link::dock::topic::{Channel, Topic};

/// Percent of charge for each second in the air.
const DRAIN: f64 = 0.04;
/// Percent of charge for each second in the dock.
const CHARGE: f64 = 0.05;

impl Simulator {
    pub(super) fn properties(&mut self, now: Timestamp) -> Vec<Outgoing> {
        if self.phase == Phase::Idle {
            let full = self.settings.charge_percent;
            self.charge_percent = (self.charge_percent + CHARGE * 2.0 * self.settings.pace).min(full);
        }
        let dock = self.dock_properties();
        let aircraft = self.aircraft_properties(now);
        let of_dock = Topic::new(self.settings.gateway.clone(), Channel::Osd);
        let mut out = vec![self.osd(of_dock, dock, now)];
        if !matches!(self.phase, Phase::Idle | Phase::Prepared) {
            let of_aircraft = Topic::new(self.settings.aircraft.clone(), Channel::Osd);
            out.push(self.osd(of_aircraft, aircraft, now));
        }
        out
    }

    fn osd(&mut self, topic: Topic, data: Value, now: Timestamp) -> Outgoing {
        let message = Message {
            tid: self.id(),
            bid: self.id(),
            timestamp: Some(self.clock_ms(now)),
            method: None,
            gateway: Some(self.settings.gateway.clone()),
            need_reply: None,
            data,
        };
        Outgoing { topic, message }
    }

    fn dock_properties(&self) -> Value {
        let idle = matches!(self.phase, Phase::Idle | Phase::Prepared);
        let settings = &self.settings;
        let mode = match (idle, self.debugging) {
            (true, true) => 2,
            (true, false) => 0,
            (false, _) => 4,
        };
        json!({
            "network_state": {"type": 2, "quality": 0, "rate": 5.0},
            "drone_charge_state": {"state": u8::from(idle), "capacity_percent": self.charge_percent.floor()},
            "drone_in_dock": u8::from(!self.is_airborne()),
            "rainfall": 0,
            "wind_speed": settings.wind_mps,
            "environment_temperature": 24,
            "temperature": 24.9,
            "humidity": 62,
            "latitude": settings.home.lat_deg,
            "longitude": settings.home.lon_deg,
            "height": settings.height_m,
            "mode_code": mode,
            "cover_state": u8::from(!idle),
            "supplement_light_state": 0,
            "emergency_stop_state": u8::from(settings.emergency_stop),
            "sub_device": {
                "device_sn": settings.aircraft, "device_model_key": "0-100-0",
                "device_online_status": u8::from(!idle), "device_paired": 1,
            },
        })
    }

    fn aircraft_properties(&mut self, now: Timestamp) -> Value {
        if self.is_airborne() {
            self.charge_percent = (self.charge_percent - DRAIN * 2.0 * self.settings.pace).max(0.0);
        }
        let home = self.home();
        let (at, above_m, course_deg) = self.place(home, now);
        let ellipsoid = self.path.as_ref().is_some_and(|path| path.ellipsoid);
        let (height_m, elevation_m) = if ellipsoid && above_m > 0.0 {
            (above_m, above_m - self.settings.height_m)
        } else {
            (self.settings.height_m + above_m, above_m)
        };
        json!({
            "attitude_head": course_deg,
            "attitude_pitch": 0,
            "attitude_roll": 0,
            "battery": {"capacity_percent": self.charge_percent.floor(), "landing_power": 0, "remain_flight_time": 0, "return_home_power": 0},
            "elevation": elevation_m,
            "gear": 1,
            "height": height_m,
            "home_distance": gis::geodesy::plane_distance_m(at, home),
            "latitude": at.lat_deg,
            "longitude": at.lon_deg,
            "mode_code": if self.is_airborne() { 5 } else { 0 },
            "position_state": {"gps_number": 18, "is_fixed": 2, "quality": 5, "rtk_number": 25},
            "track_id": "",
            "wind_direction": 0,
            "wind_speed": self.settings.wind_mps,
        })
    }

    /// Where it is, how high by the plan's reference, and its course.
    fn place(&self, home: LatLon, now: Timestamp) -> (LatLon, f64, f64) {
        let Some(path) = &self.path else { return (home, 0.0, 0.0) };
        match self.phase {
            Phase::Flying { .. } | Phase::Paused { .. } => {
                let spot = path.spot(self.flown_m(now));
                (spot.at, spot.height_m, spot.course_deg)
            }
            Phase::Homing { since, from, secs, .. } => {
                let passed = now.duration_since(since).as_secs_f64() * self.settings.pace;
                let share = if secs > 0.0 { (passed / secs).clamp(0.0, 1.0) } else { 1.0 };
                let mix = |a: f64, b: f64| a + (b - a) * share;
                let at = LatLon::new(mix(from.lat_deg, home.lat_deg), mix(from.lon_deg, home.lon_deg));
                (at.unwrap_or(home), path.spot(0.0).height_m, course_deg(from, home))
            }
            _ => (home, 0.0, 0.0),
        }
    }
}
