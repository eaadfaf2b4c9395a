//! A flat frame in metres around one place, good to a few parts in 10^4 over tens of kilometres.

use geo::Coord;

use crate::geodesy::{ECCENTRICITY_SQUARED, SEMI_MAJOR_AXIS_M};
use crate::position::LatLon;

/// Metres east and north of a place, by the ellipsoid's radii of curvature there.
///
/// # References
/// Snyder, Map Projections: A Working Manual, USGS PP 1395 (1987), eq. 4-18 to 4-21.
#[derive(Debug, Clone, Copy)]
pub struct LocalFrame {
    origin: LatLon,
    m_per_deg_east: f64,
    m_per_deg_north: f64,
}

impl LocalFrame {
    /// Returns the frame around a place.
    pub fn new(origin: LatLon) -> Self {
        let lat = origin.lat_deg.to_radians();
        let w_squared = 1.0 - ECCENTRICITY_SQUARED * lat.sin().powi(2);
        let prime_vertical_m = SEMI_MAJOR_AXIS_M / w_squared.sqrt();
        let meridional_m = prime_vertical_m * (1.0 - ECCENTRICITY_SQUARED) / w_squared;
        Self {
            origin,
            m_per_deg_east: (prime_vertical_m * lat.cos()).to_radians(),
            m_per_deg_north: meridional_m.to_radians(),
        }
    }

    /// Returns metres east (x) and north (y) of degrees of longitude (x) and latitude (y).
    pub fn metres_from_degrees(&self, degrees: Coord<f64>) -> Coord<f64> {
        Coord {
            x: (degrees.x - self.origin.lon_deg) * self.m_per_deg_east,
            y: (degrees.y - self.origin.lat_deg) * self.m_per_deg_north,
        }
    }

    /// Returns degrees of longitude (x) and latitude (y) of metres east (x) and north (y).
    pub fn degrees_from_metres(&self, metres: Coord<f64>) -> Coord<f64> {
        Coord {
            x: self.origin.lon_deg + metres.x / self.m_per_deg_east,
            y: self.origin.lat_deg + metres.y / self.m_per_deg_north,
        }
    }
}

/// Returns the distance from the origin to a segment, both in metres.
pub fn origin_to_segment_m(start: Coord<f64>, end: Coord<f64>) -> f64 {
    let along = end - start;
    let length_squared = along.x * along.x + along.y * along.y;
    let t = if length_squared > 0.0 {
        (-(start.x * along.x + start.y * along.y) / length_squared).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (start.x + t * along.x).hypot(start.y + t * along.y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degree_lengths_match_the_published_table() {
        // Snyder (1987), table 4: at 30 degrees one degree is 110 852 m of latitude and 96 486 m of longitude
        // (WGS-84; Clarke 1866 differs by some tens of metres).
        let frame = LocalFrame::new(LatLon { lat_deg: 30.0, lon_deg: 118.0 });
        assert!((frame.m_per_deg_north - 110_852.0).abs() < 2.0, "{}", frame.m_per_deg_north);
        assert!((frame.m_per_deg_east - 96_486.0).abs() < 2.0, "{}", frame.m_per_deg_east);
    }

    #[test]
    fn distance_to_a_segment_ends_at_its_ends() {
        let at = |x, y| Coord { x, y };
        assert!((origin_to_segment_m(at(3.0, -1.0), at(3.0, 1.0)) - 3.0).abs() < 1e-12);
        assert!((origin_to_segment_m(at(3.0, 4.0), at(9.0, 4.0)) - 5.0).abs() < 1e-12);
        assert!((origin_to_segment_m(at(3.0, 4.0), at(3.0, 4.0)) - 5.0).abs() < 1e-12);
    }
}
