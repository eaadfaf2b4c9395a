//! A whole mission in the page of a real server: planned, launched on a simulated dock, followed, and what it saw reviewed and proved.

use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::command::{binary, root};
use crate::serve::{Server, demo_config, in_a_browser};

const SERIAL: &str = "7CTDM3D00BRT8K";
/// Frames that are looked at each second: enough to believe what is there, and little to wait for.
const FPS: f64 = 2.0;
const PASSWORD: &str = "correct horse battery";

/// A process that ends with the test.
struct Killed(Child);

impl Killed {
    fn start(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Self(child.expect("it starts: scripts/setup.sh installs what is needed"))
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A broker of this test alone.
fn mosquitto(folder: &Path) -> (Killed, u16) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = folder.join("mosquitto.conf");
    std::fs::write(&config, format!("user root\nallow_anonymous true\nlistener {port} 127.0.0.1\n")).unwrap();
    (Killed::start(Command::new("/usr/sbin/mosquitto").arg("-c").arg(config)), port)
}

/// A simulated dock at a broker of this test alone.
fn dock(folder: &Path) -> (Killed, Killed, u16) {
    let (broker, port) = mosquitto(folder);
    let address = format!("mqtt://127.0.0.1:{port}/{SERIAL}");
    let stands = ["--home", "28.96884,118.87005", "--binding-code", "4711", "--pace", "10"];
    let mut simulated = Command::new(binary());
    (broker, Killed::start(simulated.args(["mission", "simulate-dock", &address]).args(stands)), port)
}

/// The sample city with nothing but a dock that flies the camera of the sample flight.
fn city(folder: &Path, port: u16, change: impl FnOnce(&mut toml::Table)) -> std::path::PathBuf {
    demo_config(folder, |config| {
        config.remove("sources");
        config["analysis"]["fps"] = FPS.into();
        let dock = format!(
            "id = 'dock-east'\nname_zh = '东区机库'\nuri = 'dji-dock:mqtt://127.0.0.1:{port}/{SERIAL}'\nbinding_code = '4711'\n\
             resource_listen = '127.0.0.1:0'\nprofile = '../sample-data/flight/aircraft.toml'\nvideo = '../sample-data/flight/flight.ts'\n\
             recorded = true\nhome = {{ lat_deg = 28.96884, lon_deg = 118.87005 }}"
        );
        let dock: toml::Table = toml::from_str(&dock).unwrap();
        change(config);
        config.insert("vehicles".to_owned(), toml::Value::Array(vec![dock.into()]));
    })
}

fn person(name: &str, role: &str, data: &Path) {
    let mut child = Command::new(binary())
        .args(["users", name, "--role", role, "--data"])
        .arg(data)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_flight_is_planned_launched_followed_and_proved_in_the_page_of_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (_broker, _dock, port) = dock(folder.path());
    std::fs::create_dir_all(&data).unwrap();
    person("pilot", "operator", &data);
    person("li", "analyst", &data);
    let server = Server::start(&city(folder.path(), port, |_| ()), &data);
    let out = root().join("web/tests/out").to_string_lossy().into_owned();
    in_a_browser("tests/product/flight.mjs", &[&server.address, PASSWORD, &out]);
}

#[test]
fn one_command_flies_a_mission_from_the_plan_to_reviewed_tasks_and_says_each_step() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("fly");
    let flown = Command::new("python3")
        .arg(root().join("scripts/fly.py"))
        .env("FLYONCE", binary())
        .env("OUT", &out)
        .env("FPS", FPS.to_string())
        .stdin(Stdio::null())
        .output()
        .expect("python3 is there: scripts/setup.sh");
    let told = String::from_utf8_lossy(&flown.stdout).into_owned();
    assert!(flown.status.success(), "{told}\n{}", String::from_utf8_lossy(&flown.stderr));
    for words in [
        "nothing found 未发现问题",
        "flown to its end and landed 航线已完成,已降落",
        "tasks that wait for an analyst",
        "% seen at 15 cm a pixel or finer",
        "what is left is planned as a flight",
        "tasks went out to their departments",
    ] {
        assert!(told.contains(words), "no {words:?} in: {told}");
    }
}

