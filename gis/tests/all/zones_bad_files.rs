//! Boundary files with faults: each is named with file, feature and value.

use gis::zones::{Crs, ZoneDefect, ZoneFile, ZoneLevel, ZoneProblem, check_hierarchy, parse_geojson};

const SQUARE: &str = "[[118.87,28.95],[118.88,28.95],[118.88,28.96],[118.87,28.96],[118.87,28.95]]";

fn polygon(code: &str, rings: &str) -> String {
    feature(code, &format!(r#"{{"type":"Polygon","coordinates":[{rings}]}}"#))
}

fn feature(code: &str, geometry: &str) -> String {
    format!(r#"{{"type":"Feature","properties":{{"code":"{code}","name_zh":"区"}},"geometry":{geometry}}}"#)
}

fn collection(features: &[String]) -> String {
    format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","))
}

fn problems(text: &str) -> Vec<ZoneProblem> {
    parse_geojson("zones.geojson", text, &ZoneFile::new(ZoneLevel::District)).unwrap_err()
}

/// The one problem of a file whose second feature is the given one.
fn check(second: String, expect: &str) {
    let text = collection(&[polygon("330802", SQUARE), second]);
    let messages: Vec<String> = problems(&text).iter().map(ToString::to_string).collect();
    assert_eq!(messages, [format!("zones.geojson: {expect}")]);
}

#[test]
fn sound_file_is_read_with_its_properties() {
    let text = r#"{"type":"FeatureCollection","features":[{"type":"Feature",
        "properties":{"adcode":330802,"name":"柯城区","parent":{"adcode":330800}},
        "geometry":{"type":"MultiPolygon","coordinates":[[[[118.8,28.9],[118.9,28.9],[118.9,29.0],[118.8,28.9]]]]}}]}"#;
    let mut file = ZoneFile::new(ZoneLevel::District);
    file.code_key = "adcode".into();
    file.name_zh_key = "name".into();
    file.parent_key = "parent.adcode".into();
    let zones = parse_geojson("x", &format!("\u{feff}{text}"), &file).unwrap();
    let [zone] = zones.as_slice() else { panic!("{zones:?}") };
    assert_eq!(
        (zone.code.as_str(), zone.name_zh.as_str(), zone.name_en.as_str()),
        ("330802", "柯城区", "柯城区")
    );
    assert_eq!(zone.parent.as_deref(), Some("330800"));
    assert_eq!(zone.origin.feature_index, 0);
}

#[test]
fn self_intersection_is_named_with_its_place() {
    check(
        polygon("b", "[[118.0,28.0],[118.2,28.2],[118.2,28.0],[118.0,28.2],[118.0,28.0]]"),
        "features[1] (b): polygon 0 ring 0 intersects itself at latitude 28.1000000 longitude 118.1000000",
    );
}

#[test]
fn spike_and_touching_corner_are_self_intersections() {
    let spike = "[[118.0,28.0],[118.2,28.0],[118.2,28.2],[118.2,28.1],[118.0,28.0]]";
    let touch =
        "[[118.0,28.0],[118.1,28.1],[118.2,28.0],[118.2,28.2],[118.1,28.1],[118.0,28.2],[118.0,28.0]]";
    for ring in [spike, touch] {
        let found = problems(&collection(&[polygon("b", ring)]));
        assert!(matches!(found[0].defect, ZoneDefect::SelfIntersection { .. }), "{found:?}");
    }
}

#[test]
fn empty_geometry_is_named_in_all_its_forms() {
    for geometry in [
        "null",
        r#"{"type":"Polygon","coordinates":[]}"#,
        r#"{"type":"Polygon","coordinates":[[]]}"#,
        r#"{"type":"MultiPolygon","coordinates":[]}"#,
    ] {
        check(feature("b", geometry), "features[1] (b): geometry is empty");
    }
}

