//! The ground under `georef`: what a terrain file's heights count from is stated, or told by the aircraft's height.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use gis::geoid::{self, GeoidModel};
use gis::terrain::{Crs, GeoTiff, GeoTiffOptions, HeightDatum, Hgt, SharedBytes, Terrain, TerrainKind};
use gis::{EllipsoidHeight, LatLon};
use pipeline::telemetry::Sample;

use super::cameras::Cameras;
use crate::cli::{DemHeights, GeorefArgs};
use crate::config::TerrainEntry;
use crate::wire::Tiles;
use crate::wire::terrain::is_hgt;

/// EPSG codes of the vertical systems that a file may state: EGM96, EGM2008, and heights above the WGS-84 ellipsoid.
const EGM96_HEIGHT: u32 = 5773;
const EGM2008_HEIGHT: u32 = 3855;
const WGS84_WITH_HEIGHT: u32 = 4979;
/// One standard deviation of SRTM's heights, metres: 6 to 9 m hold 90 % of them (Rodriguez, Morris, Belz 2006, PE&RS 72(3)).
const SRTM_SIGMA_M: f64 = 4.5;
/// Where geoid and ellipsoid lie nearer than this, metres, it does not matter which is meant.
const INDIFFERENT_M: f64 = 1.0;

/// Loads the tiles, the first given first in precedence; `None` without any.
///
/// # Errors
/// When a file cannot be read or used, or nothing tells what its heights count from.
pub fn load(args: &GeorefArgs, cameras: &Cameras) -> anyhow::Result<Option<Tiles>> {
    let mut layers: Vec<Box<dyn Terrain>> = Vec::new();
    for path in &args.dem {
        let tile = tile(path, args, cameras).with_context(|| format!("cannot use {}", path.display()))?;
        layers.push(tile);
    }
    Ok((!layers.is_empty()).then(|| Tiles::new(layers)))
}

fn tile(path: &Path, args: &GeorefArgs, cameras: &Cameras) -> anyhow::Result<Box<dyn Terrain>> {
    let how = |tile: &GeoTiff| match args.dem_heights.or_else(|| stated(tile.vertical_epsg())) {
        Some(heights) => Ok(heights),
        None => inferred(path, tile, cameras),
    };
    let tile = Tile {
        path,
        crs: args.dem_crs,
        undulation_m: args.undulation,
        kind: args.dem_kind.into(),
        cache_bytes: (TerrainEntry::USUAL_CACHE_MIB << 20) / (args.dem.len() as u64).max(1),
    };
    tile.read(how)
}

/// A terrain file and how to read it.
pub struct Tile<'a> {
    /// The file.
    pub path: &'a Path,
    /// Coordinate reference system, where the file states none.
    pub crs: Option<u32>,
    /// Geoid above the ellipsoid, metres; by the model when absent.
    pub undulation_m: Option<f64>,
    /// What it shows.
    pub kind: TerrainKind,
    /// Memory for its heights, bytes.
    pub cache_bytes: u64,
}

impl Tile<'_> {
    /// Reads the file, whose heights count from what `how` says.
    ///
    /// # Errors
    /// When the file cannot be read or used.
    pub fn read(
        &self,
        how: impl Fn(&GeoTiff) -> anyhow::Result<DemHeights>,
    ) -> anyhow::Result<Box<dyn Terrain>> {
        let bytes = crate::wire::map(self.path)?;
        if is_hgt(self.path) {
            let name = self.path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
            return Ok(Box::new(Hgt::from_bytes(&name, &bytes, SRTM_SIGMA_M)?));
        }
        let bytes: SharedBytes = Arc::new(bytes);
        let crs = self.crs.map(Crs::Epsg);
        let read = |heights: HeightDatum| {
            let usual = GeoTiffOptions::of_kind(heights, self.kind);
            GeoTiff::open(&bytes, &GeoTiffOptions { crs, cache_bytes: self.cache_bytes, ..usual })
        };
        let as_ellipsoidal = read(HeightDatum::Ellipsoidal)?;
        let Some(model) = how(&as_ellipsoidal)?.geoid() else { return Ok(Box::new(as_ellipsoidal)) };
        let middle = middle(&as_ellipsoidal).context("it covers no place")?;
        let undulation_m = self.undulation_m.or_else(|| geoid::undulation_m(model, middle));
        let undulation_m = undulation_m.context("the geoid has no height there")?;
        Ok(Box::new(read(HeightDatum::Geoid { undulation_m })?))
    }
}

