//! A small town with two townships, a road through the boundary, rules for it, and incidents in it.

use dispatch::{Departments, RuleSet};
use gis::incident::{Incident, IncidentId, IncidentState, Looks};
use gis::zones::{Zone, ZoneIndex, ZoneLevel, ZoneOrigin};
use gis::{EllipsoidHeight, GeoPoint, GroundPosition, LatLon, ObservationId};
use jiff::Timestamp;
use nalgebra::Matrix3;

const ORIGIN: LatLon = LatLon { lat_deg: 28.97, lon_deg: 118.87 };

/// Position in metres east and north of the origin, by the WGS-84 radii of curvature at 28.97 degrees north.
pub fn at(east_m: f64, north_m: f64) -> LatLon {
    LatLon { lat_deg: ORIGIN.lat_deg + north_m / 110_835.27, lon_deg: ORIGIN.lon_deg + east_m / 97_467.03 }
}

/// A rectangle: west, south, east, north in metres from the origin.
fn zone(code: &str, name_zh: &str, level: ZoneLevel, [west, south, east, north]: [f64; 4]) -> Zone {
    let corners = [(west, south), (east, south), (east, north), (west, north), (west, south)];
    let ring = corners.map(|(e, n)| geo::Coord { x: at(e, n).lon_deg, y: at(e, n).lat_deg });
    Zone {
        code: code.to_owned(),
        level,
        kind: (level == ZoneLevel::Special).then(|| "arterial_road".to_owned()),
        name_zh: name_zh.to_owned(),
        name_en: format!("{code} area"),
        parent: (level == ZoneLevel::Township).then(|| "district".to_owned()),
        polygon: geo::Polygon::new(geo::LineString::from(ring.to_vec()), Vec::new()).into(),
        origin: ZoneOrigin::default(),
    }
}

/// Townships west and east of the origin; a road 30 m wide along 300 m north.
pub fn town() -> ZoneIndex {
    ZoneIndex::new(vec![
        zone("district", "柯城区", ZoneLevel::District, [-1000.0, -1000.0, 1000.0, 1000.0]),
        zone("west", "西镇", ZoneLevel::Township, [-1000.0, -1000.0, 0.0, 1000.0]),
        zone("east", "东镇", ZoneLevel::Township, [0.0, -1000.0, 1000.0, 1000.0]),
        zone("road", "大道", ZoneLevel::Special, [-1000.0, 285.0, 1000.0, 315.0]),
    ])
}

pub fn departments() -> Departments {
    Departments::from_toml(include_str!("../../../configs/departments.toml")).unwrap()
}

pub fn shipped_rules() -> RuleSet {
    RuleSet::from_toml(include_str!("../../../configs/rules.toml")).unwrap()
}

/// The head of the shipped rules, with the profiles of the classes they name, and other rules.
pub fn rules(rules: &str) -> RuleSet {
    let shipped = include_str!("../../../configs/rules.toml");
    let head = shipped.split_once("[[rules]]\n").unwrap().0;
    let mut set = RuleSet::from_toml(&format!("{head}{rules}")).unwrap();
    set.classes.retain(|class, _| set.rules.iter().any(|rule| rule.class == *class));
    set
}

/// A rule for waterlogging with further keys.
pub fn rule(id: &str, lead: &str, further: &str) -> String {
    format!(
        "[[rules]]\nid = \"{id}\"\nclass = \"waterlogging\"\nlead = \"{lead}\"\npriority = \"normal\"\n\
         deadline = \"4h\"\nreason_zh = \"因\"\nreason_en = \"because\"\n{further}\n"
    )
}

pub fn position(point: LatLon, sigma_m: f64) -> GroundPosition {
    let point = GeoPoint { lat_lon: point, height: EllipsoidHeight(70.0) };
    GroundPosition::new(point, Matrix3::identity() * sigma_m.powi(2))
}

pub fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[expect(clippy::large_types_passed_by_value, reason = "a position is written in place in every test")]
pub fn incident(class: &str, position: Option<GroundPosition>, area_m2: Option<f64>) -> Incident {
    let observation = ObservationId("01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap());
    let first_seen = time("2026-06-22T09:00:00+08:00");
    Incident {
        id: IncidentId::from_first_sighting(class, observation, first_seen),
        class: class.to_owned(),
        state: if position.is_some() { IncidentState::Confirmed } else { IncidentState::Unlocated },
        position,
        footprint: None,
        area_m2,
        place: None,
        unlocated_reason: None,
        cell: None,
        first_seen,
        last_seen: time("2026-06-22T09:00:30+08:00"),
        sightings: 12,
        observations: vec![observation],
        sources: vec!["flight".to_owned()],
        best_score: 0.95,
        mean_score: 0.9,
        merged_into: None,
        apart_from: Vec::new(),
        places: Vec::new(),
        history: Vec::new(),
        looks: Looks::default(),
        fixes: Vec::new(),
        outlines: Vec::new(),
    }
}
