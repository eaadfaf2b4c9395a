//! The equidistant fisheye with a polynomial of the angle, after Kannala and Brandt, in OpenCV's form.

use nalgebra::{Matrix3x2, Vector2, Vector3};

/// Residual of the angle at which an inverse counts as found, radians.
const CONVERGED: f64 = 1e-13;
const MAX_ROUNDS: usize = 60;
/// Widest angle from the optical axis that is searched, radians: lenses of 220 degrees exist.
const WIDEST: f64 = 2.1;
/// Least change of the distorted angle by the true one; below it the polynomial folds.
const LEAST_STRETCH: f64 = 0.02;
/// Places between the axis and an angle at which a fold is looked for.
const FOLD_LOOKS: u32 = 16;

/// Coefficients k1 to k4 on the angle's powers 3, 5, 7 and 9.
///
/// # References
/// Kannala, Brandt (2006), IEEE TPAMI 28(8), equation 6; OpenCV 4 documentation, module calib3d, "Fisheye camera model".
pub type Coefficients = [f64; 4];

/// Returns the distorted angle and its derivative by the true angle.
///
/// # Units
/// Radians from the optical axis.
fn distort(k: &Coefficients, angle: f64) -> (f64, f64) {
    let a2 = angle * angle;
    let [k1, k2, k3, k4] = *k;
    let series = 1.0 + a2 * (k1 + a2 * (k2 + a2 * (k3 + a2 * k4)));
    let slope = 1.0 + a2 * (3.0 * k1 + a2 * (5.0 * k2 + a2 * (7.0 * k3 + a2 * 9.0 * k4)));
    (angle * series, slope)
}

/// Returns the true angle of a distorted one, or `None` beyond the fold or the widest angle.
fn undistort(k: &Coefficients, distorted: f64) -> Option<f64> {
    let mut angle = distorted.min(WIDEST);
    for _ in 0..MAX_ROUNDS {
        let (reached, slope) = distort(k, angle);
        let missing = distorted - reached;
        if missing.abs() <= CONVERGED * (1.0 + distorted) {
            return unfolded_up_to(k, angle).then_some(angle);
        }
        let step = if slope > LEAST_STRETCH { missing / slope } else { missing * 0.5 };
        angle = (angle + step.clamp(-0.5, 0.5)).clamp(0.0, WIDEST);
    }
    None
}

fn unfolded_up_to(k: &Coefficients, angle: f64) -> bool {
    (0..=FOLD_LOOKS).all(|look| distort(k, angle * f64::from(look) / f64::from(FOLD_LOOKS)).1 > LEAST_STRETCH)
}

/// Returns the image coordinates, divided by the focal length, of a point in the camera frame (x right, y down, z
/// forward, any length unit); `None` where the lens does not see it.
pub(super) fn project(k: &Coefficients, point: &Vector3<f64>) -> Option<Vector2<f64>> {
    let aside = point.x.hypot(point.y);
    let angle = aside.atan2(point.z);
    if !(angle <= WIDEST && unfolded_up_to(k, angle)) {
        return None;
    }
    if aside == 0.0 {
        return (point.z > 0.0).then(Vector2::zeros);
    }
    let (distorted, _) = distort(k, angle);
    Some(point.xy() * (distorted / aside))
}

/// Returns the unit direction of image coordinates divided by the focal length, and its derivative by them.
pub(super) fn ray(k: &Coefficients, image: &Vector2<f64>) -> Option<(Vector3<f64>, Matrix3x2<f64>)> {
    let distorted = image.norm();
    if distorted < 1e-12 {
        return Some((Vector3::z(), Matrix3x2::identity()));
    }
    let angle = undistort(k, distorted)?;
    let (sin, cos) = angle.sin_cos();
    let outward = image / distorted;
    let across = Vector2::new(-outward.y, outward.x);
    let (_, slope) = distort(k, angle);
    let by_outward = (outward * cos).push(-sin) / slope;
    let by_across = (across * sin).push(0.0) / distorted;
    let by_image = by_outward * outward.transpose() + by_across * across.transpose();
    Some(((outward * sin).push(cos), by_image))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENS: Coefficients = [-0.012, 0.03, -0.01, 0.001];

    #[test]
    fn derivative_equals_finite_differences() {
        for at in [Vector2::new(0.4, -0.3), Vector2::new(1.2, 0.5), Vector2::new(1e-9, 0.0)] {
            let (_, by_image) = ray(&LENS, &at).unwrap();
            for axis in 0..2 {
                let mut ahead = at;
                let mut behind = at;
                ahead[axis] += 1e-6;
                behind[axis] -= 1e-6;
                let numeric = (ray(&LENS, &ahead).unwrap().0 - ray(&LENS, &behind).unwrap().0) / 2e-6;
                assert!((numeric - by_image.column(axis)).norm() < 1e-8, "{at:?} {axis}");
            }
        }
    }

    #[test]
    fn directions_beside_and_behind_the_lens_come_back() {
        for angle in [0.0, 0.3, 1.2, 1.6, 2.0] {
            let direction = Vector3::new(f64::sin(angle) * 0.6, f64::sin(angle) * 0.8, f64::cos(angle));
            let back = ray(&LENS, &project(&LENS, &direction).unwrap()).unwrap().0;
            assert!((back - direction).norm() < 1e-11, "{angle}");
        }
        assert!(project(&LENS, &-Vector3::z()).is_none());
        assert!(project(&LENS, &Vector3::new(f64::NAN, 0.0, 1.0)).is_none());
    }

    #[test]
    fn beyond_the_fold_there_is_no_inverse() {
        // a - 0.2 a^3 rises to 0.8607 at a = 1.291 and falls again.
        let lens = [-0.2, 0.0, 0.0, 0.0];
        assert!(ray(&lens, &Vector2::new(0.85, 0.0)).is_some());
        assert!(ray(&lens, &Vector2::new(0.87, 0.0)).is_none());
        assert!(ray(&lens, &Vector2::new(f64::NAN, 0.0)).is_none());
        assert!(project(&lens, &Vector3::new(1.0, 0.0, 0.1)).is_none());
    }
}
