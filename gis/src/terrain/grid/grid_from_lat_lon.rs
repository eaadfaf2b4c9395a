//! From latitude and longitude to columns and rows of a grid in any projection.
//!
//! A projection costs a microsecond and a ray asks for hundreds of positions, so the projection is run once, on a lattice
//! over the grid, and interpolated bilinearly. With nodes 200 m apart (800 m on grids of 200 km) the interpolation is off by
//! at most `distance^2 / (8 x earth radius) x tan(latitude)`: 1 mm (13 mm) at 45 degrees.

use nalgebra::{Matrix2, Vector2};

use super::super::TerrainError;
use super::grid_from_model::GridFromModel;
use crate::crs::{CrsError, Projection};
use crate::geodesy::{metres_per_degree, plane_distance_m};
use crate::position::LatLon;

const NODE_DISTANCE_M: f64 = 200.0;
const MOST_NODES: usize = 257;
/// Points along each edge of the grid from which its extent in latitude and longitude is taken.
const EDGE_POINTS: usize = 17;
/// Share of a node's distance that rounding may move the outermost nodes by.
const EDGE: f64 = 1e-9;
/// What the spacing at the outermost corners may be less than just inside them.
const LEAST_SPACING: f64 = 0.97;

/// Columns and rows, counted from the centre of the first cell, by latitude and longitude.
#[derive(Debug, Clone)]
pub(super) struct GridFromLatLon {
    south_west: LatLon,
    north_east: LatLon,
    /// Nodes from west to east, then from south to north.
    nodes: Vec<Vector2<f64>>,
    columns: usize,
    rows: usize,
    columns_per_deg: f64,
    rows_per_deg: f64,
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
        let mut map = Self {
            south_west,
            north_east,
            nodes,
            columns,
            rows,
            columns_per_deg: (columns - 1) as f64 / span_lon_deg,
            rows_per_deg: (rows - 1) as f64 / span_lat_deg,
            spacing_m: 1.0,
        };
        map.spacing_m = map.spacing_around(0.5, 0.5).ok_or_else(|| TerrainError::Crs {
            code: epsg,
            reason: "the grid has no extent in it".to_owned(),
        })?;
        Ok(map)
    }

    /// Returns column and row, from the centre of the first cell; `None` outside the grid's corners.
    pub(super) fn at(&self, at: LatLon) -> Option<(f64, f64)> {
        let (last_column, last_row) = ((self.columns - 1) as f64, (self.rows - 1) as f64);
        let x = (at.lon_deg - self.south_west.lon_deg) * self.columns_per_deg;
        let y = (at.lat_deg - self.south_west.lat_deg) * self.rows_per_deg;
        let inside = x >= -EDGE && x <= last_column + EDGE && y >= -EDGE && y <= last_row + EDGE;
        if !inside {
            return None;
        }
        let (left, lower) = ((x as usize).min(self.columns - 2), (y as usize).min(self.rows - 2));
        let (across, up) = (x - left as f64, y - lower as f64);
        let first = lower * self.columns + left;
        let (&[a, b], &[c, d]) =
            (self.nodes.get(first..)?.first_chunk()?, self.nodes.get(first + self.columns..)?.first_chunk()?);
        let lower = a + (b - a) * across;
        let upper = c + (d - c) * across;
        let grid = lower + (upper - lower) * up;
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
        let middle_deg = f64::midpoint(self.south_west.lon_deg, self.north_east.lon_deg);
        let lon_deg = middle_deg + (at.lon_deg - middle_deg + 540.0).rem_euclid(360.0) - 180.0;
        let at = LatLon { lon_deg, ..at };
        let nearest = LatLon {
            lat_deg: at.lat_deg.clamp(self.south_west.lat_deg, self.north_east.lat_deg),
            lon_deg: at.lon_deg.clamp(self.south_west.lon_deg, self.north_east.lon_deg),
        };
        if nearest == at { 0.0 } else { plane_distance_m(at, nearest) }
    }

    /// Returns the least distance between neighbouring cells anywhere on the grid, metres.
    pub(super) fn least_spacing_m(&self) -> f64 {
        [(0.06, 0.06), (0.06, 0.93), (0.93, 0.06), (0.93, 0.93)]
            .iter()
            .filter_map(|&(north, east)| self.spacing_around(north, east))
            .fold(self.spacing_m, f64::min)
            * LEAST_SPACING
    }

    /// The distance between neighbouring cells around a place, given as shares of the cover to the north and east.
    fn spacing_around(&self, north: f64, east: f64) -> Option<f64> {
        let (span_lat_deg, span_lon_deg) = (
            self.north_east.lat_deg - self.south_west.lat_deg,
            self.north_east.lon_deg - self.south_west.lon_deg,
        );
        let lat_deg = self.south_west.lat_deg + span_lat_deg * north;
        let lon_deg = self.south_west.lon_deg + span_lon_deg * east;
        let (north_m, east_m) = metres_per_degree(lat_deg);
        let (step_lat_deg, step_lon_deg) = (span_lat_deg / 16.0, span_lon_deg / 16.0);
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
