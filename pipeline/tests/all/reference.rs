//! Where the reference data lies, or a line that says what was not measured without it.

use std::path::PathBuf;

/// Returns the bytes of a reference file; `None`, with a line that says so, when it is not there.
#[expect(clippy::disallowed_methods, reason = "tests may be pointed at the reference data")]
pub fn read(path: &str) -> Option<Vec<u8>> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference");
    let root = std::env::var("FLYONCE_REFERENCE").map_or(beside, PathBuf::from);
    let bytes = std::fs::read(root.join(path)).ok();
    if bytes.is_none() {
        println!("not measured: {path} is not there");
    }
    bytes
}

/// Returns a reference file as text.
pub fn read_text(path: &str) -> Option<String> {
    read(path).map(|bytes| String::from_utf8(bytes).expect("reference text is UTF-8"))
}
