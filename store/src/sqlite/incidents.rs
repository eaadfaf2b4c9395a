//! Incidents in the SQLite file, with what they are found by: cells, place, source, observations.

use std::path::Path;

use gis::{Incident, IncidentId, LatLon, ObservationId};
use jiff::Timestamp;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Params, params};

use super::BUSY_MILLIS;
use crate::absorb::{Version, Write};
use crate::columns::{IncidentColumns, listed};
use crate::error::{StoreError, from_sql};
use crate::save::decode;

/// A connection or transaction, with what an error needs to be told well.
#[derive(Clone, Copy)]
pub(super) struct Sql<'a> {
    pub(super) connection: &'a Connection,
    pub(super) path: &'a Path,
    pub(super) doing: &'static str,
    pub(super) busy_millis: u64,
}

impl Sql<'_> {
    /// Sorts an error.
    pub(super) fn failed(&self, error: rusqlite::Error) -> StoreError {
        from_sql(error, self.doing, self.path, self.busy_millis)
    }

    fn prepared(&self, sql: &str) -> Result<CachedStatement<'_>, StoreError> {
        self.connection.prepare_cached(sql).map_err(|error| self.failed(error))
    }

    /// Runs a statement and returns the number of rows that it changed.
    pub(super) fn execute(&self, sql: &str, values: impl Params) -> Result<usize, StoreError> {
        self.prepared(sql)?.execute(values).map_err(|error| self.failed(error))
    }

    /// Returns the first row of a query.
    pub(super) fn first<T>(
        &self,
        sql: &str,
        values: impl Params,
        row: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        self.prepared(sql)?.query_row(values, row).optional().map_err(|error| self.failed(error))
    }

    /// Returns the rows of a query.
    pub(super) fn all<T>(
        &self,
        sql: &str,
        values: impl Params,
        row: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.prepared(sql)?;
        let rows = statement.query_map(values, row).and_then(Iterator::collect);
        rows.map_err(|error| self.failed(error))
    }
}

/// Writes an incident, where it is found, and its list of observations.
///
/// # Errors
/// [`StoreError::Contended`] when it is not of the version that was read.
pub(super) fn write_incident(sql: Sql<'_>, write: &Write<'_>, at: Timestamp) -> Result<(), StoreError> {
    let number = upsert(sql, write, at)?;
    if write.moved {
        write_cells(sql, number, &write.columns)?;
    }
    write_place(sql, number, write)?;
    if write.version > 0 && write.listed_before == 0 {
        sql.execute("DELETE FROM sighting WHERE incident = ?1", [number])?;
    }
    for (ordinal, id) in listed(write.incident).iter().enumerate().skip(write.listed_before) {
        let text = "INSERT INTO sighting (observation_id, incident, ordinal) VALUES (?1, ?2, ?3) \
                    ON CONFLICT (observation_id) DO UPDATE SET incident = excluded.incident, \
                    ordinal = excluded.ordinal";
        sql.execute(text, params![id.0.to_string(), number, ordinal as i64])?;
    }
    Ok(())
}

fn upsert(sql: Sql<'_>, write: &Write<'_>, at: Timestamp) -> Result<i64, StoreError> {
    let incident = write.incident;
    let text = "INSERT INTO incident AS known (id, version, class, state, cell, first_seen_us, last_seen_us, \
                unlocated_source, json, updated) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) \
                ON CONFLICT (id) DO UPDATE SET version = excluded.version, class = excluded.class, \
                state = excluded.state, cell = excluded.cell, first_seen_us = excluded.first_seen_us, \
                last_seen_us = excluded.last_seen_us, unlocated_source = excluded.unlocated_source, \
                json = excluded.json, updated = excluded.updated \
                WHERE known.version = excluded.version - 1 RETURNING number";
    let values = params![
        incident.id.to_string(),
        write.version + 1,
        incident.class,
        incident.state.name(),
        incident.cell,
        incident.first_seen.as_microsecond(),
        incident.last_seen.as_microsecond(),
        write.columns.unlocated_source,
        write.columns.json,
        at.to_string(),
    ];
    let number = sql.first(text, values, |row| row.get(0))?;
    number.ok_or_else(|| StoreError::Contended { doing: sql.doing, path: sql.path.to_path_buf() })
}

