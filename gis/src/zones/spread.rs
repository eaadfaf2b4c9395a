//! A position with its error as a cloud of equal-weight points, so that probabilities are counted, not guessed.

use geo::Coord;
use nalgebra::{Matrix2, SymmetricEigen};

use super::Zone;
use super::local::LocalFrame;
use crate::position::{GroundPosition, LatLon};

/// Points in the cloud: a straight boundary anywhere is then integrated to better than half a percent (see the test).
const POINT_COUNT: usize = 2048;

/// One place the position may be, with its share of the probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeightedPoint {
    /// The place.
    pub point: LatLon,
    /// Share of the probability.
    pub weight: f64,
}

/// Ground with one and the same set of zones, and the probability that the position lies on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch<'a> {
    /// Zones that hold it, coarsest first and by code within a level; empty outside all zones.
    pub zones: Vec<&'a Zone>,
    /// Probability that the position lies there.
    pub probability: f64,
}

/// Returns points that stand for the horizontal error of a position, each with the same weight; weights sum to 1.
///
/// The points lie on a sunflower spiral in the whitened plane: radius `sqrt(-2 ln(1 - u))` makes rings of equal
/// probability, the golden angle spreads them evenly. The result is the same on every call. A covariance that is not
/// finite gives no points, so that nothing is sure; negative eigenvalues, which rounding can leave, count as zero.
///
/// # References
/// Vogel, A better way to construct the sunflower head, Mathematical Biosciences 44 (1979), eq. 1; radius by inversion
/// of the Rayleigh distribution.
pub fn spread_over_error(position: &GroundPosition) -> Vec<WeightedPoint> {
    let covariance: Matrix2<f64> = position.covariance_enu_m2.fixed_view::<2, 2>(0, 0).into_owned();
    let centre = position.point.lat_lon;
    let finite = covariance.iter().chain([&centre.lat_deg, &centre.lon_deg]).all(|value| value.is_finite());
    if !finite {
        return Vec::new();
    }
    let eigen = SymmetricEigen::new(0.5 * (covariance + covariance.transpose()));
    let sigma_m = eigen.eigenvalues.map(|value| value.max(0.0).sqrt());
    let metres_from_white = eigen.eigenvectors * Matrix2::from_diagonal(&sigma_m);
    let frame = LocalFrame::new(centre);
    let golden_angle = std::f64::consts::PI * (3.0 - 5.0_f64.sqrt());
    let weight = 1.0 / POINT_COUNT as f64;
    (0..POINT_COUNT)
        .map(|index| {
            let u = (index as f64 + 0.5) * weight;
            let radius = (-2.0 * (1.0 - u).ln()).sqrt();
            let angle = index as f64 * golden_angle;
            let offset =
                metres_from_white * nalgebra::Vector2::new(radius * angle.cos(), radius * angle.sin());
            let degrees = frame.degrees_from_metres(Coord { x: offset.x, y: offset.y });
            WeightedPoint { point: LatLon { lat_deg: degrees.y, lon_deg: degrees.x }, weight }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use nalgebra::Matrix3;

    use super::*;
    use crate::height::EllipsoidHeight;
    use crate::position::GeoPoint;

    fn position(covariance: Matrix3<f64>) -> GroundPosition {
        let lat_lon = LatLon { lat_deg: 28.97, lon_deg: 118.87 };
        GroundPosition::new(GeoPoint { lat_lon, height: EllipsoidHeight(70.0) }, covariance)
    }

    /// Mean and covariance of the cloud in metres must be those asked for.
    #[test]
    fn cloud_has_the_covariance_of_the_position() {
        let wanted = Matrix3::new(25.0, 9.0, 0.0, 9.0, 9.0, 0.0, 0.0, 0.0, 4.0);
        let position = position(wanted);
        let frame = LocalFrame::new(position.point.lat_lon);
        let points: Vec<_> = spread_over_error(&position)
            .iter()
            .map(|p| frame.metres_from_degrees(Coord { x: p.point.lon_deg, y: p.point.lat_deg }))
            .collect();
        let mean = |f: &dyn Fn(&Coord<f64>) -> f64| points.iter().map(f).sum::<f64>() / points.len() as f64;
        assert!(mean(&|p| p.x).abs() < 0.1 && mean(&|p| p.y).abs() < 0.1);
        assert!((mean(&|p| p.x * p.x) - 25.0).abs() < 0.5);
        assert!((mean(&|p| p.x * p.y) - 9.0).abs() < 0.5);
        assert!((mean(&|p| p.y * p.y) - 9.0).abs() < 0.3);
    }

    /// Normal distribution function at 0, 0.5, 1, 2 standard deviations (Abramowitz and Stegun, table 26.1).
    const NORMAL: [(f64, f64); 4] = [(0.0, 0.5), (0.5, 0.691_46), (1.0, 0.841_34), (2.0, 0.977_25)];

    #[test]
    fn straight_boundary_is_integrated_to_half_a_percent_in_every_direction() {
        let position = position(Matrix3::from_diagonal(&nalgebra::Vector3::new(100.0, 100.0, 1.0)));
        let frame = LocalFrame::new(position.point.lat_lon);
        let cloud = spread_over_error(&position);
        for bearing_deg in (0..360).step_by(15) {
            let (sin, cos) = f64::from(bearing_deg).to_radians().sin_cos();
            for (sigmas, expect) in NORMAL {
                let inside = cloud.iter().filter(|p| {
                    let m = frame.metres_from_degrees(Coord { x: p.point.lon_deg, y: p.point.lat_deg });
                    m.x * sin + m.y * cos < sigmas * 10.0
                });
                let got: f64 = inside.map(|p| p.weight).sum();
                assert!(
                    (got - expect).abs() < 0.005,
                    "bearing {bearing_deg}, {sigmas} sigma: {got} for {expect}"
                );
            }
        }
    }

    #[test]
    fn covariance_that_is_not_finite_gives_no_points() {
        assert!(spread_over_error(&position(Matrix3::from_element(f64::NAN))).is_empty());
    }
}
