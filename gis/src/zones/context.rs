//! What the ground is: how much of a finding lies on water, on a licensed site, at a stack, on a road.
//!
//! A finding is a footprint, or where there is none the cloud of places that its position may be. Points spread evenly over it
//! are counted, those inside a layer being its share. The outline of a footprint is no better than its position: a point counts
//! as inside up to one standard deviation of the position beyond the edge.

use geo::{BoundingRect, Coord, LinesIter, MultiPolygon, Polygon};
use jiff::civil::Date;
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::local::{LocalFrame, origin_to_segment_m};
use super::prepared::PreparedOutline;
use super::spread::spread_over_error;
use crate::error_ellipse::ce90_m;
use crate::observation::Footprint;
use crate::position::{GroundPosition, LatLon};

/// Points that stand for a footprint: a share is then good to about a percent.
const FOOTPRINT_POINTS: usize = 512;
/// Of the box of a footprint this many points are tried before a needle is taken for its corners.
const MOST_TRIES: usize = 64 * FOOTPRINT_POINTS;
/// The plastic number, the real root of `x^3 = x + 1`.
const PLASTIC: f64 = 1.324_717_957_244_746;
/// 90 % radius of a circular error of one standard deviation 1 (Rayleigh distribution).
const CE90_OF_SIGMA: f64 = 2.145_966;

/// Ground that a feature covers.
#[derive(Debug, Clone, PartialEq)]
pub enum ContextShape {
    /// An area in WGS-84, x = longitude and y = latitude, degrees.
    Area(MultiPolygon<f64>),
    /// All that is near a point.
    Disc {
        /// The point.
        centre: LatLon,
        /// How near, metres.
        radius_m: f64,
    },
    /// All that is near lines.
    Strip {
        /// The lines.
        lines: Vec<Vec<LatLon>>,
        /// From edge to edge, metres.
        width_m: f64,
    },
}

/// One feature of a context layer.
#[derive(Debug, Clone, PartialEq)]
pub struct ContextFeature {
    /// Layer, such as `permanent_water`.
    pub layer: String,
    /// Code, for messages and reasons.
    pub code: String,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Class of a road, such as `arterial`.
    pub road_class: Option<String>,
    /// First day of the licence; none without a beginning.
    pub valid_from: Option<Date>,
    /// Last day of the licence; none without an end.
    pub valid_to: Option<Date>,
    /// Where it is.
    pub shape: ContextShape,
}

impl ContextFeature {
    /// Tells whether the feature counts on a day.
    pub fn is_valid_on(&self, day: Date) -> bool {
        self.valid_from.is_none_or(|from| day >= from) && self.valid_to.is_none_or(|to| day <= to)
    }
}

/// How much of a finding lies in the features asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ContextShare<'a> {
    /// The feature that covers the most of it.
    pub feature: &'a ContextFeature,
    /// Share that lies in any of them, 0 to 1.
    pub share: f64,
}

/// Points that stand for a finding.
#[derive(Debug, Clone)]
pub struct Covered {
    points: Vec<LatLon>,
    /// Beyond the edge of a feature a point counts as inside up to this.
    margin_m: f64,
}

impl Covered {
    /// Returns the points of a finding; none where its position has an error that is no number.
    pub fn new(position: &GroundPosition, footprint: Option<&Footprint>) -> Self {
        let sigma_m = ce90_m(&position.covariance_enu_m2) / CE90_OF_SIGMA;
        if !sigma_m.is_finite() {
            return Self { points: Vec::new(), margin_m: 0.0 };
        }
        if let Some(points) = footprint.map(inner_points).filter(|points| !points.is_empty()) {
            return Self { points, margin_m: sigma_m };
        }
        let cloud = spread_over_error(position);
        Self { points: cloud.iter().map(|weighted| weighted.point).collect(), margin_m: 0.0 }
    }

    fn envelope(&self) -> Option<AABB<[f64; 2]>> {
        let first = self.points.first()?;
        let corners: Vec<[f64; 2]> = self.points.iter().map(|point| [point.lon_deg, point.lat_deg]).collect();
        let (lower, upper) =
            (AABB::from_points(corners.iter()).lower(), AABB::from_points(corners.iter()).upper());
        let margin = reach_deg(*first, self.margin_m);
        Some(AABB::from_corners(
            [lower[0] - margin.x, lower[1] - margin.y],
            [upper[0] + margin.x, upper[1] + margin.y],
        ))
    }
}

/// Points spread evenly over a footprint; its corners where it is a needle.
///
/// # References
/// Roberts, The unreasonable effectiveness of quasirandom sequences (2018): the additive recurrence on the plastic number.
fn inner_points(footprint: &Footprint) -> Vec<LatLon> {
    let ring: Vec<Coord<f64>> =
        footprint.ring.iter().map(|at| Coord { x: at.lon_deg, y: at.lat_deg }).collect();
    let outline = MultiPolygon::new(vec![Polygon::new(ring.into(), Vec::new())]);
    let Some((bounds, prepared)) = outline.bounding_rect().zip(PreparedOutline::new(&outline)) else {
        return footprint.ring.clone();
    };
    let (step_x, step_y) = (1.0 / PLASTIC, 1.0 / (PLASTIC * PLASTIC));
    let tries = (0..MOST_TRIES).map(|index| {
        let (x, y) = ((0.5 + step_x * index as f64).fract(), (0.5 + step_y * index as f64).fract());
        Coord { x: bounds.min().x + x * bounds.width(), y: bounds.min().y + y * bounds.height() }
    });
    let inside = tries.filter(|coord| prepared.holds(*coord)).take(FOOTPRINT_POINTS);
    let points: Vec<LatLon> = inside.map(|at| LatLon { lat_deg: at.y, lon_deg: at.x }).collect();
    if points.len() == FOOTPRINT_POINTS { points } else { footprint.ring.clone() }
}

