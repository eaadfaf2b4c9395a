//! Runs with incidents made by the real deduper, and tasks for them.

use dispatch::{Task, TaskId};
use gis::dedupe::{DedupeConfig, Deduper, Look};
use gis::observation::{ModelRef, NotLocated, TimeQuality, TimeSource};
use gis::{
    EllipsoidHeight, GeoPoint, GroundPosition, Incident, IncidentState, LatLon, Location, Observation,
    ObservationId,
};
use jiff::{SignedDuration, Timestamp};
use store::{Run, RunId, RunRecord};
use uuid::Uuid;

pub fn time(second: i64) -> Timestamp {
    let start: Timestamp = "2025-06-01T08:00:00.123456Z".parse().unwrap();
    start + SignedDuration::from_secs(second)
}

fn observation(frame: u64, spot: u64, located: bool) -> Observation {
    let place = LatLon { lat_deg: 28.97 + 0.001 * spot as f64 + 1e-7 * frame as f64, lon_deg: 118.86 };
    let point = GeoPoint { lat_lon: place, height: EllipsoidHeight(80.1) };
    let covariance_enu_m2 = nalgebra::Matrix3::from_diagonal_element(4.1);
    let ground = Location::Ground(GroundPosition::new(point, covariance_enu_m2));
    let unlocated = Location::Unlocated { reason: NotLocated::NoAttitude, place: Some(place) };
    Observation {
        id: ObservationId(Uuid::from_u128(
            u128::from(frame) << 32 | u128::from(spot) << 1 | u128::from(located),
        )),
        class: "waterlogging".to_owned(),
        source: "drone-1".to_owned(),
        frame_index: frame,
        time: time(frame as i64),
        time_quality: TimeQuality { source: TimeSource::Klv, sigma_millis: 0.1 },
        score: 0.7 + 0.01 * frame as f64,
        location: if located { ground } else { unlocated },
        footprint: None,
        model: ModelRef { pack: "waterlogging".to_owned(), version: "1".to_owned(), sha256: "0".repeat(64) },
    }
}

/// Frames of a flight that sees two sheets of water, and a third one that it cannot place.
pub fn observations(frames: std::ops::Range<u64>) -> Vec<Observation> {
    frames
        .flat_map(|f| [(0, true), (1, true), (2, false)].map(|(spot, at)| observation(f, spot, at)))
        .collect()
}

pub fn incidents(observations: &[Observation], existing: Vec<Incident>) -> Vec<Incident> {
    let mut deduper = Deduper::new(DedupeConfig::default(), existing);
    for of_frame in observations.chunk_by(|a, b| a.frame_index == b.frame_index) {
        let look = Look {
            source: "drone-1".to_owned(),
            frame_index: of_frame[0].frame_index,
            time: of_frame[0].time,
            ..Look::default()
        };
        deduper.absorb_frame(&look, of_frame.to_vec());
    }
    deduper.into_incidents()
}

/// The task of an incident as the router makes it, cut down to what must be there.
pub fn task(incident: &Incident, created: Timestamp) -> Task {
    serde_json::from_value(serde_json::json!({
        "id": TaskId::of_incident(incident.id, incident.first_seen),
        "incident_id": incident.id,
        "class": incident.class,
        "state": "dispatched",
        "lead": "municipal_drainage",
        "assisting": [],
        "priority": "normal",
        "severity": "minor",
        "created": created,
        "deadline": created + SignedDuration::from_mins(15),
        "stage_deadlines": { "accept": null, "depart": null, "arrive": null },
        "routing": {
            "lead": "municipal_drainage", "probability": 0.99, "assisting": [], "outcome": null, "severity": "minor",
            "zones": [], "reason_zh": "", "reason_en": "", "person_needed": null
        },
        "position": incident.position.unwrap().point.lat_lon,
        "ce90_m": 4.3,
        "area_m2": incident.area_m2,
        "title_zh": "积水",
        "title_en": "waterlogging",
        "evidence": [],
        "history": [
            { "at": created, "from": "proposed", "to": "confirmed", "event": { "kind": "confirm" } },
            { "at": created, "from": "confirmed", "to": "dispatched",
              "event": { "kind": "dispatch", "department": "municipal_drainage" } }
        ]
    }))
    .unwrap()
}

/// What a run over these frames finds when `existing` is known, saved `saved_after` seconds in.
pub fn run(frames: std::ops::Range<u64>, existing: Vec<Incident>, saved_after: i64) -> RunRecord {
    let observations = observations(frames.clone());
    let incidents = incidents(&observations, existing);
    let saved_at = time(saved_after);
    let confirmed = incidents.iter().filter(|incident| incident.state == IncidentState::Confirmed);
    let mut tasks: Vec<Task> = confirmed.map(|incident| task(incident, saved_at)).collect();
    tasks.sort_by_key(|task| (task.created, task.id));
    let run = Run {
        id: RunId(Uuid::from_u128(u128::from(frames.start))),
        inputs: vec!["flight.ts".to_owned()],
        frames: frames.end - frames.start,
        analysed_frames: frames.end - frames.start,
        detections: observations.len() as u64,
    };
    let config = DedupeConfig::default();
    RunRecord { run, saved_at, observations, incidents, tasks, config, looked_at: Vec::new() }
}
