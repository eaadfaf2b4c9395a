//! Plans of waylines, ours and those of other tools.

use gis::LatLon;

use super::tree::Node;
use super::{WAYLINES, not};
use crate::formats::{Format, FormatError, Imported};
use crate::plan::{Action, Finish, HeightReference, LostLink, Nose, Plan, Waypoint};

/// Actions by the waypoint they belong to.
struct Marks {
    at: Vec<Vec<Action>>,
    begins: Vec<Option<f64>>,
    ends: Vec<bool>,
}

/// Returns the plan of the first wayline; further ones are noted.
pub fn plan(tree: &Node) -> Result<Imported, FormatError> {
    let document = tree
        .child("kml")
        .and_then(|kml| kml.child("Document"))
        .ok_or_else(|| not("it has no kml with a Document in it".to_owned()))?;
    let folder = document.child("Folder").ok_or_else(|| not("it has no Folder".to_owned()))?;
    let config = document.child("missionConfig");
    let mut notes = Vec::new();
    let further = document.all("Folder").count() - 1;
    if further > 0 {
        notes.push(format!("{further} further waylines are left out: plan each in a file of its own"));
    }
    let speed_mps = required(folder, "autoFlightSpeed", "Folder")?;
    let placemarks: Vec<&Node> = folder.all("Placemark").filter(|p| p.child("Point").is_some()).collect();
    let marks = marks(&placemarks, speed_mps, &mut notes)?;
    let mut waypoints = Vec::with_capacity(placemarks.len());
    for (index, placemark) in placemarks.iter().enumerate() {
        waypoints.push(waypoint(index, placemark, speed_mps, &marks)?);
    }
    let legs = Plan::legs_by_actions(&waypoints);
    let plan = Plan {
        aircraft: String::new(),
        home: None,
        heights: heights(folder)?,
        take_off_height_m: config.and_then(|c| c.number_of("takeOffSecurityHeight")).unwrap_or(0.0),
        speed_mps,
        finish: finish(config, &mut notes),
        lost_link: lost_link(config),
        waypoints,
        legs,
    };
    plan.check()?;
    Ok(Imported { plan, format: Format::Kmz, dji: dji(config), notes, faults: Vec::new() })
}

/// Returns the reference point of take-off that a template may state.
pub fn home(template: &Node) -> Option<LatLon> {
    let config = template.child("kml")?.child("Document")?.child("missionConfig")?;
    let (lat_deg, lon_deg, _) = triple(config.text_of("takeOffRefPoint")?)?;
    LatLon::new(lat_deg, lon_deg)
}

fn triple(text: &str) -> Option<(f64, f64, f64)> {
    let mut numbers = text.split(',').map(|part| part.trim().parse::<f64>());
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next().and_then(Result::ok).unwrap_or(0.0)))
}

fn required(node: &Node, name: &str, place: &str) -> Result<f64, FormatError> {
    node.number_of(name).ok_or_else(|| {
        let found = node.text_of(name).map_or("missing".to_owned(), |text| format!("{text:?}, no number"));
        FormatError::Field { place: format!("{WAYLINES}: {place}.{name}"), reason: found }
    })
}

fn heights(folder: &Node) -> Result<HeightReference, FormatError> {
    match folder.text_of("executeHeightMode") {
        Some("WGS84") => Ok(HeightReference::Ellipsoid),
        Some("relativeToStartPoint") => Ok(HeightReference::TakeOff),
        other => Err(FormatError::Field {
            place: format!("{WAYLINES}: Folder.executeHeightMode"),
            reason: format!("{other:?}; WGS84 and relativeToStartPoint are read"),
        }),
    }
}

fn finish(config: Option<&Node>, notes: &mut Vec<String>) -> Finish {
    match config.and_then(|c| c.text_of("finishAction")) {
        Some("goHome") => Finish::GoHome,
        Some("autoLand") => Finish::Land,
        Some("noAction") => Finish::Hover,
        other => {
            notes.push(format!("finishAction {} is read as hovering", other.unwrap_or("missing")));
            Finish::Hover
        }
    }
}

fn lost_link(config: Option<&Node>) -> LostLink {
    if config.and_then(|c| c.text_of("exitOnRCLost")) == Some("goContinue") {
        return LostLink::Continue;
    }
    match config.and_then(|c| c.text_of("executeRCLostAction")) {
        Some("hover") => LostLink::Hover,
        Some("landing") => LostLink::Land,
        _ => LostLink::GoHome,
    }
}

fn dji(config: Option<&Node>) -> Option<[u32; 3]> {
    let (drone, payload) = (config?.child("droneInfo")?, config?.child("payloadInfo"));
    let number = |node: &Node, name: &str| node.text_of(name).and_then(|text| text.parse().ok());
    let drone_type = number(drone, "droneEnumValue")?;
    let payload = payload.and_then(|payload| number(payload, "payloadEnumValue")).unwrap_or_default();
    Some([drone_type, number(drone, "droneSubEnumValue").unwrap_or_default(), payload])
}

