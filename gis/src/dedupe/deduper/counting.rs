//! Frames as looks: what each says for and against the incidents whose places it covers.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Deduper, Frame};
use crate::dedupe::Look;
use crate::dedupe::config::{DedupeConfig, Existence};
use crate::dedupe::confirm::{count_before, count_hit, count_miss, decide, decide_out_of_view};
use crate::dedupe::gone::{count_with, count_without, shows_the_place};
use crate::dedupe::recent::InView;
use crate::incident::{Incident, IncidentId, IncidentState};

impl Deduper {
    /// Decides on what is in view as if it went out of it: recordings ended, and the next look may be hours away.
    pub fn end_of_looks(&mut self) {
        for (id, time) in self.recent.take_all() {
            self.decide_unseen(id, time);
            self.reopen_recurring(&mut Frame::default(), time);
        }
    }

    /// Counts the frame as a look at every incident it shows or should have shown, and moves candidates on.
    pub(super) fn count_look(&mut self, frame: &Frame, look: &Look) {
        let still = self.recent.is_still(look);
        let seen_now = frame.seen();
        let mut seen = seen_now.clone();
        seen.extend(frame.known.iter().map(|(_, slot)| *slot));
        for slot in &seen_now {
            self.count_sighting(*slot, look, still);
        }
        let in_view = look.footprint.as_deref().map(|ring| self.places.inside(ring)).unwrap_or_default();
        let of_source = self.unlocated.iter().filter(|((source, _), _)| *source == look.source);
        let unlocated: Vec<usize> = of_source.map(|(_, slot)| *slot).collect();
        for slot in in_view.iter().copied().chain(unlocated).filter(|slot| !seen.contains(slot)) {
            self.count_no_sighting(slot, look, still);
        }
        self.follow_view(look, still, &in_view, &seen_now);
        for slot in seen_now {
            self.index(slot);
        }
        self.recent.note(look);
    }

    fn count_sighting(&mut self, slot: usize, look: &Look, still: bool) {
        let before = self.in_view_before(slot, look);
        self.with(slot, |incident, config| {
            let (window, existence) = counted_by(config, &incident.class, still);
            if incident.looks.last_by_source.is_empty() {
                count_before(&mut incident.looks, before, &existence);
            }
            if count_hit(&mut incident.looks, look, window, &existence) {
                incident.sightings = incident.sightings.saturating_add(1);
                count_with(incident, look);
            }
            true
        });
    }

    /// Returns for how long the place of a new incident was in view before.
    fn in_view_before(&self, slot: usize, look: &Look) -> Option<f64> {
        let incident = self.incidents.get(slot).filter(|i| i.looks.last_by_source.is_empty())?;
        let at = incident.position.as_ref()?.point.lat_lon;
        match self.recent.in_view(at, &incident.class, look) {
            InView::Came(secs) => Some(secs),
            InView::Began | InView::Always => None,
        }
    }

    fn count_no_sighting(&mut self, slot: usize, look: &Look, still: bool) {
        self.with(slot, |incident, config| {
            let looked_for = look.looks_for(&incident.class);
            let later = look.time >= incident.first_seen;
            let (window, existence) = counted_by(config, &incident.class, still);
            let counted = looked_for && later && count_miss(&mut incident.looks, look, window, &existence);
            let gone = &config.rule(&incident.class).gone;
            if counted && incident.state == IncidentState::Confirmed && shows_the_place(incident, look, gone)
            {
                let nats = incident.looks.last_by_source.get(&look.source).map_or(0.0, |last| last.nats);
                count_without(incident, look, nats, gone);
            }
            counted
        });
    }

    /// Keeps which candidates are in view, and decides on those that go out of it.
    fn follow_view(&mut self, look: &Look, still: bool, in_view: &[usize], seen: &BTreeSet<usize>) {
        let since_last_secs = self.recent.since_last_secs(look);
        let candidate = |slot: &usize| {
            let is_candidate = |i: &&Incident| i.state == IncidentState::Candidate;
            self.incidents.get(*slot).filter(is_candidate)
        };
        for incident in seen.iter().filter_map(candidate) {
            // Looks so rare that each counts whole show a false run as long as a pass: they decide nothing early.
            let existence = self.config.existence(&incident.class).for_view(still);
            let often = since_last_secs.is_some_and(|secs| secs < existence.independent_after_secs);
            let decided_then = existence.confirm_out_of_view_at.is_some() && often;
            if let Some(position) = incident.position.as_ref().filter(|_| decided_then) {
                self.recent.watch(look, incident.id, &incident.class, position.point.lat_lon);
            }
        }
        for incident in in_view.iter().filter_map(candidate) {
            self.recent.covers(look, incident.id);
        }
        for id in self.recent.take_out_of_view(look) {
            self.decide_unseen(id, look.time);
        }
    }

    fn decide_unseen(&mut self, id: IncidentId, now: Timestamp) {
        if let Some(slot) = self.slot_by_id.get(&id).copied() {
            self.with_decision(slot, |incident, config| decide_out_of_view(incident, config, now));
        }
    }

    /// Changes an incident, decides on its state, and keeps the indices right.
    ///
    /// `change` says whether it changed anything.
    fn with(&mut self, slot: usize, change: impl FnOnce(&mut Incident, &DedupeConfig) -> bool) {
        let Some(incident) = self.incidents.get_mut(slot) else { return };
        if change(incident, &self.config) {
            let now =
                incident.looks.last_by_source.values().map(|l| l.time).max().unwrap_or(incident.last_seen);
            self.changed.insert(incident.id);
            self.with_decision(slot, |incident, config| decide(incident, config, now));
        }
    }

    /// Decides on the state of an incident and keeps the indices right; `decision` says whether it changed.
    fn with_decision(&mut self, slot: usize, decision: impl FnOnce(&mut Incident, &DedupeConfig) -> bool) {
        let Some(incident) = self.incidents.get_mut(slot) else { return };
        if decision(incident, &self.config) {
            self.changed.insert(incident.id);
            if incident.state == IncidentState::Confirmed {
                self.confirmed.insert(slot);
            }
            self.index(slot);
        }
    }
}

/// Returns how many looks of a class are kept, and how they are weighed.
fn counted_by(config: &DedupeConfig, class: &str, still: bool) -> (u32, Existence) {
    (config.rule(class).confirm.looks, config.existence(class).for_view(still))
}
