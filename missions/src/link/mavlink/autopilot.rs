//! What autopilots call their modes, and how each is told to start, hold, go on and come home.
//!
//! # References
//! PX4 `px4_custom_mode.h`; ArduPilot Copter, list of modes and parameters FS_GCS_ENABLE, FS_OPTIONS; PX4 parameter NAV_DLL_ACT.

use mavlink::dialects::common::{MavAutopilot, MavCmd, MavModeFlag};

use super::command::Call;
use crate::link::launch::Words;
use crate::plan::LostLink;

/// Whose firmware a vehicle runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Autopilot {
    /// PX4.
    Px4,
    /// ArduPilot, Copter.
    ArduPilot,
    /// Another: only commands that every autopilot should know are sent.
    Other,
}

/// What a vehicle is doing, as far as a launch cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Flies the mission, or waits for it on the ground.
    Mission,
    /// Holds its place.
    Hold,
    /// Flies home.
    Return,
    /// Lands where it is.
    Land,
    /// Anything else, such as a pilot at the sticks.
    Other,
}

/// A parameter of an autopilot, and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Name.
    pub name: &'static str,
    /// Value.
    pub value: i32,
}

const PX4_AUTO: u32 = 4;
const PX4_LAST_MAIN: u32 = 10;
const PX4_TAKE_OFF: u32 = 2;
const PX4_LOITER: u32 = 3;
const PX4_MISSION: u32 = 4;
const PX4_RETURN: u32 = 5;
const PX4_LAND: u32 = 6;
const COPTER_AUTO: u32 = 3;
const COPTER_GUIDED: u32 = 4;
const COPTER_LOITER: u32 = 5;
const COPTER_RETURN: u32 = 6;
const COPTER_LAND: u32 = 9;
const COPTER_BRAKE: u32 = 17;

impl Autopilot {
    /// Returns it as a heartbeat names it. One that names none but has modes in the form of PX4, as MAVSDK's, is spoken to like PX4.
    pub fn of(autopilot: MavAutopilot, custom: u32) -> Self {
        let (rest, main) = (custom & 0xffff, (custom >> 16) & 0xff);
        match autopilot {
            MavAutopilot::MAV_AUTOPILOT_PX4 => Self::Px4,
            MavAutopilot::MAV_AUTOPILOT_ARDUPILOTMEGA => Self::ArduPilot,
            MavAutopilot::MAV_AUTOPILOT_GENERIC if rest == 0 && (1..=PX4_LAST_MAIN).contains(&main) => {
                Self::Px4
            }
            _ => Self::Other,
        }
    }

    /// Tells whether lists start with the place of take-off.
    pub fn home_first(self) -> bool {
        self == Self::ArduPilot
    }

    /// Returns the mode of a heartbeat.
    pub fn mode(self, base: MavModeFlag, custom: u32) -> Mode {
        match self {
            Self::Px4 => match ((custom >> 16) & 0xff, custom >> 24) {
                (PX4_AUTO, PX4_MISSION | PX4_TAKE_OFF) => Mode::Mission,
                (PX4_AUTO, PX4_LOITER) => Mode::Hold,
                (PX4_AUTO, PX4_RETURN) => Mode::Return,
                (PX4_AUTO, PX4_LAND) => Mode::Land,
                _ => Mode::Other,
            },
            Self::ArduPilot => match custom {
                COPTER_AUTO => Mode::Mission,
                COPTER_LOITER | COPTER_BRAKE | COPTER_GUIDED => Mode::Hold,
                COPTER_RETURN => Mode::Return,
                COPTER_LAND => Mode::Land,
                _ => Mode::Other,
            },
            Self::Other if base.contains(MavModeFlag::MAV_MODE_FLAG_AUTO_ENABLED) => Mode::Mission,
            Self::Other => Mode::Other,
        }
    }

    /// Returns the custom mode of a heartbeat.
    pub fn custom_mode(self, mode: Mode) -> u32 {
        match (self, mode) {
            (Self::ArduPilot, Mode::Mission) => COPTER_AUTO,
            (Self::ArduPilot, Mode::Hold) => COPTER_BRAKE,
            (Self::ArduPilot, Mode::Return) => COPTER_RETURN,
            (Self::ArduPilot, Mode::Land) => COPTER_LAND,
            (Self::Px4, Mode::Mission) => PX4_AUTO << 16 | PX4_MISSION << 24,
            (Self::Px4, Mode::Hold) => PX4_AUTO << 16 | PX4_LOITER << 24,
            (Self::Px4, Mode::Return) => PX4_AUTO << 16 | PX4_RETURN << 24,
            (Self::Px4, Mode::Land) => PX4_AUTO << 16 | PX4_LAND << 24,
            (Self::Px4 | Self::ArduPilot, Mode::Other) | (Self::Other, _) => 0,
        }
    }

