//! Boundary files in GeoJSON (RFC 7946) become zones; longitude comes first here and nowhere else.

use std::collections::BTreeMap;

use ::geojson::{Feature, GeometryValue, JsonObject, JsonValue};
use geo::{MapCoords, MultiPolygon};

use super::outline::outline_from_polygons;
use super::{Crs, Zone, ZoneDefect, ZoneFile, ZoneLevel, ZoneOrigin, ZoneProblem};
use crate::coordinate_door::{wgs84_from_bd09, wgs84_from_gcj02};
use crate::position::LatLon;

/// Reads the zones of one boundary file.
///
/// `name` is used in messages only. Coordinates are changed to WGS-84 from what the file is declared to hold.
/// Polygons are checked against OGC 06-103r4 section 6.1.11: closed rings of three corners or more that neither cross
/// nor touch themselves, holes inside, parts apart.
///
/// # Errors
/// Every fault found in the file; zones without a fault are then not returned either.
pub fn parse_geojson(name: &str, text: &str, file: &ZoneFile) -> Result<Vec<Zone>, Vec<ZoneProblem>> {
    let whole_file = |defect| ZoneProblem { file: name.to_owned(), feature_index: None, code: None, defect };
    let features = features(text).map_err(|defect| vec![whole_file(defect)])?;
    let mut zones = Vec::new();
    let mut problems = Vec::new();
    for (feature_index, value) in features.into_iter().enumerate() {
        let origin = ZoneOrigin { file: name.to_owned(), feature_index, crs: file.crs };
        match zone(value, origin, file) {
            Ok(zone) => zones.push(zone),
            Err((code, defects)) => problems.extend(defects.into_iter().map(|defect| ZoneProblem {
                file: name.to_owned(),
                feature_index: Some(feature_index),
                code: code.clone(),
                defect,
            })),
        }
    }
    problems.extend(duplicate_codes(&zones));
    if problems.is_empty() { Ok(zones) } else { Err(problems) }
}

/// Names every zone whose code another zone before it has.
pub(super) fn duplicate_codes(zones: &[Zone]) -> Vec<ZoneProblem> {
    let mut first_by_code: BTreeMap<&str, &ZoneOrigin> = BTreeMap::new();
    let mut problems = Vec::new();
    for zone in zones {
        let Some(first) = first_by_code.get(zone.code.as_str()) else {
            first_by_code.insert(&zone.code, &zone.origin);
            continue;
        };
        problems.push(ZoneProblem::of(
            zone,
            ZoneDefect::DuplicateCode {
                code: zone.code.clone(),
                first_file: first.file.clone(),
                first_feature_index: first.feature_index,
            },
        ));
    }
    problems
}

fn features(text: &str) -> Result<Vec<JsonValue>, ZoneDefect> {
    let text = text.trim_start_matches('\u{feff}');
    let value: JsonValue =
        serde_json::from_str(text).map_err(|error| ZoneDefect::NotJson { reason: error.to_string() })?;
    let other = |found: &str| ZoneDefect::NotFeatureCollection { found: found.to_owned() };
    let JsonValue::Object(mut object) = value else {
        return Err(other(kind_of(&value)));
    };
    match object.get("type") {
        Some(JsonValue::String(kind)) if kind == "FeatureCollection" => {}
        Some(JsonValue::String(kind)) => return Err(other(kind)),
        Some(_) | None => return Err(other("an object without a type")),
    }
    match object.remove("features") {
        Some(JsonValue::Array(features)) if features.is_empty() => Err(ZoneDefect::NoFeatures),
        Some(JsonValue::Array(features)) => Ok(features),
        Some(_) | None => Err(other("a FeatureCollection without a list of features")),
    }
}

fn kind_of(value: &JsonValue) -> &'static str {
    match value {
        JsonValue::Null => "null",
        JsonValue::Bool(_) => "true or false",
        JsonValue::Number(_) => "a number",
        JsonValue::String(_) => "a text",
        JsonValue::Array(_) => "a list",
        JsonValue::Object(_) => "an object",
    }
}

type Faults = (Option<String>, Vec<ZoneDefect>);

