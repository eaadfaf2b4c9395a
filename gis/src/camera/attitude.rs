//! Three angles of a body, and the rotations they stand for.
//!
//! A body is x forward, y right, z down (aerospace). A camera is x right, y down, z forward (photogrammetry); the forward
//! axis of the body is the optical axis. So a camera of attitude (heading, -90, 0) looks straight down with the upper edge
//! of its picture towards `heading`.

use nalgebra::{Matrix3, Rotation3, Vector3};
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

impl Attitude {
    /// Returns the rotation from the turned body into the body it is measured against (north, east, down for an
    /// absolute attitude): turn by heading about z, then by pitch about the new y, then by roll about the new x.
    ///
    /// # References
    /// MISB ST 0601, tags 5-7 and 18-20; Stevens, Lewis, Johnson (2015), Aircraft Control and Simulation, section 1.3.
    pub fn base_from_body(&self) -> Rotation3<f64> {
        Rotation3::from_euler_angles(
            self.roll_deg.to_radians(),
            self.pitch_deg.to_radians(),
            self.heading_deg.to_radians(),
        )
    }

    /// Returns the rotation from the camera into east, north, up of a camera whose own absolute attitude this is.
    pub fn enu_from_camera(&self) -> Rotation3<f64> {
        enu_from_ned() * self.base_from_body() * body_from_camera()
    }

    /// Returns the rotation from the camera into east, north, up, where `self` is the platform's attitude and `sensor`
    /// the camera's relative to the platform: azimuth as heading, elevation as pitch, roll.
    ///
    /// # References
    /// MISB ST 0601: platform tags 5, 6, 7; sensor relative tags 18, 19, 20, applied in that order.
    pub fn enu_from_mounted_camera(&self, sensor: &Self) -> Rotation3<f64> {
        enu_from_ned() * self.base_from_body() * sensor.base_from_body() * body_from_camera()
    }

    /// Returns the absolute attitude of a camera from its rotation into east, north, up.
    ///
    /// Looking straight down or up, heading and roll are one angle; all of it is given to heading.
    pub fn of_camera(enu_from_camera: &Rotation3<f64>) -> Self {
        let ned_from_body = enu_from_ned().inverse() * enu_from_camera * body_from_camera().inverse();
        let m = ned_from_body.matrix();
        let pitch = (-m[(2, 0)]).clamp(-1.0, 1.0).asin();
        let (heading, roll) = if m[(2, 0)].abs() > 1.0 - 1e-12 {
            ((-m[(0, 1)]).atan2(m[(1, 1)]), 0.0)
        } else {
            (m[(1, 0)].atan2(m[(0, 0)]), m[(2, 1)].atan2(m[(2, 2)]))
        };
        Self {
            heading_deg: heading.to_degrees().rem_euclid(360.0),
            pitch_deg: pitch.to_degrees(),
            roll_deg: roll.to_degrees(),
        }
    }
}

/// Rotation from north, east, down into east, north, up.
fn enu_from_ned() -> Rotation3<f64> {
    Rotation3::from_matrix_unchecked(Matrix3::from_columns(&[Vector3::y(), Vector3::x(), -Vector3::z()]))
}

/// Rotation from camera axes (right, down, forward) into body axes (forward, right, down).
fn body_from_camera() -> Rotation3<f64> {
    Rotation3::from_matrix_unchecked(Matrix3::from_columns(&[Vector3::y(), Vector3::z(), Vector3::x()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attitude(heading_deg: f64, pitch_deg: f64, roll_deg: f64) -> Attitude {
        Attitude { heading_deg, pitch_deg, roll_deg }
    }

    fn check(camera: Attitude, forward: [f64; 3], right: [f64; 3]) {
        let enu_from_camera = camera.enu_from_camera();
        assert!(
            (enu_from_camera * Vector3::z() - Vector3::from(forward)).norm() < 1e-12,
            "{camera:?} forward"
        );
        assert!((enu_from_camera * Vector3::x() - Vector3::from(right)).norm() < 1e-12, "{camera:?} right");
    }

    #[test]
    fn heading_turns_clockwise_pitch_lifts_and_roll_lowers_the_right_side() {
        let half = 0.5_f64.sqrt();
        check(attitude(0.0, 0.0, 0.0), [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]);
        check(attitude(90.0, 0.0, 0.0), [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]);
        check(attitude(0.0, -90.0, 0.0), [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]);
        check(attitude(0.0, 45.0, 0.0), [0.0, half, half], [1.0, 0.0, 0.0]);
        check(attitude(0.0, 0.0, 45.0), [0.0, 1.0, 0.0], [half, 0.0, -half]);
    }

    #[test]
    fn mounted_camera_of_a_level_platform_adds_azimuth_to_heading() {
        let mounted = attitude(200.0, 0.0, 0.0).enu_from_mounted_camera(&attitude(30.0, -25.0, 5.0));
        let absolute = attitude(230.0, -25.0, 5.0).enu_from_camera();
        assert!(mounted.angle_to(&absolute) < 1e-9);
    }

    #[test]
    fn attitude_is_recovered_from_its_rotation() {
        for camera in [attitude(10.0, -30.0, 4.0), attitude(350.0, -89.0, -3.0), attitude(123.0, -90.0, 0.0)]
        {
            let back = Attitude::of_camera(&camera.enu_from_camera());
            assert!(back.enu_from_camera().angle_to(&camera.enu_from_camera()) < 1e-7, "{camera:?} {back:?}");
        }
    }
}
