//! DJI's `djmd` track: one protocol-buffer message a frame.
//!
//! The numbers of the devices in a frame differ between aircraft; what stays is the shape of the shared messages, so
//! the aircraft is the device whose field 4 is a GPS message, and the gimbal the device behind it.
//!
//! # References
//! DJI Video Metadata Library (`dvtm_library.proto`, 02.00.01): `GpsBasic`, `PositionCoord`, `RelativeAltitude`,
//! `EulerAngle`. Shapes only; no recording was at hand, so the tests use messages made by hand.

use gis::{AboveTakeoffHeight, Attitude, EllipsoidHeight, LatLon};

use super::mp4::TrackSample;
use super::protobuf::{Message, Wire};
use crate::telemetry::record::Record;
use crate::telemetry::sample::fix;

const FRAME: u64 = 3;
const EULER: u64 = 3;
const GPS: u64 = 4;
const RELATIVE_ALTITUDE: u64 = 5;
/// `GpsStatus` of a receiver without a fix.
const INVALID: i64 = 1;
/// `PositionCoordUnit` of degrees; radians are 0 and so not written.
const DEGREES: i64 = 1;

/// Adds the record of one frame, if it places the camera or says where it looks.
///
/// # Errors
/// When the bytes are no message.
pub fn read(bytes: &[u8], track_sample: TrackSample, records: &mut Vec<Record>) -> Result<(), String> {
    let message = Message(bytes);
    if !message.is_whole() {
        return Err("it is no protocol-buffer message".to_owned());
    }
    let Some(frame) = message.message(FRAME) else { return Ok(()) };
    let Some((number, aircraft)) = aircraft(frame) else { return Ok(()) };
    let mut record = Record::default();
    let sample = &mut record.sample;
    sample.elapsed_us = Some(track_sample.start_us);
    if let Some(gps) = aircraft.message(GPS) {
        sample.position = position(gps);
        let height_m = gps.integer(2).map(|millimetres| f64::from(millimetres as i32) / 1000.0);
        // 0: by pressure; 1, 2: fused or RTK, "based on ellipsoidal coordinate".
        match gps.integer(4).unwrap_or(0) {
            1 | 2 => sample.ellipsoid_height = height_m.map(EllipsoidHeight),
            _ => sample.unknown_datum_height_m = height_m,
        }
    }
    let relative = aircraft.message(RELATIVE_ALTITUDE).and_then(|message| message.float(1));
    let relative = relative.filter(|height| height.is_finite());
    sample.above_takeoff = relative.map(|height_mm| AboveTakeoffHeight(f64::from(height_mm) / 1000.0));
    sample.camera_absolute = frame.message(number + 1).and_then(gimbal);
    records.push(record);
    Ok(())
}

/// Returns the device that holds a GPS message, with its number.
fn aircraft(frame: Message<'_>) -> Option<(u64, Message<'_>)> {
    frame.fields().find_map(|(number, wire)| {
        let Wire::Bytes(bytes) = wire else { return None };
        let device = Message(bytes);
        let coordinates = device.message(GPS)?.message(1)?;
        let is_gps = coordinates.double(2).is_some() && coordinates.double(3).is_some();
        is_gps.then_some((number, device))
    })
}

fn position(gps: Message<'_>) -> Option<LatLon> {
    let coordinates = gps.message(1)?;
    let (lat, lon) = (coordinates.double(2)?, coordinates.double(3)?);
    let in_degrees = coordinates.integer(1) == Some(DEGREES);
    let has_fix = gps.integer(3) != Some(INVALID);
    let to_deg = |angle: f64| if in_degrees { angle } else { angle.to_degrees() };
    fix(to_deg(lat), to_deg(lon)).filter(|_| has_fix)
}

/// Tenths of degrees, applied as yaw, roll, pitch: the same as yaw, pitch, roll while the gimbal keeps its roll at 0.
fn gimbal(device: Message<'_>) -> Option<Attitude> {
    let euler = device.message(EULER)?;
    let only_angles = euler.fields().all(|(number, wire)| number <= 3 && matches!(wire, Wire::Varint(_)));
    let angle = |number| f64::from(euler.integer(number).unwrap_or(0) as i32) / 10.0;
    only_angles.then(|| Attitude { heading_deg: angle(3), pitch_deg: angle(1), roll_deg: angle(2) })
}
