//! What holds for any area.

use geo::{Buffer, Contains, Coord, Line};
use missions::area::Area;
use missions::coverage::coverage;
use missions::estimate::estimate;
use proptest::prelude::*;

use crate::support::{PROFILES, area, m3td, planner};
use missions::Aircraft;

/// Corners around a middle, each in its own sector: concave, never crossing itself.
fn field() -> impl Strategy<Value = Vec<(f64, f64)>> {
    prop::collection::vec((0.0..0.6_f64, 80.0..400.0_f64), 5..12).prop_map(|corners| {
        let count = corners.len() as f64;
        let place = |(k, (part, radius)): (usize, &(f64, f64))| {
            let angle = (k as f64 + part) / count * std::f64::consts::TAU;
            (radius * angle.cos(), radius * angle.sin())
        };
        corners.iter().enumerate().map(place).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn legs_stay_inside_the_area_widened_by_half_a_swath_and_see_all_of_it(corners in field()) {
        let aircraft = m3td();
        let planner = planner(&aircraft);
        let asked = area(&corners);
        let geometry = planner.geometry().unwrap();
        let plan = planner.area(&asked).unwrap();
        let wide = asked.shape.buffer(geometry.spacing_m / 2.0 + 0.05);
        for leg in &plan.legs {
            let ends = [leg.first, leg.last].map(|k| asked.plane.metres(plan.waypoints[k].at));
            prop_assert!(wide.contains(&Line::new(ends[0], ends[1])), "{ends:?}");
        }
        let seen = coverage(&plan, &aircraft, &asked, None, (0.025, 10.0));
        prop_assert!(seen.share() >= 0.995, "{}", seen.share());
        let cost = estimate(&plan, &aircraft);
        prop_assert!(cost.secs.is_finite() && cost.length_m >= cost.seen_m);
    }

    #[test]
    fn no_text_of_numbers_makes_an_area_panic(numbers in prop::collection::vec((edge(), edge()), 0..9)) {
        let ring: Vec<String> = numbers.iter().map(|(x, y)| format!("[{x:e},{y:e}]")).collect();
        let text = format!(r#"{{"type":"Polygon","coordinates":[[{}]]}}"#, ring.join(","));
        if let Ok(area) = Area::from_geojson(&text) {
            // Whatever is let in can be planned or is refused in words.
            if area.size_m2() < 1e6 {
                let aircraft = m3td();
                let _ = planner(&aircraft).area(&area);
            }
        }
    }
}

fn edge() -> impl Strategy<Value = f64> {
    let special = prop::sample::select(vec![0.0, -0.0, 180.0, -180.0, 90.0, -90.0, 1e-300, 1e300, f64::MAX]);
    prop_oneof![1 => special, 2 => -200.0..200.0_f64, 3 => (-50..50_i32).prop_map(|n| f64::from(n) * 1e-4 + 30.0)]
}

#[test]
fn every_shipped_profile_plans_a_field() {
    for text in PROFILES {
        let aircraft = Aircraft::from_toml(text).unwrap();
        let plan = crate::support::small_plan(&aircraft);
        assert!(plan.legs.len() >= 3, "{}: {}", aircraft.id, plan.legs.len());
        assert!(estimate(&plan, &aircraft).batteries >= 1);
    }
}

#[test]
fn a_hole_is_left_out_and_missed_ground_is_offered_again() {
    let aircraft = m3td();
    let planner = planner(&aircraft);
    let whole = area(&[(0.0, 0.0), (600.0, 0.0), (600.0, 600.0), (0.0, 600.0)]);
    let half = area(&[(0.0, 0.0), (300.0, 0.0), (300.0, 600.0), (0.0, 600.0)]);
    let plan = planner.area(&half).unwrap();
    let seen = coverage(&plan, &aircraft, &whole, None, (0.025, 10.0));
    assert!((0.5..0.62).contains(&seen.share()), "{}", seen.share());
    let holes = seen.holes();
    assert!(holes.contains(&Coord { x: 500.0, y: 300.0 }) && !holes.contains(&Coord { x: 100.0, y: 300.0 }));
    let follow_up = Area { plane: whole.plane, shape: holes };
    assert!(planner.area(&follow_up).unwrap().legs.len() >= 3);
}
