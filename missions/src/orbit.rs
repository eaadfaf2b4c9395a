//! A circle around a source of fume or smoke, the camera towards it.

use gis::LatLon;

use crate::aircraft::Aircraft;
use crate::optics::Geometry;
use crate::plan::{LegKind, Nose, Plan};
use crate::plane::Plane;
use crate::planner::{MissionError, Planner, Stretch, rounded_place};

/// How steeply the camera looks down, degrees.
const DEPRESSION_DEG: f64 = 35.0;
/// Waypoints of a circle.
const CORNERS: usize = 16;
/// Nearest and farthest circle, metres.
const RADIUS_M: (f64, f64) = (15.0, 1_000.0);

/// Returns the plan that circles a place at a ground sample distance in the middle of the picture.
///
/// # Errors
/// When the look cannot be flown or the terrain has holes.
pub fn orbit(planner: &Planner<'_>, at: LatLon, serves: &[String]) -> Result<Plan, MissionError> {
    let geometry = planner.geometry()?;
    let plane = Plane::around(at);
    let slant_m = geometry.height_m;
    let radius_m = (slant_m * DEPRESSION_DEG.to_radians().cos()).clamp(RADIUS_M.0, RADIUS_M.1);
    let height_m = radius_m * DEPRESSION_DEG.to_radians().tan();
    let centre = plane.metres(at);
    let start = planner.home.map_or(0.0, |home| {
        let home = plane.metres(home);
        (home.y - centre.y).atan2(home.x - centre.x)
    });
    let way = (0..=CORNERS)
        .map(|k| {
            let angle = start + k as f64 / CORNERS as f64 * std::f64::consts::TAU;
            geo::Coord { x: centre.x + radius_m * angle.cos(), y: centre.y + radius_m * angle.sin() }
        })
        .collect();
    let round = Geometry {
        height_m,
        trigger_m: radius_m / 4.0,
        speed_mps: round_mps(planner.aircraft, radius_m),
        ..geometry
    };
    let stretch = Stretch { way, kind: LegKind::Orbit, serves: serves.to_vec(), geometry: round };
    let tilted = Planner { pitch_deg: -DEPRESSION_DEG, ..*planner };
    let mut plan = tilted.plan(&plane, &[stretch])?;
    for waypoint in &mut plan.waypoints {
        waypoint.nose = Nose::Towards(rounded_place(at));
    }
    Ok(plan)
}

/// Speed at which the turn asks for no more than a quarter of what the aircraft can do sideways.
fn round_mps(aircraft: &Aircraft, radius_m: f64) -> f64 {
    (aircraft.flight.acceleration_mps2 / 4.0 * radius_m).sqrt().min(aircraft.flight.speed_mps).max(1.0)
}
