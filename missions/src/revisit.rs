//! A short round over the places of open tasks, one look at each; places that one picture shows share it.

use geo::Coord;
use geojson::feature::Id;
use geojson::{GeoJson, GeometryValue, JsonObject};
use gis::LatLon;

use crate::area::AreaError;
use crate::optics::Geometry;
use crate::plan::LegKind;
use crate::plane::{Plane, distance_m};
use crate::planner::Stretch;
use crate::survey::Segment;
use crate::survey::order::order;

/// A place to look at again.
#[derive(Debug, Clone, PartialEq)]
pub struct Spot {
    /// Id of its task.
    pub id: String,
    /// Where.
    pub at: LatLon,
}

/// States of tasks that need no look.
const CLOSED: [&str; 5] = ["closed", "verified", "rejected", "cancelled", "merged"];
/// Share of the lesser side of a picture within which places share a look: the rest is for errors of position.
const SHARED: f64 = 0.3;

/// Reads open tasks from GeoJSON as `tasks.geojson` has them: points with an id, and `state` where there is one.
///
/// # Errors
/// When the text is no GeoJSON, or an open task has no place.
pub fn spots_from_geojson(text: &str) -> Result<Vec<Spot>, AreaError> {
    let read: GeoJson =
        text.parse().map_err(|error: geojson::Error| AreaError::NotJson(error.to_string()))?;
    let features = match read {
        GeoJson::FeatureCollection(collection) => collection.features,
        GeoJson::Feature(feature) => vec![feature],
        GeoJson::Geometry(geometry) => vec![geometry.into()],
    };
    let mut spots = Vec::new();
    for (feature, read) in features.into_iter().enumerate() {
        let properties = read.properties.unwrap_or_default();
        let own = read.id.as_ref().map(|id| match id {
            Id::String(text) => text.clone(),
            Id::Number(number) => number.to_string(),
        });
        if is_closed(&properties) {
            continue;
        }
        let Some(GeometryValue::Point { coordinates }) = read.geometry.map(|g| g.value) else {
            // Outlines and ellipses that some writers put beside the points of tasks.
            continue;
        };
        let place = match coordinates.as_slice() {
            [lon_deg, lat_deg, ..] => LatLon::new(*lat_deg, *lon_deg),
            _ => None,
        };
        let value = format!("{:?}", coordinates.as_slice());
        let at = place.ok_or(AreaError::BadPosition { feature, position: 0, value })?;
        spots.push(Spot { id: own.unwrap_or_else(|| id(&properties, feature)), at });
    }
    if spots.is_empty() { Err(AreaError::Empty) } else { Ok(spots) }
}

fn is_closed(properties: &JsonObject) -> bool {
    let state = properties.get("state").and_then(|state| state.as_str()).unwrap_or_default();
    CLOSED.contains(&state.to_lowercase().as_str())
}

fn id(properties: &JsonObject, feature: usize) -> String {
    let found = ["id", "task", "task_id"].iter().find_map(|key| properties.get(*key));
    found.map_or_else(
        || format!("feature {feature}"),
        |id| id.as_str().map_or_else(|| id.to_string(), ToOwned::to_owned),
    )
}

/// Returns the plane and the looks in the order of a short round.
pub fn looks(spots: &[Spot], geometry: &Geometry, home: Option<LatLon>) -> (Plane, Vec<Stretch>) {
    let origin = spots.first().map_or(LatLon { lat_deg: 0.0, lon_deg: 0.0 }, |spot| spot.at);
    let plane = Plane::around(origin);
    let groups = shared(spots, &plane, SHARED * geometry.across_m.min(geometry.along_m));
    let point = |(line, (at, _)): (usize, &(Coord<f64>, Vec<String>))| Segment {
        a: *at,
        b: *at,
        // Lines of their own, so that each place is a cell of its own.
        line: 2 * line,
        polygon: 0,
    };
    let points: Vec<Segment> = groups.iter().enumerate().map(point).collect();
    let visits = order(&points, geometry.spacing_m, home.map(|home| plane.metres(home)), 1.0);
    let look = |visit: &crate::survey::Visit| {
        let (at, serves) = &groups[visit.segment];
        Stretch { way: vec![*at], kind: LegKind::Visit, serves: serves.clone(), geometry: *geometry }
    };
    let looks = visits.iter().map(look).collect();
    (plane, looks)
}

/// Places that lie near the first of their group share a look at the middle of them.
fn shared(spots: &[Spot], plane: &Plane, within_m: f64) -> Vec<(Coord<f64>, Vec<String>)> {
    let mut groups: Vec<(Vec<Coord<f64>>, Vec<String>)> = Vec::new();
    for spot in spots {
        let at = plane.metres(spot.at);
        match groups.iter_mut().find(|(places, _)| distance_m(places[0], at) <= within_m) {
            Some((places, ids)) => {
                places.push(at);
                ids.push(spot.id.clone());
            }
            None => groups.push((vec![at], vec![spot.id.clone()])),
        }
    }
    let middle = |places: &[Coord<f64>]| {
        let sum = places.iter().fold(Coord { x: 0.0, y: 0.0 }, |sum, at| sum + *at);
        sum / places.len() as f64
    };
    groups.into_iter().map(|(places, ids)| (middle(&places), ids)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GEOMETRY: Geometry = Geometry {
        height_m: 70.0,
        across_m: 100.0,
        along_m: 75.0,
        spacing_m: 40.0,
        trigger_m: 20.0,
        speed_mps: 12.0,
    };

    fn spot(id: &str, east: f64, north: f64) -> Spot {
        Spot {
            id: id.to_owned(),
            at: LatLon { lat_deg: 28.95 + north * 1e-5, lon_deg: 118.86 + east * 1e-5 },
        }
    }

    #[test]
    fn near_places_share_a_look_and_each_task_is_named() {
        let spots = [spot("a", 0.0, 0.0), spot("b", 500.0, 0.0), spot("c", 5.0, 5.0), spot("d", 250.0, 0.0)];
        let (_, looks) = looks(&spots, &GEOMETRY, None);
        let serves: Vec<Vec<String>> = looks.iter().map(|look| look.serves.clone()).collect();
        assert_eq!(serves.len(), 3);
        assert!(serves.contains(&vec!["a".to_owned(), "c".to_owned()]), "{serves:?}");
        assert_eq!(serves[1], ["d"], "the middle one lies on the way: {serves:?}");
    }

    #[test]
    fn closed_tasks_are_left_out_and_nothing_open_is_an_error() {
        let feature = |id: &str, state: &str| {
            format!(
                r#"{{"type":"Feature","properties":{{"id":"{id}","state":"{state}"}},"geometry":{{"type":"Point","coordinates":[118.86,28.95]}}}}"#
            )
        };
        let text = |states: [&str; 2]| {
            format!(
                r#"{{"type":"FeatureCollection","features":[{},{}]}}"#,
                feature("x", states[0]),
                feature("y", states[1])
            )
        };
        assert_eq!(spots_from_geojson(&text(["open", "closed"])).unwrap().len(), 1);
        assert_eq!(spots_from_geojson(&text(["closed", "closed"])), Err(AreaError::Empty));
    }
}
