//! Water in the river is none, water beyond the bank is one; what the ground is licensed for is part of the reason.

use dispatch::{ContextFound, Finding, NotProposed, Severity, Verdict, ground, task_in_context};
use gis::zones::{ContextFile, ContextShape, Crs, ZoneIndex, parse_context};
use gis::{Footprint, GroundPosition, LatLon};

use crate::city;
use crate::scene::{incident, position, time};

/// Centre of a feature of the city's context.
fn centre(code: &str) -> LatLon {
    use geo::InteriorPoint;
    let context = city::context();
    let feature = context.features().iter().find(|feature| feature.code == code).unwrap();
    match &feature.shape {
        ContextShape::Area(area) => {
            let point = area.interior_point().unwrap();
            LatLon { lat_deg: point.y(), lon_deg: point.x() }
        }
        ContextShape::Disc { centre, .. } => *centre,
        ContextShape::Strip { lines, .. } => lines[0][1],
    }
}

fn moved(at: LatLon, east_m: f64, north_m: f64) -> LatLon {
    LatLon { lat_deg: at.lat_deg + north_m / 110_835.27, lon_deg: at.lon_deg + east_m / 97_467.03 }
}

/// A square footprint.
fn square(middle: LatLon, side_m: f64) -> Footprint {
    let half = side_m / 2.0;
    let ring = [(-half, -half), (half, -half), (half, half), (-half, half)];
    let ring = ring.map(|(east, north)| moved(middle, east, north)).to_vec();
    Footprint { ring, area_m2: side_m * side_m, truncated: false }
}

fn found_on(
    class: &str,
    position: &GroundPosition,
    footprint: Option<&Footprint>,
    day: &str,
) -> Option<ContextFound> {
    let area_m2 = footprint.map(|footprint| footprint.area_m2);
    let time = time(&format!("{day}T10:00:00+08:00"));
    ground(&Finding { class, position, footprint, area_m2, time }, &city::context(), &city::rules())
}

fn found(class: &str, at: LatLon, side_m: f64) -> Option<ContextFound> {
    found_on(class, &position(at, 2.0), Some(&square(at, side_m)), "2026-06-22")
}

#[test]
fn water_on_the_river_is_no_incident_and_water_beyond_the_bank_is_one() {
    let river = centre("W-001");
    let on_river = found("waterlogging", river, 20.0).unwrap();
    assert_eq!((on_river.layer.as_str(), on_river.verdict), ("permanent_water", Verdict::None));
    assert!(on_river.share > 0.99, "{}", on_river.share);
    assert_eq!(
        on_river.reason_en,
        "water where water always stands: 100 % inside Qucheng River (W-001), no incident"
    );
    assert_eq!(on_river.reason_zh, "常年水域内的水面:100 % 在衢澄江(W-001)内,不作为事件");
    // The river is some 200 m wide: 150 m beyond its middle there is land, and so much of it is one.
    for north_m in [150.0, 250.0] {
        assert_eq!(found("waterlogging", moved(river, 0.0, north_m), 60.0), None, "{north_m}");
    }
    // Nine tenths on the river, but 900 square metres and more of it over the bank.
    let broad = square(river, 300.0);
    assert_eq!(found_on("waterlogging", &position(river, 2.0), Some(&broad), "2026-06-22"), None);
}

#[test]
fn edge_of_a_pond_seen_with_its_error_is_still_the_pond() {
    let context = city::context();
    let pond = context.features().iter().find(|feature| feature.code == "W-101").unwrap();
    let ContextShape::Area(area) = &pond.shape else { unreachable!() };
    let at = centre("W-101");
    // The outline of the pond itself, 4 m off, with a standard deviation of 4 m.
    let ring = area.0[0].exterior().coords().map(|c| moved(LatLon { lat_deg: c.y, lon_deg: c.x }, 4.0, 0.0));
    let footprint = Footprint { ring: ring.collect(), area_m2: 2_000.0, truncated: false };
    let found = found_on("waterlogging", &position(moved(at, 4.0, 0.0), 4.0), Some(&footprint), "2026-06-22")
        .unwrap();
    assert_eq!(found.verdict, Verdict::None);
    assert!(found.share > 0.98, "{}", found.share);
}

#[test]
fn licence_counts_only_on_its_days() {
    let site = centre("LW-08");
    let on = |day| found_on("dumping", &position(site, 2.0), Some(&square(site, 10.0)), day);
    assert_eq!(on("2026-05-31").unwrap().verdict, Verdict::None);
    assert_eq!(on("2026-06-01"), None);
}

