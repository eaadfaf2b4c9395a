//! MAVLink: logs of ground stations (`.tlog`) and raw streams, versions 1 and 2.
//!
//! One record a position message of the vehicle that sends most of them, with what its other messages say of that moment;
//! one more for every picture that its camera reports.
//!
//! | message | gives |
//! | --- | --- |
//! | GLOBAL_POSITION_INT | position, height above mean sea level, height above home |
//! | GPS_RAW_INT | kind of fix, accuracy, geoid at the place; the position where nothing fused is sent |
//! | ATTITUDE, ATTITUDE_QUATERNION | attitude of the vehicle, interpolated |
//! | GIMBAL_DEVICE_ATTITUDE_STATUS, else MOUNT_ORIENTATION, else MOUNT_STATUS | attitude of the camera, interpolated |
//! | CAMERA_FOV_STATUS | field of view |
//! | CAMERA_IMAGE_CAPTURED | a record of its own |
//! | SYSTEM_TIME, else the ground station's stamps | time in UTC |
//! | VFR_HUD | its heading beside the sample: whether it is magnetic is not said |
//!
//! The height above home is taken as the height above take-off: autopilots set home there unless told otherwise. Frames are
//! checked and decoded by crate `mavlink` with the common dialect; MOUNT_STATUS, of another dialect, is decoded here.
//!
//! | not supported | what happens |
//! | --- | --- |
//! | messages of other dialects | read past and counted, their checksums unchecked |
//! | signatures | not verified |
//! | a second vehicle or gimbal | read past and counted |
//!
//! # References
//! MAVLink message definitions, common.xml; serialisation and gimbal protocol v2, mavlink.io.

mod collect;
mod frames;
mod fuse;
mod gimbal;

pub use frames::{Frame, Scan, is_stream, scan};

use super::error::TelemetryError;
use super::record::Reading;
use collect::Messages;

const KIND: &str = "a MAVLink stream";

/// Reads the telemetry of a log or a raw stream.
///
/// # Errors
/// When it holds no frame, or no vehicle tells its position.
pub fn read(name: &str, bytes: &[u8]) -> Result<Reading, TelemetryError> {
    let scan = scan(bytes);
    let count = scan.frames.len();
    let messages = Messages::collect(scan);
    let records = fuse::records(&messages);
    if records.is_empty() {
        let first = messages.problems.first().map(|problem| format!(" ({problem})")).unwrap_or_default();
        let reason = format!("none of its {count} messages tells a position{first}");
        return Err(TelemetryError::NoTelemetry { name: name.to_owned(), kind: KIND, reason });
    }
    Ok(Reading { skipped: messages.skipped, ..Reading::new(KIND, records, messages.problems) })
}
