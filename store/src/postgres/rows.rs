//! Rows of the PostgreSQL database as saving a run sees them: one at a time.

use std::cell::RefCell;

use dispatch::{Task, TaskId};
use gis::dedupe::LookedAt;
use gis::{Incident, IncidentId, Observation, ObservationId, OperationId};
use jiff::Timestamp;
use postgres::types::ToSql;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::bulk::{self, EventRow};
use super::chain;
use super::link::Link;
use super::looked_at;
use crate::absorb::Write;
use crate::chain::{LinkKind, Loose};
use crate::columns::IncidentColumns;
use crate::error::StoreError;
use crate::operations::{OperationRecord, Subject};
use crate::record::{Change, Run, RunId};
use crate::save::{Rows, Stamp, decode, encode};

const DOING: &str = "save";

/// Rows inside a transaction; events wait for [`PgRows::append_events`].
pub(super) struct PgRows<'a> {
    pub(super) link: &'a RefCell<Link>,
    pub(super) events: Vec<EventRow>,
    pub(super) loose: Vec<Loose>,
}

impl PgRows<'_> {
    /// Writes the events. Called last, because it holds up all other writers until the commit.
    pub(super) fn append_events(&mut self) -> Result<(), StoreError> {
        let (events, loose) = (std::mem::take(&mut self.events), std::mem::take(&mut self.loose));
        chain::append(&mut self.link.borrow_mut(), &events, loose)
    }

    fn json<T: DeserializeOwned>(
        &self,
        what: &'static str,
        sql: &'static str,
        id: Uuid,
    ) -> Result<Option<T>, StoreError> {
        let rows = self.link.borrow_mut().query(sql, &[&id], "read")?;
        rows.first().map(|row| decode(row.get(0), what, &id.to_string())).transpose()
    }

    fn all<T: DeserializeOwned>(
        &self,
        what: &'static str,
        sql: &'static str,
        id: Uuid,
    ) -> Result<Vec<T>, StoreError> {
        let rows = self.link.borrow_mut().query(sql, &[&id], "read")?;
        rows.iter().map(|row| decode(row.get(0), what, &id.to_string())).collect()
    }

    fn write(&self, sql: &'static str, values: &[&(dyn ToSql + Sync)]) -> Result<(), StoreError> {
        self.link.borrow_mut().execute(sql, values, DOING).map(|_| ())
    }
}

