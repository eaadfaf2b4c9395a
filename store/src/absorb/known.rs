//! The incidents that this writer has read or written, each with its version: what is still of that version is not read again.

use std::collections::HashMap;

use gis::dedupe::RecentLooks;
use gis::{Incident, IncidentId};

use super::rows::{AbsorbRows, Version};
use crate::error::StoreError;

/// Incidents kept at most: about 10 kB each.
const MOST: usize = 20_000;

/// Incidents of known version.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// Looked up only, never walked for results, so that its order cannot leak.
    by_id: HashMap<IncidentId, (Version, Incident)>,
    /// What sources looked at lately, as of the last batch that was committed.
    pub(super) recent: RecentLooks,
}

impl Known {
    /// Returns what was known of an incident.
    pub(super) fn get(&self, id: IncidentId) -> Option<&(Version, Incident)> {
        self.by_id.get(&id)
    }

    /// Reads what is not known in its present version.
    pub(super) fn refresh(
        &mut self,
        rows: &mut impl AbsorbRows,
        found: impl Iterator<Item = (IncidentId, Version)>,
    ) -> Result<(), StoreError> {
        let stale = |(id, version): &(IncidentId, Version)| self.get(*id).is_none_or(|(v, _)| v != version);
        let stale: Vec<IncidentId> = found.filter(stale).map(|(id, _)| id).collect();
        if stale.is_empty() {
            return Ok(());
        }
        for (incident, version) in rows.load(&stale)? {
            self.by_id.insert(incident.id, (version, incident));
        }
        Ok(())
    }

    /// Takes in what was written.
    pub(super) fn put(&mut self, incident: Incident, version: Version) {
        self.by_id.insert(incident.id, (version, incident));
    }

    /// Forgets all when there is too much of it; what is needed is read again.
    pub(super) fn trim(&mut self) {
        if self.by_id.len() > MOST {
            self.by_id.clear();
        }
    }
}
