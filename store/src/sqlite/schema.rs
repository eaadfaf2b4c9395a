//! The schema of the file, and what is checked before the file is touched.

use std::path::Path;

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

use crate::error::StoreError;

/// Marks a file as one of this program: "FLY1" in ASCII.
const APPLICATION_ID: i32 = 0x464C_5931;

const MIGRATIONS: &[M<'static>] = &[M::up(include_str!("0001_first.sql"))];

/// Newest version of the schema: one for each migration.
pub(crate) const SCHEMA_VERSION: u32 = MIGRATIONS.len() as u32;

/// Refuses files of other programs and of newer versions; nothing is written.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), CheckError> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let version = u32::try_from(number("PRAGMA user_version")?).unwrap_or(0);
    let application = number("PRAGMA application_id")?;
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    let path = path.to_path_buf();
    if tables > 0 && application != i64::from(APPLICATION_ID) {
        return Err(CheckError::Refused(StoreError::ForeignDatabase { path }));
    }
    if version > SCHEMA_VERSION {
        let known = SCHEMA_VERSION;
        return Err(CheckError::Refused(StoreError::SchemaTooNew { path, found: version, known }));
    }
    Ok(())
}

/// A refusal, or a failure to look.
pub(super) enum CheckError {
    Refused(StoreError),
    Sql(rusqlite::Error),
}

impl From<rusqlite::Error> for CheckError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

/// Brings the schema up to date.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let migrated = Migrations::from_slice(MIGRATIONS).to_latest(connection);
    migrated.map_err(|source| StoreError::Migration { path: path.to_path_buf(), source })
}

/// Marks a new file as one of this program.
pub(super) fn mark(connection: &Connection) -> rusqlite::Result<()> {
    let marked: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if marked == i64::from(APPLICATION_ID) {
        return Ok(());
    }
    connection.pragma_update(None, "application_id", APPLICATION_ID)
}

/// Returns the version of the schema in the file.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_valid() {
        assert!(Migrations::from_slice(MIGRATIONS).validate().is_ok());
    }
}
