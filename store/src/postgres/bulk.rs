//! Many rows with one statement: columns travel as arrays, since a round trip costs more than a row.

use std::collections::BTreeMap;

use dispatch::Task;
use gis::{Incident, IncidentId, Observation, ObservationId};
use jiff::Timestamp;
use uuid::Uuid;

use super::link::Link;
use crate::absorb::{Version, Write};
use crate::chain::{LinkKind, Loose, event_content};
use crate::columns::listed;
use crate::error::StoreError;
use crate::record::{Change, Run};
use crate::save::{Stamp, decode, encode};

/// An event that waits to be written.
pub(super) struct EventRow {
    pub(super) at: String,
    pub(super) run: Option<Uuid>,
    pub(super) operation: Option<i64>,
    pub(super) json: String,
}

impl EventRow {
    /// Returns the row of a change.
    pub(super) fn of(change: &Change, stamp: &Stamp) -> Result<Self, StoreError> {
        let json = encode(change, "event", &stamp.at)?;
        let operation = stamp.operation.map(|id| id.0.cast_signed());
        Ok(Self { at: stamp.at.to_string(), run: stamp.run.map(|run| run.0), operation, json })
    }

    /// Returns the link of the event.
    pub(super) fn loose(&self, seq: u64) -> Loose {
        let run = self.run.map(|run| run.to_string());
        let content = event_content(seq, &self.at, run.as_deref(), self.operation, &self.json);
        Loose::of(LinkKind::Event, &seq, &content)
    }
}

/// Writes a run.
pub(super) fn put_run(link: &mut Link, run: &Run, at: Timestamp) -> Result<(), StoreError> {
    let json = encode(run, "run", &run.id)?;
    let sql = "INSERT INTO run (id, json, updated) VALUES ($1, $2::text::json, $3) \
               ON CONFLICT (id) DO UPDATE SET json = excluded.json, updated = excluded.updated";
    link.execute(sql, &[&run.id.0, &json, &at.to_string()], "save a run").map(|_| ())
}

/// Writes a task and returns its links.
pub(super) fn put_task(link: &mut Link, task: &Task, at: Timestamp) -> Result<Vec<Loose>, StoreError> {
    let json = encode(task, "task", &task.id)?;
    let sql = "INSERT INTO task (id, incident_id, state, lead, created_us, json, updated) \
               VALUES ($1, $2, $3::text::json ->> 'state', $3::text::json ->> 'lead', $4, $3::text::json, $5) \
               ON CONFLICT (id) DO UPDATE SET incident_id = excluded.incident_id, state = excluded.state, lead = excluded.lead, \
               created_us = excluded.created_us, json = excluded.json, updated = excluded.updated";
    let created_us = task.created.as_microsecond();
    link.execute(sql, &[&task.id.0, &task.incident_id.0, &json, &created_us, &at.to_string()], "save")?;
    Ok(Loose::of_task(task, &json))
}

/// Reads all tasks of incidents.
pub(super) fn tasks_of(link: &mut Link, incidents: &[IncidentId]) -> Result<Vec<Task>, StoreError> {
    let ids: Vec<Uuid> = incidents.iter().map(|id| id.0).collect();
    let sql = "SELECT id, json::text FROM task WHERE incident_id = ANY($1)";
    let rows = link.query(sql, &[&ids], "read tasks")?;
    rows.iter().map(|row| decode(row.get(1), "task", &row.get::<_, Uuid>(0).to_string())).collect()
}

