//! The same input gives the same incidents: again, in pieces, and whatever the values.

use gis::dedupe::{AbsorbedKind, DedupeConfig, Deduper, Look};
use gis::{Footprint, Incident, LatLon, Location};
use proptest::prelude::*;

use crate::dedupe_scene::{Seen, look, observations, sheet};

/// A busy minute: neighbours, parts, fragments, a moving bias, two sources, unlocated things.
fn busy(frames: u64) -> Vec<(Look, Vec<Seen>)> {
    (0..frames)
        .map(|f| {
            let t = f as f64;
            let (east, north) = (3.0 * (t * 0.7).sin(), 2.0 * (t * 0.4).cos());
            let source = if f % 3 == 0 { "a" } else { "b" };
            let mut seen = vec![
                sheet(source, f, (east, north), (12.0 + t / 10.0, 9.0)).score(0.5 + 0.4 * (t * 0.9).sin()),
                sheet(source, f, (east + 25.0, north), (12.0, 14.0)),
            ];
            if f % 4 == 0 {
                seen.push(sheet(source, f, (60.0 + t, north), (30.0, 6.0)).truncated());
                seen.push(sheet(source, f, (1.0, 1.0), (3.0, 3.0)).unlocated());
            }
            if f % 7 == 0 {
                seen.push(sheet(source, f, (12.0 + east, north), (40.0, 8.0)).ce90(12.0));
            }
            (look(source, f), seen)
        })
        .collect()
}

fn absorb_all(deduper: &mut Deduper, frames: &[(Look, Vec<Seen>)]) {
    for (look, seen) in frames {
        deduper.absorb_frame(look, observations(seen.clone()));
    }
}

fn json(incidents: &[Incident]) -> String {
    serde_json::to_string_pretty(incidents).unwrap()
}

#[test]
fn analysing_twice_changes_nothing() {
    let frames = busy(40);
    let mut once = Deduper::new(DedupeConfig::default(), Vec::new());
    absorb_all(&mut once, &frames);
    let first = json(&once.clone().into_incidents());
    let mut again = Deduper::new(DedupeConfig::default(), once.clone().into_incidents());
    absorb_all(&mut again, &frames);
    assert!(again.take_changed().is_empty());
    assert_eq!(json(&again.into_incidents()), first);
    absorb_all(&mut once, &frames);
    assert_eq!(json(&once.into_incidents()), first);
}

#[test]
fn a_run_resumed_from_stored_incidents_equals_one_that_did_not_stop() {
    let frames = busy(40);
    let mut through = Deduper::new(DedupeConfig::default(), Vec::new());
    absorb_all(&mut through, &frames);
    let expect = json(&through.into_incidents());
    for cut in [1, 7, 20, 39] {
        let mut before = Deduper::new(DedupeConfig::default(), Vec::new());
        absorb_all(&mut before, &frames[..cut]);
        let stored: Vec<Incident> = serde_json::from_str(&json(&before.into_incidents())).unwrap();
        let mut after = Deduper::new(DedupeConfig::default(), stored);
        absorb_all(&mut after, &frames[cut..]);
        let resumed = json(&after.into_incidents());
        let differs = resumed.lines().zip(expect.lines()).enumerate().find(|(_, (a, b))| a != b);
        assert!(resumed == expect, "cut at {cut}: {differs:?}");
    }
}

type Spoil = Box<dyn Fn(&mut gis::Observation)>;

#[test]
fn values_that_are_not_finite_are_refused_with_the_reason() {
    let cases: Vec<(&str, Spoil)> = vec![
        ("score", Box::new(|o| o.score = f64::NAN)),
        ("position", Box::new(|o| ground(o).point.lat_lon.lat_deg = f64::NAN)),
        ("position", Box::new(|o| ground(o).point.lat_lon.lon_deg = 200.0)),
        ("height", Box::new(|o| ground(o).point.height.0 = f64::INFINITY)),
        ("covariance", Box::new(|o| ground(o).covariance_enu_m2[(0, 0)] = f64::NAN)),
        ("covariance", Box::new(|o| ground(o).covariance_enu_m2[(1, 1)] = -4.0)),
        ("footprint corner", Box::new(|o| o.footprint.as_mut().unwrap().ring[1].lat_deg = f64::NAN)),
        ("footprint area", Box::new(|o| o.footprint.as_mut().unwrap().area_m2 = f64::NAN)),
        ("footprint has 2", Box::new(|o| o.footprint.as_mut().unwrap().ring.truncate(2))),
        ("footprint is", Box::new(|o| o.footprint.as_mut().unwrap().ring[1].lat_deg = -28.0)),
        ("class", Box::new(|o| o.class.clear())),
        ("time error", Box::new(|o| o.time_quality.sigma_millis = f64::NAN)),
    ];
    for (word, spoil) in cases {
        let mut deduper = Deduper::new(DedupeConfig::default(), Vec::new());
        let mut observation = sheet("a", 0, (0.0, 0.0), (9.0, 9.0)).observation;
        spoil(&mut observation);
        let absorbed = deduper.absorb_frame(&look("a", 0), vec![observation]);
        assert_eq!(absorbed[0].kind, AbsorbedKind::Refused);
        assert!(
            absorbed[0].incident.is_none() && absorbed[0].reason.starts_with(word),
            "{}",
            absorbed[0].reason
        );
        assert!(deduper.incidents().is_empty());
    }
}

