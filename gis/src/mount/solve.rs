//! Finds the biases that the marks can tell, and says which they cannot.

use nalgebra::{DMatrix, Matrix5, SymmetricEigen, Vector3, Vector5};
use serde::Serialize;

use super::model::{Biases, LocalShot};
use super::normal::{HUBER, Normal, Problem, State};
use super::{Landmark, Mark, MountBias, MountConfig, Part, Shot, start};
use crate::geodesy::LocalFrame;
use crate::position::GeoPoint;
use crate::terrain::Terrain;

const ROUNDS: usize = 200;
/// A round that changes less than this share of a standard deviation ends the search.
const CONVERGED: f64 = 1e-3;
/// A bias that stays less sure than this is not told by the marks: heading, pitch, roll in degrees, height in metres, clock in seconds.
/// It is half of what such a bias usually is.
const TOLD_SIGMAS: [f64; 5] = [1.5, 0.75, 0.75, 5.0, 0.25];
/// Share of the largest component in the least known direction from which on a bias takes part in it.
const TAKES_PART: f64 = 0.3;
/// Which of the biases that cannot be told apart is given up first: what instruments usually get right goes first.
const GIVEN_UP_FIRST: [Part; 5] = [Part::Roll, Part::TimeOffset, Part::Pitch, Part::Heading, Part::Height];

/// Why no bias can be found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MountError {
    /// Too few marks of landmarks that are known, lie on known ground or are seen from several places.
    #[error(
        "{usable} usable marks of {marks}: at least 3 of landmarks that are surveyed or seen twice are needed"
    )]
    Few {
        /// Marks that could be used.
        usable: usize,
        /// Marks given.
        marks: usize,
    },
    /// A mark names a picture or landmark that is not there.
    #[error("mark {mark} names picture {shot} or landmark {landmark}, which is not there")]
    Index {
        /// The mark.
        mark: usize,
        /// Its picture.
        shot: usize,
        /// Its landmark.
        landmark: usize,
    },
    /// The equations have no solution that a computer can find.
    #[error("the search for the biases does not settle")]
    Unsettled,
}

/// A value with one standard deviation, in the unit of its part.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// Value.
    pub value: f64,
    /// One standard deviation.
    pub sigma: f64,
}

/// A landmark after the search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlacedLandmark {
    /// Place.
    pub point: GeoPoint,
    /// Standard deviations of east, north, up, metres.
    pub sigma_enu_m: [f64; 3],
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// The biases; zero where they could not be told.
    pub bias: MountBias,
    /// Those that could.
    pub told: Vec<(Part, Estimate)>,
    /// Those that could not, with those they cannot be told from (none: nothing in the marks depends on it enough).
    pub untold: Vec<(Part, Vec<Part>)>,
    /// Every landmark that could be placed.
    pub landmarks: Vec<Option<PlacedLandmark>>,
    /// Marks used.
    pub marks: usize,
    /// Of them, marks farther off than the noise explains.
    pub outliers: usize,
    /// Root mean square distance of the marks before and after, pixels.
    pub rms_px: (f64, f64),
    /// Mean squared normalised distance: 1 where noise is as stated. Standard deviations are widened by its root where it is above 1.
    pub variance_factor: f64,
}

/// Finds the biases of an aircraft's camera.
///
/// # Errors
/// When marks are wrong or too few, or the search does not settle.
///
/// # References
/// Triggs, McLauchlan, Hartley, Fitzgibbon (2000), Bundle Adjustment: A Modern Synthesis. Huber (1981), Robust Statistics.
pub fn solve(
    shots: &[Shot],
    marks: &[Mark],
    landmarks: &[Landmark],
    terrain: Option<&dyn Terrain>,
    config: &MountConfig,
) -> Result<Solution, MountError> {
    let mut problem = problem(shots, marks, landmarks, terrain, config)?;
    let places = start::places(&problem.shots, marks, landmarks, &problem.frame, terrain);
    let usable = marks.iter().filter(|mark| places.get(mark.landmark).is_some_and(Option::is_some)).count();
    if usable < 3 {
        return Err(MountError::Few { usable, marks: marks.len() });
    }
    let first = State { bias: Biases::zeros(), places };
    let before = problem.normal(&first, &vec![1.0; marks.len()]).ok_or(MountError::Unsettled)?;
    let mut untold = Vec::new();
    loop {
        let (state, normal) = settle(&problem, first.clone(), marks.len())?;
        let covariance = normal.matrix.clone().try_inverse().ok_or(MountError::Unsettled)?;
        let found = Found { state, normal, covariance };
        let Some((part, with)) = found.least_told(&problem) else {
            return Ok(found.solution(&problem, untold, &before));
        };
        if let Some(active) = problem.active.get_mut(part as usize) {
            *active = false;
        }
        untold.push((part, with));
    }
}

