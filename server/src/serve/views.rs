//! The bodies that the API gives: what a person or a machine is told of a case.

use dispatch::{Event, EvidenceKind, State, Task};
use gis::error_ellipse::{ce90_m, error_ellipse};
use gis::geodesy::LocalFrame;
use gis::{GroundPosition, LatLon, Observation};
use jiff::Timestamp;
use nalgebra::Vector3;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::board::Case;
use crate::wire::City;

/// Factor from one standard deviation of an ellipse to 90 %: sqrt(2 ln 10).
const ELLIPSE_90: f64 = 2.145_966_026_289_347;
/// Corners of a drawn ellipse.
const ELLIPSE_CORNERS: u32 = 48;

/// Where something lies.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PositionView {
    /// Latitude, degrees, WGS-84.
    pub lat_deg: f64,
    /// Longitude, degrees, WGS-84.
    pub lon_deg: f64,
    /// Height, metres above `datum`.
    pub height_m: f64,
    /// What the height is above.
    pub datum: &'static str,
    /// Radius that holds the true position with a probability of 90 %, metres.
    pub ce90_m: f64,
}

/// A department that assists.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AssistingView {
    /// Its id.
    pub department: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// How likely it is concerned, 0 to 1.
    pub probability: f64,
}

/// A task.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TaskView {
    /// Identity.
    #[schema(value_type = uuid::Uuid)]
    pub id: String,
    /// How far it has come.
    pub state: &'static str,
    /// Number of the last operation on it, 0 for none.
    pub version: u64,
    /// Title in Chinese.
    pub title_zh: String,
    /// Title in English.
    pub title_en: String,
    /// Department that leads.
    pub lead: Option<String>,
    /// Its Chinese name.
    pub lead_zh: Option<String>,
    /// Its English name.
    pub lead_en: Option<String>,
    /// How sure the lead is, 0 to 1.
    pub probability: f64,
    /// Departments that assist.
    pub assisting: Vec<AssistingView>,
    /// Why this lead, in Chinese.
    pub reason_zh: String,
    /// Why this lead, in English.
    pub reason_en: String,
    /// The rule that fired.
    pub rule: Option<String>,
    /// Priority.
    #[schema(value_type = String)]
    pub priority: dispatch::Priority,
    /// Severity.
    #[schema(value_type = String)]
    pub severity: dispatch::Severity,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
    /// By when it is due.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub deadline: Option<Timestamp>,
    /// Not done by its deadline.
    pub overdue: bool,
    /// What it waits for while its clock stands.
    pub paused: Option<String>,
}

/// A still.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StillView {
    /// What it shows.
    pub kind: &'static str,
    /// Where to get it.
    pub url: String,
}

/// An incident with its task.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CaseView {
    /// Identity of the incident.
    #[schema(value_type = uuid::Uuid)]
    pub id: String,
    /// What it is.
    pub class: String,
    /// Its Chinese name.
    pub class_zh: String,
    /// Its English name.
    pub class_en: String,
    /// How far the incident has come.
    pub state: &'static str,
    /// Mean score of its sightings, 0 to 1.
    pub score: f64,
    /// Capture time of the first sighting.
    #[schema(value_type = String, format = DateTime)]
    pub first_seen: Timestamp,
    /// Capture time of the last sighting.
    #[schema(value_type = String, format = DateTime)]
    pub last_seen: Timestamp,
    /// Frames in which it was seen.
    pub sightings: u32,
    /// Area, square metres.
    pub area_m2: Option<f64>,
    /// Where it lies; none when nobody knows.
    pub position: Option<PositionView>,
    /// Names of the zones it lies in, finest first, in Chinese.
    pub place_zh: String,
    /// The same in English.
    pub place_en: String,
    /// Number of the last operation on it, 0 for none.
    pub version: u64,
    /// The incident that took it over.
    pub merged_into: Option<String>,
    /// The task that stands for it.
    pub task: Option<TaskView>,
    /// Pictures.
    pub stills: Vec<StillView>,
}