/// Metres as degrees of longitude (x) and latitude (y).
fn reach_deg(at: LatLon, metres: f64) -> Coord<f64> {
    let there = LocalFrame::new(at).degrees_from_metres(Coord { x: metres, y: metres });
    Coord { x: there.x - at.lon_deg, y: there.y - at.lat_deg }
}

/// Features of all context layers, found by place.
#[derive(Debug, Default)]
pub struct ContextIndex {
    features: Vec<ContextFeature>,
    /// Outlines of areas, by the same number.
    outlines: Vec<Option<PreparedOutline>>,
    boxes: RTree<GeomWithData<Rectangle<[f64; 2]>, usize>>,
}

impl ContextIndex {
    /// Returns the index over features, which keep their order.
    pub fn new(features: Vec<ContextFeature>) -> Self {
        let outline = |feature: &ContextFeature| match &feature.shape {
            ContextShape::Area(area) => PreparedOutline::new(area),
            ContextShape::Disc { .. } | ContextShape::Strip { .. } => None,
        };
        let outlines = features.iter().map(outline).collect();
        let indexed = |(number, feature): (usize, &ContextFeature)| {
            Some(GeomWithData::new(bounds(&feature.shape)?, number))
        };
        let boxes = RTree::bulk_load(features.iter().enumerate().filter_map(indexed).collect());
        Self { features, outlines, boxes }
    }

    /// Returns all features.
    pub fn features(&self) -> &[ContextFeature] {
        &self.features
    }

    /// Returns how much of a finding lies in the features that `wanted` holds; none where they cover nothing of it.
    pub fn share(
        &self,
        covered: &Covered,
        wanted: impl Fn(&ContextFeature) -> bool,
    ) -> Option<ContextShare<'_>> {
        let mut found: Vec<usize> =
            self.boxes.locate_in_envelope_intersecting(covered.envelope()?).map(|item| item.data).collect();
        found.sort_unstable();
        let mut inside = vec![false; covered.points.len()];
        let mut most: Option<(usize, &ContextFeature)> = None;
        for number in found {
            let Some(feature) = self.features.get(number).filter(|feature| wanted(feature)) else { continue };
            let mut count = 0;
            for (point, inside) in covered.points.iter().zip(&mut inside) {
                if self.holds(number, feature, *point, covered.margin_m) {
                    (*inside, count) = (true, count + 1);
                }
            }
            if count > most.map_or(0, |(most, _)| most) {
                most = Some((count, feature));
            }
        }
        let (_, feature) = most?;
        let count = inside.iter().filter(|inside| **inside).count();
        Some(ContextShare { feature, share: count as f64 / inside.len() as f64 })
    }

    fn holds(&self, number: usize, feature: &ContextFeature, point: LatLon, margin_m: f64) -> bool {
        let frame = LocalFrame::new(point);
        let metres = |at: LatLon| frame.metres_from_degrees(Coord { x: at.lon_deg, y: at.lat_deg });
        match &feature.shape {
            ContextShape::Disc { centre, radius_m } => {
                let at = metres(*centre);
                at.x.hypot(at.y) <= radius_m + margin_m
            }
            ContextShape::Strip { lines, width_m } => {
                let near = |ends: &[LatLon]| match ends {
                    [a, b] => origin_to_segment_m(metres(*a), metres(*b)) <= 0.5 * width_m + margin_m,
                    _ => false,
                };
                lines.iter().any(|line| line.windows(2).any(near))
            }
            ContextShape::Area(area) => {
                let coord = Coord { x: point.lon_deg, y: point.lat_deg };
                let outline = self.outlines.get(number).and_then(Option::as_ref);
                outline.is_some_and(|outline| outline.holds(coord))
                    || (margin_m > 0.0 && edge_distance_m(area, &frame) <= margin_m)
            }
        }
    }
}

/// Distance from the origin of a frame to the nearest edge.
fn edge_distance_m(area: &MultiPolygon<f64>, frame: &LocalFrame) -> f64 {
    let distance_m = |line: geo::Line<f64>| {
        origin_to_segment_m(frame.metres_from_degrees(line.start), frame.metres_from_degrees(line.end))
    };
    area.lines_iter().map(distance_m).fold(f64::INFINITY, f64::min)
}

fn bounds(shape: &ContextShape) -> Option<Rectangle<[f64; 2]>> {
    let around = |points: &mut dyn Iterator<Item = LatLon>, reach_m: f64| {
        let corners: Vec<[f64; 2]> = points
            .flat_map(|at| {
                let reach = reach_deg(at, reach_m);
                [[at.lon_deg - reach.x, at.lat_deg - reach.y], [at.lon_deg + reach.x, at.lat_deg + reach.y]]
            })
            .collect();
        let envelope = (!corners.is_empty()).then(|| AABB::from_points(corners.iter()))?;
        Some(Rectangle::from_corners(envelope.lower(), envelope.upper()))
    };
    match shape {
        ContextShape::Area(area) => {
            let rect = area.bounding_rect()?;
            Some(Rectangle::from_corners([rect.min().x, rect.min().y], [rect.max().x, rect.max().y]))
        }
        ContextShape::Disc { centre, radius_m } => around(&mut std::iter::once(*centre), *radius_m),
        ContextShape::Strip { lines, width_m } => around(&mut lines.iter().flatten().copied(), 0.5 * width_m),
    }
}
