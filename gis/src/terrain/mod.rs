//! The ground: its height at a position, or none outside the cover.

pub mod error;
pub mod flat;
pub mod geotiff;
mod grid;
pub mod hgt;
pub mod kind;
pub mod raised;
pub mod tiles;

pub use error::TerrainError;
pub use flat::FlatGround;
pub use geotiff::{Crs, GeoTiff, GeoTiffOptions, HeightDatum, SharedBytes};
pub use hgt::{Hgt, SRTM_SIGMA_M};
pub use kind::TerrainKind;
pub use raised::Raised;
pub use tiles::Tiles;

use crate::height::EllipsoidHeight;
use crate::position::LatLon;

/// The cover of a terrain and the span of its heights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TerrainBounds {
    /// South-western and north-eastern corner of the cover; `None` covers the earth.
    pub corners: Option<(LatLon, LatLon)>,
    /// Lowest ground.
    pub lowest: EllipsoidHeight,
    /// Highest ground.
    pub highest: EllipsoidHeight,
}

/// How a ray runs: what one metre of it goes level and down. Both are positive and the sides of a triangle over it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fall {
    /// Level metres by metre of ray.
    pub level: f64,
    /// Metres sunk by metre of ray.
    pub sink: f64,
}

impl Fall {
    /// Returns the length of ray that ends with the level way or with the sunk one, whichever is first, metres.
    pub fn run_m(&self, level_m: f64, sunk_m: f64) -> f64 {
        (level_m / self.level).min(sunk_m / self.sink)
    }
}

/// What a ray finds at a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Probe {
    /// The ground there; `None` outside the cover and in holes.
    pub ground: Option<EllipsoidHeight>,
    /// Length of ray from there that meets no ground, metres; 0 where that is not known.
    pub free_m: f64,
}

/// Ground of known height.
pub trait Terrain: Send + Sync {
    /// Returns the height of the ground, or `None` outside the cover and in holes.
    fn height(&self, at: LatLon) -> Option<EllipsoidHeight>;

    /// Returns the standard deviation of heights, metres: the largest where it differs by place.
    fn sigma_m(&self) -> f64;

    /// Returns the standard deviation of the height at a place, metres.
    fn sigma_at_m(&self, _at: LatLon) -> f64 {
        self.sigma_m()
    }

    /// Returns what the heights at a place belong to.
    fn kind_at(&self, _at: LatLon) -> TerrainKind {
        TerrainKind::Unknown
    }

    /// Returns the cover and the span of heights.
    fn bounds(&self) -> TerrainBounds;

    /// Returns the distance between samples of the ground, metres; infinite for a level one.
    fn spacing_m(&self) -> f64;

    /// Returns the ground under a ray at `height`, and how far the ray may go on without meeting any.
    fn probe(&self, at: LatLon, height: EllipsoidHeight, fall: Fall) -> Probe {
        let clear_m = height.0 - self.bounds().highest.0;
        Probe { ground: self.height(at), free_m: fall.run_m(f64::INFINITY, clear_m.max(0.0)) }
    }
}
