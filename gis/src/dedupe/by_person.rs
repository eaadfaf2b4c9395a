//! What people decide about incidents: merge, split, reject, close, reopen, and take back.
//!
//! Ids survive. Where an incident lies, its outline, its looks and its state follow from its observations, by the same code
//! that fuses sightings one by one, in the order of their time: who has the same observations is the same, however they came
//! together. Looks that showed nothing are not observations and start anew. What a person vouched for does not fall back: what
//! was confirmed stays confirmed.
//!
//! What is split is kept apart ([`Incident::apart_from`]); what is merged stays merged ([`Incident::merged_into`]), also when
//! its parts are seen again where they were ([`Incident::places`]).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Look;
use super::check::{Checked, Sighting, check};
use super::config::DedupeConfig;
use super::confirm::{count_hit, decide};
use super::first::add_observation;
use super::flight::Flights;
use super::fuse::add_sighting;
use super::gone::count_with;
use crate::incident::{Event, Incident, IncidentId, IncidentState, KnownPlace, Looks, OperationId};
use crate::observation::{NotLocated, Observation, ObservationId};

/// Who decides, why, and when.
#[derive(Debug, Clone, Copy)]
pub struct ByPerson<'a> {
    /// Number of the operation.
    pub operation: OperationId,
    /// Who.
    pub actor: &'a str,
    /// Why, in the person's words.
    pub reason: &'a str,
    /// When.
    pub at: Timestamp,
}

impl ByPerson<'_> {
    fn note(&self, incident: &mut Incident, what: &str) {
        let cause = format!("{what} by {}: {}", self.actor, self.reason);
        incident.history.push(Event { time: self.at, cause, operation: Some(self.operation) });
    }
}

/// Why something cannot be done with incidents.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotPossible {
    /// Nothing to merge with.
    #[error("a merge needs two incidents or more")]
    OneIncident,
    /// An incident is named twice.
    #[error("incident {0} is named twice")]
    Twice(IncidentId),
    /// They cannot be one thing.
    #[error(
        "incident {first} is {first_class} and incident {other} is {other_class}: one thing has one class"
    )]
    DifferentClasses {
        /// An incident.
        first: IncidentId,
        /// Its class.
        first_class: String,
        /// Another.
        other: IncidentId,
        /// Its class.
        other_class: String,
    },
    /// It goes on as another.
    #[error("incident {id} was merged into incident {into}")]
    Merged {
        /// The incident.
        id: IncidentId,
        /// What took it over.
        into: IncidentId,
    },
    /// It is over.
    #[error("incident {0} is closed; reopen it first")]
    Closed(IncidentId),
    /// It is not over.
    #[error("incident {id} is {}, not closed", state.name())]
    NotClosed {
        /// The incident.
        id: IncidentId,
        /// Its state.
        state: IncidentState,
    },
    /// No observation is to leave.
    #[error("no observation is named that is to leave incident {0}")]
    NothingLeaves(IncidentId),
    /// No observation would stay.
    #[error("all observations would leave incident {0}; one has to stay")]
    NothingStays(IncidentId),
    /// The observation belongs elsewhere.
    #[error("observation {} is not one of incident {incident}", observation.0)]
    NotOfIncident {
        /// The observation.
        observation: ObservationId,
        /// The incident.
        incident: IncidentId,
    },
    /// What the incident is made of is not at hand.
    #[error("observation {} of incident {incident} is not stored", observation.0)]
    MissingObservation {
        /// The observation.
        observation: ObservationId,
        /// The incident.
        incident: IncidentId,
    },
}

/// Merges incidents into the one that was seen first. Returns that one, then the others, closed.
///
/// # Errors
/// [`NotPossible`] for fewer than two, for one named twice, for classes that differ, and for what is closed.
pub fn merge(
    mut incidents: Vec<Incident>,
    observations: &[Observation],
    by: &ByPerson<'_>,
    config: &DedupeConfig,
) -> Result<Vec<Incident>, NotPossible> {
    incidents.sort_by_key(|incident| (incident.first_seen, incident.id));
    check_mergeable(&incidents)?;
    let (mut kept, mut others) = match incidents.split_first() {
        Some((first, rest)) if !rest.is_empty() => (first.clone(), rest.to_vec()),
        _ => return Err(NotPossible::OneIncident),
    };
    let confirmed = incidents.iter().any(|incident| incident.state == IncidentState::Confirmed);
    let all: BTreeSet<ObservationId> = incidents.iter().flat_map(|i| &i.observations).copied().collect();
    // What is known of the flights of all of them.
    kept.fixes.extend(others.iter().flat_map(|other| other.fixes.iter().cloned()));
    made_of(&mut kept, &all, observations, by, config)?;
    let one: BTreeSet<IncidentId> = incidents.iter().map(|incident| incident.id).collect();
    let apart: BTreeSet<IncidentId> = incidents.iter().flat_map(|i| &i.apart_from).copied().collect();
    kept.apart_from = apart.difference(&one).copied().collect();
    kept.places = incidents.iter().flat_map(places_of).collect();
    for other in &mut others {
        by.note(&mut kept, &format!("took over incident {}", other.id));
        other.state = IncidentState::Closed;
        other.merged_into = Some(kept.id);
        by.note(other, &format!("closed: merged into incident {}", kept.id));
    }
    vouch(&mut kept, confirmed);
    Ok(std::iter::once(kept).chain(others).collect())
}

