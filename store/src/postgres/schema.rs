//! The schema in PostgreSQL: one numbered script a version, each applied once, in order, in a transaction.

use super::chain::fill_version_3;
use super::link::Link;
use crate::error::StoreError;

/// The scripts, oldest first. A script that was released is never changed.
const MIGRATIONS: &[(&str, Option<Fill>)] = &[
    (include_str!("0001_first.sql"), None),
    (include_str!("0002_looked_at.sql"), None),
    (include_str!("0003_chain.sql"), Some(fill_version_3)),
];

/// What the program fills in after a script.
type Fill = fn(&mut Link) -> Result<(), StoreError>;

/// Holds other processes back while one brings the schema up to date: "FLYM" in ASCII.
const MIGRATION_LOCK: &str = "SELECT pg_advisory_xact_lock(x'464C594D'::bigint)";

/// Returns the newest version: one for each script.
pub(super) const fn newest() -> u32 {
    MIGRATIONS.len() as u32
}

/// Brings the schema up to date.
///
/// # Errors
/// [`StoreError::ForeignDatabase`], [`StoreError::SchemaTooNew`], and any that writing has. Nothing is changed then.
pub(super) fn migrate(link: &mut Link) -> Result<(), StoreError> {
    let doing = "bring the schema up to date";
    link.batch("BEGIN", doing)?;
    let migrated = migrate_in_transaction(link, doing);
    // Of two failures the first one says more.
    let ended = link.batch(if migrated.is_ok() { "COMMIT" } else { "ROLLBACK" }, doing);
    migrated.and(ended)
}

fn migrate_in_transaction(link: &mut Link, doing: &'static str) -> Result<(), StoreError> {
    link.batch(MIGRATION_LOCK, doing)?;
    let found = version(link)?;
    let path = link.address().clone();
    if found == 0 && has_table(link, "incident")? {
        return Err(StoreError::ForeignDatabase { path });
    }
    if found > newest() {
        return Err(StoreError::SchemaTooNew { path, found, known: newest() });
    }
    if found == 0 {
        link.batch("CREATE EXTENSION IF NOT EXISTS postgis", doing)?;
        link.batch("CREATE TABLE flyonce_schema (version integer NOT NULL)", doing)?;
        link.batch("INSERT INTO flyonce_schema (version) VALUES (0)", doing)?;
    }
    for (script, fill) in MIGRATIONS.iter().skip(found as usize) {
        link.batch(script, doing)?;
        if let Some(fill) = fill {
            fill(link)?;
        }
        link.batch("UPDATE flyonce_schema SET version = version + 1", doing)?;
    }
    Ok(())
}

/// Returns the version of the schema, 0 where there is none.
///
/// # Errors
/// Any that reading has.
pub(super) fn version(link: &mut Link) -> Result<u32, StoreError> {
    if !has_table(link, "flyonce_schema")? {
        return Ok(0);
    }
    let rows = link.query("SELECT version FROM flyonce_schema", &[], "read the schema version")?;
    let version: i32 = rows.first().map_or(0, |row| row.get(0));
    Ok(u32::try_from(version).unwrap_or(0))
}

fn has_table(link: &mut Link, name: &str) -> Result<bool, StoreError> {
    let sql =
        "SELECT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1)";
    let rows = link.query(sql, &[&name], "read the schema version")?;
    Ok(rows.first().is_some_and(|row| row.get(0)))
}
