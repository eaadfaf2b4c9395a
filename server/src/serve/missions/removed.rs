//! Proposals that a person removed: they do not come again for the same work.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::output::write_whole;

/// Tasks kept at most; the longest ago goes.
const MOST: usize = 10_000;

/// For each task when the proposal was made that was removed last, in a file of its own.
#[derive(Debug)]
pub struct Removed {
    path: PathBuf,
    all: Mutex<BTreeMap<String, Timestamp>>,
}

impl Removed {
    /// Reads what is kept in a folder. What cannot be read is told: such proposals come once more.
    pub fn open(folder: &Path) -> Self {
        let path = folder.join("removed.list");
        let read = match std::fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(error.to_string()),
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| error.to_string()),
        };
        let all = read.unwrap_or_else(|error| {
            tracing::error!("cannot read the removed proposals in {}: {error}", path.display());
            BTreeMap::new()
        });
        Self { path, all: Mutex::new(all) }
    }

    /// Tells whether a proposal of this moment or later was removed.
    pub fn since(&self, task: &str, since: Timestamp) -> bool {
        self.all().get(task).is_some_and(|made| *made >= since)
    }

    /// Keeps that a proposal was removed.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add(&self, task: &str, made: Timestamp) -> std::io::Result<()> {
        let mut all = self.all();
        all.insert(task.to_owned(), made);
        while all.len() > MOST {
            let oldest = all.iter().min_by_key(|(_, made)| **made).map(|(task, _)| task.clone());
            oldest.and_then(|task| all.remove(&task));
        }
        write_whole(&self.path, &serde_json::to_vec(&*all)?)
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Timestamp>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_removed_is_known_after_a_restart_and_later_work_is_proposed_again() {
        let folder = tempfile::tempdir().unwrap();
        let at = |second| Timestamp::from_second(second).unwrap();
        Removed::open(folder.path()).add("a", at(100)).unwrap();
        let again = Removed::open(folder.path());
        assert!(again.since("a", at(90)) && !again.since("a", at(110)) && !again.since("b", at(0)));
        std::fs::write(folder.path().join("removed.list"), "{").unwrap();
        assert!(!Removed::open(folder.path()).since("a", at(90)), "told, and proposed once more");
    }
}
