//! The documented messages of docks, read by our types, and the messages of our dock held against them.

use std::collections::{BTreeMap, BTreeSet};

use missions::link::dock::Message;
use missions::link::dock::body::{self, Body, Unread};
use serde_json::Value;

use crate::reference::text;

#[derive(serde::Deserialize)]
struct Example {
    doc: String,
    method: String,
    valid_json: bool,
    text: String,
}

impl Example {
    /// Its message; one of the examples names its method twice.
    fn message(&self) -> Message {
        let value: Value = serde_json::from_str(&self.text).unwrap();
        serde_json::from_value(value).unwrap()
    }
}

fn examples() -> Option<Vec<Example>> {
    let text = text("dji_cloud_api/examples.jsonl")?;
    let all = text.lines().map(|line| serde_json::from_str(line).unwrap());
    Some(all.filter(|example: &Example| example.doc.contains("20.dock-to-cloud")).collect())
}

#[test]
fn every_documented_message_of_docks_is_understood_or_left_out_with_a_reason() {
    let Some(all) = examples() else { return };
    assert_eq!(all.len(), 469);
    let mut understood: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut left: BTreeMap<&'static str, usize> = BTreeMap::new();
    for example in &all {
        if !example.valid_json {
            *left.entry("not JSON as published").or_default() += 1;
            continue;
        }
        let message = example.message();
        let method = message.method.clone().or_else(|| Some(example.method.clone()));
        match body::read(method.as_deref(), &message.data) {
            Ok(body) => *understood.entry(kind(&body)).or_default() += 1,
            Err(Unread::NotOurs(reason)) => *left.entry(reason).or_default() += 1,
            Err(Unread::Broken(why)) => panic!("{method:?}: {why}: {}", example.text),
        }
    }
    println!("documented messages of docks: {}", all.len());
    println!("understood: {} {understood:?}", understood.values().sum::<usize>());
    for (reason, count) in &left {
        println!("not ours: {count:>4} {reason}");
    }
    assert!(!left.contains_key("not known"), "{left:?}");
    assert_eq!(understood.values().sum::<usize>() + left.values().sum::<usize>(), all.len());
}

fn kind(body: &Body) -> &'static str {
    match body {
        Body::BindStatus(_) | Body::OrganizationGet(_) | Body::OrganizationBind(_) => "bind",
        Body::Topology(_) => "topology",
        Body::Config => "config",
        Body::Prepare(_) | Body::Execute(_) | Body::Stop(_) | Body::Undo(_) => "task",
        Body::Pause | Body::Recovery | Body::ReturnHome | Body::ReturnHomeCancel => "steer",
        Body::Device(_) | Body::CommandProgress(_) => "device",
        Body::ResourceGet(_) => "resource",
        Body::Ready(_) | Body::FlightProgress(_) | Body::ExitHoming(_) | Body::ReturnHomeInfo => "flight",
        Body::Hms(_) => "health",
        Body::LiveStart(_) | Body::LiveStop => "live",
        Body::Reply(_) => "reply",
        Body::Properties => "properties",
    }
}

/// Paths of an object's fields, lists looked into.
fn paths(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let path = format!("{at}/{key}");
                found.insert(path.clone());
                paths(value, &path, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| paths(item, at, found)),
        _ => {}
    }
}

#[test]
fn what_our_side_and_our_dock_say_has_only_documented_fields() {
    let Some(all) = examples() else { return };
    let mut documented: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for example in all.iter().filter(|example| example.valid_json) {
        let message = example.message();
        let method = message.method.unwrap_or_else(|| example.method.clone());
        paths(&message.data, "", documented.entry(method).or_default());
    }
    // These have examples that are no JSON, or none: their fields are in the tables of the documents.
    for (method, fields) in [
        (
            "update_topo",
            &[
                "/domain",
                "/type",
                "/sub_type",
                "/device_secret",
                "/nonce",
                "/thing_version",
                "/sub_devices",
                "/result",
                "/sub_devices/sn",
                "/sub_devices/domain",
                "/sub_devices/type",
                "/sub_devices/sub_type",
                "/sub_devices/index",
                "/sub_devices/device_secret",
                "/sub_devices/nonce",
                "/sub_devices/thing_version",
            ][..],
        ),
        ("return_home", &["/result", "/output", "/output/status"]),
        ("flighttask_prepare", &["/rth_mode"]),
    ] {
        documented
            .entry(method.to_owned())
            .or_default()
            .extend(fields.iter().map(|field| (*field).to_owned()));
    }
    let mut seen = BTreeSet::new();
    for message in crate::dock::conversation() {
        let Some(method) = message.method.clone() else { continue };
        let mut said = BTreeSet::new();
        paths(&message.data, "", &mut said);
        let known = documented.get(&method).unwrap_or_else(|| panic!("{method} is in no document"));
        let strange: Vec<_> = said.difference(known).collect();
        assert!(strange.is_empty(), "{method}: {strange:?}");
        seen.insert(method);
    }
    assert!(seen.len() >= 9, "{seen:?}");
}
