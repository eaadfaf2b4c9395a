//! Heights on a grid of any projection, with what a ray over it asks for.

mod blocks;
mod ceilings;
mod grid_from_lat_lon;
mod grid_from_model;

use std::sync::Arc;

pub(super) use self::blocks::{BlockSource, Layout};
use self::blocks::{Blocks, Survey};
use self::ceilings::Ceilings;
use self::grid_from_lat_lon::GridFromLatLon;
pub(super) use self::grid_from_model::GridFromModel;
use super::{Fall, HeightDatum, Probe, TerrainBounds, TerrainError};
use crate::height::{EllipsoidHeight, GeoidHeight};
use crate::position::LatLon;

/// Heights row by row from the first; NaN in holes.
pub(super) struct Raster {
    pub(super) heights_m: Vec<f32>,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// Heights above the ellipsoid, NaN in holes.
#[derive(Debug, Clone)]
enum Cells {
    /// All of them, row by row from the first.
    Whole(Vec<f32>),
    /// Those looked at last.
    Blocks(Arc<Blocks>),
}

/// A grid of heights.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    cells: Cells,
    width: usize,
    height: usize,
    cell_from_lat_lon: GridFromLatLon,
    bounds: TerrainBounds,
    sigma_m: f64,
    ceilings: Ceilings,
}

impl Grid {
    /// Lays a raster on the earth.
    pub(super) fn new(
        mut raster: Raster,
        epsg: u32,
        grid_from_model: &GridFromModel,
        heights: HeightDatum,
        sigma_m: f64,
    ) -> Result<Self, TerrainError> {
        let map = GridFromLatLon::new(epsg, grid_from_model, raster.width, raster.height)?;
        shift_to_ellipsoid(&mut raster.heights_m, heights);
        let (lowest, highest) =
            span(&raster.heights_m).ok_or(TerrainError::Empty { cells: raster.heights_m.len() as u64 })?;
        let ceilings = Ceilings::of(&raster, map.least_spacing_m());
        Ok(Self {
            cells: Cells::Whole(raster.heights_m),
            width: raster.width,
            height: raster.height,
            bounds: TerrainBounds { corners: Some(map.corners()), lowest, highest },
            cell_from_lat_lon: map,
            sigma_m,
            ceilings,
        })
    }

    /// Lays blocks on the earth; at most `cache_bytes` of them are held.
    pub(super) fn of_blocks(
        source: Box<dyn BlockSource>,
        layout: Layout,
        epsg: u32,
        grid_from_model: &GridFromModel,
        (sigma_m, cache_bytes): (f64, usize),
    ) -> Result<Self, TerrainError> {
        let map = GridFromLatLon::new(epsg, grid_from_model, layout.width, layout.height)?;
        let (blocks, Survey { lowest_m, highest_m, highest }) = Blocks::survey(source, layout, cache_bytes)?;
        if lowest_m > highest_m {
            return Err(TerrainError::Empty { cells: layout.width as u64 * layout.height as u64 });
        }
        let [lowest, highest_ground] = [lowest_m, highest_m].map(|m| EllipsoidHeight(f64::from(m)));
        Ok(Self {
            cells: Cells::Blocks(Arc::new(blocks)),
            width: layout.width,
            height: layout.height,
            bounds: TerrainBounds { corners: Some(map.corners()), lowest, highest: highest_ground },
            sigma_m,
            ceilings: Ceilings::of_highest(highest, Blocks::ceiling_cells(), map.least_spacing_m()),
            cell_from_lat_lon: map,
        })
    }

    /// Returns the bytes of decoded blocks that were held at most; `None` where all cells are held.
    pub(super) fn peak_bytes(&self) -> Option<usize> {
        match &self.cells {
            Cells::Whole(_) => None,
            Cells::Blocks(blocks) => Some(blocks.peak_bytes()),
        }
    }

