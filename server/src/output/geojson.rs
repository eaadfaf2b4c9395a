//! `tasks.geojson`: one point a task (RFC 7946: longitude, latitude, metres above the ellipsoid).

use dispatch::{Departments, Task};
use geojson::{Feature, FeatureCollection, Geometry, GeometryValue, JsonObject, feature::Id};
use gis::Incident;
use serde_json::{Value, json};

/// Returns the tasks as a feature collection; empty without tasks.
pub fn tasks(tasks: &[Task], incidents: &[Incident], departments: &Departments) -> FeatureCollection {
    let feature = |task: &Task| {
        let incident = incidents.iter().find(|incident| incident.id == task.incident_id);
        Feature {
            bbox: None,
            geometry: Some(Geometry::new(point(task, incident))),
            id: Some(Id::String(task.id.to_string())),
            properties: Some(properties(task, incident, departments)),
            foreign_members: None,
        }
    };
    FeatureCollection { bbox: None, features: tasks.iter().map(feature).collect(), foreign_members: None }
}

fn point(task: &Task, incident: Option<&Incident>) -> GeometryValue {
    let mut position = vec![task.position.lon_deg, task.position.lat_deg];
    position.extend(incident.and_then(|i| i.position).map(|p| p.point.height.0));
    GeometryValue::new_point(position)
}

fn properties(task: &Task, incident: Option<&Incident>, departments: &Departments) -> JsonObject {
    let lead = task.lead.as_ref();
    let named = lead.and_then(|id| departments.departments.iter().find(|d| d.id == *id));
    let footprint = incident.and_then(|i| i.footprint.as_ref());
    let ring = footprint.map(|f| f.ring.iter().map(|p| json!([p.lon_deg, p.lat_deg])).collect::<Vec<_>>());
    let value = json!({
        "incident_id": task.incident_id,
        "class": task.class,
        "title_zh": task.title_zh,
        "title_en": task.title_en,
        "state": task.state,
        "lead": lead,
        "lead_name_zh": named.map(|d| &d.name_zh),
        "lead_name_en": named.map(|d| &d.name_en),
        "lead_probability": task.routing.probability,
        "assisting": task.assisting,
        "rule": task.routing.rule_id(),
        "reason_zh": task.routing.reason_zh,
        "reason_en": task.routing.reason_en,
        "priority": task.priority,
        "severity": task.severity,
        "created": task.created,
        "deadline": task.deadline,
        "score": incident.map(|i| i.mean_score),
        "sightings": incident.map(|i| i.sightings),
        "sources": incident.map(|i| &i.sources),
        "ce90_m": task.ce90_m,
        "height_datum": "WGS-84 ellipsoid",
        "area_m2": task.area_m2,
        "zones": task.routing.zones.iter().map(|z| &z.code).collect::<Vec<_>>(),
        "footprint": ring,
        "evidence": task.evidence,
    });
    match value {
        Value::Object(properties) => properties,
        _ => JsonObject::new(),
    }
}
