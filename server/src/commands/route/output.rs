//! What `route` prints: CSV or JSON.

use dispatch::rules::Stages;
use dispatch::{Allowance, Routing};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Routed, local};
use crate::cli::RowFormat;
use crate::wire::City;

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    line: u64,
    lat_deg: String,
    lon_deg: String,
    class: &'a str,
    severity: String,
    lead: &'a str,
    lead_zh: &'a str,
    lead_en: &'a str,
    assisting: String,
    probability: String,
    rule: &'a str,
    matter: &'a str,
    delegated_to: &'a str,
    priority: String,
    allowed: String,
    deadline: String,
    accept_by: String,
    depart_by: String,
    arrive_by: String,
    zones: String,
    context: String,
    needs_person: String,
    reason_zh: &'a str,
    reason_en: &'a str,
}

/// Writes all rows.
///
/// # Errors
/// When a row cannot be written as text.
pub fn text(routed: &[Routed], city: &City, format: RowFormat) -> anyhow::Result<String> {
    if format == RowFormat::Json {
        let rows: Vec<Value> = routed.iter().map(|routed| object(routed, city)).collect();
        return Ok(serde_json::to_string_pretty(&rows)?);
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    for routed in routed {
        writer.serialize(row(routed, city))?;
    }
    Ok(String::from_utf8(writer.into_inner().map_err(csv::IntoInnerError::into_error)?)?)
}

fn row<'a>(routed: &'a Routed, city: &'a City) -> Row<'a> {
    let (point, routing) = (&routed.point, &routed.routing);
    let outcome = routing.outcome.as_ref();
    let at = point.position.point.lat_lon;
    let lead = routing.lead.as_ref().and_then(|id| city.departments.get(id));
    let [deadline, accept_by, depart_by, arrive_by] = deadlines(routed, city);
    let text = |text: Option<String>| text.unwrap_or_default();
    let share = |name: &str, probability: f64| format!("{name} {probability:.3}");
    Row {
        id: &point.id,
        line: point.line,
        lat_deg: format!("{:.7}", at.lat_deg),
        lon_deg: format!("{:.7}", at.lon_deg),
        class: &point.class,
        severity: word(&routing.severity),
        lead: routing.lead.as_ref().map_or("", |id| &id.0),
        lead_zh: lead.map_or("", |lead| &lead.name_zh),
        lead_en: lead.map_or("", |lead| &lead.name_en),
        assisting: joined(
            routing.assisting.iter().map(|other| share(&other.department.0, other.probability)),
        ),
        probability: format!("{:.3}", routing.probability),
        rule: routing.rule_id().unwrap_or(""),
        matter: outcome.and_then(|outcome| outcome.matter.as_deref()).unwrap_or(""),
        delegated_to: outcome.and_then(|outcome| outcome.delegated_to.as_deref()).unwrap_or(""),
        priority: text(outcome.map(|outcome| word(&outcome.priority))),
        allowed: text(outcome.map(|outcome| outcome.deadline.to_string())),
        deadline: text(deadline),
        accept_by: text(accept_by),
        depart_by: text(depart_by),
        arrive_by: text(arrive_by),
        zones: joined(routing.zones.iter().map(|zone| share(&zone.code, zone.probability))),
        context: text(routing.context.as_ref().map(|found| {
            format!("{} {} {:.3} {}", found.layer, found.feature, found.share, word(&found.verdict))
        })),
        needs_person: text(routing.person_needed.map(|needed| word(&needed))),
        reason_zh: &routing.reason_zh,
        reason_en: &routing.reason_en,
    }
}

fn object(routed: &Routed, city: &City) -> Value {
    let (point, routing) = (&routed.point, &routed.routing);
    let outcome = routing.outcome.as_ref();
    let at = point.position.point.lat_lon;
    let lead = routing.lead.as_ref().and_then(|id| city.departments.get(id));
    let [deadline, accept_by, depart_by, arrive_by] = deadlines(routed, city);
    json!({
        "id": point.id, "line": point.line, "lat_deg": at.lat_deg, "lon_deg": at.lon_deg,
        "class": point.class, "severity": routing.severity,
        "time": local(routed.time, &city.rules.calendar),
        "lead": routing.lead,
        "lead_zh": lead.map(|lead| &lead.name_zh), "lead_en": lead.map(|lead| &lead.name_en),
        "contact": lead.and_then(|lead| lead.contact.as_ref()),
        "assisting": routing.assisting, "probability": routing.probability,
        "rule": routing.rule_id(),
        "matter": outcome.and_then(|outcome| outcome.matter.as_ref()),
        "delegated_to": outcome.and_then(|outcome| outcome.delegated_to.as_ref()),
        "priority": outcome.map(|outcome| outcome.priority),
        "allowed": outcome.map(|outcome| outcome.deadline),
        "deadline": deadline,
        "stages": { "accept": accept_by, "depart": depart_by, "arrive": arrive_by },
        "zones": routing.zones, "context": routing.context,
        "needs_person": routing.needs_person(), "person_needed": routing.person_needed,
        "reason_zh": routing.reason_zh, "reason_en": routing.reason_en,
    })
}

/// Moments by which the work is done, accepted, begun and reached, in the time of the city; the clock starts at the point's time.
fn deadlines(routed: &Routed, city: &City) -> [Option<String>; 4] {
    let calendar = &city.rules.calendar;
    let allowances = |routing: &Routing| {
        let outcome = routing.outcome.as_ref()?;
        let Stages { accept, depart, arrive } = outcome.stages;
        Some([Some(outcome.deadline), accept, depart, arrive])
    };
    let due = |allowance: Option<Allowance>| {
        allowance?.due(routed.time, calendar).map(|moment| local(moment, calendar))
    };
    allowances(&routed.routing).unwrap_or_default().map(due)
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join("; ")
}

/// The name of a value as in JSON.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
