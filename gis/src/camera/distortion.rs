//! Lens distortion after Brown, in the rational form and with the coefficient names of OpenCV.

use nalgebra::{Matrix2, Vector2};
use serde::{Deserialize, Serialize};

/// Residual at which an inverse counts as found, in units of the focal length: 1e-8 px at f = 10 000 px.
const CONVERGED: f64 = 1e-12;
const MAX_ROUNDS: usize = 60;
/// Least local magnification, as determinant over trace of the derivative. No lens comes near it; the polynomial of one
/// does just before it folds, and there an inverse has no digits left.
const LEAST_STRETCH: f64 = 0.02;
/// Smaller eigenvalue above which a derivative is unfolded whatever the other: determinant over trace is at least half of
/// it, and `LEAST_STRETCH` is less.
const SURELY_UNFOLDED: f64 = 0.05;
/// Places between the axis and a direction at which a fold is looked for.
const FOLD_LOOKS: u32 = 16;

/// Coefficients of the distortion; all zero is an ideal lens.
///
/// # Units
/// None: they act on image coordinates divided by the focal length.
///
/// # References
/// OpenCV 4 documentation, module calib3d, "Detailed Description"; Brown (1966), Photogrammetric Engineering 32(3).
/// OpenCV writes them in the order k1, k2, p1, p2, k3, k4, k5, k6. Metashape swaps p1 and p2.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Distortion {
    /// Radial, r^2, numerator.
    pub k1: f64,
    /// Radial, r^4, numerator.
    pub k2: f64,
    /// Radial, r^6, numerator.
    pub k3: f64,
    /// Radial, r^2, denominator.
    pub k4: f64,
    /// Radial, r^4, denominator.
    pub k5: f64,
    /// Radial, r^6, denominator.
    pub k6: f64,
    /// Tangential, first.
    pub p1: f64,
    /// Tangential, second.
    pub p2: f64,
}

impl Distortion {
    /// Returns the coefficients with their names.
    pub fn named(&self) -> [(&'static str, f64); 8] {
        [
            ("k1", self.k1),
            ("k2", self.k2),
            ("k3", self.k3),
            ("k4", self.k4),
            ("k5", self.k5),
            ("k6", self.k6),
            ("p1", self.p1),
            ("p2", self.p2),
        ]
    }

    /// Returns true for an ideal lens.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    fn is_polynomial(&self) -> bool {
        self.k4 == 0.0 && self.k5 == 0.0 && self.k6 == 0.0
    }

    /// Returns the distorted coordinates of an ideal direction and their derivative by it.
    ///
    /// # Units
    /// Tangents of the angle from the optical axis, x right and y down.
    pub fn distort(&self, ideal: &Vector2<f64>) -> (Vector2<f64>, Matrix2<f64>) {
        let (x, y) = (ideal.x, ideal.y);
        let r2 = x * x + y * y;
        let numerator = 1.0 + r2 * (self.k1 + r2 * (self.k2 + r2 * self.k3));
        let numerator_by_r2 = self.k1 + r2 * (2.0 * self.k2 + r2 * 3.0 * self.k3);
        let (radial, radial_by_r2) = if self.is_polynomial() {
            (numerator, numerator_by_r2)
        } else {
            let denominator = 1.0 + r2 * (self.k4 + r2 * (self.k5 + r2 * self.k6));
            let denominator_by_r2 = self.k4 + r2 * (2.0 * self.k5 + r2 * 3.0 * self.k6);
            let radial = numerator / denominator;
            (radial, (numerator_by_r2 - radial * denominator_by_r2) / denominator)
        };
        let distorted = Vector2::new(
            x * radial + 2.0 * self.p1 * x * y + self.p2 * (r2 + 2.0 * x * x),
            y * radial + self.p1 * (r2 + 2.0 * y * y) + 2.0 * self.p2 * x * y,
        );
        let cross = 2.0 * x * y * radial_by_r2 + 2.0 * self.p1 * x + 2.0 * self.p2 * y;
        let derivative = Matrix2::new(
            radial + 2.0 * x * x * radial_by_r2 + 2.0 * self.p1 * y + 6.0 * self.p2 * x,
            cross,
            cross,
            radial + 2.0 * y * y * radial_by_r2 + 6.0 * self.p1 * y + 2.0 * self.p2 * x,
        );
        (distorted, derivative)
    }