    /// Returns the mode that a command sets.
    pub fn mode_of_command(self, params: [f32; 7]) -> Mode {
        let custom = match self {
            Self::Px4 => (params[1] as u32) << 16 | (params[2] as u32) << 24,
            Self::ArduPilot | Self::Other => params[1] as u32,
        };
        self.mode(MavModeFlag::MAV_MODE_FLAG_CUSTOM_MODE_ENABLED, custom)
    }

    /// Returns the calls that take off and fly the mission.
    pub fn start(self) -> Vec<Call> {
        match self {
            Self::Px4 => vec![arm(true), px4(PX4_MISSION, Words::new("进入航线模式", "start the mission"))],
            Self::ArduPilot => vec![
                copter(COPTER_GUIDED, Words::new("进入引导模式", "switch to guided mode")),
                arm(true),
                start(),
            ],
            Self::Other => vec![arm(true), start()],
        }
    }

    /// Returns the call that holds.
    pub fn hold(self) -> Call {
        let words = Words::new("悬停", "hold");
        match self {
            Self::Px4 => px4(PX4_LOITER, words),
            Self::ArduPilot => copter(COPTER_BRAKE, words),
            Self::Other => Call::new(MavCmd::MAV_CMD_DO_PAUSE_CONTINUE, &[0.0], words),
        }
    }

    /// Returns the call that goes on with the mission.
    pub fn resume(self) -> Call {
        let words = Words::new("继续航线", "go on with the mission");
        match self {
            Self::Px4 => px4(PX4_MISSION, words),
            Self::ArduPilot => copter(COPTER_AUTO, words),
            Self::Other => Call::new(MavCmd::MAV_CMD_DO_PAUSE_CONTINUE, &[1.0], words),
        }
    }

    /// Returns what must be set so that a lost link ends as the plan says; nothing where the autopilot has no such setting that is known.
    pub fn on_lost_link(self, action: LostLink) -> Vec<Setting> {
        let one = |name, value| Setting { name, value };
        match (self, action) {
            (Self::Px4, LostLink::Continue) => vec![one("NAV_DLL_ACT", 0)],
            (Self::Px4, LostLink::Hover) => vec![one("NAV_DLL_ACT", 1)],
            (Self::Px4, LostLink::GoHome) => vec![one("NAV_DLL_ACT", 2)],
            (Self::Px4, LostLink::Land) => vec![one("NAV_DLL_ACT", 3)],
            (Self::ArduPilot, LostLink::Continue) => vec![one("FS_GCS_ENABLE", 0)],
            (Self::ArduPilot, LostLink::GoHome) => vec![one("FS_OPTIONS", 0), one("FS_GCS_ENABLE", 1)],
            (Self::ArduPilot, LostLink::Land) => vec![one("FS_OPTIONS", 0), one("FS_GCS_ENABLE", 5)],
            // It has no holding on a lost link.
            (Self::ArduPilot, LostLink::Hover) | (Self::Other, _) => Vec::new(),
        }
    }
}

/// Returns the call that arms or disarms.
pub fn arm(on: bool) -> Call {
    let words = if on { Words::new("解锁", "arm") } else { Words::new("上锁", "disarm") };
    Call::new(MavCmd::MAV_CMD_COMPONENT_ARM_DISARM, &[f32::from(u8::from(on))], words)
}

/// Returns the call that flies home.
pub fn return_home() -> Call {
    Call::new(MavCmd::MAV_CMD_NAV_RETURN_TO_LAUNCH, &[], Words::new("返航", "return home"))
}

fn start() -> Call {
    Call::new(MavCmd::MAV_CMD_MISSION_START, &[], Words::new("开始航线", "start the mission"))
}

fn px4(sub: u32, words: Words) -> Call {
    Call::new(MavCmd::MAV_CMD_DO_SET_MODE, &[1.0, PX4_AUTO as f32, sub as f32], words)
}

fn copter(mode: u32, words: Words) -> Call {
    Call::new(MavCmd::MAV_CMD_DO_SET_MODE, &[1.0, mode as f32], words)
}
