//! The state of deduplication: takes frames one by one and keeps the incidents.

mod counting;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use nalgebra::Matrix3;

use super::assign::assign;
use super::cells::{CellIndexOfIncidents, cells_of, ring_for, widened};
use super::check::{Checked, Sighting, ce90_m, check, horizontal};
use super::config::DedupeConfig;
use super::first::{add_observation, first_of};
use super::flight::Flights;
use super::fuse::{add_sighting, inverse};
use super::matcher::{
    Fit, fit_of_incidents, fit_of_recurrence, fit_of_sighting, fix_of_same_flight, fraying_m2,
};
use super::merge::merge;
use super::neighbourhood::entered_under;
use super::plane::Plane;
use super::recent::RecentLooks;
use super::view::Places;
use super::{Absorbed, AbsorbedKind, Look};
use crate::incident::{Incident, IncidentId, IncidentState, KnownPlace};
use crate::observation::{NotLocated, Observation, ObservationId};
use crate::position::LatLon;

/// Largest Mahalanobis distance at which two incidents are merged by their places alone: 95 % of two degrees of freedom.
const MERGE_SIGMA: f64 = 2.448;
/// Least that must speak for it, nats.
const MERGE_NATS: f64 = 1.0;
/// Distance up to which it is kept that two incidents were seen beside each other, metres: beyond it no error brings them together.
const BESIDE_M: f64 = 100.0;
/// How many such neighbours are kept.
const MOST_BESIDE: usize = 32;

/// Turns observations into incidents.
///
/// Memory grows with incidents and, by 16 bytes each, with observations: that is what makes absorbing one twice harmless.
///
/// # Examples
/// ```
/// use gis::dedupe::{DedupeConfig, Deduper, Look};
///
/// let mut deduper = Deduper::new(DedupeConfig::default(), Vec::new());
/// let look = Look { source: "drone-1".to_owned(), ..Look::default() };
/// assert!(deduper.absorb_frame(&look, Vec::new()).is_empty());
/// assert!(deduper.incidents().is_empty());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Deduper {
    config: DedupeConfig,
    incidents: Vec<Incident>,
    /// Looked up only, never walked, so that its order cannot leak.
    slot_by_observation: HashMap<ObservationId, usize>,
    cells: CellIndexOfIncidents,
    /// What ended and goes on if it is soon seen again.
    over: CellIndexOfIncidents,
    places: Places,
    /// The latest open unlocated incident by source and class.
    unlocated: BTreeMap<(String, String), usize>,
    flights: Flights,
    recent: RecentLooks,
    /// Looked up only, never walked.
    slot_by_id: HashMap<IncidentId, usize>,
    changed: BTreeSet<IncidentId>,
    /// Confirmed by the frame at hand.
    confirmed: BTreeSet<usize>,
}

impl Deduper {
    /// Returns a deduper that goes on from stored incidents.
    pub fn new(config: DedupeConfig, mut existing: Vec<Incident>) -> Self {
        existing.sort_by_key(|incident| (incident.first_seen, incident.id));
        existing.dedup_by_key(|incident| incident.id);
        let mut deduper = Self { config, ..Self::default() };
        for incident in existing {
            deduper.flights.recall(&incident);
            deduper.push(incident);
        }
        deduper.changed.clear();
        deduper
    }

    /// Goes on from what sources looked at lately, too.
    #[must_use]
    pub fn with_recent(self, recent: RecentLooks) -> Self {
        Self { recent, ..self }
    }

    /// Returns what sources looked at lately.
    pub fn recent(&self) -> &RecentLooks {
        &self.recent
    }

    /// Returns all incidents, by time of first sighting, then id.
    pub fn incidents(&self) -> Vec<&Incident> {
        let mut all: Vec<&Incident> = self.incidents.iter().collect();
        all.sort_by_key(|incident| (incident.first_seen, incident.id));
        all
    }

