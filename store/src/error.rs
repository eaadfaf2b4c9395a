//! Why something cannot be kept or read.

use std::path::PathBuf;

use dispatch::TaskId;
use dispatch::casework::CannotAct;
use gis::{IncidentId, OperationId};
use jiff::Timestamp;
use rusqlite::ErrorCode;

use crate::operations::Subject;

/// Why something cannot be kept or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file cannot be opened or made.
    #[error("cannot open database {path}: {reason}")]
    CannotOpen {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The file is something else.
    #[error("cannot use {path} as database: it is not an SQLite database")]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is a database of another program.
    #[error("cannot use {path} as database: it holds tables of another program")]
    ForeignDatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer version of this program.
    #[error(
        "cannot use database {path}: its schema version {found} is newer than {known}, the newest known here"
    )]
    SchemaTooNew {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// Newest version known.
        known: u32,
    },
    /// The file was written by an older version of this program and is only to be read.
    #[error(
        "cannot read database {path}: its schema version {found} is older than {wanted}; any command that writes brings it forward"
    )]
    SchemaTooOld {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The version that is needed.
        wanted: u32,
    },
    /// The database is to be filled from a backup and holds something.
    #[error("cannot restore into database {path}: it holds records already")]
    NotEmpty {
        /// The address of the server.
        path: PathBuf,
    },
    /// There is no room left.
    #[error(
        "cannot {doing} in database {path}: the disk or the allowed size is full; nothing of it was saved"
    )]
    Full {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// The file may not be written.
    #[error("cannot {doing} in database {path}: no permission to write it or its folder")]
    NoPermission {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// Another process holds the database.
    #[error("cannot {doing} in database {path}: another process kept it locked for {waited_millis} ms")]
    Locked {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// How long was waited.
        waited_millis: u64,
    },
    /// Others changed the same records again and again.
    #[error("cannot {doing} in database {path}: other writers kept changing the same records")]
    Contended {
        /// What was being done.
        doing: &'static str,
        /// The file, or the address of the server.
        path: PathBuf,
    },
    /// The server does not answer, or the connection to it broke.
    #[error("cannot {doing} in database {path}: the server cannot be reached: {reason}")]
    Unreachable {
        /// What was being done.
        doing: &'static str,
        /// The address of the server.
        path: PathBuf,
        /// What the connection says.
        reason: String,
    },
    /// PostgreSQL refused for another reason.
    #[error("cannot {doing} in database {path}")]
    Postgres {
        /// What was being done.
        doing: &'static str,
        /// The address of the server.
        path: PathBuf,
        /// What it says.
        #[source]
        source: postgres::Error,
    },
    /// The file is damaged.
    #[error("cannot {doing} in database {path}: the file is damaged")]
    Damaged {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// The database refused for another reason.
    #[error("cannot {doing} in database {path}")]
    Sql {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What it says.
        #[source]
        source: rusqlite::Error,
    },
    /// The schema cannot be brought up to date.
    #[error("cannot bring the schema of database {path} up to date")]
    Migration {
        /// The file.
        path: PathBuf,
        /// What it says.
        #[source]
        source: rusqlite_migration::Error,
    },
    /// A stored record is not what it should be.
    #[error("cannot read stored {what} {id}")]
    Unreadable {
        /// Kind of record.
        what: &'static str,
        /// Its id.
        id: String,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// A stored zone is not what it should be.
    #[error("cannot read stored zone {code}: {reason}")]
    UnreadableZone {
        /// Its code.
        code: String,
        /// What is wrong.
        reason: String,
    },
    /// The file is no GeoPackage, or not one that can be read without asking.
    #[error("cannot read {path} as GeoPackage: {reason}")]
    NotAGeoPackage {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A record would not come back as it is.
    #[error("cannot store {what} {id}: it holds a value that is not finite")]
    NotStorable {
        /// Kind of record.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// There is no such incident or task.
    #[error("there is no {0}")]
    NotFound(Subject),
    /// Somebody was faster.
    #[error(
        "{subject} was changed by {actor} at {at} (operation {found}, {name}) after operation {expected}, which was the last one known; look at it again"
    )]
    ChangedMeanwhile {
        /// What was changed.
        subject: Subject,
        /// The last operation known, 0 for none.
        expected: u64,
        /// The last operation.
        found: OperationId,
        /// Who made it.
        actor: String,
        /// What was done.
        name: String,
        /// When.
        at: Timestamp,
    },
    /// An operation expects something that never was.
    #[error("{subject} is at operation {found}, not at {expected}, which there never was on it")]
    NeverWas {
        /// The incident or task.
        subject: Subject,
        /// What was expected.
        expected: u64,
        /// The last operation, 0 for none.
        found: u64,
    },
    /// Something later stands in the way of taking back.
    #[error(
        "cannot take back operation {operation}: {subject} was changed after it by {actor} at {at} (operation {later}); take that back first"
    )]
    ChangedAfter {
        /// The operation.
        operation: OperationId,
        /// What was changed.
        subject: Subject,
        /// The later operation.
        later: OperationId,
        /// Who made it.
        actor: String,
        /// When.
        at: Timestamp,
    },
    /// Nothing to take back.
    #[error("there is nothing to take back: no operation on {0} stands")]
    NothingToUndo(Subject),
    /// An operation lacks what every one needs.
    #[error("cannot record an operation: {0}")]
    BadOperation(String),
    /// The records do not allow the operation.
    #[error("the operation {name} is refused")]
    CannotAct {
        /// What was to be done.
        name: String,
        /// Why not.
        source: CannotAct,
    },
    /// There is no such consumer.
    #[error("there is no consumer {0:?}")]
    NoConsumer(String),
    /// An answer about a delivery does not count.
    #[error("cannot take the answer of consumer {id:?}")]
    NotDelivered {
        /// The consumer.
        id: String,
        /// Why not.
        source: dispatch::NotDue,
    },
    /// A task refers to an incident that is not there.
    #[error("cannot store task {task}: its incident {incident} is not stored")]
    MissingIncident {
        /// The task.
        task: TaskId,
        /// The incident.
        incident: IncidentId,
    },
}

impl StoreError {
    /// Returns true when the same may well work later, without anybody changing anything of what was to be saved.
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Full { .. } | Self::Locked { .. } | Self::Contended { .. } | Self::Unreachable { .. }
        )
    }
}

