//! Which sightings become one incident, and which stay apart.

use gis::dedupe::{AbsorbedKind, DedupeConfig, Deduper, Look};
use gis::{Incident, IncidentState};

use crate::dedupe_scene::{Seen, look, metres, observations, second, sheet};

fn run(frames: Vec<(Look, Vec<Seen>)>) -> Vec<Incident> {
    let mut deduper = Deduper::new(DedupeConfig::default(), Vec::new());
    for (look, seen) in frames {
        deduper.absorb_frame(&look, observations(seen));
    }
    deduper.into_incidents()
}

fn open(incidents: &[Incident]) -> Vec<&Incident> {
    incidents.iter().filter(|incident| incident.is_open()).collect()
}

fn position(incident: &Incident) -> (f64, f64) {
    metres(incident.position.unwrap().point.lat_lon)
}

/// Position errors of a flight, metres: a slow wander of a few metres, as GNSS does.
fn wander(frame: u64) -> (f64, f64) {
    let t = frame as f64;
    (2.5 * (t * 0.37).sin() + 1.0, 2.0 * (t * 0.23).cos() - 0.5)
}

#[test]
fn one_sheet_seen_in_twenty_frames_is_one_confirmed_incident() {
    let frames = (0..20).map(|frame| {
        let (east, north) = wander(frame);
        (look("drone", frame), vec![sheet("drone", frame, (east, north), (12.0, 9.0))])
    });
    let incidents = run(frames.collect());
    assert_eq!(incidents.len(), 1);
    assert_eq!(incidents[0].state, IncidentState::Confirmed);
    assert_eq!((incidents[0].sightings, incidents[0].observations.len()), (20, 20));
    let (east, north) = position(&incidents[0]);
    assert!(east.hypot(north) < 3.0, "{east} {north}");
    assert_eq!(incidents[0].cell.as_ref().unwrap().len(), 15);
}

#[test]
fn two_sheets_25_m_apart_stay_two_whether_seen_together_or_in_turn() {
    for ce90_m in [2.0, 5.0, 10.0] {
        for together in [true, false] {
            let frames = (0..20).map(|frame| {
                let (east, north) = wander(frame);
                let both = vec![
                    sheet("drone", frame, (east, north), (14.0, 10.0)).ce90(ce90_m),
                    sheet("drone", frame, (east + 25.0, north), (18.0, 12.0)).ce90(ce90_m),
                ];
                let one_of_them = vec![both[(frame / 10) as usize].clone()];
                (look("drone", frame), if together { both } else { one_of_them })
            });
            let incidents = run(frames.collect());
            assert_eq!(incidents.len(), 2, "CE90 {ce90_m} together {together}");
            assert!(incidents.iter().all(|i| i.state == IncidentState::Confirmed));
        }
    }
}

#[test]
fn a_jump_of_the_whole_flight_does_not_swap_or_double_two_neighbours() {
    // All of the second half is 11 m further east: each sheet lies nearer to where the other was.
    let frames = (0..12).map(|frame| {
        let jump = if frame < 6 { 0.0 } else { 11.0 };
        let seen = [0.0, 20.0].map(|east| sheet("drone", frame, (east + jump, 0.0), (8.0, 8.0)).ce90(12.0));
        (look("drone", frame), seen.to_vec())
    });
    let incidents = run(frames.collect());
    assert_eq!(incidents.len(), 2);
    assert!(incidents.iter().all(|i| i.observations.len() == 12));
}

#[test]
fn classes_are_never_mixed() {
    let frames = (0..5).map(|frame| {
        let seen = ["waterlogging", "dumping"].map(|class| {
            let mut seen = sheet("drone", frame, (0.0, 0.0), (8.0, 8.0)).class(class);
            seen.observation.id.0 =
                uuid::Uuid::from_u128(u128::from(frame) * 2 + u128::from(class.len() == 7));
            seen
        });
        (look("drone", frame), seen.to_vec())
    });
    let incidents = run(frames.collect());
    assert_eq!(incidents.len(), 2);
}

#[test]
fn another_aircraft_with_another_bias_finds_the_same_sheet() {
    let mut frames: Vec<_> =
        (0..5).map(|f| (look("a", f), vec![sheet("a", f, (2.0, 1.0), (15.0, 10.0))])).collect();
    frames.extend((0..5).map(|f| {
        let seen = sheet("b", f, (-3.0, -1.0), (15.0, 10.0)).shift_secs(600.0);
        (Look { time: second(f as f64 + 600.0), ..look("b", f) }, vec![seen])
    }));
    let incidents = run(frames);
    assert_eq!(incidents.len(), 1);
    assert_eq!(incidents[0].sources, ["a", "b"]);
}

