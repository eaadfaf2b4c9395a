//! Where reference data lies, and that a test without it says so.

use std::path::{Path, PathBuf};

/// Returns a file of the reference data, or `None` after saying what is not measured.
pub fn file(test: &str, path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("FLYONCE_REFERENCE")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference"), PathBuf::from);
    let file = root.join(path);
    if file.is_file() {
        return Some(file);
    }
    println!("not measured: {test}: no file {}", file.display());
    None
}

/// Returns the text of a file of the reference data.
pub fn text(test: &str, path: &str) -> Option<String> {
    file(test, path).map(|file| std::fs::read_to_string(file).unwrap())
}
