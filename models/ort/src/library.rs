//! The shared library, loaded once a process.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;

use crate::OrtError;

/// The library in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Library {
    /// Its file.
    pub path: PathBuf,
    /// What it says about its build.
    pub build: String,
}

static LOADED: Mutex<Option<(Library, Environment)>> = Mutex::new(None);

/// Loads ONNX Runtime from a file. Calling again with the same file changes nothing.
///
/// # Errors
/// When the file is missing, is no ONNX Runtime, is older than the interface this product is built for (1.24), or another
/// file is loaded already.
pub fn init(library: &Path) -> Result<Library, OrtError> {
    let path = library.canonicalize().map_err(|_| OrtError::NoLibrary { path: library.to_owned() })?;
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    match &*loaded {
        Some((library, _)) if library.path == path => return Ok(library.clone()),
        Some((library, _)) => return Err(OrtError::Loaded { path, loaded: library.path.clone() }),
        None => {}
    }
    let builder = ort::init_from(&path)
        .map_err(|error| OrtError::Library { path: path.clone(), source: error.to_string().into() })?;
    let environment = builder
        .with_name("flyonce")
        .with_telemetry(false)
        .build()
        .map_err(|error| OrtError::Library { path: path.clone(), source: Box::new(error) })?;
    let library = Library { path, build: ort::info().to_owned() };
    *loaded = Some((library.clone(), environment));
    Ok(library)
}

/// Returns the environment that sessions live in.
pub(crate) fn environment() -> Result<Environment, OrtError> {
    let loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    loaded.as_ref().map(|(_, environment)| environment.clone()).ok_or(OrtError::NotLoaded)
}
