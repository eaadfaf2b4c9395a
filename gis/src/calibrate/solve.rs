//! The search itself: robust least squares over pose and lens.

use nalgebra::{DMatrix, DVector, Matrix3, Rotation3, Vector2, Vector3};

use super::error::CalibrateError;
use super::verdict::{check_count, check_marks, check_solution, ground_error_m};
use super::{Calibration, Free, Mark, Options, PlacedCamera, Residual};
use crate::camera::{CALIBRATED, Intrinsics};
use crate::least_squares::{Fit, fit};

/// Residual of a point behind the camera, pixels: far enough to be left at once.
const BEHIND_PX: f64 = 1e4;
/// Residuals beyond this many standard deviations pull less than in proportion.
///
/// # References
/// Huber (1981), Robust Statistics, section 7.7: k = 1.5 keeps 96 % of the efficiency under normal errors.
const HUBER: f64 = 1.5;
/// Rounds of reweighting.
const REWEIGHTINGS: usize = 20;
/// Beyond this many standard deviations a mark is called a blunder.
const BLUNDER: f64 = 5.0;
/// Standard deviation from the median of the lengths of normal errors in two directions (Rayleigh).
const SIGMA_BY_MEDIAN_LENGTH: f64 = 1.0 / 1.177_410_022_515_475;
/// Condition of the scaled information above which parameters are not determined.
const WORST_CONDITION: f64 = 1e8;
/// How far lens parameters may stray where the points do not tell: principal point as a share of the width, k1, k2.
const PRINCIPAL_POINT_SHARE: f64 = 0.02;
const K1_SIGMA: f64 = 0.3;
const K2_SIGMA: f64 = 0.15;

const POSE_PARAMETERS: usize = 6;
const LENS_PARAMETERS: usize = CALIBRATED.len() - POSE_PARAMETERS;
/// Steps of the numeric derivatives, in the units of the parameters.
const STEPS: [f64; 11] = [1e-3, 1e-3, 1e-3, 1e-3, 1e-3, 1e-3, 1e-2, 1e-2, 1e-2, 1e-5, 1e-5];

/// A parameter vector's meaning: turns about the error axes of the start, and lens parameters as they are.
struct Model<'a> {
    marks: &'a [Mark],
    options: Options,
    start: PlacedCamera,
    /// The lens as it was stated, near which it is held.
    stated: Intrinsics,
    axes: [Vector3<f64>; 3],
}

impl<'a> Model<'a> {
    fn new(marks: &'a [Mark], options: Options, start: PlacedCamera, stated: Intrinsics) -> Self {
        Self { marks, options, start, stated, axes: error_axes(&start.frame_from_camera) }
    }

    fn names(&self) -> Vec<&'static str> {
        CALIBRATED.into_iter().take(POSE_PARAMETERS + lens_parameters(self.options.free)).collect()
    }

    fn first(&self) -> DVector<f64> {
        let lens = &self.start.intrinsics;
        let (k1, k2) = (lens.distortion.k1, lens.distortion.k2);
        let centre = self.start.centre;
        let all = [centre.x, centre.y, centre.z, 0.0, 0.0, 0.0, lens.fx_px, lens.cx_px, lens.cy_px, k1, k2];
        DVector::from_iterator(self.names().len(), all.into_iter().take(self.names().len()))
    }

    fn camera(&self, p: &DVector<f64>) -> PlacedCamera {
        let turn: Vector3<f64> = (0..3).map(|i| self.axes[i] * p[3 + i].to_radians()).sum();
        let mut intrinsics = self.start.intrinsics;
        if let Some(&fx_px) = p.get(6) {
            intrinsics =
                Intrinsics { fx_px, fy_px: intrinsics.fy_px * fx_px / intrinsics.fx_px, ..intrinsics };
        }
        if let (Some(&cx_px), Some(&cy_px), Some(&k1), Some(&k2)) = (p.get(7), p.get(8), p.get(9), p.get(10))
        {
            intrinsics = Intrinsics { cx_px, cy_px, ..intrinsics };
            (intrinsics.distortion.k1, intrinsics.distortion.k2) = (k1, k2);
        }
        PlacedCamera {
            intrinsics,
            centre: Vector3::new(p[0], p[1], p[2]),
            frame_from_camera: Rotation3::from_scaled_axis(turn) * self.start.frame_from_camera,
        }
    }

    /// Weighted residuals of the marks, in standard deviations, then those of what is held.
    fn residuals(&self, p: &DVector<f64>, weights: &[f64], sigma_px: f64) -> DVector<f64> {
        let camera = self.camera(p);
        let mut all = Vec::with_capacity(2 * self.marks.len() + 7);
        for (mark, weight) in self.marks.iter().zip(weights) {
            let off = off_px(&camera, mark).unwrap_or_else(|| Vector2::repeat(BEHIND_PX));
            all.extend([off.x, off.y].map(|value| value * weight.sqrt() / sigma_px));
        }
        if let Some((surveyed, sigma_m)) = self.options.surveyed_centre {
            all.extend((camera.centre - surveyed).iter().map(|off| off / sigma_m));
        }
        if self.options.free == Free::Lens {
            let (lens, start) = (&camera.intrinsics, &self.stated);
            let stray_px = PRINCIPAL_POINT_SHARE * lens.width_px;
            all.push((lens.cx_px - start.cx_px) / stray_px);
            all.push((lens.cy_px - start.cy_px) / stray_px);
            all.push((lens.distortion.k1 - start.distortion.k1) / K1_SIGMA);
            all.push((lens.distortion.k2 - start.distortion.k2) / K2_SIGMA);
        }
        DVector::from_vec(all)
    }
}

