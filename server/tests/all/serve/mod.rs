//! The interface of a server over a small city, without a network: who may do what, what they get, and what is refused.

mod alerts;
mod authority;
mod backup;
mod desk;
mod feed;
mod gis_clients;
mod keeping;
mod labels;
mod limits;
mod missions;
mod mqtt;
mod oidc;
mod open311;
mod outside;
mod proof;
mod roles;
mod streams;
mod supervised;
mod tls;
mod webhooks;
mod whole;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use dispatch::casework::{Act, Desk};
use dispatch::{EvidenceKind, EvidenceRef, Task, task_in_context};
use gis::dedupe::DedupeConfig;
use gis::height::EllipsoidHeight;
use gis::observation::{Location, ModelRef, TimeQuality, TimeSource};
use gis::{Deduper, GeoPoint, GroundPosition, Incident, LatLon, Look, Observation, ObservationId};
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::{Value, json};
use server::config::{self, Config, VehicleEntry};
use server::serve::accounts::{Accounts, Role, Scope};
use server::serve::missions::Missions;
use server::serve::stores::Stores;
use server::serve::{App, Parts, api};
use server::wire::{self, city};
use store::{Operation, Run, RunId, RunRecord, SqliteStore, Store, What};
use tempfile::TempDir;
use uuid::Uuid;

pub const PASSWORD: &str = "correct horse battery";

/// A server over a city of waterlogged places that wait for an analyst.
pub struct Served {
    pub app: Arc<App>,
    pub router: Router,
    pub folder: TempDir,
}

/// Who calls.
#[derive(Clone, Default)]
pub struct Badge {
    pub cookie: Option<String>,
    pub csrf: Option<String>,
    pub token: Option<String>,
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub media: String,
    pub etag: Option<String>,
    /// Whether a picture is an original or coarse.
    pub picture: String,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        let json = serde_json::from_slice(&self.bytes);
        assert!(json.is_ok(), "no JSON: {}", String::from_utf8_lossy(&self.bytes));
        json.unwrap()
    }
}

fn sample_city() -> (Config, city::City) {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../configs/demo.toml");
    let config = config::load(root.as_ref()).unwrap();
    let mut problems = Vec::new();
    let city = city::load(&config, &mut problems).unwrap();
    (config, city)
}

/// Incidents that were seen eight times each, 60 m apart, in the sample city.
fn incidents(count: u128, dedupe: &DedupeConfig) -> (Vec<Observation>, Vec<Incident>) {
    let mut deduper = Deduper::new(dedupe.clone(), Vec::new());
    let mut all = Vec::new();
    for spot in 0..count {
        for frame in 0..8_u32 {
            let time = Timestamp::from_millisecond(1_781_922_000_000 + i64::from(frame) * 200).unwrap();
            let north = (spot / 4) as f64 * 0.000_54;
            let east = (spot % 4) as f64 * 0.000_6;
            let at = LatLon::new(28.968_2 + north, 118.868_4 + east).unwrap();
            let point = GeoPoint { lat_lon: at, height: EllipsoidHeight(77.0) };
            let observation = Observation {
                id: ObservationId(Uuid::from_u128(spot * 100 + u128::from(frame) + 1)),
                class: "waterlogging".to_owned(),
                source: format!("flight {spot}"),
                frame_index: u64::from(frame),
                time,
                time_quality: TimeQuality { source: TimeSource::Klv, sigma_millis: 0.1 },
                score: 0.95,
                location: Location::Ground(GroundPosition::new(
                    point,
                    nalgebra::Matrix3::from_diagonal_element(0.5),
                )),
                footprint: None,
                model: ModelRef { pack: "w".to_owned(), version: "1".to_owned(), sha256: "0".repeat(64) },
            };
            let look = Look {
                source: observation.source.clone(),
                frame_index: u64::from(frame),
                time,
                eye: None,
                footprint: None,
                classes: vec!["waterlogging".to_owned()],
            };
            deduper.absorb_frame(&look, vec![observation.clone()]);
            all.push(observation);
        }
    }
    (all, deduper.into_incidents())
}

/// The picture that the first task has: stripes of four pixels.
pub fn still() -> Vec<u8> {
    let stripes =
        image::RgbImage::from_fn(768, 432, |u, _| image::Rgb([if u / 4 % 2 == 0 { 0 } else { 255 }; 3]));
    let mut jpeg = Vec::new();
    stripes.write_to(&mut std::io::Cursor::new(&mut jpeg), image::ImageFormat::Jpeg).unwrap();
    jpeg
}

/// Serves a city with this many incidents; every other task was sent out already.
pub fn served(count: u128) -> Served {
    served_with(count, &[])
}

