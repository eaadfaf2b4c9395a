//! Parallel lines over polygons with holes, cut where the ground is not asked for.

use geo::{Coord, LineString, Polygon};

use crate::optics::Geometry;

/// A straight piece that is flown with the camera on, metres on the plane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// One end.
    pub a: Coord<f64>,
    /// The other.
    pub b: Coord<f64>,
    /// Which line of its polygon it lies on.
    pub line: usize,
    /// Which polygon it belongs to.
    pub polygon: usize,
}

/// Gaps along a line that are shorter than this many spacings are flown through: stopping and turning would cost more.
const GAP_SPACINGS: f64 = 1.5;
/// Share of what a picture shows to the front and side that is counted on.
pub const SURE: f64 = 0.9;

/// What lines are laid for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Swath {
    /// From one line to the next.
    pub spacing_m: f64,
    /// Half of the ground across that one line sees.
    pub half_across_m: f64,
    /// How far a picture at the end of a line sees beyond it.
    pub reach_m: f64,
}

impl Swath {
    /// Returns the swath of a camera.
    pub fn of(geometry: &Geometry) -> Self {
        Self {
            spacing_m: geometry.spacing_m,
            half_across_m: geometry.across_m / 2.0,
            reach_m: geometry.along_m / 2.0 * SURE,
        }
    }
}

/// Returns the pieces of parallel lines that see a polygon.
///
/// `along_deg` is the direction of the lines, degrees counter-clockwise from east. Lines lie evenly, none farther from the next than the
/// spacing; the outer ones as far inside the edge as side overlap lets the edge be seen.
pub fn segments(polygon: &Polygon<f64>, index: usize, along_deg: f64, swath: &Swath) -> Vec<Segment> {
    let turn = Turn::by(along_deg);
    let rings: Vec<Vec<Coord<f64>>> = std::iter::once(polygon.exterior())
        .chain(polygon.interiors())
        .map(|ring: &LineString<f64>| ring.coords().map(|c| turn.there(*c)).collect())
        .collect();
    let ys = || rings.iter().flatten().map(|c| c.y);
    let (low, high) = (ys().fold(f64::INFINITY, f64::min), ys().fold(f64::NEG_INFINITY, f64::max));
    let mut found = Vec::new();
    for (line, y) in heights(low, high, swath).into_iter().enumerate() {
        for (left, right) in pieces(&rings, y, swath) {
            let [a, b] = [left, right].map(|x| turn.back(Coord { x, y }));
            found.push(Segment { a, b, line, polygon: index });
        }
    }
    found
}

/// How far inside the edge the outer lines stand at the most: where lines overlap, a little farther in, and still they see the edge.
pub fn edge_m(spacing_m: f64, sure_m: f64) -> f64 {
    (0.75 * spacing_m).min(sure_m).max(0.5 * spacing_m)
}

/// Where the lines lie across.
fn heights(low: f64, high: f64, swath: &Swath) -> Vec<f64> {
    let span_m = high - low;
    let spacing_m = swath.spacing_m;
    let edge_m = edge_m(spacing_m, swath.half_across_m * SURE);
    let gaps = ((span_m - 2.0 * edge_m) / spacing_m - 1e-9).ceil();
    if gaps.is_nan() || gaps < 1.0 {
        return vec![f64::midpoint(low, high)];
    }
    let slack_m = gaps * spacing_m - (span_m - 2.0 * edge_m);
    let edge_m = (edge_m - slack_m / 2.0).max(0.5 * spacing_m);
    let step_m = (span_m - 2.0 * edge_m) / gaps;
    (0..=gaps as usize).map(|k| low + edge_m + k as f64 * step_m).collect()
}

/// The pieces of one line: where it lies over the polygon, drawn out to what of its strip no picture would reach otherwise.
fn pieces(rings: &[Vec<Coord<f64>>], y: f64, swath: &Swath) -> Vec<(f64, f64)> {
    let chords = chords(rings, y);
    let strips = strip(rings, y, swath.spacing_m / 2.0);
    let neighbours_see_all = swath.half_across_m * SURE >= swath.spacing_m;
    let mut found: Vec<(f64, f64)> = Vec::new();
    for (left, right) in strips {
        let (from, to) = (left + swath.reach_m, right - swath.reach_m);
        let inside = chords.iter().filter(|(a, b)| *a >= left - 1e-9 && *b <= right + 1e-9);
        let mut own: Vec<(f64, f64)> = inside.copied().collect();
        match own.as_mut_slice() {
            [] if neighbours_see_all => continue,
            [] if from < to => own.push((from, to)),
            [] => own.push((f64::midpoint(left, right), f64::midpoint(left, right))),
            [only] => *only = (only.0.min(from), only.1.max(to)),
            [first, .., last] => {
                first.0 = first.0.min(from);
                last.1 = last.1.max(to);
            }
        }
        found.extend(own);
    }
    joined(found, GAP_SPACINGS * swath.spacing_m)
}

