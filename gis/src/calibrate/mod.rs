//! A fixed camera out of points whose pixel and place are known: pose, lens if asked for, and how well both are known.
//!
//! Coordinates are metres in a Cartesian frame with z up: local east, north, up, or any local grid. The search starts from
//! poses the caller proposes (as OpenCV's SQPNP gives them) and ends at the least robust sum of squares in the picture.

mod error;
mod leave_out;
mod solve;
mod verdict;

use nalgebra::{DMatrix, Rotation3, Vector3};

use crate::camera::{Attitude, Intrinsics};

pub use error::CalibrateError;
pub use leave_out::{LeftOut, leave_one_out};
pub use solve::calibrate;
pub use verdict::{Swap, ground_error_m, swapped_axes};

/// A point with its place in the picture and in the world.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Name, for messages.
    pub name: String,
    /// Right of the picture's left edge, below its upper edge, pixels.
    pub pixel: [f64; 2],
    /// Place, metres: x, y, z with z up.
    pub point: Vector3<f64>,
}

/// What of the lens is searched beside the pose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Free {
    /// Nothing: the lens is known.
    Nothing,
    /// The focal length.
    Focal,
    /// Focal length, principal point and the first two radial coefficients, held near the start where points do not tell.
    Lens,
}

/// Lens and pose in the frame of the marks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlacedCamera {
    /// Lens.
    pub intrinsics: Intrinsics,
    /// Centre of projection, metres.
    pub centre: Vector3<f64>,
    /// Rotation from the camera (x right, y down, z forward) into the frame.
    pub frame_from_camera: Rotation3<f64>,
}

impl PlacedCamera {
    /// Returns the pixel of a point, inside the picture or not; `None` behind the camera.
    pub fn project(&self, point: &Vector3<f64>) -> Option<[f64; 2]> {
        let in_camera = self.frame_from_camera.inverse_transform_vector(&(point - self.centre));
        self.intrinsics.project(&in_camera).map(|(u, v)| [u, v])
    }

    /// Returns the unit direction of a pixel in the frame.
    pub fn ray(&self, [u_px, v_px]: [f64; 2]) -> Option<Vector3<f64>> {
        self.intrinsics.ray_in_camera(u_px, v_px).map(|ray| self.frame_from_camera * ray)
    }

    /// Returns heading (clockwise from y), pitch and roll.
    pub fn attitude(&self) -> Attitude {
        Attitude::of_camera(&self.frame_from_camera)
    }
}

/// How to calibrate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// What is searched beside the pose.
    pub free: Free,
    /// One standard deviation of the pixels, at the least.
    pub pixel_sigma_px: f64,
    /// Centre of projection as surveyed, with its standard deviation, metres.
    pub surveyed_centre: Option<(Vector3<f64>, f64)>,
}

impl Options {
    /// Returns options for pixels clicked by hand: 1.5 px.
    pub fn new(free: Free) -> Self {
        Self { free, pixel_sigma_px: 1.5, surveyed_centre: None }
    }
}

/// How a mark fits.
#[derive(Debug, Clone, PartialEq)]
pub struct Residual {
    /// The mark's name.
    pub name: String,
    /// Projected minus marked pixel: right, down; `None` behind the camera.
    pub off_px: Option<[f64; 2]>,
    /// Distance from the camera, metres.
    pub range_m: f64,
    /// Horizontal error where the mark's ray meets the mark's height, metres; `None` where it does not.
    pub ground_m: Option<f64>,
    /// True for a mark that does not fit the others.
    pub blunder: bool,
}

impl Residual {
    /// Returns the length of the error in the picture, infinite behind the camera.
    pub fn length_px(&self) -> f64 {
        self.off_px.map_or(f64::INFINITY, |[right, down]| right.hypot(down))
    }
}

/// A calibrated camera.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// Lens and pose.
    pub camera: PlacedCamera,
    /// Names of the searched parameters with their units: x, y, z, heading, pitch, roll, then those of the lens.
    pub parameters: Vec<&'static str>,
    /// Covariance of those parameters.
    pub covariance: DMatrix<f64>,
    /// Standard deviation of a pixel as the residuals show it, at least the stated one.
    pub pixel_sigma_px: f64,
    /// One a mark, in their order.
    pub residuals: Vec<Residual>,
}

impl Calibration {
    /// Returns the standard deviation of a searched parameter, in its unit.
    pub fn sigma(&self, parameter: &str) -> Option<f64> {
        let index = self.parameters.iter().position(|name| *name == parameter)?;
        Some(self.covariance[(index, index)].sqrt())
    }

    /// Returns the median length of the residuals in the picture.
    pub fn median_px(&self) -> f64 {
        let mut lengths: Vec<f64> = self.residuals.iter().map(Residual::length_px).collect();
        lengths.sort_by(f64::total_cmp);
        lengths.get(lengths.len() / 2).copied().unwrap_or(f64::NAN)
    }
}