fn middle(tile: &GeoTiff) -> Option<LatLon> {
    let (low, high) = tile.bounds().corners?;
    LatLon::new(f64::midpoint(low.lat_deg, high.lat_deg), f64::midpoint(low.lon_deg, high.lon_deg))
}

fn stated(vertical_epsg: Option<u32>) -> Option<DemHeights> {
    match vertical_epsg? {
        EGM96_HEIGHT => Some(DemHeights::Egm96),
        EGM2008_HEIGHT => Some(DemHeights::Egm2008),
        WGS84_WITH_HEIGHT => Some(DemHeights::Ellipsoidal),
        _ => None,
    }
}

/// How far the aircraft's height above take-off lies from its height above the ground beneath, by either reading.
struct Evidence {
    ellipsoidal_off_m: f64,
    geoid_off_m: f64,
}

fn inferred(path: &Path, tile: &GeoTiff, cameras: &Cameras) -> anyhow::Result<DemHeights> {
    let all: Vec<Evidence> = cameras.samples().filter_map(|sample| evidence(sample, tile)).collect();
    let shown = path.display();
    if all.is_empty() {
        let at = cameras.fixed().map(|camera| camera.pose.point.lat_lon).or_else(|| middle(tile));
        let undulation_m = at.and_then(egm96_m).unwrap_or(f64::INFINITY);
        if undulation_m.abs() < INDIFFERENT_M {
            tracing::warn!(
                "{shown} does not state what its heights count from; geoid and ellipsoid lie {undulation_m:.1} m apart here"
            );
            return Ok(DemHeights::Ellipsoidal);
        }
        bail!(
            "it does not state what its heights count from, no picture over it tells a height above take-off, and \
             the readings differ by {undulation_m:.1} m: give --dem-heights ellipsoidal, egm96 or egm2008"
        );
    }
    let median = |value: fn(&Evidence) -> f64| {
        let mut values: Vec<f64> = all.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::INFINITY)
    };
    let (ellipsoidal_m, geoid_m) = (median(|e| e.ellipsoidal_off_m), median(|e| e.geoid_off_m));
    let chosen = if ellipsoidal_m <= geoid_m { DemHeights::Ellipsoidal } else { DemHeights::Egm96 };
    tracing::warn!(
        "{shown} does not state what its heights count from; taken as {}: ground beneath plus height above take-off \
         misses the aircraft by {ellipsoidal_m:.1} m if ellipsoidal, by {geoid_m:.1} m if EGM96",
        if chosen == DemHeights::Ellipsoidal { "ellipsoidal" } else { "EGM96" }
    );
    Ok(chosen)
}

fn evidence(sample: &Sample, tile: &GeoTiff) -> Option<Evidence> {
    let at = sample.position?;
    let undulation_m = egm96_m(at)?;
    let above_takeoff_m = sample.above_takeoff?.0;
    let EllipsoidHeight(ground_m) = tile.height(at)?;
    let known = sample.ellipsoid_height.map(|h| h.0).or(sample.geoid_height.map(|h| h.0 + undulation_m));
    let unknown = sample.unknown_datum_height_m.filter(|_| known.is_none());
    let camera_m: Vec<f64> =
        known.into_iter().chain(unknown).chain(unknown.map(|m| m + undulation_m)).collect();
    let off = |ground_m: f64| {
        let misses = camera_m.iter().map(|m| (m - ground_m - above_takeoff_m).abs());
        misses.min_by(f64::total_cmp)
    };
    Some(Evidence { ellipsoidal_off_m: off(ground_m)?, geoid_off_m: off(ground_m + undulation_m)? })
}

/// Heights of aircraft and of files without a word count from EGM96, if from a geoid: receivers carry its grid.
fn egm96_m(at: LatLon) -> Option<f64> {
    geoid::undulation_m(GeoidModel::Egm96, at)
}
