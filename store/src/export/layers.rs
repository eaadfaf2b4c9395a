//! What the layers of an export hold: columns, values and geometries.

use std::collections::HashMap;

use dispatch::Task;
use geo::{Coord, Geometry, LineString, Point, Polygon};
use gis::dedupe::LookedAt;
use gis::error_ellipse::{ce90_m, error_ellipse};
use gis::geodesy::metres_per_degree;
use gis::{GroundPosition, Incident, IncidentId, LatLon};
use jiff::Timestamp;
use rusqlite::types::Value;

use super::CityExport;

/// Radius that holds 90 % of a circular normal error, in standard deviations: sqrt(2 ln 10).
const NINETY_PERCENT: f64 = 2.145_966_026_289_347;
/// Corners of a drawn ellipse.
const CORNERS: u32 = 48;

/// A table of features.
pub(super) struct Layer {
    pub(super) table: &'static str,
    pub(super) description: &'static str,
    /// Kind of geometry, as GeoPackage names it.
    pub(super) geometry: &'static str,
    /// Name and type of each column.
    pub(super) columns: &'static [(&'static str, &'static str)],
    pub(super) rows: Vec<Row>,
}

/// A feature: its geometry, if it has one, and a value for each column.
pub(super) struct Row {
    pub(super) geometry: Option<Geometry<f64>>,
    pub(super) values: Vec<Value>,
}

/// Returns all layers, in the order in which a map shows them best, lowest first.
pub(super) fn of(city: &CityExport<'_>) -> Vec<Layer> {
    vec![zones(city), looked_at(city), outlines(city), ellipses(city), incidents(city), tasks(city)]
}

fn text(text: &(impl ToString + ?Sized)) -> Value {
    Value::Text(text.to_string())
}

fn some_text(value: Option<impl ToString>) -> Value {
    value.map_or(Value::Null, |value| Value::Text(value.to_string()))
}

fn real(value: Option<f64>) -> Value {
    value.filter(|value| value.is_finite()).map_or(Value::Null, Value::Real)
}

/// Name of an enum value as it is exchanged.
fn word(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value)
        .ok()
        .and_then(|v| v.as_str().map(str::to_owned))
        .map_or(Value::Null, Value::Text)
}

