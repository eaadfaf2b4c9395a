//! `flyonce serve` as a process: real video in, decisions in a real browser, killed and started again.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::Agent;

use crate::command::{assert_refused, binary, flyonce, root};

/// Longest wait for what the street camera shows, generous because other tests run beside it.
pub const LIMIT: Duration = Duration::from_mins(4);

/// A server, killed when the test ends.
pub struct Server {
    pub child: Child,
    /// Where it is.
    pub address: String,
    link: String,
    pub agent: Agent,
    pub cookie: String,
    csrf: String,
}

impl Server {
    /// Starts it and signs in.
    pub fn start(config: &Path, data: &Path) -> Self {
        Self::start_by(&mut Command::new(binary()), config, data, Stdio::null())
    }

    /// Starts it by a command that ends by running the binary with the arguments that follow.
    pub fn start_by(command: &mut Command, config: &Path, data: &Path, log: Stdio) -> Self {
        let mut child = command
            .args(["serve", "--review", "--listen", "127.0.0.1:0", "--config"])
            .arg(config)
            .arg("--data")
            .arg(data)
            .current_dir(root())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("flyonce starts");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut last_word = || lines.next().unwrap().unwrap().rsplit(' ').next().unwrap().to_owned();
        let (address, link) = (last_word(), last_word());
        let config = Agent::config_builder().max_redirects(0).http_status_as_error(false).build();
        let mut server =
            Self { child, address, link, agent: config.into(), cookie: String::new(), csrf: String::new() };
        server.sign_in();
        server
    }

    fn sign_in(&mut self) {
        let answer = self.agent.get(&self.link).call().unwrap();
        assert_eq!(answer.status(), 303, "the link signs in");
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"));
        cookie.split(';').next().unwrap().clone_into(&mut self.cookie);
        let session = self.get("/v1/session");
        session["csrf"].as_str().unwrap().clone_into(&mut self.csrf);
        assert_eq!(self.agent.get(&self.link).call().unwrap().status(), 401, "once only");
    }

