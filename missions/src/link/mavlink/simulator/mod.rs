//! A vehicle that is none: holds lists, flies them with time, answers commands. Time is an argument, so a flight of an hour is a test of
//! a second.

#![expect(deprecated, reason = "every vehicle knows this message, few the command that replaces it")]

mod body;
mod lists;
mod rehearsal;

use std::time::Duration;

use gis::LatLon;
use mavlink::dialects::common::{
    COMMAND_ACK_DATA, COMMAND_LONG_DATA, EXTENDED_SYS_STATE_DATA, GLOBAL_POSITION_INT_DATA, GPS_RAW_INT_DATA,
    GpsFixType, HEARTBEAT_DATA, MISSION_CURRENT_DATA, MISSION_ITEM_REACHED_DATA, MavAutopilot, MavCmd,
    MavLandedState, MavMessage, MavMissionResult, MavMissionType, MavModeFlag, MavParamType, MavResult,
    MavSeverity, MavState, MavSysStatusSensor, MavType, PARAM_SET_DATA, PARAM_VALUE_DATA, STATUSTEXT_DATA,
    SYS_STATUS_DATA,
};

pub use rehearsal::Rehearsal;

use body::{Body, Phase};
use lists::Lists;

use super::autopilot::{Autopilot, Mode};
use super::command::number;
use super::item::WireItem;
use super::{BUDGET, Peer};

/// Silence of every station after which the vehicle does what is set, as PX4's COM_DL_LOSS_T.
const LOST_AFTER: Duration = Duration::from_secs(10);
/// Charge at which it flies home by itself, percent.
const LOW_PERCENT: f64 = 15.0;

/// What kind of vehicle it plays.
#[derive(Debug, Clone)]
pub struct Model {
    /// Whose modes and habits it has.
    pub autopilot: Autopilot,
    /// Its number.
    pub system: u8,
    /// Where it stands.
    pub home: LatLon,
    /// Height of that place above sea level, metres.
    pub home_m: f64,
    /// Speed where the plan states none, metres a second.
    pub speed_mps: f64,
    /// Speed up and down, metres a second.
    pub climb_mps: f64,
    /// Time in the air of a full battery, seconds.
    pub endurance_secs: f64,
    /// Charge at the start, percent.
    pub battery_percent: f64,
    /// Satellites.
    pub satellites: u8,
    /// Most items of a list.
    pub most_items: u16,
    /// An item that it refuses, and why.
    pub refuses: Option<(u16, MavMissionResult)>,
    /// How often it asks for an item before it gives up.
    pub retries: u32,
    /// Whether it remembers what it had when it gave up.
    pub remembers: bool,
    /// Whether it asks in the older way.
    pub older: bool,
    /// Answer to being armed.
    pub arms: MavResult,
    /// How many seconds it flies in one; what is said takes its usual time.
    pub pace: f64,
}

impl Model {
    /// Returns a vehicle that does everything right.
    pub fn at(home: LatLon) -> Self {
        Self {
            autopilot: Autopilot::Px4,
            system: 1,
            home,
            home_m: 60.0,
            speed_mps: 10.0,
            climb_mps: 3.0,
            endurance_secs: 1800.0,
            battery_percent: 97.0,
            satellites: 14,
            most_items: 2000,
            refuses: None,
            retries: BUDGET,
            remembers: true,
            older: false,
            arms: MavResult::MAV_RESULT_ACCEPTED,
            pace: 1.0,
        }
    }
}

/// The vehicle.
#[derive(Debug)]
pub struct Simulator {
    model: Model,
    lists: Lists,
    body: Body,
    battery_percent: f64,
    mode: Mode,
    on_lost_link: i32,
    station_heard: Option<Duration>,
    now: Option<Duration>,
    next_slow: Duration,
    next_fast: Duration,
    out: Vec<MavMessage>,
}

impl Simulator {
    /// Returns a vehicle on the ground.
    pub fn new(model: Model) -> Self {
        Self {
            lists: Lists::new(&model),
            body: Body::new(&model),
            battery_percent: model.battery_percent,
            model,
            mode: Mode::Hold,
            on_lost_link: 2,
            station_heard: None,
            now: None,
            next_slow: Duration::ZERO,
            next_fast: Duration::ZERO,
            out: Vec::new(),
        }
    }

