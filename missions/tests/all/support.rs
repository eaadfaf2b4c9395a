//! Aircraft, areas and plans of tests.

use geo::{Coord, LineString, MultiPolygon, Polygon};
use gis::LatLon;
use missions::area::Area;
use missions::optics::{Look, Overlap};
use missions::planner::Planner;
use missions::{Aircraft, Plan, Plane};

/// A place in Zhejiang.
pub const PLACE: LatLon = LatLon { lat_deg: 28.95, lon_deg: 118.87 };

/// Every profile of the product.
pub const PROFILES: [&str; 4] = [
    include_str!("../../../configs/aircraft/m3td.toml"),
    include_str!("../../../configs/aircraft/m4td.toml"),
    include_str!("../../../configs/aircraft/m30t.toml"),
    include_str!("../../../configs/aircraft/multicopter.toml"),
];

/// The usual aircraft.
pub fn m3td() -> Aircraft {
    Aircraft::from_toml(PROFILES[0]).unwrap()
}

/// A polygon of corners in metres.
pub fn area(corners: &[(f64, f64)]) -> Area {
    let ring: Vec<Coord<f64>> = corners.iter().map(|(x, y)| Coord { x: *x, y: *y }).collect();
    let shape = MultiPolygon::from(Polygon::new(LineString::new(ring), Vec::new()));
    Area { plane: Plane::around(PLACE), shape }
}

/// A planner at 2.5 cm and usual overlap.
pub fn planner(aircraft: &Aircraft) -> Planner<'_> {
    Planner {
        aircraft,
        look: Look { gsd_m: 0.025, overlap: Overlap::default() },
        ground: None,
        home: Some(LatLon { lat_deg: 28.949, lon_deg: 118.869 }),
        course_deg: None,
        pitch_deg: -90.0,
    }
}

/// A plan over a small field.
pub fn small_plan(aircraft: &Aircraft) -> Plan {
    planner(aircraft).area(&area(&[(0.0, 0.0), (300.0, 20.0), (280.0, 250.0), (10.0, 200.0)])).unwrap()
}
