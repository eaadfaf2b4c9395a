//! Flights by the interface: planned, launched by a person, steered, and who may.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::{Method, StatusCode};
use gis::LatLon;
use missions::link::dock::Simulator;
use missions::link::dock::simulator::Settings;
use missions_link::dock::{Access, Broker, Step, run_simulator};
use serde_json::{Value, json};
use server::config::VehicleEntry;
use server::serve::accounts::Role;

use super::{Badge, Served, served, served_with};

const SERIAL: &str = "7CTDM3D00BRT8K";

fn dock(port: u16) -> VehicleEntry {
    let text = format!(
        "id = \"dock-east\"\nname_zh = \"东区机场\"\nuri = \"dji-dock:mqtt://127.0.0.1:{port}/{SERIAL}\"\nprofile = \"m3td\"\nresource_listen = \"127.0.0.1:0\""
    );
    toml::from_str(&text).unwrap()
}

fn field() -> Value {
    let ring =
        [[118.868, 28.968], [118.870, 28.968], [118.870, 28.970], [118.868, 28.970], [118.868, 28.968]];
    json!({"type": "Polygon", "coordinates": [ring]})
}

fn wish() -> Value {
    json!({"name": "east", "area": field(), "gsd_cm": 2.5, "home": {"lat_deg": 28.968, "lon_deg": 118.868}})
}

async fn planned(served: &Served, badge: &Badge) -> Value {
    let made = served.call(badge, Method::POST, "/v1/missions", Some(wish())).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.json());
    made.json()
}

fn launch() -> Value {
    json!({"vehicle": "dock-east", "reason": "flood", "confirmed": true, "accept_warnings": true})
}

