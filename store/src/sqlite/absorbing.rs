//! The SQLite file as absorbing sees it: one writer at a time, so that no further locks are needed.

use std::collections::BTreeSet;

use dispatch::Task;
use gis::dedupe::LookedAt;
use gis::dedupe::neighbourhood::Bounds;
use gis::{Incident, IncidentId, ObservationId};
use jiff::Timestamp;
use rusqlite::params;
use uuid::Uuid;

use super::chain::add_event;
use super::incidents::{self, Sql};
use super::looked_at::{looked_at, write_looked_at};
use super::rows::write_task;
use crate::absorb::{AbsorbRows, Batch, Findings, LastLooks, Version};
use crate::error::StoreError;
use crate::save::{decode, encode};

/// A connection that absorbs.
pub(super) struct SqliteAbsorbing<'a> {
    pub(super) sql: Sql<'a>,
}

impl SqliteAbsorbing<'_> {
    fn run(&self, text: &str) -> Result<(), StoreError> {
        self.sql.connection.execute_batch(text).map_err(|error| self.sql.failed(error))
    }
}

/// Returns the incident and version of a row.
fn found(row: &rusqlite::Row<'_>) -> rusqlite::Result<(IncidentId, Version)> {
    let id: String = row.get(0)?;
    // An id that is none finds nothing.
    Ok((IncidentId(Uuid::parse_str(&id).unwrap_or_default()), row.get(1)?))
}

impl AbsorbRows for SqliteAbsorbing<'_> {
    fn begin(&mut self) -> Result<(), StoreError> {
        // The lock is taken at once, so that two writers wait for each other and none fails half way.
        self.run("BEGIN IMMEDIATE")
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.run("COMMIT").inspect_err(|_| drop(self.run("ROLLBACK")))
    }

    fn rollback(&mut self) {
        // A full disk has rolled back already.
        drop(self.run("ROLLBACK"));
    }

    fn lock(&mut self, _keys: &BTreeSet<i64>) -> Result<(), StoreError> {
        Ok(())
    }

    fn last_looks<'a>(&mut self, sources: &BTreeSet<&'a str>) -> Result<LastLooks<'a>, StoreError> {
        let text = "SELECT time_us, frame_index FROM last_look WHERE source = ?1";
        let look = |source: &&'a str| {
            let look = self.sql.first(text, [source], |row| Ok((row.get(0)?, row.get(1)?)));
            look.map(|look| Some((*source, look?))).transpose()
        };
        sources.iter().filter_map(look).collect()
    }

    fn holders(&mut self, observations: &[ObservationId]) -> Result<Vec<(IncidentId, Version)>, StoreError> {
        let text = "SELECT i.id, i.version FROM sighting s JOIN incident i ON i.number = s.incident \
                    WHERE s.observation_id = ?1";
        let holder = |id: &ObservationId| self.sql.first(text, [id.0.to_string()], found);
        observations.iter().map(holder).filter_map(Result::transpose).collect()
    }

    fn entered(&mut self, cells: &BTreeSet<u64>) -> Result<Vec<(IncidentId, Version)>, StoreError> {
        let text = "SELECT i.id, i.version FROM incident_cell c JOIN incident i ON i.number = c.incident \
                    WHERE c.cell = ?1";
        let mut all = Vec::new();
        for cell in cells {
            all.extend(self.sql.all(text, [cell.cast_signed()], found)?);
        }
        Ok(all)
    }

    fn in_view(&mut self, views: &[Bounds]) -> Result<Vec<(IncidentId, Version)>, StoreError> {
        let text = "SELECT i.id, i.version FROM incident_place p JOIN incident i ON i.number = p.number \
                    WHERE p.north >= ?1 AND p.south <= ?2 AND p.east >= ?3 AND p.west <= ?4";
        let mut all = Vec::new();
        for view in views {
            let values = params![view.south_deg, view.north_deg, view.west_deg, view.east_deg];
            all.extend(self.sql.all(text, values, found)?);
        }
        Ok(all)
    }

    fn unlocated(&mut self, sources: &BTreeSet<&str>) -> Result<Vec<(IncidentId, Version)>, StoreError> {
        let text = "SELECT id, version, class FROM incident WHERE state = 'unlocated' AND unlocated_source = ?1 \
                    ORDER BY class, first_seen_us DESC, id DESC";
        let mut all = Vec::new();
        for source in sources {
            let row = |row: &rusqlite::Row<'_>| Ok((found(row)?, row.get(2)?));
            let mut rows: Vec<((IncidentId, Version), String)> = self.sql.all(text, [source], row)?;
            rows.dedup_by(|later, first| later.1 == first.1);
            all.extend(rows.into_iter().map(|(found, _)| found));
        }
        Ok(all)
    }

    fn load(&mut self, ids: &[IncidentId]) -> Result<Vec<(Incident, Version)>, StoreError> {
        ids.iter().filter_map(|id| incidents::load(self.sql, *id).transpose()).collect()
    }

    fn tasks_of_all(&mut self, ids: &[IncidentId]) -> Result<Vec<Task>, StoreError> {
        let text = "SELECT id, json FROM task WHERE incident_id = ?1";
        let mut all = Vec::new();
        for id in ids {
            let rows: Vec<(String, String)> =
                self.sql.all(text, [id.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?;
            for (id, json) in rows {
                all.push(decode(&json, "task", &id)?);
            }
        }
        Ok(all)
    }

    fn looked_at(&mut self, minutes: &BTreeSet<(&str, Timestamp)>) -> Result<Vec<LookedAt>, StoreError> {
        let read = |(source, minute): &(&str, Timestamp)| looked_at(self.sql, source, *minute).transpose();
        minutes.iter().filter_map(read).collect()
    }

    fn has_run(&mut self, batch: &Batch<'_>) -> Result<bool, StoreError> {
        let text = "SELECT 1 FROM run WHERE id = ?1";
        Ok(self.sql.first(text, [batch.run.id.to_string()], |_| Ok(()))?.is_some())
    }

    fn write(&mut self, findings: &Findings<'_>) -> Result<(), StoreError> {
        let Findings { batch, .. } = findings;
        let at = batch.at.to_string();
        if findings.adds_run() {
            let json = encode(batch.run, "run", &batch.run.id)?;
            let text = "INSERT INTO run (id, json, updated) VALUES (?1, ?2, ?3)";
            self.sql.execute(text, params![batch.run.id.to_string(), json, at])?;
        }
        for write in &findings.incidents {
            incidents::write_incident(self.sql, write, batch.at)?;
        }
        for observation in &findings.observations {
            let json = encode(*observation, "observation", &observation.id.0)?;
            let text =
                "INSERT OR IGNORE INTO observation (id, source, time_us, json) VALUES (?1, ?2, ?3, ?4)";
            let time_us = observation.time.as_microsecond();
            self.sql
                .execute(text, params![observation.id.0.to_string(), observation.source, time_us, json])?;
        }
        for task in &findings.tasks {
            write_task(self.sql, task, batch.at)?;
        }
        for one in &findings.looked_at {
            write_looked_at(self.sql, one)?;
        }
        for (source, (time_us, frame_index)) in &findings.looks {
            let text = "INSERT OR REPLACE INTO last_look (source, time_us, frame_index) VALUES (?1, ?2, ?3)";
            self.sql.execute(text, params![source, time_us, frame_index])?;
        }
        for change in &findings.changes {
            add_event(self.sql, change, &batch.stamp())?;
        }
        Ok(())
    }
}
