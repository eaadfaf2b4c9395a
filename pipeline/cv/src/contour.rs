//! Lines of equal probability through a grid, closed at the edge of the picture.
//!
//! Marching squares over the centres of the cells: each line crosses between two centres where the linear mixture of their
//! values is the threshold, so outlines are finer than a cell and need no upsampling. The grid is framed by its own edge
//! values, placed on the edge of the picture, and by zeros at the same place, so that what is cut by the edge ends on it.
//!
//! # References
//! Lorensen and Cline 1987, "Marching cubes", in two dimensions; a saddle is joined when the mean of its four corners is
//! inside.

use models::SizePx;
use ndarray::Array2;

use crate::Ring;
use crate::raster::edges;

/// A side of a cell: row, column and whether it runs down (else to the right).
type Side = (usize, usize, bool);

/// Returns all closed lines at `threshold`, in pixels of the picture.
///
/// Seen on the picture, lines run clockwise around what is inside (positive [`area`]) and anticlockwise around holes.
pub(crate) fn rings(probability: &Array2<f32>, threshold: f32, picture: SizePx) -> Vec<Ring> {
    let grid = Framed::new(probability, threshold, picture);
    let mut steps = grid.steps();
    steps.sort_unstable();
    let mut walked = vec![false; steps.len()];
    let mut rings = Vec::new();
    for start in 0..steps.len() {
        let ring = walk(&grid, &steps, &mut walked, start);
        if ring.len() >= 3 {
            rings.push(ring);
        }
    }
    rings
}

/// Returns the area of a ring in square pixels: positive when it runs clockwise on the picture (y down).
pub(crate) fn area(ring: &Ring) -> f64 {
    edges(ring).map(|((x0, y0), (x1, y1))| x0 * y1 - x1 * y0).sum::<f64>() / 2.0
}

struct Framed {
    value: Array2<f32>,
    threshold: f32,
    x_px: Vec<f64>,
    y_px: Vec<f64>,
}

impl Framed {
    fn new(probability: &Array2<f32>, threshold: f32, picture: SizePx) -> Self {
        let (rows, columns) = probability.dim();
        let mut value = Array2::zeros((rows + 4, columns + 4));
        let source = probability.outer_iter();
        let last = source.clone().skip(rows.saturating_sub(1));
        let sources = source.clone().take(1).chain(source).chain(last);
        for (mut framed, source) in value.outer_iter_mut().skip(1).zip(sources) {
            let cells = source.first().into_iter().chain(&source).chain(source.last());
            for (framed, cell) in framed.iter_mut().skip(1).zip(cells) {
                *framed = *cell;
            }
        }
        Self { value, threshold, x_px: places(columns, picture.width), y_px: places(rows, picture.height) }
    }

    /// Returns the directed steps through all cells, what is inside lying on the right hand.
    fn steps(&self) -> Vec<(Side, Side)> {
        let mut steps = Vec::new();
        let rows: Vec<&[f32]> = self.value.outer_iter().filter_map(|row| row.to_slice()).collect();
        let inside = |value: &f32| *value >= self.threshold;
        for (row, pair) in rows.windows(2).enumerate() {
            let [upper, lower] = pair else { continue };
            let count = upper.iter().chain(*lower).filter(|value| inside(value)).count();
            // No line passes between two rows that are all inside or all outside.
            if count == 0 || count == upper.len() + lower.len() {
                continue;
            }
            for (column, (upper, lower)) in upper.windows(2).zip(lower.windows(2)).enumerate() {
                if let ([a, b], [d, c]) = (upper, lower) {
                    self.steps_in_cell(row, column, [*a, *b, *c, *d], &mut steps);
                }
            }
        }
        steps
    }

    /// Adds the steps through one cell with these corners, clockwise from the top left.
    fn steps_in_cell(&self, row: usize, column: usize, values: [f32; 4], steps: &mut Vec<(Side, Side)>) {
        let inside = values.map(|value| value >= self.threshold);
        if inside == [false; 4] || inside == [true; 4] {
            return;
        }
        let (top, bottom) = ((row, column, false), (row + 1, column, false));
        let (left, right) = ((row, column, true), (row, column + 1, true));
        let joined = values.iter().sum::<f32>() >= 4.0 * self.threshold;
        let (one, two) = match inside {
            [true, false, false, false] => ((top, left), None),
            [false, true, false, false] => ((right, top), None),
            [false, false, true, false] => ((bottom, right), None),
            [false, false, false, true] => ((left, bottom), None),
            [true, true, false, false] => ((right, left), None),
            [false, true, true, false] => ((bottom, top), None),
            [false, false, true, true] => ((left, right), None),
            [true, false, false, true] => ((top, bottom), None),
            [true, true, true, false] => ((bottom, left), None),
            [false, true, true, true] => ((left, top), None),
            [true, false, true, true] => ((top, right), None),
            [true, true, false, true] => ((right, bottom), None),
            [true, false, true, false] if joined => ((top, right), Some((bottom, left))),
            [true, false, true, false] => ((top, left), Some((bottom, right))),
            [false, true, false, true] if joined => ((left, top), Some((right, bottom))),
            _ => ((right, top), Some((left, bottom))),
        };
        steps.push(one);
        steps.extend(two);
    }

