//! A store in PostgreSQL with PostGIS, for several writers at once.
//!
//! - Absorbing locks districts and sources, so that writers on different ground do not wait for each other.
//! - Everything else that writes locks the incidents as a whole: it is rare, reads and replaces what it likes, and is then right
//!   without thought.
//! - Events get their numbers at the end of each transaction under a lock that lasts to the commit.
//!
//! A connection that broke is made anew with the next call. There is no TLS: use a Unix socket, the loop-back or a tunnel.

mod absorbing;
mod bulk;
mod chain;
mod copy;
mod link;
mod looked_at;
mod pruning;
mod rows;
mod schema;

use std::cell::{RefCell, RefMut};
use std::collections::BTreeMap;
use std::path::Path;

use dispatch::casework::Desk;
use dispatch::{Task, TaskId};
use gis::dedupe::LookedAt;
use gis::dedupe::neighbourhood::Bounds;
use gis::{Incident, IncidentId, Observation, OperationId};
use jiff::Timestamp;
use uuid::Uuid;

use crate::Store;
use crate::absorb::{AbsorbedBatch, Batch, Known, absorb};
use crate::chain::{Link as ChainLink, LinkKind, Note, StoredNote, TimeStamp};
use crate::consumers::{Consumer, ConsumerChange};
use crate::error::StoreError;
use crate::operations::{Operated, Operation, OperationRecord, Subject, operate, operations_of};
use crate::record::{Run, RunRecord, Saved, StoredEvent, event_of_row};
use crate::retention::{Pruned, Retention, prune};
use crate::save::{Rows, decode, save, unlisted};
use absorbing::PgAbsorbing;
use link::{Link, address_of};
use rows::PgRows;

/// Keeps other writers out, readers not.
const WRITE_ALONE: &str = "LOCK TABLE incident IN SHARE ROW EXCLUSIVE MODE";

/// A store in a PostgreSQL database with PostGIS.
pub struct PostgresStore {
    config: postgres::Config,
    link: RefCell<Link>,
    known: Known,
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresStore").field("address", &address_of(&self.config)).finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// Connects, and brings the schema up to date. `url` is `postgresql://user:password@host:port/database` or `key=value` pairs.
    ///
    /// # Errors
    /// [`StoreError::CannotOpen`] for a URL that is none, [`StoreError::Unreachable`], [`StoreError::NoPermission`],
    /// [`StoreError::ForeignDatabase`], [`StoreError::SchemaTooNew`]. A database that is refused is left as it is.
    pub fn open(url: &str) -> Result<Self, StoreError> {
        let config: postgres::Config = url.parse().map_err(|error: postgres::Error| {
            // The URL itself may hold a password.
            StoreError::CannotOpen { path: "postgresql://".into(), reason: error.to_string() }
        })?;
        let mut link = Link::connect(&config)?;
        schema::migrate(&mut link)?;
        Ok(Self { config, link: RefCell::new(link), known: Known::default() })
    }

    /// Connects only to read, everything as it is at the first read.
    ///
    /// # Errors
    /// Those of [`PostgresStore::open`].
    pub fn open_to_read(url: &str) -> Result<Self, StoreError> {
        let store = Self::open(url)?;
        store.link()?.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "begin to read")?;
        Ok(store)
    }

    /// Fills an empty database from the files of a backup, all of it or nothing.
    ///
    /// # Errors
    /// Those of [`PostgresStore::open`], [`StoreError::NotEmpty`], [`StoreError::SchemaTooOld`], and any that writing has.
    pub fn restore(url: &str, folder: &Path) -> Result<Self, StoreError> {
        let store = Self::open(url)?;
        copy::copy_in(&mut *store.link()?, folder)?;
        Ok(store)
    }

    /// Returns the server and database, without user and password.
    pub fn address(&self) -> String {
        Path::display(&address_of(&self.config)).to_string()
    }

    /// Returns the connection, made anew if it broke.
    fn link(&self) -> Result<RefMut<'_, Link>, StoreError> {
        let mut link = self.link.borrow_mut();
        if link.is_closed() {
            *link = Link::connect(&self.config)?;
        }
        Ok(link)
    }

    /// Runs a use case that writes, alone among writers, and keeps all of it or nothing.
    fn alone<T>(
        &mut self,
        doing: &'static str,
        change: impl FnOnce(&RefCell<Link>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.link()?.batch("BEGIN", doing)?;
        let locked = self.link.borrow_mut().batch(WRITE_ALONE, doing);
        let done = locked.and_then(|()| change(&self.link));
        let ended = self.link.borrow_mut().batch(if done.is_ok() { "COMMIT" } else { "ROLLBACK" }, doing);
        // Of two failures the first one says more.
        done.and_then(|done| ended.map(|()| done))
    }

    /// The same over rows.
    fn write<T>(
        &mut self,
        doing: &'static str,
        change: impl FnOnce(&mut dyn Rows) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.alone(doing, |link| {
            let mut rows = PgRows { link, events: Vec::new(), loose: Vec::new() };
            let done = change(&mut rows)?;
            rows.append_events().map(|()| done)
        })
    }

    /// Returns the records of a query that gives id and JSON.
    fn records<T: serde::de::DeserializeOwned>(
        &self,
        what: &'static str,
        sql: &'static str,
        values: &[&(dyn postgres::types::ToSql + Sync)],
    ) -> Result<Vec<T>, StoreError> {
        let rows = self.link()?.query(sql, values, "read")?;
        let record = |row: &postgres::Row| decode(row.get(1), what, &row.get::<_, Uuid>(0).to_string());
        rows.iter().map(record).collect()
    }
}

