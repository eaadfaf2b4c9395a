//! Files that missions are made of.

use std::path::Path;

use anyhow::{Context, bail};
use geo::MultiPolygon;
use gis::Terrain;
use gis::terrain::GeoTiff;
use gis::terrain::TerrainKind;
use jiff::Timestamp;
use missions::Aircraft;
use missions::check::{Against, NoFly, Wind, fence_from_geojson, no_fly_from_geojson};
use missions::formats::{self, Imported};

use crate::cli::{DemHeights, GroundArgs, MissionAgainstArgs};
use crate::commands::georef::terrain::Tile;
use crate::config::TerrainEntry;
use crate::wire::Tiles;

/// Profiles that are part of the product.
const KNOWN: [&str; 4] = [
    include_str!("../../../../configs/aircraft/m3td.toml"),
    include_str!("../../../../configs/aircraft/m4td.toml"),
    include_str!("../../../../configs/aircraft/m30t.toml"),
    include_str!("../../../../configs/aircraft/multicopter.toml"),
];
/// The aircraft where nothing names one.
pub const USUAL: &str = "m3td";

/// The profiles of the product; a test reads each.
pub fn known() -> impl Iterator<Item = Aircraft> {
    KNOWN.iter().filter_map(|text| Aircraft::from_toml(text).ok())
}

/// Returns a profile of the product by its name; opens no file.
pub fn known_aircraft(name: &str) -> Option<Aircraft> {
    known().find(|aircraft| aircraft.id == name)
}

/// Returns a profile by its name, or from a file.
///
/// # Errors
/// When there is no such name or the file is no profile.
pub fn aircraft(name: &str) -> anyhow::Result<Aircraft> {
    if let Some(found) = known_aircraft(name) {
        return Ok(found);
    }
    if !Path::new(name).exists() {
        let names: Vec<String> = known().map(|aircraft| aircraft.id).collect();
        bail!("no aircraft {name}: give one of {} or a profile's file", names.join(", "));
    }
    Aircraft::from_toml(&text(Path::new(name))?).with_context(|| format!("cannot use {name}"))
}

/// Returns the aircraft asked for, else the one that a plan names or DJI's numbers tell, else the usual one. A plan names profiles of the
/// product only: it comes from anyone and opens no file.
///
/// # Errors
/// When the profile asked for cannot be used.
pub fn aircraft_of(asked: Option<&str>, imported: &Imported) -> anyhow::Result<Aircraft> {
    if let Some(name) = asked {
        return aircraft(name);
    }
    let by_name = known().find(|aircraft| aircraft.id == imported.plan.aircraft);
    let by_number = || {
        let asked = imported.dji?;
        known().find(|aircraft| aircraft.dji.as_ref().map(formats::numbers) == Some(asked))
    };
    if let Some(found) = by_name.or_else(by_number) {
        return Ok(found);
    }
    tracing::warn!("the plan does not say for which aircraft it is; taken as {USUAL}, give --profile");
    aircraft(USUAL)
}

/// Reads a text file.
///
/// # Errors
/// When it cannot be read.
pub fn text(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Reads a plan of any format, saying what was left out.
///
/// # Errors
/// When it cannot be read.
pub fn plan(path: &Path) -> anyhow::Result<Imported> {
    let shown = path.display();
    let size = std::fs::metadata(path).with_context(|| format!("cannot read {shown}"))?.len();
    if size > formats::MOST_BYTES as u64 {
        bail!("{shown} is larger than {} bytes", formats::MOST_BYTES);
    }
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {shown}"))?;
    let imported = formats::read(&bytes).with_context(|| format!("cannot use {shown}"))?;
    for note in &imported.notes {
        tracing::warn!("{shown}: {note}");
    }
    Ok(imported)
}

/// What a plan is held against, read.
pub struct Conditions {
    ground: Option<Tiles>,
    fence: Option<MultiPolygon<f64>>,
    no_fly: Vec<NoFly>,
    wind: Option<Wind>,
    clearance_m: f64,
    ceiling_m: Option<f64>,
}

impl Conditions {
    /// Reads what the command line names.
    ///
    /// # Errors
    /// When a file cannot be used.
    pub fn read(args: &MissionAgainstArgs) -> anyhow::Result<Self> {
        let shown = |path: &Path| format!("cannot use {}", path.display());
        let fence = args
            .fence
            .as_deref()
            .map(|path| fence_from_geojson(&text(path)?).with_context(|| shown(path)))
            .transpose()?;
        let no_fly = match args.no_fly.as_deref() {
            Some(path) => no_fly_from_geojson(&text(path)?).with_context(|| shown(path))?,
            None => Vec::new(),
        };
        Ok(Self {
            ground: ground(&args.ground)?,
            fence,
            no_fly,
            wind: args.wind,
            clearance_m: args.clearance,
            ceiling_m: args.ceiling,
        })
    }

    /// Returns what an aircraft's plan is held against at a moment.
    pub fn against<'a>(&'a self, aircraft: &'a Aircraft, at: Option<Timestamp>) -> Against<'a> {
        Against {
            ground: self.ground.as_ref().map(|tiles| tiles as &dyn Terrain),
            fence: self.fence.as_ref(),
            no_fly: &self.no_fly,
            at,
            wind: self.wind,
            clearance_m: self.clearance_m,
            ceiling_m: self.ceiling_m.unwrap_or(aircraft.flight.ceiling_m),
            ..Against::aircraft(aircraft)
        }
    }

    /// Returns the fence.
    pub fn fence(&self) -> Option<&MultiPolygon<f64>> {
        self.fence.as_ref()
    }

    /// Returns the zones that count at a moment.
    pub fn closed(&self, at: Timestamp) -> Vec<MultiPolygon<f64>> {
        self.no_fly.iter().filter(|zone| zone.counts(Some(at))).map(|zone| zone.degrees.clone()).collect()
    }
}

/// Reads terrain; `None` without any.
///
/// # Errors
/// When a file cannot be used, or nothing says what its heights count from.
pub fn ground(args: &GroundArgs) -> anyhow::Result<Option<Tiles>> {
    let stated = |tile: &GeoTiff| match (args.dem_heights, tile.vertical_epsg()) {
        (Some(heights), _) => Ok(heights),
        (None, Some(5773)) => Ok(DemHeights::Egm96),
        (None, Some(3855)) => Ok(DemHeights::Egm2008),
        (None, Some(4979)) => Ok(DemHeights::Ellipsoidal),
        (None, _) => bail!("it does not say what its heights count from; give --dem-heights"),
    };
    let mut layers = Vec::new();
    for path in &args.dem {
        let tile = Tile {
            path,
            crs: None,
            undulation_m: None,
            kind: TerrainKind::Unknown,
            cache_bytes: (TerrainEntry::USUAL_CACHE_MIB << 20) / (args.dem.len() as u64).max(1),
        };
        layers.push(tile.read(stated).with_context(|| format!("cannot use {}", path.display()))?);
    }
    Ok((!layers.is_empty()).then(|| Tiles::new(layers)))
}
