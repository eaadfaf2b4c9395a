//! Files and servers made by GStreamer itself, and waiting with a limit.

use std::path::{Path, PathBuf};

use pipeline::{Frame, FrameSource, Item, SourceError};
use pipeline_gst::{GstSource, SourceSpec, SourceUri};

/// Returns a file of the reference data, or says that it was not measured.
pub fn reference(path: &str) -> Option<PathBuf> {
    let stated = std::env::var_os("FLYONCE_REFERENCE").map(PathBuf::from);
    let root = stated.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference"));
    let file = root.join(path);
    if !file.exists() {
        println!("not measured: {} is not there", file.display());
    }
    file.exists().then_some(file)
}

/// Returns the defaults for a file.
pub fn file_spec(path: &Path) -> SourceSpec {
    SourceSpec::new("test", SourceUri::File(path.to_owned()))
}

/// Reads a source to its end.
pub fn read_all(source: &mut impl FrameSource) -> (Vec<Frame>, Result<(), SourceError>) {
    let mut frames = Vec::new();
    loop {
        match source.next() {
            Ok(Some(Item::Frame(frame))) => frames.push(frame),
            Ok(Some(Item::Telemetry(_))) => {}
            Ok(None) => return (frames, Ok(())),
            Err(error) => return (frames, Err(error)),
        }
    }
}

/// Opens a file and reads it to its end.
pub fn read_file(path: &Path) -> (Vec<Frame>, Result<(), SourceError>) {
    match GstSource::open(file_spec(path)) {
        Ok(mut source) => read_all(&mut source),
        Err(error) => (Vec::new(), Err(error)),
    }
}
