//! Boundary files in GeoJSON (RFC 7946); longitude comes first here and nowhere else.

use ::geojson::{Feature, GeometryValue, JsonObject, JsonValue, Position};
use geo::Coord;

use super::features::{Boundaries, Boundary, FilePolygons, StatedCrs, zones_from_boundaries};
use super::{Zone, ZoneDefect, ZoneFile, ZoneProblem};
use crate::crs::Projection;

/// Reads the zones of one GeoJSON file; see [`zones_from_boundaries`].
///
/// # Errors
/// Every fault found in the file; zones without a fault are then not returned either.
pub fn parse_geojson(name: &str, text: &str, file: &ZoneFile) -> Result<Vec<Zone>, Vec<ZoneProblem>> {
    let boundaries =
        boundaries_from_geojson(text).map_err(|defect| vec![ZoneProblem::of_file(name, defect)])?;
    zones_from_boundaries(name, boundaries, file).map(|read| read.zones)
}

/// Reads the features of a GeoJSON file, each as far as it can be read.
///
/// # Errors
/// When the text is not a GeoJSON FeatureCollection.
pub fn boundaries_from_geojson(text: &str) -> Result<Boundaries, ZoneDefect> {
    let (features, stated_crs) = features(text)?;
    Ok(Boundaries { features: features.into_iter().map(boundary).collect(), stated_crs })
}

pub(super) fn features(text: &str) -> Result<(Vec<JsonValue>, Option<StatedCrs>), ZoneDefect> {
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
    let stated_crs = stated_crs(&object);
    match object.remove("features") {
        Some(JsonValue::Array(features)) if features.is_empty() => Err(ZoneDefect::NoFeatures),
        Some(JsonValue::Array(features)) => Ok((features, stated_crs)),
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

/// The `crs` member of GeoJSON before RFC 7946, as many tools still write it: `urn:ogc:def:crs:EPSG::4490`.
fn stated_crs(object: &JsonObject) -> Option<StatedCrs> {
    let name = object.get("crs")?.get("properties")?.get("name")?.as_str()?;
    if name.ends_with("CRS84") {
        return Some(StatedCrs { name: name.to_owned(), projection: Projection::of(4326).ok() });
    }
    let code = name.rsplit(':').next().and_then(|code| code.parse().ok());
    Some(StatedCrs { name: name.to_owned(), projection: code.and_then(|code| Projection::of(code).ok()) })
}

fn boundary(value: JsonValue) -> Result<Boundary, ZoneDefect> {
    let feature: Feature = serde_json::from_value(value)
        .map_err(|error| ZoneDefect::NotFeature { reason: error.to_string() })?;
    Ok(Boundary {
        properties: feature.properties.unwrap_or_default(),
        polygons: polygons(feature.geometry.map(|geometry| geometry.value)),
    })
}

pub(super) fn polygons(geometry: Option<GeometryValue>) -> Result<FilePolygons, Vec<ZoneDefect>> {
    let polygons = match geometry {
        None => return Err(vec![ZoneDefect::EmptyGeometry]),
        Some(GeometryValue::Polygon { coordinates }) => vec![coordinates],
        Some(GeometryValue::MultiPolygon { coordinates }) => coordinates,
        Some(other) => return Err(vec![ZoneDefect::NotPolygon { found: other.type_name().to_owned() }]),
    };
    let mut defects = Vec::new();
    let mut read = Vec::new();
    for (polygon, rings) in polygons.iter().enumerate() {
        let mut read_rings = Vec::new();
        for (ring, positions) in rings.iter().enumerate() {
            match coords(positions, polygon, ring) {
                Ok(coords) => read_rings.push(coords),
                Err(defect) => defects.push(defect),
            }
        }
        read.push(read_rings);
    }
    if defects.is_empty() { Ok(read) } else { Err(defects) }
}

pub(super) fn coords(
    positions: &[Position],
    polygon: usize,
    ring: usize,
) -> Result<Vec<Coord<f64>>, ZoneDefect> {
    let coord = |(position, numbers): (usize, &Position)| match numbers.as_slice() {
        [x, y, ..] => Ok(Coord { x: *x, y: *y }),
        short => Err(ZoneDefect::ShortPosition { polygon, ring, position, numbers: short.len() }),
    };
    positions.iter().enumerate().map(coord).collect()
}