#[test]
fn position_without_an_outline_is_asked_by_its_error() {
    let stack = centre("ST-01");
    let sure = found_on("fume", &position(stack, 5.0), None, "2026-06-22").unwrap();
    assert_eq!((sure.layer.as_str(), sure.verdict), ("stack", Verdict::Lesser));
    // A Rayleigh error of 30 m lies within 30 m with a probability of 1 - exp(-1/2) = 0.393.
    assert_eq!(found_on("fume", &position(stack, 30.0), None, "2026-06-22"), None);
    let broken = GroundPosition::new(sure_point(stack), nalgebra::Matrix3::from_element(f64::NAN));
    assert_eq!(found_on("fume", &broken, None, "2026-06-22"), None);
}

fn sure_point(at: LatLon) -> gis::GeoPoint {
    position(at, 1.0).point
}

#[test]
fn road_class_is_said_and_changes_nothing() {
    let road = centre("R-A01");
    let found = found("waterlogging", road, 10.0).unwrap();
    assert_eq!((found.layer.as_str(), found.verdict), ("road", Verdict::Unaffected));
    assert_eq!(found.severity(Severity::Severe), Severity::Severe);
}

#[test]
fn incident_on_licensed_ground_makes_no_task_and_a_lesser_one_says_so() {
    let (zones, context, rules) = (ZoneIndex::new(city::zones()), city::context(), city::rules());
    let now = time("2026-06-22T10:00:00+08:00");
    let propose = |class: &str, at: LatLon, side_m: f64| {
        let mut incident = incident(class, Some(position(at, 2.0)), Some(side_m * side_m));
        incident.footprint = Some(square(at, side_m));
        task_in_context(&incident, &zones, &context, &rules, Vec::new(), now)
    };
    let none = propose("waterlogging", centre("W-001"), 20.0).unwrap_err();
    assert!(matches!(&none, NotProposed::Licensed { feature, .. } if feature == "W-001"), "{none}");
    let site = propose("dumping", centre("BS-02"), 6.0).unwrap();
    assert_eq!(site.severity, Severity::Minor);
    assert_eq!(site.routing.context.as_ref().unwrap().layer, "building_site");
    assert!(site.routing.reason_en.ends_with("one step less severe"), "{}", site.routing.reason_en);
    assert!(site.routing.reason_zh.ends_with("降低一级"), "{}", site.routing.reason_zh);
    let text = serde_json::to_string(&site).unwrap();
    assert_eq!(serde_json::from_str::<dispatch::Task>(&text).unwrap(), site);
}

#[test]
fn faults_of_a_context_file_are_named() {
    let check = |feature: &str, expect: &str| {
        let text = format!("{{\"type\":\"FeatureCollection\",\"features\":[{feature}]}}");
        let file = ContextFile { layer: "stack".to_owned(), crs: Crs::Wgs84 };
        let problems = parse_context("s.geojson", &text, &file).unwrap_err();
        let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(texts, [expect]);
    };
    let feature = |properties: &str, geometry: &str| {
        format!("{{\"type\":\"Feature\",\"properties\":{{{properties}}},\"geometry\":{geometry}}}")
    };
    let point = "{\"type\":\"Point\",\"coordinates\":[118.8,28.9]}";
    check(
        &feature("\"code\":\"S\"", point),
        "s.geojson: features[0] (S): geometry is a Point, and property radius_m is missing: metres above 0 are wanted",
    );
    check(
        &feature("\"code\":\"S\",\"radius_m\":-3", point),
        "s.geojson: features[0] (S): geometry is a Point, and property radius_m is -3: metres above 0 are wanted",
    );
    check(
        &feature("\"code\":\"S\",\"radius_m\":3,\"valid_to\":\"soon\"", point),
        "s.geojson: features[0] (S): property valid_to is soon, not a date such as 2026-06-20",
    );
    check(
        &feature("\"radius_m\":3", point),
        "s.geojson: features[0]: property code is missing; there are radius_m",
    );
    check(
        &feature("\"code\":\"S\",\"radius_m\":3", "{\"type\":\"Point\",\"coordinates\":[118.8,128.9]}"),
        "s.geojson: features[0] (S): polygon 0 ring 0: latitude 128.9 longitude 118.8 is out of range",
    );
}
