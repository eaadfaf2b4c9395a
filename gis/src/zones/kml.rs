//! Boundary files in KML and KMZ: placemarks with polygons.
//!
//! The attributes of a placemark are its `name`, `description` and extended data. Files are first looked through for what the
//! reader, crate `kml`, does not stand: tags that never end make it wait for ever, and deep nesting fills its stack.
//!
//! # References
//! OGC 12-007r2, KML 2.3; coordinates are WGS-84, longitude first (section 6.2).

use std::io::{Cursor, Read};

use ::geojson::{JsonObject, JsonValue};
use ::kml::types::{Element, Geometry, Placemark, Polygon};
use ::kml::{Kml, KmlReader};
use encoding_rs::GB18030;
use geo::Coord;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::ZoneDefect;
use super::features::{Boundaries, Boundary, FilePolygons, StatedCrs};
use crate::crs::Projection;

const DEEPEST: usize = 64;
/// Most bytes of a document unpacked; the boundaries of a province take a few tens of megabytes.
const MOST_BYTES: u64 = 512 << 20;

/// Reads the placemarks of a KML document, each as far as it can be read.
///
/// # Errors
/// When the bytes are no KML.
pub fn boundaries_from_kml(bytes: &[u8]) -> Result<Boundaries, ZoneDefect> {
    // Files of Chinese desktop programs are often in GBK, whatever their first line says.
    let text = std::str::from_utf8(bytes).map_or_else(|_| GB18030.decode(bytes).0, Into::into);
    let text = text.trim_start_matches('\u{feff}');
    check_tags(text)?;
    let document: Kml =
        KmlReader::from_string(text).read().map_err(|error| not_readable(error.to_string()))?;
    let mut features = Vec::new();
    collect(document, &mut features);
    let stated_crs =
        Some(StatedCrs { name: "WGS-84, as all KML".to_owned(), projection: Projection::of(4326).ok() });
    Ok(Boundaries { features, stated_crs })
}

/// Reads the placemarks of the first KML document in a KMZ archive.
///
/// # Errors
/// When the bytes are no archive, hold no KML, or more than 512 MiB of it.
pub fn boundaries_from_kmz(bytes: &[u8]) -> Result<Boundaries, ZoneDefect> {
    let failed = |error: zip::result::ZipError| not_readable(error.to_string());
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(failed)?;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(failed)?;
        if !entry.name().map_err(failed)?.to_ascii_lowercase().ends_with(".kml") {
            continue;
        }
        let mut document = Vec::new();
        entry
            .take(MOST_BYTES + 1)
            .read_to_end(&mut document)
            .map_err(|error| not_readable(error.to_string()))?;
        if document.len() as u64 > MOST_BYTES {
            return Err(not_readable(format!("its document is larger than {MOST_BYTES} bytes")));
        }
        return boundaries_from_kml(&document);
    }
    Err(not_readable("the archive holds no .kml"))
}

fn not_readable(reason: impl Into<String>) -> ZoneDefect {
    ZoneDefect::NotReadable { format: "KML", reason: reason.into() }
}

fn check_tags(text: &str) -> Result<(), ZoneDefect> {
    let mut reader = Reader::from_str(text);
    let mut open = 0_usize;
    loop {
        let event = reader
            .read_event()
            .map_err(|error| not_readable(format!("{error} at byte {}", reader.error_position())))?;
        match event {
            Event::Start(_) => open += 1,
            Event::End(_) => open = open.saturating_sub(1),
            Event::Eof if open == 0 => return Ok(()),
            Event::Eof => return Err(not_readable(format!("it ends with {open} tags open"))),
            _ => {}
        }
        if open > DEEPEST {
            return Err(not_readable(format!("it is nested more than {DEEPEST} deep")));
        }
    }
}

fn collect(kml: Kml, features: &mut Vec<Result<Boundary, ZoneDefect>>) {
    let inner = match kml {
        Kml::KmlDocument(document) => document.elements,
        Kml::Document { elements, .. } => elements,
        Kml::Folder(folder) => folder.elements,
        Kml::Placemark(placemark) => {
            features.push(Ok(boundary(placemark)));
            return;
        }
        _ => return,
    };
    for element in inner {
        collect(element, features);
    }
}