/// Returns where an incident lies: the places that it was merged of, else its own.
fn places_of(incident: &Incident) -> Vec<KnownPlace> {
    if !incident.places.is_empty() {
        return incident.places.clone();
    }
    let own = |position| KnownPlace { position, footprint: incident.footprint.clone() };
    incident.position.map(own).into_iter().collect()
}

fn check_mergeable(incidents: &[Incident]) -> Result<(), NotPossible> {
    for pair in incidents.windows(2) {
        let [first, other] = pair else { continue };
        if first.id == other.id {
            return Err(NotPossible::Twice(first.id));
        }
        if first.class != other.class {
            return Err(NotPossible::DifferentClasses {
                first: first.id,
                first_class: first.class.clone(),
                other: other.id,
                other_class: other.class.clone(),
            });
        }
    }
    incidents.iter().try_for_each(check_open)
}

/// Refuses what is closed, and says so differently of what goes on as another incident.
///
/// # Errors
/// [`NotPossible::Merged`] or [`NotPossible::Closed`].
pub fn check_open(incident: &Incident) -> Result<(), NotPossible> {
    match (incident.merged_into, incident.is_open()) {
        (Some(into), _) => Err(NotPossible::Merged { id: incident.id, into }),
        (None, false) => Err(NotPossible::Closed(incident.id)),
        (None, true) => Ok(()),
    }
}

/// Lets observations leave into an incident of their own. Returns the incident they leave and the new one.
///
/// # Errors
/// [`NotPossible`] when none or all would leave, for observations of another incident, and for a closed incident.
pub fn split(
    incident: &Incident,
    leaving: &[ObservationId],
    observations: &[Observation],
    by: &ByPerson<'_>,
    config: &DedupeConfig,
) -> Result<(Incident, Incident), NotPossible> {
    check_open(incident)?;
    let all: BTreeSet<ObservationId> = incident.observations.iter().copied().collect();
    let leaving: BTreeSet<ObservationId> = leaving.iter().copied().collect();
    if let Some(other) = leaving.difference(&all).next() {
        return Err(NotPossible::NotOfIncident { observation: *other, incident: incident.id });
    }
    let staying: BTreeSet<ObservationId> = all.difference(&leaving).copied().collect();
    if leaving.is_empty() {
        return Err(NotPossible::NothingLeaves(incident.id));
    }
    if staying.is_empty() {
        return Err(NotPossible::NothingStays(incident.id));
    }
    let confirmed = incident.state == IncidentState::Confirmed;
    let mut kept = incident.clone();
    let mut new = Incident { history: Vec::new(), ..incident.clone() };
    made_of(&mut new, &leaving, observations, by, config)?;
    new.id = IncidentId::from_split(incident.id, by.operation, new.first_seen);
    made_of(&mut kept, &staying, observations, by, config)?;
    set_apart(&mut kept, &mut new);
    by.note(&mut kept, &format!("{} observations left into incident {}", leaving.len(), new.id));
    by.note(&mut new, &format!("split off incident {}", kept.id));
    vouch(&mut kept, confirmed);
    vouch(&mut new, confirmed);
    Ok((kept, new))
}

fn set_apart(a: &mut Incident, b: &mut Incident) {
    let (id_a, id_b) = (a.id, b.id);
    for (one, other) in [(a, id_b), (b, id_a)] {
        if let Err(place) = one.apart_from.binary_search(&other) {
            one.apart_from.insert(place, other);
        }
    }
}

/// Ends an incident that is none.
///
/// # Errors
/// [`NotPossible`] when it is closed.
pub fn reject(incident: &Incident, by: &ByPerson<'_>) -> Result<Incident, NotPossible> {
    end(incident, "closed: rejected", by)
}

