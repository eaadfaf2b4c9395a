//! What keeps a server from keeping things: told by its health as long as it lasts.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::App;

const MIB: u64 = 1 << 20;

/// Why the store cannot be written.
#[derive(Debug, Default)]
pub struct Trouble {
    store: Mutex<Option<String>>,
}

impl Trouble {
    /// Notes that the store cannot be written, or that it can; the end of a trouble is logged.
    pub fn of_store(&self, reason: Option<String>) {
        let before = std::mem::replace(&mut *self.store(), reason.clone());
        if let (Some(before), None) = (before, reason) {
            tracing::warn!("the store can be written again, after: {before}");
        }
    }

    fn store(&self) -> MutexGuard<'_, Option<String>> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App {
    /// Returns why the store cannot be written.
    pub fn store_trouble(&self) -> Option<String> {
        self.trouble.store().clone()
    }

    /// Returns all that keeps the server from keeping things, a sentence each.
    pub fn troubles(&self) -> Vec<String> {
        let room = self.rooms.now();
        let store = self.store_trouble().map(|reason| format!("frames wait for the store: {reason}"));
        let disk = (room.free < room.reserve).then(|| {
            format!(
                "pictures are not kept: the disk has {} MiB left, the reserve is {} MiB",
                room.free / MIB,
                room.reserve / MIB
            )
        });
        let budget = (room.wanted > 0 && disk.is_none()).then(|| {
            format!(
                "pictures may not be kept: {} MiB of evidence are over the budget",
                room.wanted.div_ceil(MIB)
            )
        });
        store.into_iter().chain(disk).chain(budget).collect()
    }
}
