//! An incident as its first observation begins it, and what every further one adds beside the place.

use crate::incident::{Incident, IncidentId, IncidentState, Looks};
use crate::observation::Observation;

/// Returns the incident that an observation begins.
pub(super) fn first_of(observation: &Observation, state: IncidentState, cause: String) -> Incident {
    let mut incident = Incident {
        id: IncidentId::from_first_sighting(&observation.class, observation.id, observation.time),
        class: observation.class.clone(),
        state,
        position: None,
        footprint: None,
        area_m2: None,
        place: None,
        unlocated_reason: None,
        cell: None,
        first_seen: observation.time,
        last_seen: observation.time,
        sightings: 0,
        observations: Vec::new(),
        sources: Vec::new(),
        best_score: 0.0,
        mean_score: 0.0,
        merged_into: None,
        apart_from: Vec::new(),
        places: Vec::new(),
        history: Vec::new(),
        looks: Looks::default(),
        fixes: Vec::new(),
        outlines: Vec::new(),
    };
    incident.note(observation.time, cause);
    add_observation(&mut incident, observation);
    incident
}

/// Counts an observation as one of an incident's.
pub(super) fn add_observation(incident: &mut Incident, observation: &Observation) {
    incident.observations.push(observation.id);
    if let Err(place) = incident.sources.binary_search(&observation.source) {
        incident.sources.insert(place, observation.source.clone());
    }
    incident.first_seen = incident.first_seen.min(observation.time);
    incident.last_seen = incident.last_seen.max(observation.time);
    incident.best_score = incident.best_score.max(observation.score);
    let count = incident.observations.len() as f64;
    incident.mean_score += (observation.score - incident.mean_score) / count;
}
