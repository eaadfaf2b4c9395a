//! What is wrong with the marks, before and after the search.

use nalgebra::{Matrix3, Vector3};

use super::error::CalibrateError;
use super::solve::calibrate;
use super::{Calibration, Free, Mark, Options, PlacedCamera};

/// Fewest marks, so that one more than needed shows a blunder.
const LEAST_MARKS: usize = 4;
/// Share of the picture that the marks' box must take.
const LEAST_SHARE: f64 = 0.03;
/// Marks within this share of their extent from one line lie on it.
const LINE_SHARE: f64 = 0.02;
/// A fit worse than this, pixels, is no fit.
const WORST_MEDIAN_PX: f64 = 60.0;
/// A swap of axes must better the fit by this factor to be believed.
const SWAP_GAIN: f64 = 4.0;
/// Sine of the least angle of a ray to the ground at which its error there means anything.
const LEAST_INCIDENCE: f64 = 0.01;

pub(super) fn check_count(marks: &[Mark], unknowns: usize, free: Free) -> Result<(), CalibrateError> {
    let least = if free == Free::Nothing { LEAST_MARKS } else { unknowns.div_ceil(2) + 1 };
    if marks.len() < least {
        return Err(CalibrateError::TooFew { found: marks.len(), least, unknowns });
    }
    Ok(())
}

pub(super) fn check_marks(marks: &[Mark], [width_px, height_px]: [f64; 2]) -> Result<(), CalibrateError> {
    for mark in marks {
        let bad = |what: String| Err(CalibrateError::BadMark { name: mark.name.clone(), what });
        let [u, v] = mark.pixel;
        if !mark.point.iter().all(|value| value.is_finite()) {
            return bad(format!("place {:?} is not finite", mark.point.as_slice()));
        }
        if !((0.0..=width_px).contains(&u) && (0.0..=height_px).contains(&v)) {
            return bad(format!("pixel {u}, {v} lies outside the picture of {width_px} x {height_px}"));
        }
    }
    check_spread(marks, width_px * height_px)?;
    check_line(marks)
}

fn check_spread(marks: &[Mark], picture_px2: f64) -> Result<(), CalibrateError> {
    let span = |axis: fn(&Mark) -> f64| {
        let values = marks.iter().map(axis);
        values.clone().fold(f64::NEG_INFINITY, f64::max) - values.fold(f64::INFINITY, f64::min)
    };
    let share = span(|mark| mark.pixel[0]) * span(|mark| mark.pixel[1]) / picture_px2;
    if share >= LEAST_SHARE { Ok(()) } else { Err(CalibrateError::Crowded { share_percent: 100.0 * share }) }
}

fn check_line(marks: &[Mark]) -> Result<(), CalibrateError> {
    let middle = marks.iter().map(|mark| mark.point).sum::<Vector3<f64>>() / marks.len() as f64;
    let spread: Matrix3<f64> =
        marks.iter().map(|mark| (mark.point - middle) * (mark.point - middle).transpose()).sum();
    let eigen = spread.symmetric_eigen();
    let along = eigen.eigenvectors.column(eigen.eigenvalues.imax());
    let off_m = marks.iter().map(|mark| (mark.point - middle).cross(&along).norm()).fold(0.0, f64::max);
    let extent_m = marks.iter().map(|mark| (mark.point - middle).norm()).fold(0.0, f64::max);
    if off_m > LINE_SHARE * extent_m {
        Ok(())
    } else {
        Err(CalibrateError::OneLine { found: marks.len(), off_m })
    }
}

pub(super) fn check_solution(calibration: &Calibration) -> Result<(), CalibrateError> {
    let median_px = calibration.median_px();
    if median_px > WORST_MEDIAN_PX {
        let hint = "check pixels, names and the order of the axes".to_owned();
        return Err(CalibrateError::BadFit { median_px, hint });
    }
    let near_m = calibration.residuals.iter().map(|mark| mark.range_m).fold(f64::INFINITY, f64::min);
    let limits = [
        ("x_m", 0.25 * near_m),
        ("y_m", 0.25 * near_m),
        ("z_m", 0.25 * near_m),
        ("heading_deg", 3.0),
        ("pitch_deg", 3.0),
        ("roll_deg", 3.0),
        ("fx_px", 0.15 * calibration.camera.intrinsics.fx_px),
    ];
    let open: Vec<String> = limits
        .into_iter()
        .filter_map(|(name, limit)| {
            let sigma = calibration.sigma(name)?;
            (sigma > limit).then(|| format!("{name} (standard deviation {sigma:.2})"))
        })
        .collect();
    if open.is_empty() { Ok(()) } else { Err(CalibrateError::NotDetermined { parameters: open.join(", ") }) }
}

/// Returns the horizontal distance from a mark to where the ray of its pixel meets the mark's height, metres; `None` where
/// the ray runs level or away.
pub fn ground_error_m(camera: &PlacedCamera, mark: &Mark) -> Option<f64> {
    let ray = camera.ray(mark.pixel)?;
    let below_m = mark.point.z - camera.centre.z;
    if ray.z.abs() < LEAST_INCIDENCE || below_m * ray.z <= 0.0 {
        return None;
    }
    let hit = camera.centre + ray * (below_m / ray.z);
    Some((hit.x - mark.point.x).hypot(hit.y - mark.point.y))
}

/// Axes that were typed the wrong way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swap {
    /// x and y of the places.
    Places,
    /// u and v of the pixels.
    Pixels,
}

/// Returns which axes, taken the other way round, make the marks fit much better than as they are.
///
/// `propose` gives starts for marks, as for `calibrate`; `as_given_px` is the fit's median as the marks are, infinite where
/// there was none.
pub fn swapped_axes(
    marks: &[Mark],
    as_given_px: f64,
    propose: impl Fn(&[Mark]) -> Vec<PlacedCamera>,
    options: &Options,
) -> Option<(Swap, f64)> {
    let tried = [Swap::Places, Swap::Pixels].into_iter().filter_map(|swap| {
        let turned: Vec<Mark> = marks.iter().map(|mark| swapped(mark, swap)).collect();
        let options = Options { surveyed_centre: None, ..*options };
        let found = calibrate(&turned, &propose(&turned), &options).ok()?;
        Some((swap, found.median_px()))
    });
    let best = tried.min_by(|a, b| a.1.total_cmp(&b.1))?;
    (best.1 * SWAP_GAIN < as_given_px && best.1 < WORST_MEDIAN_PX / 2.0).then_some(best)
}

fn swapped(mark: &Mark, swap: Swap) -> Mark {
    let Mark { name, pixel: [u, v], point } = mark.clone();
    match swap {
        Swap::Places => Mark { name, pixel: [u, v], point: Vector3::new(point.y, point.x, point.z) },
        Swap::Pixels => Mark { name, pixel: [v, u], point },
    }
}
