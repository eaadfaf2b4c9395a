//! Endurance in wind, and distance from home.

use gis::geodesy::{metres_per_degree, plane_distance_m};

use super::problem::{Problem, Rule};
use super::{Against, Wind, hops, leg_of};
use crate::estimate;
use crate::plan::Plan;

/// Share of the highest speed up to which flying takes no more than hovering, and how much more it takes at the highest: multicopters'
/// power over airspeed is a bathtub that rises with the cube in the end; a judgement.
const FLAT_SHARE: f64 = 0.6;
const MOST_MORE: f64 = 0.6;
/// Least speed over ground that is still called flying, metres a second.
const LEAST_GROUND_MPS: f64 = 0.5;

/// Returns what endurance, wind and range forbid.
pub fn problems(plan: &Plan, against: &Against<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let aircraft = against.aircraft;
    let wind = against.wind.unwrap_or(Wind { speed_mps: 0.0, from_deg: 0.0 });
    if wind.speed_mps > aircraft.flight.most_wind_mps {
        problems.push(windy(wind.speed_mps, aircraft.flight.most_wind_mps));
    }
    match battery_secs(plan, against, wind) {
        Ok(secs) if secs > aircraft.usable_secs() => problems.push(too_long(secs, aircraft.usable_secs())),
        Ok(_) => {}
        Err(waypoint) => problems.push(blown(waypoint).at(waypoint, leg_of(plan, waypoint))),
    }
    problems.extend(too_far(plan, against));
    problems
}

/// Seconds of battery the flight takes: time in the air, more where the air is fast. `Err` is a waypoint that the wind does not let it
/// reach.
fn battery_secs(plan: &Plan, against: &Against<'_>, wind: Wind) -> Result<f64, usize> {
    let flight = &against.aircraft.flight;
    let calm = estimate::hops(plan, against.aircraft);
    let has_home = plan.home.is_some();
    let legs = hops(plan, None);
    let (sin, cos) = (wind.from_deg + 180.0).to_radians().sin_cos();
    let (wind_east, wind_north) = (wind.speed_mps * sin, wind.speed_mps * cos);
    let mut secs = 0.0;
    for (index, hop) in legs.iter().enumerate() {
        let slot = if has_home { index } else { index + 1 };
        let Some(calm) = calm.get(slot).filter(|calm| calm.secs > 0.0) else { continue };
        let way_m = plane_distance_m(hop.from, hop.to);
        if way_m < 1e-6 {
            secs += calm.secs;
            continue;
        }
        let (north_m, east_m) = metres_per_degree(hop.from.lat_deg);
        let east = (hop.to.lon_deg - hop.from.lon_deg) * east_m / way_m;
        let north = (hop.to.lat_deg - hop.from.lat_deg) * north_m / way_m;
        let along = wind_east * east + wind_north * north;
        let across = wind_east * north - wind_north * east;
        // The wind triangle: nose into the wind, its side wind taken off the speed through the air.
        let room = flight.most_speed_mps.powi(2) - across.powi(2);
        if room <= 0.0 {
            return Err(hop.waypoint);
        }
        let wanted_mps = plan.speed_from_mps(hop.waypoint.saturating_sub(1));
        let ground_mps = wanted_mps.min(along + room.sqrt());
        if ground_mps < LEAST_GROUND_MPS {
            return Err(hop.waypoint);
        }
        let air_mps = (ground_mps - along).hypot(across);
        let more_secs = (way_m / ground_mps - way_m / wanted_mps).max(0.0);
        secs += (calm.secs + more_secs) * draw(air_mps / flight.most_speed_mps);
    }
    Ok(secs)
}

/// How much faster a battery empties at a share of the highest speed than in hovering.
fn draw(share: f64) -> f64 {
    let over = ((share - FLAT_SHARE) / (1.0 - FLAT_SHARE)).clamp(0.0, 1.0);
    1.0 + MOST_MORE * over * over
}

fn windy(wind_mps: f64, most_mps: f64) -> Problem {
    Problem::whole(
        Rule::Wind,
        (
            format!("wind of {wind_mps} m/s is above the limit of {most_mps} m/s"),
            format!("风速 {wind_mps} 米/秒,超过限值 {most_mps} 米/秒"),
        ),
        ("wait for less wind".to_owned(), "请等待风速减小".to_owned()),
    )
}

fn blown(waypoint: usize) -> Problem {
    Problem::whole(
        Rule::Wind,
        (
            format!("against this wind it does not reach waypoint {waypoint}"),
            format!("在该风况下无法到达航点 {waypoint}"),
        ),
        (
            "turn the lines with --course, or wait for less wind".to_owned(),
            "请用 --course 改变航线方向,或等待风速减小".to_owned(),
        ),
    )
}

fn too_long(secs: f64, usable_secs: f64) -> Problem {
    let (needs, has) = (secs / 60.0, usable_secs / 60.0);
    let flights = (secs / usable_secs).ceil() as usize;
    Problem::whole(
        Rule::Endurance,
        (
            format!(
                "the flight takes {needs:.1} min of battery; {has:.1} min may be used with the reserve kept"
            ),
            format!("飞行需用电 {needs:.1} 分钟,扣除余量后可用 {has:.1} 分钟"),
        ),
        (
            format!(
                "split it into {flights} flights or more, fly with less overlap, or accept a coarser distance"
            ),
            format!("请拆分为至少 {flights} 个架次,或降低重叠率、放宽分辨率"),
        ),
    )
}

fn too_far(plan: &Plan, against: &Against<'_>) -> Option<Problem> {
    let home = plan.home?;
    let most_m = against.aircraft.flight.most_range_m;
    let far = plan.waypoints.iter().map(|w| plane_distance_m(home, w.at)).enumerate();
    let (waypoint, far_m) = far.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, far_m)| *far_m > most_m)?;
    let problem = Problem::whole(
        Rule::Range,
        (
            format!("waypoint {waypoint} is {far_m:.0} m from home, more than {most_m:.0} m"),
            format!("航点 {waypoint} 距起降点 {far_m:.0} 米,超过 {most_m:.0} 米"),
        ),
        ("fly from a nearer home, or split the area".to_owned(), "请选择更近的起降点或拆分作业区".to_owned()),
    );
    Some(problem.at(waypoint, leg_of(plan, waypoint)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_battery_empties_faster_only_in_fast_air() {
        assert!((draw(0.3) - 1.0).abs() < 1e-12);
        assert!((draw(1.0) - 1.6).abs() < 1e-12);
        assert!(draw(0.8) > 1.0 && draw(0.8) < 1.6);
    }
}
