//! Several terrains as one: the first in order that knows a place answers for it, with its own error.

use super::{Fall, Probe, Terrain, TerrainBounds, TerrainKind};
use crate::height::EllipsoidHeight;
use crate::position::LatLon;

/// Terrains in order of priority.
pub struct Tiles {
    layers: Vec<Box<dyn Terrain>>,
    bounds: TerrainBounds,
    spacing_m: f64,
    sigma_m: f64,
}

impl Tiles {
    /// Returns the terrains as one.
    pub fn new(layers: Vec<Box<dyn Terrain>>) -> Self {
        let bounds = layers.iter().map(|layer| layer.bounds()).reduce(joined).unwrap_or(TerrainBounds {
            corners: None,
            lowest: EllipsoidHeight(f64::INFINITY),
            highest: EllipsoidHeight(f64::NEG_INFINITY),
        });
        let spacing_m = layers.iter().map(|layer| layer.spacing_m()).fold(f64::INFINITY, f64::min);
        let sigma_m = layers.iter().map(|layer| layer.sigma_m()).fold(0.0, f64::max);
        Self { layers, bounds, spacing_m, sigma_m }
    }

    /// Returns the ground, or `None` when nothing is known of it.
    pub fn ground(&self) -> Option<&dyn Terrain> {
        (!self.layers.is_empty()).then_some(self as &dyn Terrain)
    }
}

fn joined(a: TerrainBounds, b: TerrainBounds) -> TerrainBounds {
    let low = |a: LatLon, b: LatLon| LatLon {
        lat_deg: a.lat_deg.min(b.lat_deg),
        lon_deg: a.lon_deg.min(b.lon_deg),
    };
    let high = |a: LatLon, b: LatLon| LatLon {
        lat_deg: a.lat_deg.max(b.lat_deg),
        lon_deg: a.lon_deg.max(b.lon_deg),
    };
    TerrainBounds {
        corners: a.corners.zip(b.corners).map(|(a, b)| (low(a.0, b.0), high(a.1, b.1))),
        lowest: EllipsoidHeight(a.lowest.0.min(b.lowest.0)),
        highest: EllipsoidHeight(a.highest.0.max(b.highest.0)),
    }
}

impl Terrain for Tiles {
    fn height(&self, at: LatLon) -> Option<EllipsoidHeight> {
        self.layers.iter().find_map(|layer| layer.height(at))
    }

    fn sigma_m(&self) -> f64 {
        self.sigma_m
    }

    fn sigma_at_m(&self, at: LatLon) -> f64 {
        let answering = self.layers.iter().find(|layer| layer.height(at).is_some());
        answering.map_or(self.sigma_m, |layer| layer.sigma_at_m(at))
    }

    fn kind_at(&self, at: LatLon) -> TerrainKind {
        let answering = self.layers.iter().find(|layer| layer.height(at).is_some());
        answering.map_or(TerrainKind::Unknown, |layer| layer.kind_at(at))
    }

    fn bounds(&self) -> TerrainBounds {
        self.bounds
    }

    fn spacing_m(&self) -> f64 {
        self.spacing_m
    }

    /// No ray is freer than the least free layer lets it be: any of them may answer on the way.
    fn probe(&self, at: LatLon, height: EllipsoidHeight, fall: Fall) -> Probe {
        let all = Probe { ground: None, free_m: f64::INFINITY };
        self.layers.iter().fold(all, |sum, layer| {
            let probe = layer.probe(at, height, fall);
            Probe { ground: sum.ground.or(probe.ground), free_m: sum.free_m.min(probe.free_m) }
        })
    }
}
