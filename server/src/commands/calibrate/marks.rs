//! Points with their pixels, in the frame the calibration works in.

use std::path::Path;

use anyhow::{Context, anyhow, bail};
use gis::calibrate::Mark;
use gis::crs::{Crs, Projection};
use gis::geodesy::LocalFrame;
use gis::{EllipsoidHeight, GeoPoint, geoid};
use nalgebra::{Vector2, Vector3};
use serde::Deserialize;

use crate::cli::{DemHeights, MarkCrs};
use crate::commands::georef::input::{finite, rows};

/// A row of the points file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct MarkRow {
    name: String,
    u: f64,
    v: f64,
    x: f64,
    y: f64,
    z: f64,
}

/// What the coordinates of the marks count from.
pub enum Frame {
    /// Local east, north, up at the first mark.
    Earth(Box<LocalFrame>),
    /// A local grid, from this origin.
    Local(Vector3<f64>),
}

/// The marks and their frame.
pub struct Marks {
    /// The marks, metres in the frame.
    pub all: Vec<Mark>,
    /// The frame.
    pub frame: Frame,
}

/// Reads the points.
///
/// # Errors
/// When a row cannot be read, a number is not finite, a name comes twice, or a place does not lie in the system.
pub fn read(path: &Path, crs: MarkCrs, heights: DemHeights) -> anyhow::Result<Marks> {
    let rows: Vec<(u64, MarkRow)> = rows(path)?;
    if rows.is_empty() {
        bail!("{} holds no points", path.display());
    }
    for (i, (line, row)) in rows.iter().enumerate() {
        finite(path, *line, &[("u", row.u), ("v", row.v), ("x", row.x), ("y", row.y), ("z", row.z)])?;
        if rows.iter().take(i).any(|(_, other)| other.name == row.name) {
            bail!("{}: line {line}: point {:?} comes a second time", path.display(), row.name);
        }
    }
    match crs {
        MarkCrs::Local => Ok(local(&rows)),
        MarkCrs::Epsg(code) => on_earth(path, &rows, code, heights),
    }
}

fn mark(row: &MarkRow, point: Vector3<f64>) -> Mark {
    Mark { name: row.name.clone(), pixel: [row.u, row.v], point }
}

fn local(rows: &[(u64, MarkRow)]) -> Marks {
    let place = |row: &MarkRow| Vector3::new(row.x, row.y, row.z);
    let origin = rows.iter().map(|(_, row)| place(row)).sum::<Vector3<f64>>() / rows.len().max(1) as f64;
    let all = rows.iter().map(|(_, row)| mark(row, place(row) - origin)).collect();
    Marks { all, frame: Frame::Local(origin) }
}

/// Returns a place of the marks' system in the frame.
///
/// # Errors
/// When it does not lie in the system.
pub fn on_frame(
    frame: &LocalFrame,
    at: [f64; 3],
    crs: MarkCrs,
    heights: DemHeights,
) -> anyhow::Result<Vector3<f64>> {
    let MarkCrs::Epsg(code) = crs else { bail!("a local place cannot be put on the earth") };
    let point = point(&Projection::of(code)?, at, heights).context("--at")?;
    Ok(frame.enu_from_point(point))
}

fn point(projection: &Projection, [x, y, z]: [f64; 3], heights: DemHeights) -> anyhow::Result<GeoPoint> {
    let lat_lon = projection.checked_lat_lon_from_model(Vector2::new(x, y))?;
    let undulation_m = match heights.geoid() {
        None => 0.0,
        Some(model) => geoid::undulation_m(model, lat_lon).context("the geoid has no height there")?,
    };
    Ok(GeoPoint { lat_lon, height: EllipsoidHeight(z + undulation_m) })
}

fn on_earth(path: &Path, rows: &[(u64, MarkRow)], code: u32, heights: DemHeights) -> anyhow::Result<Marks> {
    let projection = Projection::of(code)?;
    let mut points = Vec::new();
    for (line, row) in rows {
        let found = point(&projection, [row.x, row.y, row.z], heights)
            .map_err(|error| anyhow!("{}: line {line}: point {}: {error}", path.display(), row.name))?;
        points.push(found);
    }
    let origin = *points.first().context("there are no points")?;
    let frame = LocalFrame::at(origin);
    let all = rows.iter().zip(&points).map(|((_, row), point)| mark(row, frame.enu_from_point(*point)));
    Ok(Marks { all: all.collect(), frame: Frame::Earth(Box::new(frame)) })
}

impl std::str::FromStr for MarkCrs {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("local") {
            return Ok(Self::Local);
        }
        match text.parse::<Crs>() {
            Ok(Crs::Epsg(code)) => Ok(Self::Epsg(u32::from(code))),
            Ok(Crs::Wgs84) => Ok(Self::Epsg(4326)),
            Ok(Crs::Cgcs2000) => Ok(Self::Epsg(4490)),
            Ok(other) => Err(format!("{other} is no system to survey in; give EPSG:n or local")),
            Err(error) => Err(format!("{error}; give EPSG:n or local")),
        }
    }
}
