//! Zones found by place: a grid for each level finds candidates for a point, an R-tree of boxes those for an area; exact outlines
//! decide.

use std::collections::BTreeMap;

use geo::{BoundingRect, Coord, LinesIter};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::cells::LevelCells;
use super::local::{LocalFrame, origin_to_segment_m};
use super::prepared::PreparedOutline;
use super::spread::{Patch, WeightedPoint, spread_over_error};
use super::{LEVELS, Zone, ZoneLevel};
use crate::position::{GroundPosition, LatLon};

type IndexedBox = GeomWithData<Rectangle<[f64; 2]>, usize>;

/// Which zones a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneSelect<'a> {
    /// All zones of a level.
    Level(ZoneLevel),
    /// All zones of a kind.
    Kind(&'a str),
}

impl ZoneSelect<'_> {
    fn holds(self, zone: &Zone) -> bool {
        match self {
            Self::Level(level) => zone.level == level,
            Self::Kind(kind) => zone.kind.as_deref() == Some(kind),
        }
    }
}

/// A zone with the probability that a position lies in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ZoneShare<'a> {
    /// The zone.
    pub zone: &'a Zone,
    /// Probability, 0 to 1.
    pub probability: f64,
    /// Distance from the position to the zone's boundary, positive inside and negative outside.
    ///
    /// # Units
    /// Metres.
    pub boundary_distance_m: f64,
}

/// Zones of all levels, found by place.
#[derive(Debug)]
pub struct ZoneIndex {
    zones: Vec<Zone>,
    /// Outlines of the zones, by the same number; none where a zone has no outline.
    outlines: Vec<Option<PreparedOutline>>,
    /// Cells of each level, coarsest first.
    cells: Vec<LevelCells>,
    boxes: RTree<IndexedBox>,
}

impl ZoneIndex {
    /// Returns the index over zones whose outlines are valid, as those of [`super::parse_geojson`] are.
    pub fn new(mut zones: Vec<Zone>) -> Self {
        zones.sort_by(|a, b| (a.level, &a.code).cmp(&(b.level, &b.code)));
        let indexed_box = |(index, zone): (usize, &Zone)| {
            let rect = zone.polygon.bounding_rect()?;
            let corners = Rectangle::from_corners([rect.min().x, rect.min().y], [rect.max().x, rect.max().y]);
            Some(GeomWithData::new(corners, index))
        };
        let boxes = RTree::bulk_load(zones.iter().enumerate().filter_map(indexed_box).collect());
        let outlines: Vec<_> = zones.iter().map(|zone| PreparedOutline::new(&zone.polygon)).collect();
        let cells = LEVELS.iter().map(|level| level_cells(&zones, &outlines, *level)).collect();
        Self { zones, outlines, cells, boxes }
    }

    /// Returns all zones, by level and code.
    pub fn zones(&self) -> &[Zone] {
        &self.zones
    }

    /// Returns the zone with a code.
    pub fn by_code(&self, code: &str) -> Option<&Zone> {
        self.zones.iter().find(|zone| zone.code == code)
    }

    /// Returns the zone of a level that holds a point, boundary included; on a shared boundary the one with the lower code.
    pub fn containing(&self, point: LatLon, level: ZoneLevel) -> Option<&Zone> {
        self.cells.get(level as usize).and_then(|cells| self.holding(cells, point).next())
    }

    /// Returns the zone of a level for each of many points, as [`Self::containing`] does; splitting them over threads is up to the
    /// caller.
    pub fn containing_many(&self, points: &[LatLon], level: ZoneLevel) -> Vec<Option<&Zone>> {
        points.iter().map(|point| self.containing(*point, level)).collect()
    }

    /// Returns all zones that hold a point, boundary included, finest last and by code within a level.
    pub fn all_containing(&self, point: LatLon) -> Vec<&Zone> {
        self.cells.iter().flat_map(|cells| self.holding(cells, point)).collect()
    }