impl Store for PostgresStore {
    fn schema_version(&self) -> Result<u32, StoreError> {
        schema::version(&mut *self.link()?)
    }

    fn incidents(&self) -> Result<Vec<Incident>, StoreError> {
        bulk::load_all(&mut *self.link()?, false)
    }

    fn open_incidents(&self) -> Result<Vec<Incident>, StoreError> {
        bulk::load_all(&mut *self.link()?, true)
    }

    fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        Ok(bulk::load(&mut *self.link()?, &[id])?.into_iter().next().map(|(incident, _)| incident))
    }

    fn observations_of(&self, id: IncidentId) -> Result<Vec<Observation>, StoreError> {
        let sql = "SELECT o.id, o.json::text FROM observation o JOIN sighting s ON s.observation_id = o.id \
                   WHERE s.incident_id = $1";
        let mut found: Vec<Observation> = self.records("observation", sql, &[&id.0])?;
        found.sort_by_key(|observation| (observation.time, observation.id));
        Ok(found)
    }

    fn tasks(&self) -> Result<Vec<Task>, StoreError> {
        let mut all: Vec<Task> = self.records("task", "SELECT id, json::text FROM task", &[])?;
        all.sort_by_key(|task| (task.created, task.id));
        Ok(all)
    }

    fn task(&self, id: TaskId) -> Result<Option<Task>, StoreError> {
        let found = self.records("task", "SELECT id, json::text FROM task WHERE id = $1", &[&id.0])?;
        Ok(found.into_iter().next())
    }

    fn incidents_after(&self, after: Option<IncidentId>, limit: usize) -> Result<Vec<Incident>, StoreError> {
        let sql = "SELECT id, json::text FROM incident WHERE id > $1 ORDER BY id LIMIT $2";
        let after = after.map_or(Uuid::nil(), |id| id.0);
        let found = self.records("incident", sql, &[&after, &row_count(limit)])?;
        Ok(found.into_iter().map(unlisted).collect())
    }

    fn tasks_after(&self, after: Option<TaskId>, limit: usize) -> Result<Vec<Task>, StoreError> {
        let sql = "SELECT id, json::text FROM task WHERE id > $1 ORDER BY id LIMIT $2";
        let after = after.map_or(Uuid::nil(), |id| id.0);
        self.records("task", sql, &[&after, &row_count(limit)])
    }

    fn last_operations(&self) -> Result<BTreeMap<Uuid, OperationId>, StoreError> {
        let sql = "SELECT subject_id, max(operation_id) FROM operation_subject GROUP BY subject_id";
        let rows = self.link()?.query(sql, &[], "read operations")?;
        let one = |row: &postgres::Row| (row.get(0), OperationId(row.get::<_, i64>(1).unsigned_abs()));
        Ok(rows.iter().map(one).collect())
    }

    fn last_event(&self) -> Result<u64, StoreError> {
        let rows = self.link()?.query("SELECT coalesce(max(seq), 0) FROM event", &[], "read events")?;
        Ok(rows.first().map_or(0, |row| row.get::<_, i64>(0).unsigned_abs()))
    }

    fn runs(&self) -> Result<Vec<Run>, StoreError> {
        self.records("run", "SELECT id, json::text FROM run ORDER BY id", &[])
    }

    fn events_after(&self, cursor: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let sql = "SELECT seq::text, to_json(at)::text, coalesce(to_json(run_id), 'null')::text, \
                   coalesce(operation_id::text, 'null'), json::text \
                   FROM event WHERE seq > $1 ORDER BY event.seq LIMIT $2";
        let cursor = i64::try_from(cursor).unwrap_or(i64::MAX);
        let rows = self.link()?.query(sql, &[&cursor, &row_count(limit)], "read events")?;
        let event =
            |row: &postgres::Row| event_of_row(&[row.get(0), row.get(1), row.get(2), row.get(3), row.get(4)]);
        rows.iter().map(event).collect()
    }

    fn save_run(&mut self, record: &RunRecord) -> Result<Saved, StoreError> {
        self.write("save a run", |rows| save(rows, record))
    }

    fn absorb(&mut self, batch: &Batch<'_>) -> Result<AbsorbedBatch, StoreError> {
        drop(self.link()?);
        absorb(&mut PgAbsorbing { link: self.link.get_mut() }, &mut self.known, batch)
    }

    fn prune(&mut self, retention: &Retention, now: Timestamp) -> Result<Pruned, StoreError> {
        self.alone("put closed incidents away", |link| prune(&mut *link.borrow_mut(), retention, now))
    }

    fn operate(
        &mut self,
        operation: &Operation,
        desk: &Desk<'_>,
        now: Timestamp,
    ) -> Result<Operated, StoreError> {
        self.write("save an operation", |rows| operate(rows, operation, desk, now))
    }

    fn operations_of(&self, subject: Subject) -> Result<Vec<OperationRecord>, StoreError> {
        drop(self.link()?);
        operations_of(&PgRows { link: &self.link, events: Vec::new(), loose: Vec::new() }, subject)
    }

    fn footprints(&self, within: Option<Bounds>, since: Timestamp) -> Result<Vec<LookedAt>, StoreError> {
        looked_at::footprints(&mut *self.link()?, within, since)
    }

    fn consumers(&self) -> Result<Vec<Consumer>, StoreError> {
        looked_at::consumers(&mut *self.link()?)
    }

    fn change_consumer(
        &mut self,
        id: &str,
        change: &mut ConsumerChange<'_>,
    ) -> Result<Option<Consumer>, StoreError> {
        looked_at::change_consumer(&mut *self.link()?, id, change)
    }

    fn links(&self, after: u64, limit: usize) -> Result<Vec<ChainLink>, StoreError> {
        chain::links(&mut *self.link()?, after, limit)
    }

    fn back_up(&self, folder: &Path) -> Result<Vec<String>, StoreError> {
        copy::copy_out(&mut *self.link()?, folder)
    }

    fn last_link(&self) -> Result<Option<ChainLink>, StoreError> {
        chain::last_link(&mut *self.link()?)
    }

    fn contents(
        &self,
        kind: LinkKind,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(String, String)>, StoreError> {
        chain::contents(&mut *self.link()?, kind, after, limit)
    }

    fn time_stamps(&self) -> Result<Vec<TimeStamp>, StoreError> {
        chain::time_stamps(&mut *self.link()?)
    }

    fn put_time_stamp(&mut self, stamp: &TimeStamp) -> Result<(), StoreError> {
        chain::put_time_stamp(&mut *self.link()?, stamp)
    }

    fn add_note(&mut self, note: &Note) -> Result<u64, StoreError> {
        let doing = "write a note";
        // The lock of the counter is enough: nothing else is written.
        self.link()?.batch("BEGIN", doing)?;
        let done = chain::add_note(self.link.get_mut(), note);
        let ended = self.link.get_mut().batch(if done.is_ok() { "COMMIT" } else { "ROLLBACK" }, doing);
        done.and_then(|done| ended.map(|()| done))
    }

    fn notes(&self, kind: Option<&str>, after: u64, limit: usize) -> Result<Vec<StoredNote>, StoreError> {
        chain::notes(&mut *self.link()?, kind, after, limit)
    }
}

fn row_count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