/// Sorts what SQLite says into what a person can act on.
pub(crate) fn from_sql(
    source: rusqlite::Error,
    doing: &'static str,
    path: &std::path::Path,
    waited_millis: u64,
) -> StoreError {
    let path = path.to_path_buf();
    match source.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full { doing, path },
        Some(
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied,
        ) => StoreError::NoPermission { doing, path },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StoreError::Locked { doing, path, waited_millis }
        }
        Some(ErrorCode::DatabaseCorrupt) => StoreError::Damaged { doing, path },
        Some(ErrorCode::NotADatabase) => StoreError::NotADatabase { path },
        Some(ErrorCode::CannotOpen) => StoreError::CannotOpen { path, reason: source.to_string() },
        _ => StoreError::Sql { doing, path, source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    #[test]
    fn codes_become_messages_that_name_the_file() {
        for (code, expect) in [
            (
                ffi::SQLITE_FULL,
                "cannot save a run in database city.db: the disk or the allowed size is full; nothing of it was saved",
            ),
            (
                ffi::SQLITE_READONLY,
                "cannot save a run in database city.db: no permission to write it or its folder",
            ),
            (
                ffi::SQLITE_BUSY,
                "cannot save a run in database city.db: another process kept it locked for 5 ms",
            ),
            (ffi::SQLITE_CORRUPT, "cannot save a run in database city.db: the file is damaged"),
            (ffi::SQLITE_NOTADB, "cannot use city.db as database: it is not an SQLite database"),
        ] {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            let error = from_sql(error, "save a run", std::path::Path::new("city.db"), 5);
            assert_eq!(error.to_string(), expect);
        }
    }
}
