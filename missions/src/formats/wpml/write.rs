//! The two documents of a plan.

use std::fmt::{Display, Write};

use gis::LatLon;
use gis::geodesy::plane_distance_m;
use gis::geoid::{GeoidModel, undulation_m};
use quick_xml::escape::escape;

use crate::aircraft::DjiModel;
use crate::plan::{Action, Finish, HeightReference, LostLink, Nose, Plan, Waypoint};

const NAMESPACE: &str = "http://www.dji.com/wpmz/1.0.6";
/// Turning on the way takes no more of a piece than this share, and no more than this, metres.
const TURN_SHARE: f64 = 0.2;
const MOST_TURN_M: f64 = 10.0;
/// Highest speed to the first waypoint, metres a second (field table: 0 to 15).
const MOST_TRANSITIONAL_MPS: f64 = 15.0;
/// Field table: 2 to 1500 m, docks 8 to 1500.
const LEAST_TAKE_OFF_M: f64 = 8.0;

/// XML under way.
struct Xml {
    out: String,
    depth: usize,
}

impl Xml {
    fn new() -> Self {
        let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
        Self {
            out: format!("{head}<kml xmlns=\"http://www.opengis.net/kml/2.2\" xmlns:wpml=\"{NAMESPACE}\">\n"),
            depth: 1,
        }
    }

    fn line(&mut self, text: &str) {
        let indent = "  ".repeat(self.depth);
        // Writing to a text cannot fail.
        let _ = writeln!(self.out, "{indent}{text}");
    }

    /// A field of WPML.
    fn field(&mut self, name: &str, value: impl Display) {
        let value = value.to_string();
        self.line(&format!("<wpml:{name}>{}</wpml:{name}>", escape(value.as_str())));
    }

    /// An element, with its prefix, around what `inside` writes.
    fn element(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        self.line(&format!("<{name}>"));
        self.depth += 1;
        inside(self);
        self.depth -= 1;
        self.line(&format!("</{name}>"));
    }

    fn group(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        self.element(&format!("wpml:{name}"), inside);
    }

    fn done(mut self) -> String {
        self.out.push_str("</kml>\n");
        self.out
    }
}

/// Returns `template.kml`.
pub fn template(plan: &Plan, model: &DjiModel, created_ms: i64) -> String {
    let mut xml = Xml::new();
    xml.element("Document", |xml| {
        xml.field("author", "flyonce");
        xml.field("createTime", created_ms);
        xml.field("updateTime", created_ms);
        config(xml, plan, model, true);
        xml.element("Folder", |xml| {
            xml.field("templateType", "waypoint");
            xml.field("templateId", 0);
            xml.group("waylineCoordinateSysParam", |xml| {
                xml.field("coordinateMode", "WGS84");
                xml.field(
                    "heightMode",
                    match plan.heights {
                        HeightReference::TakeOff => "relativeToStartPoint",
                        HeightReference::Ellipsoid => "EGM96",
                    },
                );
            });
            xml.field("autoFlightSpeed", plan.speed_mps);
            xml.field("gimbalPitchMode", "manual");
            xml.field("globalHeight", plan.take_off_height_m);
            xml.group("globalWaypointHeadingParam", |xml| heading(xml, Nose::Along));
            xml.field("globalWaypointTurnMode", "toPointAndStopWithDiscontinuityCurvature");
            xml.field("globalUseStraightLine", 1);
            for (index, waypoint) in plan.waypoints.iter().enumerate() {
                template_placemark(xml, plan, model, index, waypoint);
            }
            payload(xml, model);
        });
    });
    xml.done()
}

/// Returns `waylines.wpml`.
pub fn waylines(plan: &Plan, model: &DjiModel) -> String {
    let mut xml = Xml::new();
    xml.element("Document", |xml| {
        config(xml, plan, model, false);
        xml.element("Folder", |xml| {
            xml.field("templateId", 0);
            xml.field(
                "executeHeightMode",
                match plan.heights {
                    HeightReference::TakeOff => "relativeToStartPoint",
                    HeightReference::Ellipsoid => "WGS84",
                },
            );
            xml.field("waylineId", 0);
            xml.field("autoFlightSpeed", plan.speed_mps);
            for (index, waypoint) in plan.waypoints.iter().enumerate() {
                xml.element("Placemark", |xml| {
                    place(xml, waypoint.at);
                    xml.field("index", index);
                    xml.field("executeHeight", waypoint.height_m);
                    xml.field("waypointSpeed", plan.speed_from_mps(index));
                    xml.group("waypointHeadingParam", |xml| heading(xml, waypoint.nose));
                    turn(xml, plan, index);
                    groups(xml, plan, model, index);
                });
            }
        });
    });
    xml.done()
}

