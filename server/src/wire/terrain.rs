//! Ground heights: tiles in their order, then level ground where none covers.

use gis::terrain::{Ceiling, FlatGround, GeoTiff, GeoTiffOptions, HeightDatum, Terrain, TerrainBounds};
use gis::{EllipsoidHeight, LatLon};

use super::read;
use crate::config::{HeightDatumName, Problem, TerrainEntry};

/// One standard deviation of configured level ground, metres.
const FLAT_SIGMA_M: f64 = 2.0;

/// All ground heights of a configuration.
pub struct Tiles {
    layers: Vec<Box<dyn Terrain>>,
}

impl Tiles {
    /// Returns the ground of layers, the first that covers a place in precedence.
    pub fn new(layers: Vec<Box<dyn Terrain>>) -> Self {
        Self { layers }
    }

    /// Returns the ground, or `None` when nothing is known of it.
    pub fn ground(&self) -> Option<&dyn Terrain> {
        (!self.layers.is_empty()).then_some(self as &dyn Terrain)
    }
}

/// Loads every terrain tile.
pub fn load(entry: &TerrainEntry, problems: &mut Vec<Problem>) -> Option<Tiles> {
    let mut layers: Vec<Box<dyn Terrain>> = Vec::new();
    let mut complete = true;
    for (i, file) in entry.files.iter().enumerate() {
        let key = format!("terrain.files[{i}]");
        match tile(entry, file, &key, problems) {
            Some(tile) => layers.push(Box::new(tile)),
            None => complete = false,
        }
    }
    if let Some(height_m) = entry.flat_ellipsoid_height_m {
        layers.push(Box::new(FlatGround { height: EllipsoidHeight(height_m), sigma_m: FLAT_SIGMA_M }));
    }
    complete.then_some(Tiles { layers })
}

fn tile(
    entry: &TerrainEntry,
    file: &crate::config::TerrainFile,
    key: &str,
    problems: &mut Vec<Problem>,
) -> Option<GeoTiff> {
    let heights = match (file.heights, entry.undulation_m) {
        (HeightDatumName::Ellipsoidal, _) => HeightDatum::Ellipsoidal,
        (HeightDatumName::Geoid, Some(undulation_m)) => HeightDatum::Geoid { undulation_m },
        (HeightDatumName::Geoid, None) => {
            let message = "missing: heights above the geoid need the undulation of the city in metres";
            problems.push(Problem::new("terrain.undulation_m", message));
            return None;
        }
    };
    let bytes = read(&file.path, &format!("{key}.path"), problems)?;
    let options = GeoTiffOptions { sigma_m: file.sigma_m, ..GeoTiffOptions::new(heights) };
    GeoTiff::from_bytes(&bytes, &options)
        .map_err(|error| problems.push(Problem::new(key, format!("{}: {error}", file.path.display()))))
        .ok()
}

impl Terrain for Tiles {
    fn height(&self, at: LatLon) -> Option<EllipsoidHeight> {
        self.layers.iter().find_map(|layer| layer.height(at))
    }

    fn sigma_m(&self) -> f64 {
        self.layers.iter().map(|layer| layer.sigma_m()).fold(0.0, f64::max)
    }

    fn bounds(&self) -> TerrainBounds {
        let all: Vec<TerrainBounds> = self.layers.iter().map(|layer| layer.bounds()).collect();
        let corners = match all.as_slice() {
            [only] => only.corners,
            _ => None,
        };
        let lowest = all.iter().map(|b| b.lowest.0).fold(f64::INFINITY, f64::min);
        let highest = all.iter().map(|b| b.highest.0).fold(f64::NEG_INFINITY, f64::max);
        TerrainBounds { corners, lowest: EllipsoidHeight(lowest), highest: EllipsoidHeight(highest) }
    }

    fn spacing_m(&self) -> f64 {
        self.layers.iter().map(|layer| layer.spacing_m()).fold(f64::INFINITY, f64::min)
    }

    fn ceiling(&self, at: LatLon) -> Ceiling {
        let all: Vec<Ceiling> = self.layers.iter().map(|layer| layer.ceiling(at)).collect();
        let height = all.iter().map(|c| c.height.0).fold(f64::NEG_INFINITY, f64::max);
        let radius_m = all.iter().map(|c| c.radius_m).fold(f64::INFINITY, f64::min);
        Ceiling { height: EllipsoidHeight(height), radius_m }
    }
}
