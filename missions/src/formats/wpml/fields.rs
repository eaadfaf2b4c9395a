//! The tables of fields of DJI's documents: what must be there, and what it may say.

use super::tree::Node;

/// Which of the two documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum File {
    /// `template.kml`.
    Template,
    /// `waylines.wpml`.
    Waylines,
}

/// What a field may say.
#[derive(Debug, Clone, Copy)]
enum Kind {
    OneOf(&'static [&'static str]),
    Whole(i64, i64),
    Number(f64, f64),
    Flag,
    Text,
    Group,
}

/// A row of a table: parent, field, what it may say, whether it must be there.
struct Field(&'static str, &'static str, Kind, bool);

const ANY: f64 = 1e9;
const INDEX: Kind = Kind::Whole(0, 65_535);
const TURN_MODES: Kind = Kind::OneOf(&[
    "coordinateTurn",
    "toPointAndStopWithDiscontinuityCurvature",
    "toPointAndStopWithContinuityCurvature",
    "toPointAndPassWithContinuityCurvature",
]);
const HEADING_MODES: Kind =
    Kind::OneOf(&["followWayline", "manually", "fixed", "smoothTransition", "towardPOI"]);
const HEADING_PATHS: Kind = Kind::OneOf(&["clockwise", "counterClockwise", "followBadArc"]);
const TRIGGERS: Kind =
    Kind::OneOf(&["reachPoint", "betweenAdjacentPoints", "multipleTiming", "multipleDistance"]);
const FUNCTIONS: Kind = Kind::OneOf(&[
    "takePhoto",
    "startRecord",
    "stopRecord",
    "focus",
    "zoom",
    "customDirName",
    "gimbalRotate",
    "rotateYaw",
    "hover",
    "gimbalEvenlyRotate",
    "accurateShoot",
    "orientedShoot",
    "panoShot",
    "recordPointCloud",
]);

/// Fields of both documents.
const COMMON: &[Field] = &[
    Field("Document", "missionConfig", Kind::Group, true),
    Field("Document", "Folder", Kind::Group, true),
    Field("missionConfig", "flyToWaylineMode", Kind::OneOf(&["safely", "pointToPoint"]), true),
    Field(
        "missionConfig",
        "finishAction",
        Kind::OneOf(&["goHome", "noAction", "autoLand", "gotoFirstWaypoint"]),
        true,
    ),
    Field("missionConfig", "exitOnRCLost", Kind::OneOf(&["goContinue", "executeLostAction"]), true),
    Field("missionConfig", "executeRCLostAction", Kind::OneOf(&["goBack", "landing", "hover"]), false),
    Field("missionConfig", "takeOffSecurityHeight", Kind::Number(1.2, 1500.0), true),
    Field("missionConfig", "globalTransitionalSpeed", Kind::Number(0.0, 15.0), true),
    Field("missionConfig", "globalRTHHeight", Kind::Number(0.0, 1500.0), false),
    Field("missionConfig", "droneInfo", Kind::Group, true),
    Field("missionConfig", "payloadInfo", Kind::Group, true),
    Field("droneInfo", "droneEnumValue", Kind::Whole(0, 99_999), true),
    Field("droneInfo", "droneSubEnumValue", Kind::Whole(0, 99), false),
    Field("payloadInfo", "payloadEnumValue", Kind::Whole(0, 99_999), true),
    Field("payloadInfo", "payloadPositionIndex", Kind::Whole(0, 7), true),
    Field("Folder", "templateId", INDEX, true),
    Field("Folder", "autoFlightSpeed", Kind::Number(0.01, 60.0), true),
    Field("Placemark", "Point", Kind::Group, true),
    Field("Placemark", "index", INDEX, true),
    Field("Placemark", "useStraightLine", Kind::Flag, false),
    Field("waypointHeadingParam", "waypointHeadingMode", HEADING_MODES, true),
    Field("waypointHeadingParam", "waypointHeadingAngle", Kind::Number(-180.0, 180.0), false),
    Field("waypointHeadingParam", "waypointHeadingPathMode", HEADING_PATHS, false),
    Field("waypointTurnParam", "waypointTurnMode", TURN_MODES, true),
    Field("waypointTurnParam", "waypointTurnDampingDist", Kind::Number(0.0, ANY), false),
    Field("actionGroup", "actionGroupId", INDEX, true),
    Field("actionGroup", "actionGroupStartIndex", INDEX, true),
    Field("actionGroup", "actionGroupEndIndex", INDEX, true),
    Field("actionGroup", "actionGroupMode", Kind::OneOf(&["sequence"]), true),
    Field("actionGroup", "actionTrigger", Kind::Group, true),
    Field("actionGroup", "action", Kind::Group, true),
    Field("actionTrigger", "actionTriggerType", TRIGGERS, true),
    Field("actionTrigger", "actionTriggerParam", Kind::Number(1e-9, ANY), false),
    Field("action", "actionId", INDEX, true),
    Field("action", "actionActuatorFunc", FUNCTIONS, true),
    Field("action", "actionActuatorFuncParam", Kind::Group, true),
    Field("actionActuatorFuncParam", "payloadPositionIndex", Kind::Whole(0, 7), false),
    Field("actionActuatorFuncParam", "gimbalPitchRotateAngle", Kind::Number(-180.0, 180.0), false),
    Field("actionActuatorFuncParam", "gimbalPitchRotateEnable", Kind::Flag, false),
    Field("actionActuatorFuncParam", "hoverTime", Kind::Number(0.0, ANY), false),
    Field("actionActuatorFuncParam", "useGlobalPayloadLensIndex", Kind::Flag, false),
];