/// Parameters of the lens that are searched.
fn lens_parameters(free: Free) -> usize {
    match free {
        Free::Nothing => 0,
        Free::Focal => 1,
        Free::Lens => LENS_PARAMETERS,
    }
}

/// The axes about which a pose's errors turn: heading, pitch, roll (see [`crate::camera::PoseSigma`]).
fn error_axes(frame_from_camera: &Rotation3<f64>) -> [Vector3<f64>; 3] {
    let level = |axis: Vector3<f64>| Vector3::new(axis.x, axis.y, 0.0).try_normalize(1e-6);
    let right = level(frame_from_camera * Vector3::x())
        .or_else(|| level(frame_from_camera * Vector3::y()))
        .unwrap_or_else(Vector3::x);
    [-Vector3::z(), right, Vector3::z().cross(&right)]
}

fn off_px(camera: &PlacedCamera, mark: &Mark) -> Option<Vector2<f64>> {
    let [u, v] = camera.project(&mark.point)?;
    Some(Vector2::new(u - mark.pixel[0], v - mark.pixel[1]))
}

/// Returns the camera that sees the marks where they are marked, from the best of the proposed starts.
///
/// # Errors
/// If marks are bad, too few, on one line or crowded, no start leads to a camera, or the marks do not determine it.
///
/// # References
/// Hartley, Zisserman (2004), Multiple View Geometry, section 7.2 (resection by geometric error).
pub fn calibrate(
    marks: &[Mark],
    starts: &[PlacedCamera],
    options: &Options,
) -> Result<Calibration, CalibrateError> {
    let unknowns = POSE_PARAMETERS + lens_parameters(options.free);
    check_count(marks, unknowns, options.free)?;
    let size = starts.first().map(|start| [start.intrinsics.width_px, start.intrinsics.height_px]);
    check_marks(marks, size.ok_or(CalibrateError::NoCamera)?)?;
    let best = starts
        .iter()
        .filter_map(|start| staged(marks, options, start))
        .min_by(|a, b| a.spread().total_cmp(&b.spread()))
        .ok_or(CalibrateError::NoCamera)?;
    let calibration = best.calibration()?;
    check_solution(&calibration)?;
    Ok(calibration)
}

/// Searches the pose first, then the focal length too, then the whole lens: a lens that is far off at once bends points out of
/// its sight.
fn staged<'a>(marks: &'a [Mark], options: &Options, start: &PlacedCamera) -> Option<Robust<'a>> {
    let mut from = *start;
    for free in [Free::Nothing, Free::Focal] {
        if free == options.free {
            break;
        }
        let stage = Model::new(marks, Options { free, ..*options }, from, start.intrinsics);
        if let Some(found) = robust(stage) {
            from = found.model.camera(&found.fit.parameters);
        }
    }
    robust(Model::new(marks, *options, from, start.intrinsics))
}

/// A fit with the weights it ended with.
struct Robust<'a> {
    model: Model<'a>,
    fit: Fit,
    sigma_px: f64,
}

