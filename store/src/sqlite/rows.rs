//! Rows of the SQLite file: one statement for each thing that saving asks for.

use std::path::Path;

use dispatch::{Task, TaskId};
use gis::dedupe::LookedAt;
use gis::{Incident, IncidentId, Observation, ObservationId, OperationId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params, params};
use serde::de::DeserializeOwned;

use super::chain::{add_event, append, chain_task};
use super::incidents::{self, Sql};
use super::looked_at::{looked_at, write_looked_at};
use crate::absorb::Write;
use crate::chain::{LinkKind, Loose};
use crate::columns::IncidentColumns;
use crate::error::{StoreError, from_sql};
use crate::operations::{OperationRecord, Subject};
use crate::record::{Change, Run, RunId};
use crate::save::{Rows, Stamp, decode, encode};

/// Rows seen through a connection or a transaction.
pub(super) struct SqlRows<'a> {
    pub(super) connection: &'a Connection,
    pub(super) path: &'a Path,
    pub(super) busy_millis: u64,
}

impl SqlRows<'_> {
    fn sql(&self) -> Sql<'_> {
        Sql { connection: self.connection, path: self.path, doing: "save", busy_millis: self.busy_millis }
    }

    fn failed(&self, error: rusqlite::Error) -> StoreError {
        from_sql(error, "save", self.path, self.busy_millis)
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

    fn all<T: DeserializeOwned>(
        &self,
        what: &'static str,
        sql: &str,
        id: &str,
    ) -> Result<Vec<T>, StoreError> {
        let read = || -> rusqlite::Result<Vec<String>> {
            self.connection.prepare(sql)?.query_map([id], |row| row.get(0))?.collect()
        };
        let rows = read().map_err(|error| from_sql(error, "read", self.path, self.busy_millis))?;
        rows.iter().map(|text| decode(text, what, id)).collect()
    }

    fn write(&self, sql: &str, values: impl Params) -> Result<(), StoreError> {
        self.connection.execute(sql, values).map(|_| ()).map_err(|error| self.failed(error))
    }
}

