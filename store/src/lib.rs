//! What is kept: observations, incidents, tasks, the runs they came from, and every change as an event.
//!
//! [`Store`] has one method per use case. [`SqliteStore`] keeps a city in one file, [`PostgresStore`] in a database that several
//! machines write to; [`MemoryStore`] keeps a run in memory. One suite of tests runs on all. Saving what was saved before changes no row.
//!
//! [`ZoneStore`] keeps the boundaries of a city in a file of its own, which many runs read.

mod absorb;
mod behind;
mod chain;
mod columns;
mod consumers;
mod error;
mod export;
mod intake;
mod memory;
mod operations;
mod postgres;
mod reconcile;
mod record;
mod retention;
mod save;
mod schema;
mod sqlite;
mod zones;

pub use self::postgres::PostgresStore;
pub use absorb::{AbsorbedBatch, Batch, SeenFrame};
pub use chain::{Changed, FIRST, Link, LinkKind, Note, StoredNote, TimeStamp, changed_at, marks_of};
pub use consumers::{Answered, Claimed, Consumer, ConsumerChange, DeadLetter};
pub use error::StoreError;
pub use export::{CityExport, ExportCrs, Exported, write_geopackage};
pub use intake::{Intake, IntakeConfig, Pumped};
pub use memory::MemoryStore;
pub use operations::{Expected, Operated, Operation, OperationRecord, Subject, What};
pub use record::{Change, Run, RunId, RunRecord, Saved, StoredEvent};
pub use retention::{HOLD, Pruned, RELEASE, Retention};
pub use sqlite::SqliteStore;
pub use zones::{ImportedZones, StoredZone, ZoneStore, read_geopackage};

use std::collections::BTreeMap;
use std::path::Path;

use dispatch::casework::Desk;
use dispatch::{BackOff, Sent, Task, TaskId};
use gis::dedupe::LookedAt;
use gis::dedupe::neighbourhood::Bounds;
use gis::{Incident, IncidentId, Observation, OperationId};
use jiff::Timestamp;
use uuid::Uuid;

/// Keeps incidents, tasks and their history.
pub trait Store: Send {
    /// Returns the version of the stored form.
    ///
    /// # Errors
    /// Any that reading has.
    fn schema_version(&self) -> Result<u32, StoreError>;

    /// Returns all incidents, closed ones too, by time of first sighting, then id: what a deduper goes on from.
    ///
    /// # Errors
    /// Any that reading has, and [`StoreError::Unreadable`].
    fn incidents(&self) -> Result<Vec<Incident>, StoreError>;

    /// Returns the incidents that are not closed, by time of first sighting, then id.
    ///
    /// # Errors
    /// Any that reading has, and [`StoreError::Unreadable`].
    fn open_incidents(&self) -> Result<Vec<Incident>, StoreError>;

    /// Returns an incident.
    ///
    /// # Errors
    /// Any that reading has, and [`StoreError::Unreadable`].
    fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError>;

    /// Returns the observations of an incident, by time, then id.
    ///
    /// # Errors
    /// Any that reading has, and [`StoreError::Unreadable`].
    fn observations_of(&self, id: IncidentId) -> Result<Vec<Observation>, StoreError>;

    /// Returns all tasks, by time of creation, then id.
    ///
    /// # Errors
    /// Any that reading has, and [`StoreError::Unreadable`].
    fn tasks(&self) -> Result<Vec<Task>, StoreError>;

    /// Returns a task.
    ///
    /// # Errors
    /// Any that reading has, and [`StoreError::Unreadable`].
    fn task(&self, id: TaskId) -> Result<Option<Task>, StoreError>;

    /// Returns incidents after one, by id, at most `limit`, without the lists of their observations: what is read in pages
    /// never lies in memory twice.
    ///
    /// # Errors
    /// Any that reading has, and [`StoreError::Unreadable`].
    fn incidents_after(&self, after: Option<IncidentId>, limit: usize) -> Result<Vec<Incident>, StoreError>;

    /// Returns tasks after one, by id, at most `limit`.
    ///
    /// # Errors
    /// Any that reading has, and [`StoreError::Unreadable`].
    fn tasks_after(&self, after: Option<TaskId>, limit: usize) -> Result<Vec<Task>, StoreError>;

    /// Returns the number of the last operation on each incident and task that had one, by their ids.
    ///
    /// # Errors
    /// Any that reading has.
    fn last_operations(&self) -> Result<BTreeMap<Uuid, OperationId>, StoreError>;

    /// Returns the number of the last event, 0 where there is none.
    ///
    /// # Errors
    /// Any that reading has.
    fn last_event(&self) -> Result<u64, StoreError>;

