//! What was seen of an area, by hand-made ground that was looked at.

use geo::{Area as _, BooleanOps};
use gis::LatLon;
use gis::dedupe::LookedAt;
use jiff::{SignedDuration, Timestamp};
use missions::area::Area;
use missions::proof::proof;
use proptest::prelude::*;

const GSD_M: f64 = 0.025;
/// Share of an area by which cuts of polygons round: corners lie on a grid of whole numbers meanwhile.
const ROUNDING: f64 = 1e-6;

/// A square of 200 m on the equator side of Quzhou, and a view of a part of it by shares of its sides.
fn area() -> Area {
    Area::from_geojson(
        r#"{"type":"Polygon","coordinates":[[[118.868,28.968],[118.870,28.968],[118.870,28.970],[118.868,28.970],[118.868,28.968]]]}"#,
    )
    .unwrap()
}

fn view(west: f64, east: f64, minute: i64, gsd_m: Option<f64>) -> LookedAt {
    let at = |lon_share: f64, lat_deg: f64| LatLon { lat_deg, lon_deg: 118.868 + 0.002 * lon_share };
    let from = Timestamp::from_second(1_781_921_700).unwrap() + SignedDuration::from_mins(minute);
    LookedAt {
        source: "dock-03".to_owned(),
        minute: from,
        from,
        to: from + SignedDuration::from_secs(59),
        looks: 300,
        gsd_m,
        rings: vec![vec![at(west, 28.967), at(east, 28.967), at(east, 28.971), at(west, 28.971)]],
    }
}

#[test]
fn what_is_seen_finely_coarsely_and_never_adds_up_and_the_hole_is_what_is_left() {
    let area = area();
    let views = [view(0.0, 0.5, 0, Some(0.02)), view(0.4, 0.7, 1, Some(0.04)), view(2.0, 3.0, 2, Some(0.02))];
    let proof = proof(&area, &views, GSD_M);
    let near = |is: f64, expected: f64| assert!((is - expected).abs() < ROUNDING, "{is} {expected}");
    near(proof.share(), 0.5);
    near(proof.coarse_m2 / proof.asked_m2, 0.2);
    near(proof.unseen_m2() / proof.asked_m2, 0.3);
    assert_eq!(proof.passes.len(), 2, "who looked elsewhere is not told of");
    assert_eq!(proof.passes[1].gsd_m, Some(0.04));
    let hole = area.plane.metres_of(&proof.holes);
    near(hole.unsigned_area() / proof.asked_m2, 0.5);
}

#[test]
fn a_distance_that_is_not_known_proves_nothing_and_nothing_seen_is_one_hole() {
    let area = area();
    let unknown = proof(&area, &[view(0.0, 1.0, 0, None)], GSD_M);
    assert_eq!((unknown.share(), unknown.passes.len()), (0.0, 1));
    assert!((unknown.coarse_m2 / unknown.asked_m2 - 1.0).abs() < ROUNDING);
    let nothing = proof(&area, &[], GSD_M);
    let beyond = area.plane.metres_of(&nothing.holes).difference(&area.shape);
    assert!(beyond.unsigned_area() / nothing.asked_m2 < ROUNDING);
    assert_eq!(nothing.holes.0.len(), 1);
}

proptest! {
    #[test]
    fn more_looks_never_prove_less(cuts in proptest::collection::vec((-0.2..1.2_f64, 0.05..0.5_f64, any::<bool>()), 1..8)) {
        let area = area();
        let views: Vec<LookedAt> = cuts.iter().enumerate()
            .map(|(at, (west, width, fine))| view(*west, west + width, at as i64, Some(if *fine { 0.02 } else { 0.05 })))
            .collect();
        let mut before = 0.0;
        for count in 0..=views.len() {
            let proof = proof(&area, &views[..count], GSD_M);
            prop_assert!(proof.share() >= before - ROUNDING);
            prop_assert!(proof.seen_m2 + proof.coarse_m2 <= proof.asked_m2 * (1.0 + ROUNDING));
            before = proof.share();
        }
    }
}
