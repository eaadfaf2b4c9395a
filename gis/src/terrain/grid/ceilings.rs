//! Heights that no ground of a grid reaches in and around a place, over blocks of several sizes: a ray above them takes
//! long steps.

use super::Raster;
use crate::terrain::Fall;

/// Cells along the side of the smallest block.
const SMALLEST_CELLS: usize = 4;
/// Blocks of one size along the side of one of the next.
const GROWTH: usize = 4;
const MOST_SIZES: usize = 5;

/// The highest ground in and around each block of cells, from small blocks to large ones.
#[derive(Debug, Clone)]
pub(super) struct Ceilings {
    sizes: Vec<Blocks>,
}

impl Ceilings {
    /// `spacing_m`: least distance between neighbouring cells.
    pub(super) fn of(raster: &Raster, spacing_m: f64) -> Self {
        Self::of_highest(Highest::of_cells(raster), SMALLEST_CELLS, spacing_m)
    }

    /// `cells`: side of the blocks whose highest ground is given.
    pub(super) fn of_highest(mut highest: Highest, mut cells: usize, spacing_m: f64) -> Self {
        let mut sizes = Vec::new();
        while sizes.len() < MOST_SIZES {
            sizes.push(highest.blocks(cells, spacing_m));
            if highest.columns.max(highest.rows) <= GROWTH {
                break;
            }
            highest = highest.in_larger_blocks(GROWTH);
            cells *= GROWTH;
        }
        Self { sizes }
    }

    /// Returns the length of a ray at a height over a column and row that meets no ground, metres.
    #[inline]
    pub(super) fn free_m(&self, (column, row): (f64, f64), height_m: f64, fall: Fall) -> f64 {
        let (column, row) = ((column + 0.5).max(0.0) as usize, (row + 0.5).max(0.0) as usize);
        let mut free_m = 0.0;
        for blocks in &self.sizes {
            let clear_m = height_m - blocks.highest_m(column, row);
            if clear_m.is_nan() || clear_m <= 0.0 {
                break;
            }
            free_m = fall.run_m(blocks.radius_m, clear_m).max(free_m);
        }
        free_m
    }
}

/// Blocks of one size.
#[derive(Debug, Clone)]
struct Blocks {
    /// Of the block itself and the eight around it.
    highest_m: Vec<f32>,
    columns: usize,
    rows: usize,
    cells: usize,
    radius_m: f64,
}

impl Blocks {
    fn highest_m(&self, column: usize, row: usize) -> f64 {
        let column = (column / self.cells).min(self.columns - 1);
        let row = (row / self.cells).min(self.rows - 1);
        self.highest_m.get(row * self.columns + column).map_or(f64::INFINITY, |height| f64::from(*height))
    }
}

/// The highest ground in each block.
pub(super) struct Highest {
    heights_m: Vec<f32>,
    columns: usize,
    rows: usize,
    /// Cells along the side of a block.
    side: usize,
}

impl Highest {
    /// Returns blocks of which nothing is known yet.
    pub(super) fn empty(width: usize, height: usize, side: usize) -> Self {
        let (columns, rows) = (width.div_ceil(side), height.div_ceil(side));
        Self { heights_m: vec![f32::NEG_INFINITY; columns * rows], columns, rows, side }
    }

    /// Says that the ground of a cell is so high.
    pub(super) fn raise(&mut self, column: usize, row: usize, height_m: f32) {
        if let Some(block) = self.heights_m.get_mut(row / self.side * self.columns + column / self.side) {
            *block = block.max(height_m);
        }
    }

    fn of_cells(raster: &Raster) -> Self {
        highest(&raster.heights_m, raster.width, raster.height, SMALLEST_CELLS)
    }

    fn in_larger_blocks(&self, growth: usize) -> Self {
        highest(&self.heights_m, self.columns, self.rows, growth)
    }

    fn blocks(&self, cells: usize, spacing_m: f64) -> Blocks {
        let (columns, rows) = (self.columns, self.rows);
        let around = |column: usize, row: usize| {
            let near_rows = row.saturating_sub(1)..=(row + 1).min(rows - 1);
            near_rows
                .flat_map(|row| {
                    (column.saturating_sub(1)..=(column + 1).min(columns - 1)).map(move |c| (c, row))
                })
                .filter_map(|(column, row)| self.heights_m.get(row * columns + column).copied())
                .fold(f32::NEG_INFINITY, f32::max)
        };
        let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (column, row)));
        let highest_m = places.map(|(column, row)| around(column, row)).collect();
        // A cell and a half less than a block: a place is up to half a cell outside it, and interpolation reaches a
        // cell further.
        Blocks { highest_m, columns, rows, cells, radius_m: (cells as f64 - 1.5) * spacing_m }
    }
}

fn highest(heights_m: &[f32], width: usize, height: usize, side: usize) -> Highest {
    let (columns, rows) = (width.div_ceil(side), height.div_ceil(side));
    let mut blocks = vec![f32::NEG_INFINITY; columns * rows];
    for (row, line) in heights_m.chunks(width).enumerate() {
        for (column, cells) in line.chunks(side).enumerate() {
            // `f32::max` passes over NaN, so holes do not count.
            let highest = cells.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            if let Some(block) = blocks.get_mut(row / side * columns + column) {
                *block = block.max(highest);
            }
        }
    }
    Highest { heights_m: blocks, columns, rows, side }
}
