//! The PostgreSQL database as putting away sees it.

use gis::{Incident, IncidentId};
use jiff::Timestamp;

use super::bulk;
use super::link::Link;
use crate::error::StoreError;
use crate::retention::PruneRows;
use crate::save::encode;

const DOING: &str = "put closed incidents away";

impl PruneRows for Link {
    fn closed_classes(&mut self) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT DISTINCT class FROM incident WHERE state = 'closed' ORDER BY class";
        Ok(self.query(sql, &[], DOING)?.iter().map(|row| row.get(0)).collect())
    }

    fn over(
        &mut self,
        class: &str,
        before: Timestamp,
        ended: &[&str],
        limit: usize,
    ) -> Result<Vec<Incident>, StoreError> {
        let sql = "SELECT id FROM incident AS i WHERE state = 'closed' AND last_seen_us < $2 AND class = $1 \
                   AND NOT EXISTS (SELECT 1 FROM task WHERE incident_id = i.id AND state <> ALL($3)) \
                   AND coalesce((SELECT kind FROM note WHERE subject = i.id::text AND kind IN ('hold', 'release') \
                   ORDER BY number DESC LIMIT 1), '') <> 'hold' \
                   ORDER BY last_seen_us LIMIT $4";
        let rows = self.query(sql, &[&class, &before.as_microsecond(), &ended, &(limit as i64)], DOING)?;
        let ids: Vec<IncidentId> = rows.iter().map(|row| IncidentId(row.get(0))).collect();
        Ok(bulk::load(self, &ids)?.into_iter().map(|(incident, _)| incident).collect())
    }

    fn put_away(&mut self, incident: &Incident, now: Timestamp) -> Result<(usize, usize), StoreError> {
        let (id, now) = (incident.id.0, now.to_string());
        let json = encode(incident, "incident", &incident.id)?;
        let sql = "INSERT INTO archive (id, kind, json, archived) VALUES ($1, 'incident', $2::text::json, $3) \
                   ON CONFLICT (id) DO UPDATE SET json = excluded.json, archived = excluded.archived";
        self.execute(sql, &[&id, &json, &now], DOING)?;
        let sql = "INSERT INTO archive (id, kind, json, archived) \
                   SELECT id, 'task', json, $2 FROM task WHERE incident_id = $1 \
                   ON CONFLICT (id) DO UPDATE SET json = excluded.json, archived = excluded.archived";
        let tasks = self.execute(sql, &[&id, &now], DOING)?;
        self.execute("DELETE FROM task WHERE incident_id = $1", &[&id], DOING)?;
        let sql = "DELETE FROM observation WHERE id IN \
                   (SELECT observation_id FROM sighting WHERE incident_id = $1)";
        let observations = self.execute(sql, &[&id], DOING)?;
        // Cells and sightings go with it.
        self.execute("DELETE FROM incident WHERE id = $1", &[&id], DOING)?;
        Ok((observations as usize, tasks as usize))
    }

    fn forget_looked_at(&mut self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let sql = "DELETE FROM looked_at WHERE (source, minute_us) IN \
                   (SELECT source, minute_us FROM looked_at WHERE minute_us < $1 LIMIT $2)";
        Ok(self.execute(sql, &[&before.as_microsecond(), &(limit as i64)], DOING)? as usize)
    }
}
