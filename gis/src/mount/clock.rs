//! The offset between the clocks of telemetry and video, out of how the picture turns from frame to frame.
//!
//! Pairs of places that two frames share are put on the ground by the pose of the first frame's moment; the turn that is left until the
//! pose of the second shows them where they are is what telemetry does not explain. At the right offset it explains most.
//!
//! | told | not told |
//! |---|---|
//! | the offset, where the camera turns or speeds up | anything that is constant: heading, height and lens stay as given |
//!
//! # References
//! Kabsch (1976), Acta Cryst. A32, 922: best rotation between two sets of directions. Quenouille (1956), Biometrika 43, 353: jackknife.

use nalgebra::{Matrix3, Rotation3, Vector3};

use crate::camera::{Intrinsics, Pose};
use crate::geodesy::LocalFrame;
use crate::georef::{View, ground_point};
use crate::terrain::Terrain;

/// Steps that tell an offset at the least.
const LEAST_STEPS: usize = 24;
/// Pairs of a step that are used at most, evenly chosen.
const MOST_PAIRS: usize = 60;
/// Pairs that tell a turn at the least.
const LEAST_PAIRS: usize = 8;
/// A pair that is farther off counts as if it were as far, pixels.
const HUBER_PX: f64 = 1.5;
/// Rounds of weighing pairs.
const ROUNDS: usize = 4;
/// A turn that is not explained counts up to this one: wrong pairs give any, radians.
const MOST_TURN_RAD: f64 = 0.035;
/// Runs of steps of which each is left out in turn.
const BLOCKS: usize = 10;
/// An offset less sure than this is not told, seconds: half of what a side-car is taken to be good for.
const TOLD_SIGMA_SECS: f64 = 0.1;
/// Seconds between offsets that are tried.
const GRID_SECS: f64 = 0.1;

/// Two places in two pictures that show the same, (u, v) in pixels from the outer corner of the top-left one.
pub type SharedPlace = ((f64, f64), (f64, f64));

/// Two frames one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Times of both in the video, seconds since the first frame.
    pub at_secs: (f64, f64),
    /// What both show.
    pub places: Vec<SharedPlace>,
}

/// What the pictures tell of the clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClockOffset {
    /// A frame at time t shows what the telemetry of time t plus this says, seconds.
    pub offset_secs: f64,
    /// One standard deviation, seconds: by leaving out a tenth of the flight in turn.
    pub sigma_secs: f64,
    /// Steps it rests on.
    pub steps: usize,
    /// Turn from frame to frame that telemetry does not explain, root mean square, degrees: as recorded, and with the offset.
    pub unexplained_deg: (f64, f64),
}

/// Why the pictures do not tell the clock.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ClockError {
    /// Too few frames share places whose cameras and ground are known.
    #[error("{usable} of {steps} steps from frame to frame can be used: at least {LEAST_STEPS} are needed")]
    Few {
        /// Steps that could be used.
        usable: usize,
        /// Steps given.
        steps: usize,
    },
    /// The best offset is the farthest that was tried.
    #[error(
        "telemetry explains the pictures best {offset_secs:+.1} s off, at the end of what is tried: try farther"
    )]
    AtEnd {
        /// That offset.
        offset_secs: f64,
    },
    /// One offset explains the pictures nearly as well as another.
    #[error(
        "the offset is known to {sigma_secs:.2} s only: the camera turns too little, or the telemetry is too coarse"
    )]
    Untold {
        /// One standard deviation.
        sigma_secs: f64,
    },
}

/// Finds the offset of the clock.
///
/// `camera_at` gives lens and pose of a moment of the telemetry, in seconds since the first frame by the telemetry's clock. Offsets up
/// to `range_secs` either way are tried.
///
/// # Errors
/// When the steps do not tell it.
pub fn clock_offset(
    steps: &[Step],
    camera_at: &dyn Fn(f64) -> Option<(Intrinsics, Pose)>,
    ground: &dyn Terrain,
    range_secs: f64,
) -> Result<ClockOffset, ClockError> {
    let each_way = (range_secs / GRID_SECS).round().max(1.0) as i32;
    let offsets: Vec<f64> = (-each_way..=each_way).map(|at| f64::from(at) * GRID_SECS).collect();
    let usable: Vec<Vec<f64>> =
        steps.iter().filter_map(|step| squares(step, &offsets, camera_at, ground)).collect();
    if usable.len() < LEAST_STEPS {
        return Err(ClockError::Few { usable: usable.len(), steps: steps.len() });
    }
    let all: Vec<&[f64]> = usable.iter().map(Vec::as_slice).collect();
    let offset_secs = vertex(&costs(&all), &offsets)?;
    let sigma_secs = jackknife(&all, &offsets).unwrap_or(f64::INFINITY);
    if sigma_secs.is_nan() || sigma_secs > TOLD_SIGMA_SECS {
        return Err(ClockError::Untold { sigma_secs });
    }
    let costs = costs(&all);
    let least = costs.iter().copied().fold(f64::INFINITY, f64::min);
    let recorded = offsets.iter().zip(&costs).find(|(offset, _)| offset.abs() < GRID_SECS / 2.0);
    let degrees = |square: f64| square.sqrt().to_degrees();
    let unexplained_deg = (recorded.map_or(f64::NAN, |(_, cost)| degrees(*cost)), degrees(least));
    Ok(ClockOffset { offset_secs, sigma_secs, steps: usable.len(), unexplained_deg })
}