impl Rows for PgRows<'_> {
    fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        self.json("run", "SELECT json::text FROM run WHERE id = $1", id.0)
    }

    fn put_run(&mut self, run: &Run, stamp: &Stamp) -> Result<(), StoreError> {
        bulk::put_run(&mut self.link.borrow_mut(), run, stamp.at)
    }

    fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        let found = bulk::load(&mut self.link.borrow_mut(), &[id])?;
        Ok(found.into_iter().next().map(|(incident, _)| incident))
    }

    fn put_incident(&mut self, incident: &Incident, stamp: &Stamp) -> Result<(), StoreError> {
        let columns = IncidentColumns::of(incident)?;
        let mut link = self.link.borrow_mut();
        let sql = "SELECT version FROM incident WHERE id = $1";
        let version = link.query(sql, &[&incident.id.0], DOING)?.first().map_or(0, |row| row.get(0));
        let write = Write { incident, columns, version, listed_before: 0, moved: true };
        bulk::write_incidents(&mut link, &[write], stamp.at)
    }

    fn task(&self, id: TaskId) -> Result<Option<Task>, StoreError> {
        self.json("task", "SELECT json::text FROM task WHERE id = $1", id.0)
    }

    fn put_task(&mut self, task: &Task, stamp: &Stamp) -> Result<(), StoreError> {
        let links = bulk::put_task(&mut self.link.borrow_mut(), task, stamp.at)?;
        self.loose.extend(links);
        Ok(())
    }

    fn tasks_of(&self, id: IncidentId) -> Result<Vec<Task>, StoreError> {
        let sql = "SELECT json::text FROM task WHERE incident_id = $1";
        let mut found: Vec<Task> = self.all("task of incident", sql, id.0)?;
        found.sort_by_key(|task| (task.created, task.id));
        Ok(found)
    }

    fn observations_of(&self, id: IncidentId) -> Result<Vec<Observation>, StoreError> {
        let sql = "SELECT o.json::text FROM observation o JOIN sighting s ON s.observation_id = o.id \
                   WHERE s.incident_id = $1";
        let mut found: Vec<Observation> = self.all("observation of incident", sql, id.0)?;
        found.sort_by_key(|observation| (observation.time, observation.id));
        Ok(found)
    }

    fn incident_of(&self, id: ObservationId) -> Result<Option<IncidentId>, StoreError> {
        let sql = "SELECT incident_id FROM sighting WHERE observation_id = $1";
        let rows = self.link.borrow_mut().query(sql, &[&id.0], "read")?;
        Ok(rows.first().map(|row| IncidentId(row.get(0))))
    }

    fn operation(&self, id: OperationId) -> Result<Option<OperationRecord>, StoreError> {
        let sql = "SELECT json::text FROM operation WHERE id = $1";
        let rows = self.link.borrow_mut().query(sql, &[&id.0.cast_signed()], "read")?;
        rows.first().map(|row| decode(row.get(0), "operation", &id.to_string())).transpose()
    }

    fn last_operation(&self) -> Result<Option<OperationId>, StoreError> {
        let rows = self.link.borrow_mut().query("SELECT max(id) FROM operation", &[], "read")?;
        let last: Option<i64> = rows.first().and_then(|row| row.get(0));
        Ok(last.map(|id| OperationId(id.cast_unsigned())))
    }

    fn operations_on(&self, subject: Subject) -> Result<Vec<OperationId>, StoreError> {
        let sql = "SELECT operation_id FROM operation_subject WHERE subject_id = $1 ORDER BY operation_id";
        let rows = self.link.borrow_mut().query(sql, &[&subject.id()], "read operations")?;
        Ok(rows.iter().map(|row| OperationId(row.get::<_, i64>(0).cast_unsigned())).collect())
    }

    fn put_operation(&mut self, operation: &OperationRecord) -> Result<(), StoreError> {
        let json = encode(operation, "operation", &operation.id)?;
        let sql = "INSERT INTO operation (id, at, actor, json) VALUES ($1, $2, $3, $4::text::json) \
                   ON CONFLICT (id) DO UPDATE SET json = excluded.json";
        let id = operation.id.0.cast_signed();
        self.loose.push(Loose::of(LinkKind::Operation, &id, &json));
        self.write(sql, &[&id, &operation.at.to_string(), &operation.actor, &json])?;
        let subjects: Vec<Uuid> = operation.subjects().into_iter().map(Subject::id).collect();
        let sql = "INSERT INTO operation_subject (subject_id, operation_id) \
                   SELECT subject, $2 FROM unnest($1::uuid[]) AS subject ON CONFLICT DO NOTHING";
        self.write(sql, &[&subjects, &id])
    }

    fn has_observation(&self, id: ObservationId) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM observation WHERE id = $1)";
        let rows = self.link.borrow_mut().query(sql, &[&id.0], DOING)?;
        Ok(rows.first().is_some_and(|row| row.get(0)))
    }

    fn add_observation(&mut self, observation: &Observation) -> Result<(), StoreError> {
        bulk::add_observations(&mut self.link.borrow_mut(), &[observation])
    }

    fn add_event(&mut self, change: Change, stamp: &Stamp) -> Result<(), StoreError> {
        self.events.push(EventRow::of(&change, stamp)?);
        Ok(())
    }

    fn looked_at(&self, source: &str, minute: Timestamp) -> Result<Option<LookedAt>, StoreError> {
        let minutes = [(source, minute)].into();
        Ok(looked_at::looked_at(&mut self.link.borrow_mut(), &minutes)?.pop())
    }

    fn put_looked_at(&mut self, looked_at: &LookedAt) -> Result<(), StoreError> {
        looked_at::write_looked_at(&mut self.link.borrow_mut(), std::slice::from_ref(looked_at))
    }
}
