//! When a candidate is believed or given up, and what happens to things without a position.

use gis::IncidentState::{Candidate, Closed, Confirmed, Unlocated};
use gis::dedupe::{ClassRule, Confirm, DedupeConfig, Deduper, Existence, Look};
use gis::observation::NotLocated;

use crate::dedupe_scene::{ORIGIN, Seen, at, look, observations, second, sheet};

fn spot(frame: u64) -> Seen {
    sheet("drone", frame, (0.0, 0.0), (10.0, 10.0))
}

fn state_after(pattern: &str, config: DedupeConfig) -> gis::IncidentState {
    let mut deduper = Deduper::new(config, Vec::new());
    for (frame, seen) in pattern.chars().enumerate() {
        let frame = frame as u64;
        let seen = if seen == 'x' { vec![spot(frame)] } else { Vec::new() };
        deduper.absorb_frame(&look("drone", frame), observations(seen));
    }
    deduper.incidents()[0].state
}

#[test]
fn three_sightings_confirm_unless_as_many_looks_speak_against_it() {
    for (pattern, expect) in [
        ("x", Candidate),
        ("xx", Candidate),
        ("xxx", Confirmed),
        ("x.x.x", Candidate),
        ("x.xxx", Confirmed),
        ("x..x.x", Candidate),
        ("x...x...x...x", Candidate),
        ("xxx...........", Confirmed),
    ] {
        assert_eq!(state_after(pattern, DedupeConfig::default()), expect, "{pattern}");
    }
}

#[test]
fn a_candidate_is_closed_once_looks_speak_against_it_and_a_confirmed_one_is_not() {
    assert_eq!(state_after("xx...", DedupeConfig::default()), Candidate);
    assert_eq!(state_after("xx..........", DedupeConfig::default()), Closed);
    assert_eq!(state_after(&format!("xxx{}", ".".repeat(60)), DedupeConfig::default()), Confirmed);
}

#[test]
fn where_few_candidates_are_real_more_must_speak_for_one() {
    let rare = Existence { prior: 0.05, confirm_at: 0.999, ..Existence::default() };
    let config = DedupeConfig { existence: rare, ..DedupeConfig::default() };
    assert_eq!(state_after("xxxxxx", config.clone()), Candidate);
    assert_eq!(state_after("xxxxxxxxxxxxxxxx", config.clone()), Confirmed);
    let mut for_one_class = DedupeConfig::default();
    let rule = ClassRule { existence: Some(rare), ..ClassRule::default() };
    for_one_class.classes.insert("waterlogging".to_owned(), rule);
    assert_eq!(state_after("xxxxxx", for_one_class), Candidate);
}

#[test]
fn looks_in_quick_succession_count_as_parts_of_one() {
    let looks_of = |spacing_secs: f64| {
        let existence = Existence { independent_after_secs: spacing_secs, ..Existence::default() };
        let config = DedupeConfig { existence, ..DedupeConfig::default() };
        let mut deduper = Deduper::new(config, Vec::new());
        for frame in 0..5 {
            deduper.absorb_frame(&look("drone", frame), observations(vec![spot(frame)]));
        }
        deduper.incidents()[0].looks.nats
    };
    // One look a second: the first counts whole, the others a second's part each.
    let whole = looks_of(0.0);
    assert!((looks_of(10.0) - whole * (1.0 + 4.0 * 0.1) / 5.0).abs() < 1e-9);
    assert!((looks_of(1.0) - whole).abs() < 1e-9);
}

#[test]
fn a_class_may_ask_for_more_sightings_a_score_or_an_area() {
    let with = |rule: ClassRule| {
        let mut config = DedupeConfig::default();
        config.classes.insert("waterlogging".to_owned(), rule);
        config
    };
    let confirm = Confirm { sightings: 5, looks: 8, ..Confirm::default() };
    assert_eq!(state_after("xxxx", with(ClassRule { confirm, ..ClassRule::default() })), Candidate);
    assert_eq!(state_after("xxxxx", with(ClassRule { confirm, ..ClassRule::default() })), Confirmed);
    assert_eq!(state_after("xxxxx", with(ClassRule { min_score: 0.9, ..ClassRule::default() })), Candidate);
    assert_eq!(
        state_after("xxxxx", with(ClassRule { min_area_m2: 150.0, ..ClassRule::default() })),
        Candidate
    );
    assert_eq!(
        state_after("xxxxx", with(ClassRule { min_area_m2: 99.0, ..ClassRule::default() })),
        Confirmed
    );
}

#[test]
fn a_look_elsewhere_or_for_another_class_is_no_miss() {
    let mut deduper = Deduper::new(DedupeConfig::default(), Vec::new());
    let elsewhere = vec![at(500.0, 0.0), at(900.0, 0.0), at(900.0, 400.0), at(500.0, 400.0)];
    for frame in 0..40 {
        let seen = if frame % 20 == 0 { vec![spot(frame)] } else { Vec::new() };
        let mut look = look("drone", frame);
        match frame % 20 {
            0 => {}
            odd if odd % 2 == 1 => look.footprint = Some(elsewhere.clone()),
            _ => look.classes = vec!["fumes".to_owned()],
        }
        deduper.absorb_frame(&look, observations(seen));
    }
    assert_eq!(deduper.incidents()[0].looks.window, [true, true]);
}

#[test]
fn unlocated_sightings_of_a_source_and_class_are_one_incident_until_a_long_gap() {
    let mut deduper = Deduper::new(DedupeConfig::default(), Vec::new());
    let blind = |frame| Look { footprint: None, ..look("cctv", frame) };
    for frame in 0..10 {
        let seen = [1.0, 2.0].map(|e| sheet("cctv", frame, (e, 0.0), (3.0, 3.0)).unlocated());
        deduper.absorb_frame(&blind(frame), observations(seen.to_vec()));
    }
    let after_gap = sheet("cctv", 11, (1.0, 0.0), (3.0, 3.0)).unlocated().shift_secs(700.0);
    deduper.absorb_frame(&Look { time: second(711.0), ..blind(11) }, observations(vec![after_gap]));
    let other = sheet("karma", 0, (1.0, 0.0), (3.0, 3.0)).unlocated();
    deduper.absorb_frame(&Look { footprint: None, ..look("karma", 0) }, observations(vec![other]));
    let incidents = deduper.into_incidents();
    assert_eq!(incidents.len(), 3);
    assert!(incidents.iter().all(|i| i.state == Unlocated && i.position.is_none() && i.cell.is_none()));
    let first = incidents.iter().find(|i| i.observations.len() > 1).unwrap();
    assert_eq!((first.sightings, first.observations.len()), (10, 20));
    assert_eq!((first.place, first.unlocated_reason), (Some(ORIGIN), Some(NotLocated::NoAttitude)));
}

#[test]
fn a_position_too_poor_to_use_is_unlocated() {
    let mut deduper = Deduper::new(DedupeConfig::default(), Vec::new());
    for frame in 0..5 {
        let poor = sheet("drone", frame, (30.0 * frame as f64, 0.0), (9.0, 9.0)).ce90(80.0);
        let absorbed = deduper.absorb_frame(&look("drone", frame), observations(vec![poor]));
        assert!(absorbed[0].reason.contains("CE90 of 80 m is over 50 m"), "{}", absorbed[0].reason);
    }
    assert_eq!(deduper.incidents().len(), 1);
    assert_eq!(deduper.incidents()[0].state, Unlocated);
}
