//! Height above ground that must not be passed.

use gis::{LatLon, Terrain};

use super::problem::{Problem, Rule};
use super::{Against, Hop, groups, hops, steps};
use crate::plan::{HeightReference, Plan};

/// Heights are written to a tenth of a metre: what is less above the ceiling is on it.
const ROUNDING_M: f64 = 0.05;

/// Returns where a leg is too high: above ground where it is known, else above take-off.
pub fn problems(plan: &Plan, against: &Against<'_>) -> Vec<Problem> {
    if against.ground.is_none() && plan.heights == HeightReference::Ellipsoid {
        return vec![not_known(against.ceiling_m)];
    }
    let all = hops(plan, against.ground);
    let problem = |(leg, group)| {
        let worst = highest(group, against.ground)?;
        (worst.above_m > against.ceiling_m + ROUNDING_M)
            .then(|| too_high(&worst, against).at(worst.waypoint, leg))
    };
    groups(plan, &all).filter_map(problem).collect()
}

/// Where something is highest.
struct Highest {
    above_m: f64,
    at: LatLon,
    waypoint: usize,
}

/// What has no ground is told by the rule of terrain.
fn highest(group: &[Hop], ground: Option<&dyn Terrain>) -> Option<Highest> {
    let places = group.iter().flat_map(|hop| steps(hop).map(|step| (hop.waypoint, step)));
    let above = places.filter_map(|(waypoint, (at, height_m))| {
        let below_m = ground.map_or(Some(0.0), |ground| Some(ground.height(at)?.0))?;
        Some(Highest { above_m: height_m - below_m, at, waypoint })
    });
    above.max_by(|a, b| a.above_m.total_cmp(&b.above_m))
}

fn too_high(worst: &Highest, against: &Against<'_>) -> Problem {
    let Highest { above_m, at: LatLon { lat_deg, lon_deg }, .. } = worst;
    let ceiling_m = against.ceiling_m;
    let (en, zh) =
        if against.ground.is_some() { ("ground", "离地") } else { ("take-off", "距起飞点高") };
    let lower_m = (above_m - ceiling_m).ceil();
    // Rounded down: what is asked for then stays below.
    let gsd_cm = (ceiling_m / against.aircraft.camera.focal_px() * 1e4).floor() / 100.0;
    Problem::whole(
        Rule::Ceiling,
        (
            format!(
                "{above_m:.1} m above {en} at {lat_deg:.6}, {lon_deg:.6}, more than the ceiling of {ceiling_m} m"
            ),
            format!("在 {lat_deg:.6}, {lon_deg:.6} 处{zh} {above_m:.1} 米,超过限高 {ceiling_m} 米"),
        ),
        (
            format!(
                "lower the leg by {lower_m} m (plan {gsd_cm} cm a pixel or finer), or give the height that a permission allows by --ceiling or ceiling_m of the profile"
            ),
            format!(
                "请将该航段降低 {lower_m} 米(按 {gsd_cm} 厘米或更细的分辨率规划);如已获批更高空域,请用 --ceiling 或机型配置的 ceiling_m 注明"
            ),
        ),
    )
}

fn not_known(ceiling_m: f64) -> Problem {
    Problem::whole(
        Rule::Ceiling,
        (
            format!(
                "heights count from the ellipsoid and no terrain is given: whether it stays below {ceiling_m} m above ground is not known"
            ),
            format!("高度以椭球面为基准且未提供地形:无法判断离地是否不超过 {ceiling_m} 米"),
        ),
        ("give terrain with --dem".to_owned(), "请用 --dem 提供地形".to_owned()),
    )
}
