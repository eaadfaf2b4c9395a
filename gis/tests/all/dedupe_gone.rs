//! When a confirmed thing is over, and what becomes of it when it is seen again.

use gis::IncidentState::{Candidate, Closed, Confirmed};
use gis::dedupe::{ClassRule, DedupeConfig, Deduper, Eye, Gone, Look, SinceThen, since_done, still_there};
use gis::{Incident, LatLon};

use crate::dedupe_scene::{Seen, at, look, observations, second, sheet};

const HOUR: f64 = 3600.0;

fn look_at(source: &str, secs: f64) -> Look {
    Look { time: second(secs), frame_index: (secs * 10.0) as u64, ..look(source, 0) }
}

fn spot(source: &str, secs: f64) -> Seen {
    let mut seen = sheet(source, (secs * 10.0) as u64, (0.0, 0.0), (10.0, 10.0));
    seen.observation.time = second(secs);
    seen
}

/// Looks once a second from `from`, `x` showing the spot.
fn pass(deduper: &mut Deduper, source: &str, from: f64, pattern: &str) {
    for (n, seen) in pattern.chars().enumerate() {
        let secs = from + n as f64;
        let seen = if seen == 'x' { vec![spot(source, secs)] } else { Vec::new() };
        deduper.absorb_frame(&look_at(source, secs), observations(seen));
    }
}

fn only(deduper: &Deduper) -> Incident {
    let open: Vec<_> = deduper.incidents().into_iter().filter(|i| i.merged_into.is_none()).collect();
    assert_eq!(open.len(), 1);
    open[0].clone()
}

fn confirmed() -> Deduper {
    let mut deduper = Deduper::new(DedupeConfig::default(), Vec::new());
    pass(&mut deduper, "drone", 0.0, "xxxxx");
    assert_eq!(only(&deduper).state, Confirmed);
    deduper
}

#[test]
fn two_passes_that_do_not_show_it_close_a_confirmed_incident_and_one_never_does() {
    let mut deduper = confirmed();
    pass(&mut deduper, "drone", HOUR, &".".repeat(500));
    let half = only(&deduper);
    assert_eq!(half.state, Confirmed, "one pass may be hidden by one thing");
    let config = DedupeConfig::default();
    assert!((still_there(&confirmed().incidents()[0].clone(), &config) - 0.95).abs() < 1e-9);
    assert!(still_there(&half, &config) < 0.5 && still_there(&half, &config) > 0.01);
    pass(&mut deduper, "another", 2.0 * HOUR, "....");
    let closed = only(&deduper);
    assert_eq!((closed.state, closed.may_recur()), (Closed, true));
    let last = closed.history.last().unwrap();
    assert!(last.cause.starts_with("closed: looked, not there, in 50"), "{}", last.cause);
    assert_eq!(last.time, second(2.0 * HOUR + 3.0));
}

#[test]
fn a_sighting_between_the_passes_keeps_it_open() {
    let mut deduper = confirmed();
    for hour in 1..6 {
        pass(&mut deduper, "drone", f64::from(hour) * HOUR, "....................");
        pass(&mut deduper, "drone", f64::from(hour) * HOUR + 60.0, "x");
    }
    assert_eq!(only(&deduper).state, Confirmed);
}

#[test]
fn a_fixed_camera_closes_after_two_spans() {
    let mut deduper = confirmed();
    for minute in 0..55 {
        pass(&mut deduper, "camera", 600.0 + f64::from(minute) * 60.0, ".");
        assert_eq!(only(&deduper).state, if minute < 34 { Confirmed } else { Closed }, "{minute}");
        if minute == 34 {
            break;
        }
    }
}