/// Squares of the turn that each offset leaves unexplained; `None` where one of them has no camera or too few places.
fn squares(
    step: &Step,
    offsets: &[f64],
    camera_at: &dyn Fn(f64) -> Option<(Intrinsics, Pose)>,
    ground: &dyn Terrain,
) -> Option<Vec<f64>> {
    let places = chosen(&step.places);
    let one = |offset: &f64| {
        let [first, second] = [step.at_secs.0, step.at_secs.1].map(|at| camera_at(at + offset));
        let turn = unexplained_turn(&places, &first?, &second?, ground)?;
        Some(turn.norm().min(MOST_TURN_RAD).powi(2))
    };
    offsets.iter().map(one).collect()
}

fn chosen(places: &[SharedPlace]) -> Vec<SharedPlace> {
    let every = places.len().div_ceil(MOST_PAIRS).max(1);
    places.iter().step_by(every).copied().collect()
}

/// Returns the turn of the second pose, about east, north and up, that makes the places agree.
fn unexplained_turn(
    places: &[SharedPlace],
    (first_lens, first): &(Intrinsics, Pose),
    (second_lens, second): &(Intrinsics, Pose),
    ground: &dyn Terrain,
) -> Option<Vector3<f64>> {
    let view = View::new(first_lens, first, ground);
    let frame = LocalFrame::at(second.point);
    let directions = |((u, v), (to_u, to_v)): &SharedPlace| {
        let point = ground_point(&view, *u, *v).ok()?;
        let told = frame.enu_from_point(point).try_normalize(1e-6)?;
        let seen = second.enu_from_camera * second_lens.ray_in_camera(*to_u, *to_v)?.try_normalize(1e-6)?;
        Some((told, seen))
    };
    let pairs: Vec<(Vector3<f64>, Vector3<f64>)> = places.iter().filter_map(directions).collect();
    if pairs.len() < LEAST_PAIRS {
        return None;
    }
    let quiet_rad = HUBER_PX / second_lens.fx_px;
    let mut turn = Rotation3::identity();
    for _ in 0..ROUNDS {
        turn = best_turn(&pairs, |(told, seen)| {
            let off_rad = (turn * seen).angle(told);
            (quiet_rad / off_rad.max(quiet_rad)).clamp(0.0, 1.0)
        })?;
    }
    Some(turn.scaled_axis())
}

/// Returns the rotation that takes what is seen closest to what is told.
fn best_turn(
    pairs: &[(Vector3<f64>, Vector3<f64>)],
    weight: impl Fn(&(Vector3<f64>, Vector3<f64>)) -> f64,
) -> Option<Rotation3<f64>> {
    let sum: Matrix3<f64> = pairs.iter().map(|pair| pair.0 * pair.1.transpose() * weight(pair)).sum();
    let parts = sum.try_svd(true, true, 1e-12, 100)?;
    let (u, v_t) = (parts.u?, parts.v_t?);
    let proper = Matrix3::from_diagonal(&Vector3::new(1.0, 1.0, (u * v_t).determinant().signum()));
    Some(Rotation3::from_matrix_unchecked(u * proper * v_t))
}

/// Mean over the steps, of each offset.
fn costs(steps: &[&[f64]]) -> Vec<f64> {
    let width = steps.first().map_or(0, |step| step.len());
    let mean = |at: usize| {
        let column = steps.iter().filter_map(|step| step.get(at));
        column.sum::<f64>() / steps.len().max(1) as f64
    };
    (0..width).map(mean).collect()
}

/// Returns the lowest point of the parabola through the least cost and its neighbours.
fn vertex(costs: &[f64], offsets: &[f64]) -> Result<f64, ClockError> {
    let least = costs.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(at, _)| at);
    let offset_secs = offsets.get(least).copied().unwrap_or_default();
    let around = least.checked_sub(1).and_then(|before| costs.get(before..before + 3));
    let Some(&[before, at, after]) = around else { return Err(ClockError::AtEnd { offset_secs }) };
    let bend = before - 2.0 * at + after;
    let shift = if bend > 0.0 { 0.5 * (before - after) / bend } else { 0.0 };
    Ok(offset_secs + shift * GRID_SECS)
}

/// Standard deviation by leaving out a run of steps in turn; `None` where what is left does not tell the offset.
fn jackknife(steps: &[&[f64]], offsets: &[f64]) -> Option<f64> {
    let length = steps.len().div_ceil(BLOCKS);
    let without = |block: usize| {
        let rest: Vec<&[f64]> =
            steps.iter().enumerate().filter(|(at, _)| at / length != block).map(|(_, step)| *step).collect();
        vertex(&costs(&rest), offsets).ok()
    };
    let found: Vec<f64> = (0..steps.len().div_ceil(length)).map(without).collect::<Option<_>>()?;
    let count = found.len() as f64;
    let mean = found.iter().sum::<f64>() / count;
    Some(((count - 1.0) / count * found.iter().map(|at| (at - mean).powi(2)).sum::<f64>()).sqrt())
}
