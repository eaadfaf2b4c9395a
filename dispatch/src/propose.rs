//! Confirmed incidents with a place become tasks: sent out where the routing is sure, else put before a person.

use gis::error_ellipse::ce90_m;
use gis::incident::{Incident, IncidentId, IncidentState};
use gis::zones::{ContextIndex, ZoneIndex, ZoneLevel};
use jiff::Timestamp;

use crate::context::{Finding, Verdict, ground};
use crate::lifecycle::{Event, State};
use crate::router::{Facts, RoutedZone, Routing, route_on_ground};
use crate::rules::{Priority, RuleSet};
use crate::task::{EvidenceRef, StageDeadlines, Task, TaskId};

/// Why an incident does not become a task.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotProposed {
    /// Nobody knows where it is.
    #[error("incident {0} has no position and is never dispatched by itself")]
    Unlocated(IncidentId),
    /// Not seen often enough yet.
    #[error("incident {0} is not confirmed yet")]
    NotConfirmed(IncidentId),
    /// Over.
    #[error("incident {0} is closed")]
    Closed(IncidentId),
    /// The ground is licensed for it.
    #[error("incident {incident} is none: {reason_en}")]
    Licensed {
        /// The incident.
        incident: IncidentId,
        /// Layer that decided.
        layer: String,
        /// Code of the feature.
        feature: String,
        /// Why, in Chinese.
        reason_zh: String,
        /// Why, in English.
        reason_en: String,
    },
}

/// Returns what the router wants to know of an incident.
///
/// # Errors
/// [`NotProposed`] unless the incident is confirmed and has a position.
pub fn facts<'a>(incident: &'a Incident, rules: &RuleSet) -> Result<Facts<'a>, NotProposed> {
    match (incident.state, &incident.position) {
        (IncidentState::Unlocated, _) | (IncidentState::Confirmed, None) => {
            Err(NotProposed::Unlocated(incident.id))
        }
        (IncidentState::Candidate, _) => Err(NotProposed::NotConfirmed(incident.id)),
        (IncidentState::Closed, _) => Err(NotProposed::Closed(incident.id)),
        (IncidentState::Confirmed, Some(position)) => Ok(Facts {
            class: &incident.class,
            position,
            severity: rules.severity(&incident.class, incident.area_m2),
            time: incident.last_seen,
        }),
    }
}

/// Routes an incident and makes its task, wherever it lies; see [`task_in_context`].
///
/// # Errors
/// [`NotProposed`] unless the incident is confirmed and has a position.
pub fn task_for(
    incident: &Incident,
    zones: &ZoneIndex,
    rules: &RuleSet,
    evidence: Vec<EvidenceRef>,
    now: Timestamp,
) -> Result<Task, NotProposed> {
    task_in_context(incident, zones, &ContextIndex::default(), rules, evidence, now)
}

/// Routes an incident on the ground it lies on and makes its task.
///
/// # Errors
/// [`NotProposed`] unless the incident is confirmed and has a position; [`NotProposed::Licensed`] where the ground is licensed for it.
pub fn task_in_context(
    incident: &Incident,
    zones: &ZoneIndex,
    context: &ContextIndex,
    rules: &RuleSet,
    evidence: Vec<EvidenceRef>,
    now: Timestamp,
) -> Result<Task, NotProposed> {
    let facts = facts(incident, rules)?;
    let found = Finding::of(incident).and_then(|finding| ground(&finding, context, rules));
    if let Some(found) = found.as_ref().filter(|found| found.verdict == Verdict::None) {
        return Err(NotProposed::Licensed {
            incident: incident.id,
            layer: found.layer.clone(),
            feature: found.feature.clone(),
            reason_zh: found.reason_zh.clone(),
            reason_en: found.reason_en.clone(),
        });
    }
    propose(incident, route_on_ground(&facts, found, zones, rules), rules, evidence, now)
}

/// Makes the task of an incident that has been routed: `dispatched` where the routing is sure, else `proposed`.
///
/// The same incident always gives the same id. Deadlines run from `now`.
///
/// # Errors
/// [`NotProposed`] unless the incident is confirmed and has a position.
pub fn propose(
    incident: &Incident,
    routing: Routing,
    rules: &RuleSet,
    evidence: Vec<EvidenceRef>,
    now: Timestamp,
) -> Result<Task, NotProposed> {
    let position = facts(incident, rules)?.position;
    let (title_zh, title_en) = titles(incident, &routing, rules);
    let mut task = Task {
        id: TaskId::of_incident(incident.id, incident.first_seen),
        incident_id: incident.id,
        class: incident.class.clone(),
        state: State::Proposed,
        lead: routing.lead.clone(),
        assisting: routing.assisting.clone(),
        priority: routing.outcome.as_ref().map_or(Priority::Normal, |outcome| outcome.priority),
        severity: routing.severity,
        created: now,
        deadline: None,
        stage_deadlines: StageDeadlines::default(),
        paused: None,
        position: position.point.lat_lon,
        ce90_m: ce90_m(&position.covariance_enu_m2),
        area_m2: incident.area_m2,
        title_zh,
        title_en,
        evidence,
        history: Vec::new(),
        routing,
    };
    task.start_clock(now, &rules.calendar);
    if let (Some(lead), false) = (task.lead.clone(), task.routing.needs_person()) {
        for event in [Event::Confirm, Event::Dispatch { department: lead }] {
            task.apply(event, now, &rules.calendar)
                .expect("the table leads from proposed over confirmed to dispatched");
        }
    }
    Ok(task)
}

fn titles(incident: &Incident, routing: &Routing, rules: &RuleSet) -> (String, String) {
    let profile = rules.classes.get(&incident.class);
    let name_zh = profile.map_or(incident.class.as_str(), |profile| profile.name_zh.as_str());
    let name_en = profile.map_or(incident.class.as_str(), |profile| profile.name_en.as_str());
    let area = incident.area_m2.filter(|area| area.is_finite());
    let area_zh = area.map(|area| format!("约 {area:.0} m²")).unwrap_or_default();
    let area_en = area.map(|area| format!(", about {area:.0} m²")).unwrap_or_default();
    let zones = title_zones(routing);
    let joined = |first: String, name: fn(&RoutedZone) -> &str, comma: &str| {
        let names = zones.iter().map(|zone| name(zone).to_owned());
        std::iter::once(first).chain(names).collect::<Vec<_>>().join(comma)
    };
    (
        joined(format!("{name_zh}{area_zh}"), |zone| &zone.name_zh, ","),
        joined(format!("{name_en}{area_en}"), |zone| &zone.name_en, ", "),
    )
}

/// The zones a crew would name: the special area, and the finest level of the hierarchy above grid cells.
fn title_zones(routing: &Routing) -> Vec<&RoutedZone> {
    let likely = |level| routing.zone(level).filter(|zone: &&RoutedZone| zone.probability >= 0.5);
    let levels = [ZoneLevel::Community, ZoneLevel::Township, ZoneLevel::District, ZoneLevel::City];
    likely(ZoneLevel::Special).into_iter().chain(levels.into_iter().find_map(likely)).collect()
}