    /// Returns the ideal direction of distorted coordinates and the derivative of `distort` there, or `None` where
    /// the model has no inverse (beyond the fold of its polynomial, or the search does not converge).
    pub fn undistort(&self, distorted: &Vector2<f64>) -> Option<(Vector2<f64>, Matrix2<f64>)> {
        if self.is_none() {
            return Some((*distorted, Matrix2::identity()));
        }
        let mut ideal = *distorted;
        let allowed = CONVERGED * (1.0 + distorted.norm());
        for _ in 0..MAX_ROUNDS {
            let (reached, derivative) = self.distort(&ideal);
            let missing = distorted - reached;
            if missing.norm_squared() <= allowed * allowed {
                return self.unfolded_up_to(&ideal).then_some((ideal, derivative));
            }
            // Newton inside the fold; the plain fixed point where the derivative says that it was stepped over.
            let step =
                if is_unfolded(&derivative) { derivative.try_inverse()? * missing } else { missing * 0.5 };
            let (longest, length2) = (0.5, step.norm_squared());
            // Most steps are far shorter than the longest that is allowed; only the others need a root.
            ideal += if length2 <= longest * longest {
                step
            } else {
                step * (longest * (1.0 + ideal.norm()) / length2.sqrt()).min(1.0)
            };
        }
        None
    }

    /// True if the way from the optical axis to an ideal direction crosses no fold: beyond one, the polynomial may rise
    /// again and offer a second answer that no light takes.
    fn unfolded_up_to(&self, ideal: &Vector2<f64>) -> bool {
        self.least_stretch_up_to(ideal) > SURELY_UNFOLDED
            || (1..=FOLD_LOOKS).all(|look| {
                is_unfolded(&self.distort(&(ideal * (f64::from(look) / f64::from(FOLD_LOOKS)))).1)
            })
    }
}

impl Distortion {
    /// A bound below the smaller eigenvalue of the derivative anywhere between the axis and an ideal direction: the radial
    /// one is `1 + 3 k1 r^2 + 5 k2 r^4 + 7 k3 r^6`, of which negative terms count, and tangential terms change the
    /// derivative by less than `8 (|p1| + |p2|) r`.
    fn least_stretch_up_to(&self, ideal: &Vector2<f64>) -> f64 {
        if !self.is_polynomial() {
            return f64::NEG_INFINITY;
        }
        let r2 = ideal.norm_squared();
        let tangential = self.p1.abs() + self.p2.abs();
        let (k1, k2, k3) = (self.k1.min(0.0), self.k2.min(0.0), self.k3.min(0.0));
        1.0 + r2 * (3.0 * k1 + r2 * (5.0 * k2 + r2 * 7.0 * k3)) - 8.0 * tangential * r2.sqrt()
    }
}

fn is_unfolded(derivative: &Matrix2<f64>) -> bool {
    derivative.trace() > 0.0 && derivative.determinant() > LEAST_STRETCH * derivative.trace()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivative_equals_finite_differences() {
        let lens =
            Distortion { k1: -0.26, k2: 0.1, k3: -0.026, k4: 0.01, k5: 0.02, k6: 0.003, p1: 7e-4, p2: -3e-4 };
        let at = Vector2::new(0.31, -0.22);
        let (_, derivative) = lens.distort(&at);
        let step = 1e-6;
        for axis in 0..2 {
            let mut ahead = at;
            let mut behind = at;
            ahead[axis] += step;
            behind[axis] -= step;
            let numeric = (lens.distort(&ahead).0 - lens.distort(&behind).0) / (2.0 * step);
            assert!((numeric - derivative.column(axis)).norm() < 1e-9);
        }
    }

    #[test]
    fn the_bound_of_the_stretch_lies_below_every_eigenvalue() {
        for (k1, k2, k3, p1, p2) in [
            (-0.26, 0.1, -0.026, 7e-4, -3e-4),
            (0.1, -0.3, 0.2, -0.01, 0.02),
            (-0.02, -0.01, -0.3, 0.003, 0.0),
        ] {
            let lens = Distortion { k1, k2, k3, p1, p2, ..Distortion::default() };
            for step in 0_u32..400 {
                let (sin, cos) = f64::from(step).sin_cos();
                let at = Vector2::new(cos, sin) * (f64::from(step) / 300.0);
                let least = lens.distort(&at).1.symmetric_eigenvalues().min();
                assert!(lens.least_stretch_up_to(&at) <= least + 1e-12, "{lens:?} at {at}");
            }
        }
    }

    #[test]
    fn beyond_the_fold_there_is_no_inverse() {
        // x (1 - 0.3 x^2) rises to 0.7027 at x = 1.054 and falls again.
        let lens = Distortion { k1: -0.3, ..Distortion::default() };
        assert!(lens.undistort(&Vector2::new(0.69, 0.0)).is_some());
        assert!(lens.undistort(&Vector2::new(0.7027, 0.0)).is_none());
        assert!(lens.undistort(&Vector2::new(0.71, 0.0)).is_none());
        assert!(lens.undistort(&Vector2::new(f64::NAN, 0.0)).is_none());
        // This one rises again far outside, at 54, where a search ends that is not kept in.
        let lens = Distortion { k1: -0.198, k2: 6.7e-5, p2: -0.0012, ..Distortion::default() };
        assert!(lens.undistort(&Vector2::new(0.8956, 0.5035)).is_none());
    }
}