fn zone(value: JsonValue, origin: ZoneOrigin, file: &ZoneFile) -> Result<Zone, Faults> {
    let feature: Feature = serde_json::from_value(value)
        .map_err(|error| (None, vec![ZoneDefect::NotFeature { reason: error.to_string() }]))?;
    let properties = feature.properties.unwrap_or_default();
    let mut defects = Vec::new();
    let mut property = |key: &str| {
        text_property(&properties, key).unwrap_or_else(|defect| {
            defects.push(defect);
            None
        })
    };
    let code = property(&file.code_key);
    let name_zh = property(&file.name_zh_key);
    let name_en = property(&file.name_en_key);
    let parent = property(&file.parent_key);
    let kind = property(&file.kind_key).or_else(|| file.kind.clone());
    if file.level == ZoneLevel::Special && kind.is_none() {
        defects.push(ZoneDefect::MissingKind { key: file.kind_key.clone() });
    }
    let outline = polygons(feature.geometry.map(|geometry| geometry.value)).and_then(outline_from_polygons);
    match (code, outline, defects.is_empty()) {
        (Some(code), Ok(outline), true) => {
            let name_zh = name_zh.unwrap_or_else(|| code.clone());
            let name_en = name_en.unwrap_or_else(|| name_zh.clone());
            let polygon = wgs84_from_file(&outline, file.crs);
            Ok(Zone { code, level: file.level, kind, name_zh, name_en, parent, polygon, origin })
        }
        (code, outline, _) => {
            let unreadable = |defect: &ZoneDefect| matches!(defect, ZoneDefect::BadProperty { key, .. } if *key == file.code_key);
            if code.is_none() && !defects.iter().any(unreadable) {
                defects.push(ZoneDefect::MissingCode { key: file.code_key.clone() });
            }
            defects.extend(outline.err().unwrap_or_default());
            Err((code, defects))
        }
    }
}

/// Returns a property as text; absent, null and empty are none.
fn text_property(properties: &JsonObject, key: &str) -> Result<Option<String>, ZoneDefect> {
    let mut steps = key.split('.');
    let mut value = steps.next().and_then(|step| properties.get(step));
    for step in steps {
        value = value.and_then(|value| value.get(step));
    }
    match value {
        None | Some(JsonValue::Null) => Ok(None),
        Some(JsonValue::String(text)) if text.trim().is_empty() => Ok(None),
        Some(JsonValue::String(text)) => Ok(Some(text.trim().to_owned())),
        Some(JsonValue::Number(number)) if number.is_u64() => Ok(Some(number.to_string())),
        Some(other) => Err(ZoneDefect::BadProperty { key: key.to_owned(), value: other.to_string() }),
    }
}

/// Polygons of rings of positions as they stand in the file.
pub(super) type FilePolygons = Vec<Vec<Vec<::geojson::Position>>>;

fn polygons(geometry: Option<GeometryValue>) -> Result<FilePolygons, Vec<ZoneDefect>> {
    let polygons = match geometry {
        None => return Err(vec![ZoneDefect::EmptyGeometry]),
        Some(GeometryValue::Polygon { coordinates }) => vec![coordinates],
        Some(GeometryValue::MultiPolygon { coordinates }) => coordinates,
        Some(other) => return Err(vec![ZoneDefect::NotPolygon { found: other.type_name() }]),
    };
    let outer_is_empty = |polygon: &Vec<Vec<_>>| polygon.first().is_none_or(Vec::is_empty);
    if polygons.is_empty() || polygons.iter().any(outer_is_empty) {
        return Err(vec![ZoneDefect::EmptyGeometry]);
    }
    Ok(polygons)
}

fn wgs84_from_file(outline: &MultiPolygon<f64>, crs: Crs) -> MultiPolygon<f64> {
    match crs {
        Crs::Wgs84 | Crs::Cgcs2000 => outline.clone(),
        Crs::Gcj02 => map_lat_lon(outline, wgs84_from_gcj02),
        Crs::Bd09 => map_lat_lon(outline, wgs84_from_bd09),
    }
}

pub(super) fn map_lat_lon(
    outline: &MultiPolygon<f64>,
    change: impl Fn(LatLon) -> LatLon,
) -> MultiPolygon<f64> {
    outline.map_coords(|coord| {
        let changed = change(LatLon { lat_deg: coord.y, lon_deg: coord.x });
        geo::Coord { x: changed.lon_deg, y: changed.lat_deg }
    })
}
