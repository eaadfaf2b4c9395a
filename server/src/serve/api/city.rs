//! The city itself: its zones, and who looks at what in it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use gis::IncidentId;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::problem::Problem;
use crate::clock;
use crate::serve::App;
use crate::serve::accounts::{Caller, Scope};

/// What somebody looks at.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Looking {
    /// The incident; none for nothing.
    incident: Option<Uuid>,
}

/// Gives the zones as GeoJSON.
#[utoipa::path(get, path = "/v1/zones", responses((status = 200, body = Object), (status = 401, body = Problem)))]
pub async fn zones(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Value>, Problem> {
    caller.allow(Scope::Read)?;
    let features: Vec<Value> = app.city.zones.zones().iter().map(feature).collect();
    Ok(Json(json!({"type": "FeatureCollection", "features": features})))
}

/// Returns a zone as GeoJSON feature.
pub fn feature(zone: &gis::zones::Zone) -> Value {
    json!({
        "type": "Feature",
        "id": zone.code,
        "geometry": {"type": "MultiPolygon", "coordinates": coordinates(&zone.polygon)},
        "properties": {
            "code": zone.code, "level": zone.level, "kind": zone.kind, "parent": zone.parent,
            "zh": zone.name_zh, "en": zone.name_en,
        },
    })
}

fn coordinates(polygons: &geo::MultiPolygon<f64>) -> Vec<Vec<Vec<[f64; 2]>>> {
    let ring = |ring: &geo::LineString<f64>| ring.coords().map(|c| [c.x, c.y]).collect();
    let rings = |polygon: &geo::Polygon<f64>| {
        std::iter::once(polygon.exterior()).chain(polygon.interiors()).map(ring).collect()
    };
    polygons.iter().map(rings).collect()
}

/// Notes what the caller looks at, and tells who else does.
#[utoipa::path(put, path = "/v1/presence", request_body = Looking,
    responses((status = 200, body = Object), (status = 401, body = Problem)))]
pub async fn presence(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(looking): Json<Looking>,
) -> Result<Json<Value>, Problem> {
    caller.allow(Scope::Read)?;
    let (now, incident) = (clock::now(), looking.incident.map(IncidentId));
    app.presence.look(&caller.name, incident, now);
    let viewers = incident.map(|id| app.presence.others(id, &caller.name, now)).unwrap_or_default();
    Ok(Json(json!({"viewers": viewers})))
}
