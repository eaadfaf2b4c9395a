//! Outlines as bytes: WKB, by crate `wkb`.
//!
//! # References
//! OGC 06-103r4 section 8.2 (WKB).

use geo::{Coord, LineString, MultiPolygon, Polygon};
use geo_traits::{CoordTrait, GeometryTrait, GeometryType, LineStringTrait, MultiPolygonTrait, PolygonTrait};
use gis::zones::{FilePolygons, ZoneDefect};
use wkb::reader::read_wkb;
use wkb::writer::{WriteOptions, write_multi_polygon};

/// Returns the outline as little-endian WKB.
///
/// # Errors
/// When the writer refuses, which it does for none that is in memory.
pub(super) fn wkb_from_outline(outline: &MultiPolygon<f64>) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    write_multi_polygon(&mut bytes, outline, &WriteOptions::default()).map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// Returns the outline of WKB that [`wkb_from_outline`] wrote.
///
/// # Errors
/// When the bytes are something else.
pub(super) fn outline_from_wkb(bytes: &[u8]) -> Result<MultiPolygon<f64>, String> {
    let polygons = polygons_from_wkb(bytes).map_err(|defect| defect.to_string())?;
    let polygon = |rings: Vec<Vec<Coord<f64>>>| {
        let mut rings = rings.into_iter().map(LineString::new);
        let outer = rings.next().unwrap_or_else(|| LineString::new(Vec::new()));
        Polygon::new(outer, rings.collect())
    };
    Ok(MultiPolygon::new(polygons.into_iter().map(polygon).collect()))
}

/// Returns the rings of a WKB polygon or multi-polygon as they stand.
///
/// # Errors
/// [`ZoneDefect::NotPolygon`] or [`ZoneDefect::BadGeometry`].
pub(super) fn polygons_from_wkb(bytes: &[u8]) -> Result<FilePolygons, ZoneDefect> {
    let geometry = read_wkb(bytes).map_err(|error| ZoneDefect::BadGeometry { reason: error.to_string() })?;
    let other = |found: &str| Err(ZoneDefect::NotPolygon { found: found.to_owned() });
    match geometry.as_type() {
        GeometryType::Polygon(polygon) => Ok(vec![rings(polygon)]),
        GeometryType::MultiPolygon(all) => Ok(all.polygons().map(|polygon| rings(&polygon)).collect()),
        GeometryType::Point(_) => other("Point"),
        GeometryType::MultiPoint(_) => other("MultiPoint"),
        GeometryType::LineString(_) => other("LineString"),
        GeometryType::MultiLineString(_) => other("MultiLineString"),
        GeometryType::GeometryCollection(_) => other("GeometryCollection"),
        _ => other("geometry of another kind"),
    }
}

fn rings(polygon: &impl PolygonTrait<T = f64>) -> Vec<Vec<Coord<f64>>> {
    let outer = polygon.exterior().map(|ring| coords(&ring));
    outer.into_iter().chain(polygon.interiors().map(|ring| coords(&ring))).collect()
}

fn coords(ring: &impl LineStringTrait<T = f64>) -> Vec<Coord<f64>> {
    ring.coords().map(|coord| Coord { x: coord.x(), y: coord.y() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outlines_come_back_bit_by_bit() {
        let ring =
            |x: f64| LineString::from(vec![(x, 0.1), (x + 1.0, 1.0 / 3.0), (x, 2.0_f64.sqrt()), (x, 0.1)]);
        let outline = MultiPolygon::new(vec![
            Polygon::new(ring(120.7), vec![ring(120.8)]),
            Polygon::new(ring(130.0), Vec::new()),
        ]);
        let bytes = wkb_from_outline(&outline).unwrap();
        assert_eq!(outline_from_wkb(&bytes), Ok(outline));
    }

    #[test]
    fn every_cut_of_the_bytes_is_refused() {
        let ring = LineString::from(vec![(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)]);
        let bytes = wkb_from_outline(&MultiPolygon::new(vec![Polygon::new(ring, Vec::new())])).unwrap();
        for length in 0..bytes.len() {
            assert!(polygons_from_wkb(&bytes[..length]).is_err(), "{length}");
        }
    }
}
