//! Ground heights: tiles in their order, then level ground where none covers.

use std::path::Path;
use std::sync::Arc;

use gis::EllipsoidHeight;
pub use gis::terrain::Tiles;
use gis::terrain::{
    FlatGround, GeoTiff, GeoTiffOptions, HeightDatum, Hgt, SharedBytes, Terrain, TerrainError, TerrainKind,
};

use crate::config::{HeightDatumName, Problem, TerrainEntry, TerrainFile};
use crate::output::summary::TerrainUsed;

/// One standard deviation of configured level ground, metres.
const FLAT_SIGMA_M: f64 = 2.0;

/// Loads every terrain tile.
pub fn load(entry: &TerrainEntry, problems: &mut Vec<Problem>) -> Option<Tiles> {
    let mut layers: Vec<Box<dyn Terrain>> = Vec::new();
    let mut complete = true;
    for (i, file) in entry.files.iter().enumerate() {
        let key = format!("terrain.files[{i}]");
        match tile(entry, file, &key, problems) {
            Some(tile) => layers.push(tile),
            None => complete = false,
        }
    }
    if let Some(height_m) = entry.flat_ellipsoid_height_m {
        layers.push(Box::new(FlatGround { height: EllipsoidHeight(height_m), sigma_m: FLAT_SIGMA_M }));
    }
    complete.then(|| Tiles::new(layers))
}

fn tile(
    entry: &TerrainEntry,
    file: &TerrainFile,
    key: &str,
    problems: &mut Vec<Problem>,
) -> Option<Box<dyn Terrain>> {
    let datum = datum(entry, file, problems)?;
    let unreadable = |error| format!("cannot read {}: {error}", file.path.display());
    let bytes = super::map(&file.path)
        .map_err(|error| problems.push(Problem::new(format!("{key}.path"), unreadable(error))))
        .ok()?;
    let terrain = if is_hgt(&file.path) {
        hgt(file, &bytes)
    } else {
        geotiff(entry, file, datum, &(Arc::new(bytes) as SharedBytes))
    };
    terrain
        .map_err(|error| problems.push(Problem::new(key, format!("{}: {error}", file.path.display()))))
        .ok()
}

/// Returns the datum of a file's heights; that of an SRTM tile is known.
fn datum(entry: &TerrainEntry, file: &TerrainFile, problems: &mut Vec<Problem>) -> Option<HeightDatum> {
    match (file.heights, entry.undulation_m) {
        (HeightDatumName::Ellipsoidal, _) => Some(HeightDatum::Ellipsoidal),
        (HeightDatumName::Geoid, _) if is_hgt(&file.path) => Some(HeightDatum::Ellipsoidal),
        (HeightDatumName::Geoid, Some(undulation_m)) => Some(HeightDatum::Geoid { undulation_m }),
        (HeightDatumName::Geoid, None) => {
            let message = "missing: heights above the geoid need the undulation of the city in metres";
            problems.push(Problem::new("terrain.undulation_m", message));
            None
        }
    }
}

/// Returns true for the name of an SRTM tile.
pub fn is_hgt(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("hgt"))
}

/// An SRTM tile knows its datum; the deviation stated for it, of cells of 30 to 90 m, is the caller's.
fn hgt(file: &TerrainFile, bytes: &[u8]) -> Result<Box<dyn Terrain>, TerrainError> {
    let name = file.path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    Ok(Box::new(Hgt::from_bytes(&name, bytes, file.sigma_m())?))
}

fn geotiff(
    entry: &TerrainEntry,
    file: &TerrainFile,
    datum: HeightDatum,
    bytes: &SharedBytes,
) -> Result<Box<dyn Terrain>, TerrainError> {
    let options = GeoTiffOptions {
        sigma_m: file.sigma_m(),
        cache_bytes: entry.cache_bytes_each(),
        ..GeoTiffOptions::of_kind(datum, file.kind)
    };
    let tile = GeoTiff::open(bytes, &options)?;
    if tile.peak_block_bytes().is_some() {
        let (width, height) = tile.size();
        tracing::info!("{}: {width} x {height} cells, read by blocks", file.path.display());
    }
    Ok(Box::new(tile))
}

/// Returns what every file shows, for the summary.
pub fn used(entry: &TerrainEntry) -> Vec<TerrainUsed> {
    let one = |file: &TerrainFile| TerrainUsed {
        path: file.path.display().to_string(),
        kind: if is_hgt(&file.path) { TerrainKind::Surface } else { file.kind },
        sigma_m: file.sigma_m(),
    };
    entry.files.iter().map(one).collect()
}
