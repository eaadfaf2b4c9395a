//! What stands above the ground by an unknown height.

use super::{Fall, Probe, Terrain, TerrainBounds, TerrainKind};
use crate::height::EllipsoidHeight;
use crate::position::LatLon;

/// A surface some metres above the ground, known as badly as the things that stand there differ in height.
#[derive(Clone, Copy)]
pub struct Raised<'a> {
    /// The ground.
    pub ground: &'a dyn Terrain,
    /// Mean height of the things above it, metres.
    pub by_m: f64,
    /// Standard deviation of their heights, metres.
    pub by_sigma_m: f64,
}

impl Raised<'_> {
    fn up(&self, height: EllipsoidHeight) -> EllipsoidHeight {
        EllipsoidHeight(height.0 + self.by_m)
    }
}

impl Terrain for Raised<'_> {
    fn height(&self, at: LatLon) -> Option<EllipsoidHeight> {
        self.ground.height(at).map(|height| self.up(height))
    }

    fn sigma_m(&self) -> f64 {
        self.ground.sigma_m().hypot(self.by_sigma_m)
    }

    fn sigma_at_m(&self, at: LatLon) -> f64 {
        self.ground.sigma_at_m(at).hypot(self.by_sigma_m)
    }

    fn kind_at(&self, at: LatLon) -> TerrainKind {
        self.ground.kind_at(at)
    }

    fn bounds(&self) -> TerrainBounds {
        let bounds = self.ground.bounds();
        TerrainBounds { lowest: self.up(bounds.lowest), highest: self.up(bounds.highest), ..bounds }
    }

    fn spacing_m(&self) -> f64 {
        self.ground.spacing_m()
    }

    fn probe(&self, at: LatLon, height: EllipsoidHeight, fall: Fall) -> Probe {
        let probe = self.ground.probe(at, EllipsoidHeight(height.0 - self.by_m), fall);
        Probe { ground: probe.ground.map(|ground| self.up(ground)), ..probe }
    }
}
