//! Files of a run: GeoJSON, summary, and how files are written.

pub mod geojson;
pub mod summary;
pub mod table;

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Writes a file whole or not at all: beside it first, synced, then renamed.
///
/// # Errors
/// When the folder cannot be made or the file not be written, as with a full disk.
pub fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    write_beside(path, bytes, OpenOptions::new().write(true).create(true).truncate(true))
}

/// The same for what its owner alone may read, at every moment.
///
/// # Errors
/// Those of [`write_whole`].
pub fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    write_beside(path, bytes, OpenOptions::new().write(true).create(true).truncate(true).mode(0o600))
}

fn write_beside(path: &Path, bytes: &[u8], options: &OpenOptions) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let written = options.open(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_data()
    });
    let done = written.and_then(|()| std::fs::rename(&beside, path));
    if done.is_err() {
        // What is left of it helps nobody; the first error is the one to tell.
        drop(std::fs::remove_file(&beside));
    }
    done
}

/// Prints text and a line end on standard output; a reader that has seen enough (`| head`) is no failure.
///
/// # Errors
/// When standard output cannot be written.
pub fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
