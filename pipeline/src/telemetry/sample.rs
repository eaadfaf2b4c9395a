//! One telemetry sample, in the units of its keys; absent is `None`.

use jiff::Timestamp;
use jiff::civil::DateTime;

use gis::{AboveTakeoffHeight, Attitude, EllipsoidHeight, GeoidHeight, LatLon};

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
