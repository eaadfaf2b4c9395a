//! From the features of a boundary file, whatever its format, to zones in WGS-84.

use std::collections::BTreeMap;

use ::geojson::{JsonObject, JsonValue};
use geo::{Coord, MapCoords, MultiPolygon};
use nalgebra::Vector2;

use super::outline::outline_from_polygons;
use super::{Crs, Zone, ZoneDefect, ZoneFile, ZoneLevel, ZoneOrigin, ZoneProblem};
use crate::coordinate_door::{wgs84_from_bd09, wgs84_from_gcj02};
use crate::crs::Projection;
use crate::geodesy::plane_distance_m;
use crate::position::LatLon;

/// A file that says where it lies disagrees with what it is declared to hold when its first position is this far off.
const MOST_DISAGREEMENT_M: f64 = 1.0;

/// Polygons of rings of positions as they stand in the file: x = east or longitude, y = north or latitude.
pub type FilePolygons = Vec<Vec<Vec<Coord<f64>>>>;

/// One feature as it stands in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Boundary {
    /// Its attributes.
    pub properties: JsonObject,
    /// Its rings, or why there are none.
    pub polygons: Result<FilePolygons, Vec<ZoneDefect>>,
}

/// What a boundary file holds, before it is held against what the file is declared to hold.
#[derive(Debug)]
pub struct Boundaries {
    /// Its features, in the order of the file.
    pub features: Vec<Result<Boundary, ZoneDefect>>,
    /// Where the file itself says its coordinates lie.
    pub stated_crs: Option<StatedCrs>,
}

/// The coordinate reference system that a file states.
#[derive(Debug)]
pub struct StatedCrs {
    /// As it is written there.
    pub name: String,
    /// Its door; none where it is not understood.
    pub projection: Option<Projection>,
}

/// Zones of one file, with what is doubtful about it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReadZones {
    /// The zones, in WGS-84.
    pub zones: Vec<Zone>,
    /// Doubts that leave the zones usable.
    pub warnings: Vec<ZoneProblem>,
}

