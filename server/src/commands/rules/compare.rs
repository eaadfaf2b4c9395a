//! Past incidents routed by two sets of rules, and what differs.

use std::collections::BTreeMap;

use dispatch::{Allowance, Facts, Finding, Routing, RuleSet, Verdict, ground, route_on_ground};
use gis::Incident;
use gis::zones::ZoneLevel;
use jiff::Timestamp;
use serde::Serialize;

use crate::wire::City;

/// What one set of rules makes of an incident.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Made {
    /// Department that leads.
    pub lead: Option<String>,
    /// Departments that assist.
    pub assisting: Vec<String>,
    /// Rule that fired.
    pub rule: Option<String>,
    /// Matter.
    pub matter: Option<String>,
    /// Time allowed.
    pub allowed: Option<Allowance>,
    /// Moment by which the work would have been due.
    pub deadline: Option<Timestamp>,
    /// True where a person would have had to look.
    pub needs_person: bool,
    /// True where the ground is licensed for it, so that no task is made.
    pub licensed: bool,
}

/// An incident that would have gone another way.
#[derive(Debug, Clone, Serialize)]
pub struct Change {
    /// Id of the incident.
    pub incident: String,
    /// Its class.
    pub class: String,
    /// When it was seen last.
    pub last_seen: Timestamp,
    /// Chinese name of the finest zone that holds it.
    pub place_zh: String,
    /// English name of it.
    pub place_en: String,
    /// By the rules as they are.
    pub before: Made,
    /// By the other rules.
    pub after: Made,
    /// Hours by which the deadline moves, positive for later.
    pub deadline_change_hours: Option<f64>,
}

/// Incidents of a department before and after.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// By the rules as they are.
    pub before: usize,
    /// By the other rules.
    pub after: usize,
}

/// What other rules would have made of the past.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// Incidents looked at.
    pub incidents: usize,
    /// Those that would have gone another way.
    pub changes: Vec<Change>,
    /// Incidents by the department that leads; `person` for those that wait for one, `licensed` for those that are none.
    pub departments: BTreeMap<String, Counts>,
}

/// Routes incidents by the rules of the city and by other ones.
pub fn compare<'a>(
    incidents: impl Iterator<Item = &'a Incident>,
    city: &City,
    other: &RuleSet,
) -> Comparison {
    let mut comparison = Comparison { incidents: 0, changes: Vec::new(), departments: BTreeMap::new() };
    for incident in incidents {
        let routed = routed(incident, city, &city.rules).zip(routed(incident, city, other));
        let Some((before, after)) = routed else { continue };
        let (made_before, made_after) = (made(incident, &before, &city.rules), made(incident, &after, other));
        comparison.incidents += 1;
        comparison.departments.entry(desk(&made_before)).or_default().before += 1;
        comparison.departments.entry(desk(&made_after)).or_default().after += 1;
        if made_before != made_after {
            comparison.changes.push(change(incident, &before, made_before, made_after));
        }
    }
    comparison
}

/// None for an incident without a position.
fn routed(incident: &Incident, city: &City, rules: &RuleSet) -> Option<Routing> {
    let finding = Finding::of(incident)?;
    let found = ground(&finding, &city.context, rules);
    let severity = rules.severity(&incident.class, incident.area_m2);
    let facts =
        Facts { class: &incident.class, position: finding.position, severity, time: incident.last_seen };
    Some(route_on_ground(&facts, found, &city.zones, rules))
}

fn made(incident: &Incident, routing: &Routing, rules: &RuleSet) -> Made {
    if routing.context.as_ref().is_some_and(|found| found.verdict == Verdict::None) {
        // Nothing is sent, so nothing else can differ.
        return Made { licensed: true, ..Made::default() };
    }
    let outcome = routing.outcome.as_ref();
    let allowed = outcome.map(|outcome| outcome.deadline);
    Made {
        lead: routing.lead.as_ref().map(|id| id.0.clone()),
        assisting: routing.assisting.iter().map(|other| other.department.0.clone()).collect(),
        rule: routing.rule_id().map(str::to_owned),
        matter: outcome.and_then(|outcome| outcome.matter.clone()),
        allowed,
        deadline: allowed.and_then(|allowed| allowed.due(incident.last_seen, &rules.calendar)),
        needs_person: routing.needs_person(),
        licensed: false,
    }
}