fn robust(model: Model<'_>) -> Option<Robust<'_>> {
    let names = model.names();
    let steps = STEPS.get(..names.len())?;
    let mut weights = vec![1.0; model.marks.len()];
    let mut parameters = model.first();
    let mut sigma_px = model.options.pixel_sigma_px;
    let mut last = None;
    for _ in 0..REWEIGHTINGS {
        let found = fit(&parameters, steps, &|p| model.residuals(p, &weights, sigma_px))?;
        parameters.clone_from(&found.parameters);
        let lengths = lengths_px(&model.camera(&parameters), model.marks);
        sigma_px = spread_px(&lengths, names.len()).max(model.options.pixel_sigma_px);
        let next: Vec<f64> = lengths.iter().map(|length| (HUBER * sigma_px / length).min(1.0)).collect();
        let moved = weights.iter().zip(&next).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        weights = next;
        last = Some(found);
        if moved < 1e-6 {
            break;
        }
    }
    // Once more, so that the information speaks of the final weights and deviation.
    let fit = fit(&parameters, steps, &|p| model.residuals(p, &weights, sigma_px)).or(last)?;
    Some(Robust { model, fit, sigma_px })
}

fn lengths_px(camera: &PlacedCamera, marks: &[Mark]) -> Vec<f64> {
    marks.iter().map(|mark| off_px(camera, mark).map_or(BEHIND_PX, |off| off.norm())).collect()
}

/// Standard deviation of a pixel coordinate by the median length, which blunders do not move; raised for the parameters
/// that the fit has taken from the residuals.
fn spread_px(lengths: &[f64], unknowns: usize) -> f64 {
    let mut sorted = lengths.to_vec();
    sorted.sort_by(f64::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(BEHIND_PX);
    let rows = 2.0 * lengths.len() as f64;
    let left = (rows - unknowns as f64).max(1.0);
    median * SIGMA_BY_MEDIAN_LENGTH * (rows / left).sqrt()
}

impl Robust<'_> {
    fn spread(&self) -> f64 {
        let lengths = lengths_px(&self.model.camera(&self.fit.parameters), self.model.marks);
        spread_px(&lengths, self.model.names().len())
    }

    fn calibration(&self) -> Result<Calibration, CalibrateError> {
        let camera = self.model.camera(&self.fit.parameters);
        let parameters = self.model.names();
        let covariance = self
            .fit
            .covariance(WORST_CONDITION)
            .ok_or_else(|| CalibrateError::NotDetermined { parameters: parameters.join(", ") })?;
        let residuals = self.model.marks.iter().map(|mark| self.residual(&camera, mark)).collect();
        let covariance = in_final_axes(&covariance, &self.model, &camera);
        Ok(Calibration { camera, parameters, covariance, pixel_sigma_px: self.sigma_px, residuals })
    }

    fn residual(&self, camera: &PlacedCamera, mark: &Mark) -> Residual {
        let off = off_px(camera, mark);
        Residual {
            name: mark.name.clone(),
            off_px: off.map(|off| [off.x, off.y]),
            range_m: (mark.point - camera.centre).norm(),
            ground_m: ground_error_m(camera, mark),
            blunder: off.is_none_or(|off| off.norm() > BLUNDER * self.sigma_px),
        }
    }
}

/// The covariance with the turns about the error axes of the found pose instead of those of the start.
fn in_final_axes(covariance: &DMatrix<f64>, model: &Model<'_>, camera: &PlacedCamera) -> DMatrix<f64> {
    let turn = (camera.frame_from_camera * model.start.frame_from_camera.inverse()).scaled_axis();
    // A change of a scaled axis turns by the left Jacobian of the rotation group (Barfoot 2017, equation 7.77).
    let angle = turn.norm();
    let left = if angle < 1e-9 {
        Matrix3::identity()
    } else {
        let axis = turn / angle;
        let (sin, cos) = (angle.sin() / angle, (1.0 - angle.cos()) / angle);
        Matrix3::identity() * sin + axis * axis.transpose() * (1.0 - sin) + axis.cross_matrix() * cos
    };
    let start_axes = Matrix3::from_columns(&model.axes);
    let final_axes = Matrix3::from_columns(&error_axes(&camera.frame_from_camera));
    let change = final_axes.transpose() * left * start_axes;
    let mut by_start = DMatrix::identity(covariance.nrows(), covariance.nrows());
    by_start.view_mut((3, 3), (3, 3)).copy_from(&change);
    &by_start * covariance * by_start.transpose()
}