fn config(xml: &mut Xml, plan: &Plan, model: &DjiModel, template: bool) {
    xml.group("missionConfig", |xml| {
        xml.field("flyToWaylineMode", "safely");
        xml.field(
            "finishAction",
            match plan.finish {
                Finish::GoHome => "goHome",
                Finish::Hover => "noAction",
                Finish::Land => "autoLand",
            },
        );
        let (exit, action) = match plan.lost_link {
            LostLink::Continue => ("goContinue", "goBack"),
            LostLink::GoHome => ("executeLostAction", "goBack"),
            LostLink::Hover => ("executeLostAction", "hover"),
            LostLink::Land => ("executeLostAction", "landing"),
        };
        xml.field("exitOnRCLost", exit);
        xml.field("executeRCLostAction", action);
        xml.field("takeOffSecurityHeight", plan.take_off_height_m.max(LEAST_TAKE_OFF_M));
        if let Some(home) = plan.home.filter(|_| template) {
            // Latitude first here, and only here; the height is for show.
            xml.field("takeOffRefPoint", format!("{},{},0", home.lat_deg, home.lon_deg));
            xml.field("takeOffRefPointAGLHeight", 0);
        }
        xml.field("globalTransitionalSpeed", plan.speed_mps.min(MOST_TRANSITIONAL_MPS));
        xml.field("globalRTHHeight", plan.take_off_height_m.max(LEAST_TAKE_OFF_M));
        xml.group("droneInfo", |xml| {
            xml.field("droneEnumValue", model.drone);
            xml.field("droneSubEnumValue", model.drone_sub);
        });
        xml.group("payloadInfo", |xml| {
            xml.field("payloadEnumValue", model.payload);
            xml.field("payloadSubEnumValue", model.payload_sub);
            xml.field("payloadPositionIndex", model.position);
        });
    });
}

fn payload(xml: &mut Xml, model: &DjiModel) {
    xml.group("payloadParam", |xml| {
        xml.field("payloadPositionIndex", model.position);
        xml.field("imageFormat", &model.lens);
    });
}

fn place(xml: &mut Xml, at: LatLon) {
    xml.element("Point", |xml| {
        xml.line(&format!("<coordinates>{},{}</coordinates>", at.lon_deg, at.lat_deg));
    });
}

fn template_placemark(xml: &mut Xml, plan: &Plan, model: &DjiModel, index: usize, waypoint: &Waypoint) {
    xml.element("Placemark", |xml| {
        place(xml, waypoint.at);
        xml.field("index", index);
        let (ellipsoid_m, height_m) = match plan.heights {
            HeightReference::TakeOff => (waypoint.height_m, waypoint.height_m),
            HeightReference::Ellipsoid => {
                let undulation_m = undulation_m(GeoidModel::Egm96, waypoint.at).unwrap_or(0.0);
                (waypoint.height_m, waypoint.height_m - undulation_m)
            }
        };
        xml.field("ellipsoidHeight", ellipsoid_m);
        xml.field("height", format!("{height_m:.3}"));
        xml.field("useGlobalHeight", 0);
        xml.field("useGlobalSpeed", u8::from(waypoint.speed_mps.is_none()));
        if let Some(speed_mps) = waypoint.speed_mps {
            xml.field("waypointSpeed", speed_mps);
        }
        xml.field("useGlobalHeadingParam", u8::from(waypoint.nose == Nose::Along));
        if waypoint.nose != Nose::Along {
            xml.group("waypointHeadingParam", |xml| heading(xml, waypoint.nose));
        }
        xml.field("useGlobalTurnParam", 0);
        turn(xml, plan, index);
        groups(xml, plan, model, index);
    });
}

fn heading(xml: &mut Xml, nose: Nose) {
    match nose {
        Nose::Along => xml.field("waypointHeadingMode", "followWayline"),
        Nose::Towards(at) => {
            xml.field("waypointHeadingMode", "towardPOI");
            xml.field("waypointPoiPoint", format!("{},{},0", at.lat_deg, at.lon_deg));
        }
    }
    xml.field("waypointHeadingPathMode", "followBadArc");
}

