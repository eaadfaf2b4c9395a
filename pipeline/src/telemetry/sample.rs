//! One telemetry sample, in the units of its keys; absent is `None`.

use jiff::Timestamp;
use jiff::civil::DateTime;
use nalgebra::{Quaternion, Rotation3, UnitQuaternion, Vector3};

use gis::camera::{HeadingSource, PositionSource};
use gis::{AboveTakeoffHeight, Attitude, EllipsoidHeight, GeoidHeight, LatLon};

/// Radians from straight up or down within which heading and roll cannot be told apart in double precision.
const VERTICAL_WITHIN: f64 = 1e-6;
/// How far the length of a quaternion may be from 1: single precision and some rounding.
const UNIT_WITHIN: f64 = 1e-3;

/// One sample of telemetry.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sample {
    /// Time since the first frame of the video, when the carrier tells it, microseconds.
    pub elapsed_us: Option<i64>,
    /// The sensor's own clock.
    pub time: Option<Timestamp>,
    /// Wall clock of the recorder without its zone: for show, never to join by.
    pub local_time: Option<DateTime>,
    /// Horizontal position of the camera.
    pub position: Option<LatLon>,
    /// Height above the ellipsoid.
    pub ellipsoid_height: Option<EllipsoidHeight>,
    /// Height above mean sea level.
    pub geoid_height: Option<GeoidHeight>,
    /// Height above take-off.
    pub above_takeoff: Option<AboveTakeoffHeight>,
    /// Height whose datum the recorder does not state, metres. Never mixed with the three above.
    pub unknown_datum_height_m: Option<f64>,
    /// Attitude of the platform.
    pub platform: Option<Attitude>,
    /// Attitude of the camera relative to the platform (azimuth, elevation, roll).
    pub camera_relative: Option<Attitude>,
    /// Attitude of the camera against the horizon and true north.
    pub camera_absolute: Option<Attitude>,
    /// Horizontal field of view, degrees.
    pub hfov_deg: Option<f64>,
    /// Vertical field of view, degrees.
    pub vfov_deg: Option<f64>,
    /// Focal length of the lens, millimetres.
    pub focal_length_mm: Option<f64>,
    /// Focal length that would give the same diagonal field of view on 36 mm x 24 mm, millimetres.
    pub focal_length_35mm_mm: Option<f64>,
    /// Digital zoom on top of the lens: 1 is none.
    pub digital_zoom: Option<f64>,
    /// Calibration of the lens, as the recorder states it.
    pub lens: Option<RecordedLens>,
    /// Distance to the ground along the optical axis, metres.
    pub slant_range_m: Option<f64>,
    /// The same as a range finder measured it, and not as a computer worked it out.
    pub laser_range_m: Option<f64>,
    /// Recorded ground position of the picture's centre.
    pub frame_center: Option<LatLon>,
    /// Recorded height above mean sea level of the picture's centre, metres.
    pub frame_center_elevation: Option<GeoidHeight>,
    /// Recorded height above the ellipsoid of the picture's centre, metres.
    pub frame_center_ellipsoid_height: Option<EllipsoidHeight>,
    /// Recorded ground positions of the corners: upper left, upper right, lower right, lower left.
    pub corners: [Option<LatLon>; 4],
    /// One standard deviation of east, north, up position where stated, metres.
    pub position_sigma_m: Option<[f64; 3]>,
    /// Where the position comes from, where the instruments say so.
    pub position_source: Option<PositionSource>,
    /// Where the heading comes from, where the airframe is known.
    pub heading_source: Option<HeadingSource>,
}

impl Sample {
    /// Says whether the sample places the camera: horizontal position and any height.
    pub fn has_place(&self) -> bool {
        let has_height = self.ellipsoid_height.is_some()
            || self.geoid_height.is_some()
            || self.above_takeoff.is_some()
            || self.unknown_datum_height_m.is_some();
        self.position.is_some() && has_height
    }

