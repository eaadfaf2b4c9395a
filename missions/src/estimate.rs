//! How long a plan takes, how many pictures and batteries.

use geo::Coord;

use crate::aircraft::Aircraft;
use crate::plan::{Action, HeightReference, Plan};
use crate::plane::{Plane, distance_m};

/// What a plan costs.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Estimate {
    /// Way flown, metres: from home and back where home is known.
    pub length_m: f64,
    /// Of it with the camera on.
    pub seen_m: f64,
    /// Time in the air, seconds.
    pub secs: f64,
    /// Pictures.
    pub pictures: usize,
    /// Batteries: flights, if it cannot be flown in one.
    pub batteries: usize,
}

/// Ways and times from one waypoint to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hop {
    /// Level way, metres.
    pub way_m: f64,
    /// Time, with braking, speeding up and what is done at its end, seconds.
    pub secs: f64,
}

/// Returns the hops of a plan: to the first waypoint, each to the next, and home. Without a home the last is empty, and the first has what is done
/// at its end.
pub fn hops(plan: &Plan, aircraft: &Aircraft) -> Vec<Hop> {
    let flight = &aircraft.flight;
    let Some(first) = plan.waypoints.first() else { return Vec::new() };
    let plane = Plane::around(first.at);
    let place = |index: usize| plane.metres(plan.waypoints[index].at);
    let above_m = |index: usize| match plan.heights {
        HeightReference::TakeOff => plan.waypoints[index].height_m,
        // The ground at take-off is not known here; the climb is that of the take-off height.
        HeightReference::Ellipsoid => plan.take_off_height_m,
    };
    let empty = Hop { way_m: 0.0, secs: 0.0 };
    let cruise_mps = flight.most_speed_mps.min(plan.speed_mps.max(flight.speed_mps));
    let last = plan.waypoints.len() - 1;
    let home = plan.home.map(|home| plane.metres(home));
    let mut hops = Vec::with_capacity(plan.waypoints.len() + 1);
    let at_first_secs: f64 = first.actions.iter().map(|action| action_secs(*action, aircraft)).sum();
    hops.push(home.map_or(Hop { secs: at_first_secs, ..empty }, |home| {
        let way_m = distance_m(home, place(0));
        let climb_secs = above_m(0).max(0.0) / flight.climb_mps;
        let way_secs = way_m / cruise_mps + stop_secs(cruise_mps, flight.acceleration_mps2);
        Hop { way_m, secs: climb_secs + way_secs + at_first_secs }
    }));
    for index in 0..last {
        hops.push(hop(plan, aircraft, &plane, index));
    }
    hops.push(home.map_or(empty, |home| {
        let way_m = distance_m(home, place(last));
        let down_secs = above_m(last).max(0.0) / flight.descend_mps;
        Hop { way_m, secs: down_secs + way_m / cruise_mps + stop_secs(cruise_mps, flight.acceleration_mps2) }
    }));
    hops
}

fn hop(plan: &Plan, aircraft: &Aircraft, plane: &Plane, index: usize) -> Hop {
    let flight = &aircraft.flight;
    let (from, to) = (&plan.waypoints[index], &plan.waypoints[index + 1]);
    let (a, b): (Coord<f64>, Coord<f64>) = (plane.metres(from.at), plane.metres(to.at));
    let way_m = distance_m(a, b);
    let speed_mps = plan.speed_from_mps(index);
    let rise_m = to.height_m - from.height_m;
    let vertical_secs = if rise_m > 0.0 { rise_m / flight.climb_mps } else { -rise_m / flight.descend_mps };
    let stops = f64::from(u8::from(from.stop)) + f64::from(u8::from(to.stop));
    let braking_secs = stops / 2.0 * stop_secs(speed_mps, flight.acceleration_mps2);
    let hover_secs: f64 = to.actions.iter().map(|action| action_secs(*action, aircraft)).sum();
    Hop { way_m, secs: (way_m / speed_mps + braking_secs).max(vertical_secs) + hover_secs }
}

/// Time that stopping and starting again takes more than flying through.
fn stop_secs(speed_mps: f64, acceleration_mps2: f64) -> f64 {
    speed_mps / acceleration_mps2
}

fn action_secs(action: Action, aircraft: &Aircraft) -> f64 {
    match action {
        Action::Hover { secs } => secs,
        Action::Picture => aircraft.camera.interval_secs,
        _ => 0.0,
    }
}

/// Returns what a plan costs.
pub fn estimate(plan: &Plan, aircraft: &Aircraft) -> Estimate {
    let hops = hops(plan, aircraft);
    let secs = hops.iter().map(|hop| hop.secs).sum();
    let (pictures, seen_m) = pictures(plan, &hops);
    Estimate {
        length_m: hops.iter().map(|hop| hop.way_m).sum(),
        seen_m,
        secs,
        pictures,
        batteries: batteries(&hops, aircraft.usable_secs()),
    }
}

fn pictures(plan: &Plan, hops: &[Hop]) -> (usize, f64) {
    let (mut pictures, mut seen_m) = (0, 0.0);
    let mut every: Option<(f64, f64)> = None;
    let mut recording = false;
    for (index, waypoint) in plan.waypoints.iter().enumerate() {
        for action in &waypoint.actions {
            match *action {
                Action::PicturesEvery { metres } => every = Some((metres, 0.0)),
                Action::PicturesEnd => {
                    if let Some((metres, way_m)) = every.take() {
                        pictures += (way_m / metres) as usize + 1;
                    }
                }
                Action::Picture => pictures += 1,
                Action::RecordStart => recording = true,
                Action::RecordEnd => recording = false,
                Action::Pitch { .. } | Action::Hover { .. } => {}
            }
        }
        // The last hop leads home, where nothing is looked at.
        let way_m = if index + 1 < plan.waypoints.len() { hops[index + 1].way_m } else { 0.0 };
        if let Some((_, flown_m)) = &mut every {
            *flown_m += way_m;
        }
        if every.is_some() || recording {
            seen_m += way_m;
        }
    }
    (pictures, seen_m)
}

/// Flights needed when each may last so long: each breaks off where the way home still fits in and goes on there.
fn batteries(hops: &[Hop], usable_secs: f64) -> usize {
    let (Some(out), Some(back)) = (hops.first(), hops.last()) else { return 0 };
    // Ways to and from a break lie between those to the first and from the last waypoint, as far as is known here.
    let travel_secs = out.secs.max(back.secs);
    let work_secs: f64 = hops[1..hops.len() - 1].iter().map(|hop| hop.secs).sum();
    let each_secs = usable_secs - 2.0 * travel_secs;
    if each_secs <= 0.0 {
        return usize::MAX;
    }
    (work_secs / each_secs).ceil().max(1.0) as usize
}
