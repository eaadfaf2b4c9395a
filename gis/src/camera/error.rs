//! What can be wrong with the description of a camera.

use thiserror::Error;

/// A camera that cannot be used.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum CameraError {
    /// A number is not finite, or not above zero where it must be.
    #[error("camera {field} is {value}, expected {expected}")]
    InvalidValue {
        /// Name of the field, with its unit.
        field: &'static str,
        /// The value found.
        value: f64,
        /// What it should be.
        expected: &'static str,
    },
}

pub(crate) fn positive(field: &'static str, value: f64) -> Result<f64, CameraError> {
    if value.is_finite() && value > 0.0 {
        Ok(value)
    } else {
        Err(CameraError::InvalidValue { field, value, expected: "a finite number above 0" })
    }
}

pub(crate) fn finite(field: &'static str, value: f64) -> Result<f64, CameraError> {
    if value.is_finite() {
        Ok(value)
    } else {
        Err(CameraError::InvalidValue { field, value, expected: "a finite number" })
    }
}
