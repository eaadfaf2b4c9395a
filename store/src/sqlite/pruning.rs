//! The SQLite file as putting away sees it.

use gis::{Incident, IncidentId};
use jiff::Timestamp;
use rusqlite::params;
use uuid::Uuid;

use super::incidents::{self, Sql};
use crate::error::StoreError;
use crate::retention::PruneRows;
use crate::save::encode;

impl PruneRows for Sql<'_> {
    fn closed_classes(&mut self) -> Result<Vec<String>, StoreError> {
        self.all("SELECT DISTINCT class FROM incident WHERE state = 'closed' ORDER BY class", [], |row| {
            row.get(0)
        })
    }

    fn over(
        &mut self,
        class: &str,
        before: Timestamp,
        ended: &[&str],
        limit: usize,
    ) -> Result<Vec<Incident>, StoreError> {
        let text = "SELECT id FROM incident AS i WHERE state = 'closed' AND last_seen_us < ?2 AND class = ?1 \
                    AND NOT EXISTS (SELECT 1 FROM task WHERE incident_id = i.id \
                    AND state NOT IN (SELECT value FROM json_each(?3))) \
                    AND coalesce((SELECT kind FROM note WHERE subject = i.id AND kind IN ('hold', 'release') \
                    ORDER BY number DESC LIMIT 1), '') <> 'hold' ORDER BY last_seen_us LIMIT ?4";
        let ended = serde_json::json!(ended).to_string();
        let values = params![class, before.as_microsecond(), ended, limit as i64];
        let ids: Vec<String> = self.all(text, values, |row| row.get(0))?;
        let load = |id: &String| incidents::load(*self, IncidentId(Uuid::parse_str(id).unwrap_or_default()));
        ids.iter()
            .filter_map(|id| load(id).transpose())
            .map(|found| found.map(|(incident, _)| incident))
            .collect()
    }

    fn put_away(&mut self, incident: &Incident, now: Timestamp) -> Result<(usize, usize), StoreError> {
        let (id, now) = (incident.id.to_string(), now.to_string());
        let json = encode(incident, "incident", &incident.id)?;
        let text =
            "INSERT OR REPLACE INTO archive (id, kind, json, archived) VALUES (?1, 'incident', ?2, ?3)";
        self.execute(text, params![id, json, now])?;
        let text = "INSERT OR REPLACE INTO archive (id, kind, json, archived) \
                    SELECT id, 'task', json, ?2 FROM task WHERE incident_id = ?1";
        let tasks = self.execute(text, params![id, now])?;
        self.execute("DELETE FROM task WHERE incident_id = ?1", [&id])?;
        let text = "DELETE FROM observation WHERE id IN (SELECT observation_id FROM sighting s \
                    JOIN incident i ON i.number = s.incident WHERE i.id = ?1)";
        let observations = self.execute(text, [&id])?;
        let text = "DELETE FROM incident_place WHERE number IN (SELECT number FROM incident WHERE id = ?1)";
        self.execute(text, [&id])?;
        // Cells and sightings go with it.
        self.execute("DELETE FROM incident WHERE id = ?1", [&id])?;
        Ok((observations, tasks))
    }

    fn forget_looked_at(&mut self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let text = "DELETE FROM looked_at WHERE (source, minute_us) IN \
                    (SELECT source, minute_us FROM looked_at WHERE minute_us < ?1 LIMIT ?2)";
        self.execute(text, params![before.as_microsecond(), limit as i64])
    }
}
