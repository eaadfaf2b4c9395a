//! What is made of how long a place was in view before something was seen there, and of its going out of view.

use gis::IncidentState::{Candidate, Confirmed};
use gis::dedupe::{DedupeConfig, Deduper, Existence, InOrder, Look};
use gis::{Incident, Observation};
use jiff::SignedDuration;

use crate::dedupe_scene::{Seen, at, look, observations, second, sheet};

/// Looks a second.
const FPS: f64 = 5.0;

fn config() -> DedupeConfig {
    let existence = Existence {
        prior: 0.1,
        most_against_before: 6.0,
        confirm_at: 0.9995,
        confirm_out_of_view_at: Some(0.95),
        ..Existence::default()
    };
    DedupeConfig { existence, ..DedupeConfig::default() }
}

/// A pass at 8 m a second over the origin, 100 m of ground in view: the origin is in view from frame 31 to frame 93.
fn pass(source: &str, shows: impl Fn(u64) -> bool) -> Vec<(Look, Vec<Observation>)> {
    let frame = |n: u64| {
        let (time, north_m) = (second(n as f64 / FPS), 1.6 * n as f64 - 100.0);
        let ring = [(-50.0, -50.0), (50.0, -50.0), (50.0, 50.0), (-50.0, 50.0)];
        let footprint = Some(ring.map(|(e, n)| at(e, n + north_m)).to_vec());
        let seen: Vec<Seen> = if shows(n) { vec![spot(source, n)] } else { Vec::new() };
        (Look { time, footprint, ..look(source, n) }, observations(seen))
    };
    (0..120).map(frame).collect()
}

fn spot(source: &str, frame: u64) -> Seen {
    let mut seen = sheet(source, frame, (0.0, 0.0), (10.0, 10.0)).score(0.9);
    seen.observation.time = second(frame as f64 / FPS);
    seen
}

fn after(frames: &[(Look, Vec<Observation>)], config: DedupeConfig) -> Vec<Incident> {
    let mut deduper = Deduper::new(config, Vec::new());
    for (look, seen) in frames {
        deduper.absorb_frame(look, seen.clone());
    }
    deduper.into_incidents()
}

fn only(incidents: &[Incident]) -> &Incident {
    assert_eq!(incidents.len(), 1);
    &incidents[0]
}

#[test]
fn what_is_seen_as_soon_as_its_place_comes_into_view_is_likelier_than_what_is_seen_late() {
    let nats = |first: u64| {
        let frames = pass("drone", |n| (first..first + 10).contains(&n));
        only(&after(&frames[..=first as usize], config())).looks.nats
    };
    let usual = Existence::default();
    assert!((nats(33) - (usual.detect / usual.detect_mistaken).ln()).abs() < 1e-9, "{}", nats(33));
    assert!(nats(38) < nats(33) && nats(50) < nats(38));
    assert!((nats(50) - nats(80)).abs() < 1e-9, "no more than 6 nats are held against it");
    let without = Existence { most_against_before: 0.0, ..config().existence };
    let late = pass("drone", |n| n == 80);
    let config = DedupeConfig { existence: without, ..config() };
    assert!((only(&after(&late[..=80], config)).looks.nats - nats(33)).abs() < 1e-9);
}

#[test]
fn a_glimpse_is_believed_as_it_goes_out_of_view_and_not_before() {
    // The last four frames in which the far edge of the picture shows the place.
    let frames: Vec<_> = pass("drone", |n| (33..39).contains(&n))
        .into_iter()
        .map(|(mut look, seen)| {
            if look.frame_index >= 39 {
                look.footprint =
                    Some([(400.0, 0.0), (500.0, 0.0), (500.0, 90.0)].map(|(e, n)| at(e, n)).to_vec());
            }
            (look, seen)
        })
        .collect();
    assert_eq!(only(&after(&frames[..39], config())).state, Candidate);
    let incidents = after(&frames[..40], config());
    assert_eq!(only(&incidents).state, Confirmed);
    let cause = &only(&incidents).history.last().unwrap().cause;
    assert!(cause.starts_with("confirmed as it went out of view: seen 6 times, there with 0.9"), "{cause}");
    let never = Existence { confirm_out_of_view_at: None, ..config().existence };
    let config = DedupeConfig { existence: never, ..config() };
    assert_eq!(only(&after(&frames, config)).state, Candidate);
}

