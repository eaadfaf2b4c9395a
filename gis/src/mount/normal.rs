//! The normal equations of one round.
//!
//! Marks of one picture share the noise of its pose: their covariance is that of the marks plus what the noise does to each, which is the
//! same as solving for the noise of every pose and leaving it out again.

use nalgebra::{DMatrix, DVector, Matrix2, Vector2, Vector3};

use super::Landmark;
use super::Mark;
use super::model::{Biases, LocalShot, Seen, ground_above};
use crate::geodesy::LocalFrame;
use crate::terrain::Terrain;

/// Normalised distance beyond which a mark counts less (Huber).
pub(super) const HUBER: f64 = 2.5;
/// Biases looked for are known beforehand to this: heading, pitch, roll in radians, height in metres, clock in seconds. Wide.
pub(super) const PRIOR_SIGMAS: [f64; 5] = [0.5, 0.2, 0.2, 200.0, 5.0];
/// Landmarks of unknown place are known to this around where they are, so that the matrix has an inverse, metres.
const FREE_SIGMA_M: f64 = 1e4;

/// What does not change over the rounds.
pub(super) struct Problem<'a> {
    pub(super) shots: Vec<LocalShot>,
    /// Marks by picture: picture and its marks, each with its place in the list of weights.
    pub(super) by_shot: Vec<(usize, Vec<(usize, Mark)>)>,
    pub(super) landmarks: &'a [Landmark],
    pub(super) frame: LocalFrame,
    pub(super) terrain: Option<&'a dyn Terrain>,
    pub(super) mark_sigma_px: f64,
    pub(super) active: [bool; 5],
}

/// What is solved for.
#[derive(Clone)]
pub(super) struct State {
    pub(super) bias: Biases,
    pub(super) places: Vec<Option<Vector3<f64>>>,
}

/// Normal matrix, right side and cost at a state.
pub(super) struct Normal {
    pub(super) matrix: DMatrix<f64>,
    pub(super) right: DVector<f64>,
    pub(super) cost: f64,
    /// Marks that are seen.
    pub(super) marks: Vec<SeenMark>,
}

/// How far a mark is off.
pub(super) struct SeenMark {
    /// Place in the list of weights.
    pub(super) index: usize,
    /// Squared distance by its own covariance.
    pub(super) distance2: f64,
    /// Squared distance, square pixels.
    pub(super) square_px: f64,
}

impl SeenMark {
    /// Returns Huber's weight.
    pub(super) fn weight(&self) -> f64 {
        (HUBER / self.distance2.sqrt()).min(1.0)
    }
}

/// Where a mark is expected, how far off it is, its landmark and its place in the list of weights.
struct Look {
    seen: Seen,
    off: Vector2<f64>,
    landmark: usize,
    index: usize,
}

