//! From latitude and longitude to columns and rows of a grid in any projection.
//!
//! A projection costs a microsecond and a ray asks for hundreds of positions, so the projection is run once, on a lattice
//! over the grid, and interpolated bilinearly. With nodes 200 m apart (800 m on grids of 200 km) the interpolation is off by
//! at most `distance^2 / (8 x earth radius) x tan(latitude)`: 1 mm (13 mm) at 45 degrees.

use nalgebra::{Matrix2, Vector2};

use super::super::TerrainError;
use super::georeference::GridFromModel;
use crate::crs::{CrsError, Projection};
use crate::geodesy::{metres_per_degree, plane_distance_m};
use crate::position::LatLon;

const NODE_DISTANCE_M: f64 = 200.0;
const MOST_NODES: usize = 257;
/// Points along each edge of the grid from which its extent in latitude and longitude is taken.
const EDGE_POINTS: usize = 17;

/// Columns and rows, counted from the centre of the first cell, by latitude and longitude.
#[derive(Debug, Clone)]
pub(super) struct GridFromLatLon {
    south_west: LatLon,
    north_east: LatLon,
    /// Nodes from west to east, then from south to north.
    nodes: Vec<Vector2<f64>>,
    columns: usize,
    rows: usize,
    spacing_m: f64,
}

impl GridFromLatLon {
    pub(super) fn new(
        epsg: u32,
        grid_from_model: &GridFromModel,
        width: usize,
        height: usize,
    ) -> Result<Self, TerrainError> {
        let unusable = |error: CrsError| TerrainError::Crs { code: epsg, reason: error.reason };
        let projection = Projection::of(epsg).map_err(unusable)?;
        let (south_west, north_east) = extent(epsg, &projection, grid_from_model, width, height)?;
        let (north_m, east_m) = metres_per_degree(f64::midpoint(south_west.lat_deg, north_east.lat_deg));
        let span_lat_deg = north_east.lat_deg - south_west.lat_deg;
        let span_lon_deg = north_east.lon_deg - south_west.lon_deg;
        let count = |span_m: f64| ((span_m / NODE_DISTANCE_M).ceil() as usize + 1).clamp(2, MOST_NODES);
        let (columns, rows) = (count(span_lon_deg * east_m), count(span_lat_deg * north_m));
        let mut nodes = Vec::with_capacity(columns * rows);
        for row in 0..rows {
            for column in 0..columns {
                let lat_deg = south_west.lat_deg + span_lat_deg * row as f64 / (rows - 1) as f64;
                let lon_deg = south_west.lon_deg + span_lon_deg * column as f64 / (columns - 1) as f64;
                let model = projection.model_from_lat_lon(LatLon { lat_deg, lon_deg }).map_err(unusable)?;
                nodes.push(grid_from_model.apply(model));
            }
        }
        let mut map = Self { south_west, north_east, nodes, columns, rows, spacing_m: 1.0 };
        map.spacing_m = map.spacing_in_the_middle().ok_or_else(|| TerrainError::Crs {
            code: epsg,
            reason: "the grid has no extent in it".to_owned(),
        })?;
        Ok(map)
    }

    /// Returns column and row, from the centre of the first cell; `None` outside the grid's corners.
    pub(super) fn at(&self, at: LatLon) -> Option<(f64, f64)> {
        let (last_column, last_row) = ((self.columns - 1) as f64, (self.rows - 1) as f64);
        let span_lon_deg = self.north_east.lon_deg - self.south_west.lon_deg;
        let span_lat_deg = self.north_east.lat_deg - self.south_west.lat_deg;
        let x = (at.lon_deg - self.south_west.lon_deg) / span_lon_deg * last_column;
        let y = (at.lat_deg - self.south_west.lat_deg) / span_lat_deg * last_row;
        if !(x >= 0.0 && x <= last_column && y >= 0.0 && y <= last_row) {
            return None;
        }
        let (left, lower) = (x.floor().min(last_column - 1.0), y.floor().min(last_row - 1.0));
        let (across, up) = (x - left, y - lower);
        let first = lower as usize * self.columns + left as usize;
        let node = |index: usize| self.nodes.get(index).copied();
        let lower = node(first)? * (1.0 - across) + node(first + 1)? * across;
        let upper = node(first + self.columns)? * (1.0 - across) + node(first + self.columns + 1)? * across;
        let grid = lower * (1.0 - up) + upper * up;
        Some((grid.x, grid.y))
    }

