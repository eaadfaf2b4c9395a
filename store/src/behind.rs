//! A run that began before a person changed an incident knows nothing of that: what the person did stands, and what the run
//! saw is added to it.

use std::collections::{BTreeMap, BTreeSet};

use gis::dedupe::by_person::add_late;
use gis::{Incident, IncidentId, Observation, ObservationId};

use crate::error::StoreError;
use crate::record::{Change, RunRecord};
use crate::save::{Rows, Stamp};

/// The incidents of a run that people have changed since it began, and those that the run made one with them.
pub(crate) struct Behind {
    ids: BTreeSet<IncidentId>,
}

impl Behind {
    /// Compares what a run offers with what is stored.
    pub(crate) fn find(rows: &dyn Rows, record: &RunRecord) -> Result<Self, StoreError> {
        let mut ids = BTreeSet::new();
        for offered in &record.incidents {
            let stored = rows.incident(offered.id)?;
            if stored.is_some_and(|stored| stored.operations() != offered.operations()) {
                ids.insert(offered.id);
            }
        }
        let mut behind = Self { ids };
        if !behind.ids.is_empty() {
            behind.follow(rows, record)?;
        }
        Ok(behind)
    }

    /// Adds what the run merged with them, until nothing more is found.
    fn follow(&mut self, rows: &dyn Rows, record: &RunRecord) -> Result<(), StoreError> {
        let offered: BTreeSet<IncidentId> = record.incidents.iter().map(|incident| incident.id).collect();
        loop {
            let mut found = Vec::new();
            for incident in record.incidents.iter().filter(|incident| !self.holds(incident.id)) {
                if self.is_drawn_in(rows, incident, &offered)? {
                    found.push(incident.id);
                }
            }
            if found.is_empty() {
                return Ok(());
            }
            self.ids.extend(found);
        }
    }

    fn is_drawn_in(
        &self,
        rows: &dyn Rows,
        incident: &Incident,
        offered: &BTreeSet<IncidentId>,
    ) -> Result<bool, StoreError> {
        if let Some(into) = incident.merged_into {
            // What was merged before the run began is stored so.
            let known = rows.incident(incident.id)?.is_some_and(|stored| stored.merged_into == Some(into));
            return Ok(!known && self.holds(into));
        }
        for observation in &incident.observations {
            let owner = rows.incident_of(*observation)?.filter(|owner| *owner != incident.id);
            if owner.is_some_and(|owner| self.holds(owner) || !offered.contains(&owner)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Tells whether an incident of the run is left as it is stored.
    pub(crate) fn holds(&self, id: IncidentId) -> bool {
        self.ids.contains(&id)
    }

    /// Returns how many there are.
    pub(crate) fn count(&self) -> usize {
        self.ids.len()
    }
}

/// Returns what the run saw that is not stored yet, by the incident that takes it in.
pub(crate) fn late(
    rows: &dyn Rows,
    record: &RunRecord,
    behind: &Behind,
) -> Result<BTreeMap<IncidentId, BTreeSet<ObservationId>>, StoreError> {
    let mut late: BTreeMap<IncidentId, BTreeSet<ObservationId>> = BTreeMap::new();
    for incident in record.incidents.iter().filter(|incident| behind.holds(incident.id)) {
        let (mut fresh, mut owner) = (Vec::new(), None);
        for observation in &incident.observations {
            if rows.has_observation(*observation)? {
                owner = owner.or(rows.incident_of(*observation)?);
            } else {
                fresh.push(*observation);
            }
        }
        let stored = rows.incident(incident.id)?.map(|stored| stored.id);
        if let Some(home) = stored.or(owner).filter(|_| !fresh.is_empty()) {
            late.entry(survivor(rows, home)?).or_default().extend(fresh);
        }
    }
    Ok(late)
}

fn survivor(rows: &dyn Rows, mut id: IncidentId) -> Result<IncidentId, StoreError> {
    while let Some(into) = rows.incident(id)?.and_then(|incident| incident.merged_into) {
        id = into;
    }
    Ok(id)
}

/// Adds late observations, which are stored by now, to their incidents.
pub(crate) fn take_in(
    rows: &mut dyn Rows,
    record: &RunRecord,
    late: &BTreeMap<IncidentId, BTreeSet<ObservationId>>,
) -> Result<(), StoreError> {
    let mut taken = BTreeSet::new();
    for (id, fresh) in late {
        let Some(mut incident) = rows.incident(*id)? else { continue };
        let mut found: Vec<&Observation> =
            record.observations.iter().filter(|o| fresh.contains(&o.id) && taken.insert(o.id)).collect();
        found.sort_by_key(|observation| (observation.time, observation.id));
        if found.is_empty() {
            continue;
        }
        add_late(&mut incident, &found, record.saved_at);
        rows.put_incident(&incident, &Stamp::of_run(record))?;
        rows.add_event(Change::IncidentChanged { incident: *id }, &Stamp::of_run(record))?;
    }
    Ok(())
}