/// Fields of `waylines.wpml` alone.
const WAYLINES: &[Field] = &[
    Field("Folder", "waylineId", INDEX, true),
    Field(
        "Folder",
        "executeHeightMode",
        Kind::OneOf(&["WGS84", "relativeToStartPoint", "realTimeFollowSurface"]),
        true,
    ),
    Field("Placemark", "executeHeight", Kind::Number(-500.0, 12_000.0), true),
    Field("Placemark", "waypointSpeed", Kind::Number(0.01, 60.0), true),
    Field("Placemark", "waypointHeadingParam", Kind::Group, true),
    Field("Placemark", "waypointTurnParam", Kind::Group, true),
];

/// Fields of `template.kml` alone, of the template "waypoint" where they are of a template.
const TEMPLATE: &[Field] = &[
    Field("Document", "createTime", Kind::Whole(0, i64::MAX), false),
    Field("Document", "updateTime", Kind::Whole(0, i64::MAX), false),
    Field(
        "Folder",
        "templateType",
        Kind::OneOf(&["waypoint", "mapping2d", "mapping3d", "mappingStrip"]),
        true,
    ),
    Field("Folder", "waylineCoordinateSysParam", Kind::Group, true),
    Field("waylineCoordinateSysParam", "coordinateMode", Kind::OneOf(&["WGS84"]), true),
    Field(
        "waylineCoordinateSysParam",
        "heightMode",
        Kind::OneOf(&["EGM96", "relativeToStartPoint", "aboveGroundLevel", "realTimeFollowSurface", "WGS84"]),
        true,
    ),
    Field("Folder", "gimbalPitchMode", Kind::OneOf(&["manual", "usePointSetting", "fixed"]), false),
    Field("Folder", "globalWaypointTurnMode", TURN_MODES, false),
    Field("Folder", "globalUseStraightLine", Kind::Flag, false),
    Field("Placemark", "ellipsoidHeight", Kind::Number(-500.0, 12_000.0), false),
    Field("Placemark", "height", Kind::Number(-500.0, 12_000.0), false),
    Field("Placemark", "useGlobalHeight", Kind::Flag, false),
    Field("Placemark", "useGlobalSpeed", Kind::Flag, false),
    Field("Placemark", "useGlobalHeadingParam", Kind::Flag, false),
    Field("Placemark", "useGlobalTurnParam", Kind::Flag, false),
    Field("payloadParam", "imageFormat", Kind::Text, true),
];