/// Reports something at a place of the sample city and says that its department dealt with it; returns the task.
fn reported_and_done(server: &Server, key: &str, class: &str, at: (f64, f64)) -> String {
    let form = format!("api_key={key}&service_code={class}&lat={}&long={}", at.0, at.1);
    let url = format!("{}/open311/v2/requests.json", server.address);
    let request = server.agent.post(url).content_type("application/x-www-form-urlencoded");
    let text = request.send(form).unwrap().body_mut().read_to_string().unwrap();
    let made: Value = serde_json::from_str(&text).unwrap();
    let path = format!("/v1/incidents/{}", made[0]["service_request_id"].as_str().expect(&text));
    let task = || server.get(&path)["task"].clone();
    for step in ["confirm", "accept", "arrive", "finish"] {
        let before = task();
        let what = json!({"act": {"kind": "step", "task": before["id"], "step": {"step": step}}});
        let expected = json!([{"subject": {"task": before["id"]}, "version": before["version"]}]);
        server.post("/v1/operations", &json!({"what": what, "reason": "dealt with", "expected": expected}));
    }
    assert_eq!(task()["state"], "done");
    task()["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_flight_that_work_reported_done_proposes_closes_what_is_gone_and_opens_what_is_still_there() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (_broker, _dock, port) = dock(folder.path());
    std::fs::create_dir_all(&data).unwrap();
    let made =
        Command::new(binary()).args(["tokens", "portal", "--scope", "submit", "--data"]).arg(&data).output();
    let key = String::from_utf8(made.unwrap().stdout).unwrap().trim().to_owned();
    let config = city(folder.path(), port, |config| {
        let review = toml::toml! { verify_by_flight = ["waterlogging", "dumping"] };
        config.insert("review".to_owned(), review.into());
        // The sample flight shows a place for two seconds; a real one stays until the usual value is enough.
        let dumping = config["dedupe"]["classes"]["dumping"].as_table_mut().unwrap();
        dumping.insert("existence".to_owned(), toml::toml! { detect = 0.95 }.into());
    });
    let server = Server::start(&config, &data);

    // A puddle that the sample flight shows, and a heap where it shows a clear street.
    let there = reported_and_done(&server, &key, "waterlogging", (28.970_27, 118.869_98));
    let gone = reported_and_done(&server, &key, "dumping", (28.969_91, 118.869_918));
    let of = |missions: &Value, task: &str| {
        missions["items"].as_array().unwrap().iter().find(|one| one["for_task"] == task).cloned()
    };
    let both = |missions: &Value| of(missions, &there).is_some() && of(missions, &gone).is_some();
    let missions = server.wait("/v1/missions", "a flight for each", both);
    let mission = of(&missions, &gone).unwrap();
    assert_eq!(mission["warnings"], json!([]), "its dock's home is known");
    let path = format!("/v1/missions/{}", mission["id"].as_str().unwrap());
    let word = json!({"vehicle": "dock-east", "reason": "is it done", "confirmed": true});
    assert_eq!(server.post(&format!("{path}/launch"), &word)["for_task"], gone.as_str());

    let closed = server.wait(&path, "the task is closed", |mission| mission["task"]["state"] == "closed");
    assert_eq!(closed["task"]["id"], gone.as_str());
    let still_there = |queue: &Value| {
        queue["items"].as_array().unwrap().iter().any(|case| case["task"]["id"] == there.as_str())
    };
    let waiting = server.wait("/v1/queue?state=waiting", "the other is before a person again", still_there);
    let again = waiting["items"].as_array().unwrap().iter().find(|case| case["task"]["id"] == there.as_str());
    let incident = server.get(&format!("/v1/incidents/{}", again.unwrap()["id"].as_str().unwrap()));
    assert!(incident.to_string().contains("still seen in"), "{incident}");
    let proposals = server.wait("/v1/missions", "its flight is taken back", |all| of(all, &there).is_none());
    assert!(of(&proposals, &gone).is_some(), "what was flown stays on record");
}
