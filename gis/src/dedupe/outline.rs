//! Outlines on a flat map: overlap, union, and the points by which an index finds them.

use geo::algorithm::bool_ops::FillRule;
use geo::{Area, BooleanOps, BoundingRect, Centroid, Contains, Coord, LineString, Polygon, Simplify};
use nalgebra::Vector2;

use super::plane::Plane;
use crate::observation::Footprint;
use crate::position::LatLon;

/// Corners of a joined outline that change it by less than this are dropped, metres.
const SIMPLIFY_M: f64 = 0.25;
/// Largest distance between index points along an edge or inside an outline, metres: under the inradius of an r11 cell.
const INDEX_STEP_M: f64 = 18.0;
/// Index points per side of an outline at most, so that a vast outline costs no more than this squared.
const INDEX_STEPS: f64 = 64.0;

/// Returns true when corners can be the outline of some ground: three or more, each a place on the earth.
pub(super) fn is_ring(ring: &[LatLon]) -> bool {
    ring.len() >= 3 && ring.iter().all(|corner| LatLon::new(corner.lat_deg, corner.lon_deg).is_some())
}

/// Returns the ring as a polygon in metres east and north of the plane's anchor.
pub(super) fn polygon_in_plane(ring: &[LatLon], plane: &Plane) -> Polygon<f64> {
    let coords = ring.iter().map(|corner| {
        let point = plane.plane_from_lat_lon(*corner);
        Coord { x: point.x, y: point.y }
    });
    Polygon::new(LineString::new(coords.collect()), Vec::new())
}

/// Returns the area common to both, square metres.
pub(super) fn common_area_m2(a: &Polygon<f64>, b: &Polygon<f64>) -> f64 {
    let (Some(box_a), Some(box_b)) = (a.bounding_rect(), b.bounding_rect()) else { return 0.0 };
    let apart = box_a.min().x > box_b.max().x
        || box_b.min().x > box_a.max().x
        || box_a.min().y > box_b.max().y
        || box_b.min().y > box_a.max().y;
    if apart { 0.0 } else { a.intersection_with_fill_rule(b, FillRule::NonZero).unsigned_area() }
}

/// Returns the share of the smaller outline that the other covers, 0 to 1.
pub(super) fn overlap_share(a: &Polygon<f64>, b: &Polygon<f64>) -> f64 {
    let smaller_m2 = a.unsigned_area().min(b.unsigned_area());
    if smaller_m2 > 0.0 { (common_area_m2(a, b) / smaller_m2).clamp(0.0, 1.0) } else { 0.0 }
}

/// Returns the outline around both, marked as partial; the larger piece where they do not touch.
pub(super) fn union_of_parts(a: &Footprint, b: &Footprint) -> Footprint {
    let Some(anchor) = a.ring.first() else { return b.clone() };
    let plane = Plane::at(*anchor);
    let joined = polygon_in_plane(&a.ring, &plane)
        .union_with_fill_rule(&polygon_in_plane(&b.ring, &plane), FillRule::NonZero);
    let largest = joined.0.into_iter().max_by(|x, y| x.unsigned_area().total_cmp(&y.unsigned_area()));
    let Some(largest) = largest else { return a.clone() };
    let outline = Polygon::new(largest.exterior().simplify(SIMPLIFY_M), Vec::new());
    if outline.unsigned_area() <= 0.0 {
        return a.clone();
    }
    Footprint {
        ring: open_ring(&outline, &plane),
        area_m2: outline.unsigned_area(),
        truncated: a.truncated && b.truncated,
    }
}

/// Returns the corners without the closing one, counter-clockwise.
fn open_ring(outline: &Polygon<f64>, plane: &Plane) -> Vec<LatLon> {
    let mut coords: Vec<Coord<f64>> = outline.exterior().coords().copied().collect();
    coords.pop();
    if outline.signed_area() < 0.0 {
        coords.reverse();
    }
    coords.iter().map(|c| plane.lat_lon_from_plane(c.x, c.y)).collect()
}

/// Returns the middle of the outline's area.
pub(super) fn centroid(ring: &[LatLon]) -> Option<LatLon> {
    let plane = Plane::at(*ring.first()?);
    let middle = polygon_in_plane(ring, &plane).centroid()?;
    Some(plane.lat_lon_from_plane(middle.x(), middle.y()))
}

/// Returns true when the point lies inside the ring.
pub(super) fn ring_contains(ring: &[LatLon], point: LatLon) -> bool {
    polygon_in_plane(ring, &Plane::at(point)).contains(&geo::Point::new(0.0, 0.0))
}

