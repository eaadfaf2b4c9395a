//! `camera.toml`: place, direction and lens of a fixed camera.

use gis::camera::{Distortion, HeadingSource, Intrinsics, Pose, PoseSigma, PositionSource};
use gis::{Attitude, EllipsoidHeight, GeoPoint, LatLon};
use pipeline::camera::FrameCamera;
use serde::Deserialize;

/// A fixed camera as its file gives it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CameraFile {
    /// Latitude, degrees, WGS-84.
    pub lat_deg: f64,
    /// Longitude, degrees, WGS-84.
    pub lon_deg: f64,
    /// Height above the WGS-84 ellipsoid, metres.
    pub ellipsoid_height_m: f64,
    /// Direction of the optical axis, clockwise from true north, degrees.
    pub heading_deg: f64,
    /// Angle of the optical axis above the horizontal; -90 looks straight down, degrees.
    pub pitch_deg: f64,
    /// Turn about the optical axis, right side down positive, degrees.
    pub roll_deg: f64,
    /// Standard deviations of heading, pitch and roll, degrees.
    #[serde(default)]
    pub attitude_sigma_deg: Option<[f64; 3]>,
    /// Standard deviations of the place: east, north, up, metres.
    #[serde(default)]
    pub position_sigma_m: Option<[f64; 3]>,
    /// Width of the calibrated picture, pixels.
    pub width_px: f64,
    /// Height of the calibrated picture, pixels.
    pub height_px: f64,
    /// Focal length along the rows, pixels.
    pub fx_px: f64,
    /// Focal length along the columns, pixels.
    pub fy_px: f64,
    /// Principal point from the left edge, pixels.
    pub cx_px: f64,
    /// Principal point from the upper edge, pixels.
    pub cy_px: f64,
    /// Brown distortion, radial, r^2.
    #[serde(default)]
    pub k1: f64,
    /// Radial, r^4.
    #[serde(default)]
    pub k2: f64,
    /// Radial, r^6.
    #[serde(default)]
    pub k3: f64,
    /// Tangential, first.
    #[serde(default)]
    pub p1: f64,
    /// Tangential, second.
    #[serde(default)]
    pub p2: f64,
}

impl CameraFile {
    /// Returns lens and pose.
    ///
    /// # Errors
    /// What cannot be, with the value.
    pub fn camera(&self) -> Result<FrameCamera, String> {
        let intrinsics = Intrinsics {
            width_px: self.width_px,
            height_px: self.height_px,
            fx_px: self.fx_px,
            fy_px: self.fy_px,
            cx_px: self.cx_px,
            cy_px: self.cy_px,
            distortion: Distortion {
                k1: self.k1,
                k2: self.k2,
                k3: self.k3,
                p1: self.p1,
                p2: self.p2,
                ..Distortion::default()
            },
        }
        .validated()
        .map_err(|e| e.to_string())?;
        let lat_lon = LatLon::new(self.lat_deg, self.lon_deg)
            .ok_or_else(|| format!("{} {} is not on the globe", self.lat_deg, self.lon_deg))?;
        let usual = PoseSigma::usual(PositionSource::Surveyed, HeadingSource::Calibrated);
        let sigma = PoseSigma {
            position_enu_m: self.position_sigma_m.unwrap_or(usual.position_enu_m),
            attitude_deg: self.attitude_sigma_deg.unwrap_or(usual.attitude_deg),
            ..usual
        };
        let attitude =
            Attitude { heading_deg: self.heading_deg, pitch_deg: self.pitch_deg, roll_deg: self.roll_deg };
        let point = GeoPoint { lat_lon, height: EllipsoidHeight(self.ellipsoid_height_m) };
        let pose = Pose::from_attitude(point, attitude, sigma);
        if !pose.is_usable() {
            return Err("place, direction and deviations must be finite numbers".to_owned());
        }
        Ok(FrameCamera { intrinsics, pose, ground: None })
    }
}
