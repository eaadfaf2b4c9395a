//! What a terrain model shows: the ground, or what stands on it.

use serde::{Deserialize, Serialize};

/// What the heights of a terrain model belong to.
///
/// | kind | a ray at a roof or a tree | a thing on open ground |
/// |---|---|---|
/// | surface | ends there, as in the picture | well placed; edges of roofs are smeared over a cell or two |
/// | ground | goes through to the ground behind: too far by the height over the tangent of the depression | well placed |
/// | unknown | either | well placed |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TerrainKind {
    /// Roofs and crowns where there are some (DSM; photogrammetry, radar such as SRTM).
    Surface,
    /// Bare ground (DTM).
    Ground,
    /// Not known.
    #[default]
    Unknown,
}

impl TerrainKind {
    /// Returns the usual standard deviation of heights of a model with cells of about a metre, metres.
    ///
    /// Ground models come from lidar that was filtered and adjusted; surfaces from pictures, whose matching is rougher. A
    /// model that may be either is held to be as good as most city models.
    pub fn usual_sigma_m(self) -> f64 {
        match self {
            Self::Surface => 0.7,
            Self::Ground => 0.3,
            Self::Unknown => 0.5,
        }
    }
}