    pub fn get(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.address);
        let mut answer = self.agent.get(url).header("cookie", &self.cookie).call().unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        assert_eq!(answer.status(), 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.agent.post(format!("{}{path}", self.address));
        let request = request.header("cookie", &self.cookie).header("x-csrf", &self.csrf);
        let sent = request.content_type("application/json").send(body.to_string());
        let text = sent.unwrap().body_mut().read_to_string().unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Waits for a condition and returns what met it.
    pub fn wait(&self, path: &str, what: &str, met: impl Fn(&Value) -> bool) -> Value {
        let start = Instant::now();
        let mut cursor = 0;
        loop {
            let value = self.get(path);
            if met(&value) {
                return value;
            }
            assert!(start.elapsed() < LIMIT, "not within {LIMIT:?}: {what}; last: {value}");
            // Waits at the server for the next event.
            let page = self.get(&format!("/v1/feed?after={cursor}&limit=1000&wait=1"));
            cursor = page["next"].as_u64().unwrap();
        }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn terminate(mut self) -> ExitStatus {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.child.wait().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
    }
}

/// The sample city, changed, in a folder of its own.
pub fn demo_config(folder: &Path, change: impl FnOnce(&mut toml::Table)) -> std::path::PathBuf {
    let demo = std::fs::read_to_string(root().join("configs/demo.toml")).unwrap();
    let mut config: toml::Table = toml::from_str(&demo).unwrap();
    change(&mut config);
    let absolute = |text: &str| root().join("configs").join(text).to_string_lossy().into_owned();
    let text = toml::to_string(&config).unwrap();
    let text = text.replace("\"../", &format!("\"{}/", absolute("..")));
    let text = text.replace("\"departments.toml\"", &format!("{:?}", absolute("departments.toml")));
    let text = text.replace("\"rules.toml\"", &format!("{:?}", absolute("rules.toml")));
    let path = folder.join("city.toml");
    std::fs::write(&path, text).unwrap();
    path
}

/// The sample city with the street camera only.
pub fn street_config(folder: &Path) -> std::path::PathBuf {
    demo_config(folder, |config| {
        let sources = config["sources"].as_array_mut().unwrap();
        sources.retain(|source| source["id"].as_str() == Some("street"));
    })
}

pub fn ended(sources: &Value) -> bool {
    sources[0]["state"] == "ended"
}

/// Incidents that became tasks, with where they lie.
pub fn found(server: &Server) -> Vec<(String, String)> {
    let items = server.get("/v1/queue?state=all&limit=500")["items"].as_array().unwrap().clone();
    let with_task = items.iter().filter(|case| !case["task"].is_null());
    let mut all: Vec<_> = with_task.map(|case| (case["class"].to_string(), case["id"].to_string())).collect();
    all.sort();
    all
}

#[test]
fn a_server_that_is_killed_and_started_again_finds_everything_once_and_keeps_decisions() {
    let folder = tempfile::tempdir().unwrap();
    let (config, data) = (street_config(folder.path()), folder.path().join("data"));
    let server = Server::start(&config, &data);
    let queue = "/v1/queue?state=waiting";
    let first = server.wait(queue, "a first task", |queue| queue["total"].as_u64() > Some(0));
    let task = first["items"][0]["task"]["id"].clone();
    let confirm =
        json!({"what": {"act": {"kind": "step", "task": task, "step": {"step": "confirm"}}}, "reason": ""});
    let done = server.post("/v1/operations", &confirm);
    assert_eq!(done["incidents"][0]["task"]["state"], "dispatched", "{done}");
    server.kill();

    let server = Server::start(&config, &data);
    server.wait("/v1/sources", "the end of the video", ended);
    let all = found(&server);
    assert!(!all.is_empty());
    let kept = server.get("/v1/queue?state=sent");
    assert!(kept["items"].as_array().unwrap().iter().any(|case| case["task"]["id"] == task), "{kept}");
    assert!(server.terminate().success(), "a server that is told to end ends in order");

    let server = Server::start(&config, &data);
    server.wait("/v1/sources", "the end of the video", ended);
    assert_eq!(found(&server), all, "the same video again finds nothing new");
    let still = &server.get("/v1/queue?state=all&limit=500")["items"][0]["stills"][0]["url"];
    let url = format!("{}{}", server.address, still.as_str().unwrap());
    let mut picture = server.agent.get(url).header("cookie", &server.cookie).call().unwrap();
    assert!(picture.body_mut().read_to_vec().unwrap().starts_with(&[0xff, 0xd8]), "a JPEG");
    let metrics = server.agent.get(format!("{}/metrics", server.address)).call();
    let metrics = metrics.unwrap().body_mut().read_to_string().unwrap();
    assert!(metrics.contains("flyonce_frames_received_total{source=\"street\"}"), "{metrics}");
    server.post("/v1/operations", &json!({"what": {"undo": {"task": task}}, "reason": ""}));
    work_in_a_browser(&server);
}

/// Works the queue by keyboard, in Chromium.
fn work_in_a_browser(server: &Server) {
    let (name, secret) = server.cookie.split_once('=').unwrap();
    in_a_browser("tests/product/desk.mjs", &[&server.address, name, secret]);
}

/// Runs a script that drives Chromium; it tells on standard error what was not met.
pub fn in_a_browser(script: &str, arguments: &[&str]) {
    let playwright = root().join("web/node_modules/playwright-core");
    if !playwright.exists() {
        println!("not tried in a browser: scripts/web.sh has not installed playwright-core");
        return;
    }
    // What scripts/web.sh fetched where the system has none that is new enough.
    let fetched = root().join(".runtime/node/bin/node");
    let node = if fetched.exists() { fetched } else { "node".into() };
    let script = Command::new(node)
        .arg(root().join(script))
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("node is there once scripts/web.sh has run");
    let told = String::from_utf8_lossy(&script.stdout);
    assert!(script.status.success(), "{told}\n{}", String::from_utf8_lossy(&script.stderr));
    println!("{told}");
}

#[test]
fn what_cannot_be_served_is_told_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("no.toml");
    assert_refused(&flyonce(&["serve", "--config", missing.to_str().unwrap()]), &["no.toml"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let config = street_config(folder.path());
    let data = folder.path().to_str().unwrap();
    let refused =
        flyonce(&["serve", "--config", config.to_str().unwrap(), "--listen", &address, "--data", data]);
    assert_refused(&refused, &["cannot listen", &address]);
}
