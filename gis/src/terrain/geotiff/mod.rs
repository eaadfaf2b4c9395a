//! Terrain from a GeoTIFF held in memory.
//!
//! | read | not read |
//! |---|---|
//! | one band; 8 to 64 bit integers, 16 to 64 bit floats | several bands, complex numbers |
//! | strips and tiles; none, deflate, LZW, PackBits | other compressions |
//! | pixel is area or point; scale and tie point, or matrix | ground control points |
//! | any EPSG code with a Transverse Mercator, Lambert, Mercator or other `proj4rs` projection | user-defined systems |
//!
//! Heights are kept as 32-bit floats (0.5 mm at 8 000 m). Values that are no height on earth (beyond 20 km either way),
//! the file's "no data" value and NaN are holes.

mod decode;
mod georeference;
mod grid_from_lat_lon;

use self::decode::Raster;
use self::grid_from_lat_lon::GridFromLatLon;
use super::{Ceiling, Terrain, TerrainBounds, TerrainError};
use crate::height::{EllipsoidHeight, GeoidHeight};
use crate::position::LatLon;

/// Cells along the side of a block of which the highest ground is kept.
const BLOCK_CELLS: usize = 16;

/// What the heights of a file count from. Most files do not say; reading one as the other is wrong by the undulation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum HeightDatum {
    /// The WGS-84 ellipsoid.
    Ellipsoidal,
    /// The geoid, which lies `undulation_m` above the ellipsoid over the whole tile.
    Geoid {
        /// Geoid above ellipsoid, metres.
        undulation_m: f64,
    },
}

/// A coordinate reference system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crs {
    /// By its EPSG code.
    Epsg(u32),
}

/// How to read a terrain file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GeoTiffOptions {
    /// What its heights count from.
    pub heights: HeightDatum,
    /// Standard deviation of its heights, metres.
    pub sigma_m: f64,
    /// Coordinate reference system, for files that state none; a stated one has precedence.
    pub crs: Option<Crs>,
    /// Most cells to accept; a cell takes 4 bytes of memory.
    pub max_cells: u64,
}

impl GeoTiffOptions {
    /// Returns options for heights of a datum: 0.5 m standard deviation, at most 100 million cells (400 MB).
    pub fn new(heights: HeightDatum) -> Self {
        Self { heights, sigma_m: 0.5, crs: None, max_cells: 100_000_000 }
    }
}

/// A grid of heights.
#[derive(Debug, Clone)]
pub struct GeoTiff {
    /// Heights above the ellipsoid, row by row from the first; NaN in holes.
    heights_m: Vec<f32>,
    width: usize,
    height: usize,
    grid_from_lat_lon: GridFromLatLon,
    bounds: TerrainBounds,
    spacing_m: f64,
    sigma_m: f64,
    ceilings: Ceilings,
    epsg: u32,
    vertical_epsg: Option<u32>,
}

impl GeoTiff {
    /// Reads a terrain from the bytes of a GeoTIFF.
    ///
    /// # Errors
    /// If the bytes are no GeoTIFF of a supported kind, it is larger than allowed, has no or an unusable coordinate
    /// reference system, or no height at all. Sizes are checked before anything is decoded.
    pub fn from_bytes(bytes: &[u8], options: &GeoTiffOptions) -> Result<Self, TerrainError> {
        check_options(options)?;
        let (mut raster, reference) = decode::read(bytes, options)?;
        let epsg = reference.epsg.or(options.crs.map(|Crs::Epsg(code)| code)).ok_or(TerrainError::NoCrs)?;
        let map = GridFromLatLon::new(epsg, &reference.grid_from_model, raster.width, raster.height)?;
        shift_to_ellipsoid(&mut raster.heights_m, options.heights);
        let (lowest, highest) =
            span(&raster.heights_m).ok_or(TerrainError::Empty { cells: raster.heights_m.len() as u64 })?;
        let bounds = TerrainBounds { corners: Some(map.corners()), lowest, highest };
        let spacing_m = map.spacing_m();
        let ceilings = Ceilings::of(&raster, spacing_m);
        Ok(Self {
            heights_m: raster.heights_m,
            width: raster.width,
            height: raster.height,
            grid_from_lat_lon: map,
            bounds,
            spacing_m,
            sigma_m: options.sigma_m,
            ceilings,
            epsg,
            vertical_epsg: reference.vertical_epsg,
        })
    }

    /// Returns the EPSG code of the horizontal system in use.
    pub fn epsg(&self) -> u32 {
        self.epsg
    }

    /// Returns the EPSG code of the vertical system that the file states, if any: a hint for the caller, who decides.
    pub fn vertical_epsg(&self) -> Option<u32> {
        self.vertical_epsg
    }

    /// Returns columns and rows.
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    fn cell(&self, column: usize, row: usize) -> Option<f64> {
        let height_m = *self.heights_m.get(row * self.width + column)?;
        height_m.is_finite().then_some(f64::from(height_m))
    }

