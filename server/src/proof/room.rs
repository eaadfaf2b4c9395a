//! Room for evidence: a budget of its own, and a reserve of the disk that it never takes from the store.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;

use serde::Serialize;

use crate::config::EvidenceEntry;

const MIB: u64 = 1 << 20;
/// Share of the budget that is made free at once, so that not every file asks for another.
const SLACK: u64 = 50;

/// Room as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Room {
    /// Bytes that evidence takes.
    pub used: u64,
    /// Bytes that it may take; none when the disk alone decides.
    pub budget: Option<u64>,
    /// Bytes free on its disk.
    pub free: u64,
    /// Bytes of the disk that are not for evidence.
    pub reserve: u64,
    /// Bytes that have to be dropped.
    pub wanted: u64,
}

/// Says whether there is room for evidence.
#[derive(Debug)]
pub struct Rooms {
    folder: PathBuf,
    budget: Option<u64>,
    reserve: u64,
    /// Bytes that evidence takes, counted once and kept up to date.
    used: Mutex<Option<u64>>,
}

impl Rooms {
    /// Returns the rules of a folder.
    pub fn new(folder: &Path, entry: &EvidenceEntry) -> Self {
        let budget = entry.budget_mib.map(|mib| mib.saturating_mul(MIB));
        let reserve = entry.reserve_mib.saturating_mul(MIB);
        Self { folder: folder.to_owned(), budget, reserve, used: Mutex::new(None) }
    }

    /// Tells whether so many bytes more may be written, and counts them as written.
    pub fn take(&self, bytes: u64) -> bool {
        let room = self.now();
        let fits = room.budget.is_none_or(|budget| room.used + bytes <= budget);
        if !fits || room.free < room.reserve.saturating_add(bytes) {
            return false;
        }
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Some(room.used + bytes);
        true
    }

    /// Returns room as it is.
    pub fn now(&self) -> Room {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let used = *used.get_or_insert_with(|| bytes_in(&self.folder));
        let free = free_on(&self.folder);
        let over = self.budget.map_or(0, |budget| (used + budget / SLACK).saturating_sub(budget));
        let short = (self.reserve + self.reserve / SLACK).saturating_sub(free);
        Room { used, budget: self.budget, free, reserve: self.reserve, wanted: over.max(short) }
    }

    /// Forgets what was counted: files went.
    pub fn count_again(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

fn bytes_in(folder: &Path) -> u64 {
    let Ok(listed) = std::fs::read_dir(folder) else { return 0 };
    listed
        .flatten()
        .filter_map(|entry| entry.metadata().ok())
        .filter(std::fs::Metadata::is_file)
        .map(|m| m.len())
        .sum()
}

/// Bytes that a disk has for us; all there can be when it does not tell.
fn free_on(folder: &Path) -> u64 {
    let there = folder.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    let told = rustix::fs::statvfs(there);
    told.map_or(u64::MAX, |told| told.f_bavail.saturating_mul(told.f_frsize))
}

/// Keeps files from being dropped, or tells that somebody does: a lock beside the folder of evidence.
#[derive(Debug)]
pub struct Undisturbed {
    /// The lock ends with it.
    _file: File,
}

impl Undisturbed {
    /// Nothing is dropped until this ends.
    ///
    /// # Errors
    /// When the lock cannot be made.
    pub fn begin(evidence: &Path) -> std::io::Result<Self> {
        let file = lock_file(evidence)?;
        file.lock_shared()?;
        Ok(Self { _file: file })
    }

    /// Returns the right to drop files, unless somebody wants them to stay.
    pub fn try_alone(evidence: &Path) -> Option<Self> {
        let file = lock_file(evidence).ok()?;
        file.try_lock().ok()?;
        Some(Self { _file: file })
    }
}

fn lock_file(evidence: &Path) -> std::io::Result<File> {
    File::options().create(true).write(true).truncate(false).open(evidence.with_extension("lock"))
}