    /// Returns the zones of a level that hold a point, by code.
    fn holding<'a>(&'a self, cells: &'a LevelCells, point: LatLon) -> impl Iterator<Item = &'a Zone> + 'a {
        let coord = Coord { x: point.lon_deg, y: point.lat_deg };
        let holding =
            cells.at(coord).filter(move |(number, whole)| *whole || self.holds(*number as usize, coord));
        holding.filter_map(|(number, _)| self.zones.get(number as usize))
    }

    fn holds(&self, number: usize, coord: Coord<f64>) -> bool {
        self.outlines.get(number).and_then(Option::as_ref).is_some_and(|outline| outline.holds(coord))
    }

    /// Returns the probability of each zone that may hold a position, under the position's horizontal error.
    ///
    /// The probabilities sum to at most 1, the rest lies outside; ground that two of the zones claim counts for the
    /// one with the lower code. Sorted by probability, the greatest first. A covariance that is not finite gives none.
    pub fn probabilities(&self, position: &GroundPosition, select: ZoneSelect<'_>) -> Vec<ZoneShare<'_>> {
        let mut shares: BTreeMap<&str, ZoneShare<'_>> = BTreeMap::new();
        for patch in self.patches(position) {
            let Some(zone) = patch.zones.iter().find(|zone| select.holds(zone)) else { continue };
            let fresh = || ZoneShare {
                zone,
                probability: 0.0,
                boundary_distance_m: self.boundary_distance_m(zone, position.point.lat_lon),
            };
            shares.entry(&zone.code).or_insert_with(fresh).probability += patch.probability;
        }
        let mut shares: Vec<ZoneShare<'_>> = shares.into_values().collect();
        shares.sort_by(|a, b| {
            b.probability.total_cmp(&a.probability).then_with(|| a.zone.code.cmp(&b.zone.code))
        });
        shares
    }

    /// Returns the ground a position may lie on, parted by the zones that hold it; the probabilities sum to 1.
    ///
    /// A covariance that is not finite gives none. See [`spread_over_error`] for how the error is integrated.
    pub fn patches(&self, position: &GroundPosition) -> Vec<Patch<'_>> {
        let cloud = spread_over_error(position);
        let Some(envelope) = envelope(&cloud) else { return Vec::new() };
        let mut zone_indices: Vec<Vec<usize>> = vec![Vec::new(); cloud.len()];
        for (index, zone) in self.near(envelope) {
            let distance_m = self.boundary_distance_m(zone, position.point.lat_lon);
            let holds_all = holds_cloud(distance_m, position.point.lat_lon, &cloud);
            for (indices, weighted) in zone_indices.iter_mut().zip(&cloud) {
                let coord = Coord { x: weighted.point.lon_deg, y: weighted.point.lat_deg };
                if holds_all.unwrap_or_else(|| self.holds(index, coord)) {
                    indices.push(index);
                }
            }
        }
        let mut patches: BTreeMap<Vec<usize>, f64> = BTreeMap::new();
        for (indices, weighted) in zone_indices.into_iter().zip(&cloud) {
            *patches.entry(indices).or_default() += weighted.weight;
        }
        let patch = |(indices, probability): (Vec<usize>, f64)| Patch {
            zones: indices.into_iter().filter_map(|index| self.zones.get(index)).collect(),
            probability,
        };
        patches.into_iter().map(patch).collect()
    }

    /// Returns the distance from a point to a zone's boundary, positive inside and negative outside.
    fn boundary_distance_m(&self, zone: &Zone, point: LatLon) -> f64 {
        let frame = LocalFrame::new(point);
        let to_line_m = |line: geo::Line<f64>| {
            origin_to_segment_m(frame.metres_from_degrees(line.start), frame.metres_from_degrees(line.end))
        };
        let distance_m = zone.polygon.lines_iter().map(to_line_m).fold(f64::INFINITY, f64::min);
        let number =
            self.zones.binary_search_by(|other| (other.level, &other.code).cmp(&(zone.level, &zone.code)));
        let coord = Coord { x: point.lon_deg, y: point.lat_deg };
        if number.is_ok_and(|number| self.holds(number, coord)) { distance_m } else { -distance_m }
    }

    /// Returns the zones whose box meets another, in the order of the index.
    fn near(&self, envelope: AABB<[f64; 2]>) -> Vec<(usize, &Zone)> {
        let found = self.boxes.locate_in_envelope_intersecting(envelope);
        let mut near: Vec<(usize, &Zone)> =
            found.filter_map(|item| self.zones.get(item.data).map(|zone| (item.data, zone))).collect();
        near.sort_unstable_by_key(|(index, _)| *index);
        near
    }
}

fn level_cells(zones: &[Zone], outlines: &[Option<PreparedOutline>], level: ZoneLevel) -> LevelCells {
    let numbered = (0_u32..).zip(zones.iter().zip(outlines));
    let of_level = numbered.filter(|(_, (zone, _))| zone.level == level);
    let zones: Vec<_> = of_level
        .filter_map(|(number, (zone, outline))| {
            outline.as_ref().map(|outline| (number, &zone.polygon, outline))
        })
        .collect();
    LevelCells::new(&zones)
}

fn envelope(cloud: &[WeightedPoint]) -> Option<AABB<[f64; 2]>> {
    let mut points = cloud.iter().map(|weighted| [weighted.point.lon_deg, weighted.point.lat_deg]).peekable();
    points.peek()?;
    let corners: Vec<[f64; 2]> = points.collect();
    Some(AABB::from_points(corners.iter()))
}

/// Tells whether a zone holds the whole cloud or nothing of it, or `None` where its boundary passes through the cloud.
fn holds_cloud(distance_m: f64, centre: LatLon, cloud: &[WeightedPoint]) -> Option<bool> {
    let frame = LocalFrame::new(centre);
    let reach_m = cloud
        .iter()
        .map(|weighted| {
            let at =
                frame.metres_from_degrees(Coord { x: weighted.point.lon_deg, y: weighted.point.lat_deg });
            at.x.hypot(at.y)
        })
        .fold(0.0, f64::max);
    (distance_m.abs() > reach_m).then_some(distance_m > 0.0)
}