fn waypoint(index: usize, placemark: &Node, speed_mps: f64, marks: &Marks) -> Result<Waypoint, FormatError> {
    let place = format!("Placemark[{index}]");
    let text = placemark.child("Point").and_then(|point| point.text_of("coordinates")).unwrap_or_default();
    let at = triple(text).and_then(|(lon_deg, lat_deg, _)| LatLon::new(lat_deg, lon_deg));
    let at = at.ok_or_else(|| FormatError::Field {
        place: format!("{WAYLINES}: {place}.Point"),
        reason: format!("{:?} is not longitude,latitude", text.chars().take(60).collect::<String>()),
    })?;
    let own_mps = placemark.number_of("waypointSpeed");
    let turn = placemark.child("waypointTurnParam").and_then(|turn| turn.text_of("waypointTurnMode"));
    let mut actions = Vec::new();
    if marks.ends[index] {
        actions.push(Action::PicturesEnd);
    }
    actions.extend(&marks.at[index]);
    actions.extend(marks.begins[index].map(|metres| Action::PicturesEvery { metres }));
    Ok(Waypoint {
        at,
        height_m: required(placemark, "executeHeight", &place)?,
        speed_mps: own_mps.filter(|own_mps| (own_mps - speed_mps).abs() > 1e-6),
        stop: turn.is_some_and(|mode| mode.starts_with("toPointAndStop")),
        nose: nose(placemark),
        actions,
    })
}

fn nose(placemark: &Node) -> Nose {
    let param = placemark.child("waypointHeadingParam");
    if param.and_then(|param| param.text_of("waypointHeadingMode")) != Some("towardPOI") {
        return Nose::Along;
    }
    let at = param.and_then(|param| triple(param.text_of("waypointPoiPoint")?));
    at.and_then(|(lat_deg, lon_deg, _)| LatLon::new(lat_deg, lon_deg)).map_or(Nose::Along, Nose::Towards)
}

fn marks(placemarks: &[&Node], speed_mps: f64, notes: &mut Vec<String>) -> Result<Marks, FormatError> {
    let count = placemarks.len();
    let mut marks =
        Marks { at: vec![Vec::new(); count], begins: vec![None; count], ends: vec![false; count] };
    for (index, placemark) in placemarks.iter().enumerate() {
        for group in placemark.all("actionGroup") {
            let place = format!("Placemark[{index}].actionGroup");
            let bound = |name: &str| -> Result<usize, FormatError> {
                let value = required(group, name, &place)?;
                let inside = value >= 0.0 && value.fract() == 0.0 && (value as usize) < count;
                inside.then_some(value as usize).ok_or_else(|| FormatError::Field {
                    place: format!("{WAYLINES}: {place}.{name}"),
                    reason: format!("{value} is no waypoint of {count}"),
                })
            };
            let (start, end) = (bound("actionGroupStartIndex")?, bound("actionGroupEndIndex")?);
            marks.take(group, (start, end), speed_mps, notes);
        }
    }
    Ok(marks)
}

impl Marks {
    fn take(&mut self, group: &Node, (start, end): (usize, usize), speed_mps: f64, notes: &mut Vec<String>) {
        let trigger = group.child("actionTrigger");
        let kind = trigger.and_then(|t| t.text_of("actionTriggerType")).unwrap_or("reachPoint");
        let every = trigger.and_then(|t| t.number_of("actionTriggerParam")).filter(|value| *value > 0.0);
        let metres = match (kind, every) {
            ("multipleDistance", Some(metres)) => Some(metres),
            ("multipleTiming", Some(secs)) => Some(secs * speed_mps),
            _ => None,
        };
        if let Some(metres) = metres {
            self.begins[start] = Some(metres);
            self.ends[end.max(start)] = true;
            return;
        }
        for action in group.all("action") {
            match read(action) {
                Ok(action) => self.at[start].push(action),
                Err(name) => notes.push(format!("waypoint {start}: action {name} is left out")),
            }
        }
    }
}

fn read(action: &Node) -> Result<Action, String> {
    let name = action.text_of("actionActuatorFunc").unwrap_or("without a name");
    let param = action.child("actionActuatorFuncParam");
    let number = |key: &str| param.and_then(|param| param.number_of(key));
    match name {
        "takePhoto" | "orientedShoot" => Ok(Action::Picture),
        "startRecord" => Ok(Action::RecordStart),
        "stopRecord" => Ok(Action::RecordEnd),
        "hover" => Ok(Action::Hover { secs: number("hoverTime").unwrap_or(0.0) }),
        "gimbalEvenlyRotate" => {
            number("gimbalPitchRotateAngle").map(|deg| Action::Pitch { deg }).ok_or_else(|| name.to_owned())
        }
        "gimbalRotate" if number("gimbalPitchRotateEnable") == Some(1.0) => {
            number("gimbalPitchRotateAngle").map(|deg| Action::Pitch { deg }).ok_or_else(|| name.to_owned())
        }
        other => Err(other.to_owned()),
    }
}
