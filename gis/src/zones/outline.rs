//! Rings of a boundary file become a valid outline, or the list of what is wrong with them.

use geo::algorithm::line_intersection::{LineIntersection, line_intersection};
use geo::coordinate_position::CoordPos;
use geo::dimensions::Dimensions;
use geo::{BoundingRect, Coord, Intersects, Line, LineString, MultiPolygon, Polygon, Relate};
use rstar::primitives::{GeomWithData, Line as IndexedLine};
use rstar::{AABB, RTree};

use super::ZoneDefect;
use super::features::FilePolygons;

/// Returns the outline in the file's own datum.
///
/// # Errors
/// Every fault of every ring; where rings are sound, how they lie to each other.
pub fn outline_from_polygons(polygons: FilePolygons) -> Result<MultiPolygon<f64>, Vec<ZoneDefect>> {
    let outer_is_empty = |rings: &Vec<Vec<Coord<f64>>>| rings.first().is_none_or(Vec::is_empty);
    if polygons.is_empty() || polygons.iter().any(outer_is_empty) {
        return Err(vec![ZoneDefect::EmptyGeometry]);
    }
    if let Some(defect) = swapped(&polygons) {
        return Err(vec![defect]);
    }
    let mut defects = Vec::new();
    let mut outline = Vec::new();
    for (polygon_index, rings) in polygons.into_iter().enumerate() {
        let mut lines = Vec::new();
        for (ring_index, coords) in rings.into_iter().enumerate() {
            match ring(coords, polygon_index, ring_index) {
                Ok(line) => lines.push(line),
                Err(defect) => defects.push(defect),
            }
        }
        let mut lines = lines.into_iter();
        let outer = lines.next().unwrap_or_else(|| LineString::new(Vec::new()));
        outline.push(Polygon::new(outer, lines.collect()));
    }
    if defects.is_empty() {
        defects = arrangement(&outline);
    }
    if defects.is_empty() { Ok(MultiPolygon::new(outline)) } else { Err(defects) }
}

/// Box around China with its seas: latitude 3 to 54, longitude 73 to 136 degrees.
fn in_china(lat_deg: f64, lon_deg: f64) -> bool {
    (3.0..=54.0).contains(&lat_deg) && (73.0..=136.0).contains(&lon_deg)
}

/// Tells when the numbers only make sense the other way round.
///
/// A "latitude" beyond 90 degrees is proof where the other number could be one. Western China lies below 90 degrees of
/// longitude: there every position must be off China as it stands and inside China when turned, which takes a zone in
/// the Arctic sea (latitude above 73, longitude 3 to 54) for a mistake.
fn swapped(polygons: &FilePolygons) -> Option<ZoneDefect> {
    let positions: Vec<(f64, f64)> =
        polygons.iter().flatten().flatten().map(|coord| (coord.y, coord.x)).collect();
    let beyond_pole =
        |&&(lat, lon): &&(f64, f64)| lat.abs() > 90.0 && lat.abs() <= 180.0 && lon.abs() <= 90.0;
    let turned_in_china = |&(lat, lon): &(f64, f64)| !in_china(lat, lon) && in_china(lon, lat);
    let witness = positions
        .iter()
        .find(beyond_pole)
        .or_else(|| positions.first().filter(|_| positions.iter().all(turned_in_china)))?;
    Some(ZoneDefect::LatLonSwapped { lat_deg: witness.0, lon_deg: witness.1 })
}

fn ring(mut coords: Vec<Coord<f64>>, polygon: usize, ring: usize) -> Result<LineString<f64>, ZoneDefect> {
    let off_globe = |coord: &&Coord<f64>| crate::position::LatLon::new(coord.y, coord.x).is_none();
    if let Some(Coord { x: lon_deg, y: lat_deg }) = coords.iter().find(off_globe).copied() {
        let metres = lat_deg.abs() > 1000.0 || lon_deg.abs() > 1000.0;
        let hint = if metres { "; they look like projected metres: declare their EPSG code" } else { "" };
        return Err(ZoneDefect::OutOfRange { polygon, ring, lat_deg, lon_deg, hint });
    }
    closed(&coords, polygon, ring)?;
    coords.dedup();
    let line = LineString::new(coords);
    let distinct = line.0.len().saturating_sub(1);
    if distinct < 3 {
        return Err(ZoneDefect::TooFewPoints { polygon, ring, distinct });
    }
    match self_intersection(&line) {
        Some(at) => Err(ZoneDefect::SelfIntersection { polygon, ring, lat_deg: at.y, lon_deg: at.x }),
        None => Ok(line),
    }
}

