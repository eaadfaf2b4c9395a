//! What the topics of an autopilot say of the camera.

use gis::{Attitude, LatLon};

use super::format::Row;
use super::log::Sink;
use crate::telemetry::sample::{attitude_of_quaternion, attitude_of_radians, fix};

/// Earliest time a receiver may tell, 2001-09-09: before it has a fix it counts from 1970.
const EARLIEST_UTC_US: f64 = 1e15;
/// Flags of `gimbal_device_attitude_status`, as in MAVLink.
const YAW_LOCK: u32 = 16;
const YAW_IN_VEHICLE_FRAME: u32 = 32;
const YAW_IN_EARTH_FRAME: u32 = 64;

/// A message with its time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct At<T> {
    /// Time since the autopilot's start, microseconds.
    pub boot_us: i64,
    /// What it says.
    pub said: T,
}

/// A position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// Place; `None` without a fix.
    pub place: Option<LatLon>,
    /// Height above mean sea level, metres.
    pub msl_m: Option<f64>,
    /// Height above the ellipsoid, metres.
    pub ellipsoid_m: Option<f64>,
    /// Standard deviations of place and height, metres.
    pub sigma_m: Option<(f64, f64)>,
    /// Kind of fix, as in MAVLink.
    pub fix_type: Option<u8>,
    /// Satellites used.
    pub satellites: Option<i64>,
    /// Time in UTC, microseconds since 1970.
    pub utc_us: Option<i64>,
}

/// Direction of a gimbal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gimbal {
    /// Pitch and roll against the horizon, heading as `yaw_of_vehicle` says.
    pub attitude: Attitude,
    /// Whether the heading counts from the vehicle's and not from true north.
    pub yaw_of_vehicle: bool,
}

/// Everything a log says of the camera.
#[derive(Debug, Default)]
pub struct Topics {
    pub fused: Vec<At<Position>>,
    pub receiver: Vec<At<Position>>,
    pub sensor: Vec<At<Position>>,
    pub attitudes: Vec<At<Attitude>>,
    pub gimbals: Vec<At<Gimbal>>,
    /// Attitudes against the vehicle.
    pub mounts: Vec<At<Attitude>>,
    /// Height of home above mean sea level, metres.
    pub homes: Vec<At<f64>>,
}

impl Sink for Topics {
    fn wants(&self, topic: &str) -> bool {
        matches!(
            topic,
            "vehicle_global_position"
                | "vehicle_gps_position"
                | "sensor_gps"
                | "vehicle_attitude"
                | "home_position"
                | "gimbal_device_attitude_status"
                | "mount_orientation"
        )
    }

    fn take(&mut self, topic: &str, row: Row<'_>) -> Result<(), String> {
        let time = row.number("timestamp").ok_or_else(|| format!("{topic} has no time stamp"))?;
        let boot_us = time as i64;
        let lacks = |what: &str| format!("{topic} at {boot_us} us has no {what}");
        match topic {
            "vehicle_global_position" => self.fused.push(At { boot_us, said: fused(row) }),
            "vehicle_gps_position" => self.receiver.push(At { boot_us, said: received(row) }),
            "sensor_gps" => self.sensor.push(At { boot_us, said: received(row) }),
            "vehicle_attitude" => {
                let said =
                    row.numbers("q").and_then(attitude_of_quaternion).ok_or_else(|| lacks("rotation"))?;
                self.attitudes.push(At { boot_us, said });
            }
            "home_position" => self.homes.extend(row.number("alt").map(|said| At { boot_us, said })),
            "gimbal_device_attitude_status" => {
                self.gimbals.push(At { boot_us, said: gimbal(row).ok_or_else(|| lacks("rotation"))? });
            }
            "mount_orientation" => {
                let angles = row.numbers("attitude_euler_angle");
                let said = angles.and_then(|[roll, pitch, yaw]| attitude_of_radians(roll, pitch, yaw));
                self.mounts.push(At { boot_us, said: said.ok_or_else(|| lacks("angles"))? });
            }
            _ => {}
        }
        Ok(())
    }
}

/// Newer autopilots say of each part whether it is valid.
fn fused(row: Row<'_>) -> Position {
    let valid = |flag| row.number(flag).is_none_or(|flag| flag > 0.0);
    let place = row.number("lat").zip(row.number("lon")).and_then(|(lat, lon)| fix(lat, lon));
    let height = |name| row.number(name).filter(|_| valid("alt_valid"));
    Position {
        place: place.filter(|_| valid("lat_lon_valid")),
        msl_m: height("alt"),
        ellipsoid_m: height("alt_ellipsoid").filter(|&height| height != 0.0),
        sigma_m: sigma(row),
        fix_type: None,
        satellites: None,
        utc_us: None,
    }
}

/// Degrees and metres since 2023, before that ten millionths and millimetres.
fn received(row: Row<'_>) -> Position {
    let scaled = |new, old, factor| row.number(new).or_else(|| row.number(old).map(|number| number * factor));
    let lat = scaled("latitude_deg", "lat", 1e-7);
    let lon = scaled("longitude_deg", "lon", 1e-7);
    let fix_type = row.number("fix_type").map(|code| code as u8);
    let has = |least| fix_type.is_none_or(|code| code >= least);
    let msl_m = scaled("altitude_msl_m", "alt", 1e-3).filter(|_| has(3));
    let ellipsoid_m = scaled("altitude_ellipsoid_m", "alt_ellipsoid", 1e-3).filter(|_| has(3));
    Position {
        place: lat.zip(lon).and_then(|(lat, lon)| fix(lat, lon)).filter(|_| has(2)),
        msl_m,
        // Receivers and simulators without a geoid leave out one height or write the same twice.
        ellipsoid_m: ellipsoid_m.filter(|&height| height != 0.0 && Some(height) != msl_m),
        sigma_m: sigma(row),
        fix_type,
        satellites: row.number("satellites_used").map(|count| count as i64),
        utc_us: row.number("time_utc_usec").filter(|&us| us >= EARLIEST_UTC_US).map(|us| us as i64),
    }
}

fn sigma(row: Row<'_>) -> Option<(f64, f64)> {
    let stated = |name| row.number(name).filter(|&sigma| sigma > 0.0);
    stated("eph").zip(stated("epv"))
}

fn gimbal(row: Row<'_>) -> Option<Gimbal> {
    let flags = row.number("device_flags").unwrap_or(0.0) as u32;
    let has = |flag| flags & flag != 0;
    Some(Gimbal {
        attitude: attitude_of_quaternion(row.numbers("q")?)?,
        yaw_of_vehicle: has(YAW_IN_VEHICLE_FRAME) || (!has(YAW_IN_EARTH_FRAME) && !has(YAW_LOCK)),
    })
}
