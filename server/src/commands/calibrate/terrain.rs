//! Where the rays of the points end on a terrain model.

use anyhow::{Context, anyhow, bail};
use gis::calibrate::Mark;
use gis::georef::{Limits, View, ground_point};
use gis::terrain::{Terrain, TerrainKind};

use super::marks::Frame;
use crate::cli::CalibrateCameraArgs;
use crate::commands::georef::terrain::Tile;
use crate::config::TerrainEntry;
use crate::wire::Tiles;
use crate::wire::camera::CameraFile;

/// Points are surveyed ones, so that every ray is worth a look, those that rise towards a slope too.
const LEAST_DEPRESSION_DEG: f64 = -60.0;

/// Returns the horizontal distance from each mark to where its ray meets the terrain, `None` where it does not; nothing without a
/// terrain model.
///
/// # Errors
/// When a terrain file cannot be used, or the points lie in a local frame.
pub fn errors_m(
    args: &CalibrateCameraArgs,
    marks: &[Mark],
    frame: &Frame,
    file: &CameraFile,
) -> anyhow::Result<Option<Vec<Option<f64>>>> {
    if args.dem.is_empty() {
        return Ok(None);
    }
    let Frame::Earth(frame) = frame else { bail!("--dem needs points on the earth, not in a local frame") };
    let heights = args.dem_heights.unwrap_or(args.heights);
    let mut layers: Vec<Box<dyn Terrain>> = Vec::new();
    for path in &args.dem {
        let tile = Tile {
            path,
            crs: args.dem_crs,
            undulation_m: None,
            kind: TerrainKind::Unknown,
            cache_bytes: (TerrainEntry::USUAL_CACHE_MIB << 20) / args.dem.len() as u64,
        };
        layers.push(tile.read(|_| Ok(heights)).with_context(|| format!("cannot use {}", path.display()))?);
    }
    let terrain = Tiles::new(layers);
    let camera = file.camera().map_err(|error| anyhow!("the camera found: {error}"))?;
    let limits = Limits { min_depression_deg: LEAST_DEPRESSION_DEG, ..Limits::default() };
    let view = View::new(&camera.intrinsics, &camera.pose, &terrain).with_limits(limits);
    let error_m = |mark: &Mark| {
        let hit = ground_point(&view, mark.pixel[0], mark.pixel[1]).ok()?;
        let at = frame.enu_from_point(hit);
        Some((at.x - mark.point.x).hypot(at.y - mark.point.y))
    };
    Ok(Some(marks.iter().map(error_m).collect()))
}