/// Returns the length of the diagonal of the box around the ring, metres.
pub(super) fn extent_m(ring: &[LatLon]) -> f64 {
    let Some(anchor) = ring.first() else { return 0.0 };
    let bounds = polygon_in_plane(ring, &Plane::at(*anchor)).bounding_rect();
    bounds.map_or(0.0, |b| b.width().hypot(b.height()))
}

/// Returns points along the edges and inside of an outline, close enough that every cell it covers is met.
pub(super) fn index_points(ring: &[LatLon]) -> Vec<LatLon> {
    let Some(anchor) = ring.first() else { return Vec::new() };
    let plane = Plane::at(*anchor);
    let polygon = polygon_in_plane(ring, &plane);
    let Some(bounds) = polygon.bounding_rect() else { return Vec::new() };
    let step_m = (bounds.width().max(bounds.height()) / INDEX_STEPS).max(INDEX_STEP_M);
    let mut points = Vec::new();
    for line in polygon.exterior().lines() {
        let from = Vector2::new(line.start.x, line.start.y);
        let along = Vector2::new(line.dx(), line.dy());
        let pieces = (along.norm() / step_m).ceil().max(1.0);
        points.extend((0..pieces as usize).map(|i| from + along * (i as f64 / pieces)));
    }
    let columns = (bounds.width() / step_m).floor() as usize;
    let rows = (bounds.height() / step_m).floor() as usize;
    for (column, row) in (1..=columns).flat_map(|c| (1..=rows).map(move |r| (c, r))) {
        let x = bounds.min().x + column as f64 * step_m;
        let y = bounds.min().y + row as f64 * step_m;
        if polygon.contains(&geo::Point::new(x, y)) {
            points.push(Vector2::new(x, y));
        }
    }
    points.iter().map(|p| plane.lat_lon_from_plane(p.x, p.y)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: LatLon = LatLon { lat_deg: 28.97, lon_deg: 118.86 };

    fn square(east_m: f64, north_m: f64, side_m: f64) -> Footprint {
        let plane = Plane::at(ORIGIN);
        let corners = [(0.0, 0.0), (side_m, 0.0), (side_m, side_m), (0.0, side_m)];
        let ring = corners.map(|(x, y)| plane.lat_lon_from_plane(east_m + x, north_m + y)).to_vec();
        Footprint { ring, area_m2: side_m * side_m, truncated: true }
    }

    fn share(a: &Footprint, b: &Footprint) -> f64 {
        let plane = Plane::at(ORIGIN);
        overlap_share(&polygon_in_plane(&a.ring, &plane), &polygon_in_plane(&b.ring, &plane))
    }

    #[test]
    fn overlap_is_the_share_of_the_smaller() {
        assert!((share(&square(0.0, 0.0, 10.0), &square(5.0, 0.0, 10.0)) - 0.5).abs() < 1e-6);
        assert!((share(&square(0.0, 0.0, 100.0), &square(40.0, 40.0, 5.0)) - 1.0).abs() < 1e-6);
        assert!(share(&square(0.0, 0.0, 10.0), &square(11.0, 0.0, 10.0)).abs() < 1e-12);
    }

    #[test]
    fn union_of_two_halves_is_the_whole() {
        let whole = union_of_parts(&square(0.0, 0.0, 10.0), &square(5.0, 0.0, 10.0));
        assert!((whole.area_m2 - 150.0).abs() < 0.01, "{}", whole.area_m2);
        assert!(whole.truncated);
        assert_eq!(whole.ring.len(), 4);
    }

    #[test]
    fn degenerate_rings_have_no_overlap_and_do_not_panic() {
        let line = Footprint { ring: vec![ORIGIN; 3], area_m2: 0.0, truncated: false };
        assert!(share(&line, &square(0.0, 0.0, 10.0)).abs() < 1e-12);
        assert_eq!(union_of_parts(&line, &line).ring, line.ring);
        assert!(!index_points(&line.ring).is_empty());
    }

    #[test]
    fn index_points_fill_a_long_sheet() {
        let plane = Plane::at(ORIGIN);
        let ring: Vec<_> = [(0.0, 0.0), (200.0, 0.0), (200.0, 100.0), (0.0, 100.0)]
            .map(|(x, y)| plane.lat_lon_from_plane(x, y))
            .to_vec();
        let points: Vec<_> = index_points(&ring).iter().map(|p| plane.plane_from_lat_lon(*p)).collect();
        let middle = Vector2::new(100.0, 50.0);
        assert!(points.iter().any(|p| (p - middle).norm() < INDEX_STEP_M));
    }
}
