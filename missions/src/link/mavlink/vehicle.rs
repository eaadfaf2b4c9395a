//! What a vehicle says of itself.

use std::time::Duration;

use gis::LatLon;
use mavlink::dialects::common::{
    GpsFixType, HEARTBEAT_DATA, MavAutopilot, MavLandedState, MavMessage, MavModeFlag, MavSeverity,
    MavSysStatusSensor, MavType, SYS_STATUS_DATA,
};

use super::Peer;
use super::autopilot::{Autopilot, Mode};
use crate::link::launch::Words;

/// Higher than this above home counts as in the air where nothing else says so, metres.
const AIRBORNE_M: f64 = 1.5;

/// What is known of a vehicle; nothing is until it was heard.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Vehicle {
    /// Who it is.
    pub peer: Option<Peer>,
    /// Its firmware.
    pub autopilot: Option<Autopilot>,
    /// What kind of aircraft.
    pub kind: Option<MavType>,
    /// What it is doing.
    pub mode: Option<Mode>,
    /// Since when it does that.
    pub mode_since: Duration,
    /// Motors may turn.
    pub armed: bool,
    /// When it was last heard, since the link began.
    pub heard: Option<Duration>,
    /// Where it is.
    pub at: Option<LatLon>,
    /// Height above home, metres.
    pub height_m: Option<f64>,
    /// Speed over ground, metres a second.
    pub speed_mps: Option<f64>,
    /// Where its nose points, degrees clockwise from north.
    pub heading_deg: Option<f64>,
    /// Charge, percent.
    pub battery_percent: Option<f64>,
    /// Satellites; none without a fix in three dimensions.
    pub satellites: Option<u32>,
    /// Item that is flown.
    pub current: Option<u16>,
    /// Another ground station on the link.
    pub other_station: Option<u8>,
    /// The last warning that it gave.
    pub warning: Option<String>,
    landed: Option<MavLandedState>,
    healthy: Option<bool>,
}

impl Vehicle {
    /// Takes a message; `us` is this station. Tells whether it is of the vehicle.
    pub fn hear(&mut self, from: Peer, message: &MavMessage, us: Peer, now: Duration) -> bool {
        if let MavMessage::HEARTBEAT(beat) = message {
            if beat.mavtype == MavType::MAV_TYPE_GCS {
                if from.system != us.system {
                    self.other_station = Some(from.system);
                }
                return false;
            }
            if beat.autopilot != MavAutopilot::MAV_AUTOPILOT_INVALID && *self.peer.get_or_insert(from) == from
            {
                self.beat(beat, now);
            }
        }
        if self.peer != Some(from) {
            return false;
        }
        match message {
            MavMessage::SYS_STATUS(status) => self.status(status),
            MavMessage::GLOBAL_POSITION_INT(here) => {
                self.at = LatLon::new(f64::from(here.lat) / 1e7, f64::from(here.lon) / 1e7);
                self.height_m = Some(f64::from(here.relative_alt) / 1000.0);
                self.speed_mps = Some(f64::from(here.vx).hypot(f64::from(here.vy)) / 100.0);
                self.heading_deg = (here.hdg != u16::MAX).then(|| f64::from(here.hdg) / 100.0);
            }
            MavMessage::GPS_RAW_INT(gps) => {
                let fixed = gps.fix_type as u8 >= GpsFixType::GPS_FIX_TYPE_3D_FIX as u8;
                self.satellites = fixed.then_some(u32::from(gps.satellites_visible));
            }
            MavMessage::EXTENDED_SYS_STATE(state) => self.landed = Some(state.landed_state),
            MavMessage::MISSION_CURRENT(current) => self.current = Some(current.seq),
            MavMessage::STATUSTEXT(text)
                if text.severity as u8 <= MavSeverity::MAV_SEVERITY_WARNING as u8 =>
            {
                self.warning = text.text.to_str().ok().map(str::to_owned);
            }
            _ => {}
        }
        true
    }

    fn beat(&mut self, beat: &HEARTBEAT_DATA, now: Duration) {
        let autopilot = Autopilot::of(beat.autopilot, beat.custom_mode);
        self.heard = Some(now);
        self.autopilot = Some(autopilot);
        self.kind = Some(beat.mavtype);
        self.armed = beat.base_mode.contains(MavModeFlag::MAV_MODE_FLAG_SAFETY_ARMED);
        let mode = Some(autopilot.mode(beat.base_mode, beat.custom_mode));
        if self.mode != mode {
            (self.mode, self.mode_since) = (mode, now);
        }
    }

    fn status(&mut self, status: &SYS_STATUS_DATA) {
        let percent = f64::from(status.battery_remaining);
        self.battery_percent = (0.0..=100.0).contains(&percent).then_some(percent);
        let checks = MavSysStatusSensor::MAV_SYS_STATUS_PREARM_CHECK;
        self.healthy = status
            .onboard_control_sensors_present
            .contains(checks)
            .then(|| status.onboard_control_sensors_health.contains(checks));
    }

    /// Tells whether it is in the air; none when it does not say.
    pub fn airborne(&self) -> Option<bool> {
        match self.landed {
            Some(MavLandedState::MAV_LANDED_STATE_ON_GROUND) => Some(false),
            Some(MavLandedState::MAV_LANDED_STATE_UNDEFINED) | None => {
                self.height_m.map(|height_m| self.armed && height_m > AIRBORNE_M)
            }
            Some(_) => Some(true),
        }
    }

    /// Tells whether everything that gates ask for was heard.
    pub fn is_known(&self) -> bool {
        self.heard.is_some()
            && self.at.is_some()
            && self.battery_percent.is_some()
            && self.satellites.is_some()
    }

    /// Returns what it is, in words, and whether it is one of several rotors; none before it was heard.
    pub fn airframe(&self) -> Option<(Words, bool)> {
        let kind = self.kind?;
        let rotors = matches!(
            kind,
            MavType::MAV_TYPE_QUADROTOR
                | MavType::MAV_TYPE_HEXAROTOR
                | MavType::MAV_TYPE_OCTOROTOR
                | MavType::MAV_TYPE_TRICOPTER
                | MavType::MAV_TYPE_DODECAROTOR
                | MavType::MAV_TYPE_DECAROTOR
                | MavType::MAV_TYPE_COAXIAL
                | MavType::MAV_TYPE_GENERIC_MULTIROTOR
        );
        let name = format!("{kind:?}").trim_start_matches("MAV_TYPE_").to_ascii_lowercase().replace('_', " ");
        Some((Words::new(format!("机型:{name}"), name), rotors))
    }

    /// Returns what its own checks found.
    pub fn ill(&self) -> Vec<Words> {
        if self.healthy != Some(false) {
            return Vec::new();
        }
        let said = self.warning.clone().unwrap_or_else(|| "pre-arm checks failed".to_owned());
        vec![Words::new(format!("解锁前检查未通过:{said}"), said)]
    }
}
