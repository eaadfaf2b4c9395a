//! Ground at one height everywhere.

use super::{Terrain, TerrainBounds, TerrainKind};
use crate::height::EllipsoidHeight;
use crate::position::LatLon;

/// Level ground, at a constant height above the ellipsoid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlatGround {
    /// Its height.
    pub height: EllipsoidHeight,
    /// Standard deviation of the true ground around that height, metres.
    pub sigma_m: f64,
}

impl Terrain for FlatGround {
    fn height(&self, _at: LatLon) -> Option<EllipsoidHeight> {
        self.height.0.is_finite().then_some(self.height)
    }

    fn sigma_m(&self) -> f64 {
        self.sigma_m
    }

    fn kind_at(&self, _at: LatLon) -> TerrainKind {
        TerrainKind::Ground
    }

    fn bounds(&self) -> TerrainBounds {
        TerrainBounds { corners: None, lowest: self.height, highest: self.height }
    }

    fn spacing_m(&self) -> f64 {
        f64::INFINITY
    }
}
