//! Terrain from a GeoTIFF, held in memory or, where it is large, read by blocks.
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

mod blocks;
mod decode;
mod georeference;

use std::sync::Arc;

use super::grid::Grid;
use super::{Fall, Probe, Terrain, TerrainBounds, TerrainError, TerrainKind};
use crate::height::EllipsoidHeight;
use crate::position::LatLon;

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

/// Within a cell of the edge of a roof its height is anything between the roof's and the ground's: the standard deviation of an even
/// spread, as a share of the step.
const SHARE_OF_STEP: f64 = 0.289;

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
    /// What its heights belong to.
    pub kind: TerrainKind,
    /// Standard deviation of its heights, metres.
    pub sigma_m: f64,
    /// Coordinate reference system, for files that state none; a stated one has precedence.
    pub crs: Option<Crs>,
    /// Most cells that [`GeoTiff::from_bytes`] accepts; a cell takes 4 bytes of memory.
    pub max_cells: u64,
    /// Memory that the heights of a file opened by [`GeoTiff::open`] take at most, bytes: larger files are read by strips or tiles as they
    /// are looked at.
    pub cache_bytes: u64,
}

/// The bytes of a file, in memory or mapped into it.
pub type SharedBytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

impl GeoTiffOptions {
    /// Returns options for heights of a datum, of what is not known: 0.5 m standard deviation, at most 100 million cells
    /// (400 MB).
    pub fn new(heights: HeightDatum) -> Self {
        Self::of_kind(heights, TerrainKind::Unknown)
    }

    /// Returns options for heights of a datum and a kind, with the usual standard deviation of that kind.
    pub fn of_kind(heights: HeightDatum, kind: TerrainKind) -> Self {
        Self {
            heights,
            kind,
            sigma_m: kind.usual_sigma_m(),
            crs: None,
            max_cells: 100_000_000,
            cache_bytes: 400_000_000,
        }
    }
}

/// A grid of heights.
#[derive(Debug, Clone)]
pub struct GeoTiff {
    grid: Grid,
    kind: TerrainKind,
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
        let (raster, reference) = decode::read(bytes, options)?;
        let epsg = reference.epsg.or(options.crs.map(|Crs::Epsg(code)| code)).ok_or(TerrainError::NoCrs)?;
        let grid = Grid::new(raster, epsg, &reference.grid_from_model, options.heights, options.sigma_m)?;
        Ok(Self { grid, kind: options.kind, epsg, vertical_epsg: reference.vertical_epsg })
    }

    /// Opens a file of any size: whole where its heights fit [`GeoTiffOptions::cache_bytes`], else by strips or tiles.
    ///
    /// Every block is decoded once here, for the lowest and highest ground and for where rays may take long steps, which takes a hundredth
    /// of the memory of all cells beside the cache.
    ///
    /// # Errors
    /// As [`GeoTiff::from_bytes`], but for the size: a single strip or tile must fit the memory allowed.
    pub fn open(bytes: &SharedBytes, options: &GeoTiffOptions) -> Result<Self, TerrainError> {
        check_options(options)?;
        let (source, layout, reference) = blocks::open(bytes, options)?;
        let cells = layout.width as u64 * layout.height as u64;
        if cells.saturating_mul(size_of::<f32>() as u64) <= options.cache_bytes {
            let options = GeoTiffOptions { max_cells: cells, ..*options };
            return Self::from_bytes((**bytes).as_ref(), &options);
        }
        let epsg = reference.epsg.or(options.crs.map(|Crs::Epsg(code)| code)).ok_or(TerrainError::NoCrs)?;
        let memory = (options.sigma_m, usize::try_from(options.cache_bytes).unwrap_or(usize::MAX));
        let grid = Grid::of_blocks(source, layout, epsg, &reference.grid_from_model, memory)?;
        Ok(Self { grid, kind: options.kind, epsg, vertical_epsg: reference.vertical_epsg })
    }

    /// Returns the bytes of decoded blocks that were held at most so far; `None` where the file is held whole.
    pub fn peak_block_bytes(&self) -> Option<usize> {
        self.grid.peak_bytes()
    }

    /// Returns the EPSG code of the horizontal system in use.
    pub fn epsg(&self) -> u32 {
        self.epsg
    }

    /// Returns the EPSG code of the vertical system that the file states, if any: a hint for the caller, who decides.
    pub fn vertical_epsg(&self) -> Option<u32> {
        self.vertical_epsg
    }

    /// Returns what the heights belong to, as the caller said.
    pub fn kind(&self) -> TerrainKind {
        self.kind
    }

    /// Returns columns and rows.
    pub fn size(&self) -> (usize, usize) {
        self.grid.size()
    }
}

impl Terrain for GeoTiff {
    fn height(&self, at: LatLon) -> Option<EllipsoidHeight> {
        self.grid.height(at)
    }

    fn sigma_m(&self) -> f64 {
        self.grid.sigma_m()
    }

    /// Of a surface, what smearing does at its edges counts too.
    fn sigma_at_m(&self, at: LatLon) -> f64 {
        let sigma_m = self.grid.sigma_m();
        if self.kind != TerrainKind::Surface {
            return sigma_m;
        }
        self.grid.step_m(at).map_or(sigma_m, |step_m| sigma_m.hypot(step_m * SHARE_OF_STEP))
    }

    fn kind_at(&self, _at: LatLon) -> TerrainKind {
        self.kind
    }

    fn bounds(&self) -> TerrainBounds {
        self.grid.bounds()
    }

    fn spacing_m(&self) -> f64 {
        self.grid.spacing_m()
    }

    fn probe(&self, at: LatLon, height: EllipsoidHeight, fall: Fall) -> Probe {
        self.grid.probe(at, height, fall)
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
