//! One telemetry sample, in the units of its keys; absent is `None`.

use jiff::Timestamp;

use gis::{AboveTakeoffHeight, Attitude, EllipsoidHeight, GeoidHeight, LatLon};

/// One sample of telemetry.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sample {
    /// Time since the first frame of the video, when the carrier tells it, microseconds.
    pub elapsed_us: Option<i64>,
    /// The sensor's own clock.
    pub time: Option<Timestamp>,
    /// Horizontal position of the camera.
    pub position: Option<LatLon>,
    /// Height above the ellipsoid.
    pub ellipsoid_height: Option<EllipsoidHeight>,
    /// Height above mean sea level.
    pub geoid_height: Option<GeoidHeight>,
    /// Height above take-off.
    pub above_takeoff: Option<AboveTakeoffHeight>,
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
    /// Distance to the ground along the optical axis, metres.
    pub slant_range_m: Option<f64>,
    /// Recorded ground position of the picture's centre.
    pub frame_center: Option<LatLon>,
    /// Recorded height above mean sea level of the picture's centre, metres.
    pub frame_center_elevation: Option<GeoidHeight>,
    /// Recorded ground positions of the corners: upper left, upper right, lower right, lower left.
    pub corners: [Option<LatLon>; 4],
    /// One standard deviation of east, north, up position where stated, metres.
    pub position_sigma_m: Option<[f64; 3]>,
}