/// Makes zones of the features of one boundary file.
///
/// `name` is used in messages only. Coordinates are changed to WGS-84 from what the file is declared to hold.
/// Polygons are checked against OGC 06-103r4 section 6.1.11: closed rings of three corners or more that neither cross
/// nor touch themselves, holes inside, parts apart.
///
/// # Errors
/// Every fault found in the file; zones without a fault are then not returned either.
pub fn zones_from_boundaries(
    name: &str,
    boundaries: Boundaries,
    file: &ZoneFile,
) -> Result<ReadZones, Vec<ZoneProblem>> {
    let door = Door::of(file.crs).map_err(|defect| vec![ZoneProblem::of_file(name, defect)])?;
    if boundaries.features.is_empty() {
        return Err(vec![ZoneProblem::of_file(name, ZoneDefect::NoFeatures)]);
    }
    let warnings =
        door.doubts(&boundaries).into_iter().map(|defect| ZoneProblem::of_file(name, defect)).collect();
    let mut zones = Vec::new();
    let mut problems = Vec::new();
    for (feature_index, boundary) in boundaries.features.into_iter().enumerate() {
        let origin = ZoneOrigin { file: name.to_owned(), feature_index, crs: file.crs };
        let read = boundary.map_err(|defect| (None, vec![defect]));
        match read.and_then(|boundary| zone(boundary, origin, file, &door)) {
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
    if problems.is_empty() { Ok(ReadZones { zones, warnings }) } else { Err(problems) }
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

type Faults = (Option<String>, Vec<ZoneDefect>);

fn zone(boundary: Boundary, origin: ZoneOrigin, file: &ZoneFile, door: &Door) -> Result<Zone, Faults> {
    let mut defects = Vec::new();
    let mut property = |key: &str| {
        text_property(&boundary.properties, key).unwrap_or_else(|defect| {
            defects.push(defect);
            None
        })
    };
    let code = property(&file.code_key);
    let name_zh = property(&file.name_zh_key);
    let name_en = property(&file.name_en_key);
    let parent = property(&file.parent_key);
    let kind = property(&file.kind_key).or_else(|| file.kind.clone());
    let stated_level = if file.level.is_none() { property(&file.level_key) } else { None };
    let level =
        level(file, stated_level.as_deref(), code.as_deref()).map_err(|defect| defects.push(defect)).ok();
    if level == Some(ZoneLevel::Special) && kind.is_none() {
        defects.push(ZoneDefect::MissingKind { key: file.kind_key.clone() });
    }
    let outline = boundary.polygons.and_then(|polygons| door.outline(polygons));
    match (code, outline, level, defects.is_empty()) {
        (Some(code), Ok(polygon), Some(level), true) => {
            let name_zh = name_zh.unwrap_or_else(|| code.clone());
            let name_en = name_en.unwrap_or_else(|| name_zh.clone());
            Ok(Zone { code, level, kind, name_zh, name_en, parent, polygon, origin })
        }
        (code, outline, _, _) => {
            let unreadable = |defect: &ZoneDefect| matches!(defect, ZoneDefect::BadProperty { key, .. } if *key == file.code_key);
            if code.is_none() && !defects.iter().any(unreadable) {
                let others = boundary.properties.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                defects.push(ZoneDefect::MissingCode { key: file.code_key.clone(), others });
            }
            defects.extend(outline.err().unwrap_or_default());
            Err((code, defects))
        }
    }
}

/// The level of the file, else the one a property states, else the one of an administrative code.
fn level(file: &ZoneFile, stated: Option<&str>, code: Option<&str>) -> Result<ZoneLevel, ZoneDefect> {
    if let Some(level) = file.level {
        return Ok(level);
    }
    if let Some(stated) = stated {
        return stated.parse().map_err(|_| ZoneDefect::UnknownLevel { value: stated.to_owned() });
    }
    let by_code = code.and_then(level_of_code);
    by_code.ok_or_else(|| ZoneDefect::MissingLevel { key: file.level_key.clone() })
}

/// Returns the level of an administrative code: six digits down to the district, nine to the township, twelve to the community.
///
/// # References
/// GB/T 2260-2007, section 4 (six digits, the last two `00` for a city); GB/T 10114-2003, section 4 (nine digits). Twelve digits:
/// National Bureau of Statistics, codes for statistical divisions (2009), section 2.
fn level_of_code(code: &str) -> Option<ZoneLevel> {
    if !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match code.len() {
        6 if code.ends_with("0000") => None,
        6 if code.ends_with("00") => Some(ZoneLevel::City),
        6 => Some(ZoneLevel::District),
        9 => Some(ZoneLevel::Township),
        12 => Some(ZoneLevel::Community),
        _ => None,
    }
}

/// Returns a property as text; absent, null and empty are none.
pub(super) fn text_property(properties: &JsonObject, key: &str) -> Result<Option<String>, ZoneDefect> {
    let nested = || {
        let mut steps = key.split('.');
        let first = steps.next().and_then(|step| properties.get(step))?;
        steps.try_fold(first, |value, step| value.get(step))
    };
    match properties.get(key).or_else(nested) {
        None | Some(JsonValue::Null) => Ok(None),
        Some(JsonValue::String(text)) if text.trim().is_empty() => Ok(None),
        Some(JsonValue::String(text)) => Ok(Some(text.trim().to_owned())),
        Some(JsonValue::Number(number)) if number.is_u64() => Ok(Some(number.to_string())),
        Some(other) => Err(ZoneDefect::BadProperty { key: key.to_owned(), value: other.to_string() }),
    }
}

/// The way from the coordinates a file is declared to hold to WGS-84.
struct Door {
    crs: Crs,
    /// For EPSG codes.
    projection: Option<Projection>,
}

impl Door {
    fn of(crs: Crs) -> Result<Self, ZoneDefect> {
        let projection = match crs {
            Crs::Epsg(code) => Some(
                Projection::of(u32::from(code))
                    .map_err(|error| ZoneDefect::BadCrs { reason: error.to_string() })?,
            ),
            Crs::Wgs84 | Crs::Cgcs2000 | Crs::Gcj02 | Crs::Bd09 => None,
        };
        Ok(Self { crs, projection })
    }

    fn outline(&self, polygons: FilePolygons) -> Result<MultiPolygon<f64>, Vec<ZoneDefect>> {
        let outline = match &self.projection {
            Some(projection) => outline_from_polygons(degrees(polygons, projection)?)?,
            None => outline_from_polygons(polygons)?,
        };
        Ok(match self.crs {
            Crs::Wgs84 | Crs::Cgcs2000 | Crs::Epsg(_) => outline,
            Crs::Gcj02 => map_lat_lon(&outline, wgs84_from_gcj02),
            Crs::Bd09 => map_lat_lon(&outline, wgs84_from_bd09),
        })
    }

    /// What speaks against the declaration without making it impossible.
    fn doubts(&self, boundaries: &Boundaries) -> Vec<ZoneDefect> {
        let mut doubts = Vec::new();
        if let Some(projection) = self.projection.as_ref().filter(|projection| !projection.datum_is_tied()) {
            doubts.push(ZoneDefect::DatumNotTied { crs: projection.name().to_owned() });
        }
        if let (Some(stated), Some(first)) = (&boundaries.stated_crs, first_position(boundaries)) {
            doubts.extend(self.disagreement(stated, first));
        }
        doubts
    }

    fn disagreement(&self, stated: &StatedCrs, first: Coord<f64>) -> Option<ZoneDefect> {
        let at = Vector2::new(first.x, first.y);
        let place = |projection: &Projection| projection.checked_lat_lon_from_model(at).ok();
        // GCJ-02 and BD-09 have no names in files; what carries them calls itself WGS-84 or CGCS2000.
        let declared = match &self.projection {
            Some(projection) => place(projection),
            None => LatLon::new(first.y, first.x),
        };
        let by_stated = place(stated.projection.as_ref()?);
        let off_m = declared.zip(by_stated).map(|(a, b)| plane_distance_m(a, b));
        let agrees = declared.is_none() && by_stated.is_none()
            || off_m.is_some_and(|off_m| off_m < MOST_DISAGREEMENT_M);
        (!agrees).then(|| ZoneDefect::CrsDisagrees {
            declared: self.crs.to_string(),
            stated: stated.name.clone(),
            off_m,
        })
    }
}

fn first_position(boundaries: &Boundaries) -> Option<Coord<f64>> {
    let polygons =
        boundaries.features.iter().flatten().filter_map(|boundary| boundary.polygons.as_ref().ok());
    polygons.flatten().flatten().flatten().next().copied()
}

fn degrees(mut polygons: FilePolygons, projection: &Projection) -> Result<FilePolygons, Vec<ZoneDefect>> {
    let mut defects = Vec::new();
    for (polygon, rings) in polygons.iter_mut().enumerate() {
        for (ring, coords) in rings.iter_mut().enumerate() {
            for (position, coord) in coords.iter_mut().enumerate() {
                match projection.checked_lat_lon_from_model(Vector2::new(coord.x, coord.y)) {
                    Ok(at) => *coord = Coord { x: at.lon_deg, y: at.lat_deg },
                    Err(error) => {
                        defects.push(ZoneDefect::NotInCrs {
                            polygon,
                            ring,
                            position,
                            reason: error.to_string(),
                        });
                        break;
                    }
                }
            }
        }
    }
    if defects.is_empty() { Ok(polygons) } else { Err(defects) }
}

pub(super) fn map_lat_lon(
    outline: &MultiPolygon<f64>,
    change: impl Fn(LatLon) -> LatLon,
) -> MultiPolygon<f64> {
    outline.map_coords(|coord| {
        let changed = change(LatLon { lat_deg: coord.y, lon_deg: coord.x });
        Coord { x: changed.lon_deg, y: changed.lat_deg }
    })
}
