//! The schemas of the files, and what is checked before a file is touched.

use std::path::Path;

use rusqlite::{Connection, Transaction};
use rusqlite_migration::{HookError, M, Migrations};

use crate::error::StoreError;
use crate::sqlite::chain::fill_version_5;
use crate::sqlite::fill_version_3;

/// What a file of this program holds.
pub(crate) struct Schema {
    /// Marks the file.
    application_id: i32,
    steps: &'static [Step],
}

/// What brings a file from one version to the next: a script, and what the program fills in after it.
struct Step {
    script: &'static str,
    fill: Option<Fill>,
}

type Fill = fn(&Connection) -> Result<(), StoreError>;

/// Incidents, tasks and their history: "FLY1" in ASCII.
pub(crate) const INCIDENTS: Schema = Schema {
    application_id: 0x464C_5931,
    steps: &[
        Step { script: include_str!("sqlite/0001_first.sql"), fill: None },
        Step { script: include_str!("sqlite/0002_operations.sql"), fill: None },
        Step { script: include_str!("sqlite/0003_absorb.sql"), fill: Some(fill_version_3) },
        Step { script: include_str!("sqlite/0004_looked_at.sql"), fill: None },
        Step { script: include_str!("sqlite/0005_chain.sql"), fill: Some(fill_version_5) },
    ],
};

/// Zones: "FLYZ" in ASCII.
pub(crate) const ZONES: Schema = Schema {
    application_id: 0x464C_595A,
    steps: &[Step { script: include_str!("zones/0001_first.sql"), fill: None }],
};

impl Schema {
    /// Returns the newest version: one for each migration.
    pub(crate) const fn version(&self) -> u32 {
        self.steps.len() as u32
    }

    fn migrations(&self) -> Migrations<'static> {
        Migrations::new(self.steps.iter().map(Step::migration).collect())
    }
}

impl Step {
    fn migration(&self) -> M<'static> {
        match self.fill {
            None => M::up(self.script),
            Some(fill) => M::up_with_hook(self.script, move |transaction: &Transaction<'_>| {
                fill(transaction).map_err(|error| HookError::Hook(error.to_string()))
            }),
        }
    }
}

/// Refuses files of other programs and of newer versions; nothing is written.
pub(crate) fn check(connection: &Connection, path: &Path, schema: &Schema) -> Result<(), CheckError> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let version = u32::try_from(number("PRAGMA user_version")?).unwrap_or(0);
    let application = number("PRAGMA application_id")?;
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    let path = path.to_path_buf();
    if tables > 0 && application != i64::from(schema.application_id) {
        return Err(CheckError::Refused(StoreError::ForeignDatabase { path }));
    }
    if version > schema.version() {
        let known = schema.version();
        return Err(CheckError::Refused(StoreError::SchemaTooNew { path, found: version, known }));
    }
    Ok(())
}

/// A refusal, or a failure to look.
pub(crate) enum CheckError {
    Refused(StoreError),
    Sql(rusqlite::Error),
}

impl From<rusqlite::Error> for CheckError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

/// Brings the schema up to date.
pub(crate) fn migrate(connection: &mut Connection, path: &Path, schema: &Schema) -> Result<(), StoreError> {
    let migrated = schema.migrations().to_latest(connection);
    migrated.map_err(|source| StoreError::Migration { path: path.to_path_buf(), source })
}

/// Marks a new file as one of this program.
pub(crate) fn mark(connection: &Connection, schema: &Schema) -> rusqlite::Result<()> {
    let marked: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if marked == i64::from(schema.application_id) {
        return Ok(());
    }
    connection.pragma_update(None, "application_id", schema.application_id)
}

/// Returns the version of the schema in the file.
pub(crate) fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_valid() {
        for schema in [INCIDENTS, ZONES] {
            assert!(schema.migrations().validate().is_ok());
        }
    }
}