    /// Returns the south-western and the north-eastern corner around the grid.
    pub(super) fn corners(&self) -> (LatLon, LatLon) {
        (self.south_west, self.north_east)
    }

    /// Returns the smaller distance between neighbouring cells, metres.
    pub(super) fn spacing_m(&self) -> f64 {
        self.spacing_m
    }

    /// Returns the distance from a position to the rectangle of corners, metres; zero inside.
    pub(super) fn distance_m(&self, at: LatLon) -> f64 {
        let nearest = LatLon {
            lat_deg: at.lat_deg.clamp(self.south_west.lat_deg, self.north_east.lat_deg),
            lon_deg: at.lon_deg.clamp(self.south_west.lon_deg, self.north_east.lon_deg),
        };
        if nearest == at { 0.0 } else { plane_distance_m(at, nearest) }
    }

    fn spacing_in_the_middle(&self) -> Option<f64> {
        let lat_deg = f64::midpoint(self.south_west.lat_deg, self.north_east.lat_deg);
        let lon_deg = f64::midpoint(self.south_west.lon_deg, self.north_east.lon_deg);
        let (north_m, east_m) = metres_per_degree(lat_deg);
        let (step_lat_deg, step_lon_deg) = (
            (self.north_east.lat_deg - self.south_west.lat_deg) / 8.0,
            (self.north_east.lon_deg - self.south_west.lon_deg) / 8.0,
        );
        let grid = |lat_deg, lon_deg| self.at(LatLon { lat_deg, lon_deg }).map(|(x, y)| Vector2::new(x, y));
        let middle = grid(lat_deg, lon_deg)?;
        let by_east = (grid(lat_deg, lon_deg + step_lon_deg)? - middle) / (step_lon_deg * east_m);
        let by_north = (grid(lat_deg + step_lat_deg, lon_deg)? - middle) / (step_lat_deg * north_m);
        let metres_by_cell = Matrix2::from_columns(&[by_east, by_north]).try_inverse()?;
        let spacing_m = metres_by_cell.column(0).norm().min(metres_by_cell.column(1).norm());
        (spacing_m.is_finite() && spacing_m > 0.0).then_some(spacing_m)
    }
}

/// The positions around the grid's outer edge, as a rectangle of latitude and longitude.
fn extent(
    code: u32,
    projection: &Projection,
    grid_from_model: &GridFromModel,
    width: usize,
    height: usize,
) -> Result<(LatLon, LatLon), TerrainError> {
    let unusable = |reason: &str| TerrainError::Crs { code, reason: reason.to_owned() };
    let mut low = LatLon { lat_deg: f64::INFINITY, lon_deg: f64::INFINITY };
    let mut high = LatLon { lat_deg: f64::NEG_INFINITY, lon_deg: f64::NEG_INFINITY };
    let last = (EDGE_POINTS - 1) as f64;
    for step in 0..EDGE_POINTS {
        let part = step as f64 / last;
        for (x, y) in [(part, 0.0), (part, 1.0), (0.0, part), (1.0, part)] {
            let grid = Vector2::new(x * width as f64 - 0.5, y * height as f64 - 0.5);
            let at = projection
                .lat_lon_from_model(grid_from_model.invert(grid))
                .map_err(|error| unusable(&error.reason))?;
            low = LatLon { lat_deg: low.lat_deg.min(at.lat_deg), lon_deg: low.lon_deg.min(at.lon_deg) };
            high = LatLon { lat_deg: high.lat_deg.max(at.lat_deg), lon_deg: high.lon_deg.max(at.lon_deg) };
        }
    }
    if !(high.lat_deg > low.lat_deg && high.lon_deg > low.lon_deg) {
        return Err(unusable("the grid has no extent in it"));
    }
    let on_globe =
        low.lat_deg >= -90.1 && high.lat_deg <= 90.1 && low.lon_deg >= -180.1 && high.lon_deg <= 180.1;
    if !on_globe {
        return Err(unusable("the grid lies off the globe"));
    }
    if !projection.is_wgs84() && high.lon_deg - low.lon_deg > 180.0 {
        return Err(unusable("the grid crosses the antimeridian"));
    }
    Ok((low, high))
}