#[tokio::test]
async fn operators_plan_and_remove_missions_and_others_look_or_do_not() {
    let served = served(1);
    let operator = served.person("op", Role::Operator, None);
    let mission = planned(&served, &operator).await;
    assert_eq!(
        (mission["phase"].as_str(), mission["actions"][0].as_str()),
        (Some("planned"), Some("launch"))
    );
    assert!(mission["track"]["coordinates"].as_array().unwrap().len() > 4);
    assert!(mission["plan"]["length_m"].as_f64().unwrap() > 500.0);
    let path = format!("/v1/missions/{}", mission["id"].as_str().unwrap());
    let duty = served.person("duty", Role::Duty, None);
    assert_eq!(served.get(&duty, &path).await.json()["name"], "east");
    assert_eq!(served.get(&duty, "/v1/missions").await.json()["total"], 1);
    let kmz = served.get(&duty, &format!("{path}/plan.kmz")).await;
    assert_eq!((kmz.status, &kmz.bytes[..2]), (StatusCode::OK, b"PK".as_slice()));
    for (method, path) in [(Method::POST, "/v1/missions"), (Method::DELETE, path.as_str())] {
        assert_eq!(served.call(&duty, method, path, Some(wish())).await.status, StatusCode::FORBIDDEN);
    }
    let crew = served.person("crew", Role::Department, Some("municipal_drainage"));
    assert_eq!(served.get(&crew, "/v1/missions").await.status, StatusCode::FORBIDDEN);
    let gone = served.call(&operator, Method::DELETE, &path, None).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(served.get(&duty, &path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn areas_that_cannot_be_flown_are_refused_with_the_reason() {
    let served = served(1);
    let operator = served.person("op", Role::Operator, None);
    let bow = json!([
        [118.868, 28.968],
        [118.870, 28.970],
        [118.870, 28.968],
        [118.868, 28.970],
        [118.868, 28.968]
    ]);
    let crossed = json!({"name": "x", "area": {"type": "Polygon", "coordinates": [bow]}, "gsd_cm": 2.5});
    let fine = json!({"name": "x", "area": field(), "gsd_cm": 0.0});
    let nothing = json!({"name": "x"});
    let file = json!({"name": "x", "plan_base64": "UEsDBA=="});
    let unknown = json!({"name": "x", "area": field(), "gsd_cm": 2.5, "aircraft": "/etc/passwd"});
    for wish in [crossed, fine, nothing, file, unknown] {
        let answer = served.call(&operator, Method::POST, "/v1/missions", Some(wish.clone())).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wish}");
        assert!(answer.json()["detail"].as_str().unwrap().len() > 10);
    }
}

#[tokio::test]
async fn nothing_flies_without_a_person_and_nobody_takes_a_vehicle_from_another() {
    // Nobody listens there: the flight waits at its gate.
    let served = served_with(1, vec![dock(1)]);
    let (li, wang) = (served.person("li", Role::Operator, None), served.person("wang", Role::Admin, None));
    let (first, second) = (planned(&served, &li).await, planned(&served, &wang).await);
    let path =
        |mission: &Value, verb: &str| format!("/v1/missions/{}/{verb}", mission["id"].as_str().unwrap());
    let mut word = launch();
    word["confirmed"] = json!(false);
    let silent = served.call(&li, Method::POST, &path(&first, "launch"), Some(word)).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
    let mut nowhere = launch();
    nowhere["vehicle"] = json!("dock-west");
    assert_eq!(
        served.call(&li, Method::POST, &path(&first, "launch"), Some(nowhere)).await.status,
        StatusCode::NOT_FOUND
    );
    let flying = served.call(&li, Method::POST, &path(&first, "launch"), Some(launch())).await;
    assert_eq!(flying.status, StatusCode::ACCEPTED, "{}", flying.json());
    assert_eq!(flying.json()["operator"], "li");
    let other = served.call(&wang, Method::POST, &path(&second, "launch"), Some(launch())).await;
    assert_eq!((other.status, other.json()["actor"].as_str()), (StatusCode::CONFLICT, Some("li")));
    let early =
        served.call(&wang, Method::POST, &path(&first, "pause"), Some(json!({"reason": "look"}))).await;
    assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY);
    let abort =
        served.call(&wang, Method::POST, &path(&first, "abort"), Some(json!({"reason": "wind"}))).await;
    assert_eq!(abort.status, StatusCode::ACCEPTED);
    let over = until(&served, &li, &first, |mission| mission["phase"] == "over").await;
    assert_eq!(over["state"]["kind"], "aborted");
    let line = over["log"].as_array().unwrap().iter().find(|line| line["reason"] == "wind");
    assert_eq!(line.unwrap()["actor"], "wang");
}

#[tokio::test]
async fn a_plan_above_the_ceiling_needs_a_person_who_read_that() {
    let served = served_with(1, vec![dock(1)]);
    let operator = served.person("op", Role::Operator, None);
    let mut high = wish();
    high["gsd_cm"] = json!(17.0);
    let made = served.call(&operator, Method::POST, "/v1/missions", Some(high)).await.json();
    let told = made["warnings"][0].clone();
    assert!(told["what_zh"].as_str().unwrap().contains("476.0 米,超过限高 120 米"), "{made}");
    assert!(told["leg"].is_u64() && told["mend_en"].as_str().unwrap().contains("lower the leg by 356 m"));
    let path = format!("/v1/missions/{}/launch", made["id"].as_str().unwrap());
    let mut unread = launch();
    unread["accept_warnings"] = json!(false);
    let shut = served.call(&operator, Method::POST, &path, Some(unread)).await;
    assert!(!shut.status.is_success() && shut.json()["gates"][0]["ok"] == false, "{}", shut.json());
}

/// Follows a mission by its versions.
async fn until(served: &Served, badge: &Badge, mission: &Value, fits: impl Fn(&Value) -> bool) -> Value {
    let path = format!("/v1/missions/{}", mission["id"].as_str().unwrap());
    let mut version = 0;
    for _ in 0..400 {
        let now = served.get(badge, &format!("{path}?after={version}&wait=5")).await.json();
        if fits(&now) {
            return now;
        }
        version = now["version"].as_u64().unwrap();
    }
    unreachable!("the mission never came there")
}

/// A broker that lets everybody in, for what is said through it here.
struct Mosquitto {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Mosquitto {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = format!("user root\nallow_anonymous true\nlistener {port} 127.0.0.1\n");
        std::fs::write(folder.path().join("mosquitto.conf"), config).unwrap();
        let child = Command::new("/usr/sbin/mosquitto")
            .args(["-c", "mosquitto.conf"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("mosquitto is there: scripts/setup.sh");
        Self { child, port, _folder: folder }
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mission_flies_on_a_dock_comes_home_and_goes_on_from_where_it_was_left() {
    let mosquitto = Mosquitto::start();
    let served = served_with(1, vec![dock(mosquitto.port)]);
    let operator = served.person("op", Role::Operator, None);
    let ends = Arc::new(AtomicBool::new(false));
    let (told, port) = (Arc::clone(&ends), mosquitto.port);
    let flown = std::thread::spawn(move || {
        let mut settings = Settings::new(SERIAL, LatLon::new(28.968, 118.868).unwrap());
        settings.pace = 20.0;
        let address = format!("mqtt://127.0.0.1:{port}/{SERIAL}").parse().unwrap();
        let mut broker = Broker::connect(&address, &Access::default(), "test-dock").unwrap();
        let mut dock = Simulator::new(settings);
        let mut step = |_: &Simulator| if told.load(Ordering::Relaxed) { Step::End } else { Step::On };
        run_simulator(&mut broker, &mut dock, &mut step).unwrap();
        dock.takeoffs()
    });
    let mission = planned(&served, &operator).await;
    let path = |verb: &str| format!("/v1/missions/{}/{verb}", mission["id"].as_str().unwrap());
    let launched = served.call(&operator, Method::POST, &path("launch"), Some(launch())).await;
    assert_eq!(launched.status, StatusCode::ACCEPTED, "{}", launched.json());
    // How far it is and where it is are told apart.
    let there = |now: &Value| {
        let told = now["progress"]["waypoint"].is_u64() && now["aircraft"]["lat_deg"].is_f64();
        now["state"]["kind"] == "flying" && told
    };
    let flying = until(&served, &operator, &mission, there).await;
    assert!(flying["actions"].as_array().unwrap().contains(&json!("return")), "{flying}");
    let home = served.call(&operator, Method::POST, &path("return"), Some(json!({"reason": "rain"}))).await;
    assert_eq!(home.status, StatusCode::ACCEPTED);
    let left = until(&served, &operator, &mission, |now| now["phase"] == "over").await;
    assert_eq!(
        (left["state"]["kind"].as_str(), left["actions"][1].as_str()),
        (Some("landed"), Some("resume"))
    );
    let on = served.call(&operator, Method::POST, &path("resume"), Some(json!({"reason": "dry"}))).await;
    assert_eq!(on.status, StatusCode::ACCEPTED, "{}", on.json());
    let done = until(&served, &operator, &mission, |now| now["phase"] == "over").await;
    assert_eq!(
        (done["state"]["kind"].as_str(), done["actions"].as_array().map(Vec::len)),
        (Some("landed"), Some(1)),
        "{done}"
    );
    ends.store(true, Ordering::Relaxed);
    assert_eq!(flown.join().unwrap(), 2);
}
