//! Whether pictures will be sharp, in time and fine enough.

use gis::Terrain;

use super::problem::{Problem, Rule};
use super::{Against, hops};
use crate::optics::MOST_BLUR_PX;
use crate::plan::{Action, Leg, Plan};

/// Ground may be shown more coarsely than asked by this share: rounding of heights.
const GSD_ROOM: f64 = 1.02;

/// Returns the legs whose pictures are blurred, too many a second or too coarse.
pub fn problems(plan: &Plan, against: &Against<'_>) -> Vec<Problem> {
    plan.legs.iter().enumerate().flat_map(|(index, leg)| of_leg(plan, index, leg, against)).collect()
}

fn of_leg(plan: &Plan, index: usize, leg: &Leg, against: &Against<'_>) -> Vec<Problem> {
    let camera = &against.aircraft.camera;
    let Some((low_m, high_m)) = above_ground_m(plan, leg, against.ground) else { return Vec::new() };
    let speed_mps =
        (leg.first..leg.last.max(leg.first + 1)).map(|k| plan.speed_from_mps(k)).fold(0.0, f64::max);
    let mut problems = Vec::new();
    let every = plan.waypoints[leg.first].actions.iter().find_map(|action| match action {
        Action::PicturesEvery { metres } => Some(*metres),
        _ => None,
    });
    let finest_m = low_m.max(1.0) / camera.focal_px();
    let blur_px = speed_mps * camera.exposure_secs / finest_m;
    if every.is_some() && blur_px > MOST_BLUR_PX * GSD_ROOM {
        let to_mps = MOST_BLUR_PX * finest_m / camera.exposure_secs;
        problems.push(blurred(blur_px, speed_mps, to_mps));
    }
    if let Some(metres) = every
        && metres / speed_mps < camera.interval_secs / GSD_ROOM
    {
        problems.push(too_fast(metres, speed_mps, camera.interval_secs));
    }
    let coarsest_m = high_m / camera.focal_px();
    if let Some(asked_m) = against.gsd_m
        && coarsest_m > asked_m * GSD_ROOM
    {
        problems.push(coarse(coarsest_m, asked_m, high_m, asked_m * camera.focal_px()));
    }
    problems.into_iter().map(|problem| problem.at(leg.first, Some(index))).collect()
}

/// Least and greatest height above ground at the waypoints of a leg; above take-off where ground is not known.
fn above_ground_m(plan: &Plan, leg: &Leg, ground: Option<&dyn Terrain>) -> Option<(f64, f64)> {
    if ground.is_none() && plan.heights == crate::plan::HeightReference::Ellipsoid {
        return None;
    }
    let heights = hops(plan, ground);
    let above = |index: usize| {
        let waypoint = &plan.waypoints[index];
        let height_m = heights.iter().find(|hop| hop.waypoint == index).map(|hop| hop.to_m);
        match ground {
            None => Some(waypoint.height_m),
            Some(ground) => Some(height_m.unwrap_or(waypoint.height_m) - ground.height(waypoint.at)?.0),
        }
    };
    let all: Vec<f64> = (leg.first..=leg.last).filter_map(above).collect();
    let low_m = all.iter().copied().fold(f64::INFINITY, f64::min);
    let high_m = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (low_m <= high_m).then_some((low_m, high_m))
}

fn blurred(blur_px: f64, speed_mps: f64, to_mps: f64) -> Problem {
    Problem::whole(
        Rule::Blur,
        (
            format!("at {speed_mps:.1} m/s pictures are blurred by {blur_px:.1} pixels"),
            format!("以 {speed_mps:.1} 米/秒飞行,影像运动模糊 {blur_px:.1} 像素"),
        ),
        (
            format!("fly the leg at {to_mps:.1} m/s or less, or with a shorter exposure"),
            format!("请将该航段速度降至 {to_mps:.1} 米/秒以下,或缩短曝光时间"),
        ),
    )
}

fn too_fast(metres: f64, speed_mps: f64, interval_secs: f64) -> Problem {
    let (each_secs, to_mps) = (metres / speed_mps, metres / interval_secs);
    Problem::whole(
        Rule::Interval,
        (
            format!("a picture every {each_secs:.2} s is faster than the camera's {interval_secs} s"),
            format!("每 {each_secs:.2} 秒拍照一次,快于相机最小间隔 {interval_secs} 秒"),
        ),
        (
            format!("fly the leg at {to_mps:.1} m/s or less, or with less front overlap"),
            format!("请将该航段速度降至 {to_mps:.1} 米/秒以下,或降低航向重叠率"),
        ),
    )
}

fn coarse(found_m: f64, asked_m: f64, height_m: f64, to_m: f64) -> Problem {
    let (found_cm, asked_cm) = (found_m * 100.0, asked_m * 100.0);
    Problem::whole(
        Rule::Gsd,
        (
            format!(
                "{height_m:.0} m above ground one pixel shows {found_cm:.2} cm, more than {asked_cm:.2} cm"
            ),
            format!("离地 {height_m:.0} 米时分辨率为 {found_cm:.2} 厘米,低于要求的 {asked_cm:.2} 厘米"),
        ),
        (
            format!("fly the leg {to_m:.0} m above ground or lower; --dem follows the ground"),
            format!("请将该航段降至离地 {to_m:.0} 米以下;使用 --dem 仿地飞行"),
        ),
    )
}