    /// Bilinear between cell centres; level over the outer half of the outermost cells.
    fn interpolate(&self, column: f64, row: f64) -> Option<f64> {
        let (last_column, last_row) = ((self.width - 1) as f64, (self.height - 1) as f64);
        let inside = column >= -0.5 && row >= -0.5 && column <= last_column + 0.5 && row <= last_row + 0.5;
        if !inside {
            return None;
        }
        let (column, row) = (column.clamp(0.0, last_column), row.clamp(0.0, last_row));
        let (left, upper) = (column.floor().min(last_column - 1.0), row.floor().min(last_row - 1.0));
        let (across, down) = (column - left, row - upper);
        let (left, upper) = (left as usize, upper as usize);
        let mut sum = 0.0;
        for (column, row, weight) in [
            (left, upper, (1.0 - across) * (1.0 - down)),
            (left + 1, upper, across * (1.0 - down)),
            (left, upper + 1, (1.0 - across) * down),
            (left + 1, upper + 1, across * down),
        ] {
            if weight > 0.0 {
                sum += weight * self.cell(column, row)?;
            }
        }
        Some(sum)
    }
}

impl Terrain for GeoTiff {
    fn height(&self, at: LatLon) -> Option<EllipsoidHeight> {
        let (column, row) = self.grid_from_lat_lon.at(at)?;
        self.interpolate(column, row).map(EllipsoidHeight)
    }

    fn sigma_m(&self) -> f64 {
        self.sigma_m
    }

    fn bounds(&self) -> TerrainBounds {
        self.bounds
    }

    fn spacing_m(&self) -> f64 {
        self.spacing_m
    }

    fn ceiling(&self, at: LatLon) -> Ceiling {
        let distance_m = self.grid_from_lat_lon.distance_m(at);
        if distance_m > 0.0 {
            return Ceiling { height: EllipsoidHeight(f64::NEG_INFINITY), radius_m: distance_m };
        }
        match self.grid_from_lat_lon.at(at) {
            Some((column, row)) => self.ceilings.at(column, row, self.bounds.highest),
            None => Ceiling { height: self.bounds.highest, radius_m: self.spacing_m },
        }
    }
}

/// The highest ground in and around each block of cells.
#[derive(Debug, Clone)]
struct Ceilings {
    highest_m: Vec<f32>,
    columns: usize,
    rows: usize,
    radius_m: f64,
}

impl Ceilings {
    fn of(raster: &Raster, spacing_m: f64) -> Self {
        let columns = raster.width.div_ceil(BLOCK_CELLS);
        let rows = raster.height.div_ceil(BLOCK_CELLS);
        let mut blocks = vec![f32::NEG_INFINITY; columns * rows];
        for (row, line) in raster.heights_m.chunks(raster.width).enumerate() {
            for (column, cells) in line.chunks(BLOCK_CELLS).enumerate() {
                // `f32::max` passes over NaN, so holes do not count.
                let highest = cells.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                if let Some(block) = blocks.get_mut(row / BLOCK_CELLS * columns + column) {
                    *block = block.max(highest);
                }
            }
        }
        let around = |column: usize, row: usize| {
            let near_rows = row.saturating_sub(1)..=(row + 1).min(rows - 1);
            near_rows
                .flat_map(|row| {
                    (column.saturating_sub(1)..=(column + 1).min(columns - 1)).map(move |c| (c, row))
                })
                .filter_map(|(column, row)| blocks.get(row * columns + column).copied())
                .fold(f32::NEG_INFINITY, f32::max)
        };
        let highest_m = (0..rows)
            .flat_map(|row| (0..columns).map(move |c| (c, row)))
            .map(|(c, r)| around(c, r))
            .collect();
        // One cell less than a block: interpolation reaches into the next cell.
        Self { highest_m, columns, rows, radius_m: (BLOCK_CELLS as f64 - 1.5) * spacing_m }
    }

    fn at(&self, column: f64, row: f64, highest: EllipsoidHeight) -> Ceiling {
        let block = |index: f64, count: usize| {
            ((index + 0.5).max(0.0) as usize / BLOCK_CELLS).min(count.saturating_sub(1))
        };
        let index = block(row, self.rows) * self.columns + block(column, self.columns);
        let height = self.highest_m.get(index).map_or(highest, |height| EllipsoidHeight(f64::from(*height)));
        Ceiling { height, radius_m: self.radius_m }
    }
}

fn check_options(options: &GeoTiffOptions) -> Result<(), TerrainError> {
    let sigma_m = options.sigma_m;
    if !(sigma_m.is_finite() && sigma_m >= 0.0) {
        let expected = "a finite number of metres, not below 0";
        return Err(TerrainError::Option { field: "sigma_m", value: sigma_m, expected });
    }
    match options.heights {
        HeightDatum::Geoid { undulation_m } if !(-120.0..=120.0).contains(&undulation_m) => {
            let expected = "metres between -120 and 120";
            Err(TerrainError::Option { field: "undulation_m", value: undulation_m, expected })
        }
        HeightDatum::Geoid { .. } | HeightDatum::Ellipsoidal => Ok(()),
    }
}

fn shift_to_ellipsoid(heights_m: &mut [f32], datum: HeightDatum) {
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
