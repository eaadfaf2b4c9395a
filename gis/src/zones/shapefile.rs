//! Boundary files in Shapefile: `.shp` with its `.dbf`, `.cpg` and `.prj`.
//!
//! Attributes are in the encoding that `.cpg` or the `.dbf` header names; where neither does, or where the text is not in it,
//! UTF-8 if all of it is, else GB18030, which holds GBK and GB2312. Names of columns end after ten bytes; a longer key finds the
//! column that its first ten bytes name.
//!
//! # References
//! ESRI Shapefile Technical Description (1998); language drivers: dBASE file header, byte 29.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::io::Cursor;

use ::geojson::{JsonObject, JsonValue};
use ::shapefile::dbase::{self, FieldValue};
use ::shapefile::record::traits::HasXY;
use ::shapefile::{PolygonRing, Shape, ShapeReader};
use encoding_rs::{Encoding, GB18030, UTF_8, WINDOWS_1252};
use geo::coordinate_position::{CoordPos, CoordinatePosition};
use geo::{Area, BoundingRect, Contains, Coord, LineString, Polygon};

use super::features::{Boundaries, Boundary, FilePolygons, StatedCrs};
use super::{ZoneDefect, ZoneFile};
use crate::crs::Projection;

/// Bytes of the name of a column.
const COLUMN_NAME_BYTES: usize = 10;
/// Where the language driver stands in the header of a `.dbf` file, and its values for code page 936.
const LANGUAGE_DRIVER_AT: usize = 29;
const LANGUAGE_DRIVERS_GBK: [u8; 2] = [0x4D, 0x7A];

/// The files that make up one Shapefile.
#[derive(Debug, Clone, Copy)]
pub struct ShapefileParts<'a> {
    /// Geometries.
    pub shp: &'a [u8],
    /// Attributes.
    pub dbf: Option<&'a [u8]>,
    /// Name of the encoding of the attributes.
    pub cpg: Option<&'a [u8]>,
    /// Coordinate reference system, as WKT.
    pub prj: Option<&'a [u8]>,
}

/// Reads the features of a Shapefile, each as far as it can be read.
///
/// # Errors
/// When a part is missing, cut short or of another kind, or the parts do not fit each other.
pub fn boundaries_from_shapefile(
    parts: &ShapefileParts<'_>,
    file: &ZoneFile,
) -> Result<Boundaries, ZoneDefect> {
    let shapes = shapes(parts.shp)?;
    let dbf = parts.dbf.ok_or_else(|| not_readable("there is no .dbf beside it, which holds the codes"))?;
    let records = records(dbf, parts.cpg, file)?;
    if shapes.len() != records.len() {
        let (shapes, records) = (shapes.len(), records.len());
        return Err(not_readable(format!("its .shp has {shapes} features and its .dbf {records} records")));
    }
    let features = shapes.into_iter().zip(records);
    let features =
        features.map(|(shape, properties)| Ok(Boundary { properties, polygons: polygons(shape) })).collect();
    Ok(Boundaries { features, stated_crs: parts.prj.map(stated_crs) })
}

fn not_readable(reason: impl Into<String>) -> ZoneDefect {
    ZoneDefect::NotReadable { format: "Shapefile", reason: reason.into() }
}

fn shapes(shp: &[u8]) -> Result<Vec<Shape>, ZoneDefect> {
    let mut reader = ShapeReader::new(Cursor::new(shp)).map_err(|error| not_readable(error.to_string()))?;
    let shapes = reader.iter_shapes().enumerate();
    shapes
        .map(|(record, shape)| shape.map_err(|error| not_readable(format!("record {record}: {error}"))))
        .collect()
}

fn polygons(shape: Shape) -> Result<FilePolygons, Vec<ZoneDefect>> {
    match shape {
        Shape::Polygon(polygon) => Ok(nested(rings(polygon.rings()))),
        Shape::PolygonM(polygon) => Ok(nested(rings(polygon.rings()))),
        Shape::PolygonZ(polygon) => Ok(nested(rings(polygon.rings()))),
        Shape::NullShape => Err(vec![ZoneDefect::EmptyGeometry]),
        other => Err(vec![ZoneDefect::NotPolygon { found: other.shapetype().to_string() }]),
    }
}

fn rings<P: HasXY>(rings: &[PolygonRing<P>]) -> Vec<Vec<Coord<f64>>> {
    let coord = |point: &P| Coord { x: point.x(), y: point.y() };
    rings.iter().map(|ring| ring.points().iter().map(coord).collect()).collect()
}

