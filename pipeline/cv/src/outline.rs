//! Masks become outlines: polygons in pixels of the original picture.

use models::{Mask, SizePx};
use ndarray::Array2;
use opencv::core::{Point2f, Vector};
use opencv::imgproc;

use crate::contour::{self, area};
use crate::raster::{each_cell_inside, edges};
use crate::{CvError, mat};

/// A closed line, its first point not repeated.
///
/// # Units
/// Pixels `(x, y)`; (0, 0) is the outer corner of the top-left pixel.
pub type Ring = Vec<(f64, f64)>;

/// How outlines are taken from a mask.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Outlines under this share of the picture are dropped.
    pub min_area_share: f64,
    /// Largest distance of a simplified outline from the original one, in pixels.
    pub simplify_px: f64,
    /// Where nothing counts, such as permanent water: polygons in pixels of the picture.
    pub ignore: Vec<Ring>,
    /// Where things count; everywhere when empty.
    pub interest: Vec<Ring>,
}

impl Default for Options {
    fn default() -> Self {
        Self { min_area_share: 0.001, simplify_px: 2.0, ignore: Vec::new(), interest: Vec::new() }
    }
}

/// One connected part of a mask.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// Outer line, clockwise as seen on the picture, from its topmost (then leftmost) point.
    pub ring_px: Ring,
    /// Holes of at least the least area, anticlockwise, largest first.
    pub holes_px: Vec<Ring>,
    /// Area without the holes, in square pixels.
    pub area_px: f64,
    /// Mean probability of its cells at or above the threshold.
    pub mean_probability: f32,
    /// Whether the edge of the picture cuts it.
    pub truncated: bool,
}

/// Returns the outlines of a mask at its threshold, largest first, then from the top left.
///
/// # Errors
/// When OpenCV refuses to simplify a line.
pub fn outlines(mask: &Mask, picture: SizePx, options: &Options) -> Result<Vec<Outline>, CvError> {
    let kept = within(mask, picture, options);
    let least_px = options.min_area_share.max(0.0) * picture.pixels() as f64;
    let mut all = contour::rings(&kept, mask.threshold, picture);
    all.retain(|ring| area(ring) != 0.0 && area(ring).abs() >= least_px);
    let (outer, holes): (Vec<Ring>, Vec<Ring>) = all.into_iter().partition(|ring| area(ring) > 0.0);
    let mut outlines: Vec<(f64, Outline)> =
        outer.into_iter().map(|ring| (area(&ring), unfinished(ring, picture))).collect();
    // From the smallest on, so that a hole goes to the innermost ring around it.
    outlines.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    for hole in holes {
        let around = outlines
            .iter_mut()
            .find(|(outer, outline)| *outer > -area(&hole) && holds(&outline.ring_px, &hole));
        if let Some((_, outline)) = around {
            outline.area_px += area(&hole);
            outline.holes_px.push(hole);
        }
    }
    let mut finished = Vec::with_capacity(outlines.len());
    for (_, outline) in outlines {
        if outline.area_px >= least_px {
            finished.push(finish(&outline, &kept, mask.threshold, picture, options.simplify_px)?);
        }
    }
    finished.sort_by(|a, b| b.area_px.total_cmp(&a.area_px).then_with(|| position(a).cmp(&position(b))));
    Ok(finished)
}

/// The mean probability and the simpler lines come last, when small parts are gone.
fn unfinished(ring: Ring, picture: SizePx) -> Outline {
    let (width, height) = (f64::from(picture.width), f64::from(picture.height));
    let on_edge = |(x, y): &(f64, f64)| *x <= 0.0 || *y <= 0.0 || *x >= width || *y >= height;
    Outline {
        area_px: area(&ring),
        truncated: ring.iter().any(on_edge),
        ring_px: ring,
        holes_px: Vec::new(),
        mean_probability: 0.0,
    }
}

/// Returns the probabilities with everything cleared that does not count.
fn within(mask: &Mask, picture: SizePx, options: &Options) -> Array2<f32> {
    let shape = mask.probability.dim();
    let mut kept = if options.interest.is_empty() { mask.probability.clone() } else { Array2::zeros(shape) };
    for ring in &options.interest {
        each_cell_inside(&[ring], shape, picture, |row, column| {
            if let (Some(kept), Some(value)) =
                (kept.get_mut((row, column)), mask.probability.get((row, column)))
            {
                *kept = *value;
            }
        });
    }
    for ring in &options.ignore {
        each_cell_inside(&[ring], shape, picture, |row, column| {
            if let Some(kept) = kept.get_mut((row, column)) {
                *kept = 0.0;
            }
        });
    }
    kept
}

