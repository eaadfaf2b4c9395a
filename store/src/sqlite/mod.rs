//! A store in one SQLite file: write-ahead log, foreign keys, a full sync with each commit.

mod absorbing;
pub(crate) mod chain;
mod copy;
mod incidents;
mod looked_at;
mod pruning;
mod rows;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dispatch::casework::Desk;
use dispatch::{Task, TaskId};
use gis::dedupe::LookedAt;
use gis::dedupe::neighbourhood::Bounds;
use gis::{Incident, IncidentId, Observation, OperationId};
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};
use uuid::Uuid;

use crate::Store;
use crate::absorb::{AbsorbedBatch, Batch, Known, absorb};
use crate::chain::{Link, LinkKind, Note, StoredNote, TimeStamp};
use crate::consumers::{Consumer, ConsumerChange};
use crate::error::{StoreError, from_sql};
use crate::operations::{Operated, Operation, OperationRecord, Subject, operate, operations_of};
use crate::record::{Run, RunRecord, Saved, StoredEvent, event_of_row};
use crate::retention::{Pruned, Retention, prune};
use crate::save::{Rows, decode, save, unlisted};
use crate::schema::{self, CheckError, INCIDENTS};
use absorbing::SqliteAbsorbing;
use incidents::Sql;
pub(crate) use incidents::fill_version_3;
use rows::{EVENT_COLUMNS, SqlRows, operation_of_row_id};

/// How long to wait for another process, milliseconds.
const BUSY_MILLIS: u64 = 5_000;

/// Statements kept prepared: more than there are.
const STATEMENTS: usize = 64;

/// A store in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Connection,
    path: PathBuf,
    known: Known,
    busy_millis: u64,
}

