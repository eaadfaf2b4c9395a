//! A shutter that reads a picture row after row while the camera moves: each row has a pose of its own.
//!
//! The time of a picture is that of its middle row; a row at `v` of `h` is read `(v / h - 1/2)` times the time of reading later. A
//! recorder that stamps another row is off by a constant, which the time offset of an aircraft's profile takes up.

use nalgebra::{Rotation3, Vector3};

use super::pose::Pose;
use crate::geodesy::LocalFrame;

/// How long a shutter reads a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Readout {
    /// From the first row to the last, seconds.
    pub secs: f64,
    /// One standard deviation of it, seconds.
    pub sigma_secs: f64,
}

impl Readout {
    /// Share of the time of reading that is one standard deviation where none is stated: what modes of one camera differ by.
    const USUAL_SHARE: f64 = 0.1;
    /// Slower than any shutter, seconds.
    pub const MOST_SECS: f64 = 0.2;

    /// Returns the time of reading with its usual error; `None` unless it is from 0 to [`Self::MOST_SECS`].
    pub fn new(secs: f64) -> Option<Self> {
        (0.0..=Self::MOST_SECS).contains(&secs).then_some(Self { secs, sigma_secs: secs * Self::USUAL_SHARE })
    }
}

/// How a camera moves while its picture is taken.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CameraMotion {
    /// Velocity: east, north, up, metres a second.
    pub velocity_enu_m_per_s: Vector3<f64>,
    /// Turn about east, north, up, radians a second.
    pub turn_enu_rad_per_s: Vector3<f64>,
}

impl CameraMotion {
    /// Returns the motion from one pose to another; `None` unless the second is later and both are usable.
    pub fn between(from: &Pose, to: &Pose, secs: f64) -> Option<Self> {
        let moves = secs > 0.0 && secs.is_finite() && from.is_usable() && to.is_usable();
        moves.then(|| {
            let way = LocalFrame::at(from.point).enu_from_point(to.point);
            let turn = (to.enu_from_camera * from.enu_from_camera.inverse()).scaled_axis();
            Self { velocity_enu_m_per_s: way / secs, turn_enu_rad_per_s: turn / secs }
        })
    }

    /// Returns a pose some seconds later.
    #[must_use]
    pub fn later(&self, pose: &Pose, secs: f64) -> Pose {
        let moved = self.velocity_enu_m_per_s * secs;
        let turned = Rotation3::new(self.turn_enu_rad_per_s * secs);
        Pose {
            point: LocalFrame::at(pose.point).point_from_enu(&moved),
            enu_from_camera: turned * pose.enu_from_camera,
            ..*pose
        }
    }
}

/// A shutter over a moving camera.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RollingShutter {
    /// How long it reads.
    pub readout: Readout,
    /// How the camera moves meanwhile.
    pub motion: CameraMotion,
}

impl RollingShutter {
    /// Returns how much of the time of reading lies between the middle row and this one: -1/2 to 1/2 within the picture.
    pub(crate) fn share(v_px: f64, height_px: f64) -> f64 {
        (v_px / height_px - 0.5).clamp(-0.5, 0.5)
    }

    /// Returns the pose at a share of the time of reading.
    pub(crate) fn pose_at(&self, pose: &Pose, share: f64) -> Pose {
        self.motion.later(pose, self.readout.secs * share)
    }

    /// Returns how far the camera moves and turns, at a share, within one standard deviation of the time of reading.
    pub(crate) fn error_at(&self, share: f64) -> (Vector3<f64>, Vector3<f64>) {
        let secs = self.readout.sigma_secs * share;
        (self.motion.velocity_enu_m_per_s * secs, self.motion.turn_enu_rad_per_s * secs)
    }
}
