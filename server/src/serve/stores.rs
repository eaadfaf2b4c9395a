//! Store handles of a server: each is used by one thread at a time, and given back.

use std::sync::{Mutex, PoisonError};

use store::{Store, StoreError};

/// Handles kept open while nobody uses them.
const KEPT: usize = 8;

/// Opens one more handle.
pub type Open = Box<dyn Fn() -> Result<Box<dyn Store>, StoreError> + Send + Sync>;

/// Handles of one store.
pub struct Stores {
    open: Open,
    free: Mutex<Vec<Box<dyn Store>>>,
}

impl Stores {
    /// Returns handles that are opened as they are needed.
    pub fn new(open: Open) -> Self {
        Self { open, free: Mutex::new(Vec::new()) }
    }

    /// Opens a handle that the caller keeps.
    ///
    /// # Errors
    /// Any that opening has.
    pub fn open(&self) -> Result<Box<dyn Store>, StoreError> {
        (self.open)()
    }

    /// Uses a handle. One that failed is closed, as its connection may be broken.
    ///
    /// # Errors
    /// Any that opening has, and that of the use.
    pub fn with<T>(
        &self,
        work: impl FnOnce(&mut dyn Store) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let free = self.free().pop();
        let mut store = free.map_or_else(|| self.open(), Ok)?;
        let done = work(store.as_mut())?;
        let mut free = self.free();
        if free.len() < KEPT {
            free.push(store);
        }
        Ok(done)
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Vec<Box<dyn Store>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
