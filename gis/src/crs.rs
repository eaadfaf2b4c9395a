//! Coordinate reference systems by their EPSG code, and the doors between them and WGS-84.
//!
//! Definitions come from the EPSG list in crate `crs-definitions`, the formulas from `proj4rs`. First coordinates are always
//! east (or longitude), second ones north, as files have them, whatever order EPSG lists the axes in.
//!
//! | system | codes | how well WGS-84 is reached |
//! |---|---|---|
//! | WGS-84 and its UTM zones | 4326, 32601-32760 | exact |
//! | CGCS2000, degrees and Gauss-Kruger | 4490, 4491-4554 | taken as equal to WGS-84, see [`crate::coordinate_door`] |
//! | Beijing 1954 | 4214, 2401-2442 and others | by the three-parameter shift of the list, metres to tens of metres |
//! | Xian 1980 | 4610, 2327-2390 | no shift is published: see [`Projection::datum_is_tied`] |
//!
//! Not supported: geocentric systems, heights, grids that need a shift file.

use std::fmt;
use std::str::FromStr;

use nalgebra::Vector2;
use proj4rs::Proj;
use serde::{Deserialize, Serialize};

use crate::geodesy::plane_distance_m;
use crate::position::LatLon;

const WGS84: &str = "+proj=longlat +datum=WGS84 +no_defs";

/// A position that comes back farther than this from where it started lies outside of what the projection is made for.
const MOST_ROUND_TRIP_M: f64 = 1.0;

/// Coordinates that a file is declared to hold.
///
/// Written `wgs84`, `cgcs2000`, `gcj02`, `bd09` or `EPSG:4549`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Crs {
    /// WGS-84, EPSG:4326.
    #[default]
    Wgs84,
    /// CGCS2000, EPSG:4490; equal to WGS-84 at the metre level.
    Cgcs2000,
    /// GCJ-02, the shifted datum of Chinese web maps.
    Gcj02,
    /// BD-09, the datum of Baidu maps.
    Bd09,
    /// Any system of the EPSG list that can be reached from WGS-84.
    Epsg(u16),
}

impl fmt::Display for Crs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wgs84 => f.write_str("wgs84"),
            Self::Cgcs2000 => f.write_str("cgcs2000"),
            Self::Gcj02 => f.write_str("gcj02"),
            Self::Bd09 => f.write_str("bd09"),
            Self::Epsg(code) => write!(f, "EPSG:{code}"),
        }
    }
}

impl FromStr for Crs {
    type Err = CrsError;

    fn from_str(text: &str) -> Result<Self, CrsError> {
        let lower = text.trim().to_ascii_lowercase();
        let unknown = |reason: &str| CrsError { name: text.to_owned(), reason: reason.to_owned() };
        match lower.as_str() {
            "wgs84" | "wgs-84" => Ok(Self::Wgs84),
            "cgcs2000" => Ok(Self::Cgcs2000),
            "gcj02" | "gcj-02" => Ok(Self::Gcj02),
            "bd09" | "bd-09" => Ok(Self::Bd09),
            other => {
                let digits = other.strip_prefix("epsg:").ok_or_else(|| {
                    unknown("known are wgs84, cgcs2000, gcj02, bd09 and EPSG codes such as EPSG:4549")
                })?;
                let code = digits.parse().map_err(|_| unknown("the code is not known"))?;
                Projection::of(u32::from(code)).map(|_| Self::Epsg(code))
            }
        }
    }
}

impl TryFrom<String> for Crs {
    type Error = CrsError;

    fn try_from(text: String) -> Result<Self, CrsError> {
        text.parse()
    }
}

impl From<Crs> for String {
    fn from(crs: Crs) -> Self {
        crs.to_string()
    }
}

