//! A fixed camera that was turned or zoomed: its new direction and focal length out of what the pictures share.
//!
//! A camera that turns about its centre and zooms sees every direction again: a pair of pixels is one direction before and after. Turn
//! and zoom are fitted to all pairs with the lens and its distortion; what they leave over says whether the camera did just that.
//! A camera that was carried elsewhere sees near and far things shift differently, and is not corrected.
//!
//! A step aside that leaves all shifts alike (everything in the picture far away) cannot be told from a turn; its error on the ground is
//! the step itself.

use gis::camera::{Intrinsics, Pose, PoseSigma};
use models::SizePx;
use nalgebra::{Matrix3, Matrix4, Rotation3, Vector2, Vector3, Vector4};

use super::{Pair, Registration};
use crate::camera::FrameCamera;

const ROUNDS: usize = 12;
/// Distance beyond which a pair counts less, pixels of the compared pictures (Huber).
const HUBER_PX: f64 = 1.0;
/// Root mean square distance of the pairs from a turn and zoom, in pixels of the compared pictures and as a multiple of their distance
/// from the free homography, up to which the camera is believed to have done just that.
const MOST_RMS_PX: f64 = 1.0;
const MOST_RMS_RATIO: f64 = 2.0;
/// Zoom beyond which pictures share too little.
const ZOOMS: std::ops::RangeInclusive<f64> = 0.4..=2.5;
/// Pairs near each other err together: no more of them than this count as independent.
const INDEPENDENT: f64 = 30.0;
/// What a turn leaves unknown however many pairs agree, degrees: a tenth of a pixel of the compared pictures, the lens's centre beside the
/// axis of the turn, a distortion that changes with the zoom.
const LEAST_SIGMA_DEG: f64 = 0.05;
/// Standard deviation of a zoom, as a share, from the same causes.
const LEAST_ZOOM_SIGMA: f64 = 0.001;

/// How a camera turned and zoomed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turn {
    /// Rotation from the reference camera into the camera of the still.
    pub still_from_reference: Rotation3<f64>,
    /// Focal length of the still over that of the reference.
    pub zoom: f64,
    /// One standard deviation of the turn, the worst axis, degrees.
    pub sigma_deg: f64,
    /// One standard deviation of the zoom, as a share.
    pub zoom_sigma: f64,
    /// Root mean square distance that the pairs keep, pixels of the compared pictures.
    pub rms_px: f64,
}

/// Returns the camera after its move, its direction as much less sure as the pictures say; `None` where the move is no turn and zoom.
pub fn corrected(camera: &FrameCamera, move_: &Registration) -> Option<FrameCamera> {
    let turn = turn(&camera.intrinsics, move_)?;
    let Intrinsics { fx_px, fy_px, width_px, .. } = camera.intrinsics;
    let zoomed = Intrinsics { fx_px: fx_px * turn.zoom, fy_px: fy_px * turn.zoom, ..camera.intrinsics };
    let pose = &camera.pose;
    // A focal length that is off by a share moves the edge of the picture as a turn by that share of half the field of view does.
    let half_field_deg = (width_px / 2.0 / zoomed.fx_px).atan().to_degrees();
    let added_deg = turn.sigma_deg.hypot(turn.zoom_sigma * half_field_deg);
    let attitude_deg = pose.sigma.attitude_deg.map(|sigma| sigma.hypot(added_deg));
    Some(FrameCamera {
        intrinsics: zoomed.validated().ok()?,
        pose: Pose {
            enu_from_camera: pose.enu_from_camera * turn.still_from_reference.inverse(),
            sigma: PoseSigma { attitude_deg, ..pose.sigma },
            ..*pose
        },
        ..camera.clone()
    })
}

/// Returns the turn and zoom that the pairs show; `None` where they show something else.
pub fn turn(lens: &Intrinsics, found: &Registration) -> Option<Turn> {
    let SizePx { width, height } = found.size;
    let lens = lens.scaled_to(f64::from(width), f64::from(height)).ok()?;
    let mut fit = start(&lens, found)?;
    let mut normal = Matrix4::zeros();
    for _ in 0..ROUNDS {
        let step;
        (normal, step) = fit.normal(&lens, &found.pairs)?;
        let by = normal.try_inverse()? * step;
        fit = fit.moved(&by);
        if by.norm() < 1e-9 {
            break;
        }
    }
    let rms_px = fit.rms_px(&lens, &found.pairs)?;
    let believed = rms_px <= MOST_RMS_PX.max(MOST_RMS_RATIO * found.rms_px) && ZOOMS.contains(&fit.zoom);
    let share = (found.pairs.len() as f64 / INDEPENDENT).max(1.0);
    let covariance = normal.try_inverse()? * share * rms_px.powi(2).max(HUBER_PX.powi(2) / 100.0);
    let worst = (0..3).map(|axis| covariance[(axis, axis)]).fold(0.0, f64::max);
    let zoom_sigma = covariance[(3, 3)].sqrt();
    let known = believed && worst.is_finite() && zoom_sigma.is_finite();
    known.then(|| Turn {
        still_from_reference: fit.turn,
        zoom: fit.zoom,
        sigma_deg: worst.sqrt().to_degrees().hypot(LEAST_SIGMA_DEG),
        zoom_sigma: zoom_sigma.hypot(LEAST_ZOOM_SIGMA),
        rms_px,
    })
}

