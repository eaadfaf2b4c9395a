//! A flat map around a point: metres east and north, good for the size of an incident.

use crate::position::LatLon;
use nalgebra::Vector2;

/// Semi-major axis of WGS-84, metres (NIMA TR8350.2, 2000, table 3.1).
const SEMI_MAJOR_M: f64 = 6_378_137.0;
/// First eccentricity squared of WGS-84 (NIMA TR8350.2, 2000, table 3.3).
const ECCENTRICITY_SQUARED: f64 = 6.694_379_990_14e-3;
/// Smallest cosine of latitude, so that the poles divide by something.
const MIN_COS: f64 = 1e-9;

/// A local tangent map: east and north of an anchor.
///
/// Uses the radii of curvature at the anchor, which errs by under 0.1 m within 500 m up to 70 degrees of latitude.
///
/// # References
/// Torge and Müller, Geodesy (2012), equations 4.13 to 4.15.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plane {
    anchor: LatLon,
    m_per_deg_lat: f64,
    m_per_deg_lon: f64,
}

impl Plane {
    /// Returns the plane that touches the ellipsoid at `anchor`.
    pub(super) fn at(anchor: LatLon) -> Self {
        let (sin, cos) = anchor.lat_deg.to_radians().sin_cos();
        let w2 = 1.0 - ECCENTRICITY_SQUARED * sin * sin;
        let prime_vertical_m = SEMI_MAJOR_M / w2.sqrt();
        let meridian_m = prime_vertical_m * (1.0 - ECCENTRICITY_SQUARED) / w2;
        Self {
            anchor,
            m_per_deg_lat: meridian_m.to_radians(),
            m_per_deg_lon: (prime_vertical_m * cos.max(MIN_COS)).to_radians(),
        }
    }

    /// Returns metres east and north of the anchor.
    pub(super) fn plane_from_lat_lon(&self, at: LatLon) -> Vector2<f64> {
        let east_deg = wrap_deg(at.lon_deg - self.anchor.lon_deg);
        Vector2::new(east_deg * self.m_per_deg_lon, (at.lat_deg - self.anchor.lat_deg) * self.m_per_deg_lat)
    }

    /// Returns the position of a point given in metres east and north of the anchor.
    pub(super) fn lat_lon_from_plane(&self, east_m: f64, north_m: f64) -> LatLon {
        LatLon {
            lat_deg: (self.anchor.lat_deg + north_m / self.m_per_deg_lat).clamp(-90.0, 90.0),
            lon_deg: wrap_deg(self.anchor.lon_deg + east_m / self.m_per_deg_lon),
        }
    }
}

/// Returns the angle in [-180, 180), unchanged when it already lies there.
fn wrap_deg(angle_deg: f64) -> f64 {
    if (-180.0..180.0).contains(&angle_deg) {
        angle_deg
    } else {
        (angle_deg + 180.0).rem_euclid(360.0) - 180.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_degree_at_45_north_has_the_length_of_the_tables() {
        // Lengths of one degree at 45 degrees: NGA "Length of a degree" calculator, 111 131.75 m and 78 846.81 m.
        let plane = Plane::at(LatLon { lat_deg: 45.0, lon_deg: 10.0 });
        let point = plane.plane_from_lat_lon(LatLon { lat_deg: 46.0, lon_deg: 11.0 });
        assert!((point.y - 111_131.75).abs() < 1.0 && (point.x - 78_846.81).abs() < 1.0, "{point}");
    }

    #[test]
    fn round_trip_crosses_the_antimeridian() {
        let plane = Plane::at(LatLon { lat_deg: -16.5, lon_deg: 179.999_9 });
        let there = plane.lat_lon_from_plane(50.0, -20.0);
        assert!(there.lon_deg < -179.0);
        let back = plane.plane_from_lat_lon(there);
        assert!((back - Vector2::new(50.0, -20.0)).norm() < 1e-6);
    }
}
