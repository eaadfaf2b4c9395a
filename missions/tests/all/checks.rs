//! Each thing that can be wrong with a plan, made wrong on purpose.

use gis::terrain::FlatGround;
use gis::{EllipsoidHeight, LatLon, Terrain};
use missions::check::{Against, Rule, Wind, check, fence_from_geojson, no_fly_from_geojson};
use missions::formats::{Format, Imported, read, write};
use missions::plan::HeightReference;
use missions::{Aircraft, Plan};

use crate::support::{PROFILES, m3td, small_plan};

fn imported(plan: Plan) -> Imported {
    Imported { plan, format: Format::GeoJson, dji: None, notes: Vec::new(), faults: Vec::new() }
}

fn rules(plan: &Imported, against: &Against<'_>) -> Vec<Rule> {
    let problems = check(plan, against);
    for problem in &problems {
        let words = [&problem.en, &problem.zh, &problem.mend_en, &problem.mend_zh];
        assert!(words.iter().all(|text| !text.is_empty()), "{problem:?}");
    }
    problems.iter().map(|problem| problem.rule).collect()
}

fn around(lat_deg: f64, lon_deg: f64, half_deg: f64, properties: &str) -> String {
    let (south, north, west, east) =
        (lat_deg - half_deg, lat_deg + half_deg, lon_deg - half_deg, lon_deg + half_deg);
    format!(
        r#"{{"type":"Feature","properties":{{{properties}}},"geometry":{{"type":"Polygon","coordinates":[[[{west},{south}],[{east},{south}],[{east},{north}],[{west},{north}],[{west},{south}]]]}}}}"#
    )
}

#[test]
fn a_sound_plan_has_no_problem() {
    let aircraft = m3td();
    let ground = FlatGround { height: EllipsoidHeight(100.0), sigma_m: 1.0 };
    let fence = fence_from_geojson(&around(28.95, 118.87, 0.02, "")).unwrap();
    let against = Against {
        ground: Some(&ground),
        fence: Some(&fence),
        gsd_m: Some(0.025),
        wind: Some(Wind { speed_mps: 5.0, from_deg: 200.0 }),
        ..Against::aircraft(&aircraft)
    };
    assert_eq!(rules(&imported(small_plan(&aircraft)), &against), []);
}

