//! A whole mission in the page of a real server: planned, launched on a simulated dock, followed, and what it saw reviewed and proved.

use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

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

/// The sample city with nothing but a dock that flies the camera of the sample flight.
fn city(folder: &Path, port: u16) -> std::path::PathBuf {
    demo_config(folder, |config| {
        config.remove("sources");
        config["analysis"]["fps"] = FPS.into();
        let dock = format!(
            "id = 'dock-east'\nname_zh = '东区机库'\nuri = 'dji-dock:mqtt://127.0.0.1:{port}/{SERIAL}'\nbinding_code = '4711'\n\
             resource_listen = '127.0.0.1:0'\nprofile = '../sample-data/flight/aircraft.toml'\nvideo = '../sample-data/flight/flight.ts'"
        );
        let dock: toml::Table = toml::from_str(&dock).unwrap();
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
    let (_broker, port) = mosquitto(folder.path());
    let dock = format!("mqtt://127.0.0.1:{port}/{SERIAL}");
    let stands = ["--home", "28.96884,118.87005", "--binding-code", "4711", "--pace", "10"];
    let _dock = Killed::start(Command::new(binary()).args(["mission", "simulate-dock", &dock]).args(stands));
    std::fs::create_dir_all(&data).unwrap();
    person("pilot", "operator", &data);
    person("li", "analyst", &data);
    let server = Server::start(&city(folder.path(), port), &data);
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
