//! ULog: what a PX4 autopilot writes in flight.
//!
//! One record a message of `vehicle_global_position`, else one of the receiver, with what the other topics say of that
//! moment.
//!
//! | topic | gives |
//! | --- | --- |
//! | `vehicle_global_position` | position, height above mean sea level, accuracy |
//! | `vehicle_gps_position`, else `sensor_gps` | kind of fix, geoid at the place, time in UTC; position where nothing fused is logged |
//! | `vehicle_attitude` | attitude of the vehicle, interpolated |
//! | `home_position` | height of home, from which the height above take-off counts |
//! | `gimbal_device_attitude_status`, else `mount_orientation` | attitude of the camera, interpolated |
//!
//! Of topics with several instances the first is read. Read here and not by a crate: of the two there are, `yule_log` prints
//! on standard output, stops at appended data and links a logger, and `px4-ulog` panics on short subscriptions and parameters
//! and expands nested formats without limit.
//!
//! # References
//! PX4 user guide, "ULog file format"; messages of PX4-Autopilot, `msg/`.

mod format;
mod fuse;
mod log;
mod topics;

use std::collections::BTreeMap;

use super::error::TelemetryError;
use super::record::Reading;
use topics::Topics;

const KIND: &str = "a ULog file";

/// Says whether bytes start like a log.
pub fn is_log(bytes: &[u8]) -> bool {
    bytes.starts_with(&log::MAGIC)
}

/// Reads the telemetry of a log.
///
/// # Errors
/// When it is no log, or no topic in it tells a position.
pub fn read(name: &str, bytes: &[u8]) -> Result<Reading, TelemetryError> {
    let broken = |reason| TelemetryError::Broken { name: name.to_owned(), kind: KIND, reason };
    if !is_log(bytes) {
        return Err(broken("it does not start with the magic of a log".to_owned()));
    }
    let mut topics = Topics::default();
    let summary = log::walk(bytes, &mut topics).map_err(broken)?;
    let records = fuse::records(&topics);
    if records.is_empty() {
        let count: usize = summary.counts.values().sum();
        let first = summary.problems.first().map(|problem| format!(" ({problem})")).unwrap_or_default();
        let reason = format!(
            "none of its {count} messages of {} topics tells a position{first}",
            summary.counts.len()
        );
        return Err(TelemetryError::NoTelemetry { name: name.to_owned(), kind: KIND, reason });
    }
    Ok(Reading::new(KIND, records, summary.problems))
}

/// Counts the messages of a log by topic and instance.
///
/// # Errors
/// As [`read`], but a log without a position is none.
pub fn counts(name: &str, bytes: &[u8]) -> Result<BTreeMap<(String, u8), usize>, TelemetryError> {
    let broken = |reason| TelemetryError::Broken { name: name.to_owned(), kind: KIND, reason };
    log::walk(bytes, &mut Topics::default()).map(|summary| summary.counts).map_err(broken)
}
