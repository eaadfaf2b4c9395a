//! A session and a simulated dock at a real broker, with the access list that is shipped.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail and report like tests")]

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam::channel::{Sender, bounded};
use gis::LatLon;
use jiff::Timestamp;
use missions::Plan;
use missions::formats::{self, Format};
use missions::link::dock::session::Organization;
use missions::link::dock::simulator::Settings;
use missions::link::dock::{Channel, Dock, Flight, Message, Outgoing, Session, Simulator, Topic};
use missions::link::{Command as Order_, Entry, Order, State, What};
use missions::plan::{Finish, HeightReference, LostLink, Nose, Waypoint};
use missions_link::dock::{Access, Address, Broker, FileServer, Heard, Step, run_session, run_simulator};
use tempfile::TempDir;
use uuid::Uuid;

const SERIAL: &str = "7CTDM3D00BRT8K";
const LONGEST: Duration = Duration::from_secs(40);

/// A mosquitto with the shipped access list, on a free port.
struct Mosquitto {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Mosquitto {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/docks");
        let config = std::fs::read_to_string(shipped.join("mosquitto.conf")).unwrap();
        // The user is dropped to by root only; the folder of the test belongs to who runs it.
        let config = config.replace("listener 1883", &format!("user root\nlistener {port}"));
        std::fs::write(folder.path().join("mosquitto.conf"), config).unwrap();
        std::fs::copy(shipped.join("acl"), folder.path().join("acl")).unwrap();
        for (index, user) in ["flyonce", SERIAL, "OTHER"].iter().enumerate() {
            let create = if index == 0 { vec!["-c"] } else { vec![] };
            let made = Command::new("mosquitto_passwd")
                .args(create)
                .args(["-b", "passwords", user, "secret"])
                .current_dir(folder.path())
                .status();
            assert!(made.expect("mosquitto is there: scripts/setup.sh").success());
        }
        let child = Command::new(if Path::new("/usr/sbin/mosquitto").exists() {
            "/usr/sbin/mosquitto"
        } else {
            "mosquitto"
        })
        .args(["-c", "mosquitto.conf"])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
        Self { child, port, _folder: folder }
    }

    fn address(&self, user: &str) -> Address {
        format!("dji-dock:mqtt://{user}@127.0.0.1:{}/{SERIAL}", self.port).parse().unwrap()
    }

