//! Positions on the earth and what is known of their error.

use nalgebra::{Matrix3, SMatrix};
use serde::{Deserialize, Serialize};

use crate::height::EllipsoidHeight;

/// A horizontal position in WGS-84 (EPSG:4326).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LatLon {
    /// Geodetic latitude, degrees, north positive.
    pub lat_deg: f64,
    /// Longitude, degrees, east positive.
    pub lon_deg: f64,
}

impl LatLon {
    /// Returns the position, or `None` unless both are finite and on the globe.
    pub fn new(lat_deg: f64, lon_deg: f64) -> Option<Self> {
        let on_globe = (-90.0..=90.0).contains(&lat_deg) && (-180.0..=180.0).contains(&lon_deg);
        on_globe.then_some(Self { lat_deg, lon_deg })
    }
}

/// A point in WGS-84 with ellipsoidal height (EPSG:4979).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GeoPoint {
    /// Horizontal position.
    pub lat_lon: LatLon,
    /// Height above the ellipsoid.
    pub height: EllipsoidHeight,
}

/// A point on the ground with the covariance of its error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GroundPosition {
    /// The point.
    pub point: GeoPoint,
    /// Covariance of the error in local east, north, up.
    ///
    /// # Units
    /// Square metres.
    pub covariance_enu_m2: Matrix3<f64>,
    /// The part of that covariance that all sightings of the place from one flight share (errors of the pose that last, the
    /// terrain), and that no averaging over them takes away. Zero where it is not known.
    ///
    /// # Units
    /// Square metres.
    #[serde(default)]
    pub bias_covariance_enu_m2: Matrix3<f64>,
    /// How that shared part comes about, where it is known cause by cause; zero where not.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bias_modes_enu_m: BiasModes,
}

/// Displacements of a position in east, north, up by the errors of a pose that last over a flight, each at one standard deviation, metres.
///
/// Columns: position east, north, up; heading, pitch, roll; time offset. Two positions of one flight are displaced by the same
/// multiples of their columns, so that their difference is known better than either, and the multiples can be estimated.
pub type BiasModes = SMatrix<f64, 3, 7>;

/// Tells whether no cause is known, to leave it out of stored text.
pub(crate) fn is_zero(modes: &BiasModes) -> bool {
    modes.iter().all(|value| *value == 0.0)
}

impl GroundPosition {
    /// Returns a point whose errors are all independent, as far as is known.
    pub fn new(point: GeoPoint, covariance_enu_m2: Matrix3<f64>) -> Self {
        let (bias_covariance_enu_m2, bias_modes_enu_m) = (Matrix3::zeros(), BiasModes::zeros());
        Self { point, covariance_enu_m2, bias_covariance_enu_m2, bias_modes_enu_m }
    }
}
