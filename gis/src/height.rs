//! Heights whose datum is part of the type, so that two of them cannot be mixed.

use serde::{Deserialize, Serialize};

/// Height above the WGS-84 ellipsoid (EPSG:4979).
///
/// # Units
/// Metres, positive up.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EllipsoidHeight(pub f64);

/// Height above the geoid (mean sea level) of the model whose undulation lifts it; see `geoid::GeoidModel`.
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

/// Height above the ground right below.
///
/// # Units
/// Metres, positive up.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AboveGroundHeight(pub f64);

impl AboveGroundHeight {
    /// Returns the ellipsoidal height, given that of the ground.
    pub fn to_ellipsoid(self, ground: EllipsoidHeight) -> EllipsoidHeight {
        EllipsoidHeight(ground.0 + self.0)
    }
}

impl AboveTakeoffHeight {
    /// Returns the ellipsoidal height, given that of the point of take-off.
    pub fn to_ellipsoid(self, takeoff: EllipsoidHeight) -> EllipsoidHeight {
        EllipsoidHeight(takeoff.0 + self.0)
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_of_every_datum_come_to_the_ellipsoid() {
        let ellipsoid = EllipsoidHeight(120.0);
        assert_eq!(GeoidHeight(108.0).to_ellipsoid(12.0), ellipsoid);
        assert_eq!(ellipsoid.to_geoid(12.0), GeoidHeight(108.0));
        assert_eq!(AboveGroundHeight(50.0).to_ellipsoid(EllipsoidHeight(70.0)), ellipsoid);
        assert_eq!(AboveTakeoffHeight(50.0).to_ellipsoid(EllipsoidHeight(70.0)), ellipsoid);
    }
}