/// Ends an incident that is over.
///
/// # Errors
/// [`NotPossible`] when it is closed.
pub fn close(incident: &Incident, by: &ByPerson<'_>) -> Result<Incident, NotPossible> {
    let mut closed = end(incident, "closed", by)?;
    closed.looks.over_since = Some(by.at);
    Ok(closed)
}

fn end(incident: &Incident, what: &str, by: &ByPerson<'_>) -> Result<Incident, NotPossible> {
    check_open(incident)?;
    let mut ended = Incident { state: IncidentState::Closed, ..incident.clone() };
    by.note(&mut ended, what);
    Ok(ended)
}

/// Opens a closed incident again: confirmed, for a person vouches for it, or unlocated where it has no position.
///
/// # Errors
/// [`NotPossible`] when it is open, or was merged into another.
pub fn reopen(incident: &Incident, by: &ByPerson<'_>) -> Result<Incident, NotPossible> {
    if let Some(into) = incident.merged_into {
        return Err(NotPossible::Merged { id: incident.id, into });
    }
    if incident.is_open() {
        return Err(NotPossible::NotClosed { id: incident.id, state: incident.state });
    }
    let located = incident.position.is_some();
    let mut open = incident.clone();
    open.state = if located { IncidentState::Confirmed } else { IncidentState::Unlocated };
    open.looks.misses_in_a_row = 0;
    open.looks.missed.clear();
    open.looks.over_since = None;
    by.note(&mut open, "reopened");
    Ok(open)
}

/// What an operation did to incidents.
#[derive(Debug, Clone, Copy)]
pub struct Changed<'a> {
    /// As they were.
    pub before: &'a [Incident],
    /// As it left them; those that were not there before are new.
    pub after: &'a [Incident],
    /// As they are now.
    pub now: &'a [Incident],
}

/// Takes an operation back. Returns the incidents as they are then, and what was not put back as it was, in words.
///
/// Incidents come back as they were, byte for byte. What absorbed further sightings meanwhile keeps them and is worked out
/// anew from what it had and what came since. What the operation made is closed, merged into the incident it was split off.
///
/// # Errors
/// [`NotPossible::Merged`] when one was merged into another since; [`NotPossible::MissingObservation`].
pub fn undo(
    changed: &Changed<'_>,
    observations: &[Observation],
    by: &ByPerson<'_>,
    config: &DedupeConfig,
) -> Result<(Vec<Incident>, Vec<String>), NotPossible> {
    let mut arrived = arrivals(changed)?;
    let mut incidents = Vec::new();
    let mut remarks = Vec::new();
    for old in changed.before {
        let came = arrived.remove(&old.id).unwrap_or_default();
        if came.is_empty() {
            incidents.push(old.clone());
            continue;
        }
        let now = find(changed.now, old.id).unwrap_or(old);
        let mut restored = Incident { history: now.history.clone(), ..old.clone() };
        let all = old.observations.iter().copied().chain(came.iter().copied()).collect();
        restored.fixes.extend(now.fixes.iter().cloned());
        made_of(&mut restored, &all, observations, by, config)?;
        restored.places.clone_from(&old.places);
        vouch(&mut restored, [old.state, now.state].contains(&IncidentState::Confirmed));
        if !old.is_open() {
            restored.state = IncidentState::Closed;
        }
        by.note(&mut restored, "an operation was taken back");
        remarks.push(format!(
            "incident {} had absorbed {} observations since; they stay with it, and it was worked out anew",
            old.id,
            came.len()
        ));
        incidents.push(restored);
    }
    let origin = changed.before.first().map(|incident| incident.id);
    for new in changed.now.iter().filter(|incident| find(changed.before, incident.id).is_none()) {
        let mut gone = Incident { state: IncidentState::Closed, merged_into: origin, ..new.clone() };
        by.note(&mut gone, "closed: the split was taken back");
        incidents.push(gone);
    }
    Ok((incidents, remarks))
}

/// Returns what each incident absorbed since the operation; what a new one absorbed goes back to where that was split off.
fn arrivals(changed: &Changed<'_>) -> Result<BTreeMap<IncidentId, BTreeSet<ObservationId>>, NotPossible> {
    let known: BTreeSet<ObservationId> =
        changed.before.iter().chain(changed.after).flat_map(|i| &i.observations).copied().collect();
    let mut arrived: BTreeMap<IncidentId, BTreeSet<ObservationId>> = BTreeMap::new();
    for now in changed.now {
        let left = find(changed.after, now.id);
        if let Some(into) = now.merged_into.filter(|into| left.is_none_or(|l| l.merged_into != Some(*into))) {
            return Err(NotPossible::Merged { id: now.id, into });
        }
        let home = find(changed.before, now.id).or(changed.before.first());
        let fresh = now.observations.iter().filter(|id| !known.contains(id)).copied();
        if let Some(home) = home {
            arrived.entry(home.id).or_default().extend(fresh);
        }
    }
    Ok(arrived)
}

