//! Launches over MAVLink: lists up and back, commands with their answers, and the flight they make.
//!
//! # References
//! mavlink.io, mission protocol, command protocol, parameter protocol and heartbeat protocol.

mod autopilot;
mod command;
mod download;
mod flight;
mod item;
pub mod simulator;
mod track;
mod upload;
mod vehicle;
mod words;

pub use autopilot::{Autopilot, Mode};
pub use download::Download;
pub use flight::{Flight, Settings, lost_link_words};
pub use item::{MOST_ITEMS, Mission, WireItem, fence, rally};
pub use upload::Upload;
pub use vehicle::Vehicle;
pub use words::{command_fault, mission_fault};

pub use mavlink::dialects::common::{MavMessage, MavMissionResult, MavMissionType};

/// How often anything is sent before it counts as unanswered.
pub const BUDGET: u32 = 15;

/// Address of one who speaks on the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peer {
    /// System.
    pub system: u8,
    /// Component.
    pub component: u8,
}

/// This ground station, unless told otherwise.
pub const STATION: Peer = Peer { system: 245, component: 190 };
