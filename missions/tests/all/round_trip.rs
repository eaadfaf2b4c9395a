//! Planned, written, read: the same flight.

use gis::terrain::FlatGround;
use gis::{EllipsoidHeight, LatLon};
use missions::formats::{Format, read, write};
use missions::orbit::orbit;
use missions::plan::{Action, Finish, HeightReference, LostLink, Nose, Waypoint};
use missions::planner::Planner;
use missions::{Leg, LegKind, Plan};
use proptest::prelude::*;

use crate::support::{m3td, planner, small_plan};

const FORMATS: [Format; 4] = [Format::Kmz, Format::QgcPlan, Format::QgcWpl, Format::GeoJson];

fn assert_comes_back(plan: &Plan) {
    let aircraft = m3td();
    for format in FORMATS {
        let bytes = write(plan, format, &aircraft, 1_780_000_000_000).unwrap();
        let imported = read(&bytes).unwrap();
        assert!(imported.faults.is_empty(), "{format:?}: {:?}", imported.faults);
        assert!(imported.notes.is_empty(), "{format:?}: {:?}", imported.notes);
        assert!(plan.same_flight(&imported.plan), "{format:?}: {plan:#?} {:#?}", imported.plan);
        if format != Format::QgcWpl {
            assert_eq!(plan.legs, imported.plan.legs, "{format:?}");
            assert_eq!(plan.aircraft, imported.plan.aircraft, "{format:?}");
        }
    }
}

#[test]
fn a_survey_an_orbit_and_a_flight_over_known_ground_come_back_from_every_format() {
    let aircraft = m3td();
    assert_comes_back(&small_plan(&aircraft));
    let place = LatLon { lat_deg: 28.951, lon_deg: 118.872 };
    assert_comes_back(&orbit(&planner(&aircraft), place, &["task 7".to_owned()]).unwrap());
    let ground = FlatGround { height: EllipsoidHeight(91.5), sigma_m: 1.0 };
    let planner = Planner { ground: Some(&ground), home: None, ..planner(&aircraft) };
    let area = crate::support::area(&[(0.0, 0.0), (200.0, 0.0), (200.0, 200.0)]);
    let plan = planner.area(&area).unwrap();
    assert_eq!(plan.heights, HeightReference::Ellipsoid);
    assert_comes_back(&plan);
}

#[test]
fn the_same_plan_makes_the_same_bytes() {
    let aircraft = m3td();
    let plan = small_plan(&aircraft);
    for format in FORMATS {
        let write = || write(&plan, format, &aircraft, 5).unwrap();
        assert_eq!(write(), write());
    }
}

fn waypoint() -> impl Strategy<Value = Waypoint> {
    let actions = prop::collection::vec(
        prop_oneof![
            (-90..0_i32).prop_map(|deg| Action::Pitch { deg: f64::from(deg) }),
            Just(Action::Picture),
            Just(Action::RecordStart),
            Just(Action::RecordEnd),
            (1..30_u8).prop_map(|secs| Action::Hover { secs: f64::from(secs) }),
        ],
        0..4,
    );
    let place = (-80.0..80.0_f64, -179.0..179.0_f64);
    let speed = prop::option::of(4..9_u8);
    (place, 5.0..400.0_f64, speed, any::<bool>(), any::<bool>(), actions).prop_map(
        |((lat_deg, lon_deg), height_m, speed, stop, looks, actions)| Waypoint {
            at: LatLon { lat_deg, lon_deg },
            height_m,
            speed_mps: speed.map(f64::from),
            stop,
            nose: if looks { Nose::Towards(LatLon { lat_deg: 10.0, lon_deg: 20.0 }) } else { Nose::Along },
            actions,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_plan_comes_back_from_every_format(
        waypoints in prop::collection::vec(waypoint(), 2..12),
        every in 1.0..60.0_f64,
        finish in prop::sample::select(vec![Finish::GoHome, Finish::Land, Finish::Hover]),
        ellipsoid in any::<bool>(),
    ) {
        let mut plan = Plan {
            aircraft: "m3td".to_owned(),
            home: Some(LatLon { lat_deg: 28.9, lon_deg: 118.8 }),
            heights: if ellipsoid { HeightReference::Ellipsoid } else { HeightReference::TakeOff },
            take_off_height_m: 60.0,
            speed_mps: 11.0,
            finish,
            // MAVLink plans cannot say what an autopilot does when the link is lost.
            lost_link: LostLink::GoHome,
            waypoints,
            legs: Vec::new(),
        };
        let last = plan.waypoints.len() - 1;
        plan.waypoints[0].actions.push(Action::PicturesEvery { metres: every });
        plan.waypoints[last].actions.insert(0, Action::PicturesEnd);
        plan.legs = vec![Leg { first: 0, last, kind: LegKind::Line, serves: vec!["<&\"城管\">".to_owned()] }];
        assert_comes_back(&plan);
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), head in 0..5_usize) {
        let heads: [&[u8]; 5] = [b"", b"PK\x03\x04", b"QGC WPL 110\n", b"<kml>", b"{\"fileType\":\"Plan\","];
        let mut all = heads[head].to_vec();
        all.extend(bytes);
        let _ = read(&all);
    }
}
