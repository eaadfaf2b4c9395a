//! All tables as files of PostgreSQL's COPY, in one snapshot, and back.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

use super::link::Link;
use super::schema;
use crate::error::StoreError;

/// The tables, each after those that it refers to.
const TABLES: [&str; 16] = [
    "run",
    "incident",
    "incident_cell",
    "observation",
    "sighting",
    "task",
    "event",
    "archive",
    "last_look",
    "operation",
    "operation_subject",
    "looked_at",
    "consumer",
    "chain",
    "time_stamp",
    "note",
];
/// The counter, which a new database has already.
const COUNTER: &str = "event_counter";
/// File that says which version of the schema the others are of.
const VERSION: &str = "schema.version";

/// Writes all tables into a folder, as of one moment. Writers go on meanwhile. Returns the names of the files.
pub(super) fn copy_out(link: &mut Link, folder: &Path) -> Result<Vec<String>, StoreError> {
    let doing = "copy the database";
    link.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", doing)?;
    let done = write_tables(link, folder);
    let ended = link.batch("COMMIT", doing);
    done.and_then(|files| ended.map(|()| files))
}

fn write_tables(link: &mut Link, folder: &Path) -> Result<Vec<String>, StoreError> {
    let version = schema::version(link)?.to_string();
    let mut files = vec![VERSION.to_owned()];
    std::fs::write(folder.join(VERSION), version).map_err(|error| cannot(folder, &error))?;
    for table in TABLES.iter().chain([&COUNTER]) {
        let name = format!("{table}.copy");
        let path = folder.join(&name);
        let file = File::create(&path).map_err(|error| cannot(&path, &error))?;
        let mut file = BufWriter::new(file);
        link.copy_out(&format!("COPY {table} TO STDOUT"), &mut file)?;
        let synced = file.flush().and_then(|()| file.get_ref().sync_all());
        synced.map_err(|error| cannot(&path, &error))?;
        files.push(name);
    }
    Ok(files)
}

/// Fills an empty database from such a folder, all of it or nothing.
pub(super) fn copy_in(link: &mut Link, folder: &Path) -> Result<(), StoreError> {
    let doing = "restore the database";
    let path = folder.join(VERSION);
    let text = std::fs::read_to_string(&path).map_err(|error| cannot(&path, &error))?;
    let (found, wanted) = (text.trim().parse().unwrap_or(0), schema::newest());
    if found != wanted {
        let path = folder.to_path_buf();
        return Err(if found > wanted {
            StoreError::SchemaTooNew { path, found, known: wanted }
        } else {
            StoreError::SchemaTooOld { path, found, wanted }
        });
    }
    link.batch("BEGIN", doing)?;
    let done = read_tables(link, folder);
    let ended = link.batch(if done.is_ok() { "COMMIT" } else { "ROLLBACK" }, doing);
    done.and(ended)
}

fn read_tables(link: &mut Link, folder: &Path) -> Result<(), StoreError> {
    let doing = "restore the database";
    link.batch("LOCK TABLE incident, event_counter IN ACCESS EXCLUSIVE MODE", doing)?;
    let used = "SELECT EXISTS (SELECT 1 FROM run) OR EXISTS (SELECT 1 FROM chain) OR EXISTS (SELECT 1 FROM incident)";
    if link.query(used, &[], doing)?.first().is_some_and(|row| row.get(0)) {
        return Err(StoreError::NotEmpty { path: link.address().clone() });
    }
    link.batch("DELETE FROM event_counter", doing)?;
    for table in TABLES.iter().chain([&COUNTER]) {
        let path = folder.join(format!("{table}.copy"));
        let file = File::open(&path).map_err(|error| cannot(&path, &error))?;
        link.copy_in(&format!("COPY {table} FROM STDIN"), &mut BufReader::new(file))?;
    }
    Ok(())
}

fn cannot(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::CannotOpen { path: path.to_path_buf(), reason: error.to_string() }
}