/// Writes incidents, their cells and their lists of observations.
///
/// # Errors
/// [`StoreError::Contended`] when one of them is not of the version that was read.
pub(super) fn write_incidents(
    link: &mut Link,
    writes: &[Write<'_>],
    at: Timestamp,
) -> Result<(), StoreError> {
    if writes.is_empty() {
        return Ok(());
    }
    upsert_incidents(link, writes, at)?;
    write_cells(link, writes)?;
    write_lists(link, writes)
}

fn upsert_incidents(link: &mut Link, writes: &[Write<'_>], at: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO incident AS known (id, version, class, state, cell, first_seen_us, last_seen_us, \
               unlocated_source, place, outline, json, updated) \
               SELECT id, version, class, state, cell, first_seen_us, last_seen_us, unlocated_source, \
               ST_SetSRID(ST_MakePoint(lon, lat), 4326), ST_GeomFromWKB(outline, 4326), json::json, $12 \
               FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], \
               $8::text[], $9::float8[], $10::float8[], $11::bytea[], $13::text[]) \
               AS t(id, version, class, state, cell, first_seen_us, last_seen_us, unlocated_source, lat, lon, outline, \
               json) ORDER BY id \
               ON CONFLICT (id) DO UPDATE SET version = excluded.version, class = excluded.class, \
               state = excluded.state, cell = excluded.cell, first_seen_us = excluded.first_seen_us, \
               last_seen_us = excluded.last_seen_us, unlocated_source = excluded.unlocated_source, \
               place = excluded.place, outline = excluded.outline, json = excluded.json, updated = excluded.updated \
               WHERE known.version = excluded.version - 1";
    let column = |value: fn(&Incident) -> String| -> Vec<String> {
        writes.iter().map(|write| value(write.incident)).collect()
    };
    let id: Vec<Uuid> = writes.iter().map(|write| write.incident.id.0).collect();
    let version: Vec<i64> = writes.iter().map(|write| write.version + 1).collect();
    let class = column(|incident| incident.class.clone());
    let state = column(|incident| incident.state.name().to_owned());
    let cell: Vec<Option<&str>> = writes.iter().map(|write| write.incident.cell.as_deref()).collect();
    let first_seen_us: Vec<i64> = writes.iter().map(|w| w.incident.first_seen.as_microsecond()).collect();
    let last_seen_us: Vec<i64> = writes.iter().map(|w| w.incident.last_seen.as_microsecond()).collect();
    let source: Vec<Option<&str>> = writes.iter().map(|w| w.columns.unlocated_source.as_deref()).collect();
    let lat: Vec<Option<f64>> = writes.iter().map(|w| w.columns.place.map(|at| at.lat_deg)).collect();
    let lon: Vec<Option<f64>> = writes.iter().map(|w| w.columns.place.map(|at| at.lon_deg)).collect();
    let outline: Vec<Option<&[u8]>> = writes.iter().map(|w| w.columns.outline_wkb.as_deref()).collect();
    let json: Vec<&str> = writes.iter().map(|write| write.columns.json.as_str()).collect();
    let changed = link.execute(
        sql,
        &[
            &id,
            &version,
            &class,
            &state,
            &cell,
            &first_seen_us,
            &last_seen_us,
            &source,
            &lat,
            &lon,
            &outline,
            &at.to_string(),
            &json,
        ],
        "save incidents",
    )?;
    if changed != writes.len() as u64 {
        return Err(StoreError::Contended { doing: "save incidents", path: link.address().clone() });
    }
    Ok(())
}

fn write_cells(link: &mut Link, writes: &[Write<'_>]) -> Result<(), StoreError> {
    let moved: Vec<&Write<'_>> = writes.iter().filter(|write| write.moved).collect();
    if moved.is_empty() {
        return Ok(());
    }
    let known: Vec<Uuid> = moved.iter().filter(|w| w.version > 0).map(|w| w.incident.id.0).collect();
    if !known.is_empty() {
        let sql = "DELETE FROM incident_cell WHERE incident_id = ANY($1)";
        link.execute(sql, &[&known], "save incidents")?;
    }
    let entries = moved.iter().flat_map(|w| w.columns.cells.iter().map(|cell| (*cell, w.incident.id.0)));
    let (cell, incident): (Vec<i64>, Vec<Uuid>) = entries.unzip();
    let sql = "INSERT INTO incident_cell (cell, incident_id) SELECT * FROM unnest($1::bigint[], $2::uuid[])";
    link.execute(sql, &[&cell, &incident], "save incidents").map(|_| ())
}

fn write_lists(link: &mut Link, writes: &[Write<'_>]) -> Result<(), StoreError> {
    for write in writes.iter().filter(|write| write.version > 0 && write.listed_before == 0) {
        let list: Vec<Uuid> = listed(write.incident).iter().map(|id| id.0).collect();
        let sql = "DELETE FROM sighting WHERE incident_id = $1 AND observation_id <> ALL($2)";
        link.execute(sql, &[&write.incident.id.0, &list], "save incidents")?;
    }
    let (mut observation, mut incident, mut ordinal) = (Vec::new(), Vec::new(), Vec::new());
    for write in writes {
        for (number, id) in listed(write.incident).iter().enumerate().skip(write.listed_before) {
            observation.push(id.0);
            incident.push(write.incident.id.0);
            ordinal.push(number as i64);
        }
    }
    if observation.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO sighting AS known (observation_id, incident_id, ordinal) \
               SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) \
               ON CONFLICT (observation_id) DO UPDATE SET incident_id = excluded.incident_id, \
               ordinal = excluded.ordinal \
               WHERE (known.incident_id, known.ordinal) <> (excluded.incident_id, excluded.ordinal)";
    link.execute(sql, &[&observation, &incident, &ordinal], "save incidents").map(|_| ())
}

/// Writes observations that are not there.
pub(super) fn add_observations(link: &mut Link, observations: &[&Observation]) -> Result<(), StoreError> {
    if observations.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO observation (id, source, time_us, place, json) \
               SELECT id, source, time_us, ST_SetSRID(ST_MakePoint(lon, lat), 4326), json::json \
               FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::float8[], $5::float8[], $6::text[]) \
               AS t(id, source, time_us, lat, lon, json) ON CONFLICT (id) DO NOTHING";
    let place = |o: &&Observation| o.location.ground().map(|ground| ground.point.lat_lon);
    let id: Vec<Uuid> = observations.iter().map(|o| o.id.0).collect();
    let source: Vec<&str> = observations.iter().map(|o| o.source.as_str()).collect();
    let time_us: Vec<i64> = observations.iter().map(|o| o.time.as_microsecond()).collect();
    let lat: Vec<Option<f64>> = observations.iter().map(|o| Some(place(o)?.lat_deg)).collect();
    let lon: Vec<Option<f64>> = observations.iter().map(|o| Some(place(o)?.lon_deg)).collect();
    let json: Vec<String> =
        observations.iter().map(|o| encode(*o, "observation", &o.id.0)).collect::<Result<_, _>>()?;
    link.execute(sql, &[&id, &source, &time_us, &lat, &lon, &json], "save observations").map(|_| ())
}

/// Reads incidents with their lists, each with its version; no order.
pub(super) fn load(link: &mut Link, ids: &[IncidentId]) -> Result<Vec<(Incident, Version)>, StoreError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let sql = "SELECT id, json::text, version FROM incident WHERE id = ANY($1)";
    let rows = link.query(sql, &[&ids], "read incidents")?;
    let sql = "SELECT incident_id, observation_id FROM sighting WHERE incident_id = ANY($1) \
               ORDER BY incident_id, ordinal";
    let lists = lists_of(&link.query(sql, &[&ids], "read incidents")?);
    incidents_of(&rows, lists)
}

/// Reads all incidents, or those that are not closed, with their lists; no order.
pub(super) fn load_all(link: &mut Link, open_only: bool) -> Result<Vec<Incident>, StoreError> {
    // A closed incident's list is read in vain; they are few beside the work of reading them all.
    let sql = "SELECT id, json::text, version FROM incident WHERE NOT $1 OR state <> 'closed'";
    let rows = link.query(sql, &[&open_only], "read incidents")?;
    let sql = "SELECT incident_id, observation_id FROM sighting ORDER BY incident_id, ordinal";
    let lists = lists_of(&link.query(sql, &[], "read incidents")?);
    let mut all: Vec<Incident> =
        incidents_of(&rows, lists)?.into_iter().map(|(incident, _)| incident).collect();
    all.sort_by_key(|incident| (incident.first_seen, incident.id));
    Ok(all)
}

fn lists_of(rows: &[postgres::Row]) -> BTreeMap<Uuid, Vec<ObservationId>> {
    let mut lists: BTreeMap<Uuid, Vec<ObservationId>> = BTreeMap::new();
    for row in rows {
        lists.entry(row.get(0)).or_default().push(ObservationId(row.get(1)));
    }
    lists
}

fn incidents_of(
    rows: &[postgres::Row],
    mut lists: BTreeMap<Uuid, Vec<ObservationId>>,
) -> Result<Vec<(Incident, Version)>, StoreError> {
    let incident = |row: &postgres::Row| {
        let id: Uuid = row.get(0);
        let mut incident: Incident = decode(row.get(1), "incident", &id.to_string())?;
        if let Some(list) = lists.remove(&id).filter(|_| incident.merged_into.is_none()) {
            incident.observations = list;
        }
        Ok((incident, row.get(2)))
    };
    rows.iter().map(incident).collect()
}
