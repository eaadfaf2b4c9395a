//! Where a landmark is seen, given biases and the noise of a pose, and how that changes with each.

use nalgebra::{Matrix2x3, Rotation3, SMatrix, SVector, Vector2, Vector3};

use super::{Motion, Shot, biased};
use crate::camera::Intrinsics;
use crate::geodesy::LocalFrame;

/// Biases: heading, pitch, roll in radians, height in metres, clock in seconds.
pub(super) type Biases = SVector<f64, 5>;
/// Noise of one pose: position in metres, attitude in radians about the axes of its errors.
pub(super) type Noise = SVector<f64, 6>;

/// Steps of the differences: some 1e-4 of what matters of each.
const BIAS_STEPS: [f64; 5] = [1e-6, 1e-6, 1e-6, 1e-4, 1e-4];
const NOISE_STEPS: [f64; 6] = [1e-4, 1e-4, 1e-4, 1e-6, 1e-6, 1e-6];
const PLACE_STEP_M: f64 = 1e-4;

/// A picture in the common frame of all.
pub(super) struct LocalShot {
    intrinsics: Intrinsics,
    pub(super) centre: Vector3<f64>,
    enu_from_camera: Rotation3<f64>,
    error_axes: [Vector3<f64>; 3],
    motion: Motion,
    /// Variances of its noise.
    pub(super) variances: Noise,
}

/// The pixel of a landmark with its derivatives.
pub(super) struct Seen {
    pub(super) at_px: Vector2<f64>,
    pub(super) by_bias: SMatrix<f64, 2, 5>,
    pub(super) by_noise: SMatrix<f64, 2, 6>,
    pub(super) by_place: Matrix2x3<f64>,
}

impl LocalShot {
    pub(super) fn new(shot: &Shot, frame: &LocalFrame) -> Self {
        let own = LocalFrame::at(shot.pose.point);
        let common_from_own = frame.ecef_from_enu().inverse() * own.ecef_from_enu();
        let sigma = &shot.pose.sigma;
        let [east, north, up] = sigma.position_enu_m;
        let [heading, pitch, roll] = sigma.attitude_deg.map(f64::to_radians);
        let motion = shot.motion.unwrap_or_default();
        Self {
            intrinsics: shot.intrinsics,
            centre: frame.enu_from_point(shot.pose.point),
            enu_from_camera: common_from_own * shot.pose.enu_from_camera,
            error_axes: shot.pose.error_axes_in_enu().map(|axis| common_from_own * axis.into_inner()),
            motion: Motion {
                velocity_enu_m_s: common_from_own * motion.velocity_enu_m_s,
                turn_enu_rad_s: common_from_own * motion.turn_enu_rad_s,
            },
            variances: Noise::from([east, north, up, heading, pitch, roll]).map(|sigma| sigma * sigma),
        }
    }

    /// Returns the direction of a pixel in the common frame, as recorded.
    pub(super) fn direction(&self, (u_px, v_px): (f64, f64)) -> Option<Vector3<f64>> {
        Some(self.enu_from_camera * self.intrinsics.ray_in_camera(u_px, v_px)?)
    }

    fn pixel(&self, bias: &Biases, noise: &Noise, place: &Vector3<f64>) -> Option<Vector2<f64>> {
        let [heading, pitch, roll, height_m, clock_secs]: [f64; 5] = (*bias).into();
        let moved = Rotation3::new(self.motion.turn_enu_rad_s * clock_secs) * self.enu_from_camera;
        let mut off = Vector3::zeros();
        for (axis, angle) in self.error_axes.iter().zip(noise.iter().skip(3)) {
            off += axis * *angle;
        }
        let enu_from_camera = Rotation3::new(off) * biased(&moved, heading, pitch, roll);
        let centre = self.centre
            + self.motion.velocity_enu_m_s * clock_secs
            + Vector3::new(noise.x, noise.y, noise.z + height_m);
        let (u, v) = self.intrinsics.project(&enu_from_camera.inverse_transform_vector(&(place - centre)))?;
        Some(Vector2::new(u, v))
    }

    /// Returns where a landmark is seen; `None` behind the camera or beyond the lens.
    pub(super) fn seen(&self, bias: &Biases, place: &Vector3<f64>) -> Option<Seen> {
        let still = Noise::zeros();
        let at_px = self.pixel(bias, &still, place)?;
        let mut by_bias = SMatrix::<f64, 2, 5>::zeros();
        for (index, step) in BIAS_STEPS.iter().enumerate() {
            let mut by = Biases::zeros();
            by[index] = *step;
            let change =
                self.pixel(&(bias + by), &still, place)? - self.pixel(&(bias - by), &still, place)?;
            by_bias.set_column(index, &(change / (2.0 * step)));
        }
        let mut by_noise = SMatrix::<f64, 2, 6>::zeros();
        for (index, step) in NOISE_STEPS.iter().enumerate() {
            let mut by = Noise::zeros();
            by[index] = *step;
            let change = self.pixel(bias, &by, place)? - self.pixel(bias, &-by, place)?;
            by_noise.set_column(index, &(change / (2.0 * step)));
        }
        // Moving a landmark is moving the camera the other way.
        let by_place = -by_noise.fixed_columns::<3>(0).into_owned();
        Some(Seen { at_px, by_bias, by_noise, by_place })
    }
}

/// Returns how the height of the ground under a place, above it, changes with east and north.
pub(super) fn ground_above(
    terrain: &dyn crate::terrain::Terrain,
    frame: &LocalFrame,
    place: &Vector3<f64>,
) -> Option<(f64, [f64; 2])> {
    let above = |offset: Vector3<f64>| {
        let at = frame.point_from_enu(&(place + offset));
        Some(terrain.height(at.lat_lon)?.0 - at.height.0)
    };
    let reach = if terrain.spacing_m().is_finite() { terrain.spacing_m().max(PLACE_STEP_M) } else { 1.0 };
    let here = above(Vector3::zeros())?;
    let slope = |step: Vector3<f64>| Some((above(step)? - above(-step)?) / (2.0 * reach));
    let east = slope(Vector3::x() * reach).unwrap_or(0.0);
    let north = slope(Vector3::y() * reach).unwrap_or(0.0);
    Some((here, [east, north]))
}
