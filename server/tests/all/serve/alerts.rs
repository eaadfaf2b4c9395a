//! Alerts as CAP 1.2 and events as Cursor on Target, read by others than us where there is somebody.

use std::io::Read;
use std::net::{TcpListener, UdpSocket};
use std::process::Command;

use axum::http::{Method, StatusCode};
use dispatch::Severity;
use jiff::Timestamp;
use server::config::{CapEntry, CapStatus, CotEntry};
use server::serve::accounts::{Role, Scope};
use server::serve::cot::CotSender;
use store::{Consumer, Run, RunId, RunRecord};
use uuid::Uuid;

use super::{Badge, Served, served, step};

/// Makes all that was seen severe, as a puddle as wide as the street is.
fn severe(served: &Served) {
    let (mut incidents, mut tasks) = (Vec::new(), Vec::new());
    for case in served.app.board().cases() {
        let mut incident = case.incident.clone();
        let at = incident.position.as_ref().unwrap().point.lat_lon;
        let corner = |north: f64, east: f64| {
            gis::LatLon::new(at.lat_deg + north * 1e-4, at.lon_deg + east * 1e-4).unwrap()
        };
        let ring = vec![corner(-1.0, -1.0), corner(-1.0, 1.0), corner(1.0, 1.0), corner(1.0, -1.0)];
        incident.footprint = Some(gis::observation::Footprint { ring, area_m2: 430.0, truncated: false });
        incident.area_m2 = Some(430.0);
        let mut task = case.task.as_deref().cloned().unwrap();
        (task.severity, task.area_m2) = (Severity::Severe, Some(430.0));
        incidents.push(incident);
        tasks.push(task);
    }
    let run = Run {
        id: RunId(Uuid::from_u128(2)),
        inputs: Vec::new(),
        frames: 0,
        analysed_frames: 0,
        detections: 0,
    };
    let record = RunRecord {
        run,
        saved_at: "2026-06-20T02:21:00Z".parse().unwrap(),
        observations: Vec::new(),
        incidents,
        tasks,
        config: served.app.dedupe.clone(),
        looked_at: Vec::new(),
    };
    served.app.stores.with(|store| store.save_run(&record)).unwrap();
    served.app.catch_up();
}

async fn text(served: &Served, badge: &Badge, path: &str) -> String {
    let answer = served.get(badge, path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}");
    String::from_utf8(answer.bytes).unwrap()
}

