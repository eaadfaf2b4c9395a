//! What people decide about incidents, and how deduplication goes on from there.

use gis::dedupe::by_person::{ByPerson, Changed, NotPossible, close, merge, reject, reopen, split, undo};
use gis::dedupe::{DedupeConfig, Deduper};
use gis::incident::Looks;
use gis::{Incident, IncidentState, Observation, OperationId};
use proptest::prelude::*;

use crate::dedupe_scene::{look, second, sheet};

fn by(operation: u64) -> ByPerson<'static> {
    ByPerson { operation: OperationId(operation), actor: "Li", reason: "seen", at: second(1_000.0) }
}

/// Frames in which sheets of water at these places east of the origin are seen, 6 m across.
fn seen(frames: std::ops::Range<u64>, east_m: &[f64]) -> Vec<Vec<Observation>> {
    let frame = |f: u64| east_m.iter().map(|e| sheet("a", f, (*e, 0.0), (6.0, 6.0)).observation).collect();
    frames.map(frame).collect()
}

fn absorbed(existing: Vec<Incident>, frames: &[Vec<Observation>]) -> Vec<Incident> {
    let mut deduper = Deduper::new(DedupeConfig::default(), existing);
    for frame in frames {
        deduper.absorb_frame(&look("a", frame[0].frame_index), frame.clone());
    }
    deduper.into_incidents()
}

fn open(incidents: &[Incident]) -> Vec<&Incident> {
    incidents.iter().filter(|incident| incident.is_open()).collect()
}

#[test]
fn what_is_made_of_the_same_observations_is_the_same_as_what_was_absorbed() {
    let config = DedupeConfig::default();
    let frames = seen(0..12, &[0.0, 40.0]);
    let found = absorbed(Vec::new(), &frames);
    let all: Vec<Observation> = frames.concat();
    let merged = merge(found.clone(), &all, &by(1), &config).unwrap();
    let leaving = &found[1].observations;
    let (kept, new) = split(&merged[0], leaving, &all, &by(2), &config).unwrap();
    for (now, before) in [(&kept, &found[0]), (&new, &found[1])] {
        assert_eq!(
            (now.position, &now.footprint, &now.fixes),
            (before.position, &before.footprint, &before.fixes)
        );
        // What was seen beside it bears other ids now.
        let looks = |incident: &Incident| Looks { beside: Vec::new(), ..incident.looks.clone() };
        assert_eq!((now.state, now.sightings, looks(now)), (before.state, before.sightings, looks(before)));
    }
}

#[test]
fn what_a_person_merged_stays_merged_when_it_is_seen_again() {
    let first = seen(0..6, &[0.0, 18.0]);
    let found = absorbed(Vec::new(), &first);
    assert_eq!(open(&found).len(), 2);
    let merged = merge(found, &first.concat(), &by(1), &DedupeConfig::default()).unwrap();
    let later = absorbed(merged.clone(), &seen(6..16, &[0.0, 18.0]));
    assert_eq!(open(&later).len(), 1, "{later:#?}");
    assert_eq!(open(&later)[0].id, merged[0].id);
    assert_eq!(open(&later)[0].observations.len(), 12 + 20);
}

#[test]
fn what_a_person_split_stays_apart_when_it_is_seen_again() {
    // One sheet that a person knows to be two: odd and even frames.
    let first = seen(0..8, &[0.0]);
    let found = absorbed(Vec::new(), &first);
    let leaving: Vec<_> = found[0].observations.iter().skip(1).step_by(2).copied().collect();
    let (kept, new) = split(&found[0], &leaving, &first.concat(), &by(1), &DedupeConfig::default()).unwrap();
    assert_ne!(kept.id, new.id);
    let later = absorbed(vec![kept, new], &seen(8..14, &[0.0]));
    assert_eq!(open(&later).len(), 2);
}

#[test]
fn an_incident_that_was_ended_is_opened_again_with_what_a_person_vouches_for() {
    let frames = seen(0..1, &[0.0]);
    let found = absorbed(Vec::new(), &frames).remove(0);
    assert_eq!(found.state, IncidentState::Candidate);
    for end in [reject, close] {
        let ended = end(&found, &by(1)).unwrap();
        assert_eq!(ended.state, IncidentState::Closed);
        assert_eq!(end(&ended, &by(2)), Err(NotPossible::Closed(found.id)));
        assert_eq!(reopen(&ended, &by(2)).unwrap().state, IncidentState::Confirmed);
    }
    assert!(matches!(reopen(&found, &by(1)), Err(NotPossible::NotClosed { .. })));
}

#[test]
fn what_cannot_be_one_thing_is_refused() {
    let config = DedupeConfig::default();
    let frames = seen(0..4, &[0.0, 40.0]);
    let mut found = absorbed(Vec::new(), &frames);
    let all = frames.concat();
    let error = merge(found.clone(), &all[..1], &by(1), &config).unwrap_err();
    assert!(error.to_string().ends_with("is not stored"), "{error}");
    found[1].class = "dumping".to_owned();
    let error = merge(found, &all, &by(1), &config).unwrap_err();
    assert!(error.to_string().contains("is waterlogging and incident"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_split_of_any_merge_taken_back_is_what_it_was(bits in 1_u32..0xFFFF, frames in 2_u64..8) {
        let config = DedupeConfig::default();
        let frames = seen(0..frames, &[0.0, 40.0]);
        let found = absorbed(Vec::new(), &frames);
        let all = frames.concat();
        let merged = merge(found.clone(), &all, &by(1), &config).unwrap();
        let observations = merged[0].observations.iter().enumerate();
        let leaving: Vec<_> = observations.filter(|(i, _)| bits >> i & 1 == 1).map(|(_, id)| *id).collect();
        if let Ok((kept, new)) = split(&merged[0], &leaving, &all, &by(2), &config) {
            prop_assert_eq!(kept.observations.len() + new.observations.len(), all.len());
            let after = [kept, new];
            let back = Changed { before: &merged[..1], after: &after, now: &after };
            let (undone, remarks) = undo(&back, &all, &by(3), &config).unwrap();
            prop_assert_eq!(&undone[0], &merged[0]);
            prop_assert_eq!(undone[1].merged_into, Some(merged[0].id));
            prop_assert!(remarks.is_empty());
        }
        let back = Changed { before: &found, after: &merged, now: &merged };
        prop_assert_eq!(undo(&back, &all, &by(4), &config).unwrap().0, found);
    }
}