#[test]
fn looks_at_the_edge_too_coarse_or_for_another_class_say_nothing() {
    let narrow = vec![at(-4.0, -200.0), at(200.0, -200.0), at(200.0, 200.0), at(-4.0, 200.0)];
    let far = Eye { at: at(0.0, 0.0), above_ground_m: 1200.0, focal_px: 1000.0 };
    let changes: [fn(&mut Look, Vec<LatLon>, Eye); 3] = [
        |look, narrow, _| look.footprint = Some(narrow),
        |look, _, far| look.eye = Some(far),
        |look, _, _| look.classes = vec!["fume".to_owned()],
    ];
    for change in changes {
        let mut deduper = confirmed();
        for n in 0..200 {
            let mut look = look_at("drone", HOUR * f64::from(1 + n / 50) + f64::from(n));
            change(&mut look, narrow.clone(), far);
            deduper.absorb_frame(&look, Vec::new());
        }
        assert_eq!(only(&deduper).state, Confirmed);
    }
}

#[test]
fn what_is_seen_again_soon_after_its_end_reopens_and_later_is_new() {
    for (hours_later, reopens) in [(11.0, true), (13.0, false)] {
        let mut deduper = confirmed();
        pass(&mut deduper, "drone", HOUR, "..........");
        pass(&mut deduper, "drone", 2.0 * HOUR, "..........");
        let ended = only(&deduper);
        assert_eq!(ended.state, Closed);
        let again = (2.0 + hours_later) * HOUR;
        pass(&mut deduper, "drone", again, "x");
        let states: Vec<_> = deduper.incidents().iter().map(|i| i.state).collect();
        assert_eq!(states, [Closed, Candidate], "one sighting reopens nothing");
        pass(&mut deduper, "drone", again + 1.0, "xxx");
        let first = deduper.incidents()[0].clone();
        assert_eq!(first.id, ended.id);
        assert_eq!(first.state, if reopens { Confirmed } else { Closed });
        let second = deduper.incidents()[1].clone();
        assert_eq!(second.merged_into, reopens.then_some(first.id));
        if reopens {
            assert_eq!(first.observations.len(), 9);
            assert!(first.looks.over_since.is_none() && first.looks.missed.is_empty());
            let causes: Vec<_> = first.history.iter().map(|e| e.cause.as_str()).collect();
            assert!(
                causes.iter().any(|cause| cause.starts_with("reopened: seen again 11.0 h")),
                "{causes:?}"
            );
        }
    }
}

#[test]
fn a_class_may_say_that_nothing_reopens() {
    let mut config = DedupeConfig::default();
    let never = ClassRule { reopen_within_secs: 0.0, ..*config.rule("waterlogging") };
    config.classes.insert("waterlogging".to_owned(), never);
    let mut deduper = Deduper::new(config, Vec::new());
    pass(&mut deduper, "drone", 0.0, "xxxxx");
    pass(&mut deduper, "drone", HOUR, "..........");
    pass(&mut deduper, "drone", 2.0 * HOUR, "..........");
    pass(&mut deduper, "drone", 3.0 * HOUR, "xxxxx");
    let states: Vec<_> = deduper.incidents().iter().map(|i| (i.state, i.merged_into)).collect();
    assert_eq!(states, [(Closed, None), (Confirmed, None)]);
}

#[test]
fn a_run_resumed_from_stored_incidents_ends_and_reopens_alike() {
    let mut whole = confirmed();
    let mut resumed = Deduper::new(DedupeConfig::default(), confirmed().into_incidents());
    let passes = [(1.0, ".........."), (2.0, ".........."), (5.0, "xxxx"), (6.0, "....")];
    for (hour, pattern) in passes {
        pass(&mut whole, "drone", hour * HOUR, pattern);
        resumed = Deduper::new(DedupeConfig::default(), resumed.into_incidents());
        pass(&mut resumed, "drone", hour * HOUR, pattern);
    }
    assert_eq!(whole.into_incidents(), resumed.into_incidents());
}

