//! GeoJSON: the whole way as one line with the plan in its properties, and a line for each leg, for maps.

use geojson::{Feature, FeatureCollection, Geometry, GeometryValue, JsonObject, Position};
use serde_json::{Value, json};

use super::{Format, FormatError, Imported};
use crate::plan::{HeightReference, Plan, Waypoint};

const NAME: &str = "GeoJSON of a flight";
/// Version of the plan in the properties.
const VERSION: u64 = 1;

/// Writes a plan.
pub fn write(plan: &Plan) -> String {
    let whole = feature(
        &plan.waypoints,
        json!({ "flyonce": "plan", "version": VERSION, "heights": heights(plan), "plan": plan }),
    );
    let leg = |(index, leg): (usize, &crate::plan::Leg)| {
        let properties = json!({
            "flyonce": "leg", "leg": index, "kind": leg.kind.name(), "serves": leg.serves,
        });
        feature(&plan.waypoints[leg.first..=leg.last], properties)
    };
    let features = std::iter::once(whole).chain(plan.legs.iter().enumerate().map(leg)).collect();
    FeatureCollection { bbox: None, features, foreign_members: None }.to_string()
}

fn heights(plan: &Plan) -> &'static str {
    match plan.heights {
        HeightReference::TakeOff => "above take-off",
        HeightReference::Ellipsoid => "above the WGS-84 ellipsoid",
    }
}

fn feature(waypoints: &[Waypoint], properties: Value) -> Feature {
    let place = |w: &Waypoint| Position::from([w.at.lon_deg, w.at.lat_deg, w.height_m]);
    let places: Vec<Position> = waypoints.iter().map(place).collect();
    let geometry = match places.as_slice() {
        [only] => GeometryValue::Point { coordinates: only.clone() },
        _ => GeometryValue::LineString { coordinates: places },
    };
    let properties = match properties {
        Value::Object(object) => object,
        _ => JsonObject::new(),
    };
    Feature {
        bbox: None,
        geometry: Some(Geometry::new(geometry)),
        id: None,
        properties: Some(properties),
        foreign_members: None,
    }
}

/// Reads the plan that [`write`] put into a collection.
///
/// # Errors
/// When there is none.
pub fn read(json: &Value) -> Result<Imported, FormatError> {
    let not = |reason: String| FormatError::NotReadable { format: NAME, reason };
    let features = json.get("features").and_then(Value::as_array);
    let found = features.into_iter().flatten().filter_map(|feature| feature.get("properties"));
    let properties = found
        .into_iter()
        .find(|properties| properties.get("flyonce").is_some_and(|kind| kind == "plan"))
        .ok_or_else(|| not("no feature with the property flyonce = plan".to_owned()))?;
    if properties.get("version").and_then(Value::as_u64) != Some(VERSION) {
        return Err(not(format!("its plan is of version {:?}, not {VERSION}", properties.get("version"))));
    }
    let plan = properties.get("plan").cloned().unwrap_or(Value::Null);
    let plan: Plan = serde_json::from_value(plan).map_err(|error| not(error.to_string()))?;
    plan.check()?;
    Ok(Imported { plan, format: Format::GeoJson, dji: None, notes: Vec::new(), faults: Vec::new() })
}
