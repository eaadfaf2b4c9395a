//! Context layers out of GeoJSON: areas, points with a reach, lines with a width.

use std::str::FromStr;

use ::geojson::{Feature, GeometryValue, JsonObject, JsonValue, Position};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::context::{ContextFeature, ContextShape};
use super::features::{map_lat_lon, text_property};
use super::geojson::{coords, features, polygons};
use super::outline::outline_from_polygons;
use super::{Crs, ZoneDefect, ZoneProblem};
use crate::coordinate_door::{wgs84_from_bd09, wgs84_from_gcj02};
use crate::position::LatLon;

/// How to read one file of a context layer.
///
/// Features have the properties `code`, `name_zh`, `name_en`; points `radius_m`, lines `width_m`; roads `road_class`; and
/// `valid_from`, `valid_to` where a licence has days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContextFile {
    /// Layer of every feature in the file, such as `permanent_water`.
    pub layer: String,
    /// Coordinates of the file: WGS-84, CGCS2000, GCJ-02 or BD-09.
    #[serde(default)]
    pub crs: Crs,
}

/// Reads the features of one file of a context layer. `name` is used in messages only.
///
/// # Errors
/// Every fault found in the file; features without a fault are then not returned either.
pub fn parse_context(
    name: &str,
    text: &str,
    file: &ContextFile,
) -> Result<Vec<ContextFeature>, Vec<ZoneProblem>> {
    let whole = |defect| vec![ZoneProblem::of_file(name, defect)];
    let to_wgs84 = to_wgs84(file.crs).map_err(whole)?;
    let (values, _) = features(text).map_err(whole)?;
    let (mut read, mut problems) = (Vec::new(), Vec::new());
    for (index, value) in values.into_iter().enumerate() {
        match feature(value, file, to_wgs84) {
            Ok(feature) => read.push(feature),
            Err((code, defects)) => problems.extend(defects.into_iter().map(|defect| ZoneProblem {
                file: name.to_owned(),
                feature_index: Some(index),
                code: code.clone(),
                defect,
            })),
        }
    }
    if problems.is_empty() { Ok(read) } else { Err(problems) }
}

fn to_wgs84(crs: Crs) -> Result<fn(LatLon) -> LatLon, ZoneDefect> {
    match crs {
        Crs::Wgs84 | Crs::Cgcs2000 => Ok(|point| point),
        Crs::Gcj02 => Ok(wgs84_from_gcj02),
        Crs::Bd09 => Ok(wgs84_from_bd09),
        Crs::Epsg(code) => {
            let reason = format!("EPSG:{code} is not read for context layers, only degrees are");
            Err(ZoneDefect::BadCrs { reason })
        }
    }
}

type Faults = (Option<String>, Vec<ZoneDefect>);

fn feature(
    value: JsonValue,
    file: &ContextFile,
    to_wgs84: fn(LatLon) -> LatLon,
) -> Result<ContextFeature, Faults> {
    let feature: Feature = serde_json::from_value(value)
        .map_err(|error| (None, vec![ZoneDefect::NotFeature { reason: error.to_string() }]))?;
    let properties = feature.properties.unwrap_or_default();
    let code = text_property(&properties, "code").map_err(|defect| (None, vec![defect]))?;
    let of = |defects: Vec<ZoneDefect>| (code.clone(), defects);
    let text = |key: &str| text_property(&properties, key).map_err(|defect| of(vec![defect]));
    let (name_zh, name_en, road_class) = (text("name_zh")?, text("name_en")?, text("road_class")?);
    let valid_from = date(&properties, "valid_from").map_err(|defect| of(vec![defect]))?;
    let valid_to = date(&properties, "valid_to").map_err(|defect| of(vec![defect]))?;
    let geometry = feature.geometry.map(|geometry| geometry.value);
    let shape = shape(geometry, &properties, to_wgs84).map_err(of)?;
    let Some(code) = code else {
        let others = properties.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        return Err((None, vec![ZoneDefect::MissingCode { key: "code".to_owned(), others }]));
    };
    let name_zh = name_zh.unwrap_or_else(|| code.clone());
    let name_en = name_en.unwrap_or_else(|| name_zh.clone());
    let layer = file.layer.clone();
    Ok(ContextFeature { layer, code, name_zh, name_en, road_class, valid_from, valid_to, shape })
}

fn date(properties: &JsonObject, key: &str) -> Result<Option<Date>, ZoneDefect> {
    let Some(text) = text_property(properties, key)? else { return Ok(None) };
    let bad = |_| ZoneDefect::BadDate { key: key.to_owned(), value: text.clone() };
    Date::from_str(&text).map(Some).map_err(bad)
}

fn shape(
    geometry: Option<GeometryValue>,
    properties: &JsonObject,
    to_wgs84: fn(LatLon) -> LatLon,
) -> Result<ContextShape, Vec<ZoneDefect>> {
    match geometry {
        Some(GeometryValue::Point { coordinates }) => {
            let radius_m = measure(properties, "Point", "radius_m").map_err(|defect| vec![defect])?;
            let centre = line(&[coordinates], 0, to_wgs84).map_err(|defect| vec![defect])?;
            let centre = centre.first().copied().ok_or_else(|| vec![ZoneDefect::EmptyGeometry])?;
            Ok(ContextShape::Disc { centre, radius_m })
        }
        Some(GeometryValue::LineString { coordinates }) => strip(&[coordinates], properties, to_wgs84),
        Some(GeometryValue::MultiLineString { coordinates }) => strip(&coordinates, properties, to_wgs84),
        other => Ok(ContextShape::Area(map_lat_lon(&outline_from_polygons(polygons(other)?)?, to_wgs84))),
    }
}

fn strip(
    lines: &[Vec<Position>],
    properties: &JsonObject,
    to_wgs84: fn(LatLon) -> LatLon,
) -> Result<ContextShape, Vec<ZoneDefect>> {
    let width_m = measure(properties, "LineString", "width_m").map_err(|defect| vec![defect])?;
    let lines: Result<Vec<_>, _> =
        lines.iter().enumerate().map(|(index, positions)| line(positions, index, to_wgs84)).collect();
    let lines = lines.map_err(|defect| vec![defect])?;
    if lines.iter().all(|line| line.len() < 2) {
        return Err(vec![ZoneDefect::EmptyGeometry]);
    }
    Ok(ContextShape::Strip { lines, width_m })
}

fn line(
    positions: &[Position],
    index: usize,
    to_wgs84: fn(LatLon) -> LatLon,
) -> Result<Vec<LatLon>, ZoneDefect> {
    let point = |coord: &geo::Coord<f64>| {
        let hint = "";
        LatLon::new(coord.y, coord.x).map(to_wgs84).ok_or(ZoneDefect::OutOfRange {
            polygon: index,
            ring: 0,
            lat_deg: coord.y,
            lon_deg: coord.x,
            hint,
        })
    };
    coords(positions, index, 0)?.iter().map(point).collect()
}

fn measure(properties: &JsonObject, geometry: &'static str, key: &'static str) -> Result<f64, ZoneDefect> {
    let value = properties.get(key);
    let metres = value.and_then(JsonValue::as_f64).filter(|metres| *metres > 0.0 && metres.is_finite());
    metres.ok_or_else(|| ZoneDefect::BadMeasure {
        geometry,
        key,
        found: value.map_or_else(|| "missing".to_owned(), ToString::to_string),
    })
}
