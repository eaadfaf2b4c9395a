//! When a candidate is believed, and when it is given up: N of M looks, and the probability that it is there.
//!
//! Entering and leaving differ on purpose: a confirmed incident does not fall back when a bus hides it. It ends when passes do not show it
//! any more ([`gone`](super::gone)).

use jiff::Timestamp;

use super::Look;
use super::config::{ClassRule, DedupeConfig, Existence};
use super::gone::why_over;
use crate::incident::{CountedLook, Incident, IncidentState, Looks};

/// Most that looks alone say for or against a thing, nats: what changes must be able to show.
const MOST_NATS: f64 = 12.0;
/// Log-odds of a mean score are taken between this score and one minus it: no score is certain.
const LEAST_SCORE: f64 = 0.02;

/// Counts a look that showed the incident. Returns false when this frame was counted as a sighting before.
pub(super) fn count_hit(looks: &mut Looks, look: &Look, window: u32, existence: &Existence) -> bool {
    let last = looks.last_by_source.get(&look.source).copied();
    let same_frame = last.filter(|last| is_same_frame(last, look));
    if same_frame.is_some_and(|last| last.seen) {
        return false;
    }
    let nats = existence.of_look(true) * part_of_a_look(last.as_ref(), look, existence);
    if let Some(miss) = same_frame {
        if let Some(miss) = looks.window.iter_mut().rev().find(|seen| !**seen) {
            *miss = true;
        }
        looks.add(-miss.nats);
        looks.add(nats.max(-miss.nats));
    } else {
        push(looks, true, window);
        looks.add(nats);
    }
    looks.misses_in_a_row = 0;
    if last.is_none_or(|last| is_not_after(&last, look)) {
        looks.note(look, true, nats);
    }
    true
}

/// Counts a look that did not show the incident. Returns false when the frame, or a later one of its source, was counted.
pub(super) fn count_miss(looks: &mut Looks, look: &Look, window: u32, existence: &Existence) -> bool {
    let last = looks.last_by_source.get(&look.source).copied();
    if last.is_some_and(|last| is_same_frame(&last, look) || !is_not_after(&last, look)) {
        return false;
    }
    push(looks, false, window);
    looks.misses_in_a_row = looks.misses_in_a_row.saturating_add(1);
    let nats = existence.of_look(false) * part_of_a_look(last.as_ref(), look, existence);
    looks.add(nats);
    looks.note(look, false, nats);
    true
}

/// Returns how much of a look of its own this one is, 0 to 1: looks that follow each other closely show the same.
fn part_of_a_look(last: Option<&CountedLook>, look: &Look, existence: &Existence) -> f64 {
    let Some(last) = last else { return 1.0 };
    if existence.independent_after_secs <= 0.0 {
        return 1.0;
    }
    let apart_secs = look.time.duration_since(last.time).as_secs_f64().abs();
    (apart_secs / existence.independent_after_secs).min(1.0)
}

impl Looks {
    fn add(&mut self, nats: f64) {
        self.nats = (self.nats + nats).clamp(-MOST_NATS, MOST_NATS);
    }

    fn note(&mut self, look: &Look, seen: bool, nats: f64) {
        let counted = CountedLook { time: look.time, frame_index: look.frame_index, seen, nats };
        self.last_by_source.insert(look.source.clone(), counted);
    }
}

impl Existence {
    /// Returns the rule for looks of a source whose view does not move, or does.
    pub(super) fn for_view(&self, still: bool) -> Self {
        let after_secs = self.independent_after_still_secs.filter(|_| still);
        Self { independent_after_secs: after_secs.unwrap_or(self.independent_after_secs), ..*self }
    }

    /// Returns what it adds to the log-odds that a place was in view for so long before something was first seen there.
    pub(super) fn of_unseen(&self, in_view_secs: f64) -> f64 {
        if in_view_secs <= 0.0 {
            return 0.0;
        }
        // Where every look is one of its own, there was one at the least.
        let looks = in_view_secs / self.independent_after_secs;
        let looks = if looks.is_finite() { looks } else { 1.0 };
        (self.of_look(false) * looks).max(-self.most_against_before)
    }

    /// Returns what an independent look adds to the log-odds.
    fn of_look(&self, seen: bool) -> f64 {
        if seen {
            (self.detect / self.detect_mistaken).ln()
        } else {
            ((1.0 - self.detect) / (1.0 - self.detect_mistaken)).ln()
        }
    }

    /// Returns the log-odds that an incident is there.
    fn log_odds(&self, incident: &Incident) -> f64 {
        let count = incident.observations.len() as f64;
        let independent = count / (1.0 + (count - 1.0).max(0.0) * self.score_correlation);
        let score = log_odds_of(incident.mean_score.clamp(LEAST_SCORE, 1.0 - LEAST_SCORE));
        log_odds_of(self.prior) + incident.looks.nats + independent * score
    }
}

pub(super) fn log_odds_of(probability: f64) -> f64 {
    (probability / (1.0 - probability)).ln()
}

fn is_same_frame(counted: &CountedLook, look: &Look) -> bool {
    (counted.time, counted.frame_index) == (look.time, look.frame_index)
}

fn is_not_after(counted: &CountedLook, look: &Look) -> bool {
    (counted.time, counted.frame_index) <= (look.time, look.frame_index)
}