/// Whose desk an incident lands on.
fn desk(made: &Made) -> String {
    match &made.lead {
        _ if made.licensed => "licensed".to_owned(),
        Some(lead) if !made.needs_person => lead.clone(),
        _ => "person".to_owned(),
    }
}

fn change(incident: &Incident, routing: &Routing, before: Made, after: Made) -> Change {
    let levels = [ZoneLevel::Community, ZoneLevel::Township, ZoneLevel::District, ZoneLevel::City];
    let zone = levels.into_iter().find_map(|level| routing.zone(level));
    let moved = before.deadline.zip(after.deadline);
    let hours = |(before, after): (Timestamp, Timestamp)| before.duration_until(after).as_secs_f64() / 3600.0;
    Change {
        incident: incident.id.to_string(),
        class: incident.class.clone(),
        last_seen: incident.last_seen,
        place_zh: zone.map_or_else(|| "责任区之外".to_owned(), |zone| zone.name_zh.clone()),
        place_en: zone.map_or_else(|| "outside all zones".to_owned(), |zone| zone.name_en.clone()),
        deadline_change_hours: moved.map(hours),
        before,
        after,
    }
}

#[cfg(test)]
mod tests {
    use dispatch::Departments;
    use gis::incident::{IncidentId, IncidentState, Looks};
    use gis::zones::{ContextIndex, ZoneIndex};
    use gis::{EllipsoidHeight, GeoPoint, GroundPosition, LatLon, ObservationId};
    use nalgebra::Matrix3;

    use super::*;

    fn city() -> City {
        City {
            zones: ZoneIndex::new(Vec::new()),
            context: ContextIndex::default(),
            departments: Departments::from_toml(include_str!("../../../../configs/departments.toml"))
                .unwrap(),
            rules: RuleSet::from_toml(include_str!("../../../../configs/rules.toml")).unwrap(),
        }
    }

    fn incident(class: &str) -> Incident {
        let observation = ObservationId("01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap());
        let time = "2026-06-22T09:00:00+08:00".parse().unwrap();
        let lat_lon = LatLon { lat_deg: 28.97, lon_deg: 118.86 };
        let point = GeoPoint { lat_lon, height: EllipsoidHeight(70.0) };
        Incident {
            id: IncidentId::from_first_sighting(class, observation, time),
            class: class.to_owned(),
            state: IncidentState::Confirmed,
            position: Some(GroundPosition::new(point, Matrix3::identity())),
            footprint: None,
            area_m2: Some(100.0),
            place: None,
            unlocated_reason: None,
            cell: None,
            first_seen: time,
            last_seen: time,
            sightings: 3,
            observations: vec![observation],
            sources: Vec::new(),
            best_score: 0.9,
            mean_score: 0.9,
            merged_into: None,
            apart_from: Vec::new(),
            places: Vec::new(),
            history: Vec::new(),
            looks: Looks::default(),
            fixes: Vec::new(),
            outlines: Vec::new(),
        }
    }

    #[test]
    fn only_what_goes_another_way_is_a_change_and_desks_are_counted() {
        let city = city();
        let mut other = city.rules.clone();
        let rule = other.rules.iter_mut().find(|rule| rule.id == "waterlogging").unwrap();
        rule.lead = "water_resources".into();
        rule.deadline = "10h".parse().unwrap();
        let incidents = [incident("waterlogging"), incident("fume"), incident("graffiti")];
        let compared = compare(incidents.iter(), &city, &other);
        assert_eq!((compared.incidents, compared.changes.len()), (3, 1));
        let change = &compared.changes[0];
        assert_eq!(change.before.lead.as_deref(), Some("municipal_drainage"));
        assert_eq!(change.after.lead.as_deref(), Some("water_resources"));
        assert_eq!(change.deadline_change_hours, Some(2.0));
        let counts = |desk: &str| compared.departments.get(desk).copied().unwrap_or_default();
        assert_eq!(counts("municipal_drainage"), Counts { before: 1, after: 0 });
        assert_eq!(counts("water_resources"), Counts { before: 0, after: 1 });
        assert_eq!(counts("person"), Counts { before: 1, after: 1 });
    }

    #[test]
    fn same_rules_change_nothing() {
        let city = city();
        let incidents = [incident("waterlogging"), incident("dumping")];
        assert!(compare(incidents.iter(), &city, &city.rules).changes.is_empty());
    }
}