    /// Returns its address.
    pub fn peer(&self) -> Peer {
        Peer { system: self.model.system, component: 1 }
    }

    /// Returns the list it holds.
    pub fn list(&self, kind: MavMissionType) -> &[WireItem] {
        self.lists.kept(kind)
    }

    /// Returns the items that it passed, in the order of flight.
    pub fn passed(&self) -> &[u16] {
        self.body.passed()
    }

    /// Returns where it is, and how high above home, metres.
    pub fn place(&self) -> (LatLon, f64) {
        self.body.place()
    }

    /// Tells whether it is in the air.
    pub fn is_airborne(&self) -> bool {
        self.body.phase() != Phase::Ground
    }

    /// Returns its mode.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Takes what it sends to everyone.
    pub fn sends(&mut self) -> Vec<MavMessage> {
        std::mem::take(&mut self.out)
    }

    /// Takes a message of a station.
    pub fn hear(&mut self, from: Peer, message: &MavMessage, now: Duration) {
        let to_us = |system: u8| system == self.model.system || system == 0;
        match message {
            MavMessage::HEARTBEAT(beat) if beat.mavtype == MavType::MAV_TYPE_GCS => {
                self.station_heard = Some(now);
            }
            MavMessage::COMMAND_LONG(call) if to_us(call.target_system) => {
                let result = self.command(call);
                self.out.push(MavMessage::COMMAND_ACK(COMMAND_ACK_DATA {
                    command: call.command,
                    result,
                    target_system: from.system,
                    target_component: from.component,
                    ..COMMAND_ACK_DATA::default()
                }));
            }
            MavMessage::PARAM_SET(set) if to_us(set.target_system) => self.set(set),
            MavMessage::MISSION_SET_CURRENT(set) if to_us(set.target_system) => {
                let mission = self.lists.kept(MavMissionType::MAV_MISSION_TYPE_MISSION);
                if usize::from(set.seq) < mission.len() {
                    self.body.go_to(set.seq);
                }
                self.out.push(self.current());
            }
            other => {
                let before = self.lists.changes();
                self.lists.hear(from, other, now, &mut self.out);
                if self.lists.changes() != before {
                    self.body.go_to(0);
                }
            }
        }
    }

    /// Lets time pass.
    pub fn tick(&mut self, now: Duration) {
        let before = self.now.replace(now).unwrap_or(now);
        self.lists.tick(now, &mut self.out);
        self.fly(now.saturating_sub(before).as_secs_f64() * self.model.pace);
        self.safety(now);
        if now >= self.next_fast {
            self.next_fast = now + Duration::from_millis(500);
            self.out.push(self.position());
        }
        if now >= self.next_slow {
            self.next_slow = now + Duration::from_secs(1);
            let told = [self.beat(), self.status(), self.gps(), self.landed(), self.current()];
            self.out.extend(told);
        }
    }

    fn fly(&mut self, mut secs: f64) {
        const STEP_SECS: f64 = 0.2;
        while secs > 0.0 {
            let step_secs = secs.min(STEP_SECS);
            secs -= step_secs;
            if !self.body.is_armed() {
                return;
            }
            if self.is_airborne() {
                self.battery_percent -= step_secs / self.model.endurance_secs * 100.0;
            }
            let mission = self.lists.kept(MavMissionType::MAV_MISSION_TYPE_MISSION);
            if let Some(seq) = self.body.step(&mut self.mode, mission, step_secs) {
                self.out.push(MavMessage::MISSION_ITEM_REACHED(MISSION_ITEM_REACHED_DATA { seq }));
            }
        }
    }

    fn safety(&mut self, now: Duration) {
        let by_itself = matches!(self.mode, Mode::Mission | Mode::Hold);
        if !self.is_airborne() || !by_itself {
            return;
        }
        if self.battery_percent < LOW_PERCENT {
            self.say("battery low, returning");
            self.mode = Mode::Return;
        } else if self.station_heard.is_some_and(|heard| now.saturating_sub(heard) > LOST_AFTER) {
            self.mode = match (self.model.autopilot, self.on_lost_link) {
                (Autopilot::Px4, 1) => Mode::Hold,
                (Autopilot::Px4, 2) | (Autopilot::ArduPilot, 1) => Mode::Return,
                (Autopilot::Px4, 3) | (Autopilot::ArduPilot, 5) => Mode::Land,
                _ => self.mode,
            };
        }
    }