    /// Returns all incidents, by time of first sighting, then id.
    pub fn into_incidents(self) -> Vec<Incident> {
        let mut all = self.incidents;
        all.sort_by_key(|incident| (incident.first_seen, incident.id));
        all
    }

    /// Returns the incidents that changed since this was last asked, by time of first sighting, then id.
    pub fn take_changed(&mut self) -> Vec<&Incident> {
        let changed = std::mem::take(&mut self.changed);
        self.incidents().into_iter().filter(|incident| changed.contains(&incident.id)).collect()
    }

    /// Absorbs all observations of one frame and returns what became of each, in the order given.
    pub fn absorb_frame(&mut self, look: &Look, observations: Vec<Observation>) -> Vec<Absorbed> {
        let mut frame = Frame::default();
        let mut located: BTreeMap<String, Vec<(usize, Sighting)>> = BTreeMap::new();
        let mut given = Vec::new();
        for (index, observation) in observations.into_iter().enumerate() {
            let id = observation.id;
            given.push(id);
            if let Some(slot) = self.slot_by_observation.get(&id) {
                frame.known.push((index, *slot));
                continue;
            }
            if !frame.fresh.insert(id) {
                frame.outcome.insert(index, Outcome::Again(id));
                continue;
            }
            match check(observation, &self.config) {
                Err(reason) => {
                    frame.outcome.insert(index, Outcome::Refused(reason));
                }
                Ok(Checked::Unlocated { place, reason, words, observation }) => {
                    self.absorb_unlocated(&mut frame, index, &observation, (place, reason, &words));
                }
                Ok(Checked::Located(mut sighting)) => {
                    sighting.correct(&self.flights.of(&sighting.observation.source));
                    located.entry(sighting.observation.class.clone()).or_default().push((index, *sighting));
                }
            }
        }
        for sightings in located.into_values() {
            self.absorb_located(&mut frame, &sightings);
        }
        self.note_beside(&frame.seen());
        self.merge_bridged(&mut frame, look.time);
        self.count_look(&frame, look);
        self.reopen_recurring(&mut frame, look.time);
        self.report(frame, &given)
    }

    fn absorb_located(&mut self, frame: &mut Frame, sightings: &[(usize, Sighting)]) {
        let fits: Vec<BTreeMap<usize, Fit>> = sightings.iter().map(|(_, s)| self.fits(s)).collect();
        let slots: Vec<usize> =
            fits.iter().flat_map(BTreeMap::keys).copied().collect::<BTreeSet<_>>().into_iter().collect();
        let gain = |fit: &BTreeMap<usize, Fit>, slot: &usize| fit.get(slot).map_or(0.0, |fit| fit.nats);
        let gains: Vec<Vec<f64>> =
            fits.iter().map(|fit| slots.iter().map(|slot| gain(fit, slot)).collect()).collect();
        let chosen: Vec<Option<usize>> = assign(&gains)
            .into_iter()
            .zip(&fits)
            .map(|(column, fits)| {
                column.and_then(|c| slots.get(c).copied()).or_else(|| self.best_shared(fits))
            })
            .collect();
        for (((_, sighting), slot), fits) in sightings.iter().zip(&chosen).zip(&fits) {
            self.learn(*slot, sighting, fits.len() == 1);
        }
        for (((index, sighting), slot), fits) in sightings.iter().zip(&chosen).zip(&fits) {
            let Some(slot) = *slot else {
                let slot = self.begin(sighting);
                frame.set(*index, slot, true, "no known incident fits".to_owned());
                continue;
            };
            let several = chosen.iter().filter(|other| **other == Some(slot)).count() > 1;
            self.join(slot, sighting, several);
            let words = fits.get(&slot).map(Fit::words).unwrap_or_default();
            frame.set(*index, slot, false, words);
        }
    }

