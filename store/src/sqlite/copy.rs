//! A copy of the SQLite file as of one moment, while others write.

use std::path::Path;

use rusqlite::Connection;

use super::incidents::Sql;
use crate::error::StoreError;

/// Writes the database into a file that is not there yet. Writers go on meanwhile.
pub(super) fn copy_to(connection: &Connection, file: &Path, sql: Sql<'_>) -> Result<(), StoreError> {
    // One read transaction: unlike a copy page by page, it need not begin anew when somebody writes.
    let text = file.to_string_lossy();
    connection.execute("VACUUM INTO ?1", [text.as_ref()]).map_err(|error| sql.failed(error))?;
    let synced = std::fs::File::open(file).and_then(|file| file.sync_all());
    synced.map_err(|error| StoreError::CannotOpen { path: file.to_path_buf(), reason: error.to_string() })
}