/// A coordinate reference system that cannot be used, or a position that it does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} cannot be used: {reason}")]
pub struct CrsError {
    /// The system as it was named.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// A door between one coordinate reference system and WGS-84.
pub struct Projection {
    name: String,
    definition: String,
    /// `None` for WGS-84 latitude and longitude themselves.
    projs: Option<(Proj, Proj)>,
}

impl fmt::Debug for Projection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Projection")
            .field("name", &self.name)
            .field("definition", &self.definition)
            .finish_non_exhaustive()
    }
}

/// Returns a PROJ.4 definition in the words by which `proj4rs` 0.1 gives what PROJ gives.
///
/// It passes over `+k_0`, the usual name of the scale of Lambert's projection, and would leave the scale out. Its `tmerc` is the
/// short series, 0.2 m off six degrees from the axis; PROJ takes the long one (Poder, Engsager), which is `etmerc` here and
/// needs an ellipsoid.
pub fn as_proj4rs_reads(definition: &str) -> String {
    let scaled = definition.replace("+k_0=", "+k0=");
    let is_round = ["+R=", "+ellps=sphere", "+approx"].iter().any(|mark| scaled.contains(mark));
    if is_round { scaled } else { scaled.replace("+proj=tmerc", "+proj=etmerc") }
}

impl Projection {
    /// Returns the door of an EPSG code.
    ///
    /// # Errors
    /// When the code is not in the list or its system is of a kind that is not supported.
    pub fn of(code: u32) -> Result<Self, CrsError> {
        let name = format!("EPSG:{code}");
        if matches!(code, 4326 | 4979) {
            return Ok(Self { name, definition: WGS84.to_owned(), projs: None });
        }
        let definition = u16::try_from(code)
            .ok()
            .and_then(crs_definitions::from_code)
            .ok_or_else(|| CrsError { name: name.clone(), reason: "the code is not known".to_owned() })?;
        Self::from_proj4(name, definition.proj4)
    }

    /// Returns the door of a PROJ.4 definition; the name is used in messages.
    ///
    /// # Errors
    /// When the definition is of a kind that is not supported.
    pub fn from_proj4(name: String, definition: &str) -> Result<Self, CrsError> {
        let failed = |reason: String| CrsError { name: name.clone(), reason };
        if definition.contains("+proj=geocent") {
            return Err(failed("geocentric coordinates are not supported".to_owned()));
        }
        let proj = |text: &str| Proj::from_proj_string(text).map_err(|error| failed(error.to_string()));
        let projs = Some((proj(WGS84)?, proj(&as_proj4rs_reads(definition))?));
        Ok(Self { name, definition: definition.to_owned(), projs })
    }

    /// Returns the name it was made with.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Tells whether its coordinates are WGS-84 latitude and longitude as they are.
    pub fn is_wgs84(&self) -> bool {
        self.projs.is_none()
    }

    /// Tells whether its coordinates are angles, not metres.
    pub fn is_lat_lon(&self) -> bool {
        self.projs.as_ref().is_none_or(|(_, model)| model.is_latlong())
    }

    /// Tells whether the definition says how its datum lies to WGS-84. Where it does not (Xian 1980), positions are off by what
    /// the datums differ, often 100 m.
    pub fn datum_is_tied(&self) -> bool {
        let tied = [
            "+datum=",
            "+towgs84=",
            "+nadgrids=",
            "+ellps=GRS80",
            "+ellps=WGS84",
            "+rf=298.257222101",
            "+rf=298.257223563",
        ];
        tied.iter().any(|mark| self.definition.contains(mark))
    }

    /// Returns east and north (or longitude and latitude in degrees) of a WGS-84 position.
    ///
    /// # Errors
    /// When the projection is not defined there.
    pub fn model_from_lat_lon(&self, at: LatLon) -> Result<Vector2<f64>, CrsError> {
        let Some((wgs84, model)) = &self.projs else { return Ok(Vector2::new(at.lon_deg, at.lat_deg)) };
        let (x, y) = self.transform(wgs84, model, (at.lon_deg.to_radians(), at.lat_deg.to_radians()))?;
        let scale = if model.is_latlong() { 1.0_f64.to_degrees() } else { 1.0 };
        Ok(Vector2::new(x * scale, y * scale))
    }