impl SqliteStore {
    /// Opens the file, makes it if there is none, and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::CannotOpen`], [`StoreError::NotADatabase`], [`StoreError::ForeignDatabase`],
    /// [`StoreError::SchemaTooNew`], [`StoreError::NoPermission`], [`StoreError::Locked`] or [`StoreError::Migration`]. A
    /// file that is refused is left as it is.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = |error: rusqlite::Error| from_sql(error, "open tables", path, BUSY_MILLIS);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        connection.busy_timeout(Duration::from_millis(BUSY_MILLIS)).map_err(failed)?;
        match schema::check(&connection, path, &INCIDENTS) {
            Ok(()) => {}
            Err(CheckError::Refused(error)) => return Err(error),
            Err(CheckError::Sql(error)) => return Err(failed(error)),
        }
        connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        schema::mark(&connection, &INCIDENTS).map_err(failed)?;
        // Off for the migration, which makes tables anew that others refer to.
        connection.pragma_update(None, "foreign_keys", false).map_err(failed)?;
        schema::migrate(&mut connection, path, &INCIDENTS)?;
        connection.pragma_update(None, "foreign_keys", true).map_err(failed)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(Self { connection, path: path.to_path_buf(), known: Known::default(), busy_millis: BUSY_MILLIS })
    }

    /// Opens a file of the newest version only to read it, as it is at the first read; nothing is written.
    ///
    /// # Errors
    /// Those of [`SqliteStore::open`], and [`StoreError::SchemaTooOld`].
    pub fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        let failed = |error: rusqlite::Error| from_sql(error, "open tables", path, BUSY_MILLIS);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        connection.busy_timeout(Duration::from_millis(BUSY_MILLIS)).map_err(failed)?;
        match schema::check(&connection, path, &INCIDENTS) {
            Ok(()) => {}
            Err(CheckError::Refused(error)) => return Err(error),
            Err(CheckError::Sql(error)) => return Err(failed(error)),
        }
        let (found, wanted) = (schema::version(&connection).map_err(failed)?, INCIDENTS.version());
        if found < wanted {
            return Err(StoreError::SchemaTooOld { path: path.to_path_buf(), found, wanted });
        }
        connection.execute_batch("BEGIN").map_err(failed)?;
        Ok(Self { connection, path: path.to_path_buf(), known: Known::default(), busy_millis: BUSY_MILLIS })
    }

    /// Limits the size of the file. What would make it larger fails with [`StoreError::Full`].
    ///
    /// # Errors
    /// Any that writing has.
    pub fn limit_bytes(&mut self, bytes: u64) -> Result<(), StoreError> {
        let limit = || -> rusqlite::Result<()> {
            let page: i64 = self.connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
            let pages = (bytes / page.max(1).unsigned_abs()).max(1);
            // The answer is the limit in force, which is never below the present size.
            self.connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
        };
        limit().map_err(|error| self.failed(error, "limit the size"))
    }

    fn failed(&self, error: rusqlite::Error, doing: &'static str) -> StoreError {
        from_sql(error, doing, &self.path, self.busy_millis)
    }

    /// Returns the records of a query that gives id and JSON.
    fn records<T: serde::de::DeserializeOwned>(
        &self,
        what: &'static str,
        sql: &str,
        values: impl rusqlite::Params,
    ) -> Result<Vec<T>, StoreError> {
        let read = || -> rusqlite::Result<Vec<(String, String)>> {
            let mut statement = self.connection.prepare(sql)?;
            statement.query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        let rows = read().map_err(|error| self.failed(error, "read"))?;
        rows.iter().map(|(id, text)| decode(text, what, id)).collect()
    }

    /// Limits how long to wait for another process that writes.
    ///
    /// # Errors
    /// Any that writing has.
    pub fn limit_wait(&mut self, longest: Duration) -> Result<(), StoreError> {
        self.busy_millis = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
        self.connection.busy_timeout(longest).map_err(|error| self.failed(error, "limit the wait"))
    }

    /// Runs a use case that writes, and keeps all of it or nothing.
    fn alone<T>(
        &mut self,
        doing: &'static str,
        change: impl FnOnce(Sql<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let (path, busy_millis) = (self.path.as_path(), self.busy_millis);
        let failed = |error| from_sql(error, doing, path, busy_millis);
        // The lock is taken at once, so that two writers wait for each other and none fails half way.
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let done = change(Sql { connection: &transaction, path, doing, busy_millis })?;
        transaction.commit().map_err(failed)?;
        Ok(done)
    }

    fn sql(&self, doing: &'static str) -> Sql<'_> {
        Sql { connection: &self.connection, path: &self.path, doing, busy_millis: self.busy_millis }
    }

    fn rows(&self) -> SqlRows<'_> {
        SqlRows { connection: &self.connection, path: &self.path, busy_millis: self.busy_millis }
    }
}

impl Store for SqliteStore {
    fn schema_version(&self) -> Result<u32, StoreError> {
        schema::version(&self.connection).map_err(|error| self.failed(error, "read the schema version"))
    }

    fn incidents(&self) -> Result<Vec<Incident>, StoreError> {
        incidents::load_all(self.sql("read"), false)
    }

    fn open_incidents(&self) -> Result<Vec<Incident>, StoreError> {
        incidents::load_all(self.sql("read"), true)
    }

    fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        Ok(incidents::load(self.sql("read"), id)?.map(|(incident, _)| incident))
    }

    fn observations_of(&self, id: IncidentId) -> Result<Vec<Observation>, StoreError> {
        self.rows().observations_of(id)
    }

    fn tasks(&self) -> Result<Vec<Task>, StoreError> {
        let mut all: Vec<Task> = self.records("task", "SELECT id, json FROM task", [])?;
        all.sort_by_key(|task| (task.created, task.id));
        Ok(all)
    }

    fn task(&self, id: TaskId) -> Result<Option<Task>, StoreError> {
        self.rows().task(id)
    }

    fn incidents_after(&self, after: Option<IncidentId>, limit: usize) -> Result<Vec<Incident>, StoreError> {
        let sql = "SELECT id, json FROM incident WHERE id > ?1 ORDER BY id LIMIT ?2";
        let values = params![text_of(after.map(|id| id.0)), row_count(limit)];
        Ok(self.records("incident", sql, values)?.into_iter().map(unlisted).collect())
    }

    fn tasks_after(&self, after: Option<TaskId>, limit: usize) -> Result<Vec<Task>, StoreError> {
        let sql = "SELECT id, json FROM task WHERE id > ?1 ORDER BY id LIMIT ?2";
        self.records("task", sql, params![text_of(after.map(|id| id.0)), row_count(limit)])
    }

    fn last_operations(&self) -> Result<BTreeMap<Uuid, OperationId>, StoreError> {
        let sql = "SELECT subject_id, max(operation_id) FROM operation_subject GROUP BY subject_id";
        let rows: Vec<(String, i64)> =
            self.sql("read operations").all(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let one = |(id, operation): &(String, i64)| {
            Ok((
                decode(&format!("\"{id}\""), "subject of an operation", id)?,
                operation_of_row_id(*operation),
            ))
        };
        rows.iter().map(one).collect()
    }

    fn last_event(&self) -> Result<u64, StoreError> {
        let read = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        let found = self.connection.query_row("SELECT coalesce(max(seq), 0) FROM event", [], read);
        found.map(i64::unsigned_abs).map_err(|error| self.failed(error, "read events"))
    }

    fn runs(&self) -> Result<Vec<Run>, StoreError> {
        self.records("run", "SELECT id, json FROM run ORDER BY id", [])
    }

    fn events_after(&self, cursor: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let read = || -> rusqlite::Result<Vec<[String; 5]>> {
            let sql = format!("SELECT {EVENT_COLUMNS} FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2");
            let mut statement = self.connection.prepare(&sql)?;
            let cursor = i64::try_from(cursor).unwrap_or(i64::MAX);
            let limit = row_count(limit);
            let row = |row: &rusqlite::Row<'_>| {
                Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?])
            };
            statement.query_map(params![cursor, limit], row)?.collect()
        };
        read().map_err(|error| self.failed(error, "read events"))?.iter().map(event_of_row).collect()
    }

    fn save_run(&mut self, record: &RunRecord) -> Result<Saved, StoreError> {
        let path = self.path.clone();
        let busy_millis = self.busy_millis;
        self.alone("save a run", |sql| {
            save(&mut SqlRows { connection: sql.connection, path: &path, busy_millis }, record)
        })
    }

    fn prune(&mut self, retention: &Retention, now: Timestamp) -> Result<Pruned, StoreError> {
        self.alone("put closed incidents away", |mut sql| prune(&mut sql, retention, now))
    }

    fn absorb(&mut self, batch: &Batch<'_>) -> Result<AbsorbedBatch, StoreError> {
        let sql = Sql {
            connection: &self.connection,
            path: &self.path,
            doing: "absorb frames",
            busy_millis: self.busy_millis,
        };
        absorb(&mut SqliteAbsorbing { sql }, &mut self.known, batch)
    }

    fn operate(
        &mut self,
        operation: &Operation,
        desk: &Desk<'_>,
        now: Timestamp,
    ) -> Result<Operated, StoreError> {
        let path = self.path.clone();
        let busy_millis = self.busy_millis;
        self.alone("save an operation", |sql| {
            let mut rows = SqlRows { connection: sql.connection, path: &path, busy_millis };
            operate(&mut rows, operation, desk, now)
        })
    }

    fn operations_of(&self, subject: Subject) -> Result<Vec<OperationRecord>, StoreError> {
        operations_of(&self.rows(), subject)
    }

    fn footprints(&self, within: Option<Bounds>, since: Timestamp) -> Result<Vec<LookedAt>, StoreError> {
        looked_at::footprints(self.sql("read"), within, since)
    }

    fn consumers(&self) -> Result<Vec<Consumer>, StoreError> {
        looked_at::consumers(self.sql("read"))
    }

    fn change_consumer(
        &mut self,
        id: &str,
        change: &mut ConsumerChange<'_>,
    ) -> Result<Option<Consumer>, StoreError> {
        self.alone("change a consumer", |sql| looked_at::change_consumer(sql, id, change))
    }

    fn links(&self, after: u64, limit: usize) -> Result<Vec<Link>, StoreError> {
        chain::links(self.sql("read the chain"), after, limit)
    }

    fn back_up(&self, folder: &Path) -> Result<Vec<String>, StoreError> {
        let name = "flyonce.sqlite";
        copy::copy_to(&self.connection, &folder.join(name), self.sql("copy the database"))?;
        Ok(vec![name.to_owned()])
    }

    fn last_link(&self) -> Result<Option<Link>, StoreError> {
        chain::last_link(self.sql("read the chain"))
    }

    fn contents(
        &self,
        kind: LinkKind,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(String, String)>, StoreError> {
        chain::contents(self.sql("read what is chained"), kind, after, limit)
    }

    fn time_stamps(&self) -> Result<Vec<TimeStamp>, StoreError> {
        chain::time_stamps(self.sql("read time stamps"))
    }

    fn put_time_stamp(&mut self, stamp: &TimeStamp) -> Result<(), StoreError> {
        self.alone("keep a time stamp", |sql| chain::put_time_stamp(sql, stamp))
    }

    fn add_note(&mut self, note: &Note) -> Result<u64, StoreError> {
        self.alone("write a note", |sql| chain::add_note(sql, note))
    }

    fn notes(&self, kind: Option<&str>, after: u64, limit: usize) -> Result<Vec<StoredNote>, StoreError> {
        chain::notes(self.sql("read notes"), kind, after, limit)
    }
}

/// The text of an id, or one before all.
fn text_of(id: Option<Uuid>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

fn row_count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