    /// Takes from a whole sighting of a known thing what it tells of the errors of its flight.
    ///
    /// A thing that other sources placed is believed where it alone is meant, and once: its own error is the same in every frame.
    fn learn(&mut self, slot: Option<usize>, sighting: &Sighting, sure: bool) {
        let Some(incident) = slot.and_then(|slot| self.incidents.get(slot)) else { return };
        if !sighting.has_modes() || sighting.truncated() {
            return;
        }
        let outlines = (sighting.footprint.as_ref(), incident.footprint.as_ref());
        let frayed_m2 = fraying_m2(outlines.0, &self.config) + fraying_m2(outlines.1, &self.config);
        let own_m2 = sighting.independent_m2 + Matrix3::from_diagonal_element(frayed_m2);
        let (known_at, modes_m, noise_m2) = match fix_of_same_flight(sighting, incident, &self.config) {
            Some(fix) if fix.partial => return,
            Some(fix) => {
                (fix.mean, sighting.modes_m() - fix.modes_m, own_m2 + inverse(&fix.information_per_m2))
            }
            None => {
                let Some(position) = incident.position.as_ref().filter(|_| sure) else { return };
                let noise_m2 = own_m2 + sighting.shared_m2 + position.covariance_enu_m2;
                (position.point, *sighting.modes_m(), noise_m2)
            }
        };
        let residual_m = Plane::at(known_at.lat_lon).plane_from_lat_lon(sighting.raw.point.lat_lon);
        self.flights.learn(&sighting.observation.source, &modes_m, &residual_m, &horizontal(&noise_m2));
    }

    /// Returns the open incidents that the sighting may be of.
    fn fits(&self, sighting: &Sighting) -> BTreeMap<usize, Fit> {
        let own = cells_of(sighting.position.point.lat_lon, sighting.footprint.as_ref());
        let around = widened(&own, ring_for(ce90_m(&sighting.position.covariance_enu_m2)));
        let fit = |slot: usize| {
            let incident = self.incidents.get(slot)?;
            let same_class = incident.class == sighting.observation.class;
            let fit = same_class.then(|| fit_at_any_place(sighting, incident, &self.config)).flatten()?;
            Some((slot, fit))
        };
        self.cells.find(&around).into_iter().filter_map(fit).collect()
    }

    /// Returns the incident of which the sighting is one more part: whose outline it overlaps most surely, for a thing that
    /// shows as several masks, or that a person merged out of several.
    fn best_shared(&self, fits: &BTreeMap<usize, Fit>) -> Option<usize> {
        let merged =
            |slot: usize| self.incidents.get(slot).is_some_and(|incident| !incident.places.is_empty());
        let shared = fits.iter().filter(|(slot, fit)| fit.by_overlap || merged(**slot));
        shared.max_by(|a, b| a.1.nats.total_cmp(&b.1.nats).then(b.0.cmp(a.0))).map(|(slot, _)| *slot)
    }

    fn begin(&mut self, sighting: &Sighting) -> usize {
        let sighting = &self.told_anew(sighting);
        let observation = &sighting.observation;
        let cause = format!("first seen by {} in frame {}", observation.source, observation.frame_index);
        let mut incident = first_of(observation, IncidentState::Candidate, cause);
        add_sighting(&mut incident, sighting, false, &self.config);
        self.push(incident)
    }

    /// Returns the sighting freed of what its own frame taught of its flight, too.
    fn told_anew(&self, sighting: &Sighting) -> Sighting {
        let mut sighting = sighting.clone();
        sighting.footprint = sighting.observation.footprint.clone().filter(|f| f.area_m2 > 0.0);
        sighting.correct(&self.flights.of(&sighting.observation.source));
        sighting
    }

    fn join(&mut self, slot: usize, sighting: &Sighting, several: bool) {
        let sighting = &self.told_anew(sighting);
        if let Some(incident) = self.incidents.get_mut(slot) {
            add_observation(incident, &sighting.observation);
            add_sighting(incident, sighting, several, &self.config);
        }
        self.slot_by_observation.insert(sighting.observation.id, slot);
        self.index(slot);
    }

