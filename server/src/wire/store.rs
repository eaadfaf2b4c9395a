//! Which store holds the incidents and tasks: what the command line names, else what the configuration does, else a file in the output folder.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use store::{PostgresStore, SqliteStore, Store};

use crate::config::StoreEntry;

/// Name of the database in an output folder.
pub const DATABASE: &str = "flyonce.sqlite";

/// Where a store is.
#[derive(Clone, PartialEq, Eq)]
pub enum Place {
    /// A PostgreSQL database; the address holds secrets and is never shown.
    Server(String),
    /// An SQLite file.
    File(PathBuf),
}

impl Place {
    /// Returns what `--db` names: an address, a file, or a folder that holds one.
    pub fn named(name: &Path) -> Self {
        let text = name.to_string_lossy();
        if text.starts_with("postgresql://") || text.starts_with("postgres://") {
            return Self::Server(text.into_owned());
        }
        if name.is_dir() { Self::in_folder(name) } else { Self::File(name.to_path_buf()) }
    }

    /// Returns the file in an output folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self::File(folder.join(DATABASE))
    }

    /// Returns what a configuration names.
    pub fn configured(entry: &StoreEntry) -> Option<Self> {
        let server = entry.url.clone().map(Self::Server);
        server.or_else(|| entry.path.clone().map(Self::File))
    }

    /// Opens a store; a file is made where there is none.
    ///
    /// # Errors
    /// Those of opening a store. Messages show neither user nor password.
    pub fn open_or_make(&self) -> anyhow::Result<Box<dyn Store>> {
        match self {
            Self::Server(url) => Ok(Box::new(PostgresStore::open(url)?)),
            Self::File(file) => {
                let folder = file.parent().unwrap_or(Path::new(""));
                std::fs::create_dir_all(folder)
                    .with_context(|| format!("cannot make the folder {}", folder.display()))?;
                Ok(Box::new(SqliteStore::open(file)?))
            }
        }
    }

    /// Opens a store that is there.
    ///
    /// # Errors
    /// When there is no such file, and those of opening a store.
    pub fn open(&self) -> anyhow::Result<Box<dyn Store>> {
        if let Self::File(file) = self
            && !file.is_file()
        {
            bail!("there is no database {}", file.display());
        }
        self.open_or_make()
    }

    /// Opens a store that is there and is only read, as it is at the first read.
    ///
    /// # Errors
    /// When there is no such file, and those of opening a store.
    pub fn open_to_read(&self) -> anyhow::Result<Box<dyn Store>> {
        match self {
            Self::Server(url) => Ok(Box::new(PostgresStore::open_to_read(url)?)),
            Self::File(file) if file.is_file() => Ok(Box::new(SqliteStore::open_to_read(file)?)),
            Self::File(_) => self.open(),
        }
    }
}