    fn connect(&self, user: &str) -> Broker {
        let access = Access { password: Some("secret".to_owned()), authorities: None };
        Broker::connect(&self.address(user), &access, "test").unwrap()
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn plan() -> Plan {
    let at =
        |north: f64, east: f64| LatLon::new(28.97 + north / 111_000.0, 118.87 + east / 97_000.0).unwrap();
    let waypoint = |north, east| Waypoint {
        at: at(north, east),
        height_m: 80.0,
        speed_mps: None,
        stop: false,
        nose: Nose::Along,
        actions: Vec::new(),
    };
    Plan {
        aircraft: "m3td".into(),
        home: Some(at(0.0, 0.0)),
        heights: HeightReference::TakeOff,
        take_off_height_m: 60.0,
        speed_mps: 10.0,
        finish: Finish::GoHome,
        lost_link: LostLink::GoHome,
        waypoints: vec![
            waypoint(100.0, 0.0),
            waypoint(100.0, 900.0),
            waypoint(160.0, 900.0),
            waypoint(160.0, 0.0),
        ],
        legs: Vec::new(),
    }
}

fn organization() -> Organization {
    Organization { id: "city".into(), name: "City".into(), binding_code: "4711".into() }
}

/// A simulated dock in a thread, until it is let go.
struct SimulatedDock {
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<u32>>,
}

impl SimulatedDock {
    fn start(broker: Broker, pace: f64) -> Self {
        let ends = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&ends);
        let thread = std::thread::spawn(move || {
            let mut settings = Settings::new(SERIAL, plan().home.unwrap());
            settings.organization = organization();
            settings.pace = pace;
            let (mut broker, mut dock) = (broker, Simulator::new(settings));
            let step = |_: &Simulator| if told.load(Ordering::Relaxed) { Step::End } else { Step::On };
            run_simulator(&mut broker, &mut dock, &mut { step }).unwrap();
            dock.takeoffs()
        });
        Self { ends, thread: Some(thread) }
    }

    fn end(mut self) -> u32 {
        self.ends.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap()
    }
}

/// Follows a flight, giving each order once its state is reached.
fn follow(mosquitto: &Mosquitto, files: &FileServer, script: &[(&str, Order_)]) -> (State, Vec<Entry>) {
    let mut dock = Dock::of(SERIAL);
    dock.organization = organization();
    let flight = Flight {
        id: Uuid::now_v7(),
        file: files.file().clone(),
        waypoints: plan().waypoints.len(),
        lost_link: LostLink::GoHome,
        rth_altitude_m: 80,
        conditions: None,
        from: None,
        simulate: None,
    };
    let mut session = Session::new(dock, flight, now());
    let mut broker = mosquitto.connect("flyonce");
    let (orders, given) = bounded(8);
    let (mut script, mut entries, start) = (script.to_vec(), Vec::new(), Instant::now());
    run_session(&mut broker, &mut session, &given, &mut |session, news| {
        entries.extend(news);
        give(&mut script, session, &orders);
        if start.elapsed() > LONGEST { Step::End } else { Step::On }
    })
    .unwrap();
    (session.state().clone(), entries)
}

fn give(script: &mut Vec<(&str, Order_)>, session: &Session, orders: &Sender<Order>) {
    let Some((when, command)) = script.first().copied() else { return };
    let there = match (when, session.state()) {
        ("ready", State::Ready) | ("paused", State::Paused { .. }) => true,
        ("flying", State::Flying { progress }) => progress.waypoint.is_some(),
        _ => false,
    };
    if there {
        script.remove(0);
        orders.send(Order { command, actor: "li".into(), reason: "test".into() }).unwrap();
    }
}

#[expect(clippy::disallowed_methods, reason = "a real broker runs by a real clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

fn kmz() -> Vec<u8> {
    let m3td = missions::Aircraft::from_toml(include_str!("../../../configs/aircraft/m3td.toml")).unwrap();
    formats::write(&plan(), Format::Kmz, &m3td, 0).unwrap()
}

fn files() -> FileServer {
    FileServer::start(kmz(), ([127, 0, 0, 1], 0).into(), None, ("127.0.0.1", 1883)).unwrap()
}

#[test]
fn a_dock_at_a_real_broker_binds_flies_pauses_goes_on_and_comes_home() {
    let mosquitto = Mosquitto::start();
    let dock = SimulatedDock::start(mosquitto.connect(SERIAL), 40.0);
    let files = files();
    let (whole, _) = follow(&mosquitto, &files, &[("ready", Order_::Launch)]);
    assert_eq!(whole, State::Landed { left_at: None });
    assert_eq!(files.fetched(), 1);
    let script = [
        ("ready", Order_::Launch),
        ("flying", Order_::Pause),
        ("paused", Order_::Resume),
        ("flying", Order_::ReturnHome),
    ];
    let (left, entries) = follow(&mosquitto, &files, &script);
    assert!(matches!(left, State::Landed { left_at: Some(_) }), "{left:?}");
    let states: Vec<&str> = entries
        .iter()
        .filter_map(|entry| {
            if let What::Changed { words, .. } = &entry.what { Some(words.en.as_str()) } else { None }
        })
        .collect();
    println!("states at mosquitto: {states:?}");
    assert_eq!(dock.end(), 2);
}

#[test]
fn the_access_list_lets_nobody_speak_for_another_dock() {
    let mosquitto = Mosquitto::start();
    let mut cloud = mosquitto.connect("flyonce");
    let topics = Dock::of(SERIAL);
    cloud.subscribe(&Session::new(topics, flight_of_nobody(), now()).topics());
    let (mut forger, mut dock) = (mosquitto.connect("OTHER"), mosquitto.connect(SERIAL));
    for broker in [&mut cloud, &mut forger, &mut dock] {
        wait_for(broker, |heard| *heard == Heard::Connected);
    }
    let event = |serial: &str, bid: &str| Outgoing {
        topic: Topic::new(serial, Channel::Events),
        message: Message {
            tid: "t".into(),
            bid: bid.into(),
            timestamp: Some(now().as_millisecond()),
            method: Some("hms".into()),
            gateway: Some(SERIAL.into()),
            need_reply: None,
            data: serde_json::json!({"list": []}),
        },
    };
    // A broker keeps the order of one connection: what may be said comes, and what was said before it did not.
    cloud.subscribe(&["thing/product/OTHER/events".to_owned()]);
    let of = |heard: &Heard, topic: &str| matches!(heard, Heard::Message(one) if one.topic == topic);
    // The subscription may reach the broker after what another connection says: it is said until it comes.
    let start = Instant::now();
    let first = loop {
        assert!(start.elapsed() < LONGEST, "what may be said never came");
        forger.send(&[event(SERIAL, "forged"), event("OTHER", "own")]);
        let heard = cloud.hear(Duration::from_millis(500)).unwrap();
        if let Some(heard) = heard.filter(|heard| matches!(heard, Heard::Message(_))) {
            break heard;
        }
    };
    assert!(of(&first, "thing/product/OTHER/events"), "{first:?}");
    dock.send(&[event(SERIAL, "real")]);
    let own = format!("thing/product/{SERIAL}/events");
    let Heard::Message(incoming) = wait_for(&mut cloud, |heard| of(heard, &own)) else { panic!("{own}") };
    assert!(String::from_utf8(incoming.payload).unwrap().contains("real"));
}

#[test]
fn a_wrong_password_is_told() {
    let mosquitto = Mosquitto::start();
    let access = Access { password: Some("wrong".to_owned()), authorities: None };
    let mut broker = Broker::connect(&mosquitto.address("flyonce"), &access, "test").unwrap();
    let told = wait_for(&mut broker, |heard| matches!(heard, Heard::Lost(why) if why.contains("password")));
    assert!(matches!(told, Heard::Lost(_)));
}

fn flight_of_nobody() -> Flight {
    Flight {
        id: Uuid::nil(),
        file: missions::link::dock::body::File { url: String::new(), fingerprint: String::new() },
        waypoints: 1,
        lost_link: LostLink::GoHome,
        rth_altitude_m: 60,
        conditions: None,
        from: None,
        simulate: None,
    }
}

fn wait_for(broker: &mut Broker, fits: impl Fn(&Heard) -> bool) -> Heard {
    let start = Instant::now();
    while start.elapsed() < LONGEST {
        if let Some(heard) = broker.hear(Duration::from_millis(200)).unwrap().filter(&fits) {
            return heard;
        }
    }
    panic!("nothing of the kind came in {LONGEST:?}");
}