    /// Returns the WGS-84 position of east and north (or longitude and latitude in degrees).
    ///
    /// # Errors
    /// When the projection is not defined there.
    pub fn lat_lon_from_model(&self, at: Vector2<f64>) -> Result<LatLon, CrsError> {
        let Some((wgs84, model)) = &self.projs else { return Ok(LatLon { lat_deg: at.y, lon_deg: at.x }) };
        let scale = if model.is_latlong() { 1.0_f64.to_radians() } else { 1.0 };
        let (lon, lat) = self.transform(model, wgs84, (at.x * scale, at.y * scale))?;
        Ok(LatLon { lat_deg: lat.to_degrees(), lon_deg: lon.to_degrees() })
    }

    /// Returns the WGS-84 position as [`Self::lat_lon_from_model`] does, but only where the way back leads to the same place.
    ///
    /// Numbers of another zone of the same projection give a position that looks sound and is none.
    ///
    /// # Errors
    /// When the projection is not defined there, or the position lies off the globe or outside of what it is made for.
    pub fn checked_lat_lon_from_model(&self, at: Vector2<f64>) -> Result<LatLon, CrsError> {
        let reached = self.lat_lon_from_model(at)?;
        let failed = || CrsError {
            name: self.name.clone(),
            reason: format!("{} {} lies outside of what it is made for", at.x, at.y),
        };
        let on_globe = LatLon::new(reached.lat_deg, reached.lon_deg).ok_or_else(failed)?;
        let back = self.model_from_lat_lon(on_globe)?;
        let off_m = if self.is_lat_lon() {
            plane_distance_m(
                on_globe,
                LatLon {
                    lat_deg: back.y + on_globe.lat_deg - at.y,
                    lon_deg: back.x + on_globe.lon_deg - at.x,
                },
            )
        } else {
            (back - at).norm()
        };
        if off_m < MOST_ROUND_TRIP_M { Ok(on_globe) } else { Err(failed()) }
    }