/// Sorts rings into polygons by how they lie in each other: a ring in an outer ring is its hole, a ring in a hole an island.
///
/// The direction of rings should tell the same, but many writers get it wrong.
fn nested(rings: Vec<Vec<Coord<f64>>>) -> FilePolygons {
    let mut shapes: Vec<(Vec<Coord<f64>>, Polygon<f64>)> = rings
        .into_iter()
        .map(|ring| (ring.clone(), Polygon::new(LineString::new(ring), Vec::new())))
        .collect();
    shapes.sort_by_cached_key(|(_, shape)| Reverse(ordered(shape.unsigned_area())));
    let mut polygons = FilePolygons::new();
    // Of each ring before: the polygon it is the outer ring of, if it is one.
    let mut outer_of: Vec<Option<usize>> = Vec::new();
    for (index, (ring, shape)) in shapes.iter().enumerate() {
        // Later rings are smaller, so that the last one around is the closest.
        let around = shapes.iter().take(index).rposition(|(_, other)| holds(other, shape));
        let hole_of = around.and_then(|around| outer_of.get(around).copied().flatten());
        if let Some(rings) = hole_of.and_then(|polygon| polygons.get_mut(polygon)) {
            rings.push(ring.clone());
            outer_of.push(None);
        } else {
            outer_of.push(Some(polygons.len()));
            polygons.push(vec![ring.clone()]);
        }
    }
    polygons
}

/// Areas are not negative, so that their bits order them; what is no number comes first.
fn ordered(area: f64) -> u64 {
    area.to_bits()
}

fn holds(outer: &Polygon<f64>, inner: &Polygon<f64>) -> bool {
    let (Some(outer_box), Some(inner_box)) = (outer.bounding_rect(), inner.bounding_rect()) else {
        return false;
    };
    let in_box = outer_box.contains(&inner_box) || outer_box == inner_box;
    let mut positions = inner.exterior().coords().map(|coord| outer.coordinate_position(coord));
    in_box && positions.find(|position| *position != CoordPos::OnBoundary) == Some(CoordPos::Inside)
}

/// The name of a reference system is the first quoted text of its WKT.
fn stated_crs(prj: &[u8]) -> StatedCrs {
    let text = String::from_utf8_lossy(prj);
    let name = text.split('"').nth(1).unwrap_or("a text without a name").to_owned();
    let definition = proj4wkt::wkt_to_projstring(text.trim()).ok();
    let projection = definition.and_then(|definition| Projection::from_proj4(name.clone(), &definition).ok());
    StatedCrs { name, projection }
}

/// Columns and records of a `.dbf`, texts still as the bytes they are.
type Raw = Vec<Vec<(Vec<u8>, FieldValue)>>;

fn records(dbf: &[u8], cpg: Option<&[u8]>, file: &ZoneFile) -> Result<Vec<JsonObject>, ZoneDefect> {
    let raw = raw_records(dbf).map_err(|error| not_readable(format!("its .dbf: {error}")))?;
    let encoding = encoding(&raw, stated_encoding(dbf, cpg)).ok_or_else(|| {
        not_readable("the texts of its .dbf are neither in UTF-8 nor in GB18030, nor in what it states")
    })?;
    Ok(raw.iter().map(|record| properties(record, encoding, file)).collect())
}

