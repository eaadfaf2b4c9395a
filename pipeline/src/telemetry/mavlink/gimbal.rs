//! Where a gimbal points, as three messages tell it.

#![expect(
    deprecated,
    reason = "older gimbals send MOUNT_ORIENTATION, which newer ones have something else for"
)]

use gis::Attitude;
use mavlink::dialects::common::{
    GIMBAL_DEVICE_ATTITUDE_STATUS_DATA, GimbalDeviceFlags, MOUNT_ORIENTATION_DATA, MavMessage,
};

use super::frames::Frame;
use crate::telemetry::sample::attitude_of_quaternion;

/// MOUNT_STATUS of ArduPilot's dialect and the constant in its checksum.
const MOUNT_STATUS: (u32, u8) = (158, 134);

/// Which message told it; the first kind that a log has is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    /// GIMBAL_DEVICE_ATTITUDE_STATUS.
    Device,
    /// MOUNT_ORIENTATION.
    Orientation,
    /// MOUNT_STATUS.
    Status,
}

/// Direction of a gimbal at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gimbal {
    /// Which gimbal: component and its number there.
    pub id: (u8, u8),
    /// Which message told it.
    pub told: Told,
    /// Pitch and roll against the horizon, heading as `yaw_of_vehicle` says.
    pub attitude: Attitude,
    /// Whether the heading counts from the vehicle's and not from true north.
    pub yaw_of_vehicle: bool,
}

impl Gimbal {
    /// Returns the attitude against true north; `None` when that needs the vehicle's heading and it is not known.
    pub fn absolute(&self, vehicle_heading_deg: Option<f64>) -> Option<Attitude> {
        let from_deg = if self.yaw_of_vehicle { vehicle_heading_deg? } else { 0.0 };
        let heading_deg = (self.attitude.heading_deg + from_deg).rem_euclid(360.0);
        Some(Attitude { heading_deg, ..self.attitude })
    }
}

/// Returns the direction in a message of the common dialect, with the time since start in milliseconds.
///
/// # Errors
/// A sentence on angles that are none; `None` for every other message.
pub fn of_message(message: &MavMessage, component: u8) -> Option<(u32, Result<Gimbal, String>)> {
    match message {
        MavMessage::GIMBAL_DEVICE_ATTITUDE_STATUS(said) => {
            let no_turn = || format!("the gimbal's quaternion {:?} is no rotation", said.q);
            Some((said.time_boot_ms, device_status(said, component).ok_or_else(no_turn)))
        }
        MavMessage::MOUNT_ORIENTATION(said) => {
            let (roll, pitch, yaw) = (said.roll, said.pitch, said.yaw);
            let no_turn = || format!("the mount's roll {roll}, pitch {pitch}, yaw {yaw} are no angles");
            Some((said.time_boot_ms, mount_orientation(said, component).ok_or_else(no_turn)))
        }
        _ => None,
    }
}

/// The flags tell the frame; without them YAW_LOCK does, as older gimbals have it. The vehicle frame is the earth's turned
/// by the vehicle's heading alone, so pitch and roll are against the horizon in both.
fn device_status(said: &GIMBAL_DEVICE_ATTITUDE_STATUS_DATA, component: u8) -> Option<Gimbal> {
    let has = |flag| said.flags.contains(flag);
    let earth = has(GimbalDeviceFlags::GIMBAL_DEVICE_FLAGS_YAW_IN_EARTH_FRAME);
    let vehicle = has(GimbalDeviceFlags::GIMBAL_DEVICE_FLAGS_YAW_IN_VEHICLE_FRAME);
    let locked = has(GimbalDeviceFlags::GIMBAL_DEVICE_FLAGS_YAW_LOCK);
    Some(Gimbal {
        id: (component, said.gimbal_device_id),
        told: Told::Device,
        attitude: attitude_of_quaternion(said.q.map(f64::from))?,
        yaw_of_vehicle: vehicle || (!earth && !locked),
    })
}

/// The absolute yaw is an extension: exactly 0 where it was not sent.
fn mount_orientation(said: &MOUNT_ORIENTATION_DATA, component: u8) -> Option<Gimbal> {
    let absolute = Some(said.yaw_absolute).filter(|yaw| yaw.is_finite() && *yaw != 0.0);
    let yaw = absolute.unwrap_or(said.yaw);
    let finite = [said.pitch, said.roll, yaw].iter().all(|angle| angle.is_finite());
    let attitude = Attitude {
        heading_deg: f64::from(yaw).rem_euclid(360.0),
        pitch_deg: f64::from(said.pitch),
        roll_deg: f64::from(said.roll),
    };
    let gimbal =
        Gimbal { id: (component, 0), told: Told::Orientation, attitude, yaw_of_vehicle: absolute.is_none() };
    finite.then_some(gimbal)
}

/// Pitch, roll and yaw in hundredths of degrees, the yaw against the vehicle. A vehicle without a mount sends zeros only.
pub fn mount_status(frame: &Frame<'_>) -> Option<Gimbal> {
    let (message, extra_crc) = MOUNT_STATUS;
    let payload =
        frame.payload_of(message, extra_crc).filter(|payload| payload.iter().any(|&byte| byte != 0))?;
    // Trailing zero bytes are cut in version 2.
    let centidegrees = |index: usize| {
        let mut bytes = [0; 4];
        bytes.iter_mut().zip(payload.iter().skip(index * 4)).for_each(|(to, from)| *to = *from);
        f64::from(i32::from_le_bytes(bytes)) / 100.0
    };
    let attitude = Attitude {
        heading_deg: centidegrees(2).rem_euclid(360.0),
        pitch_deg: centidegrees(0),
        roll_deg: centidegrees(1),
    };
    Some(Gimbal { id: (frame.component, 0), told: Told::Status, attitude, yaw_of_vehicle: true })
}