    fn absorb_unlocated(
        &mut self,
        frame: &mut Frame,
        index: usize,
        observation: &Observation,
        (place, reason, words): (Option<LatLon>, NotLocated, &str),
    ) {
        let key = (observation.source.clone(), observation.class.clone());
        let recent = self.unlocated.get(&key).copied().filter(|slot| {
            self.incidents.get(*slot).is_some_and(|incident| {
                let after = observation.time.duration_since(incident.last_seen);
                let before = incident.first_seen.duration_since(observation.time);
                after.max(before).as_secs_f64() <= self.config.unlocated_gap_secs
            })
        });
        if let Some((slot, incident)) = recent.and_then(|slot| Some((slot, self.incidents.get_mut(slot)?))) {
            add_observation(incident, observation);
            self.slot_by_observation.insert(observation.id, slot);
            self.index(slot);
            frame.set(index, slot, false, format!("{words}; same source and class"));
            return;
        }
        let cause =
            format!("first seen by {} in frame {}; {words}", observation.source, observation.frame_index);
        let mut incident = first_of(observation, IncidentState::Unlocated, cause);
        incident.place = place;
        incident.unlocated_reason = Some(reason);
        let slot = self.push(incident);
        frame.set(index, slot, true, words.to_owned());
    }

    /// Notes which incidents of a class one frame showed beside each other.
    fn note_beside(&mut self, seen: &BTreeSet<usize>) {
        for (n, a) in seen.iter().enumerate() {
            for b in seen.iter().skip(n + 1) {
                let Ok([one, other]) = self.incidents.get_disjoint_mut([*a, *b]) else { continue };
                if one.class == other.class && are_near(one, other) {
                    add_beside(one, other.id);
                    add_beside(other, one.id);
                }
            }
        }
    }

    /// Merges incidents that turn out to be one, unless this frame showed them apart: their outlines now lie on the same ground, or what a flight
    /// learnt of its errors brings them to one place and no frame ever showed both.
    fn merge_bridged(&mut self, frame: &mut Frame, now: Timestamp) {
        let apart: BTreeSet<usize> = frame.seen();
        for slot in apart.iter().copied() {
            let mut kept = slot;
            while let Some((other, fit)) = self.bridged(kept, &apart) {
                let (older, younger) = self.by_age(kept, other);
                let how = if fit.by_overlap {
                    "their outlines lie on the same ground"
                } else {
                    "they lie at one place"
                };
                let why = format!("{how} ({})", fit.words());
                self.merge_slots(older, younger, &why, now);
                frame.moved(younger, older);
                kept = older;
            }
        }
    }

    fn bridged(&self, slot: usize, apart: &BTreeSet<usize>) -> Option<(usize, Fit)> {
        let incident = self.incidents.get(slot).filter(|incident| incident.is_open())?;
        let position = incident.position.as_ref()?;
        let around = widened(&cells_of(position.point.lat_lon, incident.footprint.as_ref()), 1);
        let fit = |other: usize| {
            let found = self.incidents.get(other)?;
            let allowed = !apart.contains(&other) && !incident.is_apart_from(found);
            let mergeable = other != slot && allowed && found.class == incident.class;
            let fit = mergeable.then(|| fit_of_incidents(incident, found, &self.config)).flatten()?;
            let beside =
                incident.looks.beside.contains(&found.id) || found.looks.beside.contains(&incident.id);
            let near = !beside && fit.mahalanobis <= MERGE_SIGMA && fit.nats >= MERGE_NATS;
            (fit.by_overlap || near).then_some((other, fit))
        };
        let best = |a: &(usize, Fit), b: &(usize, Fit)| a.1.nats.total_cmp(&b.1.nats).then(b.0.cmp(&a.0));
        self.cells.find(&around).into_iter().filter_map(fit).max_by(best)
    }

    fn by_age(&self, a: usize, b: usize) -> (usize, usize) {
        let age = |slot: usize| self.incidents.get(slot).map(|incident| (incident.first_seen, incident.id));
        if age(a) <= age(b) { (a, b) } else { (b, a) }
    }