/// Identifiers that the feed names.
async fn identifiers(served: &Served, badge: &Badge) -> Vec<String> {
    let feed = text(served, badge, "/v1/cap").await;
    let links = feed.split("href=\"/v1/cap/").skip(1);
    links.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

/// Has `xmllint` read a document by the schema of the standard, and by one that also holds what the standard says in prose.
fn is_valid(served: &Served, document: &str) {
    let file = served.folder.path().join("alert.xml");
    std::fs::write(&file, document).unwrap();
    for name in ["CAP-v1.2.xsd", "cap12_extended.xsd"] {
        let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/outside/").to_owned() + name;
        if !std::path::Path::new(&schema).exists() {
            println!("alerts by {name}: not measured, scripts/outside.sh was not run");
            continue;
        }
        let done =
            Command::new("xmllint").args(["--noout", "--schema", &schema]).arg(&file).output().unwrap();
        assert!(done.status.success(), "{}\n{document}", String::from_utf8_lossy(&done.stderr));
    }
}

async fn act(served: &Served, badge: &Badge, id: &str, name: &str) {
    let case = served.get(badge, &format!("/v1/incidents/{id}")).await.json();
    let case = if case["task"].is_object() { case } else { case["case"].clone() };
    let done = served.call(badge, Method::POST, "/v1/operations", Some(step(&case, name, "because"))).await;
    assert_eq!(done.status, StatusCode::OK, "{name}: {}", String::from_utf8_lossy(&done.bytes));
}

#[tokio::test]
async fn severe_water_is_an_alert_that_is_updated_and_cancelled() {
    let served = served(2);
    severe(&served);
    let city = CapEntry {
        sender: "water.city.example".to_owned(),
        sender_name: "City & water".to_owned(),
        status: CapStatus::Exercise,
    };
    served.app.set_cap(city);
    let duty = served.person("duty", Role::Duty, None);
    let sent = identifiers(&served, &duty).await;
    assert_eq!(sent.len(), 1, "only what was sent out is an alert");
    let incident = sent[0].rsplit_once('-').unwrap().0.to_owned();
    for (step, count) in
        [("accept", 1), ("depart", 1), ("arrive", 2), ("finish", 3), ("verify", 3), ("close", 4)]
    {
        act(&served, &duty, &incident, step).await;
        assert_eq!(identifiers(&served, &duty).await, [format!("{incident}-{count}")], "{step}");
    }
    let mut before: Vec<String> = Vec::new();
    for (number, kind) in [(1, "Alert"), (2, "Update"), (3, "Update"), (4, "Cancel")] {
        let document = text(&served, &duty, &format!("/v1/cap/{incident}-{number}")).await;
        is_valid(&served, &document);
        let leaf = |name: &str| {
            let after = document.split(&format!("<{name}>")).nth(1).unwrap_or_default();
            after.split(&format!("</{name}>")).next().unwrap_or_default().to_owned()
        };
        let expected = [("sender", "water.city.example"), ("msgType", kind), ("status", "Exercise")];
        for (name, value) in expected {
            assert_eq!(leaf(name), value, "{document}");
        }
        assert_eq!(leaf("references"), before.join(" "), "each names those before it");
        assert_eq!(document.matches("<info>").count(), 2, "in two languages");
        assert!(document.contains("<polygon>") && document.contains("<circle>"));
        before.push(format!("{},{},{}", leaf("sender"), leaf("identifier"), leaf("sent")));
    }
    assert_eq!(served.get(&duty, &format!("/v1/cap/{incident}-5")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_department_sees_alerts_and_events_of_its_own_only() {
    let served = served(2);
    severe(&served);
    let duty = served.person("duty", Role::Duty, None);
    let id = identifiers(&served, &duty).await.remove(0);
    let incident = id.rsplit_once('-').unwrap().0;
    let other = served.machine("other", &[Scope::Read], Some("culture_market"));
    assert!(identifiers(&served, &other).await.is_empty());
    for path in [format!("/v1/cap/{id}"), format!("/v1/cot/{incident}")] {
        assert_eq!(served.get(&other, &path).await.status, StatusCode::NOT_FOUND);
        assert_eq!(served.get(&duty, &path).await.status, StatusCode::OK);
    }
    assert!(!text(&served, &other, "/v1/cot").await.contains("<event "));
}

/// Attributes of an element, where a document has it.
fn attributes(xml: &str, element: &str) -> std::collections::BTreeMap<String, String> {
    let mut reader = quick_xml::Reader::from_str(xml);
    loop {
        use quick_xml::events::Event;
        match reader.read_event().unwrap() {
            Event::Start(one) | Event::Empty(one) if one.name().as_ref() == element => {
                let pair = |a: quick_xml::events::attributes::Attribute<'_>| {
                    (a.key.as_ref().to_owned(), a.value.into_owned())
                };
                return one.attributes().map(|a| pair(a.unwrap())).collect();
            }
            Event::Eof => return std::collections::BTreeMap::new(),
            _ => {}
        }
    }
}

#[tokio::test]
async fn an_event_for_tak_tells_the_error_of_its_place_and_has_all_that_a_known_one_has() {
    let served = served(2);
    let duty = served.person("duty", Role::Duty, None);
    let all = text(&served, &duty, "/v1/cot").await;
    assert_eq!(all.matches("<event ").count(), 2);
    let incident = served.cases(&duty, "/v1/queue").await[0]["id"].as_str().unwrap().to_owned();
    let one = text(&served, &duty, &format!("/v1/cot/{incident}")).await;
    let (event, point) = (attributes(&one, "event"), attributes(&one, "point"));
    let number = |name: &str| point[name].parse::<f64>().unwrap();
    assert!(number("ce") > 0.1 && number("ce") < 5.0, "{point:?}");
    assert!(number("le") > 0.1 && number("le") < 5.0, "{point:?}");
    let time = |name: &str| event[name].parse::<Timestamp>().unwrap();
    assert!(time("start") <= time("time") && time("time") < time("stale"));
    assert_eq!(
        (event["uid"].as_str(), event["version"].as_str()),
        (format!("flyonce-{incident}").as_str(), "2.0")
    );
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/reference");
    let folder = std::env::var_os("FLYONCE_REFERENCE").unwrap_or_else(|| beside.into());
    let event_file = std::path::Path::new(&folder).join("vectors/cot/openathena_event.xml");
    let Ok(known) = std::fs::read_to_string(event_file) else {
        println!("fields of a known event: not measured, there is no reference data");
        return;
    };
    assert_eq!(attributes(&known, "event").keys().collect::<Vec<_>>(), event.keys().collect::<Vec<_>>());
    assert_eq!(attributes(&known, "point").keys().collect::<Vec<_>>(), point.keys().collect::<Vec<_>>());
}

fn sender(served: &Served, to: &str) -> CotSender {
    let entry = CotEntry { id: "tak".to_owned(), to: to.to_owned(), department: None };
    let consumer = Consumer::new("tak", "cot", to, 0);
    served.app.stores.with(|store| store.put_consumer(&consumer)).unwrap();
    CotSender::new(&served.app, entry).unwrap()
}

#[test]
fn events_for_tak_are_sent_by_udp_and_by_tcp_and_wait_for_one_who_is_away() {
    let served = served(2);
    let now = server::clock::now();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut udp = sender(&served, &format!("udp://{}", socket.local_addr().unwrap()));
    while udp.step(&served.app, now).unwrap() {}
    let mut bytes = [0; 4_096];
    let length = socket.recv(&mut bytes).unwrap();
    assert!(attributes(std::str::from_utf8(&bytes[..length]).unwrap(), "point").contains_key("ce"));
    served.app.stores.with(|store| store.remove_consumer("tak")).unwrap();

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut tcp = sender(&served, &format!("tcp://{address}"));
    while tcp.step(&served.app, now).unwrap() {}
    let waits = served.app.stores.with(|store| Ok(store.consumers()?.remove(0))).unwrap();
    assert!(waits.cursor < served.app.board().cursor() && waits.delivery.attempts == 1, "{waits:?}");
    let listener = TcpListener::bind(address).unwrap();
    let later = now.checked_add(jiff::SignedDuration::from_mins(10)).unwrap();
    while tcp.step(&served.app, later).unwrap() {}
    drop(tcp);
    let mut text = String::new();
    listener.accept().unwrap().0.read_to_string(&mut text).unwrap();
    assert!(text.matches("<event ").count() >= 4, "{text}");
}
