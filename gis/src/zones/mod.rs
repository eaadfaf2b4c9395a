//! Areas of responsibility: who may be asked about a place is decided by exact polygons.
//!
//! Boundary files enter as [`Boundaries`], whatever their format, and leave as zones or as a list of every fault, by
//! [`zones_from_boundaries`]; [`check_hierarchy`] and [`datum_warnings`] look at several files together; [`ZoneIndex`] answers which zones hold a point, how far the
//! boundary is, and with what probability a position of known error lies in each.
//!
//! Everything inside is WGS-84 (EPSG:4326); CGCS2000 (EPSG:4490) is taken as equal to it. Polygons of the `geo` crate
//! hold x = longitude and y = latitude, in degrees. A zone across the antimeridian is not supported.

mod cells;
mod context;
mod context_file;
mod datum;
mod features;
mod geojson;
mod hierarchy;
mod index;
mod kml;
mod local;
mod outline;
mod prepared;
mod problem;
mod shapefile;
mod spread;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use self::context::{ContextFeature, ContextIndex, ContextShape, ContextShare, Covered};
pub use self::context_file::{ContextFile, parse_context};
pub use self::datum::datum_warnings;
pub use self::features::{Boundaries, Boundary, FilePolygons, ReadZones, StatedCrs, zones_from_boundaries};
pub use self::geojson::{boundaries_from_geojson, parse_geojson};
pub use self::hierarchy::check_hierarchy;
pub use self::index::{ZoneIndex, ZoneSelect, ZoneShare};
pub use self::kml::{boundaries_from_kml, boundaries_from_kmz};
pub use self::problem::{ZoneDefect, ZoneProblem};
pub use self::shapefile::{ShapefileParts, boundaries_from_shapefile};
pub use self::spread::{Patch, WeightedPoint, spread_over_error};
pub use crate::crs::Crs;

/// Level of a zone in the hierarchy of territory, coarsest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZoneLevel {
    /// Prefecture-level city (市).
    City,
    /// District or county (区/县).
    District,
    /// Township or street (镇/街道).
    Township,
    /// Village or community (村社).
    Community,
    /// Grid cell (网格).
    Grid,
    /// Area outside the hierarchy, told by its kind: an arterial road, a river bank.
    Special,
}

/// All levels, coarsest first.
const LEVELS: [ZoneLevel; 6] = [
    ZoneLevel::City,
    ZoneLevel::District,
    ZoneLevel::Township,
    ZoneLevel::Community,
    ZoneLevel::Grid,
    ZoneLevel::Special,
];

impl FromStr for ZoneLevel {
    type Err = UnknownLevel;

    fn from_str(text: &str) -> Result<Self, UnknownLevel> {
        let found = LEVELS.into_iter().find(|level| level.to_string() == text);
        found.ok_or_else(|| UnknownLevel { value: text.to_owned() })
    }
}

/// A level that there is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("level is {value}, known are city, district, township, community, grid and special")]
pub struct UnknownLevel {
    /// The text found.
    pub value: String,
}

impl fmt::Display for ZoneLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::City => "city",
            Self::District => "district",
            Self::Township => "township",
            Self::Community => "community",
            Self::Grid => "grid",
            Self::Special => "special",
        })
    }
}

/// How to read one boundary file. Keys name properties of a feature; `parent.adcode` is `adcode` inside `parent`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZoneFile {
    /// Level of every zone in the file; where it is absent each zone has its own, see [`Self::level_key`].
    #[serde(default)]
    pub level: Option<ZoneLevel>,
    /// Property that holds the level of a zone where the file has no one level: a name as in this configuration. Where it is
    /// absent too, the length of an administrative code tells it.
    #[serde(default = "default_level_key")]
    pub level_key: String,
    /// Kind of every zone in the file; a property named by `kind_key` goes before it.
    #[serde(default)]
    pub kind: Option<String>,
    /// Coordinates of the file.
    #[serde(default)]
    pub crs: Crs,
    /// Property that holds the code, a string or a whole number.
    #[serde(default = "default_code_key")]
    pub code_key: String,
    /// Property that holds the Chinese name; where it is absent the code stands in.
    #[serde(default = "default_name_zh_key")]
    pub name_zh_key: String,
    /// Property that holds the English name; where it is absent the Chinese name stands in.
    #[serde(default = "default_name_en_key")]
    pub name_en_key: String,
    /// Property that holds the code of the parent, dots for nesting; an empty text means that zones have no parent.
    #[serde(default = "default_parent_key")]
    pub parent_key: String,
    /// Property that holds the kind of a special area.
    #[serde(default = "default_kind_key")]
    pub kind_key: String,
}

impl ZoneFile {
    /// Returns the way to read a WGS-84 file with the usual property names.
    pub fn new(level: ZoneLevel) -> Self {
        Self {
            level: Some(level),
            level_key: default_level_key(),
            kind: None,
            crs: Crs::Wgs84,
            code_key: default_code_key(),
            name_zh_key: default_name_zh_key(),
            name_en_key: default_name_en_key(),
            parent_key: default_parent_key(),
            kind_key: default_kind_key(),
        }
    }
}

fn default_level_key() -> String {
    "level".to_owned()
}

fn default_code_key() -> String {
    "code".to_owned()
}

fn default_name_zh_key() -> String {
    "name_zh".to_owned()
}

fn default_name_en_key() -> String {
    "name_en".to_owned()
}

fn default_parent_key() -> String {
    "parent".to_owned()
}

fn default_kind_key() -> String {
    "kind".to_owned()
}

/// Where a zone was read, for messages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ZoneOrigin {
    /// Name of the file.
    pub file: String,
    /// Index of the feature in the file, from 0.
    pub feature_index: usize,
    /// Coordinates the file was declared to hold.
    pub crs: Crs,
}

/// One area of responsibility.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    /// Code, unique over all levels.
    pub code: String,
    /// Level in the hierarchy.
    pub level: ZoneLevel,
    /// Kind of a special area, such as `arterial_road`.
    pub kind: Option<String>,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Code of the zone one or more levels up.
    pub parent: Option<String>,
    /// Outline in WGS-84, x = longitude and y = latitude.
    ///
    /// # Units
    /// Degrees.
    pub polygon: geo::MultiPolygon<f64>,
    /// Where it was read.
    pub origin: ZoneOrigin,
}
