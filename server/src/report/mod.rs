//! `report.html`: one self-contained page with map, tasks and stills; opens offline.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dispatch::{EvidenceKind, Task};
use gis::zones::Zone;
use gis::{Incident, IncidentState, LatLon};
use serde_json::{Value, json};

use crate::output::summary::Summary;
use crate::truth::{Spot, Truth};
use crate::wire::City;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Tasks whose stills are put into the page; later ones name their files only.
const MAX_WITH_STILLS: usize = 100;

/// Where one source was and what ground it saw.
#[derive(Debug, Clone, Default)]
pub struct SourceTrace {
    /// Name.
    pub id: String,
    /// Places of the camera.
    pub path: Vec<LatLon>,
    /// Ground covered, thinned.
    pub footprints: Vec<Vec<LatLon>>,
}

/// Everything the page shows.
pub struct Report<'a> {
    /// Tasks.
    pub tasks: &'a [Task],
    /// All incidents.
    pub incidents: &'a [Incident],
    /// Zones, departments and names of classes.
    pub city: &'a City,
    /// Sources.
    pub sources: &'a [SourceTrace],
    /// Figures.
    pub summary: &'a Summary,
    /// Known truth, to draw.
    pub truth: Option<&'a Truth>,
    /// Folder of the evidence files.
    pub evidence: &'a Path,
}

impl Report<'_> {
    /// Returns the page.
    pub fn page(&self) -> String {
        // `<` cannot end the script element early once it is escaped.
        let data = self.data().to_string().replace('<', "\\u003c");
        PAGE.replace("/*STYLE*/", STYLE).replace("/*SCRIPT*/", SCRIPT).replace("/*DATA*/", &data)
    }

    fn data(&self) -> Value {
        let is_task = |incident: &Incident| self.tasks.iter().any(|t| t.incident_id == incident.id);
        let shown = |i: &&Incident| i.state != IncidentState::Closed && !is_task(i);
        json!({
            "time_zone": self.city.rules.calendar.timezone.to_string(),
            "zones": self.city.zones.zones().iter().map(zone).collect::<Vec<_>>(),
            "sources": self.sources.iter().map(source).collect::<Vec<_>>(),
            "tasks": self.tasks.iter().enumerate().map(|(i, t)| self.task(i, t)).collect::<Vec<_>>(),
            "incidents": self.incidents.iter().filter(shown).map(|i| self.incident(i)).collect::<Vec<_>>(),
            "truth": self.truth.map(|t| t.spots.iter().map(spot).collect::<Vec<_>>()).unwrap_or_default(),
            "summary": {
                "tasks": self.summary.tasks,
                "incidents": self.summary.incidents,
                "unlocated_incidents": self.summary.unlocated_incidents,
                "frames": self.summary.frames,
            },
        })
    }

    fn task(&self, index: usize, task: &Task) -> Value {
        let incident = self.incidents.iter().find(|i| i.id == task.incident_id);
        let ring = incident.and_then(|i| i.footprint.as_ref()).map(|f| points(&f.ring)).unwrap_or_default();
        let zones = task.routing.zones.iter().filter(|z| z.probability >= 0.5);
        json!({
            "id": task.id,
            "class": self.class_name(&task.class),
            "title": { "zh": task.title_zh, "en": task.title_en },
            "lead": task.lead.as_ref().map_or_else(undecided, |id| self.department(&id.0)),
            "assisting": task.assisting.iter().map(|a| self.department(&a.department.0)).collect::<Vec<_>>(),
            "probability": task.routing.probability,
            "reason": { "zh": task.routing.reason_zh, "en": task.routing.reason_en },
            "zones": zones.map(|z| json!({ "zh": z.name_zh, "en": z.name_en })).collect::<Vec<_>>(),
            "state": task.state,
            "severity": task.severity,
            "created": task.created,
            "deadline": task.deadline,
            "lat_deg": task.position.lat_deg,
            "lon_deg": task.position.lon_deg,
            "ce90_m": task.ce90_m,
            "area_m2": task.area_m2,
            "score": incident.map_or(0.0, |i| i.mean_score),
            "ring": ring,
            "stills": if index < MAX_WITH_STILLS { self.stills(task) } else { Vec::new() },
        })
    }

    fn class_name(&self, class: &str) -> Value {
        match self.city.rules.classes.get(class) {
            Some(profile) => json!({ "zh": profile.name_zh, "en": profile.name_en }),
            None => json!({ "zh": class, "en": class }),
        }
    }

    fn incident(&self, incident: &Incident) -> Value {
        let at = incident.position.map(|p| p.point.lat_lon).or(incident.place);
        json!({
            "class": self.class_name(&incident.class),
            "state": incident.state,
            "sightings": incident.sightings,
            "sources": incident.sources,
            "why": incident.unlocated_reason,
            "lat_deg": at.map(|p| p.lat_deg),
            "lon_deg": at.map(|p| p.lon_deg),
        })
    }

    fn department(&self, id: &str) -> Value {
        let named = self.city.departments.departments.iter().find(|d| d.id.0 == id);
        json!({ "id": id, "zh": named.map(|d| &d.name_zh), "en": named.map(|d| &d.name_en) })
    }

    fn stills(&self, task: &Task) -> Vec<Value> {
        let shown =
            [(EvidenceKind::ContextAnnotated, "context"), (EvidenceKind::CloseUpAnnotated, "close_up")];
        let still = |(kind, name): &(EvidenceKind, &str)| {
            let evidence = task.evidence.iter().find(|e| e.kind == *kind)?;
            let bytes = std::fs::read(self.evidence.join(&evidence.file)).ok()?;
            let src = format!("data:image/jpeg;base64,{}", STANDARD.encode(bytes));
            Some(json!({ "kind": name, "sha256": evidence.sha256, "src": src }))
        };
        shown.iter().filter_map(still).collect()
    }
}

fn undecided() -> Value {
    json!({ "id": "", "zh": "待人工研判", "en": "a person decides" })
}

fn points(ring: &[LatLon]) -> Vec<[f64; 2]> {
    ring.iter().map(|p| [p.lat_deg, p.lon_deg]).collect()
}

fn zone(zone: &Zone) -> Value {
    let ring =
        |polygon: &geo::Polygon<f64>| polygon.exterior().coords().map(|c| [c.y, c.x]).collect::<Vec<_>>();
    json!({
        "level": zone.level,
        "kind": zone.kind,
        "code": zone.code,
        "name": { "zh": zone.name_zh, "en": zone.name_en },
        "rings": zone.polygon.iter().map(ring).collect::<Vec<_>>(),
    })
}

fn source(trace: &SourceTrace) -> Value {
    let footprints: Vec<_> = trace.footprints.iter().map(|ring| points(ring)).collect();
    json!({ "id": trace.id, "path": points(&trace.path), "footprints": footprints })
}

fn spot(spot: &Spot) -> Value {
    json!({ "id": spot.id, "ring": spot.polygon })
}
