//! Shares of context layers against areas that are known, and for any input.

use gis::zones::{ContextFile, ContextIndex, Covered, Crs, parse_context};
use gis::{EllipsoidHeight, Footprint, GeoPoint, GroundPosition, LatLon};
use nalgebra::Matrix3;
use proptest::prelude::*;

const ORIGIN: LatLon = LatLon { lat_deg: 28.97, lon_deg: 118.87 };

fn at(east_m: f64, north_m: f64) -> LatLon {
    LatLon { lat_deg: ORIGIN.lat_deg + north_m / 110_835.27, lon_deg: ORIGIN.lon_deg + east_m / 97_467.03 }
}

fn position(at: LatLon, sigma_m: f64) -> GroundPosition {
    let point = GeoPoint { lat_lon: at, height: EllipsoidHeight(70.0) };
    GroundPosition::new(point, Matrix3::identity() * sigma_m.powi(2))
}

fn square(east_m: f64, north_m: f64, side_m: f64) -> Footprint {
    let half = side_m / 2.0;
    let corners = [(-half, -half), (half, -half), (half, half), (-half, half)];
    let ring = corners.map(|(east, north)| at(east_m + east, north_m + north)).to_vec();
    Footprint { ring, area_m2: side_m * side_m, truncated: false }
}

/// A pond of 100 m by 100 m around the origin, a stack 500 m east with a reach of 30 m, a road 20 m wide along 300 m north.
fn layers() -> ContextIndex {
    let text = |points: &[LatLon]| {
        let positions: Vec<String> =
            points.iter().map(|point| format!("[{},{}]", point.lon_deg, point.lat_deg)).collect();
        positions.join(",")
    };
    let mut pond = square(0.0, 0.0, 100.0).ring;
    pond.push(pond[0]);
    let read = |layer: &str, properties: &str, geometry: String| {
        let text = format!(
            r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{{properties}}},"geometry":{geometry}}}]}}"#
        );
        parse_context(layer, &text, &ContextFile { layer: layer.to_owned(), crs: Crs::Wgs84 }).unwrap()
    };
    let area = format!(r#"{{"type":"Polygon","coordinates":[[{}]]}}"#, text(&pond));
    let point = format!(r#"{{"type":"Point","coordinates":{}}}"#, text(&[at(500.0, 0.0)]));
    let line = format!(
        r#"{{"type":"LineString","coordinates":[{}]}}"#,
        text(&[at(-1000.0, 300.0), at(0.0, 300.0), at(1000.0, 300.0)])
    );
    ContextIndex::new(
        [
            read("water", r#""code":"W""#, area),
            read("stack", r#""code":"S","radius_m":30"#, point),
            read("road", r#""code":"R","width_m":20,"road_class":"arterial""#, line),
        ]
        .concat(),
    )
}

fn share(position: &GroundPosition, footprint: Option<&Footprint>) -> f64 {
    layers().share(&Covered::new(position, footprint), |_| true).map_or(0.0, |found| found.share)
}

#[test]
fn share_of_a_footprint_is_that_of_its_area() {
    let check = |east_m: f64, north_m: f64, side_m: f64, expect: f64| {
        let got = share(&position(at(east_m, north_m), 0.0), Some(&square(east_m, north_m, side_m)));
        // 512 points over the footprint: a percent.
        assert!((got - expect).abs() < 0.012, "{east_m} {north_m}: {got} for {expect}");
    };
    check(0.0, 0.0, 40.0, 1.0);
    check(50.0, 0.0, 40.0, 0.5);
    check(50.0, 50.0, 40.0, 0.25);
    check(60.0, 0.0, 40.0, 0.25);
    check(0.0, 0.0, 200.0, 0.25);
    // A road 20 m wide through a square of 80 m.
    check(200.0, 300.0, 80.0, 0.25);
    check(200.0, 100.0, 40.0, 0.0);
}

#[test]
fn share_of_a_position_is_that_of_its_error() {
    // A Rayleigh error of 30 m lies within 30 m with a probability of 1 - exp(-1/2).
    let stack = share(&position(at(500.0, 0.0), 30.0), None);
    assert!((stack - (1.0 - (-0.5_f64).exp())).abs() < 0.005, "{stack}");
    // On the edge of the pond, far from its corners, half of the places lie in it.
    let edge = share(&position(at(50.0, 0.0), 5.0), None);
    assert!((edge - 0.5).abs() < 0.005, "{edge}");
    assert!((share(&position(at(0.0, 0.0), 0.0), None) - 1.0).abs() < 1e-12);
}

#[test]
fn layers_asked_for_together_count_ground_once() {
    let both = parse_twice();
    let found = both.share(&Covered::new(&position(at(50.0, 0.0), 5.0), None), |_| true).unwrap();
    assert!((found.share - 0.5).abs() < 0.005, "{}", found.share);
}

/// The same layers a second time on top of themselves.
fn parse_twice() -> ContextIndex {
    let once = layers();
    ContextIndex::new([once.features(), once.features()].concat())
}

#[test]
fn footprint_that_is_a_line_or_a_point_is_asked_by_its_corners() {
    let line =
        Footprint { ring: vec![at(0.0, 0.0), at(10.0, 0.0), at(0.0, 0.0)], area_m2: 0.0, truncated: true };
    assert!((share(&position(at(0.0, 0.0), 1.0), Some(&line)) - 1.0).abs() < 1e-12);
    let empty = Footprint { ring: Vec::new(), area_m2: 0.0, truncated: true };
    assert!((share(&position(at(0.0, 0.0), 1.0), Some(&empty)) - 1.0).abs() < 1e-9);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn share_is_one_for_any_finding(
        corners in prop::collection::vec((-600.0..600.0_f64, -600.0..600.0_f64), 0..7),
        east_m in -600.0..600.0_f64,
        sigma_m in prop_oneof![Just(0.0), 0.1..300.0_f64, Just(f64::NAN)],
        outlined in any::<bool>(),
    ) {
        let ring = corners.into_iter().map(|(east, north)| at(east, north)).collect();
        let footprint = Footprint { ring, area_m2: 1.0, truncated: false };
        let share = share(&position(at(east_m, 0.0), sigma_m), outlined.then_some(&footprint));
        prop_assert!((0.0..=1.0).contains(&share), "{}", share);
    }
}
