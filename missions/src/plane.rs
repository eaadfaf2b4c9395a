//! A flat frame in metres around an area.

use geo::{Coord, MapCoords, MultiPolygon};
use gis::LatLon;
use gis::geodesy::metres_per_degree;

/// Metres east (x) and north (y) of a place: lengths are right within 0.5 % up to 20 km north or south of it.
///
/// Equal steps of latitude and longitude are equal steps here, so that what is parallel stays parallel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plane {
    origin: LatLon,
    north_m_per_deg: f64,
    east_m_per_deg: f64,
}

impl Plane {
    /// Returns the plane around a place.
    pub fn around(origin: LatLon) -> Self {
        let (north_m_per_deg, east_m_per_deg) = metres_per_degree(origin.lat_deg);
        // At a pole a degree of longitude has no length; a place there is never asked about, but must not divide by zero.
        Self { origin, north_m_per_deg, east_m_per_deg: east_m_per_deg.max(1e-3) }
    }

    /// Returns the place in metres.
    pub fn metres(&self, at: LatLon) -> Coord<f64> {
        Coord {
            x: (at.lon_deg - self.origin.lon_deg) * self.east_m_per_deg,
            y: (at.lat_deg - self.origin.lat_deg) * self.north_m_per_deg,
        }
    }

    /// Returns the place of metres.
    pub fn place(&self, at: Coord<f64>) -> LatLon {
        LatLon {
            lat_deg: self.origin.lat_deg + at.y / self.north_m_per_deg,
            lon_deg: self.origin.lon_deg + at.x / self.east_m_per_deg,
        }
    }

    /// Returns polygons in metres of polygons in degrees (x = longitude).
    pub fn metres_of(&self, degrees: &MultiPolygon<f64>) -> MultiPolygon<f64> {
        degrees.map_coords(|at| self.metres(LatLon { lat_deg: at.y, lon_deg: at.x }))
    }

    /// Returns polygons in degrees (x = longitude) of polygons in metres.
    pub fn degrees_of(&self, metres: &MultiPolygon<f64>) -> MultiPolygon<f64> {
        metres.map_coords(|at| {
            let place = self.place(at);
            Coord { x: place.lon_deg, y: place.lat_deg }
        })
    }
}

/// Returns the distance of two points, metres.
pub fn distance_m(a: Coord<f64>, b: Coord<f64>) -> f64 {
    (a.x - b.x).hypot(a.y - b.y)
}

/// Returns the point at a share of the way from `a` to `b`.
pub fn between(a: Coord<f64>, b: Coord<f64>, share: f64) -> Coord<f64> {
    Coord { x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share }
}

/// Returns the course from `a` to `b`, degrees clockwise from north, 0 to 360.
pub fn course_deg(a: Coord<f64>, b: Coord<f64>) -> f64 {
    (b.x - a.x).atan2(b.y - a.y).to_degrees().rem_euclid(360.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gis::geodesy::plane_distance_m;

    #[test]
    fn places_come_back_and_lengths_are_those_of_the_ellipsoid() {
        let origin = LatLon { lat_deg: 28.95, lon_deg: 118.87 };
        let plane = Plane::around(origin);
        let east = plane.place(Coord { x: 1000.0, y: 0.0 });
        let north = plane.place(Coord { x: 0.0, y: 1000.0 });
        assert!((plane_distance_m(origin, east) - 1000.0).abs() < 0.1);
        assert!((plane_distance_m(origin, north) - 1000.0).abs() < 0.1);
        let back = plane.metres(east);
        assert!((back.x - 1000.0).abs() < 1e-6 && back.y.abs() < 1e-6);
    }

    #[test]
    fn courses_count_clockwise_from_north() {
        let (o, e) = (Coord { x: 0.0, y: 0.0 }, Coord { x: 1.0, y: 0.0 });
        assert!((course_deg(o, e) - 90.0).abs() < 1e-12);
        assert!((course_deg(e, o) - 270.0).abs() < 1e-12);
    }
}
