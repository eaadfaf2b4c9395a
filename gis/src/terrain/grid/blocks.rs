//! The cells of a grid that is too large to hold: blocks are decoded where they are looked at, and the longest unused go.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::super::TerrainError;
use super::ceilings::Highest;

/// Cells along the side of the smallest block whose highest ground is kept: a 256th of the cells' own memory.
const CEILING_CELLS: usize = 16;
/// Bytes of a cell.
const CELL_BYTES: usize = size_of::<f32>();

/// How a grid is cut into blocks, row by row from the first; those at the right and lower edge may be smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Layout {
    /// Columns of the grid.
    pub(in super::super) width: usize,
    /// Rows of the grid.
    pub(in super::super) height: usize,
    /// Columns of a whole block.
    pub(in super::super) block_width: usize,
    /// Rows of a whole block.
    pub(in super::super) block_height: usize,
}

impl Layout {
    /// Returns how many blocks lie side by side.
    pub(in super::super) fn across(&self) -> usize {
        self.width.div_ceil(self.block_width)
    }

    /// Returns how many blocks there are.
    pub(in super::super) fn count(&self) -> usize {
        self.across() * self.height.div_ceil(self.block_height)
    }

    /// Returns bytes of a whole block.
    pub(in super::super) fn block_bytes(&self) -> usize {
        self.block_width * self.block_height * CELL_BYTES
    }

    /// First column, first row and columns of a block.
    fn place(&self, index: usize) -> (usize, usize, usize) {
        let (left, upper) =
            (index % self.across() * self.block_width, index / self.across() * self.block_height);
        (left, upper, self.block_width.min(self.width - left))
    }
}

/// Where blocks come from.
pub(in super::super) trait BlockSource: Send + Sync {
    /// Returns the heights of a block above the ellipsoid, row by row, NaN in holes; `None` where all of it is one hole.
    fn block(&self, index: usize) -> Result<Option<Vec<f32>>, TerrainError>;
}

/// Cells by blocks.
pub(super) struct Blocks {
    source: Box<dyn BlockSource>,
    layout: Layout,
    /// Blocks without any height are never decoded again.
    empty: Vec<bool>,
    cache: Mutex<Cache>,
}

impl fmt::Debug for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocks").field("layout", &self.layout).finish_non_exhaustive()
    }
}

/// What one pass over all blocks tells.
pub(super) struct Survey {
    pub(super) lowest_m: f32,
    pub(super) highest_m: f32,
    pub(super) highest: Highest,
}

impl Blocks {
    /// Looks at every block once.
    ///
    /// # Errors
    /// When a block cannot be decoded, or is larger than the cache.
    pub(super) fn survey(
        source: Box<dyn BlockSource>,
        layout: Layout,
        cache_bytes: usize,
    ) -> Result<(Self, Survey), TerrainError> {
        if layout.block_bytes() > cache_bytes {
            return Err(TerrainError::BlockTooLarge {
                width: layout.block_width,
                height: layout.block_height,
                limit_bytes: cache_bytes as u64,
            });
        }
        let mut survey = Survey {
            lowest_m: f32::INFINITY,
            highest_m: f32::NEG_INFINITY,
            highest: Highest::empty(layout.width, layout.height, CEILING_CELLS),
        };
        let mut empty = vec![true; layout.count()];
        for (index, empty) in empty.iter_mut().enumerate() {
            let Some(cells) = source.block(index)? else { continue };
            let (left, upper, width) = layout.place(index);
            for (row, line) in cells.chunks(width).enumerate() {
                for (column, height_m) in line.iter().copied().enumerate().filter(|(_, m)| !m.is_nan()) {
                    *empty = false;
                    survey.lowest_m = survey.lowest_m.min(height_m);
                    survey.highest_m = survey.highest_m.max(height_m);
                    survey.highest.raise(left + column, upper + row, height_m);
                }
            }
        }
        let cache = Mutex::new(Cache { limit_bytes: cache_bytes, ..Cache::default() });
        Ok((Self { source, layout, empty, cache }, survey))
    }

