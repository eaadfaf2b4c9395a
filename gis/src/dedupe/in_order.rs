//! Frames that arrive out of order: what came late is absorbed where it belongs in time.
//!
//! Frames are kept for a while, with the state of the deduper before some of them. A late frame goes back to the state before it, and the frames after it
//! are absorbed again. So the order of arrival does not change the incidents, as long as nothing is later than the time that frames are kept.
//!
//! # References
//! Jefferson, Virtual Time, ACM Transactions on Programming Languages and Systems 7 (1985): roll back to a saved state, and go forward again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::config::DedupeConfig;
use super::deduper::Deduper;
use super::{Absorbed, Look};
use crate::incident::{Incident, IncidentId};
use crate::observation::Observation;

/// Frames between two saved states.
const FRAMES_A_STATE: usize = 256;
/// Saved states at most; beyond it every second of the older ones is let go.
const MOST_STATES: usize = 12;

/// Place of a frame in the order of time.
type Key = (Timestamp, String, u64);

fn key(look: &Look) -> Key {
    (look.time, look.source.clone(), look.frame_index)
}

/// What changed since it was last asked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// Incidents that are new or differ, by time of first sighting, then id.
    pub changed: Vec<Incident>,
    /// Incidents that are no longer there, sorted: a late frame showed that they began otherwise. The observations of each are another's now.
    pub gone: Vec<IncidentId>,
}

/// A deduper whose incidents do not depend on the order in which frames arrive.
#[derive(Debug, Clone)]
pub struct InOrder {
    kept_for: SignedDuration,
    now: Deduper,
    last: Option<Key>,
    frames: BTreeMap<Key, (Look, Vec<Observation>)>,
    /// States before any kept frame later than their key; the first is that before all kept frames.
    states: VecDeque<(Option<Key>, Deduper)>,
    since_state: usize,
    told: BTreeMap<IncidentId, Incident>,
    too_late: u64,
}

impl InOrder {
    /// Returns a deduper that goes on from stored incidents and keeps frames for `kept_for` behind the latest one.
    pub fn new(config: DedupeConfig, existing: Vec<Incident>, kept_for: SignedDuration) -> Self {
        let told = existing.iter().map(|incident| (incident.id, incident.clone())).collect();
        let now = Deduper::new(config, existing);
        let states = VecDeque::from([(None, now.clone())]);
        Self { kept_for, now, last: None, frames: BTreeMap::new(), states, since_state: 0, told, too_late: 0 }
    }

    /// Returns all incidents, by time of first sighting, then id.
    pub fn incidents(&self) -> Vec<&Incident> {
        self.now.incidents()
    }

    /// Returns how many frames came later than frames are kept; they were absorbed as they came.
    pub fn too_late(&self) -> u64 {
        self.too_late
    }

    /// Absorbs a frame where it belongs in time and returns what became of its observations, in the order given.
    pub fn absorb_frame(&mut self, look: &Look, observations: Vec<Observation>) -> Vec<Absorbed> {
        let at = key(look);
        if self.last.as_ref().is_none_or(|last| at > *last) {
            self.last = Some(at.clone());
            self.frames.insert(at.clone(), (look.clone(), observations.clone()));
            let absorbed = self.now.absorb_frame(look, observations);
            self.save_state(&at);
            self.forget(look.time);
            return absorbed;
        }
        let oldest = self.states.front().and_then(|(before, _)| before.clone());
        if oldest.is_some_and(|oldest| at <= oldest) {
            self.too_late += 1;
            return self.now.absorb_frame(look, observations);
        }
        self.go_back(&at, look, observations)
    }

    /// Takes a late frame in and absorbs again what comes after it.
    fn go_back(&mut self, at: &Key, look: &Look, observations: Vec<Observation>) -> Vec<Absorbed> {
        let kept = self.frames.entry(at.clone()).or_insert_with(|| (look.clone(), Vec::new()));
        let known: BTreeSet<_> = kept.1.iter().map(|observation| observation.id).collect();
        kept.1.extend(observations.into_iter().filter(|observation| !known.contains(&observation.id)));
        // One frame's observations count together; their order must not depend on which came first.
        kept.1.sort_by_key(|observation| observation.id);
        while self.states.len() > 1
            && self.states.back().is_some_and(|(before, _)| before.as_ref() >= Some(at))
        {
            self.states.pop_back();
        }
        let Some((before, state)) = self.states.back().cloned() else { return Vec::new() };
        (self.now, self.since_state) = (state, 0);
        let again: Vec<Key> = match &before {
            Some(before) => self
                .frames
                .range(before.clone()..)
                .map(|(key, _)| key.clone())
                .filter(|k| k > before)
                .collect(),
            None => self.frames.keys().cloned().collect(),
        };
        let mut absorbed = Vec::new();
        for key in again {
            let Some((look, observations)) = self.frames.get(&key).cloned() else { continue };
            let found = self.now.absorb_frame(&look, observations);
            if key == *at {
                absorbed = found;
            }
            self.save_state(&key);
        }
        absorbed
    }

    fn save_state(&mut self, after: &Key) {
        self.since_state += 1;
        if self.since_state < FRAMES_A_STATE {
            return;
        }
        self.since_state = 0;
        self.states.push_back((Some(after.clone()), self.now.clone()));
        if self.states.len() > MOST_STATES {
            let newest = self.states.len() - 4;
            let mut nth = 0;
            self.states.retain(|_| {
                nth += 1;
                nth == 1 || nth > newest || nth % 2 == 1
            });
        }
    }

    /// Lets go of frames and states that nothing late may reach any more.
    fn forget(&mut self, latest: Timestamp) {
        let Ok(limit) = latest.checked_sub(self.kept_for) else { return };
        let is_old =
            |state: &(Option<Key>, Deduper)| state.0.as_ref().is_some_and(|(time, ..)| *time <= limit);
        while self.states.get(1).is_some_and(is_old) {
            self.states.pop_front();
        }
        if let Some((Some(before), _)) = self.states.front() {
            let before = before.clone();
            while self.frames.first_key_value().is_some_and(|(key, _)| *key <= before) {
                self.frames.pop_first();
            }
        }
    }

    /// Returns what changed since this was last asked.
    pub fn take_changes(&mut self) -> Changes {
        let now: BTreeMap<IncidentId, &Incident> =
            self.now.incidents().into_iter().map(|i| (i.id, i)).collect();
        let gone: Vec<IncidentId> = self.told.keys().filter(|id| !now.contains_key(id)).copied().collect();
        let mut changed: Vec<Incident> =
            now.values().filter(|i| self.told.get(&i.id) != Some(**i)).map(|i| (*i).clone()).collect();
        changed.sort_by_key(|incident| (incident.first_seen, incident.id));
        for id in &gone {
            self.told.remove(id);
        }
        self.told.extend(changed.iter().map(|incident| (incident.id, incident.clone())));
        Changes { changed, gone }
    }
}