fn write_cells(sql: Sql<'_>, number: i64, columns: &IncidentColumns) -> Result<(), StoreError> {
    sql.execute("DELETE FROM incident_cell WHERE incident = ?1", [number])?;
    for cell in &columns.cells {
        sql.execute("INSERT INTO incident_cell (cell, incident) VALUES (?1, ?2)", params![cell, number])?;
    }
    Ok(())
}

fn write_place(sql: Sql<'_>, number: i64, write: &Write<'_>) -> Result<(), StoreError> {
    match write.columns.place.filter(|_| write.incident.is_open()) {
        Some(LatLon { lat_deg, lon_deg }) => {
            let text = "INSERT OR REPLACE INTO incident_place (number, south, north, west, east) \
                        VALUES (?1, ?2, ?2, ?3, ?3)";
            sql.execute(text, params![number, lat_deg, lon_deg]).map(|_| ())
        }
        None => sql.execute("DELETE FROM incident_place WHERE number = ?1", [number]).map(|_| ()),
    }
}

/// Reads an incident with its list and version.
pub(super) fn load(sql: Sql<'_>, id: IncidentId) -> Result<Option<(Incident, Version)>, StoreError> {
    let id = id.to_string();
    let text = "SELECT number, version, json FROM incident WHERE id = ?1";
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let Some((number, version, json)): Option<(i64, Version, String)> = sql.first(text, [&id], row)? else {
        return Ok(None);
    };
    let mut incident: Incident = decode(&json, "incident", &id)?;
    if incident.merged_into.is_none() {
        let text = "SELECT observation_id FROM sighting WHERE incident = ?1 ORDER BY ordinal";
        let list: Vec<String> = sql.all(text, [number], |row| row.get(0))?;
        incident.observations = list.iter().map(|id| observation_id(id)).collect::<Result<_, _>>()?;
    }
    Ok(Some((incident, version)))
}

/// Reads all incidents, or those that are not closed, by time of first sighting, then id.
pub(super) fn load_all(sql: Sql<'_>, open_only: bool) -> Result<Vec<Incident>, StoreError> {
    let text = "SELECT number, id, json FROM incident WHERE NOT ?1 OR state <> 'closed' ORDER BY number";
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let rows: Vec<(i64, String, String)> = sql.all(text, [open_only], row)?;
    let text = "SELECT incident, observation_id FROM sighting ORDER BY incident, ordinal";
    let listed: Vec<(i64, String)> = sql.all(text, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut listed = listed.into_iter().peekable();
    let mut all = Vec::new();
    for (number, id, json) in rows {
        let mut incident: Incident = decode(&json, "incident", &id)?;
        while listed.next_if(|(of, _)| *of < number).is_some() {}
        while let Some((_, observation)) = listed.next_if(|(of, _)| *of == number) {
            incident.observations.push(observation_id(&observation)?);
        }
        all.push(incident);
    }
    all.sort_by_key(|incident| (incident.first_seen, incident.id));
    Ok(all)
}

/// Returns the observation of a stored id.
fn observation_id(text: &str) -> Result<ObservationId, StoreError> {
    decode(&format!("\"{text}\""), "observation", text)
}

/// Fills what version 3 of the schema added, from the records.
pub(crate) fn fill_version_3(connection: &Connection) -> Result<(), StoreError> {
    let sql = Sql {
        connection,
        path: Path::new(""),
        doing: "bring the schema up to date",
        busy_millis: BUSY_MILLIS,
    };
    let text = "SELECT id, json, updated FROM incident ORDER BY number";
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let rows: Vec<(String, String, String)> = sql.all(text, [], row)?;
    for (id, json, updated) in rows {
        let incident: Incident = decode(&json, "incident", &id)?;
        let columns = IncidentColumns::of(&incident)?;
        let write = Write { incident: &incident, columns, version: 1, listed_before: 0, moved: true };
        let updated = decode(&format!("\"{updated}\""), "incident", &id)?;
        write_incident(sql, &write, updated)?;
    }
    Ok(())
}
