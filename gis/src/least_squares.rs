//! Least squares after Levenberg and Marquardt, for a handful of parameters.
//!
//! Crate `levenberg-marquardt` was weighed and not taken: its newest release is built on another version of `nalgebra`, whose
//! vectors would have to be copied at every call.

use nalgebra::{DMatrix, DVector};

const MAX_ROUNDS: usize = 100;
const FIRST_DAMPING: f64 = 1e-3;
const MOST_DAMPING: f64 = 1e12;
/// A round that lowers the sum of squares by less than this share ends the search.
const CONVERGED: f64 = 1e-12;

/// Where a search ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// Parameters with the least sum of squares found.
    pub parameters: DVector<f64>,
    /// Half the sum of squares there.
    pub cost: f64,
    /// Transposed Jacobian times Jacobian there: the inverse of the parameters' covariance for residuals of variance 1.
    pub information: DMatrix<f64>,
}

impl Fit {
    /// Returns the covariance of the parameters for residuals of variance 1, or `None` where some are not determined.
    ///
    /// The information is scaled to a unit diagonal before it is inverted, so that units do not matter; parameters whose
    /// scaled information has a condition above `worst` count as not determined.
    pub fn covariance(&self, worst: f64) -> Option<DMatrix<f64>> {
        let scale =
            self.information.diagonal().map(|value| if value > 0.0 { value.sqrt() } else { f64::NAN });
        let size = scale.len();
        let scaled = DMatrix::from_fn(size, size, |i, j| self.information[(i, j)] / (scale[i] * scale[j]));
        if scaled.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let eigen = scaled.symmetric_eigen();
        let (least, most) = (eigen.eigenvalues.min(), eigen.eigenvalues.max());
        if !(least > 0.0 && most / least <= worst) {
            return None;
        }
        let inverse = &eigen.eigenvectors
            * DMatrix::from_diagonal(&eigen.eigenvalues.map(f64::recip))
            * eigen.eigenvectors.transpose();
        Some(DMatrix::from_fn(size, size, |i, j| inverse[(i, j)] / (scale[i] * scale[j])))
    }
}

/// Returns the parameters near `start` with the least sum of squared residuals.
///
/// Derivatives are central differences over `steps`, one a parameter, in its unit. `None` if the residuals at the start
/// are not finite. Directions that the residuals do not determine stay where they are.
pub fn fit(
    start: &DVector<f64>,
    steps: &[f64],
    residuals: &impl Fn(&DVector<f64>) -> DVector<f64>,
) -> Option<Fit> {
    let mut parameters = start.clone();
    let mut now = residuals(&parameters);
    let mut cost = now.norm_squared() / 2.0;
    if !cost.is_finite() {
        return None;
    }
    let mut damping = FIRST_DAMPING;
    for _ in 0..MAX_ROUNDS {
        let jacobian = jacobian(&parameters, steps, residuals);
        let information = jacobian.tr_mul(&jacobian);
        let gradient = jacobian.tr_mul(&now);
        let mut better = None;
        while better.is_none() && damping <= MOST_DAMPING {
            better = step(&information, &gradient, damping).and_then(|step| {
                let next = &parameters - step;
                let then = residuals(&next);
                let next_cost = then.norm_squared() / 2.0;
                (next_cost < cost).then_some((next, then, next_cost))
            });
            damping *= if better.is_some() { 0.1 } else { 10.0 };
        }
        let Some((next, then, next_cost)) = better else { break };
        let gained = cost - next_cost;
        (parameters, now, cost) = (next, then, next_cost);
        damping = damping.max(1e-12);
        if gained <= CONVERGED * cost {
            break;
        }
    }
    let jacobian = jacobian(&parameters, steps, residuals);
    Some(Fit { information: jacobian.tr_mul(&jacobian), parameters, cost })
}

/// Marquardt's damping: each direction by its own curvature.
fn step(information: &DMatrix<f64>, gradient: &DVector<f64>, damping: f64) -> Option<DVector<f64>> {
    let mut damped = information.clone();
    for i in 0..damped.nrows() {
        damped[(i, i)] += damping * information[(i, i)].max(1e-12);
    }
    damped.cholesky().map(|factor| factor.solve(gradient))
}

fn jacobian(
    at: &DVector<f64>,
    steps: &[f64],
    residuals: &impl Fn(&DVector<f64>) -> DVector<f64>,
) -> DMatrix<f64> {
    let columns: Vec<DVector<f64>> = steps
        .iter()
        .enumerate()
        .map(|(i, step)| {
            let moved = |sign: f64| {
                let mut moved = at.clone();
                moved[i] += sign * step;
                residuals(&moved)
            };
            (moved(1.0) - moved(-1.0)) / (2.0 * step)
        })
        .collect();
    DMatrix::from_columns(&columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Truth: NIST StRD, nonlinear regression, Misra1a: certified b1 = 238.94212918, b2 = 5.5015643181e-4, residual sum of squares
    /// 0.12455138894, standard deviations 2.7070075241 and 7.2668688436e-6.
    #[test]
    fn certified_values_of_misra1a_are_reached_from_both_starts() {
        let x =
            [77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0];
        let y =
            [10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.4, 75.47, 81.78];
        let residuals =
            |b: &DVector<f64>| DVector::from_fn(14, |i, _| b[0] * (1.0 - (-b[1] * x[i]).exp()) - y[i]);
        for start in [[500.0, 1e-4], [250.0, 5e-4]] {
            let found = fit(&DVector::from_column_slice(&start), &[1e-3, 1e-8], &residuals).unwrap();
            assert!((found.parameters[0] - 238.942_129_18).abs() < 1e-4, "{found:?}");
            assert!((found.parameters[1] - 5.501_564_318_1e-4).abs() < 1e-9);
            assert!((2.0 * found.cost - 0.124_551_388_94).abs() < 1e-9);
            let covariance = found.covariance(1e12).unwrap() * (2.0 * found.cost / 12.0);
            assert!((covariance[(0, 0)].sqrt() - 2.707_007_524_1).abs() < 1e-3);
            assert!((covariance[(1, 1)].sqrt() - 7.266_868_843_6e-6).abs() < 1e-9);
        }
    }

    #[test]
    fn parameters_that_nothing_tells_apart_have_no_covariance() {
        let residuals = |b: &DVector<f64>| DVector::from_element(3, b[0] + b[1] - 1.0);
        let found = fit(&DVector::zeros(2), &[1e-6, 1e-6], &residuals).unwrap();
        assert!(found.cost < 1e-12);
        assert!(found.covariance(1e10).is_none());
    }

    #[test]
    fn a_start_without_finite_residuals_is_refused() {
        assert!(fit(&DVector::zeros(1), &[1e-6], &|_| DVector::from_element(1, f64::NAN)).is_none());
    }
}