    /// Returns where the line crosses a side.
    fn crossing(&self, (row, column, down): Side) -> (f64, f64) {
        let (next_row, next_column) = if down { (row + 1, column) } else { (row, column + 1) };
        let value = |row, column| f64::from(self.value.get((row, column)).copied().unwrap_or_default());
        let (from, to) = (value(row, column), value(next_row, next_column));
        let share = ((f64::from(self.threshold) - from) / (to - from)).clamp(0.0, 1.0);
        let mix = |places: &[f64], from: usize, to: usize| {
            let place = |index: usize| places.get(index).copied().unwrap_or_default();
            place(from) + (place(to) - place(from)) * share
        };
        (mix(&self.x_px, column, next_column), mix(&self.y_px, row, next_row))
    }
}

/// Places of the framed grid along one axis: the edge twice, the centres, the edge twice.
fn places(cells: usize, side_px: u32) -> Vec<f64> {
    let side = f64::from(side_px);
    let centres = (0..cells).map(|cell| (cell as f64 + 0.5) * side / cells as f64);
    [0.0, 0.0].into_iter().chain(centres).chain([side, side]).collect()
}

/// Follows the steps from one of them until they close; steps walked before are not walked again.
fn walk(grid: &Framed, steps: &[(Side, Side)], walked: &mut [bool], start: usize) -> Ring {
    let mut ring = Ring::new();
    let mut at = start;
    while let (Some((from, to)), Some(walked)) = (steps.get(at), walked.get_mut(at)) {
        if std::mem::replace(walked, true) {
            break;
        }
        let point = grid.crossing(*from);
        if ring.last() != Some(&point) {
            ring.push(point);
        }
        let Ok(next) = steps.binary_search_by(|(from, _)| from.cmp(to)) else { break };
        at = next;
    }
    if ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    }
    ring
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use proptest::prelude::*;

    use super::*;

    const PICTURE: SizePx = SizePx::new(40, 20);

    #[test]
    fn a_full_mask_is_the_picture() {
        let rings = rings(&Array2::ones((2, 4)), 0.5, PICTURE);
        assert_eq!(rings.len(), 1);
        assert!((area(&rings[0]) - 800.0).abs() < 1e-9);
        for corner in [(0.0, 0.0), (40.0, 0.0), (40.0, 20.0), (0.0, 20.0)] {
            assert!(rings[0].contains(&corner), "{corner:?} in {rings:?}");
        }
    }

    #[test]
    fn an_empty_mask_has_no_lines() {
        assert!(rings(&Array2::zeros((2, 4)), 0.5, PICTURE).is_empty());
        assert!(rings(&Array2::zeros((0, 0)), 0.5, PICTURE).is_empty());
    }

    #[test]
    fn the_line_crosses_where_the_mixture_is_the_threshold() {
        // Centres at 5 and 15 px and so on; 1.0 to 0.2 passes 0.5 at 5/8 of the way.
        let rings = rings(&array![[1.0, 0.2, 0.0, 0.0], [1.0, 0.2, 0.0, 0.0]], 0.5, PICTURE);
        assert_eq!(rings.len(), 1);
        assert!((area(&rings[0]) - 11.25 * 20.0).abs() < 1e-5, "{}", area(&rings[0]));
    }

    #[test]
    fn a_hole_runs_the_other_way() {
        let mut mask = Array2::ones((5, 5));
        mask[[2, 2]] = 0.0;
        let areas: Vec<f64> = rings(&mask, 0.5, SizePx::new(50, 50)).iter().map(area).collect();
        // The hole is a diamond with half-axes of half a cell.
        assert!(areas.len() == 2 && areas.contains(&2500.0) && areas.contains(&-50.0), "{areas:?}");
    }

    #[test]
    fn a_saddle_is_joined_when_its_middle_is_inside() {
        let size = SizePx::new(20, 20);
        assert_eq!(rings(&array![[1.0, 0.4], [0.4, 1.0]], 0.5, size).len(), 1);
        assert_eq!(rings(&array![[0.6, 0.0], [0.0, 0.6]], 0.5, size).len(), 2);
    }

    proptest! {
        #[test]
        fn all_lines_close_and_hold_what_is_inside(
            values in proptest::collection::vec(0.0_f32..1.0, 48),
        ) {
            let mask = Array2::from_shape_vec((6, 8), values).unwrap();
            let size = SizePx::new(80, 60);
            let rings = rings(&mask, 0.5, size);
            let total: f64 = rings.iter().map(area).sum();
            prop_assert!((-1e-6..=4800.0 + 1e-6).contains(&total));
            // A centre is inside exactly when it lies in an odd number of rings; ties at the threshold are left out.
            let all: Vec<&Ring> = rings.iter().collect();
            let mut inside = Array2::from_elem((6, 8), false);
            crate::raster::each_cell_inside(&all, (6, 8), size, |row, column| inside[[row, column]] = true);
            for ((cell, value), inside) in mask.indexed_iter().zip(&inside) {
                prop_assert!((value - 0.5).abs() < 1e-4 || (*value >= 0.5) == *inside, "{cell:?} {value}");
            }
        }
    }
}
