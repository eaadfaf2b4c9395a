//! Alerts for severe waterlogging: what CAP 1.2 makes of a case.
//!
//! A case begins to be an alert when its task is sent out; each stage that changes what people should know is an update, and its end cancels it.
//! All of it follows from the history of the task, so that the same case always gives the same messages, and each names those before it.
//!
//! # References
//! OASIS Common Alerting Protocol 1.2 (2010).

use dispatch::{Severity, State, Task};
use gis::error_ellipse::ce90_m;
use jiff::{SignedDuration, Timestamp};

use super::board::Case;
use super::views::{CaseView, case_view};
use super::xml::Xml;
use crate::config::CapEntry;
use crate::wire::City;

/// The class that alerts are about.
const CLASS: &str = "waterlogging";
/// Namespace of the standard.
const NAMESPACE: &str = "urn:oasis:names:tc:emergency:cap:1.2";
/// How long a message holds unless another takes its place.
const HOLDS: SignedDuration = SignedDuration::from_hours(24);
/// Posterior from which on something is observed, and from which on it is likely.
const OBSERVED: f64 = 0.95;
const LIKELY: f64 = 0.5;

/// What a message does to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It is the first.
    Alert,
    /// It takes their place.
    Update,
    /// It ends them.
    Cancel,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Alert => "Alert",
            Self::Update => "Update",
            Self::Cancel => "Cancel",
        }
    }
}

/// One message about a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Identifier.
    pub identifier: String,
    /// What it does.
    pub kind: Kind,
    /// State of the task that made it.
    pub state: State,
    /// When it was sent.
    pub sent: Timestamp,
}

/// Returns the messages about a case, oldest first; none unless it is severe waterlogging that was sent out.
pub fn messages(case: &Case) -> Vec<Message> {
    let severe = |task: &&Task| task.class == CLASS && task.severity == Severity::Severe;
    let Some(task) = case.task.as_deref().filter(severe).filter(|_| case.incident.position.is_some()) else {
        return Vec::new();
    };
    let mut all: Vec<Message> = Vec::new();
    for step in &task.history {
        let goes_on = all.last().is_some_and(|last| last.kind != Kind::Cancel);
        let kind = match step.to {
            State::Dispatched if !goes_on => Kind::Alert,
            State::OnSite | State::Done | State::Reopened if goes_on => Kind::Update,
            State::Closed | State::Rejected | State::Merged if goes_on => Kind::Cancel,
            _ => continue,
        };
        let identifier = format!("{}-{}", case.incident.id, all.len() + 1);
        all.push(Message { identifier, kind, state: step.to, sent: step.at });
    }
    all
}

/// Returns a message of a case as a document, with references to all before it.
pub fn document(case: &Case, index: usize, entry: &CapEntry, city: &City) -> Option<String> {
    let all = messages(case);
    let (before, message) = (all.get(..index)?, all.get(index)?);
    let view = case_view(case, city, message.sent);
    let mut xml = Xml::new("alert", &[("xmlns", NAMESPACE)]);
    xml.leaf("identifier", &message.identifier);
    xml.leaf("sender", &entry.sender);
    xml.leaf("sent", &time(message.sent));
    xml.leaf("status", entry.status.name());
    xml.leaf("msgType", message.kind.name());
    xml.leaf("scope", "Public");
    let reference = |one: &Message| format!("{},{},{}", entry.sender, one.identifier, time(one.sent));
    let references: Vec<String> = before.iter().map(reference).collect();
    xml.some("references", Some(references.join(" ")).as_deref().filter(|text| !text.is_empty()));
    xml.leaf("incidents", &case.incident.id.to_string());
    for chinese in [true, false] {
        info(&mut xml, case, message, &view, entry, chinese);
    }
    Some(xml.finish())
}

fn info(xml: &mut Xml, case: &Case, message: &Message, view: &CaseView, entry: &CapEntry, chinese: bool) {
    let over = message.kind == Kind::Cancel;
    let until = message.sent.checked_add(HOLDS).unwrap_or(message.sent);
    let (headline, instruction) = words(message, view, chinese);
    xml.open("info", &[]);
    xml.leaf("language", if chinese { "zh-CN" } else { "en-US" });
    xml.leaf("category", "Infra");
    xml.leaf("event", if chinese { &view.class_zh } else { &view.class_en });
    xml.leaf("responseType", if over { "AllClear" } else { "Avoid" });
    let past = over || message.state == State::Done;
    xml.leaf("urgency", if past { "Past" } else { "Immediate" });
    xml.leaf("severity", if over { "Minor" } else { "Severe" });
    xml.leaf("certainty", certainty(case));
    xml.leaf("effective", &time(message.sent));
    xml.leaf("onset", &time(case.incident.first_seen));
    xml.leaf("expires", &time(until));
    xml.leaf("senderName", &entry.sender_name);
    xml.leaf("headline", &headline);
    xml.leaf("instruction", instruction);
    area(xml, case, if chinese { &view.place_zh } else { &view.place_en });
    xml.close();
}

fn words(message: &Message, view: &CaseView, chinese: bool) -> (String, &'static str) {
    let (what, place) =
        if chinese { (&view.class_zh, &view.place_zh) } else { (&view.class_en, &view.place_en) };
    match (message.kind, chinese) {
        (Kind::Cancel, true) => (format!("{what}解除:{place}"), "恢复正常通行。"),
        (Kind::Cancel, false) => (format!("{what} over: {place}"), "Traffic is back to normal."),
        (_, true) => (format!("严重{what}:{place}"), "请绕行,不要涉水通行。"),
        (_, false) => (format!("severe {what}: {place}"), "Go around. Do not walk or drive into the water."),
    }
}

fn area(xml: &mut Xml, case: &Case, place: &str) {
    let incident = &case.incident;
    let Some(position) = &incident.position else { return };
    xml.open("area", &[]);
    xml.leaf("areaDesc", if place.is_empty() { "-" } else { place });
    let ring = incident.footprint.as_ref().map(|outline| outline.ring.as_slice()).unwrap_or_default();
    if ring.len() >= 3 {
        let corners = ring.iter().chain(ring.first());
        let text: Vec<String> = corners.map(|at| format!("{:.6},{:.6}", at.lat_deg, at.lon_deg)).collect();
        xml.leaf("polygon", &text.join(" "));
    }
    let (at, radius_km) = (position.point.lat_lon, ce90_m(&position.covariance_enu_m2) / 1_000.0);
    xml.leaf("circle", &format!("{:.6},{:.6} {radius_km:.4}", at.lat_deg, at.lon_deg));
    if let Some(cell) = &incident.cell {
        xml.open("geocode", &[]);
        xml.leaf("valueName", "H3");
        xml.leaf("value", cell);
        xml.close();
    }
    xml.close();
}

/// How sure it is that the water is there, from all looks together.
fn certainty(case: &Case) -> &'static str {
    let posterior = 1.0 / (1.0 + (-case.incident.looks.nats).exp());
    if posterior >= OBSERVED {
        "Observed"
    } else if posterior >= LIKELY {
        "Likely"
    } else {
        "Possible"
    }
}

/// A time as the standard wants it: whole seconds, and UTC as `-00:00`.
pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S-00:00").to_string()
}