/// Returns the view of a case.
pub fn case_view(case: &Case, city: &City, now: Timestamp) -> CaseView {
    let incident = &case.incident;
    let profile = city.rules.classes.get(&incident.class);
    let (place_zh, place_en) = place(case, city);
    CaseView {
        id: incident.id.to_string(),
        class: incident.class.clone(),
        class_zh: profile.map_or_else(|| incident.class.clone(), |p| p.name_zh.clone()),
        class_en: profile.map_or_else(|| incident.class.clone(), |p| p.name_en.clone()),
        state: incident.state.name(),
        score: incident.mean_score,
        first_seen: incident.first_seen,
        last_seen: incident.last_seen,
        sightings: incident.sightings,
        area_m2: incident.area_m2.filter(|area| area.is_finite()),
        position: incident.position.as_ref().map(position_view),
        place_zh,
        place_en,
        version: case.version,
        merged_into: incident.merged_into.map(|id| id.to_string()),
        task: case.task.as_ref().map(|task| task_view(task, case.task_version, city, now)),
        stills: case.task.as_deref().map(stills).unwrap_or_default(),
    }
}

fn position_view(position: &GroundPosition) -> PositionView {
    let point = position.point;
    PositionView {
        lat_deg: point.lat_lon.lat_deg,
        lon_deg: point.lat_lon.lon_deg,
        height_m: point.height.0,
        datum: "WGS-84 ellipsoid",
        ce90_m: ce90_m(&position.covariance_enu_m2),
    }
}

fn task_view(task: &Task, version: u64, city: &City, now: Timestamp) -> TaskView {
    let name = |id: &dispatch::DepartmentId| {
        city.departments.get(id).map(|d| (d.name_zh.clone(), d.name_en.clone()))
    };
    let lead = task.lead.as_ref().and_then(name);
    let assisting = task.assisting.iter().map(|other| {
        let (zh, en) = name(&other.department)
            .unwrap_or_else(|| (other.department.0.clone(), other.department.0.clone()));
        AssistingView { department: other.department.0.clone(), zh, en, probability: other.probability }
    });
    TaskView {
        id: task.id.to_string(),
        state: task.state.name(),
        version,
        title_zh: task.title_zh.clone(),
        title_en: task.title_en.clone(),
        lead: task.lead.as_ref().map(|id| id.0.clone()),
        lead_zh: lead.as_ref().map(|(zh, _)| zh.clone()),
        lead_en: lead.map(|(_, en)| en),
        probability: task.routing.probability,
        assisting: assisting.collect(),
        reason_zh: task.routing.reason_zh.clone(),
        reason_en: task.routing.reason_en.clone(),
        rule: task.routing.rule_id().map(str::to_owned),
        priority: task.priority,
        severity: task.severity,
        created: task.created,
        deadline: task.deadline,
        overdue: task.is_overdue(now),
        paused: task.paused.as_ref().map(|pause| pause.reason.clone()),
    }
}

fn stills(task: &Task) -> Vec<StillView> {
    let kind = |kind| match kind {
        EvidenceKind::Context => Some("context"),
        EvidenceKind::ContextAnnotated => Some("context_annotated"),
        EvidenceKind::CloseUp => Some("close_up"),
        EvidenceKind::CloseUpAnnotated => Some("close_up_annotated"),
        EvidenceKind::OnSite => Some("on_site"),
        EvidenceKind::Clip => Some("clip"),
        EvidenceKind::Record => None,
    };
    let view = |file: &dispatch::EvidenceRef| {
        Some(StillView { kind: kind(file.kind)?, url: format!("/v1/evidence/{}", file.file) })
    };
    task.evidence.iter().filter_map(view).collect()
}

/// Returns the pictures that a machine took of the finding: those of a crew tell what was decided.
pub fn stills_of(task: &Task) -> Vec<StillView> {
    stills(task).into_iter().filter(|still| still.kind != "on_site").collect()
}