#[test]
fn fence_and_zones_are_kept_by_place_and_time() {
    let aircraft = m3td();
    let plan = imported(small_plan(&aircraft));
    let fence = fence_from_geojson(&around(28.951, 118.8715, 0.001, "")).unwrap();
    let against = Against { fence: Some(&fence), ..Against::aircraft(&aircraft) };
    let found = check(&plan, &against);
    assert!(found.iter().any(|p| p.rule == Rule::Fence && p.leg.is_some()), "{found:?}");
    let times = r#""name":"stadium","from":"2026-06-22T09:00:00+08:00","until":"2026-06-22T11:00:00+08:00""#;
    let zones = no_fly_from_geojson(&around(28.951, 118.8715, 0.0005, times)).unwrap();
    let at = |time: &str| Against {
        no_fly: &zones,
        at: Some(time.parse().unwrap()),
        ..Against::aircraft(&aircraft)
    };
    assert!(rules(&plan, &at("2026-06-22T10:00:00+08:00")).contains(&Rule::NoFly));
    assert_eq!(rules(&plan, &at("2026-06-22T11:00:00+08:00")), []);
    let home = no_fly_from_geojson(&around(28.949, 118.869, 0.0002, r#""name":"home""#)).unwrap();
    let found = check(&plan, &Against { no_fly: &home, ..Against::aircraft(&aircraft) });
    assert!(found.iter().any(|p| p.en.contains("home lies in no-fly zone")), "{found:?}");
    assert!(no_fly_from_geojson(&around(0.0, 0.0, 0.1, r#""from":"tomorrow""#)).is_err());
}

/// A wall of 200 m east of the field's middle, and nothing known north of it.
struct Wall;

impl Terrain for Wall {
    fn height(&self, at: LatLon) -> Option<EllipsoidHeight> {
        let wall = (118.8705..118.8707).contains(&at.lon_deg);
        (at.lat_deg < 28.951).then_some(EllipsoidHeight(if wall { 200.0 } else { 0.0 }))
    }
    fn sigma_m(&self) -> f64 {
        1.0
    }
    fn bounds(&self) -> gis::terrain::TerrainBounds {
        gis::terrain::TerrainBounds {
            corners: None,
            lowest: EllipsoidHeight(0.0),
            highest: EllipsoidHeight(200.0),
        }
    }
    fn spacing_m(&self) -> f64 {
        5.0
    }
}

#[test]
fn ground_in_the_way_out_of_sight_and_unknown_is_found() {
    let aircraft = m3td();
    let found = rules(
        &imported(small_plan(&aircraft)),
        &Against { ground: Some(&Wall), ..Against::aircraft(&aircraft) },
    );
    for rule in [Rule::Clearance, Rule::Sight, Rule::Terrain] {
        assert!(found.contains(&rule), "{rule:?} in {found:?}");
    }
    let mut homeless = small_plan(&aircraft);
    homeless.home = None;
    assert!(
        rules(&imported(homeless), &Against { ground: Some(&Wall), ..Against::aircraft(&aircraft) })
            .contains(&Rule::Home)
    );
}

/// The same flight, so high above take-off.
fn at_height(aircraft: &Aircraft, height_m: f64) -> Imported {
    let mut plan = small_plan(aircraft);
    plan.waypoints.iter_mut().for_each(|waypoint| waypoint.height_m = height_m);
    imported(plan)
}

#[test]
fn what_is_above_the_ceiling_is_told_by_leg_with_its_height_and_mend() {
    let aircraft = m3td();
    let ceiling = |plan: &Imported, against: &Against<'_>| {
        let found = check(plan, against).into_iter().filter(|problem| problem.rule == Rule::Ceiling);
        found.collect::<Vec<_>>()
    };
    let usual = Against::aircraft(&aircraft);
    let high = at_height(&aircraft, 477.0);
    let found = ceiling(&high, &usual);
    assert!(found.iter().any(|problem| problem.leg == Some(1)), "{found:?}");
    for problem in &found {
        assert!(problem.en.contains("477.0 m above take-off") && problem.en.contains("ceiling of 120 m"));
        assert!(problem.zh.contains("距起飞点高 477.0 米,超过限高 120 米"), "{problem:?}");
        assert!(problem.mend_en.contains("lower the leg by 357 m (plan 4.28 cm a pixel or finer)"));
        assert!(problem.mend_zh.contains("--ceiling"), "{problem:?}");
    }
    assert_eq!(ceiling(&high, &Against { ceiling_m: 500.0, ..usual }), []);
    assert_eq!(ceiling(&at_height(&aircraft, 120.0), &usual), []);
    let mut permitted = aircraft.clone();
    permitted.flight.ceiling_m = 477.0;
    assert_eq!(ceiling(&high, &Against::aircraft(&permitted)), []);
}

/// Ground of 100 m that falls to the level of the sea east of the field's middle.
struct Cliff;

impl Terrain for Cliff {
    fn height(&self, at: LatLon) -> Option<EllipsoidHeight> {
        Some(EllipsoidHeight(if at.lon_deg > 118.8705 { 0.0 } else { 100.0 }))
    }
    fn sigma_m(&self) -> f64 {
        1.0
    }
    fn bounds(&self) -> gis::terrain::TerrainBounds {
        gis::terrain::TerrainBounds {
            corners: None,
            lowest: EllipsoidHeight(0.0),
            highest: EllipsoidHeight(100.0),
        }
    }
    fn spacing_m(&self) -> f64 {
        5.0
    }
}

#[test]
fn the_ceiling_counts_from_the_ground_where_it_is_known_and_is_never_guessed() {
    let aircraft = m3td();
    let mut plan = at_height(&aircraft, 70.0);
    let over_the_cliff = check(&plan, &Against { ground: Some(&Cliff), ..Against::aircraft(&aircraft) });
    let found = over_the_cliff.iter().find(|problem| problem.rule == Rule::Ceiling).unwrap();
    assert!(found.en.contains("170.0 m above ground"), "{found:?}");
    assert_eq!(rules(&plan, &Against::aircraft(&aircraft)), []);
    plan.plan.heights = HeightReference::Ellipsoid;
    assert_eq!(rules(&plan, &Against::aircraft(&aircraft)), [Rule::Ceiling]);
    let flat = FlatGround { height: EllipsoidHeight(-10.0), sigma_m: 1.0 };
    assert_eq!(rules(&plan, &Against { ground: Some(&flat), ..Against::aircraft(&aircraft) }), []);
}

#[test]
fn endurance_range_and_wind_are_counted() {
    let mut aircraft = m3td();
    let plan = imported(small_plan(&aircraft));
    let wind = |speed_mps| Some(Wind { speed_mps, from_deg: 30.0 });
    let storm = Against { wind: wind(25.0), ..Against::aircraft(&aircraft) };
    let found = check(&plan, &storm);
    assert!(found.iter().filter(|p| p.rule == Rule::Wind).count() >= 2, "{found:?}");
    aircraft.flight.endurance_min = 6.0;
    aircraft.flight.most_range_m = 100.0;
    let found = rules(&plan, &Against::aircraft(&aircraft));
    assert!(found.contains(&Rule::Endurance) && found.contains(&Rule::Range), "{found:?}");
    // A battery that just lasts in calm air does not in wind.
    aircraft.flight.most_range_m = 10_000.0;
    let secs = missions::estimate::estimate(&plan.plan, &aircraft).secs;
    aircraft.flight.endurance_min = secs / 0.75 / 60.0 * 1.01;
    assert_eq!(rules(&plan, &Against::aircraft(&aircraft)), []);
    let windy = Against { wind: wind(11.5), ..Against::aircraft(&aircraft) };
    assert!(rules(&plan, &windy).contains(&Rule::Endurance));
}

#[test]
fn pictures_that_are_blurred_too_fast_or_too_coarse_are_found() {
    let aircraft = m3td();
    let mut fast = small_plan(&aircraft);
    fast.speed_mps = 40.0;
    let found = rules(&imported(fast), &Against::aircraft(&aircraft));
    assert!(found.contains(&Rule::Blur) && found.contains(&Rule::Interval), "{found:?}");
    let mut high = small_plan(&aircraft);
    for waypoint in &mut high.waypoints {
        waypoint.height_m = 100.0;
    }
    assert_eq!(high.heights, HeightReference::TakeOff);
    let against = Against { gsd_m: Some(0.025), ..Against::aircraft(&aircraft) };
    let problems = check(&imported(high), &against);
    assert!(!problems.is_empty() && problems.iter().all(|p| p.rule == Rule::Gsd), "{problems:?}");
    assert!(problems[0].mend_en.contains("70 m above ground"), "{}", problems[0].mend_en);
}

#[test]
fn a_plan_for_another_aircraft_is_found_by_its_numbers() {
    let (aircraft, other) = (m3td(), Aircraft::from_toml(PROFILES[2]).unwrap());
    let kmz = write(&small_plan(&aircraft), Format::Kmz, &aircraft, 0).unwrap();
    let found = rules(&read(&kmz).unwrap(), &Against::aircraft(&other));
    assert_eq!(found, [Rule::Aircraft]);
    assert_eq!(rules(&imported(small_plan(&aircraft)), &Against::aircraft(&other)), [Rule::Aircraft]);
}
