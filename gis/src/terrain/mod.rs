//! The ground: its height at a position, or none outside the cover.

pub mod error;
pub mod flat;
pub mod geotiff;
pub mod raised;

pub use error::TerrainError;
pub use flat::FlatGround;
pub use geotiff::{Crs, GeoTiff, GeoTiffOptions, HeightDatum};
pub use raised::Raised;

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

/// A height that no ground reaches within a radius of a position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ceiling {
    /// No ground lies above this.
    pub height: EllipsoidHeight,
    /// Horizontal radius within which that holds, metres.
    pub radius_m: f64,
}

/// Ground of known height.
pub trait Terrain: Send + Sync {
    /// Returns the height of the ground, or `None` outside the cover and in holes.
    fn height(&self, at: LatLon) -> Option<EllipsoidHeight>;

    /// Returns the standard deviation of that height, metres.
    fn sigma_m(&self) -> f64;

    /// Returns the cover and the span of heights.
    fn bounds(&self) -> TerrainBounds;

    /// Returns the distance between samples of the ground, metres; infinite for a level one.
    fn spacing_m(&self) -> f64;

    /// Returns a height that no ground reaches around `at`, so that a ray above it may take long steps.
    fn ceiling(&self, _at: LatLon) -> Ceiling {
        Ceiling { height: self.bounds().highest, radius_m: f64::INFINITY }
    }
}
