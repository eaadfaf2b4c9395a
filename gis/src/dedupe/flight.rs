//! What a flight's own sightings tell of the errors of its pose.
//!
//! The lasting errors of a pose (place, heading, pitch, roll, time) displace every sighting of a flight by the same multiples `z` of known
//! columns `B`. Before anything was seen `z` is standard normal. Two sightings of one thing from different places differ by `(B1 - B2) z`, and a sighting of
//! a thing that is known from elsewhere by `B z`: each is a linear measurement of `z`, taken in by the Kalman filter. A heading 3
//! degrees off is known to a few tenths of a degree after one thing was passed.
//!
//! # References
//! Kalman (1960); covariance update in Joseph's form: Bucy and Joseph, Filtering for Stochastic Processes (1968), chapter 16. Schmidt's consider states and joint estimation
//! of sensor biases in tracking: Bar-Shalom, Li, Kirubarajan, Estimation with Applications to Tracking and Navigation (2001), section 8.

use std::collections::BTreeMap;

use nalgebra::{Matrix2, Matrix3, SMatrix, SVector, Vector2, Vector3};

use crate::incident::{Incident, PoseBias};
use crate::position::BiasModes;

/// Squared Mahalanobis distance above which a measurement is taken for a mismatch and left out: 99.9 % of a chi-square of two degrees.
const GATE_CHI2: f64 = 13.8;

/// Displacement of a horizontal position by the lasting errors.
type Modes2 = SMatrix<f64, 2, 7>;

impl Default for PoseBias {
    fn default() -> Self {
        Self { mean: SVector::zeros(), covariance: SMatrix::identity() }
    }
}

impl PoseBias {
    /// Returns the displacement that the estimate explains, metres.
    pub(super) fn displacement_m(&self, modes_m: &BiasModes) -> Vector3<f64> {
        modes_m * self.mean
    }

    /// Returns what remains unknown of the displacement, square metres.
    pub(super) fn covariance_m2(&self, modes_m: &BiasModes) -> Matrix3<f64> {
        modes_m * self.covariance * modes_m.transpose()
    }

    /// Takes in that the lasting errors displaced something by `residual_m` through `modes_m`, with an error of its own.
    fn update(&mut self, modes_m: &Modes2, residual_m: &Vector2<f64>, noise_m2: &Matrix2<f64>) {
        let expected = modes_m * self.covariance * modes_m.transpose() + noise_m2;
        let Some(information) = expected.try_inverse() else { return };
        let innovation = residual_m - modes_m * self.mean;
        let chi2 = (innovation.transpose() * information * innovation).x;
        if chi2.is_nan() || chi2 > GATE_CHI2 {
            return;
        }
        let gain = self.covariance * modes_m.transpose() * information;
        let kept = SMatrix::<f64, 7, 7>::identity() - gain * modes_m;
        let covariance = kept * self.covariance * kept.transpose() + gain * noise_m2 * gain.transpose();
        self.mean += gain * innovation;
        self.covariance = (covariance + covariance.transpose()) / 2.0;
    }
}

/// The flights seen so far, by source.
#[derive(Debug, Clone, Default)]
pub(super) struct Flights {
    by_source: BTreeMap<String, PoseBias>,
}

impl Flights {
    /// Returns what is known of a flight.
    pub(super) fn of(&self, source: &str) -> PoseBias {
        self.by_source.get(source).copied().unwrap_or_default()
    }

    /// Takes over what an incident of an earlier run keeps; of several the one with the least left unknown, which is the latest.
    pub(super) fn recall(&mut self, incident: &Incident) {
        for fix in &incident.fixes {
            let Some(kept) = fix.pose_bias else { continue };
            let known = self.by_source.entry(fix.source.clone()).or_insert(kept);
            if kept.covariance.trace() < known.covariance.trace() {
                *known = kept;
            }
        }
    }

    /// Takes in a measurement of a flight's lasting errors.
    pub(super) fn learn(
        &mut self,
        source: &str,
        modes_m: &BiasModes,
        residual_m: &Vector2<f64>,
        noise_m2: &Matrix2<f64>,
    ) {
        let known = self.by_source.entry(source.to_owned()).or_default();
        known.update(&modes_m.fixed_view::<2, 7>(0, 0).into_owned(), residual_m, noise_m2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_passed_tells_the_heading() {
        // Seen 100 m ahead and then below: 3 degrees of heading move the first by 5.2 m to the side and the second not at all.
        let mut flights = Flights::default();
        let mut modes = BiasModes::zeros();
        modes[(0, 3)] = 100.0 * 3.0_f64.to_radians();
        let wrong_by = 0.7;
        let residual = Vector2::new(modes[(0, 3)] * wrong_by, 0.0);
        flights.learn("uav", &modes, &residual, &Matrix2::from_diagonal_element(0.09));
        let known = flights.of("uav");
        assert!((known.mean[3] - wrong_by).abs() < 0.01, "{}", known.mean);
        assert!(known.covariance[(3, 3)].sqrt() * 3.0 < 0.2, "degrees left unknown");
        assert_eq!(flights.of("another"), PoseBias::default());
    }

    #[test]
    fn a_mismatch_and_nan_teach_nothing() {
        let mut flights = Flights::default();
        let mut modes = BiasModes::zeros();
        modes[(0, 0)] = 1.0;
        for residual in [Vector2::new(50.0, 0.0), Vector2::new(f64::NAN, 0.0)] {
            flights.learn("uav", &modes, &residual, &Matrix2::identity());
        }
        assert_eq!(flights.of("uav"), PoseBias::default());
    }
}