    /// Returns all runs, by id.
    ///
    /// # Errors
    /// Any that reading has, and [`StoreError::Unreadable`].
    fn runs(&self) -> Result<Vec<Run>, StoreError>;

    /// Returns the events after a cursor, oldest first, at most `limit`; the cursor is the number of the last event read, 0 first.
    ///
    /// # Errors
    /// Any that reading has, and [`StoreError::Unreadable`].
    fn events_after(&self, cursor: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError>;

    /// Saves what a run found, with an event for each change, all of it or nothing.
    ///
    /// Incidents are replaced where they differ; one that people have changed since the run began stays and takes in what the
    /// run saw of it, see [`Saved::incidents_kept`]. A task that people have moved on stays as it is; see [`Saved::tasks_kept`].
    /// Saving the same again changes no row and makes no event.
    ///
    /// # Errors
    /// [`StoreError::MissingIncident`] for a task of an incident that is neither stored nor in the record;
    /// [`StoreError::NotStorable`] for a value that does not come back as it was, such as NaN; and any that writing has.
    fn save_run(&mut self, record: &RunRecord) -> Result<Saved, StoreError>;

    /// Absorbs frames in one transaction: reads the incidents that they can touch, deduplicates, saves what changed with an
    /// event for each change. Any number of writers may do so at once; none makes a second incident of one thing.
    ///
    /// Absorbing the same frames again changes nothing, so that it can be tried again whenever it is not known how it ended.
    ///
    /// # Errors
    /// Any that reading and writing have; [`StoreError::Contended`] when others kept changing the same incidents. Nothing of
    /// the batch is kept then.
    fn absorb(&mut self, batch: &Batch<'_>) -> Result<AbsorbedBatch, StoreError>;

    /// Puts closed incidents away that were last seen long enough ago, with their tasks, and deletes their observations: one
    /// bounded step. Events stay.
    ///
    /// # Errors
    /// Any that reading and writing have.
    fn prune(&mut self, retention: &Retention, now: Timestamp) -> Result<Pruned, StoreError>;

    /// Does what a person decides, with an event for it and for each change, all of it or nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::ChangedMeanwhile`] when it expects another state than there is,
    /// [`StoreError::CannotAct`] with the reason, [`StoreError::BadOperation`], and any that writing has.
    fn operate(
        &mut self,
        operation: &Operation,
        desk: &Desk<'_>,
        now: Timestamp,
    ) -> Result<Operated, StoreError>;

    /// Returns the operations on an incident or a task, oldest first, those taken back and the takings back too.
    ///
    /// # Errors
    /// Any that reading has, and [`StoreError::Unreadable`].
    fn operations_of(&self, subject: Subject) -> Result<Vec<OperationRecord>, StoreError>;

    /// Returns the ground that was looked at since some moment, by source, then minute; within a box, where one is given, what touches it.
    ///
    /// # Errors
    /// Any that reading has, and [`StoreError::Unreadable`].
    fn footprints(&self, within: Option<Bounds>, since: Timestamp) -> Result<Vec<LookedAt>, StoreError>;

    /// Returns those who are told what changes, by id.
    ///
    /// # Errors
    /// Any that reading has, and [`StoreError::Unreadable`].
    fn consumers(&self) -> Result<Vec<Consumer>, StoreError>;

    /// Changes the row of a consumer in one transaction, alone among those who change it, and returns what it is then.
    ///
    /// # Errors
    /// Those of `change`, and any that reading and writing have; nothing is changed then.
    fn change_consumer(
        &mut self,
        id: &str,
        change: &mut ConsumerChange<'_>,
    ) -> Result<Option<Consumer>, StoreError>;

    /// Returns links of the chain after a number, in order, at most `limit`.
    ///
    /// # Errors
    /// Any that reading has, and [`StoreError::Unreadable`].
    fn links(&self, after: u64, limit: usize) -> Result<Vec<Link>, StoreError>;

    /// Writes the whole store as of one moment into a folder, while others write: an SQLite file, or the tables of PostgreSQL as
    /// files of COPY; nothing of a store in memory. Returns the names of the files.
    ///
    /// # Errors
    /// Any that reading has, and [`StoreError::CannotOpen`] for a file that cannot be written.
    fn back_up(&self, folder: &Path) -> Result<Vec<String>, StoreError>;

    /// Returns the last link of the chain.
    ///
    /// # Errors
    /// Any that reading has, and [`StoreError::Unreadable`].
    fn last_link(&self) -> Result<Option<Link>, StoreError>;

    /// Returns what links of a kind stand for as it is now, subject and content: events, operations and notes after a number, at
    /// most `limit`; tasks all at once, those put away too; of files nothing.
    ///
    /// # Errors
    /// Any that reading has.
    fn contents(&self, kind: LinkKind, after: u64, limit: usize)
    -> Result<Vec<(String, String)>, StoreError>;

    /// Returns the time stamps over the chain, by the number of their links.
    ///
    /// # Errors
    /// Any that reading has, and [`StoreError::Unreadable`].
    fn time_stamps(&self) -> Result<Vec<TimeStamp>, StoreError>;

    /// Keeps a time stamp.
    ///
    /// # Errors
    /// Any that writing has.
    fn put_time_stamp(&mut self, stamp: &TimeStamp) -> Result<(), StoreError>;

    /// Writes a note into the journal and returns its number.
    ///
    /// # Errors
    /// Any that writing has.
    fn add_note(&mut self, note: &Note) -> Result<u64, StoreError>;

    /// Returns notes of a kind, or all, after a number, in order, at most `limit`.
    ///
    /// # Errors
    /// Any that reading has, and [`StoreError::Unreadable`].
    fn notes(&self, kind: Option<&str>, after: u64, limit: usize) -> Result<Vec<StoredNote>, StoreError>;

    /// Adds a consumer, or gives one that is known another kind or place; its cursor stays.
    ///
    /// # Errors
    /// Any that reading and writing have.
    fn put_consumer(&mut self, consumer: &Consumer) -> Result<Option<Consumer>, StoreError> {
        self.change_consumer(&consumer.id, &mut |known| {
            let (kind, endpoint) = (consumer.kind.clone(), consumer.endpoint.clone());
            Ok(Some(known.map_or_else(|| consumer.clone(), |known| Consumer { kind, endpoint, ..known })))
        })
    }

    /// Forgets a consumer.
    ///
    /// # Errors
    /// Any that writing has.
    fn remove_consumer(&mut self, id: &str) -> Result<(), StoreError> {
        self.change_consumer(id, &mut |_| Ok(None)).map(|_| ())
    }

    /// Claims the events that a consumer is to be sent next, at most `limit`; none while there are none, or its time has not come.
    ///
    /// # Errors
    /// [`StoreError::NoConsumer`], and any that reading and writing have.
    fn claim(
        &mut self,
        id: &str,
        limit: usize,
        now: Timestamp,
        back_off: &BackOff,
    ) -> Result<Option<Claimed>, StoreError> {
        let known = self.consumers()?.into_iter().find(|consumer| consumer.id == id);
        let known = known.ok_or_else(|| StoreError::NoConsumer(id.to_owned()))?;
        if self.events_after(known.cursor, 1)?.is_empty() {
            return Ok(None);
        }
        let mut lease = None;
        let claimed = self.change_consumer(id, &mut |consumer| {
            let mut consumer = consumer.ok_or_else(|| StoreError::NoConsumer(id.to_owned()))?;
            lease = consumer.delivery.claim(now, back_off).ok();
            Ok(Some(consumer))
        })?;
        let Some((consumer, lease)) = claimed.zip(lease) else { return Ok(None) };
        let events = self.events_after(consumer.cursor, limit)?;
        Ok(Some(Claimed { consumer, lease, events }))
    }

    /// Takes what became of claimed events: acknowledges them, or says when they are sent again, or gives them up.
    ///
    /// # Errors
    /// [`StoreError::NoConsumer`], [`StoreError::NotDelivered`] for a claim that was lost to another, and any that reading and writing have.
    fn answered(&mut self, id: &str, answered: &Answered<'_>) -> Result<Sent, StoreError> {
        let mut sent = Sent::Again;
        self.change_consumer(id, &mut |consumer| {
            let mut consumer = consumer.ok_or_else(|| StoreError::NoConsumer(id.to_owned()))?;
            let taken = consumer.take(answered);
            sent = taken.map_err(|source| StoreError::NotDelivered { id: id.to_owned(), source })?;
            Ok(Some(consumer))
        })?;
        Ok(sent)
    }

    /// Sends a consumer again what it was never sent: from its first dead letter on, also what arrived since; and revives it.
    ///
    /// # Errors
    /// [`StoreError::NoConsumer`], and any that reading and writing have.
    fn redrive(&mut self, id: &str) -> Result<Option<Consumer>, StoreError> {
        self.change_consumer(id, &mut |consumer| {
            let mut consumer = consumer.ok_or_else(|| StoreError::NoConsumer(id.to_owned()))?;
            consumer.redrive();
            Ok(Some(consumer))
        })
    }
}
