//! What an aircraft and its camera can do, from `configs/aircraft/*.toml`.

use gis::Intrinsics;
use serde::Deserialize;

/// An aircraft with one camera that looks down.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aircraft {
    /// Short name, as in plans.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// The camera.
    pub camera: Camera,
    /// How it flies.
    pub flight: Flight,
    /// Its numbers in DJI's documents; not of DJI when absent.
    pub dji: Option<DjiModel>,
}

/// A camera: size of picture and lens, and how fast it is.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Camera {
    /// Width of the picture, across the flight.
    pub width_px: f64,
    /// Height of the picture, along the flight.
    pub height_px: f64,
    /// Width of the sensor behind those pixels.
    pub sensor_width_mm: f64,
    /// Focal length, as it is (no 35 mm equivalent).
    pub focal_mm: f64,
    /// Longest exposure that is counted on.
    pub exposure_secs: f64,
    /// Least time between two pictures.
    pub interval_secs: f64,
}

/// Speeds and endurance.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flight {
    /// Usual speed over ground in a survey.
    pub speed_mps: f64,
    /// Highest speed through the air.
    pub most_speed_mps: f64,
    /// Speed upwards.
    pub climb_mps: f64,
    /// Speed downwards.
    pub descend_mps: f64,
    /// How fast it brakes and speeds up.
    pub acceleration_mps2: f64,
    /// Time in the air of a full battery in calm air.
    pub endurance_min: f64,
    /// Share of that time that must be left at landing.
    pub reserve_share: f64,
    /// Wind up to which it flies.
    pub most_wind_mps: f64,
    /// Farthest from home.
    pub most_range_m: f64,
    /// Time on the ground from landing empty to take-off.
    pub charge_min: f64,
    /// Height above ground that it must not pass.
    #[serde(default = "usual_ceiling_m")]
    pub ceiling_m: f64,
}

/// Height above ground up to which light and small aircraft need no permission in China: interim regulation on the flight of unmanned
/// aircraft (2024), article 19.
pub const CEILING_M: f64 = 120.0;

fn usual_ceiling_m() -> f64 {
    CEILING_M
}

/// The enumerations of DJI's Cloud API, product support.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DjiModel {
    /// `droneEnumValue`.
    pub drone: u32,
    /// `droneSubEnumValue`.
    pub drone_sub: u32,
    /// `payloadEnumValue`.
    pub payload: u32,
    /// `payloadSubEnumValue`.
    pub payload_sub: u32,
    /// `payloadPositionIndex`.
    pub position: u32,
    /// Which of its lenses stores pictures: wide, zoom, ir or visible.
    pub lens: String,
}

/// Why a profile cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AircraftError {
    /// It is no TOML, or a field is missing or unknown.
    #[error("not an aircraft profile: {0}")]
    NotRead(String),
    /// A number is out of range.
    #[error("{key} is {value}, but must be {must}")]
    OutOfRange {
        /// Key path.
        key: &'static str,
        /// What it says.
        value: f64,
        /// What it may say.
        must: &'static str,
    },
}

impl Aircraft {
    /// Reads and checks a profile.
    ///
    /// # Errors
    /// When it is no profile, or a number is out of range.
    pub fn from_toml(text: &str) -> Result<Self, AircraftError> {
        let aircraft: Self =
            toml::from_str(text).map_err(|error| AircraftError::NotRead(error.to_string()))?;
        aircraft.check()?;
        Ok(aircraft)
    }

