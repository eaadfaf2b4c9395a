//! N of M looks: when a candidate is believed, and when it is given up.
//!
//! Entering and leaving differ on purpose: three sightings in five looks confirm, and a confirmed incident does not fall back
//! when a bus hides it; only a candidate is given up after many looks in a row that did not show it.

use jiff::Timestamp;

use super::Look;
use super::config::ClassRule;
use crate::incident::{CountedLook, Incident, IncidentState, Looks};

/// Counts a look that showed the incident. Returns false when this frame was counted as a sighting before.
pub(super) fn count_hit(looks: &mut Looks, look: &Look, window: u32) -> bool {
    let counted = CountedLook { time: look.time, frame_index: look.frame_index, seen: true };
    let last = looks.last_by_source.get(&look.source).copied();
    let same_frame = last.filter(|last| is_same_frame(last, look));
    if same_frame.is_some_and(|last| last.seen) {
        return false;
    }
    if same_frame.is_some() {
        if let Some(miss) = looks.window.iter_mut().rev().find(|seen| !**seen) {
            *miss = true;
        }
    } else {
        push(looks, true, window);
    }
    looks.misses_in_a_row = 0;
    if last.is_none_or(|last| is_not_after(&last, look)) {
        looks.last_by_source.insert(look.source.clone(), counted);
    }
    true
}

/// Counts a look that did not show the incident. Returns false when the frame, or a later one of its source, was counted.
pub(super) fn count_miss(looks: &mut Looks, look: &Look, window: u32) -> bool {
    let last = looks.last_by_source.get(&look.source);
    if last.is_some_and(|last| is_same_frame(last, look) || !is_not_after(last, look)) {
        return false;
    }
    push(looks, false, window);
    looks.misses_in_a_row = looks.misses_in_a_row.saturating_add(1);
    let counted = CountedLook { time: look.time, frame_index: look.frame_index, seen: false };
    looks.last_by_source.insert(look.source.clone(), counted);
    true
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

/// Moves a candidate on if its looks allow it. Returns true when the state changed.
pub(super) fn decide(incident: &mut Incident, rule: &ClassRule, now: Timestamp) -> bool {
    if incident.state != IncidentState::Candidate {
        return false;
    }
    let hits = incident.looks.window.iter().filter(|seen| **seen).count();
    let looks = incident.looks.window.len();
    let large_enough = incident.area_m2.is_none_or(|area_m2| area_m2 >= rule.min_area_m2);
    if hits >= rule.confirm.sightings as usize && incident.mean_score >= rule.min_score && large_enough {
        incident.state = IncidentState::Confirmed;
        incident.note(now, format!("confirmed: seen in {hits} of the last {looks} looks"));
        return true;
    }
    let misses = incident.looks.misses_in_a_row;
    if misses >= rule.confirm.give_up_after_misses {
        incident.state = IncidentState::Closed;
        let sightings = incident.sightings;
        incident.note(now, format!("closed: seen {sightings} times, then not in {misses} looks in a row"));
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
        assert!(count_hit(&mut looks, &look(5), 5));
        assert!(!count_hit(&mut looks, &look(5), 5));
        assert!(!count_miss(&mut looks, &look(5), 5));
        assert!(!count_miss(&mut looks, &look(4), 5));
        assert!(count_miss(&mut looks, &look(6), 5));
        assert_eq!(looks.window, [true, false]);
    }

    #[test]
    fn a_second_model_turns_the_miss_of_its_frame_into_a_sighting() {
        let mut looks = Looks::default();
        count_hit(&mut looks, &look(1), 5);
        count_miss(&mut looks, &look(2), 5);
        assert!(count_hit(&mut looks, &look(2), 5));
        assert_eq!((looks.window.as_slice(), looks.misses_in_a_row), (&[true, true][..], 0));
    }

    #[test]
    fn the_window_keeps_the_last_looks() {
        let mut looks = Looks::default();
        for frame in 0..9 {
            count_miss(&mut looks, &look(frame), 5);
        }
        count_hit(&mut looks, &look(9), 5);
        assert_eq!(looks.window, [false, false, false, false, true]);
    }
}