impl Problem<'_> {
    /// Returns the normal equations with marks weighted, or `None` where a covariance cannot be inverted.
    pub(super) fn normal(&self, state: &State, weights: &[f64]) -> Option<Normal> {
        let size = 5 + 3 * state.places.len();
        let mut normal = Normal {
            matrix: DMatrix::zeros(size, size),
            right: DVector::zeros(size),
            cost: 0.0,
            marks: Vec::new(),
        };
        for (shot, marks) in &self.by_shot {
            let looks = looks(self.shots.get(*shot)?, marks, state);
            self.add_shot(self.shots.get(*shot)?, &looks, weights, &mut normal)?;
        }
        self.add_priors(state, &mut normal);
        for (index, active) in self.active.iter().enumerate() {
            if !active {
                normal.matrix.row_mut(index).fill(0.0);
                normal.matrix.column_mut(index).fill(0.0);
                normal.matrix[(index, index)] = 1.0;
                normal.right[index] = 0.0;
            }
        }
        Some(normal)
    }

    fn add_shot(&self, shot: &LocalShot, looks: &[Look], weights: &[f64], normal: &mut Normal) -> Option<()> {
        let rows = 2 * looks.len();
        if rows == 0 {
            return Some(());
        }
        let mut residual = DVector::zeros(rows);
        let mut noise = DMatrix::zeros(rows, 6);
        let mut jacobian = DMatrix::zeros(rows, 5 + 3 * looks.len());
        for (at, look) in looks.iter().enumerate() {
            residual.fixed_rows_mut::<2>(2 * at).copy_from(&look.off);
            noise.fixed_view_mut::<2, 6>(2 * at, 0).copy_from(&look.seen.by_noise);
            jacobian.fixed_view_mut::<2, 5>(2 * at, 0).copy_from(&look.seen.by_bias);
            jacobian.fixed_view_mut::<2, 3>(2 * at, 5 + 3 * at).copy_from(&look.seen.by_place);
        }
        let variances = DMatrix::from_diagonal(&DVector::from_row_slice(shot.variances.as_slice()));
        let mut covariance = &noise * variances * noise.transpose();
        for (at, look) in looks.iter().enumerate() {
            let mut block = covariance.fixed_view_mut::<2, 2>(2 * at, 2 * at);
            let own = block.clone_owned() + Matrix2::identity() * self.mark_sigma_px.powi(2);
            let distance2 = look.off.dot(&(own.try_inverse()? * look.off));
            normal.marks.push(SeenMark { index: look.index, distance2, square_px: look.off.norm_squared() });
            // What is far off says nothing of the pose's noise either: all of its own covariance grows.
            block.copy_from(&(own / weights.get(look.index).copied().unwrap_or(1.0)));
        }
        let inverse = covariance.cholesky()?.inverse();
        let weighted = jacobian.transpose() * &inverse;
        let (local, right) = (&weighted * &jacobian, &weighted * &residual);
        normal.cost += residual.dot(&(&inverse * &residual));
        let places = looks.iter().flat_map(|look| (0..3).map(move |axis| 5 + 3 * look.landmark + axis));
        let to: Vec<usize> = (0..5).chain(places).collect();
        for (row, to_row) in to.iter().enumerate() {
            normal.right[*to_row] += right[row];
            for (column, to_column) in to.iter().enumerate() {
                normal.matrix[(*to_row, *to_column)] += local[(row, column)];
            }
        }
        Some(())
    }

    fn add_priors(&self, state: &State, normal: &mut Normal) {
        for (index, sigma) in PRIOR_SIGMAS.iter().enumerate() {
            let information = sigma.powi(-2);
            normal.matrix[(index, index)] += information;
            normal.right[index] -= information * state.bias[index];
            normal.cost += information * state.bias[index].powi(2);
        }
        for (index, (landmark, place)) in self.landmarks.iter().zip(&state.places).enumerate() {
            let at = 5 + 3 * index;
            let Some(place) = place else {
                (0..3).for_each(|axis| normal.matrix[(at + axis, at + axis)] = 1.0);
                continue;
            };
            match landmark {
                Landmark::Known { point, sigma_enu_m } => {
                    let off = self.frame.enu_from_point(*point) - place;
                    for (axis, sigma) in sigma_enu_m.iter().enumerate() {
                        let information = sigma.powi(-2);
                        normal.matrix[(at + axis, at + axis)] += information;
                        normal.right[at + axis] += information * off[axis];
                        normal.cost += information * off[axis].powi(2);
                    }
                }
                Landmark::Unknown => {
                    (0..3).for_each(|axis| normal.matrix[(at + axis, at + axis)] += FREE_SIGMA_M.powi(-2));
                    self.add_ground(place, at, normal);
                }
            }
        }
    }

    /// A landmark of unknown place lies on the ground.
    fn add_ground(&self, place: &Vector3<f64>, at: usize, normal: &mut Normal) {
        let Some(terrain) = self.terrain else { return };
        let Some((above_m, [east, north])) = ground_above(terrain, &self.frame, place) else { return };
        let information = terrain.sigma_m().powi(-2);
        let by = Vector3::new(-east, -north, 1.0);
        let mut block = normal.matrix.fixed_view_mut::<3, 3>(at, at);
        block += by * by.transpose() * information;
        let mut right = normal.right.fixed_rows_mut::<3>(at);
        right += by * above_m * information;
        normal.cost += information * above_m.powi(2);
    }
}

/// The marks of a picture whose landmarks have a place and are before the camera.
fn looks(shot: &LocalShot, marks: &[(usize, Mark)], state: &State) -> Vec<Look> {
    let look = |(index, mark): &(usize, Mark)| {
        let place = state.places.get(mark.landmark)?.as_ref()?;
        let seen = shot.seen(&state.bias, place)?;
        let off = Vector2::new(mark.at_px.0, mark.at_px.1) - seen.at_px;
        Some(Look { seen, off, landmark: mark.landmark, index: *index })
    };
    marks.iter().filter_map(look).collect()
}