fn ground(observation: &mut gis::Observation) -> &mut gis::GroundPosition {
    match &mut observation.location {
        Location::Ground(position) => position,
        Location::Unlocated { .. } => panic!("the scene's sheets are located"),
    }
}

fn wild_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -200.0..200.0,
        1 => prop::num::f64::NORMAL | prop::num::f64::ZERO | prop::num::f64::SUBNORMAL | prop::num::f64::INFINITE
            | prop::num::f64::QUIET_NAN,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn absorbing_twice_is_absorbing_once(
        spots in prop::collection::vec((-80.0..80.0, -80.0..80.0, 1.0..40.0, 1.0..20.0, 0.5..40.0, any::<bool>()), 1..25),
        per_frame in 1_usize..5,
    ) {
        let frames: Vec<(Look, Vec<Seen>)> = spots
            .chunks(per_frame)
            .enumerate()
            .map(|(frame, spots)| {
                let frame = frame as u64;
                let seen = spots.iter().map(|(east, north, width, depth, ce90, cut)| {
                    let seen = sheet("a", frame, (*east, *north), (*width, *depth)).ce90(*ce90);
                    if *cut { seen.truncated() } else { seen }
                });
                (look("a", frame), seen.collect())
            })
            .collect();
        let mut deduper = Deduper::new(DedupeConfig::default(), Vec::new());
        absorb_all(&mut deduper, &frames);
        let once = json(&deduper.clone().into_incidents());
        absorb_all(&mut deduper, &frames);
        prop_assert_eq!(&json(&deduper.clone().into_incidents()), &once);
        let mut stored = Deduper::new(DedupeConfig::default(), deduper.into_incidents());
        absorb_all(&mut stored, &frames);
        prop_assert_eq!(json(&stored.into_incidents()), once);
    }

    #[test]
    fn every_observation_belongs_to_exactly_one_incident(
        spots in prop::collection::vec((-60.0..60.0, -60.0..60.0, 1.0..40.0, 0.5..30.0), 1..30),
        per_frame in 1_usize..5,
    ) {
        let mut deduper = Deduper::new(DedupeConfig::default(), Vec::new());
        for (frame, spots) in spots.chunks(per_frame).enumerate() {
            let seen = spots.iter().map(|(e, n, w, ce90)| sheet("a", frame as u64, (*e, *n), (*w, 8.0)).ce90(*ce90));
            deduper.absorb_frame(&look("a", frame as u64), observations(seen.collect()));
        }
        let incidents = deduper.into_incidents();
        let held: usize = incidents.iter().filter(|i| i.merged_into.is_none()).map(|i| i.observations.len()).sum();
        prop_assert_eq!(held, spots.len());
    }

    #[test]
    fn two_spots_beyond_reach_never_merge(
        apart in 45.0..120.0,
        bearing in 0.0..std::f64::consts::TAU,
        errors in prop::collection::vec((-3.0..3.0, -3.0..3.0, 2.0..10.0), 2..24),
    ) {
        let mut deduper = Deduper::new(DedupeConfig::default(), Vec::new());
        let mut ids = [Vec::new(), Vec::new()];
        for (frame, (east, north, ce90)) in errors.iter().enumerate() {
            let (sin, cos) = bearing.sin_cos();
            let (e, n) = if frame % 2 == 0 { (0.0, 0.0) } else { (apart * cos, apart * sin) };
            let seen = sheet("a", frame as u64, (e + east, n + north), (12.0, 12.0)).ce90(*ce90);
            ids[frame % 2].push(seen.observation.id);
            deduper.absorb_frame(&look("a", frame as u64), vec![seen.observation]);
        }
        for incident in deduper.incidents() {
            let of = |spot: usize| incident.observations.iter().any(|id| ids[spot].contains(id));
            prop_assert!(of(0) != of(1), "{incident:?}");
        }
    }

    #[test]
    fn no_value_makes_it_panic(
        numbers in prop::collection::vec(wild_number(), 40),
        corners in 0_usize..9,
        cut in any::<bool>(),
    ) {
        let mut deduper = Deduper::new(DedupeConfig::default(), Vec::new());
        for frame in 0..3_u64 {
            let mut number = numbers.iter().copied().cycle().skip(frame as usize);
            let mut next = || number.next().unwrap_or(0.0);
            let mut observation = sheet("a", frame, (0.0, 0.0), (9.0, 9.0)).observation;
            let position = ground(&mut observation);
            position.point.lat_lon = LatLon { lat_deg: next(), lon_deg: next() };
            position.point.height.0 = next();
            for (row, column) in [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)] {
                let entry = next();
                position.covariance_enu_m2[(row, column)] = entry;
                position.covariance_enu_m2[(column, row)] = entry;
            }
            let ring = (0..corners).map(|_| LatLon { lat_deg: next(), lon_deg: next() }).collect();
            observation.footprint = Some(Footprint { ring, area_m2: next(), truncated: cut });
            let near = sheet("a", frame, (1.0, 0.0), (9.0, 9.0)).observation;
            let ring = (0..corners).map(|_| LatLon { lat_deg: next(), lon_deg: next() }).collect();
            let look = Look { footprint: Some(ring), ..look("a", frame) };
            let absorbed = deduper.absorb_frame(&look, vec![observation, near]);
            prop_assert_eq!(absorbed.len(), 2);
        }
        let text = json(&deduper.into_incidents());
        prop_assert!(!text.contains("null,\n          null"));
    }
}
