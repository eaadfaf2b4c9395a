//! DJI Cloud API: the messages in which an aircraft tells where it is and where its cameras look.
//!
//! A file holds one message a line, as a broker's log does (with or without the topic before the message), one message
//! alone, or an array of them.
//!
//! | message | read |
//! | --- | --- |
//! | MQTT `thing/product/{sn}/osd` of an aircraft | position, heights, attitude, gimbal, laser, state of the fix |
//! | `osd_info_push` of live flight control | position, height, heading, gimbal |
//! | WebSocket `device_osd` | position, heights, heading |
//! | `osd` of docks and remote controllers | counted: their position is not the camera's |
//! | every other method | counted by name |
//!
//! `height` is ellipsoidal, `elevation` above take-off, `attitude_head` against true north, as the maker states. Whether
//! `gimbal_yaw` counts from true north it does not state; it is read as in the same maker's pictures, where it does.
//!
//! # References
//! DJI Cloud API, device properties (aircraft), topic definition, live flight control.

mod to_record;

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::{Problem, TelemetryError};
use super::record::{Reading, Record};

const KIND: &str = "DJI OSD messages";
/// Start of the topic of everything devices send.
const TOPIC: &str = "thing/product/";

/// Says whether a text starts like messages: an object, an array of them, or a topic.
pub fn is_messages(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let is_array = text.strip_prefix('[').is_some_and(|rest| rest.trim_start().starts_with('{'));
    text.starts_with('{') || is_array || text.starts_with(TOPIC)
}

/// Reads the messages of a file.
///
/// # Errors
/// When none of them tells where an aircraft is or where it looks.
pub fn read(name: &str, bytes: &[u8]) -> Result<Reading, TelemetryError> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}');
    let mut found = Found::default();
    match serde_json::from_str(text) {
        Ok(Value::Array(messages)) => {
            for message in &messages {
                found.take(1, None, message);
            }
        }
        Ok(message) => found.take(1, None, &message),
        Err(_) => {
            for (index, line) in text.lines().enumerate() {
                found.take_line(index + 1, line);
            }
        }
    }
    found.finish(name)
}

#[derive(Default)]
struct Found {
    records: Vec<Record>,
    problems: Vec<Problem>,
    skipped: BTreeMap<String, usize>,
}

impl Found {
    fn take_line(&mut self, number: usize, line: &str) {
        let line = line.trim();
        if line.is_empty() {
            return;
        }
        let (topic, message) = match line.find('{') {
            Some(at) if line.starts_with(TOPIC) => line.split_at(at),
            _ => ("", line),
        };
        let topic = Some(topic.trim()).filter(|topic| !topic.is_empty());
        match serde_json::from_str(message) {
            Ok(message) => self.take(number, topic, &message),
            Err(error) => self.problems.push(Problem::in_line(number, no_json(&error))),
        }
    }

    fn take(&mut self, line: usize, topic: Option<&str>, message: &Value) {
        let topic = topic.or_else(|| message.get("topic").and_then(Value::as_str));
        let message = message.get("payload").filter(|inner| inner.is_object()).unwrap_or(message);
        if !message.is_object() {
            self.problems.push(Problem::in_line(line, "the JSON is no message but a bare value"));
            return;
        }
        match aircraft(topic, message) {
            Ok(data) => {
                let mut whats = Vec::new();
                self.records.push(to_record::record(topic, message, data, &mut whats));
                self.problems.extend(whats.into_iter().map(|what| Problem::in_line(line, what)));
            }
            Err(other) => *self.skipped.entry(other).or_default() += 1,
        }
    }

    fn finish(self, name: &str) -> Result<Reading, TelemetryError> {
        let Self { records, problems, skipped } = self;
        if records.is_empty() {
            let read_past: usize = skipped.values().sum();
            let first = problems.first().map(|problem| format!(" ({problem})")).unwrap_or_default();
            let reason = format!(
                "none of its {read_past} other messages and {} broken lines{first} is an aircraft's",
                problems.len()
            );
            return Err(TelemetryError::NoTelemetry { name: name.to_owned(), kind: KIND, reason });
        }
        Ok(Reading { skipped, ..Reading::new(KIND, records, problems) })
    }
}

/// Returns the part of a message in which an aircraft speaks of itself.
///
/// # Errors
/// The name under which another message is counted.
fn aircraft<'a>(topic: Option<&str>, message: &'a Value) -> Result<&'a Value, String> {
    let text = |key| message.get(key).and_then(Value::as_str);
    let data = message.get("data");
    let of_host = data.and_then(|data| data.get("host"));
    match (text("method"), text("biz_code")) {
        (Some("osd_info_push"), _) => data,
        (Some(method), _) => return Err(format!("method {method}")),
        (None, Some("device_osd")) => of_host,
        (None, Some(code)) => return Err(format!("biz_code {code}")),
        (None, None) => match topic.and_then(|topic| topic.rsplit('/').next()) {
            None | Some("osd") => of_host.or(data),
            Some(other) => return Err(format!("topic {other}")),
        },
    }
    .filter(|data| data.get("attitude_head").is_some() || to_record::gimbal(data).is_some())
    .ok_or_else(|| "no aircraft".to_owned())
}

/// The place inside a line, without the line number of the message alone.
fn no_json(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or_default();
    format!("it is no JSON: {what} at column {}", error.column())
}