#[test]
fn geometry_without_area_is_named_by_its_type() {
    check(
        feature("b", r#"{"type":"Point","coordinates":[118.0,28.0]}"#),
        "features[1] (b): geometry is a Point, not a Polygon or MultiPolygon",
    );
}

#[test]
fn swapped_latitude_and_longitude_are_recognised() {
    check(
        polygon("b", "[[28.95,118.87],[28.95,118.88],[28.96,118.88],[28.95,118.87]]"),
        "features[1] (b): looks like lat/lon swapped: latitude 118.87 longitude 28.95; GeoJSON wants longitude first",
    );
    // Kashgar lies at longitude 76, which could be a latitude: all positions are off China, all inside it when turned.
    check(
        polygon("b", "[[39.4,75.9],[39.5,75.9],[39.5,76.0],[39.4,75.9]]"),
        "features[1] (b): looks like lat/lon swapped: latitude 75.9 longitude 39.4; GeoJSON wants longitude first",
    );
}

#[test]
fn zone_outside_china_in_the_right_order_is_sound() {
    let text = collection(&[polygon("ch", "[[7.4,46.9],[7.5,46.9],[7.5,47.0],[7.4,46.9]]")]);
    assert!(parse_geojson("x", &text, &ZoneFile::new(ZoneLevel::City)).is_ok());
}

#[test]
fn coordinates_off_the_globe_are_named_with_their_value() {
    check(
        polygon("b", "[[391000.5,3205000.25],[391100,3205000],[391100,3205100],[391000.5,3205000.25]]"),
        "features[1] (b): polygon 0 ring 0: latitude 3205000.25 longitude 391000.5 is out of range; \
         they look like projected metres: declare their EPSG code",
    );
    check(
        polygon("b", "[[118.0,28.0],[188.0,28.0],[118.0,29.0],[118.0,28.0]]"),
        "features[1] (b): polygon 0 ring 0: latitude 28 longitude 188 is out of range",
    );
}

#[test]
fn open_ring_is_named_with_both_ends() {
    check(
        polygon("b", "[[118.0,28.0],[118.2,28.0],[118.2,28.2],[118.0,28.2]]"),
        "features[1] (b): polygon 0 ring 0 is not closed: starts at latitude 28 longitude 118, \
         ends at latitude 28.2 longitude 118",
    );
}

#[test]
fn ring_with_too_few_points_is_named() {
    check(
        polygon("b", "[[118.0,28.0],[118.2,28.0],[118.2,28.0],[118.0,28.0]]"),
        "features[1] (b): polygon 0 ring 0 has 2 distinct points, needs at least 3",
    );
    check(
        polygon("b", "[[118.0],[118.2,28.0],[118.2,28.0],[118.0,28.0]]"),
        "features[1] (b): polygon 0 ring 0: position 0 has 1 numbers, needs longitude and latitude",
    );
}

#[test]
fn hole_outside_and_overlapping_parts_are_named() {
    let outer = "[[118.0,28.0],[118.4,28.0],[118.4,28.4],[118.0,28.4],[118.0,28.0]]";
    let outside = "[[118.3,28.1],[118.5,28.1],[118.5,28.2],[118.3,28.1]]";
    check(
        polygon("b", &format!("{outer},{outside}")),
        "features[1] (b): polygon 0 ring 1 is a hole that is not inside the outer ring",
    );
    let second = "[[118.3,28.3],[118.6,28.3],[118.6,28.6],[118.3,28.3]]";
    check(
        feature("b", &format!(r#"{{"type":"MultiPolygon","coordinates":[[{outer}],[{second}]]}}"#)),
        "features[1] (b): polygons 0 and 1 overlap",
    );
}

#[test]
fn missing_and_duplicate_codes_are_named() {
    check(
        format!(
            r#"{{"type":"Feature","properties":null,"geometry":{{"type":"Polygon","coordinates":[{SQUARE}]}}}}"#
        ),
        "features[1]: property code is missing",
    );
    check(
        polygon("330802", SQUARE),
        "features[1] (330802): code 330802 is already used by zones.geojson features[0]",
    );
    check(
        polygon("b", SQUARE).replace("\"b\"", "[1]"),
        "features[1]: property code is [1], not a text or a whole number",
    );
}

#[test]
fn special_area_without_a_kind_is_named() {
    let text = collection(&[polygon("r1", SQUARE)]);
    let found = parse_geojson("roads.geojson", &text, &ZoneFile::new(ZoneLevel::Special)).unwrap_err();
    let expect =
        "roads.geojson: features[0] (r1): is a special area without a kind: property kind is missing";
    assert_eq!(found[0].to_string(), expect);
}

#[test]
fn every_fault_of_a_file_is_reported_at_once() {
    let text = collection(&[
        feature("a", "null"),
        polygon("b", "[[118.0,28.0],[118.2,28.2],[118.2,28.0],[118.0,28.2],[118.0,28.0]]"),
        polygon("c", SQUARE),
        polygon("c", SQUARE),
    ]);
    let indices: Vec<_> = problems(&text).iter().map(|problem| problem.feature_index).collect();
    assert_eq!(indices, [Some(0), Some(1), Some(3)]);
}

#[test]
fn text_that_is_no_feature_collection_is_refused_with_what_it_is() {
    for (text, expect) in [
        ("", "zones.geojson: cannot read as JSON: EOF while parsing a value at line 1 column 0"),
        ("[1]", "zones.geojson: is no GeoJSON FeatureCollection but a list"),
        (r#"{"type":"Polygon"}"#, "zones.geojson: is no GeoJSON FeatureCollection but Polygon"),
        (r#"{"type":"FeatureCollection","features":[]}"#, "zones.geojson: holds no features"),
    ] {
        assert_eq!(problems(text)[0].to_string(), expect);
    }
    let found = problems(
        r#"{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[["a"]]]},"properties":{}}]}"#,
    );
    assert!(matches!(found[0].defect, ZoneDefect::NotFeature { .. }), "{found:?}");
}

#[test]
fn parent_must_exist_and_lie_above() {
    let with_parent = |code: &str, parent: &str| {
        polygon(code, SQUARE).replace("\"name_zh\"", &format!("\"parent\":\"{parent}\",\"name_zh\""))
    };
    let file = ZoneFile::new(ZoneLevel::Township);
    let text = collection(&[with_parent("a", "nowhere"), with_parent("b", "a"), with_parent("c", "d")]);
    let mut zones = parse_geojson("towns.geojson", &text, &file).unwrap();
    let districts = collection(&[polygon("d", SQUARE), polygon("a", SQUARE)]);
    zones
        .extend(parse_geojson("districts.geojson", &districts, &ZoneFile::new(ZoneLevel::District)).unwrap());
    let messages: Vec<String> = check_hierarchy(&zones).iter().map(ToString::to_string).collect();
    assert_eq!(
        messages,
        [
            "districts.geojson: features[1] (a): code a is already used by towns.geojson features[0]",
            "towns.geojson: features[0] (a): parent nowhere is not a zone",
        ]
    );
}

#[test]
fn settings_of_a_file_refuse_unknown_keys_and_default_to_wgs84() {
    let file: ZoneFile = serde_json::from_str(r#"{"level":"grid"}"#).unwrap();
    assert_eq!(file, ZoneFile::new(ZoneLevel::Grid));
    assert_eq!(file.crs, Crs::Wgs84);
    assert!(serde_json::from_str::<ZoneFile>(r#"{"level":"grid","code":"x"}"#).is_err());
}