    fn merge_slots(&mut self, older: usize, younger: usize, why: &str, now: Timestamp) {
        if let Ok([kept, closed]) = self.incidents.get_disjoint_mut([older, younger]) {
            merge(kept, closed, why, now, &self.config);
            self.recent.merged(closed.id, kept.id);
            for id in &closed.observations {
                self.slot_by_observation.insert(*id, older);
            }
        }
        self.index(older);
        self.index(younger);
    }

    /// Reopens what ended not long ago where something of its class was confirmed just now.
    fn reopen_recurring(&mut self, frame: &mut Frame, now: Timestamp) {
        let mut confirmed: Vec<usize> = std::mem::take(&mut self.confirmed).into_iter().collect();
        confirmed
            .sort_by_key(|slot| self.incidents.get(*slot).map(|incident| (incident.first_seen, incident.id)));
        for slot in confirmed {
            let Some((over, why)) = self.recurs(slot) else { continue };
            let Some(incident) = self.incidents.get_mut(over) else { continue };
            incident.state = IncidentState::Confirmed;
            incident.looks.over_since = None;
            incident.looks.missed.clear();
            incident.note(now, format!("reopened: {why}"));
            self.merge_slots(over, slot, &why, now);
            frame.moved(slot, over);
        }
    }

    /// Returns what ended and is seen again in a confirmed incident, and why.
    fn recurs(&self, slot: usize) -> Option<(usize, String)> {
        let again = self.incidents.get(slot).filter(|incident| incident.is_open())?;
        let position = again.position.as_ref()?;
        let around = widened(&cells_of(position.point.lat_lon, again.footprint.as_ref()), 1);
        let fit = |over: usize| {
            let incident = self.incidents.get(over)?;
            let beside =
                incident.looks.beside.contains(&again.id) || again.looks.beside.contains(&incident.id);
            let possible = incident.class == again.class && !beside && !incident.is_apart_from(again);
            Some((over, possible.then(|| fit_of_recurrence(incident, again, &self.config)).flatten()?))
        };
        let best = |a: &(usize, Fit), b: &(usize, Fit)| a.1.nats.total_cmp(&b.1.nats).then(b.0.cmp(&a.0));
        let (over, fit) = self.over.find(&around).into_iter().filter_map(fit).max_by(best)?;
        let since = self.incidents.get(over)?.looks.over_since?;
        let hours = again.first_seen.duration_since(since).as_secs_f64() / 3600.0;
        Some((over, format!("seen again {hours:.1} h after its end ({})", fit.words())))
    }

    fn push(&mut self, incident: Incident) -> usize {
        let slot = self.incidents.len();
        // What was merged away is held by the incident that took it over.
        if incident.merged_into.is_none() {
            for id in &incident.observations {
                self.slot_by_observation.insert(*id, slot);
            }
        }
        self.slot_by_id.insert(incident.id, slot);
        self.incidents.push(incident);
        self.index(slot);
        slot
    }

    /// Enters an incident where it can be found, or takes it out once it is closed.
    fn index(&mut self, slot: usize) {
        let Some(incident) = self.incidents.get(slot) else { return };
        self.changed.insert(incident.id);
        if incident.state == IncidentState::Unlocated
            && let Some(source) = incident.sources.first()
        {
            self.unlocated.insert((source.clone(), incident.class.clone()), slot);
        }
        if incident.may_recur() {
            self.over.put(slot, entered_under(incident));
        } else {
            self.over.remove(slot);
        }
        if let Some(position) = incident.position.as_ref().filter(|_| incident.is_open()) {
            let at = position.point.lat_lon;
            self.cells.put(slot, entered_under(incident));
            self.places.put(slot, at);
        } else {
            self.cells.remove(slot);
            self.places.remove(slot);
        }
    }