fn problem<'a>(
    shots: &[Shot],
    marks: &[Mark],
    landmarks: &'a [Landmark],
    terrain: Option<&'a dyn Terrain>,
    config: &MountConfig,
) -> Result<Problem<'a>, MountError> {
    for (index, mark) in marks.iter().enumerate() {
        if mark.shot >= shots.len() || mark.landmark >= landmarks.len() {
            return Err(MountError::Index { mark: index, shot: mark.shot, landmark: mark.landmark });
        }
    }
    let first = shots.first().ok_or(MountError::Few { usable: 0, marks: marks.len() })?;
    let frame = LocalFrame::at(first.pose.point);
    let of = |shot: usize| -> Vec<(usize, Mark)> {
        marks.iter().copied().enumerate().filter(|(_, mark)| mark.shot == shot).collect()
    };
    Ok(Problem {
        shots: shots.iter().map(|shot| LocalShot::new(shot, &frame)).collect(),
        by_shot: (0..shots.len()).map(|shot| (shot, of(shot))).filter(|(_, of)| !of.is_empty()).collect(),
        landmarks,
        frame,
        terrain,
        mark_sigma_px: config.mark_sigma_px,
        active: Part::ALL.map(|part| config.parts.contains(&part)),
    })
}

/// Damped Gauss-Newton from a state to where nothing changes any more.
///
/// Weights are taken anew after each accepted step and stand still within it, so that its cost is one function.
fn settle(problem: &Problem<'_>, mut state: State, marks: usize) -> Result<(State, Normal), MountError> {
    let weighted =
        |state: &State, weights: &[f64]| problem.normal(state, weights).ok_or(MountError::Unsettled);
    let mut weights = weights_of(&weighted(&state, &vec![1.0; marks])?, marks);
    let mut damping = 1e-4;
    let mut normal = weighted(&state, &weights)?;
    for _ in 0..ROUNDS {
        let mut damped = normal.matrix.clone();
        for index in 0..damped.nrows() {
            damped[(index, index)] *= 1.0 + damping;
        }
        let step = damped.cholesky().ok_or(MountError::Unsettled)?.solve(&normal.right);
        // Length of the step in standard deviations.
        let length = step.dot(&(&normal.matrix * &step)).max(0.0).sqrt();
        let next = moved(&state, step.as_slice());
        let tried = weighted(&next, &weights).ok();
        let better = tried.filter(|tried| {
            tried.marks.len() >= normal.marks.len() && tried.cost <= normal.cost * (1.0 + 1e-9)
        });
        let Some(better) = better else {
            if length < CONVERGED {
                return Ok((state, normal));
            }
            damping *= 10.0;
            continue;
        };
        damping = (damping / 10.0).max(1e-12);
        weights = weights_of(&better, marks);
        normal = weighted(&next, &weights)?;
        state = next;
        if length < CONVERGED {
            return Ok((state, normal));
        }
    }
    Err(MountError::Unsettled)
}

fn weights_of(normal: &Normal, marks: usize) -> Vec<f64> {
    let mut weights = vec![1.0; marks];
    for mark in &normal.marks {
        if let Some(weight) = weights.get_mut(mark.index) {
            *weight = mark.weight();
        }
    }
    weights
}

fn moved(state: &State, step: &[f64]) -> State {
    let at = |index: usize| step.get(index).copied().unwrap_or(0.0);
    let bias = state.bias + Vector5::from_fn(|index, _| at(index));
    let place = |(index, place): (usize, &Option<Vector3<f64>>)| {
        place.map(|place| place + Vector3::from_fn(|axis, _| at(5 + 3 * index + axis)))
    };
    State { bias, places: state.places.iter().enumerate().map(place).collect() }
}

