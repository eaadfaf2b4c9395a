//! Outlines in the picture as outlines on the ground.

use geo::{Area, BooleanOps, Centroid, Coord, LineString, MultiPolygon, Orient, Polygon, Validation};
use nalgebra::Vector3;

use crate::geodesy::LocalFrame;
use crate::georef::{View, ground_point, locate_towards};
use crate::height::EllipsoidHeight;
use crate::observation::{Footprint, NotLocated};
use crate::position::{GeoPoint, GroundPosition, LatLon};

/// Corners nearer to each other than this are one, metres.
const SAME_CORNER_M: f64 = 1e-3;
/// Points along each edge of the picture from which its outline on the ground is made.
const EDGE_STEPS: u32 = 8;
/// Halvings between a pixel that has a place and one that has none: 1/1000 of the picture.
const CUT_ROUNDS: u32 = 10;

/// Returns the outline on the ground of an outline in the picture, and the centroid of the ground so covered.
///
/// The ring comes out simple and counter-clockwise; where the outline crosses itself on the ground, its largest part is
/// kept. The centroid lies on the terrain and carries the covariance of its own pixel.
///
/// # Units
/// Pixels from the outer corner of the top-left pixel. `truncated` says that the outline touches the picture's edge.
///
/// # Errors
/// The reason of the first corner without a position; `Degenerate` if less than three corners or no area are left.
pub fn footprint(
    view: &View,
    ring_px: &[(f64, f64)],
    truncated: bool,
    pixel_sigma_px: f64,
) -> Result<(Footprint, GroundPosition), NotLocated> {
    let corners =
        ring_px.iter().map(|&(u_px, v_px)| ground_point(view, u_px, v_px)).collect::<Result<Vec<_>, _>>()?;
    let plane = Plane::at(*corners.first().ok_or(NotLocated::Degenerate)?);
    let outline = plane.outline(&corners).ok_or(NotLocated::Degenerate)?;
    let middle = outline.centroid().ok_or(NotLocated::Degenerate)?;
    let position = locate_towards(view, plane.lat_lon(middle.into()), plane.origin_height(), pixel_sigma_px)?;
    let footprint = Footprint { ring: plane.ring(&outline), area_m2: outline.unsigned_area(), truncated };
    Ok((footprint, position))
}

/// Returns the ground that the whole picture covers, cut where rays come too near to the horizon or leave the terrain;
/// `None` if no part of it can be placed.
pub fn frame_footprint(view: &View) -> Option<Vec<LatLon>> {
    let (width_px, height_px) = (view.intrinsics().width_px, view.intrinsics().height_px);
    let border = border(width_px, height_px);
    let anchor = anchor(view, &border)?;
    let corners: Vec<_> = border.iter().filter_map(|&pixel| farthest(view, anchor, pixel)).collect();
    let plane = Plane::at(*corners.first()?);
    plane.outline(&corners).map(|outline| plane.ring(&outline))
}

/// Pixels around the picture.
fn border(width_px: f64, height_px: f64) -> Vec<(f64, f64)> {
    let part = |step: u32| f64::from(step) / f64::from(EDGE_STEPS);
    let edge = |place: fn(f64) -> (f64, f64)| (0..EDGE_STEPS).map(move |step| place(part(step)));
    edge(|s| (s, 0.0))
        .chain(edge(|s| (1.0, s)))
        .chain(edge(|s| (1.0 - s, 1.0)))
        .chain(edge(|s| (0.0, 1.0 - s)))
        .map(|(x, y)| (x * width_px, y * height_px))
        .collect()
}

/// A pixel that has a place: the middle, or the one on the border that looks down most.
fn anchor(view: &View, border: &[(f64, f64)]) -> Option<(f64, f64)> {
    let sink = |&(u_px, v_px): &(f64, f64)| {
        let ray = view.intrinsics().ray_in_camera(u_px, v_px)?;
        Some(-(view.pose().enu_from_camera * ray).z)
    };
    let middle = view.intrinsics().centre_px();
    let steepest = border
        .iter()
        .filter_map(|pixel| Some((sink(pixel)?, *pixel)))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, pixel)| pixel);
    std::iter::once(middle).chain(steepest).find(|&(u_px, v_px)| ground_point(view, u_px, v_px).is_ok())
}

/// The ground in `pixel`, or in the last pixel on the way to it from `anchor` that has one.
fn farthest(view: &View, anchor: (f64, f64), pixel: (f64, f64)) -> Option<GeoPoint> {
    let on_way = |part: f64| {
        let u_px = anchor.0 + (pixel.0 - anchor.0) * part;
        let v_px = anchor.1 + (pixel.1 - anchor.1) * part;
        ground_point(view, u_px, v_px).ok()
    };
    if let Some(point) = on_way(1.0) {
        return Some(point);
    }
    let (mut placed, mut refused) = (0.0, 1.0);
    let mut last = on_way(0.0);
    for _ in 0..CUT_ROUNDS {
        let half = f64::midpoint(placed, refused);
        match on_way(half) {
            Some(point) => (placed, last) = (half, Some(point)),
            None => refused = half,
        }
    }
    last
}

/// The tangent plane at a point of the ground: x east, y north, metres.
struct Plane(LocalFrame);

impl Plane {
    fn at(origin: GeoPoint) -> Self {
        Self(LocalFrame::at(origin))
    }

    fn origin_height(&self) -> EllipsoidHeight {
        self.0.origin().height
    }

    /// The simple, counter-clockwise polygon through points, or its largest part where they cross.
    fn outline(&self, points: &[GeoPoint]) -> Option<Polygon> {
        let mut ring: Vec<Coord> = Vec::with_capacity(points.len() + 1);
        for point in points {
            let enu = self.0.enu_from_point(*point);
            let corner = Coord { x: enu.x, y: enu.y };
            if ring.last().is_none_or(|last| distance_m(*last, corner) > SAME_CORNER_M) {
                ring.push(corner);
            }
        }
        while ring.len() > 1 && distance_m(*ring.first()?, *ring.last()?) <= SAME_CORNER_M {
            ring.pop();
        }
        if ring.len() < 3 || ring.iter().any(|corner| !(corner.x.is_finite() && corner.y.is_finite())) {
            return None;
        }
        let polygon = Polygon::new(LineString::new(ring), Vec::new());
        let simple = if polygon.is_valid() { polygon } else { largest_part(&polygon)? };
        let usable = simple.unsigned_area() > SAME_CORNER_M * SAME_CORNER_M;
        usable.then(|| simple.orient(geo::orient::Direction::Default))
    }

    fn ring(&self, outline: &Polygon) -> Vec<LatLon> {
        let corners = outline.exterior().0.len().saturating_sub(1);
        outline.exterior().coords().take(corners).map(|corner| self.lat_lon(*corner)).collect()
    }

    fn lat_lon(&self, corner: Coord) -> LatLon {
        self.0.point_from_enu(&Vector3::new(corner.x, corner.y, 0.0)).lat_lon
    }
}

fn distance_m(a: Coord, b: Coord) -> f64 {
    (a.x - b.x).hypot(a.y - b.y)
}

fn largest_part(polygon: &Polygon) -> Option<Polygon> {
    let parts: MultiPolygon = polygon.union(&MultiPolygon::new(Vec::new()));
    let largest = parts.into_iter().max_by(|a, b| a.unsigned_area().total_cmp(&b.unsigned_area()))?;
    Some(Polygon::new(largest.exterior().clone(), Vec::new()))
}
