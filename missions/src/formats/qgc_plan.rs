//! QGroundControl's `.plan`, version 1.
//!
//! # References
//! QGroundControl developer guide, plan file format.

use gis::LatLon;
use serde_json::{Value, json};

use super::mavlink::{Item, items, plan_of};
use super::{Beside, Format, FormatError, Imported};
use crate::plan::Plan;

const NAME: &str = ".plan of QGroundControl";
/// `MAV_AUTOPILOT_GENERIC` would do; ground stations expect PX4 (12) or ArduPilot (3).
const FIRMWARE_PX4: u8 = 12;
const VEHICLE_QUADROTOR: u8 = 2;
/// Height modes of `.plan` items: above home, above sea level.
const MODE_RELATIVE: u8 = 1;
const MODE_ABSOLUTE: u8 = 2;
const MOST_ITEMS: usize = 200_000;
/// Commands with a place of their own.
const WITH_PLACE: [u16; 3] = [16, 21, 22];

/// Writes a plan.
pub fn write(plan: &Plan) -> String {
    let first = plan.waypoints.first().map_or(LatLon { lat_deg: 0.0, lon_deg: 0.0 }, |w| w.at);
    let home = plan.home.unwrap_or(first);
    let listed: Vec<Value> =
        items(plan).iter().enumerate().map(|(index, item)| written(index, item)).collect();
    let file = json!({
        "fileType": "Plan",
        "version": 1,
        "groundStation": "QGroundControl",
        "mission": {
            "version": 2,
            "firmwareType": FIRMWARE_PX4,
            "vehicleType": VEHICLE_QUADROTOR,
            "cruiseSpeed": plan.speed_mps,
            "hoverSpeed": plan.speed_mps,
            "globalPlanAltitudeMode": 1,
            "plannedHomePosition": [home.lat_deg, home.lon_deg, 0.0],
            "items": listed,
        },
        "geoFence": { "version": 2, "circles": [], "polygons": [] },
        "rallyPoints": { "version": 2, "points": [] },
        "flyonce": Beside::of(plan),
    });
    format!("{file:#}\n")
}

fn written(index: usize, item: &Item) -> Value {
    let param = |value: f64| if value.is_nan() { Value::Null } else { json!(value) };
    let params: Vec<Value> = item.params.iter().map(|value| param(*value)).collect();
    let mut object = json!({
        "type": "SimpleItem",
        "autoContinue": true,
        "command": item.command,
        "doJumpId": index + 1,
        "frame": item.frame,
        "params": params,
    });
    if WITH_PLACE.contains(&item.command)
        && let Value::Object(object) = &mut object
    {
        let mode = if item.frame == 0 { MODE_ABSOLUTE } else { MODE_RELATIVE };
        object.insert("AltitudeMode".to_owned(), json!(mode));
        object.insert("Altitude".to_owned(), param(item.params[6]));
        object.insert("AMSLAltAboveTerrain".to_owned(), Value::Null);
    }
    object
}

/// Reads a plan.
///
/// # Errors
/// When it is none, or an item is not simple.
pub fn read(json: &Value) -> Result<Imported, FormatError> {
    let not = |reason: String| FormatError::NotReadable { format: NAME, reason };
    if json.get("fileType").and_then(Value::as_str) != Some("Plan") {
        return Err(not("fileType is not Plan".to_owned()));
    }
    let mission = json.get("mission").ok_or_else(|| not("no mission".to_owned()))?;
    let listed = mission.get("items").and_then(Value::as_array).ok_or_else(|| not("no items".to_owned()))?;
    if listed.len() > MOST_ITEMS {
        return Err(not(format!("{} items are too many", listed.len())));
    }
    let mut notes = Vec::new();
    let read = listed.iter().enumerate().map(|(index, value)| item(index, value));
    let read = read.collect::<Result<Vec<Item>, FormatError>>()?;
    let home = mission.get("plannedHomePosition").and_then(place);
    let mut plan = plan_of(&read, home, &mut notes)?;
    if let Some(beside) = json.get("flyonce") {
        match serde_json::from_value::<Beside>(beside.clone()) {
            Ok(beside) => beside.put_into(&mut plan),
            Err(error) => notes.push(format!("what flyonce kept beside the plan cannot be read: {error}")),
        }
    }
    let faults = faults(json);
    Ok(Imported { plan, format: Format::QgcPlan, dji: None, notes, faults })
}

/// What the format's description asks for and the file lacks.
fn faults(json: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let mut at = |path: &str, ok: bool| {
        if !ok {
            faults.push(format!("{path} is missing or not what the format asks for"));
        }
    };
    let number = |pointer: &str| json.pointer(pointer).and_then(Value::as_f64);
    at("version", number("/version") == Some(1.0));
    at("groundStation", json.get("groundStation").is_some_and(Value::is_string));
    at("mission.version", number("/mission/version") == Some(2.0));
    for key in ["firmwareType", "vehicleType", "cruiseSpeed", "hoverSpeed"] {
        at(&format!("mission.{key}"), number(&format!("/mission/{key}")).is_some());
    }
    at("mission.plannedHomePosition", json.pointer("/mission/plannedHomePosition/1").is_some());
    at("geoFence.version", number("/geoFence/version") == Some(2.0));
    at("rallyPoints.version", number("/rallyPoints/version") == Some(2.0));
    faults
}

fn place(value: &Value) -> Option<LatLon> {
    LatLon::new(value.get(0)?.as_f64()?, value.get(1)?.as_f64()?)
}

fn item(index: usize, value: &Value) -> Result<Item, FormatError> {
    let bad = |reason: String| FormatError::Field { place: format!("mission.items[{index}]"), reason };
    let kind = value.get("type").and_then(Value::as_str).unwrap_or("without a type");
    if kind != "SimpleItem" {
        return Err(bad(format!("a {kind}; export the plan with its items written out")));
    }
    let whole = |key: &str| value.get(key).and_then(Value::as_u64);
    let command = whole("command").and_then(|n| u16::try_from(n).ok());
    let frame = whole("frame").and_then(|n| u8::try_from(n).ok());
    let params = value.get("params").and_then(Value::as_array).filter(|params| params.len() == 7);
    let (Some(command), Some(frame), Some(listed)) = (command, frame, params) else {
        return Err(bad("command, frame or seven params are missing".to_owned()));
    };
    let mut params = [f64::NAN; 7];
    for (slot, value) in params.iter_mut().zip(listed) {
        *slot = match value {
            Value::Null => f64::NAN,
            other => other.as_f64().ok_or_else(|| bad(format!("parameter {other} is no number")))?,
        };
    }
    Ok(Item { command, frame, params })
}