    /// Returns the rotation from the camera into east, north, up, where the sample tells it.
    pub fn enu_from_camera(&self) -> Option<Rotation3<f64>> {
        match (self.camera_absolute, self.platform, self.camera_relative) {
            (Some(camera), _, _) => Some(camera.enu_from_camera()),
            (None, Some(platform), Some(camera)) => Some(platform.enu_from_mounted_camera(&camera)),
            _ => None,
        }
    }

    /// Says whether the sample tells where the camera looks.
    pub fn has_camera_attitude(&self) -> bool {
        self.camera_absolute.is_some() || (self.platform.is_some() && self.camera_relative.is_some())
    }
}

/// Brown calibration of a lens as written beside a picture (DJI `DewarpData`).
///
/// # Units
/// Focal lengths and the offset of the principal point from the picture's centre in pixels of the full picture,
/// x right, y down; the coefficients on coordinates divided by the focal length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RecordedLens {
    /// Width and height of the full picture; `None` where the recorder does not tell them.
    pub full_px: Option<[f64; 2]>,
    /// Focal length along x.
    pub fx_px: f64,
    /// Focal length along y.
    pub fy_px: f64,
    /// Principal point right of the picture's centre.
    pub cx_offset_px: f64,
    /// Principal point below the picture's centre.
    pub cy_offset_px: f64,
    /// Radial coefficients k1, k2, k3.
    pub radial: [f64; 3],
    /// Tangential coefficients p1, p2.
    pub tangential: [f64; 2],
}

/// Returns the position, or `None` where it is off the globe or 0/0: what a receiver without a fix reports.
pub fn fix(lat_deg: f64, lon_deg: f64) -> Option<LatLon> {
    let no_fix = lat_deg == 0.0 && lon_deg == 0.0;
    if no_fix { None } else { LatLon::new(lat_deg, lon_deg) }
}

/// Returns the attitude of a rotation written as a quaternion, or `None` unless it is one.
///
/// # Units
/// `w, x, y, z` from the turned body (forward, right, down) into north, east, down.
pub fn attitude_of_quaternion([w, x, y, z]: [f64; 4]) -> Option<Attitude> {
    let quaternion = Quaternion::new(w, x, y, z);
    let is_turn = (quaternion.norm() - 1.0).abs() < UNIT_WITHIN;
    is_turn.then(|| attitude_of(UnitQuaternion::from_quaternion(quaternion)))
}

/// Returns the attitude of roll, pitch and yaw in radians, with the heading from 0 to 360; `None` unless all are finite.
pub fn attitude_of_radians(roll: f64, pitch: f64, yaw: f64) -> Option<Attitude> {
    let finite = [roll, pitch, yaw].iter().all(|angle| angle.is_finite());
    finite.then(|| Attitude {
        heading_deg: yaw.to_degrees().rem_euclid(360.0),
        pitch_deg: pitch.to_degrees(),
        roll_deg: roll.to_degrees(),
    })
}

fn attitude_of(turn: UnitQuaternion<f64>) -> Attitude {
    let (heading_deg, pitch_deg, roll_deg) = angles_deg(turn);
    Attitude { heading_deg: heading_deg.rem_euclid(360.0), pitch_deg, roll_deg }
}

/// Returns heading, pitch, roll. Straight up or down, where heading and roll turn about one axis, the roll is 0.
pub(crate) fn angles_deg(turn: UnitQuaternion<f64>) -> (f64, f64, f64) {
    let turned = turn.to_rotation_matrix();
    let [x, y, z] = [Vector3::x(), Vector3::y(), Vector3::z()].map(|axis| turned * axis);
    let pitch = f64::atan2(-x.z, x.x.hypot(x.y));
    let (heading, roll) = if x.x.hypot(x.y) < VERTICAL_WITHIN {
        (f64::atan2(-y.x, y.y), 0.0)
    } else {
        (f64::atan2(x.y, x.x), f64::atan2(y.z, z.z))
    };
    (heading.to_degrees(), pitch.to_degrees(), roll.to_degrees())
}
