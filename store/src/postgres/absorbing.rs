//! The PostgreSQL database as absorbing sees it: advisory locks for districts and sources, everything else in bulk.

use std::collections::BTreeSet;

use dispatch::Task;
use gis::dedupe::LookedAt;
use gis::dedupe::neighbourhood::Bounds;
use gis::{Incident, IncidentId, ObservationId};
use jiff::Timestamp;
use uuid::Uuid;

use super::bulk::{self, EventRow};
use super::chain;
use super::link::Link;
use super::looked_at;
use crate::absorb::{AbsorbRows, Batch, Findings, LastLooks, Version};
use crate::error::StoreError;

const DOING: &str = "absorb frames";

/// A connection that absorbs.
pub(super) struct PgAbsorbing<'a> {
    pub(super) link: &'a mut Link,
}

impl PgAbsorbing<'_> {
    fn find(
        &mut self,
        sql: &'static str,
        values: &[&(dyn postgres::types::ToSql + Sync)],
    ) -> Result<Vec<(IncidentId, Version)>, StoreError> {
        let rows = self.link.query(sql, values, DOING)?;
        Ok(rows.iter().map(|row| (IncidentId(row.get(0)), row.get(1))).collect())
    }
}

impl PgAbsorbing<'_> {
    fn write_looks(&mut self, looks: &LastLooks<'_>) -> Result<(), StoreError> {
        if looks.is_empty() {
            return Ok(());
        }
        let sources: Vec<&str> = looks.keys().copied().collect();
        let (time_us, frame_index): (Vec<i64>, Vec<i64>) = looks.values().copied().unzip();
        let sql = "INSERT INTO last_look (source, time_us, frame_index) \
                   SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[]) \
                   ON CONFLICT (source) DO UPDATE SET time_us = excluded.time_us, \
                   frame_index = excluded.frame_index";
        self.link.execute(sql, &[&sources, &time_us, &frame_index], DOING).map(|_| ())
    }
}

impl AbsorbRows for PgAbsorbing<'_> {
    fn begin(&mut self) -> Result<(), StoreError> {
        self.link.batch("BEGIN", DOING)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.link.batch("COMMIT", DOING)
    }

    fn rollback(&mut self) {
        // A connection that is gone has rolled back already.
        drop(self.link.batch("ROLLBACK", DOING));
    }

    fn lock(&mut self, keys: &BTreeSet<i64>) -> Result<(), StoreError> {
        // All writers take them in the same order, so that none waits for one that waits for it.
        let keys: Vec<i64> = keys.iter().copied().collect();
        let sql = "SELECT count(pg_advisory_xact_lock(key)) FROM unnest($1::bigint[]) AS key";
        self.link.query(sql, &[&keys], DOING).map(|_| ())
    }

    fn last_looks<'a>(&mut self, sources: &BTreeSet<&'a str>) -> Result<LastLooks<'a>, StoreError> {
        let sources: Vec<&'a str> = sources.iter().copied().collect();
        let sql = "SELECT n, time_us, frame_index FROM unnest($1::text[]) WITH ORDINALITY AS t(source, n) \
                   JOIN last_look USING (source)";
        let rows = self.link.query(sql, &[&sources], DOING)?;
        let look = |row: &postgres::Row| {
            let source = sources.get(row.get::<_, i64>(0) as usize - 1)?;
            Some((*source, (row.get(1), row.get(2))))
        };
        Ok(rows.iter().filter_map(look).collect())
    }

    fn holders(&mut self, observations: &[ObservationId]) -> Result<Vec<(IncidentId, Version)>, StoreError> {
        let ids: Vec<Uuid> = observations.iter().map(|id| id.0).collect();
        let sql = "SELECT id, version FROM incident WHERE id IN \
                   (SELECT incident_id FROM sighting WHERE observation_id = ANY($1))";
        self.find(sql, &[&ids])
    }

    fn entered(&mut self, cells: &BTreeSet<u64>) -> Result<Vec<(IncidentId, Version)>, StoreError> {
        if cells.is_empty() {
            return Ok(Vec::new());
        }
        let cells: Vec<i64> = cells.iter().map(|cell| cell.cast_signed()).collect();
        let sql = "SELECT id, version FROM incident WHERE id IN \
                   (SELECT incident_id FROM incident_cell WHERE cell = ANY($1))";
        self.find(sql, &[&cells])
    }

    fn in_view(&mut self, views: &[Bounds]) -> Result<Vec<(IncidentId, Version)>, StoreError> {
        if views.is_empty() {
            return Ok(Vec::new());
        }
        let edge = |value: fn(&Bounds) -> f64| -> Vec<f64> { views.iter().map(value).collect() };
        let sql = "SELECT DISTINCT known.id, known.version \
                   FROM unnest($1::float8[], $2::float8[], $3::float8[], $4::float8[]) AS t(west, south, east, north) \
                   JOIN incident AS known ON known.place && ST_MakeEnvelope(west, south, east, north, 4326) \
                   WHERE known.state <> 'closed'";
        let (west, south) = (edge(|b| b.west_deg), edge(|b| b.south_deg));
        let (east, north) = (edge(|b| b.east_deg), edge(|b| b.north_deg));
        self.find(sql, &[&west, &south, &east, &north])
    }

    fn unlocated(&mut self, sources: &BTreeSet<&str>) -> Result<Vec<(IncidentId, Version)>, StoreError> {
        let sources: Vec<&str> = sources.iter().copied().collect();
        let sql = "SELECT DISTINCT ON (unlocated_source, class) id, version FROM incident \
                   WHERE state = 'unlocated' AND unlocated_source = ANY($1) \
                   ORDER BY unlocated_source, class, first_seen_us DESC, id DESC";
        self.find(sql, &[&sources])
    }

    fn load(&mut self, ids: &[IncidentId]) -> Result<Vec<(Incident, Version)>, StoreError> {
        bulk::load(self.link, ids)
    }

    fn tasks_of_all(&mut self, ids: &[IncidentId]) -> Result<Vec<Task>, StoreError> {
        // What people do locks the incidents as a whole: wait for it before the tasks are read, and keep it out until the commit.
        self.link.batch("LOCK TABLE incident IN ROW EXCLUSIVE MODE", DOING)?;
        bulk::tasks_of(self.link, ids)
    }

    fn looked_at(&mut self, minutes: &BTreeSet<(&str, Timestamp)>) -> Result<Vec<LookedAt>, StoreError> {
        looked_at::looked_at(self.link, minutes)
    }

    fn has_run(&mut self, batch: &Batch<'_>) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM run WHERE id = $1)";
        Ok(self.link.query(sql, &[&batch.run.id.0], DOING)?.first().is_some_and(|row| row.get(0)))
    }

    fn write(&mut self, findings: &Findings<'_>) -> Result<(), StoreError> {
        let batch = findings.batch;
        if findings.adds_run() {
            bulk::put_run(self.link, batch.run, batch.at)?;
        }
        bulk::write_incidents(self.link, &findings.incidents, batch.at)?;
        bulk::add_observations(self.link, &findings.observations)?;
        let mut loose = Vec::new();
        for task in &findings.tasks {
            loose.extend(bulk::put_task(self.link, task, batch.at)?);
        }
        looked_at::write_looked_at(self.link, &findings.looked_at)?;
        self.write_looks(&findings.looks)?;
        let stamp = batch.stamp();
        let events = findings.changes.iter().map(|change| EventRow::of(change, &stamp));
        chain::append(self.link, &events.collect::<Result<Vec<_>, _>>()?, loose)
    }
}
