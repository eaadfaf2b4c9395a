//! Bilinear reading of a grid at other positions, row by row and without keeping the result.

use ndarray::ArrayView2;

/// Where along one axis of a grid values are read.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    taps: Vec<Tap>,
}

/// Two neighbours and the weight of the second.
#[derive(Debug, Clone, Copy)]
struct Tap {
    low: usize,
    high: usize,
    weight: f32,
}

impl Axis {
    /// Returns the taps for `positions`, in cells of a grid of `cells` along this axis; 0 is the centre of the first cell,
    /// and positions outside the centres take the edge cell.
    pub(crate) fn new(cells: usize, positions: impl Iterator<Item = f64>) -> Self {
        let last = cells.saturating_sub(1);
        let tap = |position: f64| {
            let position = position.clamp(0.0, last as f64);
            let low = position.floor();
            let weight = (position - low) as f32;
            let low = low as usize;
            Tap { low, high: (low + 1).min(last), weight }
        };
        Self { taps: positions.map(tap).collect() }
    }

    /// Returns the taps that spread `cells` over `pixels`, edge to edge.
    pub(crate) fn spread(cells: usize, pixels: usize) -> Self {
        let cells_a_pixel = cells as f64 / pixels.max(1) as f64;
        Self::new(cells, (0..pixels).map(|pixel| (pixel as f64 + 0.5) * cells_a_pixel - 0.5))
    }

    pub(crate) fn len(&self) -> usize {
        self.taps.len()
    }
}

/// Calls `row` with each row of `grid` read at `rows` x `columns`, from the top.
pub(crate) fn each_row(
    grid: &ArrayView2<'_, f32>,
    rows: &Axis,
    columns: &Axis,
    mut row: impl FnMut(usize, &[f32]),
) {
    let mut mixed = vec![0.0_f32; grid.ncols()];
    let mut out = vec![0.0_f32; columns.len()];
    for (index, tap) in rows.taps.iter().enumerate() {
        for ((mixed, low), high) in mixed.iter_mut().zip(grid.row(tap.low)).zip(grid.row(tap.high)) {
            *mixed = low + (high - low) * tap.weight;
        }
        for (out, tap) in out.iter_mut().zip(&columns.taps) {
            let (low, high) = (at(&mixed, tap.low), at(&mixed, tap.high));
            *out = low + (high - low) * tap.weight;
        }
        row(index, &out);
    }
}

#[inline]
fn at(row: &[f32], column: usize) -> f32 {
    row.get(column).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    fn read(grid: &Array2<f32>, rows: &Axis, columns: &Axis) -> Vec<Vec<f32>> {
        let mut all = Vec::new();
        each_row(&grid.view(), rows, columns, |_, row| all.push(row.to_vec()));
        all
    }

    #[test]
    fn reading_at_the_centres_changes_nothing() {
        let grid = array![[0.1_f32, 0.7], [0.3, 0.9]];
        let axis = Axis::spread(2, 2);
        assert_eq!(read(&grid, &axis, &axis), vec![vec![0.1, 0.7], vec![0.3, 0.9]]);
    }

    #[test]
    fn doubling_puts_quarter_steps_between_the_centres() {
        let grid = array![[0.0_f32, 1.0]];
        let rows = read(&grid, &Axis::spread(1, 1), &Axis::spread(2, 4));
        assert_eq!(rows, vec![vec![0.0, 0.25, 0.75, 1.0]]);
    }
}