#[test]
fn a_source_whose_clock_is_hours_away_does_not_keep_a_glimpse_from_being_believed() {
    let mut frames = pass("drone", |n| (33..39).contains(&n));
    frames.drain(39..94);
    let hours = SignedDuration::from_hours(5);
    let beside = frames.iter().map(|(seen, _)| Look {
        source: "street".to_owned(),
        time: seen.time + hours,
        footprint: None,
        ..seen.clone()
    });
    let mixed = frames.iter().cloned().zip(beside).flat_map(|(own, other)| [own, (other, Vec::new())]);
    assert_eq!(only(&after(&mixed.collect::<Vec<_>>(), config())).state, Confirmed);
}

#[test]
fn a_glimpse_is_believed_when_the_recording_ends_with_it_in_view_and_a_doubtful_one_is_not() {
    let at_the_end = |shows: std::ops::Range<u64>| {
        let mut deduper = Deduper::new(config(), Vec::new());
        for (look, seen) in &pass("drone", |n| shows.contains(&n))[..=shows.end as usize] {
            deduper.absorb_frame(look, seen.clone());
        }
        deduper.end_of_looks();
        let state = only(&deduper.clone().into_incidents()).state;
        deduper.end_of_looks();
        assert_eq!(only(&deduper.into_incidents()).state, state, "it ends once");
        state
    };
    assert_eq!(at_the_end(33..39), Confirmed);
    assert_eq!(at_the_end(60..66), Candidate);
    assert_eq!(at_the_end(33..35), Candidate);
}

#[test]
fn what_only_lasts_a_while_in_the_middle_of_a_pass_is_not_believed() {
    let frames = pass("drone", |n| (60..70).contains(&n));
    assert!(only(&after(&frames, config())).state != Confirmed);
}

#[test]
fn two_sightings_are_too_few_wherever_they_are() {
    let mut frames = pass("drone", |n| (33..35).contains(&n));
    frames.drain(35..110);
    assert_eq!(only(&after(&frames, config())).state, Candidate);
}

#[test]
fn looks_of_a_view_that_does_not_move_say_less_where_the_city_says_so() {
    let nats = |still: Option<f64>| {
        let existence = Existence { independent_after_still_secs: still, ..Existence::default() };
        let mut deduper = Deduper::new(DedupeConfig { existence, ..DedupeConfig::default() }, Vec::new());
        for frame in 0..5 {
            let seen = sheet("camera", frame, (0.0, 0.0), (10.0, 10.0));
            deduper.absorb_frame(&look("camera", frame), observations(vec![seen]));
        }
        deduper.incidents()[0].looks.nats
    };
    assert!((nats(Some(2.5)) - nats(None) * (1.0 + 4.0 * 0.4) / 5.0).abs() < 1e-9);
}

#[test]
fn frames_out_of_order_end_in_the_same_incidents() {
    let mut frames = pass("drone", |n| (33..39).contains(&n) || n == 70);
    frames.extend(pass("other", |n| (60..90).contains(&n) && n % 3 > 0));
    frames.sort_by(|a, b| (a.0.time, &a.0.source).cmp(&(b.0.time, &b.0.source)));
    let mut deduper = InOrder::new(config(), Vec::new(), SignedDuration::from_mins(5));
    for part in frames.chunks(23) {
        for (look, seen) in part.iter().rev() {
            deduper.absorb_frame(look, seen.clone());
        }
    }
    let found: Vec<Incident> = deduper.incidents().into_iter().cloned().collect();
    assert_eq!(found, after(&frames, config()));
}

#[test]
fn a_deduper_that_is_given_the_recent_looks_goes_on_as_if_it_had_not_stopped() {
    let frames = pass("drone", |n| (50..75).contains(&n));
    let whole = after(&frames, config());
    for stop in [40, 52, 80] {
        let mut deduper = Deduper::new(config(), Vec::new());
        for (look, seen) in &frames[..stop] {
            deduper.absorb_frame(look, seen.clone());
        }
        let recent = deduper.recent().clone();
        let mut again = Deduper::new(config(), deduper.into_incidents()).with_recent(recent);
        for (look, seen) in &frames[stop..] {
            again.absorb_frame(look, seen.clone());
        }
        assert_eq!(again.into_incidents(), whole, "{stop}");
    }
}
