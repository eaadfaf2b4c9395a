//! Pictures as a feed: one file, or a folder in the order of the names.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pipeline::{Frame, FrameSource, Item, SourceError};

use crate::counts::{Counts, SourceHandle};
use crate::inbox::Inbox;
use crate::source::GstSource;
use crate::spec::SourceSpec;
use crate::uri::SourceUri;

/// Endings of file names that are read as pictures.
const ENDINGS: [&str; 5] = ["jpg", "jpeg", "png", "tif", "tiff"];

/// Pictures have no common clock: by convention one second lies between them.
const STEP: Duration = Duration::from_secs(1);

/// Unreadable pictures named in the message at the end.
const MOST_NAMED: usize = 5;

/// A folder of pictures, or one picture. A picture that cannot be read is passed over and named at the end.
pub struct StillsSource {
    root: PathBuf,
    pictures: Vec<PathBuf>,
    next: usize,
    frames: u64,
    unreadable: Vec<String>,
    handle: SourceHandle,
}

impl StillsSource {
    /// Returns whether the path is a folder or has a picture's ending.
    pub fn takes(path: &Path) -> bool {
        path.is_dir() || is_picture(path)
    }

    /// Lists the pictures; they are decoded one by one as they are asked for.
    ///
    /// # Errors
    /// When the path is missing or the folder holds no picture.
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        let fail = |reason| SourceError::Open { uri: path.display().to_string(), reason };
        let pictures = if path.is_dir() {
            let entries = std::fs::read_dir(path).map_err(|e| fail(e.to_string()))?;
            let mut pictures: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
            pictures.retain(|picture| is_picture(picture) && picture.is_file());
            pictures.sort();
            pictures
        } else {
            vec![path.to_owned()]
        };
        if pictures.is_empty() {
            return Err(fail(format!("the folder holds no picture ({})", ENDINGS.join(", "))));
        }
        let handle = SourceHandle { inbox: Arc::new(Inbox::new(1, false, false)), counts: Arc::default() };
        Ok(Self { root: path.to_owned(), pictures, next: 0, frames: 0, unreadable: Vec::new(), handle })
    }

    /// Returns a handle that watches and stops this source from any thread.
    pub fn handle(&self) -> SourceHandle {
        self.handle.clone()
    }

    fn at_the_end(&mut self) -> Result<Option<Item>, SourceError> {
        let unreadable = std::mem::take(&mut self.unreadable);
        if unreadable.is_empty() {
            return Ok(None);
        }
        let named = unreadable.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join("; ");
        let more = if unreadable.len() > MOST_NAMED { "; ..." } else { "" };
        let reason =
            format!("{} of {} pictures cannot be read: {named}{more}", unreadable.len(), self.pictures.len());
        let uri = self.root.display().to_string();
        Err(match self.frames {
            0 => SourceError::Open { uri, reason },
            frames => SourceError::Broken { uri, frames, reason },
        })
    }
}

impl FrameSource for StillsSource {
    fn next(&mut self) -> Result<Option<Item>, SourceError> {
        while let Some(path) = self.pictures.get(self.next) {
            if self.handle.stopped() {
                return Ok(None);
            }
            let index = self.next as u64;
            self.next += 1;
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            match decode(path) {
                Ok(frame) => {
                    self.frames += 1;
                    Counts::add(&self.handle.counts.decoded, 1);
                    let elapsed = STEP.saturating_mul(u32::try_from(index).unwrap_or(u32::MAX));
                    return Ok(Some(Item::Frame(Frame { index, elapsed, name, ..frame })));
                }
                Err(reason) => {
                    tracing::warn!(path = %path.display(), reason, "picture passed over");
                    self.unreadable.push(format!("{}: {reason}", name.unwrap_or_default()));
                }
            }
        }
        self.at_the_end()
    }

    fn dropped(&self) -> u64 {
        self.handle.counts.dropped.load(Ordering::Relaxed)
    }
}

fn is_picture(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending))
}

/// Decodes the first picture of a file.
fn decode(path: &Path) -> Result<Frame, String> {
    let spec = SourceSpec { queue_frames: 1, ..SourceSpec::new("picture", SourceUri::File(path.to_owned())) };
    let first = GstSource::open(spec).and_then(|mut source| source.next());
    match first {
        Ok(Some(Item::Frame(frame))) => Ok(frame),
        Ok(_) => Err("it holds no picture".to_owned()),
        Err(SourceError::Open { reason, .. } | SourceError::Broken { reason, .. }) => Err(reason),
        Err(error) => Err(error.to_string()),
    }
}
