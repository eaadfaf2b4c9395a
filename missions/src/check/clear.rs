//! Height above the ground along every leg, and ground between aircraft and home.

use gis::{LatLon, Terrain};

use super::problem::{Problem, Rule};
use super::{Against, Hop, groups, hops, steps};
use crate::plan::{HeightReference, Plan};

/// Places looked at along one line of sight.
const SIGHT_STEPS: usize = 200;

/// Returns where a leg is too low, has no ground known, or is out of sight of home.
pub fn problems(plan: &Plan, against: &Against<'_>) -> Vec<Problem> {
    let Some(ground) = against.ground else { return Vec::new() };
    let mut problems = Vec::new();
    if plan.home.is_none() && plan.heights == HeightReference::TakeOff {
        problems.push(no_home());
    }
    let all = hops(plan, Some(ground));
    for (leg, group) in groups(plan, &all) {
        problems.extend(low(group, ground, against.clearance_m).map(|p| p.0.at(p.1, leg)));
        if let Some(home) = plan.home {
            problems.extend(hidden(group, ground, home, against.antenna_m).map(|p| p.0.at(p.1, leg)));
        }
    }
    problems
}

fn low(group: &[Hop], ground: &dyn Terrain, clearance_m: f64) -> Option<(Problem, usize)> {
    let mut worst: Option<(f64, LatLon, usize)> = None;
    for hop in group {
        for (at, height_m) in steps(hop) {
            let Some(below) = ground.height(at) else { return Some((hole(at), hop.waypoint)) };
            let above_m = height_m - below.0;
            if above_m < clearance_m && worst.is_none_or(|(least_m, ..)| above_m < least_m) {
                worst = Some((above_m, at, hop.waypoint));
            }
        }
    }
    worst.map(|(above_m, at, waypoint)| (too_low(above_m, at, clearance_m), waypoint))
}

fn too_low(above_m: f64, at: LatLon, clearance_m: f64) -> Problem {
    let LatLon { lat_deg, lon_deg } = at;
    let lift_m = (clearance_m - above_m).ceil();
    Problem::whole(
        Rule::Clearance,
        (
            format!("{above_m:.1} m above ground at {lat_deg:.6}, {lon_deg:.6}, less than {clearance_m} m"),
            format!("在 {lat_deg:.6}, {lon_deg:.6} 处离地 {above_m:.1} 米,低于 {clearance_m} 米"),
        ),
        (
            format!("raise the leg by {lift_m} m, or plan with --dem so that the flight follows the ground"),
            format!("请将该航段抬高 {lift_m} 米,或用 --dem 仿地飞行重新规划"),
        ),
    )
}

fn hole(at: LatLon) -> Problem {
    let LatLon { lat_deg, lon_deg } = at;
    Problem::whole(
        Rule::Terrain,
        (
            format!("the terrain has no height at {lat_deg:.6}, {lon_deg:.6}"),
            format!("地形数据在 {lat_deg:.6}, {lon_deg:.6} 处无高程"),
        ),
        (
            "give terrain that covers the whole flight; what is not known is not clear".to_owned(),
            "请提供覆盖整条航线的地形数据;未知高程不视为安全".to_owned(),
        ),
    )
}

fn no_home() -> Problem {
    Problem::whole(
        Rule::Home,
        (
            "heights count from take-off, but the plan names no home: the first waypoint's ground was taken"
                .to_owned(),
            "高度以起飞点为基准,但航线没有起飞点:已按首航点地面高程检查".to_owned(),
        ),
        ("plan with --home".to_owned(), "请用 --home 指定起降点".to_owned()),
    )
}

fn hidden(group: &[Hop], ground: &dyn Terrain, home: LatLon, antenna_m: f64) -> Option<(Problem, usize)> {
    let base_m = ground.height(home)?.0 + antenna_m;
    let out_of_sight = group.iter().find(|hop| {
        (1..SIGHT_STEPS).any(|step| {
            let share = step as f64 / SIGHT_STEPS as f64;
            let mix = |a: f64, b: f64| a + (b - a) * share;
            let at = LatLon {
                lat_deg: mix(home.lat_deg, hop.to.lat_deg),
                lon_deg: mix(home.lon_deg, hop.to.lon_deg),
            };
            ground.height(at).is_some_and(|below| below.0 > mix(base_m, hop.to_m))
        })
    })?;
    let waypoint = out_of_sight.waypoint;
    let problem = Problem::whole(
        Rule::Sight,
        (
            format!("ground lies between home and waypoint {waypoint}"),
            format!("起降点与航点 {waypoint} 之间被地形遮挡"),
        ),
        (
            "fly higher there, or from another home; without a relay the link may be lost".to_owned(),
            "请在该处提高航高或更换起降点;无中继时可能失联".to_owned(),
        ),
    );
    Some((problem, waypoint))
}