fn push(looks: &mut Looks, seen: bool, window: u32) {
    looks.window.push(seen);
    let surplus = looks.window.len().saturating_sub(window as usize);
    looks.window.drain(..surplus);
}

/// Counts against a thing that is seen for the first time how long its place was in view before.
pub(super) fn count_before(looks: &mut Looks, in_view_secs: Option<f64>, existence: &Existence) {
    looks.add(in_view_secs.map_or(0.0, |secs| existence.of_unseen(secs)));
}

/// Believes a candidate whose place has gone out of view if its looks allow it. Returns true when they did.
pub(super) fn decide_out_of_view(incident: &mut Incident, config: &DedupeConfig, now: Timestamp) -> bool {
    let rule = config.rule(&incident.class);
    let Some(confirm_at) = config.existence(&incident.class).confirm_out_of_view_at else { return false };
    let is_candidate = incident.state == IncidentState::Candidate;
    let log_odds = log_odds(incident, config);
    let enough = incident.sightings >= rule.confirm.sightings && log_odds >= log_odds_of(confirm_at);
    let believed = is_candidate && enough && is_as_asked(incident, rule);
    if believed {
        incident.state = IncidentState::Confirmed;
        let (sightings, probability) = (incident.sightings, probability_of(log_odds));
        let how = format!("confirmed as it went out of view: seen {sightings} times");
        incident.note(now, format!("{how}, there with {probability:.3}"));
    }
    believed
}

fn log_odds(incident: &Incident, config: &DedupeConfig) -> f64 {
    let existence = config.existence(&incident.class);
    existence.log_odds(incident) + config.reviews.nats(incident, existence.prior)
}

fn probability_of(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// Returns true when score and area are those that the class asks for.
fn is_as_asked(incident: &Incident, rule: &ClassRule) -> bool {
    incident.mean_score >= rule.min_score
        && incident.area_m2.is_none_or(|area_m2| area_m2 >= rule.min_area_m2)
}

/// Moves a candidate on, or ends a confirmed incident, if its looks allow it. Returns true when the state changed.
pub(super) fn decide(incident: &mut Incident, config: &DedupeConfig, now: Timestamp) -> bool {
    if incident.state == IncidentState::Confirmed
        && let Some(why) = why_over(incident, config)
    {
        incident.end(now, why);
        return true;
    }
    if incident.state != IncidentState::Candidate {
        return false;
    }
    let (rule, existence) = (config.rule(&incident.class), config.existence(&incident.class));
    let hits = incident.looks.window.iter().filter(|seen| **seen).count();
    let looks = incident.looks.window.len();
    let log_odds = log_odds(incident, config);
    let enough = hits >= rule.confirm.sightings as usize && log_odds >= log_odds_of(existence.confirm_at);
    if enough && is_as_asked(incident, rule) {
        incident.state = IncidentState::Confirmed;
        let probability = probability_of(log_odds);
        incident.note(
            now,
            format!("confirmed: seen in {hits} of the last {looks} looks, there with {probability:.3}"),
        );
        return true;
    }
    let misses = incident.looks.misses_in_a_row;
    let unlikely = log_odds < log_odds_of(existence.give_up_at) && misses > 0;
    if unlikely || misses >= rule.confirm.give_up_after_misses {
        incident.state = IncidentState::Closed;
        let sightings = incident.sightings;
        incident.note(
            now,
            format!("closed: seen {sightings} times, then looked, not there, {misses} times in a row"),
        );
        return true;
    }
    false
}
#[cfg(test)]
mod tests {
    use super::*;

    fn look(frame_index: u64) -> Look {
        let time = Timestamp::from_second(frame_index as i64).unwrap();
        Look { source: "a".to_owned(), frame_index, time, ..Look::default() }
    }

    #[test]
    fn a_frame_counts_once_and_an_earlier_miss_not_at_all() {
        let mut looks = Looks::default();
        assert!(count_hit(&mut looks, &look(5), 5, &Existence::default()));
        assert!(!count_hit(&mut looks, &look(5), 5, &Existence::default()));
        assert!(!count_miss(&mut looks, &look(5), 5, &Existence::default()));
        assert!(!count_miss(&mut looks, &look(4), 5, &Existence::default()));
        assert!(count_miss(&mut looks, &look(6), 5, &Existence::default()));
        assert_eq!(looks.window, [true, false]);
    }

    #[test]
    fn a_second_model_turns_the_miss_of_its_frame_into_a_sighting() {
        let mut looks = Looks::default();
        count_hit(&mut looks, &look(1), 5, &Existence::default());
        count_miss(&mut looks, &look(2), 5, &Existence::default());
        assert!(count_hit(&mut looks, &look(2), 5, &Existence::default()));
        assert_eq!((looks.window.as_slice(), looks.misses_in_a_row), (&[true, true][..], 0));
    }

    #[test]
    fn the_window_keeps_the_last_looks() {
        let mut looks = Looks::default();
        for frame in 0..9 {
            count_miss(&mut looks, &look(frame), 5, &Existence::default());
        }
        count_hit(&mut looks, &look(9), 5, &Existence::default());
        assert_eq!(looks.window, [false, false, false, false, true]);
    }
}
