//! The pixels of `georef`, and how rows of a CSV file are read.

use std::path::Path;

use anyhow::{Context, anyhow, bail};
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