    fn transform(&self, from: &Proj, to: &Proj, (x, y): (f64, f64)) -> Result<(f64, f64), CrsError> {
        let mut point = (x, y, 0.0);
        let failed = |reason: String| CrsError { name: self.name.clone(), reason };
        proj4rs::transform::transform(from, to, &mut point)
            .map_err(|error| failed(format!("({x}, {y}) does not transform: {error}")))?;
        if point.0.is_finite() && point.1.is_finite() {
            Ok((point.0, point.1))
        } else {
            Err(failed(format!("({x}, {y}) does not transform")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Truth: `pyproj` 3.7.2 (PROJ 9.5.1), `Transformer.from_crs(4490, CODE, always_xy=True).transform(lon, lat)`, from 4326 for
    /// the UTM zone.
    #[test]
    fn gauss_kruger_of_cgcs2000_equals_proj() {
        for (code, lat_deg, lon_deg, x, y) in &GAUSS_KRUGER {
            let door = Projection::of(*code).unwrap();
            let at = LatLon { lat_deg: *lat_deg, lon_deg: *lon_deg };
            let model = door.model_from_lat_lon(at).unwrap();
            assert!((model - Vector2::new(*x, *y)).norm() < 1e-3, "{code}: {model}");
            let back = door.checked_lat_lon_from_model(Vector2::new(*x, *y)).unwrap();
            assert!(plane_distance_m(at, back) < 1e-3, "{code}: {back:?}");
        }
    }

    /// Code, latitude, longitude, east, north.
    const GAUSS_KRUGER: [(u32, f64, f64, f64, f64); 7] = [
        (4549, 30.75, 120.9, 586_178.959_9, 3_403_603.579_1),
        (4528, 30.75, 120.9, 40_586_178.959_9, 3_403_603.579_1),
        (4548, 28.97, 118.87, 682_280.649_5, 3_207_385.341_1),
        (4547, 22.5, 114.05, 505_144.812_9, 2_489_168.170_2),
        (4513, 39.5, 75.9, 25_577_412.692_1, 4_374_400.865_2),
        (4554, 47.6, 134.5, 462_399.849_9, 5_274_074.176_8),
        (32650, 30.75, 117.9, 586_144.488_3, 3_402_242.137_8),
    ];

    #[test]
    fn every_three_degree_zone_of_cgcs2000_is_known_and_comes_back() {
        for code in 4513..=4554_u32 {
            let door = Projection::of(code).unwrap();
            let step = if code < 4534 { code - 4513 } else { code - 4534 };
            let at = LatLon { lat_deg: 30.5, lon_deg: f64::from(75 + 3 * step) + 0.9 };
            let back = door.checked_lat_lon_from_model(door.model_from_lat_lon(at).unwrap()).unwrap();
            assert!(plane_distance_m(at, back) < 1e-4, "{code}: {back:?}");
            assert!(door.datum_is_tied(), "{code}");
        }
    }

    #[test]
    fn numbers_of_another_zone_are_refused() {
        let door = Projection::of(4549).unwrap();
        assert!(door.checked_lat_lon_from_model(Vector2::new(40_586_000.0, 3_402_000.0)).is_err());
        let with_zone_number = Projection::of(4528).unwrap();
        assert!(with_zone_number.checked_lat_lon_from_model(Vector2::new(586_000.0, 3_402_000.0)).is_err());
        assert!(door.checked_lat_lon_from_model(Vector2::new(f64::NAN, 3_402_000.0)).is_err());
    }

    #[test]
    fn names_are_read_back_as_written_and_others_refused_with_the_reason() {
        for crs in [Crs::Wgs84, Crs::Cgcs2000, Crs::Gcj02, Crs::Bd09, Crs::Epsg(4549)] {
            assert_eq!(crs.to_string().parse(), Ok(crs));
        }
        let reason = |text: &str| text.parse::<Crs>().unwrap_err().to_string();
        assert_eq!(reason("EPSG:1"), "EPSG:1 cannot be used: the code is not known");
        assert_eq!(reason("EPSG:99999999"), "EPSG:99999999 cannot be used: the code is not known");
        assert!(reason("mars").contains("known are wgs84"), "{}", reason("mars"));
        assert!(reason("EPSG:4479").contains("geocentric"), "{}", reason("EPSG:4479"));
    }

    #[test]
    fn a_datum_that_nothing_ties_to_wgs84_is_told() {
        assert!(!Projection::of(4610).unwrap().datum_is_tied());
        assert!(Projection::of(4214).unwrap().datum_is_tied());
        assert!(Projection::of(32650).unwrap().datum_is_tied());
    }

    /// Truth: PROJ 9.6.2, `builtins.gie`, blocks `+proj=tmerc +ellps=GRS80` at 6 degrees from the axis and `+proj=lcc` with a scale.
    #[test]
    fn scale_and_long_series_are_those_of_proj() {
        let door = |definition: &str| Projection::from_proj4("test".to_owned(), definition).unwrap();
        let tmerc = door("+proj=tmerc +ellps=GRS80 +towgs84=0,0,0");
        let found = tmerc.model_from_lat_lon(LatLon { lat_deg: 40.0, lon_deg: 2.9 }).unwrap();
        assert!((found - Vector2::new(247_660.757_5, 4_433_559.662_3)).norm() < 1e-3, "{found}");
        let lcc = door("+proj=lcc +ellps=GRS80 +lat_1=0.5 +lat_2=2 +k_0=1.0000382 +towgs84=0,0,0");
        let found = lcc.model_from_lat_lon(LatLon { lat_deg: 1.0, lon_deg: 2.0 }).unwrap();
        assert!((found - Vector2::new(222_596.942_6, 110_664.761_1)).norm() < 1e-3, "{found}");
    }
}