    fn say(&mut self, text: &str) {
        self.out.push(MavMessage::STATUSTEXT(STATUSTEXT_DATA {
            severity: MavSeverity::MAV_SEVERITY_WARNING,
            text: text.into(),
            ..STATUSTEXT_DATA::default()
        }));
    }

    fn command(&mut self, call: &COMMAND_LONG_DATA) -> MavResult {
        let yes = MavResult::MAV_RESULT_ACCEPTED;
        match call.command {
            MavCmd::MAV_CMD_COMPONENT_ARM_DISARM if call.param1 > 0.5 => {
                if self.model.arms == yes && !self.body.is_armed() {
                    self.body.arm(self.model.autopilot.home_first());
                    self.mode = Mode::Hold;
                }
                self.model.arms
            }
            MavCmd::MAV_CMD_COMPONENT_ARM_DISARM if self.is_airborne() => MavResult::MAV_RESULT_DENIED,
            MavCmd::MAV_CMD_COMPONENT_ARM_DISARM => {
                self.body.disarm();
                yes
            }
            MavCmd::MAV_CMD_DO_SET_MODE => {
                let [_, custom, sub, ..] = [call.param1, call.param2, call.param3];
                let mode = self.model.autopilot.mode_of_command([1.0, custom, sub, 0.0, 0.0, 0.0, 0.0]);
                self.switch(mode)
            }
            MavCmd::MAV_CMD_MISSION_START if !self.body.is_armed() => {
                MavResult::MAV_RESULT_TEMPORARILY_REJECTED
            }
            MavCmd::MAV_CMD_DO_PAUSE_CONTINUE if call.param1 < 0.5 => self.switch(Mode::Hold),
            MavCmd::MAV_CMD_MISSION_START | MavCmd::MAV_CMD_DO_PAUSE_CONTINUE => self.switch(Mode::Mission),
            MavCmd::MAV_CMD_NAV_RETURN_TO_LAUNCH => self.switch(Mode::Return),
            MavCmd::MAV_CMD_SET_MESSAGE_INTERVAL => yes,
            _ => MavResult::MAV_RESULT_UNSUPPORTED,
        }
    }

    fn switch(&mut self, mode: Mode) -> MavResult {
        let empty = self.lists.kept(MavMissionType::MAV_MISSION_TYPE_MISSION).is_empty();
        let denied = match mode {
            Mode::Mission => empty,
            Mode::Return | Mode::Land => !self.is_airborne(),
            Mode::Hold => false,
            Mode::Other => true,
        };
        if denied {
            return MavResult::MAV_RESULT_DENIED;
        }
        self.mode = mode;
        MavResult::MAV_RESULT_ACCEPTED
    }

    fn set(&mut self, set: &PARAM_SET_DATA) {
        let known = match self.model.autopilot {
            Autopilot::Px4 => &["NAV_DLL_ACT"][..],
            Autopilot::ArduPilot => &["FS_GCS_ENABLE", "FS_OPTIONS"],
            Autopilot::Other => &[],
        };
        let Some(name) = known.iter().find(|name| set.param_id.to_str() == Ok(**name)) else { return };
        if *name != "FS_OPTIONS" {
            self.on_lost_link = number(set.param_value, set.param_type, self.model.autopilot);
        }
        self.out.push(MavMessage::PARAM_VALUE(PARAM_VALUE_DATA {
            param_value: set.param_value,
            param_count: known.len() as u16,
            param_index: 0,
            param_id: set.param_id,
            param_type: MavParamType::MAV_PARAM_TYPE_INT32,
        }));
    }