/// The same with docks.
pub fn served_with(count: u128, vehicles: &[VehicleEntry]) -> Served {
    let folder = tempfile::tempdir().unwrap();
    let (config, city) = sample_city();
    let path = folder.path().join("flyonce.sqlite");
    let dedupe = config.dedupe.clone();
    let (observations, incidents) = incidents(count, &dedupe);
    std::fs::create_dir(folder.path().join("evidence")).unwrap();
    std::fs::write(folder.path().join("evidence/still.jpg"), still()).unwrap();
    std::fs::write(folder.path().join("secret.jpg"), b"secret").unwrap();
    let tasks: Vec<Task> =
        incidents.iter().enumerate().map(|(i, incident)| task(incident, &city, i)).collect();
    assert_eq!(tasks.len(), count as usize, "each spot is an incident with a task");
    let run = Run {
        id: RunId(Uuid::from_u128(1)),
        inputs: Vec::new(),
        frames: 8,
        analysed_frames: 8,
        detections: 8,
    };
    let saved_at = "2026-06-20T02:20:00Z".parse().unwrap();
    let thresholds = dedupe.clone();
    let record = RunRecord {
        run,
        saved_at,
        observations,
        incidents,
        tasks,
        config: thresholds,
        looked_at: Vec::new(),
    };
    SqliteStore::open(&path).unwrap().save_run(&record).unwrap();
    let accounts = Accounts::open(folder.path()).unwrap();
    let app = App::new(Parts {
        city,
        dedupe: dedupe.clone(),
        stores: Stores::new(Box::new(move || Ok(Box::new(SqliteStore::open(&path)?) as Box<dyn Store>))),
        accounts,
        evidence: folder.path().join("evidence"),
        keeping: config.evidence.clone(),
        review_first: true,
        flood: config.flood,
        missions: Missions::open(folder.path(), wire::vehicles::load(vehicles, &mut Vec::new())),
        recheck_share: 1.0,
    });
    let app = Arc::new(app.unwrap());
    let router = api::router(Arc::clone(&app));
    Served { app, router, folder }
}

fn task(incident: &Incident, city: &city::City, index: usize) -> Task {
    let sha256 = models::pack::sha256_hex(&still());
    let still = EvidenceRef { sha256, kind: EvidenceKind::CloseUp, file: "still.jpg".to_owned() };
    let stills = if index == 0 { vec![still] } else { Vec::new() };
    let sent = task_in_context(
        incident,
        &city.zones,
        &city.context,
        &city.rules,
        stills.clone(),
        incident.last_seen,
    )
    .unwrap();
    if index % 2 == 1 {
        return sent;
    }
    let mut routing = sent.routing;
    routing.person_needed = Some(dispatch::PersonNeeded::Review);
    dispatch::propose::propose(incident, routing, &city.rules, stills, incident.last_seen).unwrap()
}

impl Served {
    pub fn person(&self, name: &str, role: Role, department: Option<&str>) -> Badge {
        self.app.accounts.set_user(name, PASSWORD, role, department).unwrap();
        let now = server::clock::now();
        let session = self.app.accounts.sign_in(name, PASSWORD, now).unwrap();
        let csrf = self.app.accounts.of_session(&session, now).unwrap().csrf;
        Badge { cookie: Some(format!("flyonce_session={session}")), csrf, token: None }
    }

    pub fn machine(&self, name: &str, scopes: &[Scope], department: Option<&str>) -> Badge {
        let token = self.app.accounts.add_token(name, scopes, department).unwrap();
        Badge { token: Some(token), ..Badge::default() }
    }

    pub async fn call(&self, badge: &Badge, method: Method, path: &str, body: Option<Value>) -> Answer {
        let bytes = body.map(|body| body.to_string().into_bytes());
        self.send(badge, method, path, bytes, "application/json", &[]).await
    }

    pub async fn send(
        &self,
        badge: &Badge,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        media: &str,
        more: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        let authorization = badge.token.as_ref().map(|token| format!("Bearer {token}"));
        let pairs = [("cookie", &badge.cookie), ("x-csrf", &badge.csrf), ("authorization", &authorization)];
        for (name, value) in pairs {
            request = value.iter().fold(request, |request, value| request.header(name, value));
        }
        request = more.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = match body {
            Some(bytes) => request.header("content-type", media).body(Body::from(bytes)),
            None => request.body(Body::empty()),
        };
        let response = tower::ServiceExt::oneshot(self.router.clone(), request.unwrap()).await.unwrap();
        let text = |name: &str| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        let (status, media, etag) = (response.status(), text("content-type"), text("etag"));
        let picture = text("x-picture");
        let bytes = response.into_body().collect().await.unwrap().to_bytes().to_vec();
        Answer { status, media, etag: Some(etag).filter(|etag| !etag.is_empty()), picture, bytes }
    }

    pub async fn get(&self, badge: &Badge, path: &str) -> Answer {
        self.call(badge, Method::GET, path, None).await
    }

    /// Adds evidence to the task of a case, as a server does that was sent pictures.
    pub fn attach(&self, case: &Value, evidence: &[EvidenceRef]) {
        let task = serde_json::from_value(case["task"]["id"].clone()).unwrap();
        let act = Act::Attach { task, evidence: evidence.to_vec() };
        let (actor, reason, expected) = ("li".to_owned(), "a picture".to_owned(), Vec::new());
        let operation = Operation { actor, reason, what: What::Act(act), expected };
        let (dedupe, city) = (&self.app.dedupe, &self.app.city);
        let desk = Desk { dedupe, zones: &city.zones, rules: &city.rules, departments: &city.departments };
        let now = server::clock::now();
        self.app.stores.with(|store| store.operate(&operation, &desk, now)).unwrap();
        self.app.catch_up();
    }

    /// The cases of a list.
    pub async fn cases(&self, badge: &Badge, path: &str) -> Vec<Value> {
        let answer = self.get(badge, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        answer.json()["items"].as_array().unwrap().clone()
    }
}

/// A step of a task that rests on the version told.
pub fn step(case: &Value, step: &str, reason: &str) -> Value {
    let task = &case["task"];
    json!({
        "what": {"act": {"kind": "step", "task": task["id"], "step": {"step": step}}},
        "reason": reason,
        "expected": [{"subject": {"task": task["id"]}, "version": task["version"]}],
    })
}
