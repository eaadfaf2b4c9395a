//! The affine map of a grid: from coordinates of its projection to columns and rows.

use nalgebra::{Matrix2, Vector2};

/// Affine map from model coordinates (east, north or longitude, latitude) to column and row of cell centres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in super::super) struct GridFromModel {
    model_by_grid: Matrix2<f64>,
    grid_by_model: Matrix2<f64>,
    /// Model coordinates of the centre of the first cell.
    origin: Vector2<f64>,
}

impl GridFromModel {
    pub(in super::super) fn new(model_by_grid: Matrix2<f64>, origin: Vector2<f64>) -> Option<Self> {
        let grid_by_model = model_by_grid.try_inverse()?;
        let finite =
            grid_by_model.iter().chain(model_by_grid.iter()).chain(origin.iter()).all(|v| v.is_finite());
        finite.then_some(Self { model_by_grid, grid_by_model, origin })
    }

    pub(in super::super) fn apply(&self, model: Vector2<f64>) -> Vector2<f64> {
        self.grid_by_model * (model - self.origin)
    }

    pub(in super::super) fn invert(&self, grid: Vector2<f64>) -> Vector2<f64> {
        self.model_by_grid * grid + self.origin
    }
}
