//! Streams that people add while the server runs: only where the configuration allows it, there again after a restart.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use server::config::ServeEntry;
use server::serve::accounts::Scope;
use server::serve::door::Door;
use server::serve::hub::{AddedFile, Common, DetectorPool, Health, Hub, Stage};
use server::wire;

use super::{Badge, Served, sample_city, served};

/// Sources of a data folder; nothing looks at their frames.
fn hub(door: &Arc<Door>, data: &Path) -> Hub {
    let (config, _) = sample_city();
    let terrain = wire::terrain::load(&config.terrain, &mut Vec::new()).unwrap();
    Hub::new(Common {
        config,
        terrain,
        classes: Vec::new(),
        scaled: false,
        pool: DetectorPool::new(Vec::new()),
        arrivals: Mutex::new(Some(crossbeam::channel::bounded(1).0)),
        door: Arc::clone(door),
        added: AddedFile::in_folder(data),
    })
}

fn allow(served: &Served, networks: &[&str]) {
    let stream_networks = networks.iter().map(|network| network.parse().unwrap()).collect();
    served.app.door.apply(ServeEntry { stream_networks, ..ServeEntry::default() }).unwrap();
}

/// A server whose streams may lie in these networks, and somebody who may add some.
fn streaming(networks: &[&str]) -> (Served, Badge) {
    let served = served(1);
    allow(&served, networks);
    served.app.set_hub(hub(&served.app.door, served.folder.path()));
    let operator = served.machine("operator", &[Scope::Sources, Scope::Read], None);
    (served, operator)
}

async fn add(served: &Served, badge: &Badge, id: &str, uri: &str) -> (StatusCode, Value) {
    let body = json!({"id": id, "uri": uri, "lat_deg": 28.97, "lon_deg": 118.87});
    let answer = served.call(badge, Method::POST, "/v1/sources", Some(body)).await;
    (answer.status, serde_json::from_slice(&answer.bytes).unwrap_or_default())
}

/// What a server that starts again makes of a source; every thread has ended.
fn after_restart(served: &Served, id: &str) -> Option<(String, Health)> {
    let again = hub(&served.app.door, served.folder.path());
    again.start_added().unwrap();
    again.end();
    let found = again.list().into_iter().find(|(name, ..)| name == id);
    found.map(|(_, uri, status)| (uri, status.health()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_outside_the_allowed_networks_is_refused_with_the_reason() {
    let (served, operator) = streaming(&["10.20.0.0/16"]);
    for uri in
        ["rtsp://127.0.0.1/live", "rtsp://localhost:8554/live", "srt://169.254.169.254:9000", "udp://:5000"]
    {
        let (status, problem) = add(&served, &operator, "x", uri).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{uri}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("in no network of `stream_networks`"), "{detail}");
    }
    allow(&served, &[]);
    let (status, problem) = add(&served, &operator, "x", "rtsp://10.20.1.1/live").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(problem["detail"].as_str().unwrap().contains("names no network"), "{problem}");
    assert!(!served.folder.path().join("sources.json").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_added_stream_comes_back_after_a_restart_and_nobody_reads_its_password() {
    let (served, operator) = streaming(&["127.0.0.0/8"]);
    let uri = "rtsp://viewer:s3cret@127.0.0.1:1/live";
    assert_eq!(add(&served, &operator, "gate", uri).await.0, StatusCode::CREATED);
    assert_eq!(
        add(&served, &operator, "gate", uri).await.0,
        StatusCode::UNPROCESSABLE_ENTITY,
        "its name is taken"
    );
    let listed = String::from_utf8(served.get(&operator, "/v1/sources").await.bytes).unwrap();
    assert!(listed.contains("gate") && !listed.contains("s3cret"), "{listed}");
    let file = served.folder.path().join("sources.json");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let (uri, health) = after_restart(&served, "gate").unwrap();
    assert_eq!(uri, "rtsp://***@127.0.0.1:1/live");
    assert_ne!(health.stage, Stage::Paused);

    let paused = served.call(&operator, Method::POST, "/v1/sources/gate/pause", None).await;
    assert_eq!(paused.status, StatusCode::NO_CONTENT);
    assert_eq!(after_restart(&served, "gate").unwrap().1.stage, Stage::Paused);

    let removed = served.call(&operator, Method::DELETE, "/v1/sources/gate", None).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
    assert!(after_restart(&served, "gate").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_allowed_no_more_stays_in_the_list_with_the_reason() {
    let (served, operator) = streaming(&["127.0.0.0/8"]);
    assert_eq!(add(&served, &operator, "gate", "udp://127.0.0.1:5999").await.0, StatusCode::CREATED);
    served.app.hub().unwrap().end();
    allow(&served, &["10.20.0.0/16"]);
    let (_, health) = after_restart(&served, "gate").unwrap();
    assert_eq!(health.stage, Stage::Failed);
    assert!(health.problem.unwrap().1.contains("in no network of `stream_networks`"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_added_stream_that_cannot_be_started_is_kept_until_somebody_removes_it() {
    let (served, operator) = streaming(&["127.0.0.0/8"]);
    let file = served.folder.path().join("sources.json");
    std::fs::write(&file, r#"{"version": 1, "sources": [{"id": "old", "uri": "gopher://127.0.0.1/live"}]}"#)
        .unwrap();
    served.app.hub().unwrap().start_added().unwrap();
    assert_eq!(add(&served, &operator, "gate", "udp://127.0.0.1:5998").await.0, StatusCode::CREATED);
    let kept = || std::fs::read_to_string(&file).unwrap();
    assert!(kept().contains("gopher://127.0.0.1/live") && kept().contains("gate"), "{}", kept());
    let removed = served.call(&operator, Method::DELETE, "/v1/sources/old", None).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
    assert!(!kept().contains("gopher") && kept().contains("gate"), "{}", kept());
    served.app.hub().unwrap().end();
}
