//! `flyonce mission launch` as a person runs it: against the simulated vehicle, and against one whose protocol is MAVSDK's.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use crate::command::{assert_refused, binary, flyonce, root};

const HOME: &str = "28.9676,118.8672";
const FIELD: &str = r#"{"type":"Polygon","coordinates":[[[118.8660,28.9680],[118.8685,28.9680],[118.8685,28.9700],[118.8660,28.9700],[118.8660,28.9680]]]}"#;

/// A process that ends with the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn plan(folder: &Path) -> String {
    plan_at(folder, "2.5cm")
}

fn plan_at(folder: &Path, gsd: &str) -> String {
    let out = folder.join(format!("{gsd}.plan")).to_string_lossy().into_owned();
    let area = folder.join("a.geojson");
    std::fs::write(&area, FIELD).unwrap();
    let area = area.to_string_lossy();
    let arguments = ["mission", "plan", "--area", &area, "--gsd", gsd, "--profile", "multicopter"];
    let made = flyonce(&[&arguments[..], &["--home", HOME, "--out", &out]].concat());
    assert!(made.status.success(), "{made:?}");
    out
}

/// Starts something that prints its first line when it is there.
fn started(command: &mut Command) -> (Killed, BufReader<ChildStdout>, String) {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    (Killed(child), out, line.trim().to_owned())
}

fn vehicle(more: &[&str]) -> (Killed, BufReader<ChildStdout>, String) {
    let own = ["mission", "simulate-vehicle", "--listen", "127.0.0.1:0", "--home", HOME];
    started(Command::new(binary()).args(own).args(more))
}

fn launch_arguments<'a>(vehicle: &'a str, out: &'a str, flight: &'a str) -> Vec<&'a str> {
    let launch = ["mission", "launch", "--vehicle", vehicle, "--out", out, "--flight", flight, "--yes"];
    let people = ["--actor", "王五", "--reason", "积水核查", "--wind", "3m/s@270"];
    [&launch[..], &people].concat()
}

fn launch(plan: &str, vehicle: &str, out: &str, flight: &str) -> Output {
    flyonce(&[launch_arguments(vehicle, out, flight), vec![plan]].concat())
}