#[test]
fn parts_of_a_60_m_sheet_join_and_the_whole_decides_the_position() {
    // The aircraft flies along the sheet; each picture shows 30 m of it.
    let mut frames: Vec<_> = (0..7)
        .map(|f| {
            let middle = 15.0 + 5.0 * f as f64;
            (look("drone", f), vec![sheet("drone", f, (middle, 0.0), (30.0, 8.0)).truncated()])
        })
        .collect();
    let parts = run(frames.clone());
    assert_eq!(parts.len(), 1);
    assert!((parts[0].area_m2.unwrap() - 480.0).abs() < 5.0, "{:?}", parts[0].area_m2);
    assert!(parts[0].footprint.as_ref().unwrap().truncated);
    assert!((position(&parts[0]).0 - 30.0).abs() < 1.0);

    frames.extend((7..10).map(|f| (look("drone", f), vec![sheet("drone", f, (30.0, 0.0), (60.0, 8.0))])));
    frames.push((look("drone", 10), vec![sheet("drone", 10, (5.0, 0.0), (10.0, 8.0)).truncated()]));
    let whole = run(frames);
    assert_eq!(whole.len(), 1);
    let (east, north) = position(&whole[0]);
    assert!((east - 30.0).abs() < 0.5 && north.abs() < 0.5, "{east} {north}");
    assert!((whole[0].area_m2.unwrap() - 480.0).abs() < 1.0);
    assert!(!whole[0].footprint.as_ref().unwrap().truncated);
}

#[test]
fn a_long_sheet_is_found_from_either_end_and_from_a_fragment() {
    for fragment_east in [-28.0, 28.0] {
        let mut frames: Vec<_> =
            (0..4).map(|f| (look("a", f), vec![sheet("a", f, (0.0, 0.0), (64.0, 8.0))])).collect();
        let end = sheet("b", 100, (fragment_east, 0.5), (6.0, 6.0)).ce90(2.0);
        frames.push((look("b", 100), vec![end]));
        let incidents = run(frames);
        assert_eq!(incidents.len(), 1, "fragment at {fragment_east}");
        assert!((incidents[0].area_m2.unwrap() - 512.0).abs() < 1.0);
        assert!(position(&incidents[0]).0.abs() < 0.1, "a fragment does not move the whole");
    }
}

#[test]
fn a_sheet_that_grows_for_a_minute_is_one_and_shows_its_present_size() {
    let frames = (0..120).map(|frame| {
        let side = 2.0 + 18.0 * frame as f64 / 119.0;
        // It spreads to the north-east from its south-west corner.
        let seen =
            sheet("street", frame, (side / 2.0, side / 2.0), (side, side)).shift_secs(-(frame as f64) / 2.0);
        (Look { time: second(frame as f64 / 2.0), ..look("street", frame) }, vec![seen])
    });
    let incidents = run(frames.collect());
    assert_eq!(incidents.len(), 1);
    let area = incidents[0].area_m2.unwrap();
    assert!((370.0..=400.0).contains(&area), "{area}");
    assert_eq!(incidents[0].sightings, 120);
}

#[test]
fn a_sheet_behind_a_lorry_shows_as_two_masks_and_stays_one() {
    let mut frames: Vec<_> =
        (0..4).map(|f| (look("street", f), vec![sheet("street", f, (0.0, 0.0), (20.0, 8.0))])).collect();
    frames.extend((4..8).map(|f| {
        let halves = [-7.0, 7.0].map(|east| sheet("street", f, (east, 0.0), (6.0, 8.0)));
        (look("street", f), halves.to_vec())
    }));
    let incidents = run(frames);
    assert_eq!(incidents.len(), 1);
    assert_eq!((incidents[0].sightings, incidents[0].observations.len()), (8, 12));
    assert!((incidents[0].area_m2.unwrap() - 160.0).abs() < 1e-9, "parts do not shrink the whole");
    assert!(position(&incidents[0]).0.abs() < 0.1);
}

#[test]
fn sheets_that_grow_together_become_the_older_one() {
    let mut frames: Vec<_> = (0..4)
        .map(|f| {
            let mut seen = vec![sheet("street", f, (0.0, 0.0), (8.0, 8.0))];
            if f > 0 {
                seen.push(sheet("street", f, (14.0, 0.0), (8.0, 8.0)));
            }
            (look("street", f), seen)
        })
        .collect();
    frames.extend((4..9).map(|f| (look("street", f), vec![sheet("street", f, (7.0, 0.0), (24.0, 8.0))])));
    let incidents = run(frames);
    assert_eq!(incidents.len(), 2);
    let [older, younger] = [&incidents[0], &incidents[1]];
    assert_eq!((older.state, younger.state), (IncidentState::Confirmed, IncidentState::Closed));
    assert_eq!(younger.merged_into, Some(older.id));
    assert_eq!(older.observations.len(), 4 + 3 + 5);
    assert!(older.history.last().unwrap().cause.starts_with("took over incident"));
    assert!(younger.history.last().unwrap().cause.starts_with("closed: merged into incident"));
}

