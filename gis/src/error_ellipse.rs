//! From the covariance of a position to what people state: error ellipse, CE90, LE90.

use nalgebra::{Matrix2, Matrix3};
use serde::{Deserialize, Serialize};

/// Factor from standard deviation to the 90 % interval of a normal variable on a line.
const LINEAR_90: f64 = 1.644_853_626_951_472_7;
/// Factor from standard deviation to the 90 % radius of a circular normal: sqrt(2 ln 10).
const CIRCULAR_90: f64 = 2.145_966_026_289_347;
/// Samples over a quarter of the circle. The rule converges faster than any power; this gives 1e-9 down to a needle.
const QUARTER_STEPS: u32 = 64;
const MISSED: f64 = 0.1;

/// Horizontal error ellipse of one standard deviation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ErrorEllipse {
    /// Standard deviation along the longer axis, metres.
    pub major_m: f64,
    /// Standard deviation along the shorter axis, metres.
    pub minor_m: f64,
    /// Direction of the longer axis, degrees clockwise from north, 0 to 180.
    pub azimuth_deg: f64,
}

/// Returns the horizontal error ellipse of an east, north, up covariance in square metres.
pub fn error_ellipse(covariance_enu_m2: &Matrix3<f64>) -> ErrorEllipse {
    let horizontal: Matrix2<f64> = covariance_enu_m2.fixed_view::<2, 2>(0, 0).into_owned();
    let mean = f64::midpoint(horizontal[(0, 0)], horizontal[(1, 1)]);
    let half_difference = (horizontal[(0, 0)] - horizontal[(1, 1)]) / 2.0;
    let cross = horizontal[(0, 1)];
    let radius = half_difference.hypot(cross);
    // The axis turns counter-clockwise from east by half of this angle.
    let from_east_deg = cross.atan2(half_difference).to_degrees() / 2.0;
    ErrorEllipse {
        major_m: root(mean + radius),
        minor_m: root(mean - radius),
        azimuth_deg: (90.0 - from_east_deg).rem_euclid(180.0),
    }
}

/// Rounding may take the variance of a needle below zero; what is no number stays none.
fn root(variance: f64) -> f64 {
    if variance < 0.0 { 0.0 } else { variance.sqrt() }
}

/// Returns the radius of the circle that holds the true position with a probability of 90 %.
///
/// Exact for a normal error with any ellipse: it solves `mean over the ellipse of exp(-R^2 / (2 s^2)) = 0.1`, where `s` is
/// the ellipse's radius in each eccentric direction.
///
/// # Units
/// Metres. NaN if the covariance is not finite.
///
/// # References
/// Harter (1960), Circular error probabilities, Journal of the American Statistical Association 55(292).
pub fn ce90_m(covariance_enu_m2: &Matrix3<f64>) -> f64 {
    let ellipse = error_ellipse(covariance_enu_m2);
    if !(ellipse.major_m > 0.0 && ellipse.major_m.is_finite()) {
        return if ellipse.major_m == 0.0 { 0.0 } else { f64::NAN };
    }
    ellipse.major_m * ce90_of_ratio(ellipse.minor_m / ellipse.major_m)
}

/// Returns the half width of the interval of height that holds the true one with a probability of 90 %.
///
/// # Units
/// Metres.
pub fn le90_m(covariance_enu_m2: &Matrix3<f64>) -> f64 {
    LINEAR_90 * covariance_enu_m2[(2, 2)].sqrt()
}

/// The 90 % radius of an ellipse with axes 1 and `ratio`.
fn ce90_of_ratio(ratio: f64) -> f64 {
    let (mut low, mut high) = (LINEAR_90, CIRCULAR_90);
    let mut radius = f64::midpoint(low, high);
    for _ in 0..40 {
        let (missed, slope) = missed_beyond(radius, ratio);
        let excess = missed - MISSED;
        if excess > 0.0 {
            low = radius;
        } else {
            high = radius;
        }
        let newton = radius - excess / slope;
        let next = if newton > low && newton < high { newton } else { f64::midpoint(low, high) };
        if (next - radius).abs() < 1e-12 {
            return next;
        }
        radius = next;
    }
    radius
}

/// The probability of an error beyond `radius`, and its derivative.
fn missed_beyond(radius: f64, ratio: f64) -> (f64, f64) {
    let mut missed = 0.0;
    let mut slope = 0.0;
    for step in 0..=QUARTER_STEPS {
        let angle = std::f64::consts::FRAC_PI_2 * f64::from(step) / f64::from(QUARTER_STEPS);
        let (sin, cos) = angle.sin_cos();
        let variance = (cos * cos + ratio * ratio * sin * sin).max(f64::MIN_POSITIVE);
        let ends = if step == 0 || step == QUARTER_STEPS { 0.5 } else { 1.0 };
        let weight = ends / f64::from(QUARTER_STEPS);
        let part = weight * (-radius * radius / (2.0 * variance)).exp();
        missed += part;
        slope -= part * radius / variance;
    }
    (missed, slope)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covariance(east: f64, north: f64, cross: f64, up: f64) -> Matrix3<f64> {
        Matrix3::new(east, cross, 0.0, cross, north, 0.0, 0.0, 0.0, up)
    }

    /// Truth: the density of the distance, `r / (s1 s2) exp(-a r^2) I0(b r^2)` (Hoyt 1947), integrated with Simpson's rule;
    /// 0 and 1 are the normal and the Rayleigh quantile.
    #[test]
    fn ce90_equals_the_quantile_of_the_hoyt_distribution() {
        for (ratio, expect) in [
            (0.0, 1.644_853_6),
            (0.1, 1.647_911_6),
            (0.2, 1.657_313_5),
            (0.4, 1.699_183_1),
            (0.5, 1.737_079_9),
            (0.7, 1.862_529_7),
            (0.8, 1.947_158_1),
            (0.9, 2.042_359_9),
            (1.0, 2.145_966_0),
        ] {
            let found = ce90_m(&covariance(9.0, 9.0 * ratio * ratio, 0.0, 1.0)) / 3.0;
            assert!((found - expect).abs() < 1e-7, "ratio {ratio}: {found} for {expect}");
        }
    }

    #[test]
    fn ellipse_points_along_its_longer_axis() {
        let check = |matrix: Matrix3<f64>, major: f64, minor: f64, azimuth: f64| {
            let ellipse = error_ellipse(&matrix);
            assert!((ellipse.major_m - major).abs() < 1e-12, "{ellipse:?}");
            assert!((ellipse.minor_m - minor).abs() < 1e-12, "{ellipse:?}");
            assert!((ellipse.azimuth_deg - azimuth).abs() < 1e-9, "{ellipse:?}");
        };
        check(covariance(1.0, 4.0, 0.0, 1.0), 2.0, 1.0, 0.0);
        check(covariance(4.0, 1.0, 0.0, 1.0), 2.0, 1.0, 90.0);
        check(covariance(2.5, 2.5, 1.5, 1.0), 2.0, 1.0, 45.0);
        check(covariance(2.5, 2.5, -1.5, 1.0), 2.0, 1.0, 135.0);
    }

    #[test]
    fn ce90_of_a_covariance_that_is_no_number_is_no_number() {
        assert!(ce90_m(&covariance(f64::NAN, 1.0, 0.0, 1.0)).is_nan());
        assert!(ce90_m(&covariance(0.0, 0.0, 0.0, 1.0)).abs() < 1e-12);
    }
}
