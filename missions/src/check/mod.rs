//! What is wrong with a plan before it flies: each problem with the leg it is on and how to mend it.

mod air;
mod ceiling;
mod clear;
mod look;
mod problem;
mod zones;

use geo::MultiPolygon;
use gis::geodesy::plane_distance_m;
use gis::{LatLon, Terrain};
use jiff::Timestamp;

pub use problem::{Problem, Rule};
pub use zones::{NoFly, fence_from_geojson, no_fly_from_geojson};

use crate::aircraft::Aircraft;
use crate::formats::{Imported, numbers};
use crate::plan::{HeightReference, Plan};

/// Wind that is counted on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wind {
    /// Metres a second.
    pub speed_mps: f64,
    /// Where it comes from, degrees clockwise from north.
    pub from_deg: f64,
}

/// What a plan is held against.
#[derive(Clone, Copy)]
pub struct Against<'a> {
    /// Who flies.
    pub aircraft: &'a Aircraft,
    /// The ground.
    pub ground: Option<&'a dyn Terrain>,
    /// What must not be left, degrees (x = longitude).
    pub fence: Option<&'a MultiPolygon<f64>>,
    /// What must not be entered.
    pub no_fly: &'a [NoFly],
    /// When it flies; zones with times count always when not given.
    pub at: Option<Timestamp>,
    /// Wind.
    pub wind: Option<Wind>,
    /// Ground sample distance that was asked for, metres.
    pub gsd_m: Option<f64>,
    /// Least height above ground, metres.
    pub clearance_m: f64,
    /// Greatest height above ground, metres.
    pub ceiling_m: f64,
    /// Height of the dock's or pilot's antenna above ground, metres.
    pub antenna_m: f64,
}

/// Distance of the places looked at along a hop, metres, and the most of them.
const STEP_M: f64 = 10.0;
const MOST_STEPS: usize = 20_000;

/// Least height above ground where none is stated, metres.
pub const CLEARANCE_M: f64 = 30.0;
/// Height of an antenna where none is stated, metres.
pub const ANTENNA_M: f64 = 3.0;

impl<'a> Against<'a> {
    /// Returns an aircraft alone, up to its own ceiling: no ground, no zones, no wind.
    pub fn aircraft(aircraft: &'a Aircraft) -> Self {
        Self {
            aircraft,
            ground: None,
            fence: None,
            no_fly: &[],
            at: None,
            wind: None,
            gsd_m: None,
            clearance_m: CLEARANCE_M,
            ceiling_m: aircraft.flight.ceiling_m,
            antenna_m: ANTENNA_M,
        }
    }
}

/// Returns everything that is wrong, in the order of the plan.
pub fn check(imported: &Imported, against: &Against<'_>) -> Vec<Problem> {
    let plan = &imported.plan;
    let mut problems = file(imported, against.aircraft);
    problems.extend(zones::problems(plan, against));
    problems.extend(clear::problems(plan, against));
    problems.extend(ceiling::problems(plan, against));
    problems.extend(air::problems(plan, against));
    problems.extend(look::problems(plan, against));
    problems.sort_by_key(|problem| (problem.waypoint.is_none(), problem.waypoint, problem.rule));
    problems
}

fn file(imported: &Imported, aircraft: &Aircraft) -> Vec<Problem> {
    let mut problems: Vec<Problem> = imported.faults.iter().map(|fault| Problem::of_file(fault)).collect();
    let wanted = aircraft.dji.as_ref().map(numbers);
    if let (Some(found), wanted) = (imported.dji, wanted)
        && wanted != Some(found)
    {
        problems.push(Problem::other_aircraft(found, &aircraft.name));
    }
    let named = &imported.plan.aircraft;
    if !named.is_empty() && *named != aircraft.id && imported.dji.is_none() {
        problems.push(Problem::named_for(named, &aircraft.id));
    }
    problems
}

/// Two places that are flown between, with heights above the ellipsoid where ground is known.
#[derive(Debug, Clone, Copy)]
struct Hop {
    /// The waypoint it leads to; the last for the way home.
    waypoint: usize,
    from: LatLon,
    to: LatLon,
    from_m: f64,
    to_m: f64,
}

/// Every hop of a plan, to the first waypoint and home too. Heights above take-off are lifted by the ground there; without ground they
/// stay as they are.
fn hops(plan: &Plan, ground: Option<&dyn Terrain>) -> Vec<Hop> {
    let base = plan.home.or(plan.waypoints.first().map(|w| w.at));
    let base_m = base.and_then(|at| ground?.height(at)).map_or(0.0, |height| height.0);
    let lift_m = match plan.heights {
        HeightReference::TakeOff => base_m,
        HeightReference::Ellipsoid => 0.0,
    };
    let mut found = Vec::new();
    let heights: Vec<(LatLon, f64)> = plan.waypoints.iter().map(|w| (w.at, w.height_m + lift_m)).collect();
    let hop = |waypoint, (from, from_m): (LatLon, f64), (to, to_m): (LatLon, f64)| Hop {
        waypoint,
        from,
        to,
        from_m,
        to_m,
    };
    if let (Some(home), Some(first)) = (plan.home, heights.first()) {
        let high_m = first.1.max(base_m + plan.take_off_height_m);
        found.push(hop(0, (home, high_m), *first));
    }
    found.extend(heights.windows(2).enumerate().map(|(index, pair)| hop(index + 1, pair[0], pair[1])));
    if let (Some(home), Some(last)) = (plan.home, heights.last()) {
        let high_m = last.1.max(base_m + plan.take_off_height_m);
        found.push(hop(heights.len() - 1, *last, (home, high_m)));
    }
    if found.is_empty()
        && let Some(only) = heights.first()
    {
        found.push(hop(0, *only, *only));
    }
    found
}

/// Splits hops into what is told as one, with the leg: all of a leg, or a single hop between legs.
fn groups<'a>(plan: &'a Plan, all: &'a [Hop]) -> impl Iterator<Item = (Option<usize>, &'a [Hop])> {
    all.chunk_by(move |a, b| {
        let leg = leg_of(plan, a.waypoint);
        leg.is_some() && leg == leg_of(plan, b.waypoint)
    })
    .map(move |group| (leg_of(plan, group[0].waypoint), group))
}

/// Places along a hop, with their heights.
fn steps(hop: &Hop) -> impl Iterator<Item = (LatLon, f64)> + '_ {
    let steps = ((plane_distance_m(hop.from, hop.to) / STEP_M).ceil() as usize).clamp(1, MOST_STEPS);
    (0..=steps).map(move |step| {
        let share = step as f64 / steps as f64;
        let mix = |a: f64, b: f64| a + (b - a) * share;
        let at = LatLon {
            lat_deg: mix(hop.from.lat_deg, hop.to.lat_deg),
            lon_deg: mix(hop.from.lon_deg, hop.to.lon_deg),
        };
        (at, mix(hop.from_m, hop.to_m))
    })
}

/// Returns the leg that a waypoint belongs to.
fn leg_of(plan: &Plan, waypoint: usize) -> Option<usize> {
    plan.legs.iter().position(|leg| (leg.first..=leg.last).contains(&waypoint))
}