#[derive(Clone, Copy)]
struct Fit {
    turn: Rotation3<f64>,
    zoom: f64,
}

/// Returns the turn and zoom next to the homography, as if the lens had no distortion.
///
/// With a zoom s, K^-1 H K is diag(s, s, 1) R up to a factor: its product with its transpose tells factor and zoom.
///
/// # References
/// Hartley, Zisserman (2004), Multiple View Geometry, section 8.4.2.
fn start(lens: &Intrinsics, found: &Registration) -> Option<Fit> {
    let k = Matrix3::new(lens.fx_px, 0.0, lens.cx_px, 0.0, lens.fy_px, lens.cy_px, 0.0, 0.0, 1.0);
    let between = k.try_inverse()? * found.still_from_reference * k;
    let product = between * between.transpose();
    let (factor2, zoomed2) = (product[(2, 2)], f64::midpoint(product[(0, 0)], product[(1, 1)]));
    let zoom = (zoomed2 / factor2).sqrt();
    if !ZOOMS.contains(&zoom) {
        return None;
    }
    let scale = Matrix3::from_diagonal(&Vector3::new(1.0 / zoom, 1.0 / zoom, 1.0));
    let svd = (scale * between / factor2.sqrt()).svd(true, true);
    let turn = svd.u? * svd.v_t?;
    (turn.determinant() > 0.0).then(|| Fit { turn: Rotation3::from_matrix_unchecked(turn), zoom })
}

impl Fit {
    fn moved(&self, by: &Vector4<f64>) -> Self {
        Self { turn: Rotation3::new(by.xyz()) * self.turn, zoom: self.zoom * by.w.exp() }
    }

    fn residual(&self, lens: &Intrinsics, pair: &Pair) -> Option<Vector2<f64>> {
        let before = lens.ray_in_camera(pair.reference_px.0, pair.reference_px.1)?;
        let zoomed = Intrinsics { fx_px: lens.fx_px * self.zoom, fy_px: lens.fy_px * self.zoom, ..*lens };
        let (u, v) = zoomed.project(&(self.turn * before))?;
        Some(Vector2::new(pair.still_px.0 - u, pair.still_px.1 - v))
    }

    /// Returns the normal matrix and right side of one Gauss-Newton round over turn (three axes) and logarithm of zoom.
    fn normal(&self, lens: &Intrinsics, pairs: &[Pair]) -> Option<(Matrix4<f64>, Vector4<f64>)> {
        const STEP: f64 = 1e-6;
        let (mut normal, mut right, mut used) = (Matrix4::zeros(), Vector4::zeros(), 0);
        for pair in pairs {
            let Some(residual) = self.residual(lens, pair) else { continue };
            let weight = (HUBER_PX / residual.norm()).min(1.0);
            let mut by = nalgebra::Matrix2x4::zeros();
            for axis in 0..4 {
                let mut step = Vector4::zeros();
                step[axis] = STEP;
                let Some(moved) = self.moved(&step).residual(lens, pair) else { continue };
                by.set_column(axis, &((residual - moved) / STEP));
            }
            normal += by.transpose() * by * weight;
            right += by.transpose() * residual * weight;
            used += 1;
        }
        (used >= 4).then_some((normal, right))
    }

    /// Root mean square over the pairs, each capped so that a few wrong ones do not decide.
    fn rms_px(&self, lens: &Intrinsics, pairs: &[Pair]) -> Option<f64> {
        let squares: Vec<f64> =
            pairs.iter().filter_map(|pair| Some(self.residual(lens, pair)?.norm_squared())).collect();
        let few = squares.len() * 2 < pairs.len() || squares.is_empty();
        let capped = |square: &f64| square.min((4.0 * HUBER_PX).powi(2));
        (!few).then(|| (squares.iter().map(capped).sum::<f64>() / squares.len() as f64).sqrt())
    }
}
