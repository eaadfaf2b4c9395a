//! Absorbing in every store: the same incidents as one deduper that knows them all, and nothing twice.

use gis::dedupe::DedupeConfig;
use gis::{AbsorbedKind, Location};
use store::{Batch, Change, SeenFrame, Store, StoreError};

use crate::city::{
    Random, a_run, absorb_all, absorb_all_by, assert_each_spot_once, crowded, incidents_by, incidents_of,
    sweeps,
};
use crate::conformance::on_every_store;
use crate::findings::time;

fn absorb(store: &mut dyn Store, frames: &[SeenFrame]) -> Result<store::AbsorbedBatch, StoreError> {
    let config = DedupeConfig::default();
    store.absorb(&Batch { run: &a_run(), at: time(5), config: &config, frames })
}

#[test]
fn reading_only_what_a_frame_can_touch_gives_what_reading_everything_gives() {
    for seed in 0..3 {
        let frames = crowded(250, seed);
        let expect = incidents_of(&frames);
        assert!(expect.iter().any(|incident| incident.merged_into.is_some()), "the scene has merges");
        on_every_store(|store| {
            absorb_all(store, &frames, 1 + 3 * seed as usize);
            assert_eq!(store.incidents().unwrap(), expect);
        });
    }
}

/// One sighting is enough for what has gone out of view.
fn by_glimpses() -> DedupeConfig {
    let mut config = DedupeConfig::default();
    config.existence.most_against_before = 6.0;
    config.existence.confirm_out_of_view_at = Some(0.4);
    config.existence.independent_after_secs = 30.0;
    config.any_class.confirm.sightings = 1;
    for rule in config.classes.values_mut() {
        rule.confirm.sightings = 1;
    }
    config.existence.confirm_at = 0.9999;
    config
}

#[test]
fn what_goes_out_of_view_between_two_batches_is_decided_on_as_by_one_deduper() {
    let config = by_glimpses();
    for (frames, size) in [(sweeps(2, 24, 2), 1), (sweeps(2, 24, 2), 5), (crowded(250, 1), 4)] {
        let expect = incidents_by(&config, &frames);
        let out_of_view = |cause: &str| cause.starts_with("confirmed as it went out of view");
        let decided = expect.iter().filter(|incident| incident.history.iter().any(|e| out_of_view(&e.cause)));
        assert!(decided.count() > 3, "the scene has glimpses");
        on_every_store(|store| {
            absorb_all_by(&config, store, &frames, size);
            assert_eq!(store.incidents().unwrap(), expect);
        });
    }
}

#[test]
fn what_is_seen_again_by_a_glimpse_reopens_in_a_store_as_by_one_deduper() {
    let mut config = by_glimpses();
    (config.existence.detect, config.existence.give_up_at) = (0.9, 0.3);
    for rule in config.classes.values_mut() {
        (rule.gone.passes, rule.gone.clear_of_edge_m) = (1, 0.0);
    }
    let mut reopened = 0;
    for seed in 0..2 {
        let frames = crowded(400, seed);
        let expect = incidents_by(&config, &frames);
        let again =
            |incident: &&gis::Incident| incident.history.iter().any(|e| e.cause.starts_with("reopened"));
        reopened += expect.iter().filter(again).count();
        on_every_store(|store| {
            absorb_all_by(&config, store, &frames, 1);
            for (found, expect) in store.incidents().unwrap().iter().zip(&expect) {
                assert_eq!((found.id, &found.history), (expect.id, &expect.history));
                assert_eq!(found, expect);
            }
        });
    }
    assert!(reopened > 3, "the scenes have things that are seen again: {reopened}");
}

#[test]
fn absorbing_again_changes_nothing_and_makes_no_event() {
    let frames = crowded(120, 9);
    on_every_store(|store| {
        absorb_all(store, &frames, 10);
        let (incidents, events) = (store.incidents().unwrap(), store.events_after(0, 10_000).unwrap());
        for batch in frames.chunks(30) {
            let again = absorb(store, batch).unwrap();
            assert!(again.changed.is_empty());
            let kinds = again.outcomes.iter().flatten().map(|done| done.kind);
            assert!(kinds.clone().all(|kind| kind == AbsorbedKind::Known));
        }
        assert_eq!(store.incidents().unwrap(), incidents);
        assert_eq!(store.events_after(0, 10_000).unwrap(), events);
    });
}

#[test]
fn every_change_of_a_batch_is_an_event() {
    let frames = sweeps(1, 6, 2);
    on_every_store(|store| {
        let first = absorb(store, &frames[..2]).unwrap();
        assert_eq!(first.changed.len(), 6);
        let second = absorb(store, &frames[2..3]).unwrap();
        assert_eq!(second.changed.len(), 3);
        let events = store.events_after(0, 100).unwrap();
        assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), (1..=10).collect::<Vec<_>>());
        assert_eq!(events[0].change, Change::RunAdded { run: a_run().id });
        assert_eq!(events[1].change, Change::IncidentAdded { incident: first.changed[0].id });
        assert_eq!(events[9].change, Change::IncidentChanged { incident: second.changed[2].id });
    });
}

#[test]
fn duplicate_and_reordered_delivery_gives_each_spot_one_incident() {
    let frames = sweeps(2, 12, 3);
    let mut shuffled: Vec<SeenFrame> = frames.iter().chain(&frames).cloned().collect();
    let mut random = Random(3);
    for last in (1..shuffled.len()).rev() {
        shuffled.swap(last, random.below(last as u64 + 1) as usize);
    }
    on_every_store(|store| {
        absorb_all(store, &shuffled, 5);
        assert_each_spot_once(store, 12, &frames);
    });
}

#[test]
fn a_clock_that_steps_back_leaves_events_in_the_order_of_their_numbers() {
    let frames = sweeps(1, 6, 2);
    let config = DedupeConfig::default();
    on_every_store(|store| {
        for (frame, second) in frames.iter().zip([1000, 10, 2000, -5]) {
            let batch = Batch {
                run: &a_run(),
                at: time(second),
                config: &config,
                frames: std::slice::from_ref(frame),
            };
            store.absorb(&batch).unwrap();
        }
        let events = store.events_after(0, 100).unwrap();
        assert!(events.iter().zip(1..).all(|(event, seq)| event.seq == seq));
        assert_eq!((events[0].at, events.last().unwrap().at), (time(1000), time(-5)));
        assert_each_spot_once(store, 6, &frames);
    });
}

#[test]
fn what_cannot_be_used_is_refused_and_the_rest_of_the_frame_kept() {
    let mut frame = sweeps(1, 3, 1).remove(0);
    if let Location::Ground(ground) = &mut frame.observations[1].location {
        ground.covariance_enu_m2[(0, 0)] = f64::NAN;
    }
    on_every_store(|store| {
        let done = absorb(store, std::slice::from_ref(&frame)).unwrap();
        let kinds: Vec<_> = done.outcomes[0].iter().map(|done| done.kind).collect();
        assert_eq!(kinds, [AbsorbedKind::New, AbsorbedKind::Refused, AbsorbedKind::New]);
        assert_eq!(store.incidents().unwrap().len(), 2);
    });
}
