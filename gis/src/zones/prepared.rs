//! An outline made ready for many questions: edges in slabs of latitude, so that a point looks at a few of them.
//!
//! The answer is the exact one: where a comparison of coordinates does not decide, the sign of an area does, computed with as many
//! digits as it takes.
//!
//! # References
//! Shewchuk, Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates, Discrete and Computational
//! Geometry 18 (1997), for the sign; crossings of a ray counted half-open: Preparata and Shamos, Computational Geometry (1985),
//! section 2.2.1.

use geo::kernels::{Kernel, Orientation, RobustKernel};
use geo::{BoundingRect, Coord, LinesIter, MultiPolygon, Rect};

/// Edges for each slab, about; more slabs cost memory, fewer cost time.
const EDGES_PER_SLAB: usize = 3;

/// Edges of a valid outline, found by latitude.
#[derive(Debug)]
pub(super) struct PreparedOutline {
    bounds: Rect<f64>,
    slabs_per_degree: f64,
    /// Where the edges of each slab start in `edges`, with one number more for the end of the last.
    starts: Vec<u32>,
    /// Edges by slab; one that meets several slabs stands in each.
    edges: Vec<[Coord<f64>; 2]>,
}

impl PreparedOutline {
    /// Returns nothing for an outline without edges.
    pub(super) fn new(outline: &MultiPolygon<f64>) -> Option<Self> {
        let bounds = outline.bounding_rect()?;
        let lines: Vec<[Coord<f64>; 2]> = outline.lines_iter().map(|line| [line.start, line.end]).collect();
        let slabs = (lines.len() / EDGES_PER_SLAB).max(1);
        let slabs_per_degree = slabs as f64 / bounds.height();
        let slabs_per_degree = if slabs_per_degree.is_finite() { slabs_per_degree } else { 0.0 };
        let slab = |y: f64| slab_of(y, bounds.min().y, slabs_per_degree, slabs);
        let slabs_of = |[a, b]: &[Coord<f64>; 2]| slab(a.y.min(b.y))..=slab(a.y.max(b.y));
        let mut starts = vec![0_u32; slabs + 1];
        for slab in lines.iter().flat_map(slabs_of) {
            if let Some(count) = starts.get_mut(slab + 1) {
                *count += 1;
            }
        }
        for slab in 1..starts.len() {
            let before = starts.get(slab - 1).copied().unwrap_or(0);
            if let Some(start) = starts.get_mut(slab) {
                *start += before;
            }
        }
        let total = starts.last().copied().unwrap_or(0) as usize;
        let mut edges = vec![[Coord { x: 0.0, y: 0.0 }; 2]; total];
        let mut next = starts.clone();
        for line in &lines {
            for slab in slabs_of(line) {
                let Some(at) = next.get_mut(slab) else { continue };
                if let Some(edge) = edges.get_mut(*at as usize) {
                    *edge = *line;
                }
                *at += 1;
            }
        }
        Some(Self { bounds, slabs_per_degree, starts, edges })
    }

    /// Tells whether a point lies in the outline or on its boundary.
    pub(super) fn holds(&self, point: Coord<f64>) -> bool {
        let (low, high) = (self.bounds.min(), self.bounds.max());
        let in_bounds = point.x >= low.x && point.x <= high.x && point.y >= low.y && point.y <= high.y;
        if !in_bounds {
            return false;
        }
        let mut inside = false;
        for [a, b] in self.edges_at(point.y) {
            match crossing(point, *a, *b) {
                Crossing::None => {}
                Crossing::Right => inside = !inside,
                Crossing::Through => return true,
            }
        }
        inside
    }

    fn edges_at(&self, y: f64) -> &[[Coord<f64>; 2]] {
        let slabs = self.starts.len() - 1;
        let slab = slab_of(y, self.bounds.min().y, self.slabs_per_degree, slabs);
        let range = self.starts.get(slab).zip(self.starts.get(slab + 1));
        range.and_then(|(start, end)| self.edges.get(*start as usize..*end as usize)).unwrap_or_default()
    }
}

/// Never falls as `y` rises, so that an edge meets all slabs between those of its ends and no other.
fn slab_of(y: f64, low: f64, slabs_per_degree: f64, slabs: usize) -> usize {
    (((y - low) * slabs_per_degree) as usize).min(slabs - 1)
}

enum Crossing {
    None,
    /// The edge crosses the ray from the point to the east; it owns its lower end and not its upper one.
    Right,
    /// The point lies on the edge.
    Through,
}

fn crossing(point: Coord<f64>, a: Coord<f64>, b: Coord<f64>) -> Crossing {
    let (lower, upper) = if a.y <= b.y { (a, b) } else { (b, a) };
    if point.y < lower.y || point.y > upper.y || (point.x > a.x && point.x > b.x) {
        return Crossing::None;
    }
    let owned = point.y < upper.y;
    if point.x < a.x && point.x < b.x {
        return if owned { Crossing::Right } else { Crossing::None };
    }
    match RobustKernel::orient2d(lower, upper, point) {
        Orientation::CounterClockwise if owned => Crossing::Right,
        // A level edge is collinear with all points at its height; those beside it were sorted out by their x.
        Orientation::Collinear => Crossing::Through,
        Orientation::CounterClockwise | Orientation::Clockwise => Crossing::None,
    }
}