fn closed(coords: &[Coord<f64>], polygon: usize, ring: usize) -> Result<(), ZoneDefect> {
    match coords {
        [] => Err(ZoneDefect::TooFewPoints { polygon, ring, distinct: 0 }),
        [first, .., last] if first != last => Err(ZoneDefect::RingNotClosed {
            polygon,
            ring,
            first_lat_deg: first.y,
            first_lon_deg: first.x,
            last_lat_deg: last.y,
            last_lon_deg: last.x,
        }),
        _ => Ok(()),
    }
}

/// Returns a place where a closed ring without repeated points crosses, touches or runs back on itself.
fn self_intersection(ring: &LineString<f64>) -> Option<Coord<f64>> {
    let lines: Vec<Line<f64>> = ring.lines().collect();
    let indexed = |(index, line): (usize, &Line<f64>)| {
        let ends = IndexedLine::new([line.start.x, line.start.y], [line.end.x, line.end.y]);
        GeomWithData::new(ends, index)
    };
    let tree = RTree::bulk_load(lines.iter().enumerate().map(indexed).collect());
    for (index, line) in lines.iter().enumerate() {
        let envelope = AABB::from_corners([line.start.x, line.start.y], [line.end.x, line.end.y]);
        let mut later: Vec<usize> = tree
            .locate_in_envelope_intersecting(envelope)
            .map(|candidate| candidate.data)
            .filter(|candidate| *candidate > index)
            .collect();
        later.sort_unstable();
        for other_index in later {
            let neighbours = other_index == index + 1 || (index == 0 && other_index + 1 == lines.len());
            let meeting = lines.get(other_index).and_then(|other| line_intersection(*line, *other));
            match meeting {
                Some(LineIntersection::SinglePoint { intersection, .. }) if !neighbours => {
                    return Some(intersection);
                }
                Some(LineIntersection::Collinear { intersection })
                    if intersection.start != intersection.end =>
                {
                    return Some(intersection.start);
                }
                _ => {}
            }
        }
    }
    None
}

/// Checks how the rings of each polygon and the polygons lie to each other.
fn arrangement(polygons: &[Polygon<f64>]) -> Vec<ZoneDefect> {
    let mut defects = Vec::new();
    for (polygon, shape) in polygons.iter().enumerate() {
        let outer = Polygon::new(shape.exterior().clone(), Vec::new());
        let holes: Vec<Polygon<f64>> =
            shape.interiors().iter().map(|ring| Polygon::new(ring.clone(), Vec::new())).collect();
        for (index, hole) in holes.iter().enumerate() {
            if !outer.relate(hole).is_covers() {
                defects.push(ZoneDefect::HoleOutside { polygon, ring: index + 1 });
            }
        }
        defects.extend(overlaps(&holes, "rings", 1));
    }
    defects.extend(overlaps(polygons, "polygons", 0));
    defects
}

fn overlaps(shapes: &[Polygon<f64>], what: &'static str, first_number: usize) -> Vec<ZoneDefect> {
    let mut defects = Vec::new();
    for (first, a) in shapes.iter().enumerate() {
        for (second, b) in shapes.iter().enumerate().skip(first + 1) {
            let near = a.bounding_rect().zip(b.bounding_rect()).is_some_and(|(a, b)| a.intersects(&b));
            let share_ground =
                || a.relate(b).get(CoordPos::Inside, CoordPos::Inside) == Dimensions::TwoDimensional;
            if near && share_ground() {
                let (first, second) = (first + first_number, second + first_number);
                defects.push(ZoneDefect::PartsOverlap { what, first, second });
            }
        }
    }
    defects
}