    /// Returns columns and rows.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    pub(super) fn height(&self, at: LatLon) -> Option<EllipsoidHeight> {
        let (column, row) = self.cell_from_lat_lon.at(at)?;
        self.interpolate(column, row).map(EllipsoidHeight)
    }

    pub(super) fn sigma_m(&self) -> f64 {
        self.sigma_m
    }

    /// Returns how high the steepest step within a cell and a half is, metres: the differences from cell to cell differ by it, while those
    /// of a slope are alike.
    pub(super) fn step_m(&self, at: LatLon) -> Option<f64> {
        let (column, row) = self.cell_from_lat_lon.at(at)?;
        let along = |east: f64, down: f64| {
            let height = |cells: f64| self.interpolate(column + cells * east, row + cells * down);
            let [a, b, c, d] = [height(-1.5)?, height(-0.5)?, height(0.5)?, height(1.5)?];
            let differences = [b - a, c - b, d - c];
            let most = differences.into_iter().fold(f64::NEG_INFINITY, f64::max);
            Some(most - differences.into_iter().fold(f64::INFINITY, f64::min))
        };
        [along(1.0, 0.0), along(0.0, 1.0)].into_iter().flatten().reduce(f64::max)
    }

    pub(super) fn bounds(&self) -> TerrainBounds {
        self.bounds
    }

    pub(super) fn spacing_m(&self) -> f64 {
        self.cell_from_lat_lon.spacing_m()
    }

    pub(super) fn probe(&self, at: LatLon, height: EllipsoidHeight, fall: Fall) -> Probe {
        match self.cell_from_lat_lon.at(at) {
            Some((column, row)) => Probe {
                ground: self.interpolate(column, row).map(EllipsoidHeight),
                free_m: self.ceilings.free_m((column, row), height.0, fall),
            },
            None => Probe {
                ground: None,
                free_m: fall.run_m(self.cell_from_lat_lon.distance_m(at), f64::INFINITY),
            },
        }
    }

    /// Bilinear between cell centres; level over the outer half of the outermost cells.
    #[inline]
    fn interpolate(&self, column: f64, row: f64) -> Option<f64> {
        let (last_column, last_row) = ((self.width - 1) as f64, (self.height - 1) as f64);
        let inside = column >= -0.5 && row >= -0.5 && column <= last_column + 0.5 && row <= last_row + 0.5;
        if !inside {
            return None;
        }
        let (column, row) = (column.clamp(0.0, last_column), row.clamp(0.0, last_row));
        let (left, upper) = ((column as usize).min(self.width - 2), (row as usize).min(self.height - 2));
        let (across, down) = (column - left as f64, row - upper as f64);
        let [a, b, c, d] = self.quad(left, upper)?;
        let (upper, lower) = (a + (b - a) * across, c + (d - c) * across);
        let height_m = upper + (lower - upper) * down;
        if height_m.is_finite() {
            return Some(height_m);
        }
        // A hole: it does not count where its weight is zero.
        let cells = [a, b, c, d];
        let weights =
            [(1.0 - across) * (1.0 - down), across * (1.0 - down), (1.0 - across) * down, across * down];
        let known = cells.iter().zip(weights).filter(|(_, weight)| *weight > 0.0);
        let height_m: f64 = known.map(|(cell, weight)| cell * weight).sum();
        height_m.is_finite().then_some(height_m)
    }

    /// The heights of a cell, the next in its row, and those below both; NaN in holes.
    #[inline]
    fn quad(&self, left: usize, upper: usize) -> Option<[f64; 4]> {
        let heights_m = match &self.cells {
            Cells::Whole(heights_m) => heights_m,
            Cells::Blocks(blocks) => return blocks.quad(left, upper),
        };
        let first = upper * self.width + left;
        let &[a, b] = heights_m.get(first..)?.first_chunk()?;
        let &[c, d] = heights_m.get(first + self.width..)?.first_chunk()?;
        Some([a, b, c, d].map(f64::from))
    }
}

/// Lifts heights that count from the geoid.
pub(super) fn shift_to_ellipsoid(heights_m: &mut [f32], datum: HeightDatum) {
    if let HeightDatum::Geoid { undulation_m } = datum {
        for height_m in heights_m {
            *height_m = GeoidHeight(f64::from(*height_m)).to_ellipsoid(undulation_m).0 as f32;
        }
    }
}

fn span(heights_m: &[f32]) -> Option<(EllipsoidHeight, EllipsoidHeight)> {
    let lowest = heights_m.iter().copied().fold(f32::INFINITY, f32::min);
    let highest = heights_m.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    (lowest <= highest).then_some((EllipsoidHeight(f64::from(lowest)), EllipsoidHeight(f64::from(highest))))
}