fn turn(xml: &mut Xml, plan: &Plan, index: usize) {
    let stop = plan.waypoints[index].stop;
    let damping_m = if stop { 0.0 } else { damping_m(plan, index) };
    xml.group("waypointTurnParam", |xml| {
        let passed = "toPointAndPassWithContinuityCurvature";
        let mode = if stop { "toPointAndStopWithDiscontinuityCurvature" } else { passed };
        xml.field("waypointTurnMode", mode);
        xml.field("waypointTurnDampingDist", damping_m);
    });
    xml.field("useStraightLine", 1);
}

/// How far before a waypoint the turn begins: two turns must fit into the piece between their waypoints.
fn damping_m(plan: &Plan, index: usize) -> f64 {
    let at = plan.waypoints[index].at;
    let beside = [index.wrapping_sub(1), index + 1];
    let pieces_m = beside.iter().filter_map(|k| plan.waypoints.get(*k)).map(|w| plane_distance_m(at, w.at));
    let shortest_m = pieces_m.fold(MOST_TURN_M / TURN_SHARE, f64::min);
    ((shortest_m * TURN_SHARE * 100.0).floor() / 100.0).max(0.01)
}

/// Action groups that begin at a waypoint. Pictures on the way are a group of their own, up to where they end.
fn groups(xml: &mut Xml, plan: &Plan, model: &DjiModel, index: usize) {
    let waypoint = &plan.waypoints[index];
    let at_point: Vec<Action> = waypoint
        .actions
        .iter()
        .copied()
        .filter(|action| !matches!(action, Action::PicturesEvery { .. } | Action::PicturesEnd))
        .collect();
    // Two numbers for each waypoint keep the ids of groups apart.
    if !at_point.is_empty() {
        group(xml, (2 * index, index, index), None, |xml| {
            for (id, action) in at_point.iter().enumerate() {
                self::action(xml, model, id, *action);
            }
        });
    }
    for action in &waypoint.actions {
        if let Action::PicturesEvery { metres } = action {
            let end =
                plan.waypoints[index + 1..].iter().position(|w| w.actions.contains(&Action::PicturesEnd));
            let end = end.map_or(plan.waypoints.len() - 1, |after| index + 1 + after);
            group(xml, (2 * index + 1, index, end), Some(*metres), |xml| {
                self::action(xml, model, 0, Action::Picture);
            });
        }
    }
}

fn group(
    xml: &mut Xml,
    (id, start, end): (usize, usize, usize),
    every_m: Option<f64>,
    inside: impl FnOnce(&mut Xml),
) {
    xml.group("actionGroup", |xml| {
        xml.field("actionGroupId", id % 65_536);
        xml.field("actionGroupStartIndex", start);
        xml.field("actionGroupEndIndex", end);
        xml.field("actionGroupMode", "sequence");
        xml.group("actionTrigger", |xml| match every_m {
            Some(metres) => {
                xml.field("actionTriggerType", "multipleDistance");
                xml.field("actionTriggerParam", metres);
            }
            None => xml.field("actionTriggerType", "reachPoint"),
        });
        inside(xml);
    });
}

fn action(xml: &mut Xml, model: &DjiModel, id: usize, action: Action) {
    let name = match action {
        Action::Pitch { .. } => "gimbalRotate",
        Action::RecordStart => "startRecord",
        Action::RecordEnd => "stopRecord",
        Action::Hover { .. } => "hover",
        Action::Picture | Action::PicturesEvery { .. } | Action::PicturesEnd => "takePhoto",
    };
    xml.group("action", |xml| {
        xml.field("actionId", id);
        xml.field("actionActuatorFunc", name);
        xml.group("actionActuatorFuncParam", |xml| {
            match action {
                Action::Pitch { deg } => pitch(xml, deg),
                Action::Hover { secs } => {
                    xml.field("hoverTime", secs);
                    return;
                }
                Action::RecordEnd => xml.field("payloadLensIndex", &model.lens),
                _ => {
                    xml.field("fileSuffix", "flyonce");
                    xml.field("payloadLensIndex", &model.lens);
                    xml.field("useGlobalPayloadLensIndex", 0);
                }
            }
            xml.field("payloadPositionIndex", model.position);
        });
    });
}

fn pitch(xml: &mut Xml, deg: f64) {
    xml.field("gimbalHeadingYawBase", "north");
    xml.field("gimbalRotateMode", "absoluteAngle");
    xml.field("gimbalPitchRotateEnable", 1);
    xml.field("gimbalPitchRotateAngle", deg);
    for name in ["Roll", "Yaw"] {
        xml.field(&format!("gimbal{name}RotateEnable"), 0);
        xml.field(&format!("gimbal{name}RotateAngle"), 0);
    }
    xml.field("gimbalRotateTimeEnable", 0);
    xml.field("gimbalRotateTime", 0);
}