struct Found {
    state: State,
    normal: Normal,
    covariance: DMatrix<f64>,
}

impl Found {
    /// Returns a bias that the marks do not tell and those it cannot be told from, if there is one.
    fn least_told(&self, problem: &Problem<'_>) -> Option<(Part, Vec<Part>)> {
        // In units of what counts as told.
        let units = Vector5::from_fn(|index, _| {
            let degrees = if index < 3 { 1.0_f64.to_radians() } else { 1.0 };
            TOLD_SIGMAS.get(index).copied().unwrap_or(1.0) * degrees
        });
        let widen = self.variance_factor(problem).max(1.0);
        let is_active = |index: usize| problem.active.get(index).copied().unwrap_or(false);
        let scaled = Matrix5::from_fn(|row, column| {
            let both = is_active(row) && is_active(column);
            if both { widen * self.covariance[(row, column)] / (units[row] * units[column]) } else { 0.0 }
        });
        let eigen = SymmetricEigen::new(scaled);
        let (worst, variance) = eigen.eigenvalues.argmax();
        if variance <= 1.0 {
            return None;
        }
        let direction = eigen.eigenvectors.column(worst).abs();
        let takes_part = |part: &Part| direction[*part as usize] >= TAKES_PART * direction.max();
        let part = GIVEN_UP_FIRST.into_iter().find(takes_part)?;
        Some((part, Part::ALL.into_iter().filter(|other| *other != part && takes_part(other)).collect()))
    }

    fn solution(&self, problem: &Problem<'_>, untold: Vec<(Part, Vec<Part>)>, before: &Normal) -> Solution {
        let factor = self.variance_factor(problem);
        let widen = factor.max(1.0).sqrt();
        let sigma = |index: usize| self.covariance[(index, index)].max(0.0).sqrt() * widen;
        let mut bias = MountBias::default();
        let mut told = Vec::new();
        for (index, part) in Part::ALL.into_iter().enumerate() {
            if problem.active.get(index).copied().unwrap_or(false) {
                let unit = if index < 3 { 1.0_f64.to_degrees() } else { 1.0 };
                let value = self.state.bias[index] * unit;
                bias.set(part, value);
                told.push((part, Estimate { value, sigma: sigma(index) * unit }));
            }
        }
        let landmark = |(index, place): (usize, &Option<Vector3<f64>>)| {
            place.map(|place| PlacedLandmark {
                point: problem.frame.point_from_enu(&place),
                sigma_enu_m: [0, 1, 2].map(|axis| sigma(5 + 3 * index + axis)),
            })
        };
        Solution {
            bias,
            told,
            untold,
            landmarks: self.state.places.iter().enumerate().map(landmark).collect(),
            marks: self.normal.marks.len(),
            outliers: self.normal.marks.iter().filter(|mark| mark.distance2 > HUBER.powi(2)).count(),
            rms_px: (rms(before), rms(&self.normal)),
            variance_factor: factor,
        }
    }

    /// Weighted squares over degrees of freedom.
    fn variance_factor(&self, problem: &Problem<'_>) -> f64 {
        let free = problem.landmarks.iter().zip(&self.state.places);
        let on_ground = problem.terrain.is_some();
        let unknowns: usize = free
            .map(|(landmark, place)| match (landmark, place, on_ground) {
                (Landmark::Unknown, Some(_), false) => 3,
                (Landmark::Unknown, Some(_), true) => 2,
                _ => 0,
            })
            .sum();
        let told = problem.active.iter().filter(|active| **active).count();
        let freedom = (2 * self.normal.marks.len()).saturating_sub(unknowns + told);
        if freedom == 0 { 1.0 } else { self.normal.cost / freedom as f64 }
    }
}

fn rms(normal: &Normal) -> f64 {
    let sum: f64 = normal.marks.iter().map(|mark| mark.square_px).sum();
    (sum / normal.marks.len().max(1) as f64).sqrt()
}