fn boundary(placemark: Placemark) -> Boundary {
    let mut properties = JsonObject::new();
    let mut put = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            properties.insert(key.to_owned(), JsonValue::String(value));
        }
    };
    put("name", placemark.name);
    put("description", placemark.description);
    let extended = placemark.children.iter().filter(|child| child.name == "ExtendedData");
    for data in extended.flat_map(|extended| &extended.children) {
        match data.name.as_str() {
            "Data" => {
                let value = data.children.iter().find(|child| child.name == "value");
                put_named(data, value.and_then(|value| value.content.clone()), &mut put);
            }
            "SchemaData" => {
                data.children.iter().for_each(|simple| put_named(simple, simple.content.clone(), &mut put));
            }
            _ => {}
        }
    }
    let polygons = placemark.geometry.map_or_else(|| Err(vec![ZoneDefect::EmptyGeometry]), polygons);
    Boundary { properties, polygons }
}

fn put_named(element: &Element, value: Option<String>, put: &mut impl FnMut(&str, Option<String>)) {
    if let Some(name) = element.attrs.get("name") {
        put(name, value);
    }
}

fn polygons(geometry: Geometry) -> Result<FilePolygons, Vec<ZoneDefect>> {
    let other = |found: &str| Err(vec![ZoneDefect::NotPolygon { found: found.to_owned() }]);
    match geometry {
        Geometry::Polygon(polygon) => Ok(vec![rings(polygon)]),
        Geometry::MultiGeometry(all) => {
            let parts: Result<Vec<FilePolygons>, _> = all.geometries.into_iter().map(polygons).collect();
            parts.map(|parts| parts.into_iter().flatten().collect())
        }
        Geometry::Point(_) => other("Point"),
        Geometry::LineString(_) => other("LineString"),
        Geometry::LinearRing(_) => other("LinearRing"),
        _ => other("geometry of another kind"),
    }
}

fn rings(polygon: Polygon) -> Vec<Vec<Coord<f64>>> {
    let rings = std::iter::once(polygon.outer).chain(polygon.inner);
    let coords = |ring: ::kml::types::LinearRing| {
        ring.coords.iter().map(|coord| Coord { x: coord.x, y: coord.y }).collect()
    };
    rings.map(coords).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACEMARK: &str = "<Placemark><name>柯城区</name><ExtendedData><Data name=\"code\"><value>330802</value></Data>\
        <SchemaData><SimpleData name=\"parent\">330800</SimpleData></SchemaData></ExtendedData><Polygon><outerBoundaryIs>\
        <LinearRing><coordinates>118,29,0 118.1,29,0 118,29.1,0 118,29,0</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>";

    fn document(inner: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><kml><Document><Folder>{inner}</Folder></Document></kml>"
        )
    }

    #[test]
    fn placemarks_are_read_with_their_extended_data() {
        let read = boundaries_from_kml(document(PLACEMARK).as_bytes()).unwrap();
        let [Ok(boundary)] = read.features.as_slice() else { panic!("{read:?}") };
        let text = |key: &str| boundary.properties.get(key).and_then(JsonValue::as_str);
        assert_eq!(
            (text("name"), text("code"), text("parent")),
            (Some("柯城区"), Some("330802"), Some("330800"))
        );
        assert_eq!(boundary.polygons.as_ref().map(|polygons| polygons[0][0].len()), Ok(4));
        let gbk = GB18030.encode(&document(PLACEMARK)).0.into_owned();
        let read = boundaries_from_kml(&gbk).unwrap();
        assert_eq!(read.features[0].as_ref().unwrap().properties.get("name"), Some(&"柯城区".into()));
    }

    #[test]
    fn a_document_cut_anywhere_ends_with_a_reason() {
        let whole = document(PLACEMARK);
        for (length, _) in whole.char_indices().skip(60) {
            assert!(boundaries_from_kml(&whole.as_bytes()[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn nesting_without_end_is_refused() {
        let deep = format!("{}{}", "<Folder>".repeat(100_000), "</Folder>".repeat(100_000));
        let reason = boundaries_from_kml(document(&deep).as_bytes()).unwrap_err().to_string();
        assert!(reason.contains("nested"), "{reason}");
        assert!(boundaries_from_kmz(b"PK no archive").is_err());
    }
}
