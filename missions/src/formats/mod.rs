//! Files of flights, out and in: bytes here, no files.

pub mod geojson;
pub mod mavlink;
pub mod qgc_plan;
pub mod qgc_wpl;
pub mod wpml;

use crate::aircraft::{Aircraft, DjiModel};
use crate::plan::{Leg, Plan, PlanError};
use serde::{Deserialize, Serialize};

/// Largest file that is read, bytes.
pub const MOST_BYTES: usize = 64 << 20;

/// A format of flight plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// DJI's archive of template.kml and waylines.wpml.
    Kmz,
    /// QGroundControl's JSON.
    QgcPlan,
    /// The text list of mission items, `QGC WPL 110`.
    QgcWpl,
    /// GeoJSON.
    GeoJson,
}

/// A plan that was read, with what only its format says.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The plan.
    pub plan: Plan,
    /// The format it was read from.
    pub format: Format,
    /// DJI's numbers of the aircraft it is for: drone, sub type, payload.
    pub dji: Option<[u32; 3]>,
    /// What could not be kept, in words.
    pub notes: Vec<String>,
    /// What breaks the format's tables of fields; the plan could be read all the same.
    pub faults: Vec<String>,
}

/// Why a file is no plan.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FormatError {
    /// Not readable at all.
    #[error("not a {format}: {reason}")]
    NotReadable {
        /// What was expected.
        format: &'static str,
        /// Why not.
        reason: String,
    },
    /// More than is read.
    #[error("{what} is larger than {most} bytes")]
    TooLarge {
        /// What.
        what: String,
        /// The limit.
        most: usize,
    },
    /// A name in an archive that leads out of it.
    #[error("the archive names {0:?}, which leads out of it; do not use a file that does")]
    Traversal(String),
    /// A field that is missing or is not what it must be.
    #[error("{place}: {reason}")]
    Field {
        /// Where in the file.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// Read, but no plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Of an aircraft that the format has no number for.
    #[error(
        "{0} has no [dji] in its profile, and a KMZ is for DJI aircraft: write .plan or .waypoints instead"
    )]
    NotDji(String),
}

impl Format {
    /// Returns the format of a file name's ending.
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        if ends(&[".kmz", ".wpml", ".kml"]) {
            Some(Self::Kmz)
        } else if ends(&[".plan"]) {
            Some(Self::QgcPlan)
        } else if ends(&[".waypoints", ".txt", ".mission"]) {
            Some(Self::QgcWpl)
        } else if ends(&[".geojson", ".json"]) {
            Some(Self::GeoJson)
        } else {
            None
        }
    }
}

/// Writes a plan.
///
/// `created_ms` is the moment that KMZ files state, milliseconds since 1970.
///
/// # Errors
/// When the plan is none, or the aircraft cannot be named in the format.
pub fn write(
    plan: &Plan,
    format: Format,
    aircraft: &Aircraft,
    created_ms: i64,
) -> Result<Vec<u8>, FormatError> {
    plan.check()?;
    match format {
        Format::Kmz => {
            let model = aircraft.dji.as_ref().ok_or_else(|| FormatError::NotDji(aircraft.name.clone()))?;
            wpml::write(plan, model, created_ms)
        }
        Format::QgcPlan => Ok(qgc_plan::write(plan).into_bytes()),
        Format::QgcWpl => Ok(qgc_wpl::write(plan).into_bytes()),
        Format::GeoJson => Ok(geojson::write(plan).into_bytes()),
    }
}

/// Reads a plan; the format is told by the content.
///
/// # Errors
/// When the bytes are too many, of no format, or no plan.
pub fn read(bytes: &[u8]) -> Result<Imported, FormatError> {
    if bytes.len() > MOST_BYTES {
        return Err(FormatError::TooLarge { what: "the file".to_owned(), most: MOST_BYTES });
    }
    if bytes.starts_with(b"PK") {
        return wpml::read(bytes);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| FormatError::NotReadable {
        format: "flight plan",
        reason: format!("neither an archive nor text ({error})"),
    })?;
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with("QGC WPL") {
        return qgc_wpl::read(text);
    }
    if text.starts_with('<') {
        return wpml::read_waylines(text);
    }
    let json: serde_json::Value = serde_json::from_str(text).map_err(|error| FormatError::NotReadable {
        format: "flight plan",
        reason: format!("not KMZ, WPML, .plan, QGC WPL 110 or GeoJSON ({error})"),
    })?;
    if json.get("fileType").is_some() { qgc_plan::read(&json) } else { geojson::read(&json) }
}

/// What formats of others have no place for, kept beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Beside {
    pub aircraft: String,
    pub home_known: bool,
    pub legs: Vec<Leg>,
}

impl Beside {
    pub(crate) fn of(plan: &Plan) -> Self {
        Self { aircraft: plan.aircraft.clone(), home_known: plan.home.is_some(), legs: plan.legs.clone() }
    }

    /// Puts back what was kept; legs that no longer fit the waypoints are told by their actions.
    pub(crate) fn put_into(self, plan: &mut Plan) {
        plan.aircraft = self.aircraft;
        if !self.home_known {
            plan.home = None;
        }
        let fits = self.legs.iter().all(|leg| leg.first <= leg.last && leg.last < plan.waypoints.len());
        if fits {
            plan.legs = self.legs;
        }
    }
}

/// Returns DJI's numbers of a profile as plans state them.
pub fn numbers(model: &DjiModel) -> [u32; 3] {
    [model.drone, model.drone_sub, model.payload]
}