    /// Side of the blocks of [`Survey::highest`], cells.
    pub(super) const fn ceiling_cells() -> usize {
        CEILING_CELLS
    }

    /// Returns four neighbouring cells, row by row; NaN in holes.
    pub(super) fn quad(&self, left: usize, upper: usize) -> Option<[f64; 4]> {
        let Layout { block_width, block_height, .. } = self.layout;
        let near = |at: usize, side: usize| !(at + 1).is_multiple_of(side);
        if near(left, block_width) && near(upper, block_height) {
            let (block, at, width) = self.around(left, upper)?;
            let cell = |at: usize| block.get(at).map_or(f64::NAN, |m| f64::from(*m));
            return Some([at, at + 1, at + width, at + width + 1].map(cell));
        }
        let cell = |column: usize, row: usize| {
            let (block, at, _) = self.around(column, row)?;
            block.get(at).map(|m| f64::from(*m))
        };
        Some([cell(left, upper)?, cell(left + 1, upper)?, cell(left, upper + 1)?, cell(left + 1, upper + 1)?])
    }

    /// The block of a cell, the place of the cell in it, and the columns of the block. A block that cannot be decoded any more is a
    /// hole.
    fn around(&self, column: usize, row: usize) -> Option<(Block, usize, usize)> {
        let index = row / self.layout.block_height * self.layout.across() + column / self.layout.block_width;
        let (left, upper, width) = self.layout.place(index);
        let at = (row - upper) * width + (column - left);
        if self.empty.get(index).copied().unwrap_or(true) {
            return Some((Block::Hole, at, width));
        }
        if let Some(cells) = self.locked().get(index) {
            return Some((Block::Cells(cells), at, width));
        }
        // Decoded without the lock: threads that want other blocks go on.
        let cells: Arc<[f32]> = self.source.block(index).ok().flatten()?.into();
        self.locked().put(index, Arc::clone(&cells));
        Some((Block::Cells(cells), at, width))
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the bytes of decoded blocks that were held at most.
    pub(super) fn peak_bytes(&self) -> usize {
        self.locked().peak_bytes
    }
}

/// The cells of a block.
enum Block {
    Hole,
    Cells(Arc<[f32]>),
}

impl Block {
    fn get(&self, at: usize) -> Option<&f32> {
        match self {
            Self::Hole => Some(&f32::NAN),
            Self::Cells(cells) => cells.get(at),
        }
    }
}

/// Decoded blocks, bounded in bytes.
#[derive(Default)]
struct Cache {
    blocks: HashMap<usize, (Arc<[f32]>, u64)>,
    /// Counts looks, so that the block looked at longest ago is known.
    looks: u64,
    bytes: usize,
    peak_bytes: usize,
    limit_bytes: usize,
}

impl Cache {
    fn get(&mut self, index: usize) -> Option<Arc<[f32]>> {
        self.looks += 1;
        let (cells, looked) = self.blocks.get_mut(&index)?;
        *looked = self.looks;
        Some(Arc::clone(cells))
    }

    fn put(&mut self, index: usize, cells: Arc<[f32]>) {
        let bytes = cells.len() * CELL_BYTES;
        while self.bytes + bytes > self.limit_bytes {
            let oldest = self.blocks.iter().min_by_key(|(_, (_, looked))| *looked).map(|(index, _)| *index);
            let Some((gone, _)) = oldest.and_then(|oldest| self.blocks.remove(&oldest)) else { break };
            self.bytes -= gone.len() * CELL_BYTES;
        }
        if let Some((other, _)) = self.blocks.insert(index, (cells, self.looks)) {
            self.bytes -= other.len() * CELL_BYTES;
        }
        self.bytes += bytes;
        self.peak_bytes = self.peak_bytes.max(self.bytes);
    }
}