fn finish(
    outline: &Outline,
    kept: &Array2<f32>,
    threshold: f32,
    picture: SizePx,
    simplify_px: f64,
) -> Result<Outline, CvError> {
    let rings: Vec<&Ring> = std::iter::once(&outline.ring_px).chain(&outline.holes_px).collect();
    let (mut sum, mut cells) = (0.0_f64, 0_u32);
    each_cell_inside(&rings, kept.dim(), picture, |row, column| {
        if let Some(value) = kept.get((row, column)).filter(|value| **value >= threshold) {
            sum += f64::from(*value);
            cells += 1;
        }
    });
    // An outline that slips between the centres has no cell of its own; it was drawn at the threshold.
    let mean_probability = if cells > 0 { (sum / f64::from(cells)) as f32 } else { threshold };
    let mut holes_px = Vec::with_capacity(outline.holes_px.len());
    for hole in &outline.holes_px {
        holes_px.push(simplified(hole, simplify_px)?);
    }
    holes_px.sort_by(|a, b| area(a).total_cmp(&area(b)));
    let ring_px = simplified(&outline.ring_px, simplify_px)?;
    let Outline { area_px, truncated, .. } = *outline;
    Ok(Outline { ring_px, holes_px, area_px, mean_probability, truncated })
}

/// Returns the ring with fewer points, none farther than `most_px` from the line; crossing lines are tried again finer.
fn simplified(ring: &Ring, most_px: f64) -> Result<Ring, CvError> {
    mat::stay_on_this_thread();
    let points: Vector<Point2f> = ring.iter().map(|(x, y)| Point2f::new(*x as f32, *y as f32)).collect();
    for share in [1.0, 0.5, 0.25] {
        let mut fewer = Vector::<Point2f>::new();
        imgproc::approx_poly_dp(&points, &mut fewer, most_px.max(0.0) * share, true)?;
        let fewer: Ring = fewer.iter().map(|point| (f64::from(point.x), f64::from(point.y))).collect();
        if fewer.len() >= 3 && !crosses_itself(&fewer) {
            return Ok(from_the_top(fewer));
        }
    }
    Ok(from_the_top(ring.clone()))
}

fn from_the_top(mut ring: Ring) -> Ring {
    let order = |a: &(f64, f64), b: &(f64, f64)| a.1.total_cmp(&b.1).then(a.0.total_cmp(&b.0));
    let top = ring.iter().enumerate().min_by(|(_, a), (_, b)| order(a, b)).map_or(0, |(index, _)| index);
    ring.rotate_left(top);
    ring
}

/// Whether two edges of the ring cross; neighbours only touch.
fn crosses_itself(ring: &Ring) -> bool {
    let side = |(ax, ay): (f64, f64), (bx, by): (f64, f64), (x, y): (f64, f64)| {
        (bx - ax) * (y - ay) - (by - ay) * (x - ax)
    };
    edges(ring).enumerate().any(|(index, (a, b))| {
        edges(ring)
            .skip(index + 2)
            .any(|(c, d)| side(a, b, c) * side(a, b, d) < 0.0 && side(c, d, a) * side(c, d, b) < 0.0)
    })
}

/// Whether the first point of `inner` lies inside `outer`; rings of one mask never cross.
fn holds(outer: &Ring, inner: &Ring) -> bool {
    let Some((x, y)) = inner.first() else { return false };
    let left = |((x0, y0), (x1, y1)): ((f64, f64), (f64, f64))| {
        (y0 <= *y) != (y1 <= *y) && x0 + (x1 - x0) * (y - y0) / (y1 - y0) < *x
    };
    edges(outer).filter(|edge| left(*edge)).count() % 2 == 1
}

/// Millionths of a pixel, so that equal areas have a fixed order.
fn position(outline: &Outline) -> (i64, i64) {
    let (x, y) = outline.ring_px.first().copied().unwrap_or_default();
    ((y * 1e6) as i64, (x * 1e6) as i64)
}
