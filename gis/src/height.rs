//! Heights whose datum is part of the type, so that two of them cannot be mixed.

use serde::{Deserialize, Serialize};

/// Height above the WGS-84 ellipsoid (EPSG:4979).
///
/// # Units
/// Metres, positive up.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EllipsoidHeight(pub f64);

/// Height above the geoid (mean sea level, EGM96 or EGM2008 unless said otherwise).
///
/// # Units
/// Metres, positive up.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GeoidHeight(pub f64);

/// Height above the point of take-off.
///
/// # Units
/// Metres, positive up.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AboveTakeoffHeight(pub f64);

impl GeoidHeight {
    /// Returns the ellipsoidal height, given the geoid's undulation at the place.
    ///
    /// # Units
    /// `undulation_m` in metres: geoid above ellipsoid, positive up.
    pub fn to_ellipsoid(self, undulation_m: f64) -> EllipsoidHeight {
        EllipsoidHeight(self.0 + undulation_m)
    }
}

impl EllipsoidHeight {
    /// Returns the height above the geoid, given its undulation at the place.
    ///
    /// # Units
    /// `undulation_m` in metres: geoid above ellipsoid, positive up.
    pub fn to_geoid(self, undulation_m: f64) -> GeoidHeight {
        GeoidHeight(self.0 - undulation_m)
    }
}
