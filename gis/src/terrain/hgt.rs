//! Terrain from an SRTM tile (`N28E118.hgt`) held in memory.
//!
//! | read | not read |
//! |---|---|
//! | 1 and 3 arc seconds: 3601 or 1201 samples square, 16 bit, big-endian | 30 arc seconds, tiles of the water mask |
//! | heights above EGM96, -32768 in holes | heights already on the ellipsoid |
//!
//! Rows run from north to south, samples lie on whole arc seconds, and the outermost ones belong to the neighbours too. The
//! place is in the name only: the degrees of the south-western sample.
//!
//! # References
//! NASA JPL (2013), NASA Shuttle Radar Topography Mission global 1 arc second, SRTM v3.0, and its quick start guide. Heights:
//! Rodriguez, Morris, Belz (2006), A global assessment of the SRTM performance, Photogrammetric Engineering and Remote
//! Sensing 72(3): 90 % of absolute errors within 5.6 to 9.0 m by continent.

use nalgebra::{Matrix2, Vector2};

use super::grid::{Grid, GridFromModel, Raster};
use super::{Fall, HeightDatum, Probe, Terrain, TerrainBounds, TerrainError, TerrainKind};
use crate::geoid::{GeoidModel, undulation_m};
use crate::height::{EllipsoidHeight, GeoidHeight};
use crate::position::LatLon;

const HOLE: i16 = -32_768;
const SIDES: [usize; 2] = [3_601, 1_201];
/// Largest of the continents' errors, 9.0 m at 90 %, as a standard deviation, metres.
pub const SRTM_SIGMA_M: f64 = 5.5;
/// Parts of a degree between which the geoid is taken as bilinear: millimetres off.
const GEOID_PARTS: usize = 20;
const WGS84: u32 = 4326;

/// An SRTM tile, a surface model.
#[derive(Debug, Clone)]
pub struct Hgt {
    grid: Grid,
}

impl Hgt {
    /// Reads a tile of a name such as `N28E118.hgt` or `s07w080.hgt`; what follows the degrees is not looked at.
    ///
    /// # Units
    /// `sigma_m` one standard deviation of its heights in metres; [`SRTM_SIGMA_M`] where nothing better is known.
    ///
    /// # Errors
    /// If the name gives no place, the size is not that of a tile, every sample is a hole, or the deviation is no
    /// finite number at or above 0.
    pub fn from_bytes(name: &str, bytes: &[u8], sigma_m: f64) -> Result<Self, TerrainError> {
        if !(sigma_m.is_finite() && sigma_m >= 0.0) {
            let expected = "a finite number of metres, not below 0";
            return Err(TerrainError::Option { field: "sigma_m", value: sigma_m, expected });
        }
        let corner = corner_of(name).ok_or_else(|| TerrainError::HgtName { name: name.to_owned() })?;
        let side = SIDES.into_iter().find(|side| side * side * 2 == bytes.len());
        let side = side.ok_or(TerrainError::HgtSize { bytes: bytes.len() as u64 })?;
        let geoid = Geoid::around(corner);
        let heights_m =
            bytes.chunks_exact(2).enumerate().map(|(index, pair)| geoid.lift(index, side, pair)).collect();
        let step_deg = 1.0 / (side - 1) as f64;
        let north_west = Vector2::new(corner.lon_deg, corner.lat_deg + 1.0);
        let grid_from_model = GridFromModel::new(Matrix2::new(step_deg, 0.0, 0.0, -step_deg), north_west)
            .ok_or_else(|| TerrainError::HgtName { name: name.to_owned() })?;
        let raster = Raster { heights_m, width: side, height: side };
        let grid = Grid::new(raster, WGS84, &grid_from_model, HeightDatum::Ellipsoidal, sigma_m)?;
        Ok(Self { grid })
    }

    /// Returns columns and rows.
    pub fn size(&self) -> (usize, usize) {
        self.grid.size()
    }
}

/// The south-western corner in a name.
fn corner_of(name: &str) -> Option<LatLon> {
    let (north, rest) = name.split_at_checked(3)?;
    let (east, _) = rest.split_at_checked(4)?;
    let degrees = |part: &str, positive: char, negative: char| {
        let (side, digits) = part.split_at_checked(1)?;
        let side = side.chars().next()?.to_ascii_uppercase();
        let value: u16 = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())??;
        match side {
            side if side == positive => Some(f64::from(value)),
            side if side == negative => Some(-f64::from(value)),
            _ => None,
        }
    };
    let corner = LatLon::new(degrees(north, 'N', 'S')?, degrees(east, 'E', 'W')?)?;
    (corner.lat_deg <= 89.0 && corner.lon_deg <= 179.0).then_some(corner)
}

/// The geoid over one degree, rows from north to south.
struct Geoid {
    nodes_m: Vec<f64>,
}

impl Geoid {
    fn around(corner: LatLon) -> Self {
        let part = |index: usize| index as f64 / GEOID_PARTS as f64;
        let nodes = (0..=GEOID_PARTS).flat_map(|row| (0..=GEOID_PARTS).map(move |column| (row, column)));
        let nodes_m = nodes
            .map(|(row, column)| {
                let lat_deg = corner.lat_deg + 1.0 - part(row);
                let lon_deg = corner.lon_deg + part(column);
                undulation_m(GeoidModel::Egm96, LatLon { lat_deg, lon_deg }).unwrap_or(f64::NAN)
            })
            .collect();
        Self { nodes_m }
    }

    fn lift(&self, index: usize, side: usize, pair: &[u8]) -> f32 {
        let sample = i16::from_be_bytes([pair[0], pair[1]]);
        if sample == HOLE {
            return f32::NAN;
        }
        let undulation_m = self.at(index / side, index % side, (side - 1) / GEOID_PARTS);
        GeoidHeight(f64::from(sample)).to_ellipsoid(undulation_m).0 as f32
    }

    fn at(&self, row: usize, column: usize, samples: usize) -> f64 {
        let (upper, left) = ((row / samples).min(GEOID_PARTS - 1), (column / samples).min(GEOID_PARTS - 1));
        let part = |index: usize, node: usize| (index - node * samples) as f64 / samples as f64;
        let (down, across) = (part(row, upper), part(column, left));
        let line = |row: usize| {
            let first = row * (GEOID_PARTS + 1) + left;
            self.nodes_m[first] * (1.0 - across) + self.nodes_m[first + 1] * across
        };
        line(upper) * (1.0 - down) + line(upper + 1) * down
    }
}

impl Terrain for Hgt {
    fn height(&self, at: LatLon) -> Option<EllipsoidHeight> {
        self.grid.height(at)
    }

    fn sigma_m(&self) -> f64 {
        self.grid.sigma_m()
    }

    fn kind_at(&self, _at: LatLon) -> TerrainKind {
        TerrainKind::Surface
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_give_the_south_western_corner() {
        let check = |name: &str, expect: Option<(f64, f64)>| {
            assert_eq!(
                corner_of(name),
                expect.map(|(lat_deg, lon_deg)| LatLon { lat_deg, lon_deg }),
                "{name}"
            );
        };
        check("N28E118.hgt", Some((28.0, 118.0)));
        check("s07w080.SRTMGL1.hgt", Some((-7.0, -80.0)));
        check("N00W001", Some((0.0, -1.0)));
        check("N90E000.hgt", None);
        check("N28E180.hgt", None);
        check("E118N28.hgt", None);
        check("N2éE118", None);
        check("N+8E118", None);
        check("N28E1", None);
        check("", None);
    }
}
