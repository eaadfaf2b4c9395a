//! Rows of the PostgreSQL database as saving a run sees them: one at a time.

use std::cell::RefCell;

use dispatch::{Task, TaskId};
use gis::{Incident, IncidentId, Observation, ObservationId};
use postgres::types::ToSql;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::bulk::{self, EventRow};
use super::link::Link;
use crate::absorb::Write;
use crate::columns::IncidentColumns;
use crate::error::StoreError;
use crate::record::{Change, Run, RunId, RunRecord};
use crate::save::{Rows, decode, encode};

const DOING: &str = "save a run";

/// Rows inside a transaction; events wait for [`PgRows::append_events`].
pub(super) struct PgRows<'a> {
    pub(super) link: &'a RefCell<Link>,
    pub(super) events: Vec<EventRow>,
}

impl PgRows<'_> {
    /// Writes the events. Called last, because it holds up all other writers until the commit.
    pub(super) fn append_events(&mut self) -> Result<(), StoreError> {
        let events = std::mem::take(&mut self.events);
        bulk::append_events(&mut self.link.borrow_mut(), &events)
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

    fn write(&self, sql: &'static str, values: &[&(dyn ToSql + Sync)]) -> Result<(), StoreError> {
        self.link.borrow_mut().execute(sql, values, DOING).map(|_| ())
    }
}

impl Rows for PgRows<'_> {
    fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        self.json("run", "SELECT json::text FROM run WHERE id = $1", id.0)
    }

    fn put_run(&mut self, run: &Run, record: &RunRecord) -> Result<(), StoreError> {
        bulk::put_run(&mut self.link.borrow_mut(), run, record.saved_at)
    }

    fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        let found = bulk::load(&mut self.link.borrow_mut(), &[id])?;
        Ok(found.into_iter().next().map(|(incident, _)| incident))
    }

    fn put_incident(&mut self, incident: &Incident, record: &RunRecord) -> Result<(), StoreError> {
        let columns = IncidentColumns::of(incident)?;
        let mut link = self.link.borrow_mut();
        let sql = "SELECT version FROM incident WHERE id = $1";
        let version = link.query(sql, &[&incident.id.0], DOING)?.first().map_or(0, |row| row.get(0));
        let write = Write { incident, columns, version, listed_before: 0, moved: true };
        bulk::write_incidents(&mut link, &[write], record.saved_at)
    }

    fn task(&self, id: TaskId) -> Result<Option<Task>, StoreError> {
        self.json("task", "SELECT json::text FROM task WHERE id = $1", id.0)
    }

    fn put_task(&mut self, task: &Task, record: &RunRecord) -> Result<(), StoreError> {
        let json = encode(task, "task", &task.id)?;
        let sql = "INSERT INTO task (id, incident_id, state, lead, created_us, json, updated) \
                   VALUES ($1, $2, $3::text::json ->> 'state', $3::text::json ->> 'lead', $4, $3::text::json, $5) \
                   ON CONFLICT (id) DO UPDATE SET state = excluded.state, lead = excluded.lead, \
                   created_us = excluded.created_us, json = excluded.json, updated = excluded.updated";
        let created_us = task.created.as_microsecond();
        self.write(sql, &[&task.id.0, &task.incident_id.0, &json, &created_us, &record.saved_at.to_string()])
    }

    fn has_observation(&self, id: ObservationId) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM observation WHERE id = $1)";
        let rows = self.link.borrow_mut().query(sql, &[&id.0], DOING)?;
        Ok(rows.first().is_some_and(|row| row.get(0)))
    }

    fn add_observation(&mut self, observation: &Observation) -> Result<(), StoreError> {
        bulk::add_observations(&mut self.link.borrow_mut(), &[observation])
    }

    fn add_event(&mut self, change: Change, record: &RunRecord) -> Result<(), StoreError> {
        self.events.push(EventRow::of(change, record.run.id, record.saved_at)?);
        Ok(())
    }
}