/// The encoding that the texts are in. What is stated counts if the values agree. Else UTF-8 does if the values agree and are more than
/// ASCII, which other encodings hardly ever are by chance, or the names of columns agree too. Names alone prove nothing against it:
/// writers that number columns with the same beginning cut their names in the middle of a character.
fn encoding(raw: &Raw, stated: Option<&'static Encoding>) -> Option<&'static Encoding> {
    let values = || raw.iter().flatten().map(|(_, value)| value);
    let fits = |encoding: &&'static Encoding| values().all(|value| json(encoding, value).is_some());
    let more_than_ascii =
        || values().any(|value| matches!(value, FieldValue::Character(Some(text)) if !text.is_ascii()));
    let names_fit = || raw.iter().flatten().all(|(name, _)| decoded(UTF_8, name).is_some());
    let utf8 = || Some(UTF_8).filter(fits).filter(|_| more_than_ascii() || names_fit());
    stated.filter(fits).or_else(utf8).or_else(|| Some(GB18030).filter(fits))
}

/// Windows-1252 gives each byte a character of its own, so that the bytes come back.
fn raw_records(dbf: &[u8]) -> Result<Raw, String> {
    let encoding = dbase::encoding::EncodingRs::from(WINDOWS_1252);
    let builder = dbase::ReaderBuilder::new().with_encoding(encoding);
    let mut reader = builder.build(Cursor::new(dbf)).map_err(|error| error.to_string())?;
    let records = reader.iter_records();
    let bytes = |record: dbase::Record| {
        record.into_iter().map(|(column, value)| (bytes_of(&column), value)).collect()
    };
    records.map(|record| record.map(bytes).map_err(|error| error.to_string())).collect()
}

fn bytes_of(text: &str) -> Vec<u8> {
    WINDOWS_1252.encode(text).0.into_owned()
}

fn properties(record: &[(Vec<u8>, FieldValue)], encoding: &'static Encoding, file: &ZoneFile) -> JsonObject {
    let name = |bytes: &[u8]| {
        decoded(encoding, bytes).unwrap_or_else(|| encoding.decode_without_bom_handling(bytes).0.into_owned())
    };
    let named = record.iter().filter_map(|(column, value)| Some((name(column), json(encoding, value)?)));
    let mut properties: JsonObject = named.collect();
    let keys = [
        &file.code_key,
        &file.name_zh_key,
        &file.name_en_key,
        &file.parent_key,
        &file.kind_key,
        &file.level_key,
    ];
    // A column answers to one long key only: names that start with the same ten bytes are one name no longer.
    let mut answered = Vec::new();
    for key in keys {
        let start =
            encoding.encode(key).0.get(..COLUMN_NAME_BYTES).and_then(|start| decoded(encoding, start));
        let Some(column) = start.filter(|column| !properties.contains_key(key) && !answered.contains(column))
        else {
            continue;
        };
        if let Some(value) = properties.get(&column).cloned() {
            properties.insert(key.clone(), value);
            answered.push(column);
        }
    }
    properties
}

/// The encoding that `.cpg` names, else the one of the language driver.
fn stated_encoding(dbf: &[u8], cpg: Option<&[u8]>) -> Option<&'static Encoding> {
    let driver = dbf.get(LANGUAGE_DRIVER_AT).copied().unwrap_or(0);
    let by_driver = LANGUAGE_DRIVERS_GBK.contains(&driver).then_some(GB18030);
    cpg.and_then(encoding_of_code_page).or(by_driver)
}

/// `UTF-8`, `GBK`, `936`, `OEM 936`, `CP936`, `65001` and the like.
fn encoding_of_code_page(cpg: &[u8]) -> Option<&'static Encoding> {
    let name = String::from_utf8_lossy(cpg).trim().to_ascii_lowercase();
    let number: String = name.chars().filter(char::is_ascii_digit).collect();
    match number.as_str() {
        "65001" | "8" => Some(UTF_8),
        "936" | "2312" | "18030" => Some(GB18030),
        "950" => Some(encoding_rs::BIG5),
        _ => Encoding::for_label(name.as_bytes()),
    }
}

/// Returns a value, or `None` where its text is not in the encoding.
fn json(encoding: &'static Encoding, value: &FieldValue) -> Option<JsonValue> {
    let text = |raw: &str| decoded(encoding, &bytes_of(raw)).map(JsonValue::String);
    match value {
        FieldValue::Character(raw) => raw.as_deref().map_or(Some(JsonValue::Null), text),
        FieldValue::Memo(raw) => text(raw),
        FieldValue::Numeric(number) => Some(number.map_or(JsonValue::Null, number_json)),
        FieldValue::Float(number) => {
            Some(number.map_or(JsonValue::Null, |number| number_json(f64::from(number))))
        }
        FieldValue::Double(number) => Some(number_json(*number)),
        FieldValue::Integer(number) => Some((*number).into()),
        FieldValue::Logical(value) => Some(value.map_or(JsonValue::Null, JsonValue::Bool)),
        FieldValue::Date(_) | FieldValue::DateTime(_) | FieldValue::Currency(_) => Some(JsonValue::Null),
    }
}

/// Codes are often kept as numbers: 330802 is stored as a decimal.
fn number_json(number: f64) -> JsonValue {
    if number.fract() == 0.0 && number.abs() < 9e15 { (number as i64).into() } else { number.into() }
}

/// Returns the text; the beginning of a character that the width of the column cut off is left away.
fn decoded(encoding: &'static Encoding, bytes: &[u8]) -> Option<String> {
    let whole = |bytes: &[u8]| {
        encoding.decode_without_bom_handling_and_without_replacement(bytes).map(Cow::into_owned)
    };
    let cut = || {
        let end = if encoding == UTF_8 {
            let error = std::str::from_utf8(bytes).err()?;
            error.error_len().is_none().then(|| error.valid_up_to())?
        } else {
            bytes.len().checked_sub(1)?
        };
        bytes.get(end).filter(|first| !first.is_ascii())?;
        whole(bytes.get(..end)?)
    };
    whole(bytes).or_else(cut)
}
