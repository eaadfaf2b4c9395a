//! `camera.toml`: lens, place and direction of a camera; the lens alone for one whose pose comes from elsewhere.

use gis::camera::{
    CALIBRATED, CalibrationCovariance, Distortion, HeadingSource, Intrinsics, Pose, PoseSigma,
    PositionSource, Projection, Readout,
};
use gis::{Attitude, EllipsoidHeight, GeoPoint, LatLon};
use pipeline::camera::FrameCamera;
use serde::{Deserialize, Serialize};

use super::ptz::PtzFile;

/// A camera as its file gives it.
///
/// The lens is given by `fx_px` and `fy_px`, by `hfov_deg`, by `focal_mm` with `sensor_width_mm`, or by `focal_35mm_mm`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct CameraFile {
    /// Latitude, degrees, WGS-84.
    pub lat_deg: Option<f64>,
    /// Longitude, degrees, WGS-84.
    pub lon_deg: Option<f64>,
    /// Height above the WGS-84 ellipsoid, metres.
    pub ellipsoid_height_m: Option<f64>,
    /// Place in a local metric frame instead: x, y, z, metres. Such a camera cannot place anything on the earth.
    pub local_xyz_m: Option<[f64; 3]>,
    /// Direction of the optical axis, clockwise from true north (from y in a local frame), degrees.
    pub heading_deg: Option<f64>,
    /// Angle of the optical axis above the horizontal; -90 looks straight down, degrees.
    pub pitch_deg: Option<f64>,
    /// Turn about the optical axis, right side down positive, degrees.
    pub roll_deg: Option<f64>,
    /// Standard deviations of heading, pitch and roll, degrees.
    pub attitude_sigma_deg: Option<[f64; 3]>,
    /// Standard deviations of the place: east, north, up, metres.
    pub position_sigma_m: Option<[f64; 3]>,
    /// Width of the calibrated picture, pixels.
    pub width_px: f64,
    /// Height of the calibrated picture, pixels.
    pub height_px: f64,
    /// Focal length along the rows, pixels.
    pub fx_px: Option<f64>,
    /// Focal length along the columns, pixels; as along the rows when absent.
    pub fy_px: Option<f64>,
    /// Horizontal field of view, degrees.
    pub hfov_deg: Option<f64>,
    /// Focal length, millimetres.
    pub focal_mm: Option<f64>,
    /// Width of the sensor, millimetres.
    pub sensor_width_mm: Option<f64>,
    /// Focal length for the diagonal of 36 mm x 24 mm, millimetres.
    pub focal_35mm_mm: Option<f64>,
    /// Digital zoom about the picture's middle, on top of the lens.
    pub digital_zoom: Option<f64>,
    /// Principal point from the left edge, pixels; the middle when absent.
    pub cx_px: Option<f64>,
    /// Principal point from the upper edge, pixels; the middle when absent.
    pub cy_px: Option<f64>,
    /// How the lens maps directions.
    pub projection: Projection,
    /// Distortion, radial, r^2.
    pub k1: f64,
    /// Radial, r^4.
    pub k2: f64,
    /// Radial, r^6.
    pub k3: f64,
    /// Radial, r^2 of the denominator; fourth coefficient of a fisheye.
    pub k4: f64,
    /// Radial, r^4 of the denominator.
    pub k5: f64,
    /// Radial, r^6 of the denominator.
    pub k6: f64,
    /// Tangential, first.
    pub p1: f64,
    /// Tangential, second.
    pub p2: f64,
    /// Time from the first row of a picture to the last, seconds; counts where the camera moves.
    pub readout_secs: Option<f64>,
    /// Names of the calibrated parameters, in the order of `covariance`.
    pub covariance_of: Vec<String>,
    /// Covariance of those parameters, row by row, in their units squared.
    pub covariance: Vec<Vec<f64>>,
    /// A head that pans, tilts and zooms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ptz: Option<PtzFile>,
}