#[test]
fn after_the_work_one_pass_decides_either_way() {
    let config = DedupeConfig::default();
    let done = second(0.5 * HOUR);
    let mut still = confirmed();
    assert_eq!(since_done(&only(&still), done, &config), None);
    pass(&mut still, "drone", HOUR, "xx");
    assert_eq!(since_done(&only(&still), done, &config), None, "two sightings may be mistaken");
    pass(&mut still, "drone", HOUR + 2.0, "x");
    let expect = SinceThen::StillThere { looks: 3, at: second(HOUR + 2.0) };
    assert_eq!(since_done(&only(&still), done, &config), Some(expect));
    let mut gone = confirmed();
    pass(&mut gone, "drone", HOUR, "....");
    assert_eq!(since_done(&only(&gone), done, &config), None);
    pass(&mut gone, "drone", HOUR + 4.0, ".");
    let expect = SinceThen::NotThere { looks: 5, passes: 1, at: second(HOUR + 4.0) };
    assert_eq!(since_done(&only(&gone), done, &config), Some(expect));
    assert_eq!(since_done(&only(&gone), second(1.5 * HOUR), &config), None, "the pass was before the work");
}

#[test]
fn a_flight_minutes_after_the_work_decides_though_another_looked_minutes_before() {
    let config = DedupeConfig::default();
    let done = second(300.0);
    let mut still = confirmed();
    pass(&mut still, "verify", 320.0, "xxx");
    let expect = SinceThen::StillThere { looks: 3, at: second(322.0) };
    assert_eq!(since_done(&only(&still), done, &config), Some(expect));
    let mut gone = confirmed();
    pass(&mut gone, "drone", 200.0, ".....");
    pass(&mut gone, "verify", 600.0, ".....");
    let expect = SinceThen::NotThere { looks: 5, passes: 1, at: second(604.0) };
    assert_eq!(since_done(&only(&gone), done, &config), Some(expect));
    assert_eq!(only(&gone).state, Confirmed, "without a crew's word both are one half hour");
}

#[test]
fn after_the_work_looks_that_each_come_alone_decide_as_well() {
    let config = DedupeConfig::default();
    let done = second(300.0);
    let (mut still, mut gone) = (confirmed(), confirmed());
    for (look, secs) in [(1, 320.0), (2, 340.0), (3, 360.0), (4, 380.0), (5, 400.0)] {
        pass(&mut still, "tour", secs, "x");
        pass(&mut gone, "tour", secs, ".");
        let told = since_done(&only(&still), done, &config);
        assert_eq!(told.is_some(), look >= 3, "{told:?}");
    }
    let expect = SinceThen::NotThere { looks: 5, passes: 1, at: second(400.0) };
    assert_eq!(since_done(&only(&gone), done, &config), Some(expect));
    assert_eq!(only(&gone).state, Confirmed);
    assert_eq!(since_done(&only(&gone), second(330.0), &config), None, "four looks are too few");
    pass(&mut gone, "tour", 420.0, "x");
    assert_eq!(since_done(&only(&gone), done, &config), None, "seen again");
}

#[test]
fn values_that_cannot_be_are_told_with_their_key() {
    let gone = Gone { passes: 0, pass_secs: f64::NAN, ..Gone::default() };
    let rule = ClassRule { gone, reopen_within_secs: -1.0, ..ClassRule::default() };
    let config = DedupeConfig { any_class: rule, ..DedupeConfig::default() };
    let keys: Vec<_> = config.validate().into_iter().map(|p| p.key).collect();
    assert_eq!(keys, ["any_class.reopen_within_secs", "any_class.gone.passes", "any_class.gone.pass_secs"]);
}

#[test]
fn reviews_against_a_source_ask_for_more_looks_and_never_silence_it() {
    let looks_needed = |against: u32| {
        let mut config = DedupeConfig::default();
        let mut seen = Deduper::new(config.clone(), Vec::new());
        pass(&mut seen, "drone", 0.0, "x");
        (0..against).for_each(|_| config.reviews.add(&only(&seen), false));
        let mut deduper = Deduper::new(config, Vec::new());
        for n in 0..20 {
            pass(&mut deduper, "drone", f64::from(n), "x");
            if only(&deduper).state == Confirmed {
                return n + 1;
            }
        }
        0
    };
    assert_eq!([0, 20, 100_000].map(looks_needed), [3, 4, 4]);
}