/// A moment as GeoPackage wants it: UTC with milliseconds.
fn moment(time: Timestamp) -> Value {
    text(&time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ"))
}

fn coord(at: LatLon) -> Coord<f64> {
    Coord { x: at.lon_deg, y: at.lat_deg }
}

fn point(at: LatLon) -> Geometry<f64> {
    Geometry::Point(Point(coord(at)))
}

/// Where sources looked, also where they saw nothing.
fn looked_at(city: &CityExport<'_>) -> Layer {
    let row = |one: &LookedAt| {
        let polygon = |ring: &Vec<LatLon>| {
            Polygon::new(LineString::new(ring.iter().copied().map(coord).collect()), Vec::new())
        };
        Row {
            geometry: Some(Geometry::MultiPolygon(one.rings.iter().map(polygon).collect())),
            values: vec![
                text(&one.source),
                moment(one.from),
                moment(one.to),
                Value::Integer(i64::try_from(one.looks).unwrap_or(i64::MAX)),
                real(one.gsd_m),
            ],
        }
    };
    Layer {
        table: "footprints",
        description: "Ground that was looked at, by source and minute, with the coarsest ground sample distance; holes are left out",
        geometry: "MULTIPOLYGON",
        columns: &[
            ("source", "TEXT"),
            ("from_time", "DATETIME"),
            ("to_time", "DATETIME"),
            ("looks", "INTEGER"),
            ("gsd_m", "REAL"),
        ],
        rows: city.looked_at.iter().map(row).collect(),
    }
}

fn incidents(city: &CityExport<'_>) -> Layer {
    let tasks = tasks_by_incident(city.tasks);
    let row = |incident: &Incident| {
        let task = tasks.get(&incident.id);
        let position = incident.position.as_ref();
        Row {
            geometry: position.map(|position| point(position.point.lat_lon)),
            values: vec![
                text(&incident.id),
                text(&incident.class),
                text(incident.state.name()),
                real(position.map(|position| ce90_m(&position.covariance_enu_m2))),
                real(incident.area_m2),
                moment(incident.first_seen),
                moment(incident.last_seen),
                Value::Integer(i64::from(incident.sightings)),
                Value::Real(incident.mean_score),
                text(&incident.sources.join(", ")),
                some_text(task.map(|task| task.id)),
                some_text(incident.merged_into),
            ],
        }
    };
    Layer {
        table: "incidents",
        description: "One thing each, however often it was seen; those without a position have no geometry",
        geometry: "POINT",
        columns: &[
            ("id", "TEXT"),
            ("class", "TEXT"),
            ("state", "TEXT"),
            ("ce90_m", "REAL"),
            ("area_m2", "REAL"),
            ("first_seen", "DATETIME"),
            ("last_seen", "DATETIME"),
            ("sightings", "INTEGER"),
            ("mean_score", "REAL"),
            ("sources", "TEXT"),
            ("task_id", "TEXT"),
            ("merged_into", "TEXT"),
        ],
        rows: city.incidents.iter().map(row).collect(),
    }
}

/// Returns for each incident the task on which work goes on, else its latest.
fn tasks_by_incident(tasks: &[Task]) -> HashMap<IncidentId, &Task> {
    let mut found: HashMap<IncidentId, &Task> = HashMap::new();
    let rank = |task: &Task| (!task.state.is_over(), task.created, task.id);
    for task in tasks {
        let known = found.entry(task.incident_id).or_insert(task);
        if rank(task) > rank(known) {
            *known = task;
        }
    }
    found
}

fn outlines(city: &CityExport<'_>) -> Layer {
    let row = |incident: &Incident| {
        let footprint = incident.footprint.as_ref()?;
        let ring: Vec<Coord<f64>> = footprint.ring.iter().copied().map(coord).collect();
        Some(Row {
            // A polygon closes its ring itself.
            geometry: Some(Geometry::Polygon(Polygon::new(LineString::new(ring), Vec::new()))),
            values: vec![
                text(&incident.id),
                text(&incident.class),
                text(incident.state.name()),
                real(Some(footprint.area_m2)),
                Value::Integer(i64::from(footprint.truncated)),
            ],
        })
    };
    Layer {
        table: "incident_footprints",
        description: "Outlines of incidents on the ground",
        geometry: "POLYGON",
        columns: &[
            ("incident_id", "TEXT"),
            ("class", "TEXT"),
            ("state", "TEXT"),
            ("area_m2", "REAL"),
            ("truncated", "BOOLEAN"),
        ],
        rows: city.incidents.iter().filter_map(row).collect(),
    }
}

fn ellipses(city: &CityExport<'_>) -> Layer {
    let row = |incident: &Incident| {
        let position = incident.position.as_ref()?;
        let ellipse = error_ellipse(&position.covariance_enu_m2);
        let (major_m, minor_m) = (NINETY_PERCENT * ellipse.major_m, NINETY_PERCENT * ellipse.minor_m);
        // A point has no ellipse to draw.
        (major_m > 0.0 && minor_m > 0.0 && major_m.is_finite()).then(|| Row {
            geometry: Some(drawn(position, major_m, minor_m, ellipse.azimuth_deg)),
            values: vec![
                text(&incident.id),
                text(incident.state.name()),
                Value::Real(major_m),
                Value::Real(minor_m),
                Value::Real(ellipse.azimuth_deg),
            ],
        })
    };
    Layer {
        table: "error_ellipses",
        description: "Ellipses that hold the true position with a probability of 90 %; half axes in metres",
        geometry: "POLYGON",
        columns: &[
            ("incident_id", "TEXT"),
            ("state", "TEXT"),
            ("major_m", "REAL"),
            ("minor_m", "REAL"),
            ("azimuth_deg", "REAL"),
        ],
        rows: city.incidents.iter().filter_map(row).collect(),
    }
}

/// Counter-clockwise, for the outer ring of a polygon.
fn drawn(position: &GroundPosition, major_m: f64, minor_m: f64, azimuth_deg: f64) -> Geometry<f64> {
    let centre = position.point.lat_lon;
    let (m_per_deg_lat, m_per_deg_lon) = metres_per_degree(centre.lat_deg);
    let (sin, cos) = azimuth_deg.to_radians().sin_cos();
    let corner = |step: u32| {
        let (across, along) = (std::f64::consts::TAU * f64::from(step) / f64::from(CORNERS)).sin_cos();
        let (along_m, across_m) = (along * major_m, -across * minor_m);
        let (east_m, north_m) = (along_m * sin + across_m * cos, along_m * cos - across_m * sin);
        Coord { x: centre.lon_deg + east_m / m_per_deg_lon, y: centre.lat_deg + north_m / m_per_deg_lat }
    };
    Geometry::Polygon(Polygon::new(LineString::new((0..CORNERS).map(corner).collect()), Vec::new()))
}

fn tasks(city: &CityExport<'_>) -> Layer {
    let row = |task: &Task| {
        let lead = task.lead.as_ref().and_then(|id| city.departments.get(id));
        let assisting: Vec<String> = task.assisting.iter().map(|a| a.department.to_string()).collect();
        Row {
            geometry: Some(point(task.position)),
            values: vec![
                text(&task.id),
                text(&task.incident_id),
                text(&task.class),
                text(task.state.name()),
                some_text(task.lead.as_ref()),
                some_text(lead.map(|lead| &lead.name_zh)),
                some_text(lead.map(|lead| &lead.name_en)),
                text(&assisting.join(", ")),
                word(task.priority),
                word(task.severity),
                moment(task.created),
                task.deadline.map_or(Value::Null, moment),
                text(&task.title_zh),
                text(&task.title_en),
                text(&task.routing.reason_zh),
                text(&task.routing.reason_en),
                real(Some(task.ce90_m)),
                real(task.area_m2),
            ],
        }
    };
    Layer {
        table: "tasks",
        description: "Findings given to departments",
        geometry: "POINT",
        columns: &[
            ("id", "TEXT"),
            ("incident_id", "TEXT"),
            ("class", "TEXT"),
            ("state", "TEXT"),
            ("lead", "TEXT"),
            ("lead_zh", "TEXT"),
            ("lead_en", "TEXT"),
            ("assisting", "TEXT"),
            ("priority", "TEXT"),
            ("severity", "TEXT"),
            ("created", "DATETIME"),
            ("deadline", "DATETIME"),
            ("title_zh", "TEXT"),
            ("title_en", "TEXT"),
            ("reason_zh", "TEXT"),
            ("reason_en", "TEXT"),
            ("ce90_m", "REAL"),
            ("area_m2", "REAL"),
        ],
        rows: city.tasks.iter().map(row).collect(),
    }
}

fn zones(city: &CityExport<'_>) -> Layer {
    let row = |zone: &gis::zones::Zone| Row {
        geometry: Some(Geometry::MultiPolygon(zone.polygon.clone())),
        values: vec![
            text(&zone.code),
            text(&zone.level),
            some_text(zone.kind.as_ref()),
            text(&zone.name_zh),
            text(&zone.name_en),
            some_text(zone.parent.as_ref()),
        ],
    };
    Layer {
        table: "zones",
        description: "Areas of responsibility in force",
        geometry: "MULTIPOLYGON",
        columns: &[
            ("code", "TEXT"),
            ("level", "TEXT"),
            ("kind", "TEXT"),
            ("name_zh", "TEXT"),
            ("name_en", "TEXT"),
            ("parent", "TEXT"),
        ],
        rows: city.zones.iter().map(row).collect(),
    }
}
