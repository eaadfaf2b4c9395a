//! The CSV files of `georef`: pixels, and poses for cameras that carry none.

use std::path::Path;

use anyhow::{Context, anyhow, bail};
use gis::{AboveTakeoffHeight, Attitude, EllipsoidHeight, GeoidHeight, LatLon};
use pipeline::telemetry::Sample;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A pixel of a picture; (0, 0) is the outer corner of the top-left pixel.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PixelRow {
    /// Path or base name of the picture.
    pub image: String,
    /// Right of the left edge, pixels.
    #[serde(rename = "u")]
    pub u_px: f64,
    /// Below the upper edge, pixels.
    #[serde(rename = "v")]
    pub v_px: f64,
}

/// A row of a poses file: the camera's own absolute attitude, and one height with its datum in the column's name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct PoseRow {
    image: String,
    lat_deg: f64,
    lon_deg: f64,
    ellipsoid_height_m: Option<f64>,
    geoid_height_m: Option<f64>,
    above_takeoff_m: Option<f64>,
    unknown_datum_height_m: Option<f64>,
    heading_deg: f64,
    pitch_deg: f64,
    roll_deg: f64,
    sigma_east_m: Option<f64>,
    sigma_north_m: Option<f64>,
    sigma_up_m: Option<f64>,
}

/// Reads the pixels, in the order of the file.
///
/// # Errors
/// When a row cannot be read or a number is not finite; the message names the line.
pub fn pixels(path: &Path) -> anyhow::Result<Vec<PixelRow>> {
    let rows: Vec<(u64, PixelRow)> = rows(path)?;
    for (line, row) in &rows {
        finite(path, *line, &[("u", row.u_px), ("v", row.v_px)])?;
    }
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// Reads the poses: one sample a picture.
///
/// # Errors
/// When a row cannot be read, a number is not finite or off the globe, a height is missing, or a picture comes twice.
pub fn poses(path: &Path) -> anyhow::Result<Vec<(String, Sample)>> {
    let mut all: Vec<(String, Sample)> = Vec::new();
    for (line, row) in rows::<PoseRow>(path)? {
        if all.iter().any(|(image, _)| *image == row.image) {
            bail!("{}: line {line}: image {:?} comes a second time", path.display(), row.image);
        }
        let sample = sample(path, line, &row)?;
        all.push((row.image, sample));
    }
    Ok(all)
}

fn sample(path: &Path, line: u64, row: &PoseRow) -> anyhow::Result<Sample> {
    let place = || format!("{}: line {line}", path.display());
    let angles = [("heading_deg", row.heading_deg), ("pitch_deg", row.pitch_deg), ("roll_deg", row.roll_deg)];
    finite(path, line, &angles)?;
    let heights = [
        ("ellipsoid_height_m", row.ellipsoid_height_m),
        ("geoid_height_m", row.geoid_height_m),
        ("above_takeoff_m", row.above_takeoff_m),
        ("unknown_datum_height_m", row.unknown_datum_height_m),
    ];
    let given: Vec<(&str, f64)> =
        heights.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    finite(path, line, &given)?;
    if given.is_empty() {
        let names = heights.map(|(name, _)| name).join(", ");
        bail!("{}: no height; give one of {names}", place());
    }
    let position = LatLon::new(row.lat_deg, row.lon_deg)
        .ok_or_else(|| anyhow!("{}: {}, {} is not on the globe", place(), row.lat_deg, row.lon_deg))?;
    let sigma = row.sigma_east_m.zip(row.sigma_north_m).zip(row.sigma_up_m);
    Ok(Sample {
        position: Some(position),
        ellipsoid_height: row.ellipsoid_height_m.map(EllipsoidHeight),
        geoid_height: row.geoid_height_m.map(GeoidHeight),
        above_takeoff: row.above_takeoff_m.map(AboveTakeoffHeight),
        unknown_datum_height_m: row.unknown_datum_height_m,
        camera_absolute: Some(Attitude {
            heading_deg: row.heading_deg,
            pitch_deg: row.pitch_deg,
            roll_deg: row.roll_deg,
        }),
        position_sigma_m: sigma.map(|((east, north), up)| [east, north, up]),
        ..Sample::default()
    })
}

/// Reads every row of a CSV file with the number of its line.
///
/// # Errors
/// When the file cannot be opened or a row does not fit; the message names line and column.
pub fn rows<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Vec<(u64, T)>> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_path(path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let headers = reader.headers().with_context(|| format!("cannot read {}", path.display()))?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.with_context(|| format!("cannot read {}", path.display()))?;
        let line = record.position().map_or(0, csv::Position::line);
        let row = record
            .deserialize(Some(&headers))
            .map_err(|error| anyhow!("{}: line {line}: {}", path.display(), reason(&error, &headers)))?;
        rows.push((line, row));
    }
    Ok(rows)
}

fn reason(error: &csv::Error, headers: &csv::StringRecord) -> String {
    let csv::ErrorKind::Deserialize { err, .. } = error.kind() else { return error.to_string() };
    let column = err.field().and_then(|index| headers.get(usize::try_from(index).ok()?));
    column.map_or_else(|| err.kind().to_string(), |column| format!("{column}: {}", err.kind()))
}

/// Refuses numbers that are not finite.
///
/// # Errors
/// Names the first such number.
pub fn finite(path: &Path, line: u64, values: &[(&str, f64)]) -> anyhow::Result<()> {
    match values.iter().find(|(_, value)| !value.is_finite()) {
        Some((name, value)) => {
            bail!("{}: line {line}: {name} is {value}, expected a finite number", path.display())
        }
        None => Ok(()),
    }
}
