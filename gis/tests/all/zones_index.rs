//! Zones found by place, and how probable each is for a position with an error.

use gis::zones::{Zone, ZoneIndex, ZoneLevel, ZoneOrigin, ZoneSelect};
use gis::{EllipsoidHeight, GeoPoint, GroundPosition, LatLon};
use nalgebra::{Matrix3, Vector3};
use proptest::prelude::*;

const ORIGIN: LatLon = LatLon { lat_deg: 28.97, lon_deg: 118.87 };
/// Metres of a degree at 28.97 degrees north, from the WGS-84 radii of curvature.
const M_PER_DEG_LAT: f64 = 110_835.27;
const M_PER_DEG_LON: f64 = 97_467.03;

fn at(east_m: f64, north_m: f64) -> LatLon {
    LatLon {
        lat_deg: ORIGIN.lat_deg + north_m / M_PER_DEG_LAT,
        lon_deg: ORIGIN.lon_deg + east_m / M_PER_DEG_LON,
    }
}

/// A rectangle in metres east and north of the origin: west, south, east, north.
fn zone(code: &str, level: ZoneLevel, [west, south, east, north]: [f64; 4]) -> Zone {
    let corners = [(west, south), (east, south), (east, north), (west, north), (west, south)];
    let ring = corners.map(|(e, n)| geo::Coord { x: at(e, n).lon_deg, y: at(e, n).lat_deg });
    Zone {
        code: code.to_owned(),
        level,
        kind: (level == ZoneLevel::Special).then(|| "arterial_road".to_owned()),
        name_zh: code.to_owned(),
        name_en: code.to_owned(),
        parent: None,
        polygon: geo::Polygon::new(geo::LineString::from(ring.to_vec()), Vec::new()).into(),
        origin: ZoneOrigin::default(),
    }
}

fn town() -> ZoneIndex {
    ZoneIndex::new(vec![
        zone("road", ZoneLevel::Special, [-20.0, -500.0, 20.0, 500.0]),
        zone("east", ZoneLevel::Township, [0.0, -1000.0, 1000.0, 1000.0]),
        zone("west", ZoneLevel::Township, [-1000.0, -1000.0, 0.0, 1000.0]),
        zone("district", ZoneLevel::District, [-1000.0, -1000.0, 1000.0, 1000.0]),
    ])
}

fn position(point: LatLon, covariance_enu_m2: Matrix3<f64>) -> GroundPosition {
    GroundPosition::new(GeoPoint { lat_lon: point, height: EllipsoidHeight(70.0) }, covariance_enu_m2)
}

pub fn position_with_sigma(point: LatLon, sigma_m: f64) -> GroundPosition {
    position(point, Matrix3::identity() * sigma_m.powi(2))
}

#[test]
fn zones_of_a_point_come_coarsest_first() {
    let town = town();
    let codes = |point| town.all_containing(point).iter().map(|zone| zone.code.as_str()).collect::<Vec<_>>();
    assert_eq!(codes(at(10.0, 0.0)), ["district", "east", "road"]);
    assert_eq!(codes(at(-500.0, 0.0)), ["district", "west"]);
    assert!(codes(at(5000.0, 0.0)).is_empty());
    assert_eq!(town.containing(at(-500.0, 0.0), ZoneLevel::Township).unwrap().code, "west");
    assert!(town.containing(at(-500.0, 0.0), ZoneLevel::Grid).is_none());
    assert_eq!(town.by_code("road").unwrap().kind.as_deref(), Some("arterial_road"));
}

#[test]
fn point_on_a_shared_boundary_belongs_to_exactly_one_zone_of_a_level() {
    assert_eq!(town().containing(ORIGIN, ZoneLevel::Township).unwrap().code, "east");
}

#[test]
fn probability_at_a_straight_boundary_is_that_of_the_normal_distribution() {
    // Normal distribution function (Abramowitz and Stegun, table 26.1).
    for (sigmas, east_share) in [(0.0, 0.5), (0.5, 0.691_46), (1.0, 0.841_34), (2.0, 0.977_25)] {
        let town = town();
        let shares = town.probabilities(
            &position_with_sigma(at(sigmas * 8.0, 0.0), 8.0),
            ZoneSelect::Level(ZoneLevel::Township),
        );
        let east = shares.iter().find(|share| share.zone.code == "east").unwrap();
        assert!((east.probability - east_share).abs() < 0.005, "{sigmas}: {}", east.probability);
        assert!((east.boundary_distance_m - sigmas * 8.0).abs() < 0.01, "{}", east.boundary_distance_m);
        let sum: f64 = shares.iter().map(|share| share.probability).sum();
        assert!((sum - 1.0).abs() < 1e-9);
    }
}

#[test]
fn long_error_ellipse_counts_along_its_own_axis() {
    let town = town();
    let along_the_road = Matrix3::from_diagonal(&Vector3::new(4.0, 10_000.0, 1.0));
    let across_the_road = Matrix3::from_diagonal(&Vector3::new(10_000.0, 4.0, 1.0));
    let share = |covariance| {
        let shares =
            town.probabilities(&position(at(10.0, 0.0), covariance), ZoneSelect::Kind("arterial_road"));
        shares.first().map_or(0.0, |share| share.probability)
    };
    assert!(share(along_the_road) > 0.999);
    // 10 m and 30 m from the edges with a standard deviation of 100 m: 0.1582 (same table).
    assert!((share(across_the_road) - 0.158_2).abs() < 0.01, "{}", share(across_the_road));
}

#[test]
fn position_outside_has_the_rest_of_the_probability_outside() {
    let town = town();
    let shares = |east_m| {
        let position = position_with_sigma(at(east_m, 0.0), 10.0);
        town.probabilities(&position, ZoneSelect::Level(ZoneLevel::Township))
            .iter()
            .map(|share| (share.probability, share.boundary_distance_m))
            .collect::<Vec<_>>()
    };
    assert!(shares(1100.0).is_empty());
    let [(probability, distance_m)] = shares(1010.0)[..] else { panic!("one zone is near") };
    assert!((probability - 0.158_65).abs() < 0.005, "{probability}");
    assert!((distance_m + 10.0).abs() < 0.05, "{distance_m}");
}

#[test]
fn covariance_that_is_not_a_number_makes_nothing_probable() {
    let town = town();
    let unusable = position(ORIGIN, Matrix3::from_element(f64::NAN));
    assert!(town.patches(&unusable).is_empty());
    assert!(town.probabilities(&unusable, ZoneSelect::Level(ZoneLevel::Township)).is_empty());
}

proptest! {
    #[test]
    fn probabilities_of_a_level_never_sum_to_more_than_one(
        east_m in -1500.0..1500.0_f64,
        north_m in -1500.0..1500.0_f64,
        sigma_m in 0.0..300.0_f64,
    ) {
        let town = town();
        let position = position_with_sigma(at(east_m, north_m), sigma_m);
        let whole: f64 = town.patches(&position).iter().map(|patch| patch.probability).sum();
        prop_assert!((whole - 1.0).abs() < 1e-9);
        for select in [ZoneSelect::Level(ZoneLevel::Township), ZoneSelect::Kind("arterial_road")] {
            let sum: f64 = town.probabilities(&position, select).iter().map(|share| share.probability).sum();
            prop_assert!((0.0..=1.0 + 1e-9).contains(&sum));
        }
    }
}