    fn beat(&self) -> MavMessage {
        let mut base_mode = MavModeFlag::MAV_MODE_FLAG_CUSTOM_MODE_ENABLED;
        base_mode.set(MavModeFlag::MAV_MODE_FLAG_SAFETY_ARMED, self.body.is_armed());
        base_mode.set(MavModeFlag::MAV_MODE_FLAG_AUTO_ENABLED, self.mode == Mode::Mission);
        let active = self.is_airborne();
        MavMessage::HEARTBEAT(HEARTBEAT_DATA {
            custom_mode: self.model.autopilot.custom_mode(self.mode),
            mavtype: MavType::MAV_TYPE_QUADROTOR,
            autopilot: match self.model.autopilot {
                Autopilot::Px4 => MavAutopilot::MAV_AUTOPILOT_PX4,
                Autopilot::ArduPilot => MavAutopilot::MAV_AUTOPILOT_ARDUPILOTMEGA,
                Autopilot::Other => MavAutopilot::MAV_AUTOPILOT_GENERIC,
            },
            base_mode,
            system_status: if active { MavState::MAV_STATE_ACTIVE } else { MavState::MAV_STATE_STANDBY },
            mavlink_version: 3,
        })
    }

    fn status(&self) -> MavMessage {
        let checks = MavSysStatusSensor::MAV_SYS_STATUS_PREARM_CHECK;
        MavMessage::SYS_STATUS(SYS_STATUS_DATA {
            onboard_control_sensors_present: checks,
            onboard_control_sensors_enabled: checks,
            onboard_control_sensors_health: checks,
            voltage_battery: 15_600,
            current_battery: -1,
            battery_remaining: self.battery_percent.clamp(0.0, 100.0) as i8,
            ..SYS_STATUS_DATA::default()
        })
    }

    fn gps(&self) -> MavMessage {
        let (at, height_m) = self.body.place();
        MavMessage::GPS_RAW_INT(GPS_RAW_INT_DATA {
            time_usec: self.micros(),
            lat: (at.lat_deg * 1e7).round() as i32,
            lon: (at.lon_deg * 1e7).round() as i32,
            alt: ((self.model.home_m + height_m) * 1000.0) as i32,
            fix_type: if self.model.satellites >= 4 {
                GpsFixType::GPS_FIX_TYPE_3D_FIX
            } else {
                GpsFixType::GPS_FIX_TYPE_NO_FIX
            },
            satellites_visible: self.model.satellites,
            ..GPS_RAW_INT_DATA::default()
        })
    }

    fn position(&self) -> MavMessage {
        let (at, height_m) = self.body.place();
        let (east_mps, north_mps) = self.body.velocity_mps();
        MavMessage::GLOBAL_POSITION_INT(GLOBAL_POSITION_INT_DATA {
            time_boot_ms: (self.micros() / 1000) as u32,
            lat: (at.lat_deg * 1e7).round() as i32,
            lon: (at.lon_deg * 1e7).round() as i32,
            alt: ((self.model.home_m + height_m) * 1000.0) as i32,
            relative_alt: (height_m * 1000.0) as i32,
            vx: (north_mps * 100.0) as i16,
            vy: (east_mps * 100.0) as i16,
            vz: 0,
            hdg: (east_mps.atan2(north_mps).to_degrees().rem_euclid(360.0) * 100.0) as u16,
        })
    }

    fn landed(&self) -> MavMessage {
        MavMessage::EXTENDED_SYS_STATE(EXTENDED_SYS_STATE_DATA {
            landed_state: match self.body.phase() {
                Phase::Ground => MavLandedState::MAV_LANDED_STATE_ON_GROUND,
                Phase::Air => MavLandedState::MAV_LANDED_STATE_IN_AIR,
                Phase::Landing => MavLandedState::MAV_LANDED_STATE_LANDING,
            },
            ..EXTENDED_SYS_STATE_DATA::default()
        })
    }

    fn current(&self) -> MavMessage {
        let total = self.lists.kept(MavMissionType::MAV_MISSION_TYPE_MISSION).len() as u16;
        MavMessage::MISSION_CURRENT(MISSION_CURRENT_DATA {
            seq: self.body.current(),
            total,
            ..MISSION_CURRENT_DATA::default()
        })
    }

    fn micros(&self) -> u64 {
        self.now.map_or(0, |now| now.as_micros() as u64)
    }
}
