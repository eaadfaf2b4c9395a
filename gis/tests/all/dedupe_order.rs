//! The order in which frames arrive does not change the incidents.

use gis::dedupe::{Changes, DedupeConfig, Deduper, InOrder};
use gis::{Incident, Look, Observation};
use jiff::SignedDuration;
use proptest::prelude::*;

use crate::dedupe_scene::{look, observations, sheet};

type Frames = Vec<(Look, Vec<Observation>)>;

/// Two drones pass two sheets 15 m apart; one of them errs by 4 m.
fn frames(count: u64) -> Frames {
    let mut frames = Vec::new();
    for frame in 0..count {
        let seen = |source: &str, off_m: f64| {
            observations(vec![
                sheet(source, frame, (off_m, 0.0), (5.0, 5.0)),
                sheet(source, frame, (15.0 + off_m, 0.0), (5.0, 5.0)),
            ])
        };
        frames.push((look("a", frame), seen("a", 0.0)));
        if frame > 5 {
            frames.push((look("b", frame), seen("b", 4.0)));
        }
    }
    frames
}

fn arrived(frames: &Frames, kept_for: SignedDuration) -> InOrder {
    let mut deduper = InOrder::new(DedupeConfig::default(), Vec::new(), kept_for);
    for (look, observations) in frames {
        deduper.absorb_frame(look, observations.clone());
    }
    deduper
}

fn copied(deduper: &InOrder) -> Vec<Incident> {
    deduper.incidents().into_iter().cloned().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn a_shuffled_day_ends_as_the_day_in_order(order in Just((0..30_usize).collect::<Vec<_>>()).prop_shuffle()) {
        let frames = frames(18);
        let day = SignedDuration::from_hours(24);
        let shuffled: Frames = order.iter().map(|i| frames[*i].clone()).collect();
        prop_assert_eq!(copied(&arrived(&shuffled, day)), copied(&arrived(&frames, day)));
    }
}

#[test]
fn in_order_it_decides_as_the_deduper_and_a_frame_given_twice_changes_nothing() {
    let frames = frames(600);
    let mut plain = Deduper::new(DedupeConfig::default(), Vec::new());
    let mut ordered = frames.clone();
    ordered.sort_by_key(|(look, _)| (look.time, look.source.clone(), look.frame_index));
    for (look, observations) in &ordered {
        plain.absorb_frame(look, observations.clone());
    }
    let mut deduper = arrived(&ordered, SignedDuration::from_secs(60));
    let found: Vec<Incident> = plain.incidents().into_iter().cloned().collect();
    assert_eq!(copied(&deduper), found);
    let (look, again) = ordered[ordered.len() - 40].clone();
    deduper.absorb_frame(&look, again);
    assert_eq!((copied(&deduper), deduper.too_late()), (found, 0));
}

#[test]
fn what_comes_later_than_frames_are_kept_is_counted_and_still_absorbed() {
    let frames = frames(900);
    let mut deduper = arrived(&frames[1..].to_vec(), SignedDuration::from_secs(30));
    let before: usize = deduper.incidents().iter().map(|incident| incident.observations.len()).sum();
    let (look, late) = frames[0].clone();
    deduper.absorb_frame(&look, late);
    let after: usize = deduper.incidents().iter().map(|incident| incident.observations.len()).sum();
    assert_eq!((deduper.too_late(), after), (1, before + 2));
}

#[test]
fn an_incident_that_began_otherwise_is_told_as_gone() {
    let frames = frames(10);
    let mut deduper = arrived(&frames[1..].to_vec(), SignedDuration::from_hours(1));
    let first = deduper.take_changes();
    assert_eq!((first.changed.len(), first.gone.len()), (2, 0));
    let (look, late) = frames[0].clone();
    deduper.absorb_frame(&look, late);
    let second = deduper.take_changes();
    assert_eq!(second.gone, first.changed.iter().map(|i| i.id).collect::<Vec<_>>());
    assert_eq!(second.changed.len(), 2);
    assert_eq!(deduper.take_changes(), Changes::default());
}
