//! A sample between two samples.

use gis::camera::{HeadingSource, PositionSource};
use gis::{AboveTakeoffHeight, Attitude, EllipsoidHeight, GeoidHeight, LatLon};
use jiff::Timestamp;
use nalgebra::UnitQuaternion;

use crate::telemetry::Sample;
use crate::telemetry::sample::angles_deg;

/// Returns the sample a part of the way from `earlier` to `later`.
///
/// Place and attitude need both ends: what only one of them tells is absent, since the camera moved in between. What
/// changes seldom (field of view, lens, accuracy) may come from either.
///
/// # Units
/// `part` from 0 (earlier) to 1 (later).
pub fn interpolate(earlier: &Sample, later: &Sample, part: f64) -> Sample {
    let real = |a: Option<f64>, b: Option<f64>| a.zip(b).map(|(a, b)| mix(a, b, part));
    let either = |a: Option<f64>, b: Option<f64>| real(a, b).or(a).or(b);
    let place = |a: Option<LatLon>, b: Option<LatLon>| a.zip(b).and_then(|(a, b)| between(a, b, part));
    let turn = |a: Option<Attitude>, b: Option<Attitude>| a.zip(b).map(|(a, b)| slerp(a, b, part));
    let nearest = if part < 0.5 { earlier } else { later };
    let [c1, c2, c3, c4] = earlier.corners;
    let [d1, d2, d3, d4] = later.corners;
    Sample {
        elapsed_us: whole(earlier.elapsed_us, later.elapsed_us, part),
        time: time(earlier.time, later.time, part),
        local_time: nearest.local_time,
        position: place(earlier.position, later.position),
        ellipsoid_height: real(earlier.ellipsoid_height.map(|h| h.0), later.ellipsoid_height.map(|h| h.0))
            .map(EllipsoidHeight),
        geoid_height: real(earlier.geoid_height.map(|h| h.0), later.geoid_height.map(|h| h.0))
            .map(GeoidHeight),
        above_takeoff: real(earlier.above_takeoff.map(|h| h.0), later.above_takeoff.map(|h| h.0))
            .map(AboveTakeoffHeight),
        unknown_datum_height_m: real(earlier.unknown_datum_height_m, later.unknown_datum_height_m),
        platform: turn(earlier.platform, later.platform),
        camera_relative: turn(earlier.camera_relative, later.camera_relative),
        camera_absolute: turn(earlier.camera_absolute, later.camera_absolute),
        hfov_deg: either(earlier.hfov_deg, later.hfov_deg),
        vfov_deg: either(earlier.vfov_deg, later.vfov_deg),
        focal_length_mm: either(earlier.focal_length_mm, later.focal_length_mm),
        focal_length_35mm_mm: either(earlier.focal_length_35mm_mm, later.focal_length_35mm_mm),
        digital_zoom: either(earlier.digital_zoom, later.digital_zoom),
        lens: nearest.lens.or(earlier.lens).or(later.lens),
        slant_range_m: real(earlier.slant_range_m, later.slant_range_m),
        // A range to a roof and one to the ground beside it have no middle.
        laser_range_m: nearest.laser_range_m,
        frame_center: place(earlier.frame_center, later.frame_center),
        frame_center_elevation: real(
            earlier.frame_center_elevation.map(|h| h.0),
            later.frame_center_elevation.map(|h| h.0),
        )
        .map(GeoidHeight),
        frame_center_ellipsoid_height: real(
            earlier.frame_center_ellipsoid_height.map(|h| h.0),
            later.frame_center_ellipsoid_height.map(|h| h.0),
        )
        .map(EllipsoidHeight),
        corners: [place(c1, d1), place(c2, d2), place(c3, d3), place(c4, d4)],
        position_sigma_m: nearest.position_sigma_m.or(earlier.position_sigma_m).or(later.position_sigma_m),
        position_source: worse(earlier.position_source, later.position_source, position_rank),
        heading_source: worse(earlier.heading_source, later.heading_source, heading_rank),
    }
}

/// Of two instruments the worse; what only one end tells is not known in between.
fn worse<T: Copy>(a: Option<T>, b: Option<T>, rank: impl Fn(T) -> u8) -> Option<T> {
    let (a, b) = a.zip(b)?;
    Some(if rank(a) >= rank(b) { a } else { b })
}

fn position_rank(source: PositionSource) -> u8 {
    match source {
        PositionSource::Surveyed => 0,
        PositionSource::RtkFixed => 1,
        PositionSource::RtkFloat => 2,
        PositionSource::Gnss => 3,
    }
}

fn heading_rank(source: HeadingSource) -> u8 {
    match source {
        HeadingSource::Calibrated => 0,
        HeadingSource::Inertial => 1,
        HeadingSource::DualAntenna => 2,
        HeadingSource::Compass => 3,
    }
}

fn mix(a: f64, b: f64, part: f64) -> f64 {
    a + (b - a) * part
}

fn whole(a: Option<i64>, b: Option<i64>, part: f64) -> Option<i64> {
    let (a, b) = a.zip(b)?;
    Some(a.saturating_add((b.saturating_sub(a) as f64 * part).round() as i64))
}

fn time(a: Option<Timestamp>, b: Option<Timestamp>, part: f64) -> Option<Timestamp> {
    let micros = whole(a.map(Timestamp::as_microsecond), b.map(Timestamp::as_microsecond), part)?;
    Timestamp::from_microsecond(micros).ok()
}

/// Latitude straight, longitude the short way round.
fn between(a: LatLon, b: LatLon, part: f64) -> Option<LatLon> {
    let east = wrap(b.lon_deg - a.lon_deg);
    LatLon::new(mix(a.lat_deg, b.lat_deg, part), wrap(a.lon_deg + east * part))
}

/// Returns the same angle from -180 to 180.
fn wrap(deg: f64) -> f64 {
    if (-180.0..=180.0).contains(&deg) { deg } else { (deg + 180.0).rem_euclid(360.0) - 180.0 }
}

/// Turns evenly from one attitude to the other, by way of the shortest rotation.
///
/// # References
/// Shoemake 1985, "Animating rotation with quaternion curves".
fn slerp(a: Attitude, b: Attitude, part: f64) -> Attitude {
    let (from, to) = (rotation(a), rotation(b));
    // Opposite rotations have no shortest way: the nearer end stands.
    let nearest = if part < 0.5 { from } else { to };
    let turned = from.try_slerp(&to, part, 1e-9).unwrap_or(nearest);
    let (heading_deg, pitch_deg, roll_deg) = angles_deg(turned);
    // The heading keeps the range its ends are written in: 0 to 360 or -180 to 180.
    let is_compass = a.heading_deg >= 0.0 && b.heading_deg >= 0.0;
    let heading_deg = if is_compass { heading_deg.rem_euclid(360.0) } else { heading_deg };
    Attitude { heading_deg, pitch_deg, roll_deg }
}

/// Aerospace yaw, pitch, roll.
fn rotation(attitude: Attitude) -> UnitQuaternion<f64> {
    UnitQuaternion::from_euler_angles(
        attitude.roll_deg.to_radians(),
        attitude.pitch_deg.to_radians(),
        attitude.heading_deg.to_radians(),
    )
}