impl CameraFile {
    /// Reads a file's text.
    ///
    /// # Errors
    /// What is no TOML of a camera, with its place.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string().trim().replace('\n', " "))
    }

    /// Returns the lens.
    ///
    /// # Errors
    /// What is missing or cannot be, with the value.
    pub fn lens(&self) -> Result<Intrinsics, String> {
        let (width_px, height_px) = (self.width_px, self.height_px);
        let plain = match (self.fx_px, self.hfov_deg, self.focal_mm, self.focal_35mm_mm) {
            (Some(fx_px), ..) => Intrinsics::centred(width_px, height_px, fx_px),
            (_, Some(hfov_deg), ..) => Intrinsics::from_fov(width_px, height_px, hfov_deg, None),
            (_, _, Some(focal_mm), _) => {
                let sensor_width_mm =
                    self.sensor_width_mm.ok_or("sensor_width_mm is missing beside focal_mm")?;
                Intrinsics::from_focal(width_px, height_px, focal_mm, sensor_width_mm)
            }
            (_, _, _, Some(equivalent_mm)) => Intrinsics::from_focal_35mm(width_px, height_px, equivalent_mm),
            _ => return Err("no focal length: give fx_px, hfov_deg, focal_mm or focal_35mm_mm".to_owned()),
        }
        .map_err(|e| e.to_string())?;
        let lens = Intrinsics {
            fy_px: self.fy_px.unwrap_or(plain.fy_px),
            cx_px: self.cx_px.unwrap_or(plain.cx_px),
            cy_px: self.cy_px.unwrap_or(plain.cy_px),
            projection: self.projection,
            distortion: self.distortion(),
            ..plain
        }
        .validated();
        let zoomed = lens.and_then(|lens| self.digital_zoom.map_or(Ok(lens), |zoom| lens.zoomed(zoom)));
        zoomed.map_err(|e| e.to_string())
    }

    fn distortion(&self) -> Distortion {
        Distortion {
            k1: self.k1,
            k2: self.k2,
            k3: self.k3,
            k4: self.k4,
            k5: self.k5,
            k6: self.k6,
            p1: self.p1,
            p2: self.p2,
        }
    }

    /// Returns how long a picture is read, where that is stated.
    ///
    /// # Errors
    /// When no shutter is so slow.
    pub fn readout(&self) -> Result<Option<Readout>, String> {
        super::aircraft::readout(self.readout_secs)
    }

    /// Returns true if the file says where the camera stands or looks, and so is of a fixed one.
    pub fn has_pose(&self) -> bool {
        self.lat_deg.is_some() || self.heading_deg.is_some() || self.local_xyz_m.is_some()
    }

    /// Returns lens and pose of a fixed camera.
    ///
    /// # Errors
    /// What is missing or cannot be, with the value.
    pub fn camera(&self) -> Result<FrameCamera, String> {
        let intrinsics = self.lens()?;
        if self.local_xyz_m.is_some() {
            return Err(
                "local_xyz_m is a place in a local frame, which cannot be put on the earth".to_owned()
            );
        }
        let need = |name: &str, value: Option<f64>| value.ok_or_else(|| format!("{name} is missing"));
        let (lat_deg, lon_deg) = (need("lat_deg", self.lat_deg)?, need("lon_deg", self.lon_deg)?);
        let lat_lon = LatLon::new(lat_deg, lon_deg)
            .ok_or_else(|| format!("lat_deg {lat_deg} and lon_deg {lon_deg} are not on the globe"))?;
        let height = EllipsoidHeight(need("ellipsoid_height_m", self.ellipsoid_height_m)?);
        let attitude = Attitude {
            heading_deg: need("heading_deg", self.heading_deg)?,
            pitch_deg: need("pitch_deg", self.pitch_deg)?,
            roll_deg: need("roll_deg", self.roll_deg)?,
        };
        let sigma = PoseSigma { calibrated: self.joint()?, ..self.sigma() };
        let pose = Pose::from_attitude(GeoPoint { lat_lon, height }, attitude, sigma);
        if !pose.is_usable() {
            return Err("place, direction and deviations must be finite numbers".to_owned());
        }
        Ok(FrameCamera::still(intrinsics, pose))
    }

    /// The joint covariance, with zeros for what was not searched.
    fn joint(&self) -> Result<Option<CalibrationCovariance>, String> {
        let size = self.covariance_of.len();
        if size == 0 && self.covariance.is_empty() {
            return Ok(None);
        }
        if self.covariance.len() != size || self.covariance.iter().any(|row| row.len() != size) {
            return Err(format!("covariance is not {size} x {size}, as covariance_of has {size} names"));
        }
        let place = |name: &String| CALIBRATED.iter().position(|known| known == name);
        let mut joint = CalibrationCovariance::zeros();
        for (row, row_name) in self.covariance.iter().zip(&self.covariance_of) {
            let i = place(row_name)
                .ok_or_else(|| format!("covariance_of names {row_name:?}, known are {CALIBRATED:?}"))?;
            for (value, column_name) in row.iter().zip(&self.covariance_of) {
                if let Some(j) = place(column_name) {
                    joint[(i, j)] = *value;
                }
            }
        }
        let least = joint.symmetric_eigenvalues().min();
        if least.is_nan() || least < -1e-6 * joint.trace() {
            return Err("covariance is not one: it has a negative direction".to_owned());
        }
        Ok(Some(joint))
    }

    fn sigma(&self) -> PoseSigma {
        let usual = PoseSigma::usual(PositionSource::Surveyed, HeadingSource::Calibrated);
        PoseSigma {
            position_enu_m: self.position_sigma_m.unwrap_or(usual.position_enu_m),
            attitude_deg: self.attitude_sigma_deg.unwrap_or(usual.attitude_deg),
            ..usual
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lens(text: &str) -> Result<Intrinsics, String> {
        CameraFile::parse(&format!("width_px = 1920.0\nheight_px = 1080.0\n{text}")).unwrap().lens()
    }

    #[test]
    fn a_lens_is_known_by_any_of_its_descriptions() {
        let by_focal = lens("focal_mm = 4.0\nsensor_width_mm = 5.12").unwrap();
        assert!((by_focal.fx_px - 1500.0).abs() < 1e-9);
        assert!((lens("hfov_deg = 90.0").unwrap().fx_px - 960.0).abs() < 1e-9);
        assert!((lens("fx_px = 700.0\ndigital_zoom = 2.0").unwrap().fx_px - 1400.0).abs() < 1e-9);
        assert_eq!(lens("fx_px = 700.0\nprojection = 'fisheye'").unwrap().projection, Projection::Fisheye);
    }

    #[test]
    fn what_is_missing_or_impossible_is_named() {
        assert!(lens("").unwrap_err().contains("no focal length"));
        assert!(lens("focal_mm = 4.0").unwrap_err().contains("sensor_width_mm is missing"));
        assert_eq!(lens("fx_px = 0.0").unwrap_err(), "camera fx_px is 0, expected a finite number above 0");
        let fixed = CameraFile { width_px: 10.0, height_px: 10.0, fx_px: Some(9.0), ..CameraFile::default() };
        assert_eq!(fixed.camera().unwrap_err(), "lat_deg is missing");
        assert!(CameraFile::parse("wdith_px = 3").unwrap_err().contains("wdith_px"));
    }
}