fn find(incidents: &[Incident], id: IncidentId) -> Option<&Incident> {
    incidents.iter().find(|incident| incident.id == id)
}

/// Gives an incident observations that were found while a person changed it: they count, and move neither place nor outline,
/// which the next sighting does.
pub fn add_late(incident: &mut Incident, observations: &[&Observation], at: Timestamp) {
    for observation in observations {
        add_observation(incident, observation);
    }
    incident.note(at, format!("{} observations came late, from a run that began before", observations.len()));
}

/// Makes an incident what the observations with these ids say, id and history apart.
fn made_of(
    incident: &mut Incident,
    ids: &BTreeSet<ObservationId>,
    observations: &[Observation],
    by: &ByPerson<'_>,
    config: &DedupeConfig,
) -> Result<(), NotPossible> {
    let by_id: BTreeMap<ObservationId, &Observation> = observations.iter().map(|o| (o.id, o)).collect();
    let missing =
        |id: &ObservationId| NotPossible::MissingObservation { observation: *id, incident: incident.id };
    let found: Result<Vec<&Observation>, NotPossible> =
        ids.iter().map(|id| by_id.get(id).copied().ok_or_else(|| missing(id))).collect();
    let mut found = found?;
    found.sort_by_key(|o| (o.time, o.source.as_str(), o.frame_index, o.id));
    let mut flights = Flights::default();
    flights.recall(incident);
    forget(incident, found.first().map_or(incident.first_seen, |first| first.time));
    for frame in
        found.chunk_by(|a, b| (a.time, &a.source, a.frame_index) == (b.time, &b.source, b.frame_index))
    {
        add_frame(incident, frame, &flights, config);
    }
    if incident.position.is_some() {
        incident.state = IncidentState::Candidate;
        incident.unlocated_reason = None;
        incident.place = None;
        decide(incident, config, by.at);
    } else {
        incident.state = IncidentState::Unlocated;
        incident.unlocated_reason.get_or_insert(NotLocated::Degenerate);
    }
    Ok(())
}

fn forget(incident: &mut Incident, first_seen: Timestamp) {
    incident.position = None;
    incident.footprint = None;
    incident.area_m2 = None;
    incident.place = None;
    incident.unlocated_reason = None;
    incident.cell = None;
    incident.first_seen = first_seen;
    incident.last_seen = first_seen;
    incident.sightings = 0;
    incident.observations.clear();
    incident.sources.clear();
    incident.best_score = 0.0;
    incident.mean_score = 0.0;
    // What was seen beside it stays beside it.
    let beside = std::mem::take(&mut incident.looks.beside);
    incident.looks = Looks { beside, ..Looks::default() };
    incident.fixes.clear();
    incident.outlines.clear();
    incident.places.clear();
}

fn add_frame(incident: &mut Incident, frame: &[&Observation], flights: &Flights, config: &DedupeConfig) {
    let mut sightings: Vec<Box<Sighting>> = Vec::new();
    for observation in frame {
        add_observation(incident, observation);
        match check((*observation).clone(), config) {
            Ok(Checked::Located(mut sighting)) => {
                sighting.correct(&flights.of(&sighting.observation.source));
                sightings.push(sighting);
            }
            Ok(Checked::Unlocated { place, reason, .. }) => {
                incident.place = incident.place.or(place);
                incident.unlocated_reason.get_or_insert(reason);
            }
            // It was absorbed under another configuration: it stays counted and says nothing of the place.
            Err(_) => {}
        }
    }
    for sighting in &sightings {
        add_sighting(incident, sighting, sightings.len() > 1, config);
    }
    if let Some(first) = frame.first() {
        let (source, frame_index, time) = (first.source.clone(), first.frame_index, first.time);
        let look = Look { source, frame_index, time, ..Look::default() };
        let rule = config.rule(&incident.class);
        if count_hit(&mut incident.looks, &look, rule.confirm.looks, config.existence(&incident.class)) {
            incident.sightings = incident.sightings.saturating_add(1);
            count_with(incident, &look);
        }
    }
}

fn vouch(incident: &mut Incident, confirmed: bool) {
    if confirmed && incident.state == IncidentState::Candidate {
        incident.state = IncidentState::Confirmed;
    }
}
