//! Where the reference data lies, and statistics over errors.

use std::path::{Path, PathBuf};

/// Returns the path of a file of the reference data, there or not.
pub fn path(file: &str) -> PathBuf {
    std::env::var_os("FLYONCE_REFERENCE")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference"), PathBuf::from)
        .join(file)
}

/// Returns the text of a file, or `None` if it is not there.
pub fn text(file: &str) -> Option<String> {
    std::fs::read_to_string(path(file)).ok()
}

/// Returns the bytes of a file, or `None` if it is not there.
pub fn bytes(file: &str) -> Option<Vec<u8>> {
    std::fs::read(path(file)).ok()
}

/// Returns the rows of a table with a header line, or `None` if the file is not there.
pub fn table<T: serde::de::DeserializeOwned>(file: &str, delimiter: u8) -> Option<Vec<T>> {
    let text = text(file)?;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .quote(b'\'')
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    Some(reader.deserialize().map(Result::unwrap).collect())
}

/// Returns the value below which a share of the values lies, interpolated between the two nearest.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (sorted.len() - 1) as f64 * share;
    let (low, part) = (place.floor() as usize, place.fract());
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] * (1.0 - part) + sorted[high] * part
}

/// Returns the median.
pub fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}
