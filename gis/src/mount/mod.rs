//! Constant errors of an aircraft's camera, found from landmarks that were marked in its pictures.
//!
//! Unknown are five biases and the places of the landmarks; known are the recorded poses with their standard deviations and, where
//! there are any, surveyed places and the height of the ground. Known as bundle adjustment with the poses held to their records.
//!
//! | supported | not |
//! |---|---|
//! | one bias of heading, pitch, roll, height and clock for all pictures | errors that change from picture to picture: they are noise of the stated size |
//! | landmarks with known, unknown and terrain-bound places | a lens that is not known |
//!
//! The solver is a damped Gauss-Newton of our own: crate `levenberg-marquardt` 0.15 is built on another version of nalgebra, and marks
//! of one picture share the error of its pose, which it would have to be told by whitening anyway.

pub mod clock;
mod model;
mod normal;
mod solve;
mod start;

use nalgebra::{Rotation3, Vector3};
use serde::{Deserialize, Serialize};

use crate::camera::{Intrinsics, Pose};
use crate::height::EllipsoidHeight;
use crate::position::GeoPoint;

pub use solve::{Estimate, MountError, PlacedLandmark, Solution, solve};

/// What to add to what an aircraft says of its camera.
///
/// The recorded camera is turned about the vertical by `heading_deg` (clockwise from above), then about its own axes: upwards by
/// `pitch_deg`, right side down by `roll_deg`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MountBias {
    /// Heading, degrees.
    pub heading_deg: f64,
    /// Pitch, degrees.
    pub pitch_deg: f64,
    /// Roll, degrees.
    pub roll_deg: f64,
    /// Height, metres.
    pub height_m: f64,
    /// A frame at time t shows what the telemetry of time t plus this says, seconds.
    pub time_offset_secs: f64,
}

impl MountBias {
    /// Returns the pose with the biases added, but for the clock: who looks poses up does that.
    #[must_use]
    pub fn applied(&self, pose: &Pose) -> Pose {
        let [heading, pitch, roll] = [self.heading_deg, self.pitch_deg, self.roll_deg].map(f64::to_radians);
        let mut point = pose.point;
        point.height = EllipsoidHeight(point.height.0 + self.height_m);
        let enu_from_camera = biased(&pose.enu_from_camera, heading, pitch, roll);
        Pose { point, enu_from_camera, ..*pose }
    }

    /// Returns true if every number is finite.
    pub fn is_usable(&self) -> bool {
        Part::ALL.iter().all(|part| self.get(*part).is_finite())
    }

    /// Returns one bias.
    pub fn get(&self, part: Part) -> f64 {
        match part {
            Part::Heading => self.heading_deg,
            Part::Pitch => self.pitch_deg,
            Part::Roll => self.roll_deg,
            Part::Height => self.height_m,
            Part::TimeOffset => self.time_offset_secs,
        }
    }

    /// Sets one bias.
    pub fn set(&mut self, part: Part, value: f64) {
        match part {
            Part::Heading => self.heading_deg = value,
            Part::Pitch => self.pitch_deg = value,
            Part::Roll => self.roll_deg = value,
            Part::Height => self.height_m = value,
            Part::TimeOffset => self.time_offset_secs = value,
        }
    }
}

/// Turns a recorded camera by biases in radians.
fn biased(recorded: &Rotation3<f64>, heading: f64, pitch: f64, roll: f64) -> Rotation3<f64> {
    let about_vertical = Rotation3::from_axis_angle(&-Vector3::z_axis(), heading);
    let upwards = Rotation3::from_axis_angle(&Vector3::x_axis(), pitch);
    let right_down = Rotation3::from_axis_angle(&Vector3::z_axis(), roll);
    about_vertical * recorded * upwards * right_down
}

/// One of the five biases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Part {
    /// Heading, degrees.
    #[serde(rename = "heading_deg")]
    Heading,
    /// Pitch, degrees.
    #[serde(rename = "pitch_deg")]
    Pitch,
    /// Roll, degrees.
    #[serde(rename = "roll_deg")]
    Roll,
    /// Height, metres.
    #[serde(rename = "height_m")]
    Height,
    /// Clock of the telemetry against that of the video, seconds.
    #[serde(rename = "time_offset_secs")]
    TimeOffset,
}

impl Part {
    /// All of them, in the order of the solver.
    pub const ALL: [Self; 5] = [Self::Heading, Self::Pitch, Self::Roll, Self::Height, Self::TimeOffset];

    /// Returns its name and unit as the keys of [`MountBias`] have them.
    pub fn key(self) -> &'static str {
        match self {
            Self::Heading => "heading_deg",
            Self::Pitch => "pitch_deg",
            Self::Roll => "roll_deg",
            Self::Height => "height_m",
            Self::TimeOffset => "time_offset_secs",
        }
    }
}

/// How a camera moved when a picture was taken.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Motion {
    /// Velocity in east, north, up, metres a second.
    pub velocity_enu_m_s: Vector3<f64>,
    /// Rotation rate in east, north, up, radians a second.
    pub turn_enu_rad_s: Vector3<f64>,
}

/// One picture with its recorded camera.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shot {
    /// Lens.
    pub intrinsics: Intrinsics,
    /// Recorded pose; its standard deviations are those of its noise, without the biases looked for.
    pub pose: Pose,
    /// Motion; without it the picture says nothing of the clock.
    pub motion: Option<Motion>,
}

/// A landmark marked in a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mark {
    /// Index of the picture.
    pub shot: usize,
    /// Index of the landmark.
    pub landmark: usize,
    /// Place as (u, v), pixels; (0, 0) is the outer corner of the top-left pixel.
    pub at_px: (f64, f64),
}

/// What is known of a landmark's place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Landmark {
    /// Surveyed.
    Known {
        /// Place.
        point: GeoPoint,
        /// Standard deviations of east, north, up, metres.
        sigma_enu_m: [f64; 3],
    },
    /// Nothing, but that it lies on the ground where terrain is given.
    Unknown,
}

/// How the biases are looked for.
#[derive(Debug, Clone, PartialEq)]
pub struct MountConfig {
    /// Biases to look for.
    pub parts: Vec<Part>,
    /// One standard deviation of a mark, pixels.
    pub mark_sigma_px: f64,
}

impl Default for MountConfig {
    fn default() -> Self {
        Self { parts: Part::ALL.to_vec(), mark_sigma_px: 2.0 }
    }
}
