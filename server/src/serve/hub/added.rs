//! Sources that people added while a server ran, kept so that they come back when it starts again.
//!
//! `sources.json` of the data folder holds their addresses with the passwords in them: nobody but its owner may read it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::{PlaceEntry, SourceEntry};

/// A source that a person added.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Added {
    /// Name used in tasks.
    pub id: String,
    /// `rtsp://`, `rtsps://`, `udp://` or `srt://`, with what is secret in it.
    pub uri: String,
    /// Where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<(f64, f64)>,
    /// Frames looked at each second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fps: Option<f64>,
    /// A person paused it.
    #[serde(default)]
    pub paused: bool,
}

impl Added {
    /// Returns it as a configuration would have it.
    pub fn entry(&self) -> SourceEntry {
        let mut entry = SourceEntry::bare(self.id.clone(), self.uri.clone());
        entry.fps = self.fps;
        entry.place = self.place.map(|(lat_deg, lon_deg)| PlaceEntry { lat_deg, lon_deg });
        entry
    }
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    version: u32,
    sources: Vec<Added>,
}

/// The file of added sources.
pub struct AddedFile(PathBuf);

impl AddedFile {
    /// Returns the file of a data folder.
    pub fn in_folder(data: &Path) -> Self {
        Self(data.join("sources.json"))
    }

    /// Reads the sources; none where there is no file.
    ///
    /// # Errors
    /// What cannot be read or understood, with the name of the file.
    pub fn read(&self) -> Result<Vec<Added>, String> {
        let failed = |reason: String| format!("cannot use {}: {reason}", self.0.display());
        match std::fs::read(&self.0) {
            Ok(bytes) => {
                let kept: Kept = serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))?;
                Ok(kept.sources)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(failed(error.to_string())),
        }
    }

    /// Writes the sources.
    ///
    /// # Errors
    /// Why the file cannot be written, with its name.
    pub fn write(&self, sources: Vec<Added>) -> Result<(), String> {
        let failed = |reason: String| format!("cannot keep {}: {reason}", self.0.display());
        let kept = Kept { version: 1, sources };
        let bytes = serde_json::to_vec_pretty(&kept).map_err(|error| failed(error.to_string()))?;
        crate::output::write_private(&self.0, &bytes).map_err(|error| failed(error.to_string()))
    }
}