fn place(case: &Case, city: &City) -> (String, String) {
    if let Some(task) = &case.task {
        let likely = || task.routing.zones.iter().rev().filter(|zone| zone.probability >= 0.5);
        let zh: Vec<&str> = likely().map(|zone| zone.name_zh.as_str()).collect();
        let en: Vec<&str> = likely().map(|zone| zone.name_en.as_str()).collect();
        return (zh.join(" · "), en.join(", "));
    }
    let at = case.incident.position.as_ref().map(|p| p.point.lat_lon).or(case.incident.place);
    let zones = at.map(|at| city.zones.all_containing(at)).unwrap_or_default();
    let zh: Vec<&str> = zones.iter().rev().map(|zone| zone.name_zh.as_str()).collect();
    let en: Vec<&str> = zones.iter().rev().map(|zone| zone.name_en.as_str()).collect();
    (zh.join(" · "), en.join(", "))
}

/// Returns a ring as GeoJSON polygon, closed.
pub fn polygon(ring: &[LatLon]) -> Value {
    let mut corners: Vec<[f64; 2]> = ring.iter().map(|c| [c.lon_deg, c.lat_deg]).collect();
    corners.extend(corners.first().copied());
    json!({"type": "Polygon", "coordinates": [corners]})
}

/// Returns the ellipse that holds the true position with a probability of 90 %, as GeoJSON polygon.
pub fn ellipse(position: &GroundPosition) -> Value {
    let ellipse = error_ellipse(&position.covariance_enu_m2);
    let frame = LocalFrame::at(position.point);
    let (sin, cos) = ellipse.azimuth_deg.to_radians().sin_cos();
    let corner = |i: u32| {
        let angle = f64::from(i) / f64::from(ELLIPSE_CORNERS) * std::f64::consts::TAU;
        // Counter-clockwise seen from above, as RFC 7946 wants it.
        let (along, across) =
            (angle.cos() * ellipse.major_m * ELLIPSE_90, -angle.sin() * ellipse.minor_m * ELLIPSE_90);
        let enu = Vector3::new(along * sin + across * cos, along * cos - across * sin, 0.0);
        frame.point_from_enu(&enu).lat_lon
    };
    polygon(&(0..ELLIPSE_CORNERS).map(corner).collect::<Vec<_>>())
}

/// Returns what is told of an observation.
pub fn observation_view(observation: &Observation) -> Value {
    let at = observation.location.ground().map(|p| p.point.lat_lon);
    json!({
        "id": observation.id.0,
        "source": observation.source,
        "frame": observation.frame_index,
        "time": observation.time,
        "score": observation.score,
        "lat_deg": at.map(|at| at.lat_deg),
        "lon_deg": at.map(|at| at.lon_deg),
    })
}

/// Returns the course of a case in both languages, oldest first.
pub fn history(case: &Case) -> Vec<Value> {
    let of_incident = case.incident.history.iter().map(|event| {
        let value = json!({
            "at": event.time, "zh": event.cause, "en": event.cause,
            "actor": null, "reason": null, "operation": event.operation,
        });
        (event.time, value)
    });
    let of_task = case.task.iter().flat_map(|task| &task.history).map(|step| {
        let (zh, en) = (state_zh(step.to), step.to.name());
        let value = json!({
            "at": step.at, "zh": format!("任务:{zh}"), "en": format!("task: {en}"),
            "actor": null, "reason": seen(&step.event), "operation": null,
        });
        (step.at, value)
    });
    let mut all: Vec<(Timestamp, Value)> = of_incident.chain(of_task).collect();
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, value)| value).collect()
}

/// Returns what later looks saw that moved a task.
fn seen(event: &Event) -> Option<&str> {
    match event {
        Event::Refute { reason } | Event::Reopen { reason } | Event::Lapse { reason } => Some(reason),
        _ => None,
    }
}

/// Returns the Chinese name of a state.
pub fn state_zh(state: State) -> &'static str {
    match state {
        State::Proposed => "待研判",
        State::Confirmed => "已确认",
        State::Dispatched => "已派遣",
        State::Accepted => "已接单",
        State::EnRoute => "前往中",
        State::OnSite => "已到场",
        State::Done => "已处置",
        State::Verified => "已核查",
        State::Closed => "已结案",
        State::Rejected => "已排除",
        State::Bounced => "已退回",
        State::Merged => "已合并",
        State::Reopened => "已重开",
    }
}