/// Most faults that are listed.
const MOST_FAULTS: usize = 100;

/// Returns what a document breaks, with the place of each.
pub fn faults(tree: &Node, file: File) -> Vec<String> {
    let own = match file {
        File::Template => TEMPLATE,
        File::Waylines => WAYLINES,
    };
    let mut faults = Vec::new();
    if let Some(document) = tree.child("kml").and_then(|kml| kml.child("Document")) {
        walk(document, "Document", own, &mut faults);
        rules(document, &mut faults);
    } else {
        faults.push("kml with a Document in it is missing".to_owned());
    }
    faults.truncate(MOST_FAULTS);
    faults
}

fn walk(node: &Node, place: &str, own: &[Field], faults: &mut Vec<String>) {
    for Field(_, name, kind, required) in
        COMMON.iter().chain(own).filter(|Field(parent, ..)| *parent == node.name)
    {
        match node.child(name) {
            None if *required => faults.push(format!("{place}.{name} is missing")),
            None => {}
            Some(found) => {
                faults.extend(wrong(&found.text, *kind).map(|why| format!("{place}.{name} {why}")));
            }
        }
    }
    let mut numbers: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for child in &node.children {
        let number = numbers.entry(child.name.as_str()).or_default();
        let several = ["Placemark", "actionGroup", "action", "Folder"].contains(&child.name.as_str());
        let label = if several { format!("{}[{number}]", child.name) } else { child.name.clone() };
        *number += 1;
        if faults.len() < MOST_FAULTS {
            walk(child, &format!("{place}.{label}"), own, faults);
        }
    }
}

fn wrong(text: &str, kind: Kind) -> Option<String> {
    let shown: String = text.chars().take(40).collect();
    match kind {
        Kind::OneOf(names) if names.contains(&text) => None,
        Kind::OneOf(names) => Some(format!("is {shown:?}; it may be {}", names.join(", "))),
        Kind::Whole(least, most) => match text.parse::<i64>() {
            Ok(value) if (least..=most).contains(&value) => None,
            _ => Some(format!("is {shown:?}; it may be a whole number from {least} to {most}")),
        },
        Kind::Number(least, most) => match text.parse::<f64>() {
            Ok(value) if (least..=most).contains(&value) => None,
            _ => Some(format!("is {shown:?}; it may be a number from {least} to {most}")),
        },
        Kind::Flag if ["0", "1", "true", "false"].contains(&text) => None,
        Kind::Flag => Some(format!("is {shown:?}; it may be 0 or 1")),
        Kind::Text if text.is_empty() => Some("is empty".to_owned()),
        Kind::Text | Kind::Group => None,
    }
}

/// What the tables say in words: indices count on from 0, groups end after they begin, a lost link needs its action.
fn rules(document: &Node, faults: &mut Vec<String>) {
    if let Some(config) = document.child("missionConfig")
        && config.text_of("exitOnRCLost") == Some("executeLostAction")
        && config.child("executeRCLostAction").is_none()
    {
        faults.push("missionConfig.executeRCLostAction is missing, which executeLostAction needs".to_owned());
    }
    for folder in document.all("Folder") {
        let places: Vec<&Node> = folder.all("Placemark").filter(|p| p.child("Point").is_some()).collect();
        for (index, placemark) in places.iter().enumerate() {
            if placemark.number_of("index") != Some(index as f64) && faults.len() < MOST_FAULTS {
                let found = placemark.text_of("index").unwrap_or("missing");
                faults.push(format!("Placemark[{index}].index is {found}; indices count on from 0"));
            }
            for group in placemark.all("actionGroup") {
                let bounds =
                    ["actionGroupStartIndex", "actionGroupEndIndex"].map(|name| group.number_of(name));
                if let [Some(start), Some(end)] = bounds
                    && !(start <= end && end < places.len() as f64)
                {
                    faults.push(format!("Placemark[{index}].actionGroup goes from {start} to {end}"));
                }
            }
        }
    }
}
