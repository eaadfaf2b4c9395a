//! Traces of a whole server, at a collector that decodes them by OpenTelemetry's own definitions.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;

use crate::command::root;
use crate::serve::{LIMIT, Server, ended, found, street_config};

/// A collector that is also the receiver of a webhook; ended with the test.
struct Collector {
    child: Child,
    address: String,
    lines: Receiver<Value>,
}

impl Drop for Collector {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Collector {
    fn start() -> Option<Self> {
        let python = root().join("target/outside/venv/bin/python");
        if !python.exists() {
            println!("traces at a collector from outside: not measured, scripts/outside.sh was not run");
            return None;
        }
        let script = root().join("server/tests/outside/otlp_collector.py");
        let mut child = Command::new(python).arg(script).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.next().unwrap().unwrap();
        let (send, received) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                drop(send.send(serde_json::from_str(&line).unwrap()));
            }
        });
        Some(Self { child, address, lines: received })
    }

    /// Waits for a line.
    fn until(&self, what: &str, met: impl Fn(&Value) -> bool, all: &mut Vec<Value>) {
        while !all.iter().any(&met) {
            all.push(
                self.lines.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("never came: {what}; {all:?}")),
            );
        }
    }
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

#[test]
fn a_delivery_is_traced_back_to_the_frame_that_its_incident_began_with() {
    let Some(collector) = Collector::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
    let config = street_config(folder.path());
    let more = format!(
        "\n[traces]\nendpoint = '{0}/v1/traces'\nservice_name = 'flyonce-test'\n\n\
         [[webhooks]]\nid = 'hub'\nurl = '{0}/hook'\nsecret_file = {secret:?}\nallow = ['127.0.0.1']\n",
        collector.address
    );
    std::fs::write(&config, std::fs::read_to_string(&config).unwrap() + &more).unwrap();
    let server = Server::start(&config, &folder.path().join("data"));
    server.wait("/v1/sources", "the end of the video", ended);
    let incident = found(&server)[0].1.trim_matches('"').to_owned();
    let trace = incident.replace('-', "");

    let mut all = Vec::new();
    let hooked =
        |line: &Value| line["webhook"]["traceparent"].as_str().is_some_and(|words| words.contains(&trace));
    collector.until("a webhook within the trace", hooked, &mut all);
    let words =
        all.iter().find(|line| hooked(line)).unwrap()["webhook"]["traceparent"].as_str().unwrap().to_owned();
    let sent = words.split('-').nth(2).unwrap().to_owned();
    for (key, value) in [("id", sent.as_str()), ("name", "task")] {
        let is = |line: &Value| line["span"]["trace"] == trace.as_str() && line["span"][key] == value;
        collector.until("a span", is, &mut all);
    }

    let spans: Vec<&Value> =
        all.iter().map(|line| &line["span"]).filter(|span| span["trace"] == trace.as_str()).collect();
    let by_id: BTreeMap<&str, &&Value> =
        spans.iter().map(|span| (span["id"].as_str().unwrap(), span)).collect();
    let root = spans.iter().find(|span| span["parent"] == "").expect("the frame it began with");
    assert_eq!((root["name"].as_str(), root["service"].as_str()), (Some("frame"), Some("flyonce-test")));
    assert_eq!(root["attributes"]["flyonce.source"], "street");
    assert_eq!(root["attributes"]["flyonce.incident"], incident.as_str());
    let child =
        |name: &str| spans.iter().find(|span| span["name"] == name && span["parent"] == root["id"]).unwrap();
    let (detect, absorb, task) = (child("detect"), child("absorb"), child("task"));
    assert!(
        number(&root["begun"]) <= number(&detect["begun"])
            && number(&detect["ended"]) <= number(&absorb["begun"]) + 1_000_000
    );
    assert!(number(&absorb["ended"]) <= number(&task["begun"]) + 1_000_000, "{absorb} {task}");
    let deliver = by_id[sent.as_str()];
    assert_eq!(
        (deliver["name"].as_str(), deliver["kind"].as_u64()),
        (Some("deliver"), Some(4)),
        "a producer"
    );
    assert_eq!(
        (deliver["attributes"]["flyonce.consumer"].as_str(), deliver["failed"].as_str()),
        (Some("hub"), None)
    );
    assert_eq!(deliver["parent"], root["id"]);
    assert!(server.terminate().success());
}
