//! Flights by the interface: planned, launched by a person, steered, and who may.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use axum::http::{Method, StatusCode};
use gis::LatLon;
use missions::link::dock::Simulator;
use missions::link::dock::simulator::Settings;
use missions::link::lossy::Odds;
use missions::link::mavlink::simulator::Model;
use missions_link::Host;
use missions_link::dock::{Access, Broker, Step, run_simulator};
use serde_json::{Value, json};
use server::config::VehicleEntry;
use server::serve::accounts::Role;
use server::serve::missions::Proposer;

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
    let served = served_with(1, &[dock(1)]);
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
    let served = served_with(1, &[dock(1)]);
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
    let served = served_with(1, &[dock(mosquitto.port)]);
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

#[tokio::test]
async fn a_task_proposes_a_flight_that_only_who_flies_may_launch() {
    let served = served_with(2, &[dock(1)]);
    let analyst = served.person("li", Role::Analyst, None);
    let case = served.cases(&analyst, "/v1/queue?state=all").await.remove(0);
    let wanted = json!({"name": "look", "for_task": case["task"]["id"]});
    let made = served.call(&analyst, Method::POST, "/v1/missions", Some(wanted)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.json());
    let mission = made.json();
    assert_eq!((&mission["task"]["id"], &mission["phase"]), (&case["task"]["id"], &json!("planned")));
    assert_eq!(mission["task"]["state"], case["task"]["state"]);
    let at = &mission["track"]["coordinates"][0];
    for (axis, place) in ["lon_deg", "lat_deg"].iter().enumerate() {
        let apart_deg = at[axis].as_f64().unwrap() - case["position"][place].as_f64().unwrap();
        assert!(apart_deg.abs() < 1e-6, "{mission}");
    }
    assert!((mission["plan"]["height_m"].as_f64().unwrap() - 60.0).abs() < 0.1, "{mission}");
    let path = format!("/v1/missions/{}/launch", mission["id"].as_str().unwrap());
    let flown = served.call(&analyst, Method::POST, &path, Some(launch())).await;
    assert_eq!(flown.status, StatusCode::FORBIDDEN);
    assert_eq!(
        served.call(&analyst, Method::POST, "/v1/missions", Some(wish())).await.status,
        StatusCode::FORBIDDEN
    );
    let unknown = json!({"name": "look", "for_task": "01890a5d-ac96-774b-bcce-b302099a8057"});
    let none = served.call(&analyst, Method::POST, "/v1/missions", Some(unknown)).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn work_that_is_reported_done_proposes_one_flight_that_looks_whether_it_is() {
    let served = served_with(1, &[dock(1)]);
    let analyst = served.person("li", Role::Analyst, None);
    let proposer = Proposer::new(vec!["waterlogging".to_owned()]);
    assert_eq!(proposer.propose(&served.app), 0, "nothing is done yet");
    for name in ["confirm", "accept", "arrive", "finish"] {
        let case = served.cases(&analyst, "/v1/queue?state=all").await.remove(0);
        // The sample city sends some tasks out by itself.
        if name == "confirm" && case["task"]["state"] != "proposed" {
            continue;
        }
        let done =
            served.call(&analyst, Method::POST, "/v1/operations", Some(super::step(&case, name, "x"))).await;
        assert_eq!(done.status, StatusCode::OK, "{name}: {}", done.json());
    }
    assert_eq!(
        Proposer::new(vec!["dumping".to_owned()]).propose(&served.app),
        0,
        "only classes that are named"
    );
    assert_eq!(proposer.propose(&served.app), 1);
    assert_eq!(proposer.propose(&served.app), 0, "once for each time that it was done");
    let operator = served.person("op", Role::Operator, None);
    let proposed = served.get(&operator, "/v1/missions").await.json()["items"][0].clone();
    assert_eq!(
        (proposed["task"]["state"].as_str(), proposed["phase"].as_str()),
        (Some("done"), Some("planned"))
    );
    assert!(proposed["name"].as_str().unwrap().starts_with("复查 积水"), "{proposed}");
    let path = format!("/v1/missions/{}", proposed["id"].as_str().unwrap());
    assert_eq!(served.call(&operator, Method::DELETE, &path, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(proposer.propose(&served.app), 0, "what a person took away does not come again");
}

/// An aircraft that speaks MAVLink on a port of its own, until it is told to end.
struct Aircraft {
    port: u16,
    ends: Arc<AtomicBool>,
    flown: Option<JoinHandle<()>>,
}

impl Aircraft {
    fn start() -> Self {
        let model = Model { pace: 20.0, ..Model::at(LatLon::new(28.968, 118.868).unwrap()) };
        let mut host = Host::open(model, "127.0.0.1:0", Odds::default(), 1).unwrap();
        let (port, ends) = (host.address().unwrap().port(), Arc::new(AtomicBool::new(false)));
        let told = Arc::clone(&ends);
        let flown = std::thread::spawn(move || {
            let began = Instant::now();
            while !told.load(Ordering::Relaxed) {
                host.step(began.elapsed()).unwrap();
            }
        });
        Self { port, ends, flown: Some(flown) }
    }

    fn entry(&self) -> VehicleEntry {
        let port = self.port;
        toml::from_str(&format!(
            "id = \"quad\"\nuri = \"mavlink:udp://127.0.0.1:{port}\"\nprofile = \"multicopter\""
        ))
        .unwrap()
    }
}

impl Drop for Aircraft {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        self.flown.take().unwrap().join().unwrap();
    }
}

fn launch_in(wind: &Value) -> Value {
    json!({"vehicle": "quad", "reason": "flood", "confirmed": true, "wind": wind})
}

#[tokio::test]
async fn the_wind_is_a_gate_where_no_dock_measures_it() {
    let aircraft = Aircraft::start();
    let served = served_with(1, &[aircraft.entry()]);
    let operator = served.person("op", Role::Operator, None);
    let mut wanted = wish();
    wanted["aircraft"] = json!("multicopter");
    let mission = served.call(&operator, Method::POST, "/v1/missions", Some(wanted)).await.json();
    let path = format!("/v1/missions/{}/launch", mission["id"].as_str().unwrap());
    let storm = json!({"speed_mps": 30.0, "from_deg": 0.0});
    for (wind, words) in [(Value::Null, "未给出风速"), (storm, "在该风况下")] {
        let shut = served.call(&operator, Method::POST, &path, Some(launch_in(&wind))).await;
        assert_eq!(shut.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(shut.json()["gates"][2]["zh"].as_str().unwrap().contains(words), "{}", shut.json());
    }
    let nonsense = launch_in(&json!({"speed_mps": -1.0, "from_deg": 0.0}));
    let refused = served.call(&operator, Method::POST, &path, Some(nonsense)).await;
    assert!(refused.json()["detail"].as_str().unwrap().contains("no wind of -1"), "{}", refused.json());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_aircraft_that_speaks_mavlink_is_launched_steered_and_goes_on_as_docks_do() {
    let aircraft = Aircraft::start();
    let served = served_with(1, &[aircraft.entry()]);
    let operator = served.person("op", Role::Operator, None);
    let vehicles = served.get(&operator, "/v1/vehicles").await.json();
    assert_eq!(
        (vehicles[0]["kind"].as_str(), vehicles[0]["aircraft"].as_str()),
        (Some("mavlink"), Some("multicopter"))
    );
    let mut wanted = wish();
    wanted["aircraft"] = json!("multicopter");
    let mission = served.call(&operator, Method::POST, "/v1/missions", Some(wanted)).await.json();
    assert_eq!(mission["warnings"], json!([]), "{mission}");
    let order = async |verb: &str, word: Value| {
        let path = format!("/v1/missions/{}/{verb}", mission["id"].as_str().unwrap());
        served.call(&operator, Method::POST, &path, Some(word)).await
    };
    let because = || json!({"reason": "rain"});
    let wind = json!({"speed_mps": 3.0, "from_deg": 270.0});
    let launched = order("launch", launch_in(&wind)).await;
    assert_eq!(launched.status, StatusCode::ACCEPTED, "{}", launched.json());
    let state = |now: &Value, kind: &str| now["state"]["kind"] == kind;
    let there = |now: &Value| {
        state(now, "flying") && now["progress"]["waypoint"].is_u64() && now["aircraft"]["lat_deg"].is_f64()
    };
    let flying = until(&served, &operator, &mission, there).await;
    assert!(flying["aircraft"]["battery_percent"].as_f64() > Some(50.0), "{flying}");
    assert_eq!(order("pause", because()).await.status, StatusCode::ACCEPTED);
    until(&served, &operator, &mission, |now| state(now, "paused")).await;
    assert_eq!(order("resume", because()).await.status, StatusCode::ACCEPTED);
    until(&served, &operator, &mission, |now| state(now, "flying")).await;
    assert_eq!(order("return", because()).await.status, StatusCode::ACCEPTED);
    let left = until(&served, &operator, &mission, |now| now["phase"] == "over").await;
    assert_eq!((state(&left, "landed"), left["actions"][1].as_str()), (true, Some("resume")), "{left}");
    let before = left["progress"]["percent"].as_f64().unwrap();
    let calm = order("resume", because()).await;
    assert_eq!(
        calm.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "what is left is a new flight: {}",
        calm.json()
    );
    let on = order("resume", json!({"reason": "dry", "wind": wind})).await;
    assert_eq!(on.status, StatusCode::ACCEPTED, "{}", on.json());
    let further = until(&served, &operator, &mission, |now| now["progress"].is_object()).await;
    assert!(further["progress"]["percent"].as_f64().unwrap() >= before - 1.0, "{before} {further}");
    assert_eq!(further["progress"]["waypoints"], left["progress"]["waypoints"]);
    let done = until(&served, &operator, &mission, |now| now["phase"] == "over").await;
    assert_eq!((state(&done, "landed"), done["actions"].as_array().map(Vec::len)), (true, Some(1)), "{done}");
    let log = done["log"].as_array().unwrap();
    let said =
        |zh: &str| log.iter().any(|line| line["actor"] == "op" && line["zh"].as_str().unwrap().contains(zh));
    for zh in ["起飞:已接受", "暂停:已接受", "继续:已接受", "返航:已接受"] {
        assert!(said(zh), "{zh}: {done}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_aircraft_in_the_air_is_broken_off_for_good_and_nobody_else_flies_it_meanwhile() {
    let aircraft = Aircraft::start();
    let served = served_with(1, &[aircraft.entry()]);
    let (li, wang) = (served.person("li", Role::Operator, None), served.person("wang", Role::Admin, None));
    let mut wanted = wish();
    wanted["aircraft"] = json!("multicopter");
    let mission = served.call(&li, Method::POST, "/v1/missions", Some(wanted.clone())).await.json();
    let other = served.call(&wang, Method::POST, "/v1/missions", Some(wanted)).await.json();
    let path =
        |mission: &Value, verb: &str| format!("/v1/missions/{}/{verb}", mission["id"].as_str().unwrap());
    let word = || Some(launch_in(&json!({"speed_mps": 3.0, "from_deg": 270.0})));
    let launched = served.call(&li, Method::POST, &path(&mission, "launch"), word()).await;
    assert_eq!(launched.status, StatusCode::ACCEPTED, "{}", launched.json());
    let busy = served.call(&wang, Method::POST, &path(&other, "launch"), word()).await;
    assert_eq!((busy.status, busy.json()["actor"].as_str()), (StatusCode::CONFLICT, Some("li")));
    until(&served, &li, &mission, |now| now["state"]["kind"] == "flying").await;
    let abort =
        served.call(&wang, Method::POST, &path(&mission, "abort"), Some(json!({"reason": "crane"}))).await;
    assert_eq!(abort.status, StatusCode::ACCEPTED);
    let over = until(&served, &li, &mission, |now| now["phase"] == "over").await;
    assert_eq!(
        (over["state"]["kind"].as_str(), over["actions"].as_array().map(Vec::len)),
        (Some("aborted"), Some(1))
    );
    let line = over["log"].as_array().unwrap().iter().find(|line| line["reason"] == "crane");
    assert_eq!(line.unwrap()["actor"], "wang");
}