fn joined(mut pieces: Vec<(f64, f64)>, gap_m: f64) -> Vec<(f64, f64)> {
    pieces.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut joined: Vec<(f64, f64)> = Vec::new();
    for (left, right) in pieces {
        match joined.last_mut() {
            Some(last) if left - last.1 <= gap_m => last.1 = last.1.max(right),
            _ => joined.push((left, right)),
        }
    }
    joined
}

/// Where a level line lies inside the rings, by crossings of their edges.
fn chords(rings: &[Vec<Coord<f64>>], y: f64) -> Vec<(f64, f64)> {
    let mut crossings: Vec<f64> = Vec::new();
    for ring in rings {
        for edge in ring.windows(2) {
            let (a, b) = (edge[0], edge[1]);
            // Half open, so that a corner on the line counts once.
            if (a.y <= y) != (b.y <= y) {
                crossings.push(a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x));
            }
        }
    }
    crossings.sort_by(f64::total_cmp);
    crossings.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
}

/// What of the polygon lies within half a spacing of a line, seen along it: between two corners the ends of chords move straight.
fn strip(rings: &[Vec<Coord<f64>>], y: f64, half_m: f64) -> Vec<(f64, f64)> {
    let (low, high) = (y - half_m, y + half_m);
    let mut cuts: Vec<f64> =
        rings.iter().flatten().map(|c| c.y).filter(|at| (low..high).contains(at)).collect();
    cuts.extend([low, high]);
    cuts.sort_by(f64::total_cmp);
    let mut found = Vec::new();
    for slab in cuts.windows(2) {
        let inset = (slab[1] - slab[0]) * 1e-6;
        if inset <= 0.0 {
            continue;
        }
        let (below, above) = (chords(rings, slab[0] + inset), chords(rings, slab[1] - inset));
        found.extend(below.iter().zip(&above).map(|(p, q)| (p.0.min(q.0), p.1.max(q.1))));
    }
    joined(found, 0.0)
}

/// A turn of the plane that lays a direction along x.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    sin: f64,
    cos: f64,
}

impl Turn {
    pub(crate) fn by(along_deg: f64) -> Self {
        let (sin, cos) = along_deg.to_radians().sin_cos();
        Self { sin, cos }
    }

    pub(crate) fn there(self, c: Coord<f64>) -> Coord<f64> {
        Coord { x: c.x * self.cos + c.y * self.sin, y: c.y * self.cos - c.x * self.sin }
    }

    pub(crate) fn back(self, c: Coord<f64>) -> Coord<f64> {
        Coord { x: c.x * self.cos - c.y * self.sin, y: c.y * self.cos + c.x * self.sin }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::polygon;

    const SWATH: Swath = Swath { spacing_m: 10.0, half_across_m: 12.5, reach_m: 8.0 };

    #[test]
    fn a_rectangle_is_seen_by_even_lines_as_long_as_it_is() {
        let field = polygon![(x: 0.0, y: 0.0), (x: 200.0, y: 0.0), (x: 200.0, y: 100.0), (x: 0.0, y: 100.0)];
        let found = segments(&field, 0, 0.0, &SWATH);
        assert!((9..=10).contains(&found.len()), "{}", found.len());
        for pair in found.windows(2) {
            assert!((pair[1].a.y - pair[0].a.y) <= 10.0 + 1e-9);
        }
        for s in &found {
            assert!((s.a.x, s.b.x) == (0.0, 200.0), "{s:?}");
        }
        let (first, last) = (found[0].a.y, found[found.len() - 1].a.y);
        assert!(first <= 11.25 && last >= 100.0 - 11.25, "{first} {last}");
    }

    #[test]
    fn a_hole_cuts_lines_and_a_narrow_one_does_not() {
        let with_hole = |width: f64| {
            polygon!(
                exterior: [(x: 0.0, y: 0.0), (x: 200.0, y: 0.0), (x: 200.0, y: 100.0), (x: 0.0, y: 100.0)],
                interiors: [[(x: 80.0, y: 40.0), (x: 80.0, y: 60.0), (x: 80.0 + width, y: 60.0), (x: 80.0 + width, y: 40.0)]],
            )
        };
        let plain = segments(&with_hole(5.0), 0, 0.0, &SWATH).len();
        assert_eq!(segments(&with_hole(40.0), 0, 0.0, &SWATH).len(), plain + 2);
    }

    #[test]
    fn without_overlap_lines_are_drawn_out_at_slanted_edges() {
        let slanted =
            polygon![(x: 0.0, y: 0.0), (x: 200.0, y: 0.0), (x: 300.0, y: 100.0), (x: 100.0, y: 100.0)];
        let narrow = Swath { spacing_m: 10.0, half_across_m: 5.0, reach_m: 0.0 };
        for s in segments(&slanted, 0, 0.0, &narrow) {
            assert!((s.b.x - s.a.x - 210.0).abs() < 1e-3, "{s:?}");
        }
    }
}
