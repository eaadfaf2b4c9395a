//! The flat map of the area: metres east and north of its middle.

use gis::geodesy::LocalFrame;
use gis::{EllipsoidHeight, GeoPoint, LatLon};
use nalgebra::Vector3;

use crate::scenario::Area;

/// A place, metres east and north of the middle of the area.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// East.
    pub east_m: f64,
    /// North.
    pub north_m: f64,
}

impl Place {
    /// Returns the distance to another place, metres.
    pub fn distance_m(self, other: Self) -> f64 {
        (self.east_m - other.east_m).hypot(self.north_m - other.north_m)
    }

    /// Returns the way from another place.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self { east_m: self.east_m - other.east_m, north_m: self.north_m - other.north_m }
    }

    /// Returns the place at the end of a way.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { east_m: self.east_m + other.east_m, north_m: self.north_m + other.north_m }
    }

    /// Returns the place at a distance in a direction clockwise from north.
    #[must_use]
    pub fn towards(self, bearing_deg: f64, distance_m: f64) -> Self {
        let (sin, cos) = bearing_deg.to_radians().sin_cos();
        Self { east_m: self.east_m + distance_m * sin, north_m: self.north_m + distance_m * cos }
    }
}

/// Step over which the length of a degree is taken, degrees.
const STEP_DEG: f64 = 1e-3;

/// The map: metres a degree of latitude and longitude at the middle, which holds to 0.1 % over a city.
#[derive(Debug, Clone, Copy)]
pub struct Map {
    middle: GeoPoint,
    m_per_deg_lat: f64,
    m_per_deg_lon: f64,
}

impl Map {
    /// Returns the map of an area.
    pub fn of(area: &Area) -> Self {
        let middle = GeoPoint { lat_lon: area.centre, height: EllipsoidHeight(area.ground_m) };
        let frame = LocalFrame::at(middle);
        let step = |lat: f64, lon: f64| {
            let lat_lon = LatLon { lat_deg: area.centre.lat_deg + lat, lon_deg: area.centre.lon_deg + lon };
            frame.enu_from_point(GeoPoint { lat_lon, height: middle.height })
        };
        Self {
            middle,
            m_per_deg_lat: step(STEP_DEG, 0.0).y / STEP_DEG,
            m_per_deg_lon: step(0.0, STEP_DEG).x / STEP_DEG,
        }
    }

    /// Returns the position of a place.
    pub fn lat_lon(&self, place: Place) -> LatLon {
        LatLon {
            lat_deg: self.middle.lat_lon.lat_deg + place.north_m / self.m_per_deg_lat,
            lon_deg: self.middle.lat_lon.lon_deg + place.east_m / self.m_per_deg_lon,
        }
    }

    /// Returns the point above a place.
    pub fn above(&self, place: Place, height_m: f64) -> GeoPoint {
        GeoPoint { lat_lon: self.lat_lon(place), height: EllipsoidHeight(self.middle.height.0 + height_m) }
    }

    /// Returns the place of a position.
    pub fn place(&self, at: LatLon) -> Place {
        Place {
            east_m: (at.lon_deg - self.middle.lat_lon.lon_deg) * self.m_per_deg_lon,
            north_m: (at.lat_deg - self.middle.lat_lon.lat_deg) * self.m_per_deg_lat,
        }
    }
}

/// Moves a point by metres east, north and up.
pub fn moved(point: GeoPoint, by_enu_m: Vector3<f64>) -> GeoPoint {
    LocalFrame::at(point).point_from_enu(&by_enu_m)
}
