//! Three angles of a body.

use serde::{Deserialize, Serialize};

/// Attitude of a platform, gimbal or camera.
///
/// # Units
/// Degrees. Heading clockwise from true north, pitch nose up, roll right side down: aerospace yaw, pitch, roll, applied in
/// that order. A camera looking straight down has pitch -90.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Attitude {
    /// Heading or yaw, degrees.
    pub heading_deg: f64,
    /// Pitch, degrees.
    pub pitch_deg: f64,
    /// Roll, degrees.
    pub roll_deg: f64,
}
