//! The shared library: found, or an error that names its place.

use std::path::Path;

use models_ort::OrtError;

use crate::{init, library};

#[test]
fn the_library_is_loaded_once_and_again_for_nothing() {
    let first = init();
    assert!(first.build.contains("ORT Build Info"), "{}", first.build);
    assert_eq!(models_ort::init(&library()).unwrap(), first);
}

#[test]
fn a_missing_library_is_named() {
    let error = models_ort::init(Path::new("/nowhere/libonnxruntime.so")).unwrap_err();
    assert_eq!(error.to_string(), "no ONNX Runtime library at /nowhere/libonnxruntime.so");
}

#[test]
fn another_library_beside_the_loaded_one_is_refused() {
    let loaded = init();
    let other = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    let error = models_ort::init(other).unwrap_err();
    assert!(matches!(&error, OrtError::Loaded { loaded: path, .. } if *path == loaded.path), "{error}");
}
