//! Areas become lines, lines an order: the direction is the one whose whole way is shortest.

pub mod lines;
pub mod order;

use geo::{Coord, LineString, MultiPolygon};

pub(crate) use lines::SURE;
pub use lines::{Segment, Swath};
pub use order::Visit;

use crate::plane::distance_m;

/// How a sweep is searched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SweepOptions {
    /// Where the flight starts and ends.
    pub home: Option<Coord<f64>>,
    /// Metres that a turn costs besides its way: time to stop and start.
    pub turn_m: f64,
    /// Direction of the lines, degrees counter-clockwise from east; the best when not given.
    pub along_deg: Option<f64>,
    /// How long to search for a short order, 1 is usual.
    pub effort: f64,
}

impl Default for SweepOptions {
    fn default() -> Self {
        Self { home: None, turn_m: 0.0, along_deg: None, effort: 1.0 }
    }
}

/// Lines in the order they are flown.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// Direction of the lines, degrees counter-clockwise from east.
    pub along_deg: f64,
    /// The lines in the order and direction they are flown.
    pub lines: Vec<(Coord<f64>, Coord<f64>)>,
    /// Metres with the camera on.
    pub seen_m: f64,
    /// Metres between lines, to and from home too.
    pub transit_m: f64,
}

/// Directions are told apart by this, degrees.
const SAME_DEG: f64 = 4.0;
/// Directions looked at besides those of the longest edges.
const EVERY_DEG: usize = 10;
/// Longest edges whose directions are looked at.
const MOST_EDGES: usize = 16;
/// Directions that are searched through.
const FINALISTS: usize = 4;

/// Returns the shortest sweep found over polygons in metres.
pub fn sweep(shape: &MultiPolygon<f64>, swath: &Swath, options: &SweepOptions) -> Sweep {
    let directions = match options.along_deg {
        Some(along_deg) => vec![along_deg],
        None => directions(shape),
    };
    let mut rough: Vec<(f64, f64)> = directions
        .into_iter()
        .map(|along_deg| (cost_m(&laid(shape, swath, along_deg, options, 0.0), options), along_deg))
        .collect();
    rough.sort_by(|a, b| a.0.total_cmp(&b.0));
    let effort = options.effort / rough.len().clamp(1, FINALISTS) as f64;
    let searched = rough.iter().take(FINALISTS).map(|(_, deg)| laid(shape, swath, *deg, options, effort));
    searched
        .min_by(|a, b| cost_m(a, options).total_cmp(&cost_m(b, options)))
        .unwrap_or_else(|| laid(shape, swath, 0.0, options, 0.0))
}

fn cost_m(sweep: &Sweep, options: &SweepOptions) -> f64 {
    sweep.seen_m + sweep.transit_m + 2.0 * options.turn_m * sweep.lines.len() as f64
}

fn laid(
    shape: &MultiPolygon<f64>,
    swath: &Swath,
    along_deg: f64,
    options: &SweepOptions,
    effort: f64,
) -> Sweep {
    let of_polygon = |(index, polygon)| lines::segments(polygon, index, along_deg, swath);
    let segments: Vec<Segment> = shape.0.iter().enumerate().flat_map(of_polygon).collect();
    let visits = order::order(&segments, swath.spacing_m, options.home, effort);
    let line = |visit: &Visit| {
        let Segment { a, b, .. } = segments[visit.segment];
        if visit.reversed { (b, a) } else { (a, b) }
    };
    Sweep {
        along_deg,
        lines: visits.iter().map(line).collect(),
        seen_m: segments.iter().map(|s| distance_m(s.a, s.b)).sum(),
        transit_m: order::transit_m(&segments, &visits, options.home),
    }
}

/// Directions worth trying: those of the longest edges, and all round.
fn directions(shape: &MultiPolygon<f64>) -> Vec<f64> {
    let edges = |ring: &LineString<f64>| ring.lines().collect::<Vec<_>>();
    let mut all: Vec<(f64, f64)> = shape
        .0
        .iter()
        .flat_map(|polygon| std::iter::once(polygon.exterior()).chain(polygon.interiors()))
        .flat_map(edges)
        .map(|edge| {
            let along = edge.delta();
            (along.x.hypot(along.y), along.y.atan2(along.x).to_degrees().rem_euclid(180.0))
        })
        .collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    all.truncate(MOST_EDGES);
    let mut found: Vec<f64> = Vec::new();
    let around = (0..180_u8).step_by(EVERY_DEG).map(f64::from);
    for deg in all.into_iter().map(|(_, deg)| deg).chain(around) {
        let apart = |other: &f64| {
            let off_deg = (deg - other).abs();
            off_deg.min(180.0 - off_deg) >= SAME_DEG
        };
        if found.iter().all(apart) {
            found.push(deg);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::polygon;

    #[test]
    fn lines_lie_along_a_long_field() {
        let field = polygon![(x: 0.0, y: 0.0), (x: 60.0, y: 0.0), (x: 60.0, y: 400.0), (x: 0.0, y: 400.0)];
        let swath = Swath { spacing_m: 10.0, half_across_m: 12.5, reach_m: 5.0 };
        let found = sweep(&MultiPolygon::from(field), &swath, &SweepOptions::default());
        assert!((found.along_deg - 90.0).abs() < 1e-9, "{}", found.along_deg);
        assert!(found.lines.len() <= 6);
    }
}
