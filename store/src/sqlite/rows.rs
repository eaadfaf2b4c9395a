//! Rows of the SQLite file: one statement for each thing that saving asks for.

use std::path::Path;

use dispatch::{Task, TaskId};
use gis::{Incident, IncidentId, Observation, ObservationId};
use rusqlite::{Connection, OptionalExtension, Params, params};
use serde::de::DeserializeOwned;

use super::incidents::{self, Sql};
use crate::absorb::Write;
use crate::columns::IncidentColumns;
use crate::error::{StoreError, from_sql};
use crate::record::{Change, Run, RunId, RunRecord};
use crate::save::{Rows, decode, encode};

/// Rows seen through a connection or a transaction.
pub(super) struct SqlRows<'a> {
    pub(super) connection: &'a Connection,
    pub(super) path: &'a Path,
    pub(super) busy_millis: u64,
}

impl SqlRows<'_> {
    fn sql(&self) -> Sql<'_> {
        Sql {
            connection: self.connection,
            path: self.path,
            doing: "save a run",
            busy_millis: self.busy_millis,
        }
    }

    fn failed(&self, error: rusqlite::Error) -> StoreError {
        from_sql(error, "save a run", self.path, self.busy_millis)
    }

    fn json<T: DeserializeOwned>(
        &self,
        what: &'static str,
        sql: &str,
        id: &str,
    ) -> Result<Option<T>, StoreError> {
        let found: rusqlite::Result<Option<String>> =
            self.connection.query_row(sql, [id], |row| row.get(0)).optional();
        let text = found.map_err(|error| from_sql(error, "read", self.path, self.busy_millis))?;
        text.map(|text| decode(&text, what, id)).transpose()
    }

    fn write(&self, sql: &str, values: impl Params) -> Result<(), StoreError> {
        self.connection.execute(sql, values).map(|_| ()).map_err(|error| self.failed(error))
    }
}

impl Rows for SqlRows<'_> {
    fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        self.json("run", "SELECT json FROM run WHERE id = ?1", &id.to_string())
    }

    fn put_run(&mut self, run: &Run, record: &RunRecord) -> Result<(), StoreError> {
        let json = encode(run, "run", &run.id)?;
        let sql = "INSERT INTO run (id, json, updated) VALUES (?1, ?2, ?3) \
                   ON CONFLICT (id) DO UPDATE SET json = excluded.json, updated = excluded.updated";
        self.write(sql, params![run.id.to_string(), json, record.saved_at.to_string()])
    }

    fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        Ok(incidents::load(self.sql(), id)?.map(|(incident, _)| incident))
    }

    fn put_incident(&mut self, incident: &Incident, record: &RunRecord) -> Result<(), StoreError> {
        let columns = IncidentColumns::of(incident)?;
        let text = "SELECT version FROM incident WHERE id = ?1";
        let version = self.sql().first(text, [incident.id.to_string()], |row| row.get(0))?.unwrap_or(0);
        let write = Write { incident, columns, version, listed_before: 0, moved: true };
        incidents::write_incident(self.sql(), &write, record.saved_at)
    }

    fn task(&self, id: TaskId) -> Result<Option<Task>, StoreError> {
        self.json("task", "SELECT json FROM task WHERE id = ?1", &id.to_string())
    }

    fn put_task(&mut self, task: &Task, record: &RunRecord) -> Result<(), StoreError> {
        let json = encode(task, "task", &task.id)?;
        let sql = "INSERT INTO task (id, incident_id, state, lead, created_us, json, updated) \
                   VALUES (?1, ?2, json_extract(?3, '$.state'), json_extract(?3, '$.lead'), ?4, ?3, ?5) \
                   ON CONFLICT (id) DO UPDATE SET state = excluded.state, lead = excluded.lead, \
                   created_us = excluded.created_us, json = excluded.json, updated = excluded.updated";
        let values = params![
            task.id.to_string(),
            task.incident_id.to_string(),
            json,
            task.created.as_microsecond(),
            record.saved_at.to_string(),
        ];
        self.write(sql, values)
    }

    fn has_observation(&self, id: ObservationId) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM observation WHERE id = ?1)";
        self.connection
            .query_row(sql, [id.0.to_string()], |row| row.get(0))
            .map_err(|error| self.failed(error))
    }

    fn add_observation(&mut self, observation: &Observation) -> Result<(), StoreError> {
        let json = encode(observation, "observation", &observation.id.0)?;
        let sql = "INSERT INTO observation (id, source, time_us, json) VALUES (?1, ?2, ?3, ?4)";
        let time_us = observation.time.as_microsecond();
        self.write(sql, params![observation.id.0.to_string(), observation.source, time_us, json])
    }

    fn add_event(&mut self, change: Change, record: &RunRecord) -> Result<(), StoreError> {
        let json = encode(&change, "event", &record.run.id)?;
        let sql = "INSERT INTO event (at, run_id, json) VALUES (?1, ?2, ?3)";
        self.write(sql, params![record.saved_at.to_string(), record.run.id.to_string(), json])
    }
}