impl Rows for SqlRows<'_> {
    fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        self.json("run", "SELECT json FROM run WHERE id = ?1", &id.to_string())
    }

    fn put_run(&mut self, run: &Run, stamp: &Stamp) -> Result<(), StoreError> {
        let json = encode(run, "run", &run.id)?;
        let sql = "INSERT INTO run (id, json, updated) VALUES (?1, ?2, ?3) \
                   ON CONFLICT (id) DO UPDATE SET json = excluded.json, updated = excluded.updated";
        self.write(sql, params![run.id.to_string(), json, stamp.at.to_string()])
    }

    fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        Ok(incidents::load(self.sql(), id)?.map(|(incident, _)| incident))
    }

    fn put_incident(&mut self, incident: &Incident, stamp: &Stamp) -> Result<(), StoreError> {
        let columns = IncidentColumns::of(incident)?;
        let text = "SELECT version FROM incident WHERE id = ?1";
        let version = self.sql().first(text, [incident.id.to_string()], |row| row.get(0))?.unwrap_or(0);
        let write = Write { incident, columns, version, listed_before: 0, moved: true };
        incidents::write_incident(self.sql(), &write, stamp.at)
    }

    fn task(&self, id: TaskId) -> Result<Option<Task>, StoreError> {
        self.json("task", "SELECT json FROM task WHERE id = ?1", &id.to_string())
    }

    fn put_task(&mut self, task: &Task, stamp: &Stamp) -> Result<(), StoreError> {
        write_task(self.sql(), task, stamp.at)
    }

    fn tasks_of(&self, id: IncidentId) -> Result<Vec<Task>, StoreError> {
        let sql = "SELECT json FROM task WHERE incident_id = ?1";
        let mut found: Vec<Task> = self.all("task of incident", sql, &id.to_string())?;
        found.sort_by_key(|task| (task.created, task.id));
        Ok(found)
    }

    fn observations_of(&self, id: IncidentId) -> Result<Vec<Observation>, StoreError> {
        let sql = "SELECT o.json FROM observation o JOIN sighting s ON s.observation_id = o.id \
                   JOIN incident i ON i.number = s.incident WHERE i.id = ?1";
        let mut found: Vec<Observation> = self.all("observation of incident", sql, &id.to_string())?;
        found.sort_by_key(|observation| (observation.time, observation.id));
        Ok(found)
    }

    fn incident_of(&self, id: ObservationId) -> Result<Option<IncidentId>, StoreError> {
        let sql = "SELECT json_quote(i.id) FROM sighting s JOIN incident i ON i.number = s.incident \
                   WHERE s.observation_id = ?1";
        self.json("sighting of observation", sql, &id.0.to_string())
    }

    fn operation(&self, id: OperationId) -> Result<Option<OperationRecord>, StoreError> {
        self.json("operation", "SELECT json FROM operation WHERE id = ?1", &id.to_string())
    }

    fn last_operation(&self) -> Result<Option<OperationId>, StoreError> {
        let found = self.connection.query_row("SELECT max(id) FROM operation", [], |row| row.get(0));
        found.map(|id: Option<i64>| id.map(operation_of_row_id)).map_err(|error| self.failed(error))
    }

    fn operations_on(&self, subject: Subject) -> Result<Vec<OperationId>, StoreError> {
        let read = || -> rusqlite::Result<Vec<i64>> {
            let sql =
                "SELECT operation_id FROM operation_subject WHERE subject_id = ?1 ORDER BY operation_id";
            let mut statement = self.connection.prepare(sql)?;
            statement.query_map([subject.id().to_string()], |row| row.get(0))?.collect()
        };
        let ids = read().map_err(|error| from_sql(error, "read operations", self.path, self.busy_millis))?;
        Ok(ids.into_iter().map(operation_of_row_id).collect())
    }

    fn put_operation(&mut self, operation: &OperationRecord) -> Result<(), StoreError> {
        let json = encode(operation, "operation", &operation.id)?;
        let sql = "INSERT INTO operation (id, at, actor, json) VALUES (?1, ?2, ?3, ?4) \
                   ON CONFLICT (id) DO UPDATE SET json = excluded.json";
        let id = row_id(operation.id);
        self.write(sql, params![id, operation.at.to_string(), operation.actor, json])?;
        for subject in operation.subjects() {
            let sql = "INSERT INTO operation_subject (subject_id, operation_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            self.write(sql, params![subject.id().to_string(), id])?;
        }
        append(self.sql(), vec![Loose::of(LinkKind::Operation, &id, &json)])
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

    fn add_event(&mut self, change: Change, stamp: &Stamp) -> Result<(), StoreError> {
        add_event(self.sql(), &change, stamp)
    }

    fn looked_at(&self, source: &str, minute: Timestamp) -> Result<Option<LookedAt>, StoreError> {
        looked_at(self.sql(), source, minute)
    }

    fn put_looked_at(&mut self, looked_at: &LookedAt) -> Result<(), StoreError> {
        write_looked_at(self.sql(), looked_at)
    }
}

/// Writes a task.
pub(super) fn write_task(sql: Sql<'_>, task: &Task, at: Timestamp) -> Result<(), StoreError> {
    let json = encode(task, "task", &task.id)?;
    let text = "INSERT INTO task (id, incident_id, state, lead, created_us, json, updated) \
                VALUES (?1, ?2, json_extract(?3, '$.state'), json_extract(?3, '$.lead'), ?4, ?3, ?5) \
                ON CONFLICT (id) DO UPDATE SET incident_id = excluded.incident_id, \
                state = excluded.state, lead = excluded.lead, \
                created_us = excluded.created_us, json = excluded.json, updated = excluded.updated";
    let values = params![
        task.id.to_string(),
        task.incident_id.to_string(),
        json,
        task.created.as_microsecond(),
        at.to_string(),
    ];
    sql.execute(text, values)?;
    chain_task(sql, task, &json)
}

fn row_id(id: OperationId) -> i64 {
    i64::try_from(id.0).unwrap_or(i64::MAX)
}

pub(super) fn operation_of_row_id(id: i64) -> OperationId {
    OperationId(u64::try_from(id).unwrap_or(0))
}

/// Columns of an event: number, time, run, operation and change, the first four as JSON.
pub(super) const EVENT_COLUMNS: &str =
    "json_quote(seq), json_quote(at), json_quote(run_id), json_quote(operation_id), json";
