//! What people outside report: a case with the place that they say, put before an analyst and never sent out by itself.

use dispatch::propose::propose;
use dispatch::{EvidenceRef, Facts, NotProposed, PersonNeeded, Task, ground, route_on_ground};
use gis::dedupe::{DedupeConfig, Deduper};
use gis::height::EllipsoidHeight;
use gis::incident::Event;
use gis::observation::{Location, ModelRef, TimeQuality, TimeSource};
use gis::{GeoPoint, GroundPosition, Incident, IncidentState, LatLon, Look, Observation, ObservationId};
use jiff::Timestamp;
use nalgebra::{Matrix3, Vector3};
use sha2::{Digest, Sha256};
use store::{Run, RunId, RunRecord};
use uuid::Uuid;

use crate::wire::City;

/// Standard deviation of a place that somebody points at on a map, metres.
const SIGMA_M: f64 = 15.0;
/// Nobody says a height: one that rules nothing out.
const SIGMA_UP_M: f64 = 500.0;
/// One standard deviation of the time of what is reported, milliseconds: people report minutes later.
const SIGMA_MILLIS: f64 = 600_000.0;
/// How sources of reports begin.
const SOURCE: &str = "report/";
/// How the entry of a history begins that holds the words of a report.
const WORDS: &str = "reported: ";

/// Something that somebody reports.
#[derive(Debug, Clone)]
pub struct Report {
    /// The token by which it came.
    pub by: String,
    /// Identity at the sender: the same gives the same case.
    pub key: String,
    /// What it is.
    pub class: String,
    /// Where.
    pub at: LatLon,
    /// In whose own words.
    pub words: String,
    /// When it came.
    pub time: Timestamp,
    /// Pictures.
    pub evidence: Vec<EvidenceRef>,
}

/// Why a report makes no case.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The fusion of sightings refused it.
    #[error("the report cannot be placed")]
    NotPlaced,
    /// No task can be made of it.
    #[error(transparent)]
    NotProposed(#[from] NotProposed),
}

/// Returns the record of a report: a confirmed incident, since a person saw it, with a task that waits for an analyst.
///
/// # Errors
/// [`ReportError`].
pub fn record(report: &Report, city: &City, dedupe: &DedupeConfig) -> Result<RunRecord, ReportError> {
    let observation = observation(report);
    let mut incident = incident(observation.clone(), dedupe).ok_or(ReportError::NotPlaced)?;
    incident.state = IncidentState::Confirmed;
    let words = report.words.trim();
    incident.history.push(Event { time: report.time, cause: format!("{WORDS}{words}"), operation: None });
    let task = task(&incident, city, report)?;
    Ok(RunRecord {
        run: run(&observation.source),
        saved_at: report.time,
        observations: vec![observation],
        incidents: vec![incident],
        tasks: vec![task],
        config: dedupe.clone(),
        looked_at: Vec::new(),
    })
}

/// Tells whether an incident began with, or took in, a report; then a person looks at it before anything goes out.
pub fn is_reported(incident: &Incident) -> bool {
    incident.sources.iter().any(|source| source.starts_with(SOURCE))
}

/// Tells whether an incident was reported by a token.
pub fn is_reported_by(incident: &Incident, token: &str) -> bool {
    incident.sources.iter().any(|source| source.strip_prefix(SOURCE) == Some(token))
}

/// Returns what was said when an incident was reported.
pub fn words(incident: &Incident) -> Option<&str> {
    incident.history.iter().find_map(|event| event.cause.strip_prefix(WORDS))
}

fn observation(report: &Report) -> Observation {
    let point = GeoPoint { lat_lon: report.at, height: EllipsoidHeight(0.0) };
    let sigmas = Vector3::new(SIGMA_M, SIGMA_M, SIGMA_UP_M);
    let covariance = Matrix3::from_diagonal(&sigmas.component_mul(&sigmas));
    Observation {
        id: ObservationId(id_of(&["observation", &report.by, &report.key])),
        class: report.class.clone(),
        source: format!("{SOURCE}{}", report.by),
        frame_index: 0,
        time: report.time,
        time_quality: TimeQuality { source: TimeSource::Arrival, sigma_millis: SIGMA_MILLIS },
        score: 0.5,
        location: Location::Ground(GroundPosition::new(point, covariance)),
        footprint: None,
        model: ModelRef { pack: "person".to_owned(), version: "1".to_owned(), sha256: "0".repeat(64) },
    }
}

fn incident(observation: Observation, dedupe: &DedupeConfig) -> Option<Incident> {
    let mut deduper = Deduper::new(dedupe.clone(), Vec::new());
    let look = Look {
        source: observation.source.clone(),
        frame_index: 0,
        time: observation.time,
        eye: None,
        footprint: None,
        classes: vec![observation.class.clone()],
    };
    deduper.absorb_frame(&look, vec![observation]);
    deduper.into_incidents().into_iter().find(|incident| incident.position.is_some())
}

fn task(incident: &Incident, city: &City, report: &Report) -> Result<Task, NotProposed> {
    let position = incident.position.as_ref().ok_or(NotProposed::Unlocated(incident.id))?;
    let severity = city.rules.severity(&incident.class, None);
    let facts = Facts { class: &incident.class, position, severity, time: report.time };
    let found = dispatch::Finding::of(incident).and_then(|one| ground(&one, &city.context, &city.rules));
    let mut routing = route_on_ground(&facts, found, &city.zones, &city.rules);
    routing.person_needed = routing.person_needed.or(Some(PersonNeeded::Review));
    propose(incident, routing, &city.rules, report.evidence.clone(), report.time)
}

fn run(source: &str) -> Run {
    let id = RunId(id_of(&["run", source]));
    Run { id, inputs: vec![source.to_owned()], frames: 0, analysed_frames: 0, detections: 0 }
}

/// The same parts always give the same id.
///
/// # References
/// RFC 9562 (2024), section 5.8: UUIDv8 out of a SHA-256.
fn id_of(parts: &[&str]) -> Uuid {
    let mut digest = Sha256::new_with_prefix(b"report");
    for part in parts {
        digest.update([0]);
        digest.update(part);
    }
    let mut bytes = [0; 16];
    for (byte, from) in bytes.iter_mut().zip(digest.finalize()) {
        *byte = from;
    }
    Uuid::new_v8(bytes)
}