    fn check(&self) -> Result<(), AircraftError> {
        let (camera, flight) = (&self.camera, &self.flight);
        let above_zero = [
            ("camera.width_px", camera.width_px),
            ("camera.height_px", camera.height_px),
            ("camera.sensor_width_mm", camera.sensor_width_mm),
            ("camera.focal_mm", camera.focal_mm),
            ("camera.exposure_secs", camera.exposure_secs),
            ("camera.interval_secs", camera.interval_secs),
            ("flight.speed_mps", flight.speed_mps),
            ("flight.most_speed_mps", flight.most_speed_mps),
            ("flight.climb_mps", flight.climb_mps),
            ("flight.descend_mps", flight.descend_mps),
            ("flight.acceleration_mps2", flight.acceleration_mps2),
            ("flight.endurance_min", flight.endurance_min),
            ("flight.most_wind_mps", flight.most_wind_mps),
            ("flight.most_range_m", flight.most_range_m),
            ("flight.charge_min", flight.charge_min),
            ("flight.ceiling_m", flight.ceiling_m),
        ];
        for (key, value) in above_zero {
            if !(value > 0.0 && value < 1e9) {
                return Err(AircraftError::OutOfRange { key, value, must: "above zero" });
            }
        }
        if !(0.0..0.9).contains(&flight.reserve_share) {
            let (key, value) = ("flight.reserve_share", flight.reserve_share);
            return Err(AircraftError::OutOfRange { key, value, must: "at least 0 and less than 0.9" });
        }
        if flight.speed_mps > flight.most_speed_mps {
            let (key, value) = ("flight.speed_mps", flight.speed_mps);
            return Err(AircraftError::OutOfRange { key, value, must: "at most flight.most_speed_mps" });
        }
        Ok(())
    }

    /// Returns the time in the air that may be used, seconds: the endurance less the reserve.
    pub fn usable_secs(&self) -> f64 {
        self.flight.endurance_min * 60.0 * (1.0 - self.flight.reserve_share)
    }
}

impl Camera {
    /// Returns the camera of georeferencing.
    pub fn intrinsics(&self) -> Option<Intrinsics> {
        Intrinsics::from_focal(self.width_px, self.height_px, self.focal_mm, self.sensor_width_mm).ok()
    }

    /// Returns the focal length in pixels.
    pub fn focal_px(&self) -> f64 {
        self.focal_mm / self.sensor_width_mm * self.width_px
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_with_a_number_out_of_range_is_refused_by_its_key() {
        let text = include_str!("../../configs/aircraft/m3td.toml");
        let slow = text.replace("most_speed_mps = 21.0", "most_speed_mps = 2.0");
        let error = Aircraft::from_toml(&slow).unwrap_err();
        assert!(error.to_string().contains("flight.speed_mps is 12"), "{error}");
        let nan = text.replace("focal_mm = 6.72", "focal_mm = nan");
        assert!(Aircraft::from_toml(&nan).unwrap_err().to_string().contains("camera.focal_mm is NaN"));
        assert!(Aircraft::from_toml("id = 3").is_err());
        assert!((Aircraft::from_toml(text).unwrap().flight.ceiling_m - CEILING_M).abs() < 1e-9);
        let permitted = text.replace("charge_min", "ceiling_m = 300.0\ncharge_min");
        assert!((Aircraft::from_toml(&permitted).unwrap().flight.ceiling_m - 300.0).abs() < 1e-9);
        let below = permitted.replace("300.0", "-1.0");
        assert!(Aircraft::from_toml(&below).unwrap_err().to_string().contains("flight.ceiling_m is -1"));
    }

    #[test]
    fn the_lens_is_the_same_as_in_georeferencing() {
        let aircraft = Aircraft::from_toml(include_str!("../../configs/aircraft/m3td.toml")).unwrap();
        let lens = aircraft.camera.intrinsics().unwrap();
        assert!((lens.fx_px - aircraft.camera.focal_px()).abs() < 1e-9);
        // 82 degrees across the diagonal is what the maker states.
        let diagonal_px = aircraft.camera.width_px.hypot(aircraft.camera.height_px);
        let fov_deg = 2.0 * (diagonal_px / 2.0 / lens.fx_px).atan().to_degrees();
        assert!((fov_deg - 82.0).abs() < 3.0, "{fov_deg}");
    }
}
