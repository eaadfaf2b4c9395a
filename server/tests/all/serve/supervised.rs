//! A server under a supervisor: told to be ready, to live, to read again and to end; its log as JSON.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::tls::{HEALTH, ask, issue};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The service manager's end of the talk.
struct Supervisor(UnixDatagram);

impl Supervisor {
    fn bind(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).unwrap();
        socket.set_read_timeout(Some(Duration::from_mins(2))).unwrap();
        Self(socket)
    }

    /// Waits for a state, whatever else is told before.
    fn told(&self, state: &str) -> String {
        let mut bytes = [0; 1_000];
        loop {
            let length = self.0.recv(&mut bytes).unwrap();
            let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
            if text.lines().any(|line| line == state) {
                return text;
            }
        }
    }
}

fn configuration(folder: &Path, more: &str) -> String {
    let root = root().display();
    let text = format!(
        "departments = \"{root}/configs/departments.toml\"\nrules = \"{root}/configs/rules.toml\"\n{more}\n\
         [runtime]\nworkers = 1\n\
         [[packs]]\npath = \"{root}/models/packs/fume\"\n\
         [[zones]]\npath = \"{root}/sample-data/zones/districts.geojson\"\nlevel = \"district\"\nparent_key = \"\"\n\
         [serve.tls]\ncertificate = \"cert.pem\"\nkey = \"key.pem\"\n"
    );
    std::fs::write(folder.join("city.toml"), &text).unwrap();
    text
}

fn start(folder: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_flyonce"))
        .args(["serve", "--log-format", "json", "--listen", "127.0.0.1:0", "--config"])
        .arg(folder.join("city.toml"))
        .arg("--data")
        .arg(folder.join("data"))
        .current_dir(root())
        .env("NOTIFY_SOCKET", folder.join("notify"))
        .env("WATCHDOG_USEC", "2000000")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn a_supervisor_is_told_and_what_can_be_read_again_is() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    issue(folder, "one");
    configuration(folder, "");
    let supervisor = Supervisor::bind(&folder.join("notify"));
    let mut child = start(folder);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let greeting = lines.next().unwrap().unwrap();
    let (scheme, address) = greeting.rsplit_once(' ').unwrap().1.split_once("://").unwrap();
    let address: SocketAddr = address.parse().unwrap();
    assert_eq!(scheme, "https");
    supervisor.told("READY=1");
    supervisor.told("WATCHDOG=1");
    assert!(ask(address, &folder.join("cert.pem"), &[], HEALTH).1.contains("CN = one"));

    // A mistake changes nothing; what is right is in force at once, and what takes a new start is named.
    std::fs::write(folder.join("city.toml"), "[serve.limits]\ncaller_burst = 0").unwrap();
    signal(&child, "HUP");
    supervisor.told("RELOADING=1");
    supervisor.told("READY=1");
    issue(folder, "two");
    configuration(folder, "[review]\nrecheck_share = 0.5");
    signal(&child, "HUP");
    let told = supervisor.told("RELOADING=1");
    assert!(told.contains("MONOTONIC_USEC="), "{told}");
    supervisor.told("READY=1");
    assert!(ask(address, &folder.join("cert.pem"), &[], HEALTH).1.contains("CN = two"));

    signal(&child, "TERM");
    supervisor.told("STOPPING=1");
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(child.wait().unwrap().success(), "{log}");
    let log: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said = |words: &[&str]| {
        let has = |entry: &&Value| {
            words.iter().all(|word| entry["message"].as_str().unwrap_or_default().contains(word))
        };
        let entry = log.iter().find(has);
        let entry = entry.unwrap_or_else(|| panic!("{words:?} is not in {log:?}"));
        assert!(entry["timestamp"].is_string() && entry["level"].is_string(), "{entry}");
    };
    said(&["nothing is read again", "caller_burst"]);
    said(&["read again: [serve]", "at the next start only: review"]);
}

#[test]
fn systemd_takes_the_unit() {
    let unit = std::fs::read_to_string(root().join("configs/systemd/flyonce.service")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flyonce.service");
    // The program is where it is built, not where it will be installed.
    std::fs::write(&file, unit.replace("/usr/local/bin/flyonce", env!("CARGO_BIN_EXE_flyonce"))).unwrap();
    match Command::new("systemd-analyze").arg("verify").arg(&file).output() {
        Ok(done) => {
            let said = String::from_utf8_lossy(&done.stderr);
            assert!(done.status.success() && !said.contains("flyonce"), "{said}");
        }
        Err(_) => println!("the unit of systemd: not measured, systemd-analyze is not installed"),
    }
}