fn entries(output: &[u8]) -> Vec<Value> {
    String::from_utf8_lossy(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn states(entries: &[Value]) -> Vec<&str> {
    let changed = entries.iter().filter(|entry| entry["event"] == "changed");
    changed.filter_map(|entry| entry["state"].as_str()).collect()
}

#[test]
fn a_plan_is_launched_once_and_its_record_tells_every_step() {
    let folder = tempfile::tempdir().unwrap();
    let (plan, out) = (plan(folder.path()), folder.path().join("flights").to_string_lossy().into_owned());
    let (_vehicle, _, address) = vehicle(&["--pace", "20", "--loss", "0.1"]);
    let flown = launch(&plan, &address, &out, "f1");
    assert!(flown.status.success(), "{flown:?}");
    let record = entries(&flown.stdout);
    assert_eq!(states(&record), ["gate", "uploading", "ready", "launching", "flying", "returning", "landed"]);
    assert!(record.iter().all(|entry| entry["flight_id"] == "f1" && entry["at"].is_string()));
    let orders: Vec<&Value> = record.iter().filter(|entry| entry["event"] == "ordered").collect();
    assert_eq!(orders.len(), 2, "{orders:?}");
    assert!(orders.iter().all(|order| order["actor"] == "王五" && order["reason"] == "积水核查"));
    assert_eq!((&orders[0]["answer"], &orders[1]["answer"]), (&"sent".into(), &"accepted".into()));
    let kept = std::fs::read(folder.path().join("flights/f1/record.jsonl")).unwrap();
    assert_eq!(entries(&kept), record);
    let said = String::from_utf8_lossy(&flown.stderr);
    assert!(said.contains("battery 97 % 电量 97%") && said.contains("已降落"), "{said}");
    assert_refused(
        &launch(&plan, &address, &out, "f1"),
        &["f1 was launched before", "nothing is started twice"],
    );
    let resume = flyonce(&[launch_arguments(&address, &out, "f1"), vec!["--resume"]].concat());
    assert_refused(&resume, &["flown to its end"]);
}

#[test]
fn a_second_command_holds_a_flight_and_calls_it_home_and_the_rest_is_flown_later() {
    let folder = tempfile::tempdir().unwrap();
    let (plan, out) = (plan(folder.path()), folder.path().join("flights").to_string_lossy().into_owned());
    let (_vehicle, _, address) = vehicle(&["--pace", "15"]);
    let arguments = [launch_arguments(&address, &out, "f2"), vec![&plan]].concat();
    let mut flying = Command::new(binary());
    flying
        .args(arguments)
        .current_dir(root())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut flying = Killed(flying.spawn().unwrap());
    let mut told = BufReader::new(flying.0.stdout.take().unwrap());
    let mut comes = |state: &str| {
        let (mut line, wanted) = (String::new(), format!(r#""state":"{state}""#));
        while !line.contains(&wanted) {
            line.clear();
            assert!(told.read_line(&mut line).unwrap() > 0, "it ended before it was {state}");
        }
    };
    comes("flying");
    let order = |what: &str| {
        flyonce(&["mission", "order", "f2", what, "--actor", "赵六", "--reason", "test", "--out", &out])
    };
    assert_refused(&launch(&plan, &address, &out, "f3"), &["is being flown by 王五"]);
    let held = order("pause");
    assert!(held.status.success(), "{held:?}");
    comes("paused");
    assert_refused(&order("pause"), &["refused"]);
    let high = plan_at(folder.path(), "4cm");
    let change = ["mission", "order", "f2", "change", "--plan", &high, "--actor", "赵六", "--reason", "test"];
    assert_refused(
        &flyonce(&[&change[..], &["--out", &out]].concat()),
        &["ceiling of 120 m", "lower the leg"],
    );
    assert!(order("resume").status.success());
    assert!(order("return-home").status.success());
    let mut rest = String::new();
    told.read_to_string(&mut rest).unwrap();
    assert_eq!(flying.0.wait().unwrap().code(), Some(1));
    let last = entries(rest.as_bytes()).pop().unwrap();
    assert_eq!(last["state"], "landed");
    assert!(last["left_at"].is_object(), "{last}");
    assert!(rest.contains("赵六"), "{rest}");
    let resumed = flyonce(&[launch_arguments(&address, &out, "f2"), vec!["--resume"]].concat());
    assert!(resumed.status.success(), "{resumed:?}");
}

#[test]
fn what_must_not_fly_stays_on_the_ground() {
    let folder = tempfile::tempdir().unwrap();
    let (plan, out) = (plan(folder.path()), folder.path().join("flights").to_string_lossy().into_owned());
    let (_vehicle, _, address) = vehicle(&["--battery", "20"]);
    let refused = launch(&plan, &address, &out, "f4");
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("battery 20 %, less than 50 %") && said.contains("请更换或充电电池"), "{said}");
    assert_eq!(states(&entries(&refused.stdout)), ["gate", "failed"]);
    let high = plan_at(folder.path(), "4cm");
    let refused = launch(&high, &address, &out, "f5");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("163.4 m above take-off") && said.contains("超过限高 120 米"), "{said}");
    assert_eq!(states(&entries(&refused.stdout)), ["gate", "failed"]);
    let permitted = [launch_arguments(&address, &out, "f6"), vec![&high, "--ceiling", "200"]].concat();
    let said = String::from_utf8_lossy(&flyonce(&permitted).stderr).into_owned();
    assert!(said.contains("ok  the plan's check found nothing"), "{said}");
    let alone = ["mission", "launch", &plan, "--vehicle", &address, "--actor", "a", "--reason", "b"];
    assert_refused(&flyonce(&alone), &["a person confirms the start"]);
    let nobody = ["mission", "launch", &plan, "--vehicle", &address, "--yes"];
    let output = flyonce(&nobody);
    assert!(String::from_utf8_lossy(&output.stderr).contains("--actor"), "{output:?}");
    let unknown = ["mission", "order", "f9", "pause", "--actor", "a", "--reason", "b", "--out", &out];
    assert_refused(&flyonce(&unknown), &["no flight in"]);
}

/// MAVSDK's interpreter; none after saying that nothing was measured.
fn mavsdk() -> Option<PathBuf> {
    static MADE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let made = Command::new(root().join("scripts/mavsdk.sh")).stderr(Stdio::null()).output().unwrap();
        made.status.success().then(|| root().join(String::from_utf8_lossy(&made.stdout).trim()))
    });
    if made.is_none() {
        println!("not measured: MAVSDK could not be installed from PyPI");
    }
    made.clone()
}

#[test]
fn a_vehicle_that_speaks_by_mavsdk_takes_the_plan_and_flies_it() {
    let Some(python) = mavsdk() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (plan, out) = (plan(folder.path()), folder.path().join("flights").to_string_lossy().into_owned());
    let place: Vec<&str> = HOME.split(',').collect();
    for run in 1..=3 {
        let port = free_port();
        let mut command = Command::new(&python);
        command.arg("-u").arg(root().join("tests/mavsdk/vehicle.py")).args([&port, place[0], place[1]]);
        let (vehicle, told, _) = started(&mut command);
        // What it prints must be read, so that it never waits.
        let beside = std::thread::spawn(move || told.lines().map_while(Result::ok).collect::<Vec<String>>());
        let flown = launch(&plan, &format!("mavlink:udp://127.0.0.1:{port}"), &out, &format!("m{run}"));
        let said = String::from_utf8_lossy(&flown.stderr).into_owned();
        assert!(flown.status.success(), "{said}");
        drop(vehicle);
        let lines = beside.join().unwrap();
        assert!(lines.iter().any(|line| line.contains(r#""landed": true"#)), "{lines:?}");
        let record = entries(&flown.stdout);
        println!("MAVSDK 4.1.0, run {run}: {}", states(&record).join(" "));
    }
}

#[test]
fn a_station_that_speaks_by_mavsdk_reads_the_plan_and_flies_the_simulated_vehicle() {
    let Some(python) = mavsdk() else { return };
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path());
    let (_vehicle, _, address) = vehicle(&["--pace", "20"]);
    let mut station = Command::new(python);
    let flown = station.arg(root().join("tests/mavsdk/station.py")).args([&address, &plan]).output().unwrap();
    let text = String::from_utf8_lossy(&flown.stdout).into_owned();
    let told: Value = serde_json::from_str(text.lines().last().unwrap_or_default()).unwrap_or_default();
    assert!(flown.status.success() && told["same"] == true && told["landed"] == true, "{flown:?}");
    assert!(told["items"].as_u64().unwrap() > 5, "{told}");
}

fn free_port() -> String {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().port().to_string()
}
