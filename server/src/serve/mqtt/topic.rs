//! What is published where: one message for each department that an event concerns.
//!
//! `{prefix}/v1/{department}/{incident|task|run}/{id}`; what concerns no department is under `-`.

use std::fmt::Write;

use std::sync::Arc;

use store::{Change, StoredEvent};

use crate::serve::events::Ready;

/// Level of what concerns no department.
const NOBODY: &str = "-";

/// An event on its way to a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Topic.
    pub topic: String,
    /// The CloudEvent.
    pub body: Arc<str>,
    /// Attributes of the CloudEvent, for those who look at the envelope only.
    pub attributes: Vec<(String, String)>,
}

/// Returns the messages of an event: to all departments that it concerns, lead first, or only to one.
pub fn messages(event: &StoredEvent, ready: &Ready, prefix: &str, only: Option<&str>) -> Vec<Message> {
    let (kind, id) = about(&event.change);
    let message = |department: &str| Message {
        topic: format!("{prefix}/v1/{}/{kind}/{id}", level(department)),
        body: Arc::clone(&ready.json),
        attributes: attributes(event, ready),
    };
    let concerned: Vec<&str> = ready.departments.iter().map(String::as_str).collect();
    match only {
        Some(one) => concerned.iter().filter(|each| **each == one).map(|each| message(each)).collect(),
        None if concerned.is_empty() => vec![message(NOBODY)],
        None => concerned.iter().map(|each| message(each)).collect(),
    }
}

/// What an event is about; a decision is about the incident that it leaves.
fn about(change: &Change) -> (&'static str, String) {
    match change {
        Change::RunAdded { run } => ("run", run.to_string()),
        Change::IncidentAdded { incident } | Change::IncidentChanged { incident } => {
            ("incident", incident.to_string())
        }
        Change::TaskAdded { task } | Change::TaskChanged { task } => ("task", task.to_string()),
        Change::Operated { before, after, operation, .. } => after
            .first()
            .or(before.first())
            .map_or_else(|| ("operation", operation.to_string()), |id| ("incident", id.to_string())),
    }
}

fn attributes(event: &StoredEvent, ready: &Ready) -> Vec<(String, String)> {
    let pairs = [
        ("specversion", "1.0".to_owned()),
        ("id", event.seq.to_string()),
        ("source", "/flyonce".to_owned()),
        ("type", ready.kind.to_owned()),
        ("time", event.at.to_string()),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A name as one level of a topic: what has a meaning there is written as in an address.
fn level(name: &str) -> String {
    let mut level = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            // Writing into a string cannot fail.
            '/' | '+' | '#' | '$' | '%' | '\0'..='\x1f' => drop(write!(level, "%{:02X}", u32::from(c))),
            _ => level.push(c),
        }
    }
    level
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topics(departments: &[&str], only: Option<&str>) -> Vec<String> {
        let task = dispatch::TaskId(uuid::Uuid::nil());
        let event = StoredEvent {
            seq: 7,
            at: jiff::Timestamp::UNIX_EPOCH,
            run: None,
            operation: None,
            change: Change::TaskChanged { task },
        };
        let ready = Ready {
            seq: 7,
            kind: "cn.flyonce.task.changed",
            departments: departments.iter().map(|each| (*each).to_owned()).collect(),
            json: "{}".into(),
        };
        messages(&event, &ready, "city", only).into_iter().map(|message| message.topic).collect()
    }

    #[test]
    fn each_department_concerned_has_a_topic_of_its_own() {
        let id = "00000000-0000-0000-0000-000000000000";
        assert_eq!(
            topics(&["a", "b"], None),
            [format!("city/v1/a/task/{id}"), format!("city/v1/b/task/{id}")]
        );
        assert_eq!(topics(&["a", "b"], Some("b")), [format!("city/v1/b/task/{id}")]);
        assert_eq!(topics(&[], None), [format!("city/v1/-/task/{id}")]);
        assert!(topics(&["a"], Some("b")).is_empty());
    }

    #[test]
    fn a_name_never_becomes_a_wildcard_or_another_level() {
        assert_eq!(level("a/#+\n"), "a%2F%23%2B%0A");
    }
}