    fn report(&self, frame: Frame, given: &[ObservationId]) -> Vec<Absorbed> {
        let id_of = |slot: usize| self.incidents.get(slot).map(|incident| incident.id);
        let Frame { mut outcome, known, .. } = frame;
        for (index, slot) in known {
            outcome.insert(index, Outcome::Known(slot, "absorbed before".to_owned()));
        }
        outcome
            .into_iter()
            .filter_map(|(index, outcome)| {
                let observation = *given.get(index)?;
                let (kind, slot, reason) = match outcome {
                    Outcome::New(slot, reason) => (AbsorbedKind::New, Some(slot), reason),
                    Outcome::Joined(slot, reason) => (AbsorbedKind::Joined, Some(slot), reason),
                    Outcome::Known(slot, reason) => (AbsorbedKind::Known, Some(slot), reason),
                    Outcome::Again(id) => {
                        let slot = self.slot_by_observation.get(&id).copied();
                        (AbsorbedKind::Known, slot, "given twice in this frame".to_owned())
                    }
                    Outcome::Refused(reason) => (AbsorbedKind::Refused, None, reason),
                };
                Some(Absorbed { observation, incident: slot.and_then(id_of), kind, reason })
            })
            .collect()
    }
}

/// What is known of the frame at hand. Everything is keyed by the index of the observation or by slot.
#[derive(Debug, Default)]
struct Frame {
    outcome: BTreeMap<usize, Outcome>,
    known: Vec<(usize, usize)>,
    fresh: BTreeSet<ObservationId>,
}

#[derive(Debug)]
enum Outcome {
    New(usize, String),
    Joined(usize, String),
    Known(usize, String),
    Again(ObservationId),
    Refused(String),
}

impl Frame {
    fn set(&mut self, index: usize, slot: usize, new: bool, reason: String) {
        let outcome = if new { Outcome::New(slot, reason) } else { Outcome::Joined(slot, reason) };
        self.outcome.insert(index, outcome);
    }

    /// Returns the incidents that gained an observation.
    fn seen(&self) -> BTreeSet<usize> {
        let slot = |outcome: &Outcome| match outcome {
            Outcome::New(slot, _) | Outcome::Joined(slot, _) => Some(*slot),
            _ => None,
        };
        self.outcome.values().filter_map(slot).collect()
    }

    /// Says that one incident was merged into another.
    fn moved(&mut self, from: usize, to: usize) {
        for outcome in self.outcome.values_mut() {
            if let Outcome::New(slot, reason) | Outcome::Joined(slot, reason) = outcome
                && *slot == from
            {
                *outcome = Outcome::Joined(to, std::mem::take(reason));
            }
        }
        for (_, slot) in &mut self.known {
            if *slot == from {
                *slot = to;
            }
        }
    }
}

/// Returns true when two incidents lie so near that they might be taken for each other.
fn are_near(a: &Incident, b: &Incident) -> bool {
    let (Some(a), Some(b)) = (&a.position, &b.position) else { return false };
    Plane::at(a.point.lat_lon).plane_from_lat_lon(b.point.lat_lon).norm() <= BESIDE_M
}

fn add_beside(incident: &mut Incident, other: IncidentId) {
    let beside = &mut incident.looks.beside;
    if beside.len() < MOST_BESIDE
        && let Err(place) = beside.binary_search(&other)
    {
        beside.insert(place, other);
    }
}

/// Returns how well the sighting fits the incident, or one of the places that a person merged into it.
fn fit_at_any_place(sighting: &Sighting, incident: &Incident, config: &DedupeConfig) -> Option<Fit> {
    let there = |place: &KnownPlace| Incident {
        position: Some(place.position),
        footprint: place.footprint.clone(),
        fixes: Vec::new(),
        ..incident.clone()
    };
    let at_places = incident.places.iter().filter_map(|p| fit_of_sighting(sighting, &there(p), config));
    let own = fit_of_sighting(sighting, incident, config);
    own.into_iter().chain(at_places).max_by(|a, b| a.nats.total_cmp(&b.nats))
}