#[test]
fn fifty_frames_of_one_flight_are_no_better_than_its_bias() {
    let frames =
        (0..50).map(|f| (look("drone", f), vec![sheet("drone", f, (0.0, 0.0), (9.0, 9.0))])).collect();
    let incidents = run(frames);
    let covariance = incidents[0].position.unwrap().covariance_enu_m2;
    let ce90_m = 2.146 * covariance[(0, 0)].sqrt();
    // 5 m each: half of the variance is shared by the flight, so that at least 3.5 m remain.
    assert!((3.5..4.5).contains(&ce90_m), "{ce90_m}");
}

#[test]
fn a_hundred_sightings_of_one_flight_do_not_claim_centimetres() {
    let bias_m2 = nalgebra::Matrix3::from_diagonal(&nalgebra::Vector3::new(4.0, 1.0, 2.0));
    let frames = (0..100)
        .map(|f| {
            let mut seen = sheet("drone", f, (0.0, 0.0), (9.0, 9.0));
            if let gis::Location::Ground(position) = &mut seen.observation.location {
                position.bias_covariance_enu_m2 = bias_m2;
            }
            (look("drone", f), vec![seen])
        })
        .collect();
    let incidents = run(frames);
    assert_eq!(incidents.len(), 1);
    let position = incidents[0].position.unwrap();
    for part in [position.covariance_enu_m2, position.bias_covariance_enu_m2] {
        let beyond = (part - bias_m2).symmetric_eigenvalues().min();
        assert!(beyond > -1e-9, "the fused error {part} falls below the bias");
    }
    assert!(position.covariance_enu_m2[(0, 0)] < 5.0, "what differs between frames is averaged");
}

#[test]
fn a_better_source_outweighs_a_worse_one() {
    let mut frames: Vec<_> = (0..5)
        .map(|f| (look("poor", f), vec![sheet("poor", f, (6.0, 0.0), (9.0, 9.0)).ce90(15.0)]))
        .collect();
    frames.extend(
        (10..15).map(|f| (look("good", f), vec![sheet("good", f, (0.0, 0.0), (9.0, 9.0)).ce90(1.0)])),
    );
    let incidents = run(frames);
    assert_eq!(incidents.len(), 1);
    assert!(position(&incidents[0]).0.abs() < 0.3);
}

#[test]
fn a_sheet_seen_after_the_longest_time_is_new() {
    let later = 36.0 * 3600.0 + 60.0;
    let mut frames: Vec<_> =
        (0..3).map(|f| (look("a", f), vec![sheet("a", f, (0.0, 0.0), (9.0, 9.0))])).collect();
    let again = sheet("a", 9, (0.0, 0.0), (9.0, 9.0)).shift_secs(later);
    frames.push((Look { time: second(9.0 + later), ..look("a", 9) }, vec![again]));
    assert_eq!(open(&run(frames)).len(), 2);
}

#[test]
fn things_without_an_outline_join_by_distance() {
    let frames = (0..6).map(|f| {
        let (east, north) = wander(f);
        let seen = [0.0, 40.0].map(|e| sheet("a", f, (east + e, north), (1.0, 1.0)).without_outline());
        (look("a", f), seen.to_vec())
    });
    let incidents = run(frames.collect());
    assert_eq!(incidents.len(), 2);
    assert!(incidents.iter().all(|i| i.footprint.is_none() && i.area_m2.is_none()));
}

#[test]
fn every_decision_says_why() {
    let mut deduper = Deduper::new(DedupeConfig::default(), Vec::new());
    let first = sheet("a", 0, (0.0, 0.0), (9.0, 9.0));
    let new = deduper.absorb_frame(&look("a", 0), observations(vec![first.clone()]));
    let joined =
        deduper.absorb_frame(&look("a", 1), observations(vec![sheet("a", 1, (1.0, 0.0), (9.0, 9.0))]));
    let known = deduper.absorb_frame(&look("a", 0), observations(vec![first]));
    assert_eq!((new[0].kind, new[0].reason.as_str()), (AbsorbedKind::New, "no known incident fits"));
    assert_eq!(joined[0].kind, AbsorbedKind::Joined);
    assert!(joined[0].reason.starts_with("distance 0."), "{}", joined[0].reason);
    assert_eq!((known[0].kind, known[0].incident), (AbsorbedKind::Known, new[0].incident));
}
