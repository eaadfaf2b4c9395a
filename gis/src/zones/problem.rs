//! What can be wrong with boundary files, said with file, feature and value.

use std::fmt;

use super::ZoneLevel;

/// One fault of a boundary file.
#[derive(Debug, Clone, PartialEq)]
pub struct ZoneProblem {
    /// Name of the file.
    pub file: String,
    /// Index of the feature in the file, from 0; none when the file as a whole is meant.
    pub feature_index: Option<usize>,
    /// Code of the zone, where it is known.
    pub code: Option<String>,
    /// What is wrong.
    pub defect: ZoneDefect,
}

impl ZoneProblem {
    /// Returns a problem of a file as a whole.
    pub(super) fn of_file(name: &str, defect: ZoneDefect) -> Self {
        Self { file: name.to_owned(), feature_index: None, code: None, defect }
    }
}

impl fmt::Display for ZoneProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file)?;
        if let Some(index) = self.feature_index {
            write!(f, "features[{index}]")?;
            if let Some(code) = &self.code {
                write!(f, " ({code})")?;
            }
            f.write_str(": ")?;
        }
        self.defect.fmt(f)
    }
}

impl std::error::Error for ZoneProblem {}

/// A fault of a boundary file. Coordinates are those in the file, before any change of datum.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ZoneDefect {
    /// The text is not JSON.
    #[error("cannot read as JSON: {reason}")]
    NotJson {
        /// Message of the JSON reader with line and column.
        reason: String,
    },
    /// The text is JSON of another kind.
    #[error("is no GeoJSON FeatureCollection but {found}")]
    NotFeatureCollection {
        /// The `type` member, or what there is instead.
        found: String,
    },
    /// The bytes are no file of the format that the name says.
    #[error("cannot be read as {format}: {reason}")]
    NotReadable {
        /// The format.
        format: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The collection is empty.
    #[error("holds no features")]
    NoFeatures,
    /// The feature cannot be read as GeoJSON.
    #[error("is no GeoJSON feature: {reason}")]
    NotFeature {
        /// Message of the reader.
        reason: String,
    },
    /// The geometry is absent, null or without a single position.
    #[error("geometry is empty")]
    EmptyGeometry,
    /// The geometry has no area.
    #[error("geometry is a {found}, not a Polygon or MultiPolygon")]
    NotPolygon {
        /// Its `type`.
        found: String,
    },
    /// The bytes of the geometry cannot be read.
    #[error("geometry cannot be read: {reason}")]
    BadGeometry {
        /// What is wrong with it.
        reason: String,
    },
    /// A position has fewer than two numbers.
    #[error(
        "polygon {polygon} ring {ring}: position {position} has {numbers} numbers, needs longitude and latitude"
    )]
    ShortPosition {
        /// Index of the polygon.
        polygon: usize,
        /// Index of the ring, 0 the outer one.
        ring: usize,
        /// Index of the position.
        position: usize,
        /// How many numbers it has.
        numbers: usize,
    },
    /// A coordinate is not on the globe.
    #[error("polygon {polygon} ring {ring}: latitude {lat_deg} longitude {lon_deg} is out of range{hint}")]
    OutOfRange {
        /// Index of the polygon.
        polygon: usize,
        /// Index of the ring.
        ring: usize,
        /// Latitude read.
        lat_deg: f64,
        /// Longitude read.
        lon_deg: f64,
        /// What it may be, or nothing.
        hint: &'static str,
    },
    /// The two numbers of the positions seem to be in the wrong order.
    #[error(
        "looks like lat/lon swapped: latitude {lat_deg} longitude {lon_deg}; GeoJSON wants longitude first"
    )]
    LatLonSwapped {
        /// Latitude as read.
        lat_deg: f64,
        /// Longitude as read.
        lon_deg: f64,
    },
    /// A point or a line does not say how far it reaches.
    #[error("geometry is a {geometry}, and property {key} is {found}: metres above 0 are wanted")]
    BadMeasure {
        /// Its `type`.
        geometry: &'static str,
        /// Property looked for.
        key: &'static str,
        /// What stands there.
        found: String,
    },
    /// The declared coordinates cannot be used.
    #[error("is declared to hold what cannot be read: {reason}")]
    BadCrs {
        /// Why, with its name.
        reason: String,
    },
    /// A position cannot be in the declared coordinates.
    #[error(
        "polygon {polygon} ring {ring} position {position}: {reason}; is it the right zone, with east before north?"
    )]
    NotInCrs {
        /// Index of the polygon.
        polygon: usize,
        /// Index of the ring.
        ring: usize,
        /// Index of the position.
        position: usize,
        /// Why, with the name of the coordinates and the numbers.
        reason: String,
    },
    /// What the file says of its coordinates is not what it is declared to hold.
    #[error(
        "is declared {declared}, but says of itself {stated}: {}",
        off_m.map_or_else(|| "its first position can be in one of them only".to_owned(), |m| format!("its first position lies {m:.0} m apart"))
    )]
    CrsDisagrees {
        /// What it is declared to hold, which is followed.
        declared: String,
        /// What the file states.
        stated: String,
        /// How far the first position of one lies from that of the other, metres.
        off_m: Option<f64>,
    },
    /// Nothing says how the datum lies to WGS-84.
    #[error("is declared {crs}, whose datum nothing ties to WGS-84: all of it may lie 100 m off")]
    DatumNotTied {
        /// The coordinates.
        crs: String,
    },
    /// The level of a zone is none that there is.
    #[error("level is {value}, known are city, district, township, community, grid and special")]
    UnknownLevel {
        /// The text found.
        value: String,
    },
    /// Nothing tells the level of a zone.
    #[error(
        "has no level: none is given for the file, property {key} is missing, and the code is not of 6, 9 or 12 digits"
    )]
    MissingLevel {
        /// Property looked for.
        key: String,
    },
    /// A ring has too few corners to hold an area.
    #[error("polygon {polygon} ring {ring} has {distinct} distinct points, needs at least 3")]
    TooFewPoints {
        /// Index of the polygon.
        polygon: usize,
        /// Index of the ring.
        ring: usize,
        /// Corners that differ from the one before.
        distinct: usize,
    },
    /// A ring does not end where it starts.
    #[error(
        "polygon {polygon} ring {ring} is not closed: starts at latitude {first_lat_deg} longitude {first_lon_deg}, \
         ends at latitude {last_lat_deg} longitude {last_lon_deg}"
    )]
    RingNotClosed {
        /// Index of the polygon.
        polygon: usize,
        /// Index of the ring.
        ring: usize,
        /// Latitude of the first position.
        first_lat_deg: f64,
        /// Longitude of the first position.
        first_lon_deg: f64,
        /// Latitude of the last position.
        last_lat_deg: f64,
        /// Longitude of the last position.
        last_lon_deg: f64,
    },
    /// A ring crosses or touches itself.
    #[error(
        "polygon {polygon} ring {ring} intersects itself at latitude {lat_deg:.7} longitude {lon_deg:.7}"
    )]
    SelfIntersection {
        /// Index of the polygon.
        polygon: usize,
        /// Index of the ring.
        ring: usize,
        /// Latitude of the crossing.
        lat_deg: f64,
        /// Longitude of the crossing.
        lon_deg: f64,
    },
    /// A hole reaches beyond the outer ring.
    #[error("polygon {polygon} ring {ring} is a hole that is not inside the outer ring")]
    HoleOutside {
        /// Index of the polygon.
        polygon: usize,
        /// Index of the ring.
        ring: usize,
    },
    /// Two holes of a polygon, or two polygons of a zone, cover the same ground.
    #[error("{what} {first} and {second} overlap")]
    PartsOverlap {
        /// `polygons`, or `rings` of one polygon.
        what: &'static str,
        /// Index of the first.
        first: usize,
        /// Index of the second.
        second: usize,
    },
    /// The feature has no code.
    #[error("property {key} is missing{}", if others.is_empty() { String::new() } else { format!("; there are {others}") })]
    MissingCode {
        /// Property looked for.
        key: String,
        /// Properties that there are.
        others: String,
    },
    /// A property is neither a text nor a whole number.
    #[error("property {key} is {value}, not a text or a whole number")]
    BadProperty {
        /// Property.
        key: String,
        /// Its value.
        value: String,
    },
    /// A property is no date.
    #[error("property {key} is {value}, not a date such as 2026-06-20")]
    BadDate {
        /// Property.
        key: String,
        /// Its value.
        value: String,
    },
    /// A special area has no kind.
    #[error("is a special area without a kind: property {key} is missing")]
    MissingKind {
        /// Property looked for.
        key: String,
    },
    /// Two zones have one code.
    #[error("code {code} is already used by {first_file} features[{first_feature_index}]")]
    DuplicateCode {
        /// The code.
        code: String,
        /// File of the first.
        first_file: String,
        /// Index of the first in its file.
        first_feature_index: usize,
    },
    /// The parent is none of the zones.
    #[error("parent {parent} is not a zone")]
    UnknownParent {
        /// Code of the parent.
        parent: String,
    },
    /// The parent is not above the zone in the hierarchy.
    #[error("parent {parent} is a {parent_level}, not above a {level}")]
    ParentNotAbove {
        /// Code of the parent.
        parent: String,
        /// Level of the parent.
        parent_level: ZoneLevel,
        /// Level of the zone.
        level: ZoneLevel,
    },
    /// The file fits the others clearly better once it is un-shifted from GCJ-02.
    #[error(
        "looks like GCJ-02 declared as WGS-84: {share_percent:.1} % of its area lies inside {against} as declared, \
         {unshifted_percent:.1} % after taking the GCJ-02 shift away"
    )]
    LooksLikeGcj02 {
        /// What it was compared with.
        against: String,
        /// Share of the area that agrees as declared, percent.
        share_percent: f64,
        /// Share of the area that agrees after un-shifting, percent.
        unshifted_percent: f64,
    },
}
