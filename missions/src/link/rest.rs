//! The rest of a plan that was broken off.

use super::{Break, Progress, State};
use crate::plan::{Action, Finish, Leg, LegKind, Plan, Waypoint};
use crate::plane::between;

/// How what is said of the rest of a plan reads for the whole of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rest {
    left: Break,
    waypoints: usize,
    /// Share of the whole way that was flown before.
    flown: f64,
}

impl Rest {
    /// Returns what is left to fly, and how it reads for the whole; none when nothing is.
    pub fn of(plan: &Plan, left: Break) -> Option<(Plan, Self)> {
        let rest = rest_of(plan, left)?;
        let whole_m = way_m(plan);
        let flown = if whole_m > 0.0 { (1.0 - way_m(&rest) / whole_m).clamp(0.0, 1.0) } else { 0.0 };
        Some((rest, Self { left, waypoints: plan.waypoints.len(), flown }))
    }

    /// Returns how far the whole is.
    pub fn progress(&self, rest: Progress) -> Progress {
        Progress {
            waypoint: rest.waypoint.map(|waypoint| waypoint + self.left.waypoint),
            waypoints: self.waypoints,
            share: self.flown + rest.share * (1.0 - self.flown),
        }
    }

    /// Returns where the whole was left.
    pub fn left_at(&self, rest: Break) -> Break {
        let before = if rest.waypoint == 0 { self.left.share.clamp(0.0, 1.0) } else { 0.0 };
        Break { waypoint: rest.waypoint + self.left.waypoint, share: before + rest.share * (1.0 - before) }
    }

    /// Returns the state of the whole.
    pub fn state(&self, rest: &State) -> State {
        let left = |at: &Option<Break>| at.map(|at| self.left_at(at));
        match rest {
            State::Flying { progress } => State::Flying { progress: self.progress(*progress) },
            State::Paused { progress } => State::Paused { progress: self.progress(*progress) },
            State::Returning { cause, left_at } => State::Returning { cause: *cause, left_at: left(left_at) },
            State::Landed { left_at } => State::Landed { left_at: left(left_at) },
            State::LinkLost { action, progress } => State::LinkLost {
                action: *action,
                progress: progress.map(|progress| self.progress(progress)),
            },
            State::Gate
            | State::Uploading { .. }
            | State::Ready
            | State::Launching
            | State::Aborted
            | State::Failed { .. } => rest.clone(),
        }
    }
}

/// Way along the waypoints, metres.
fn way_m(plan: &Plan) -> f64 {
    plan.waypoints.windows(2).map(|pair| gis::geodesy::plane_distance_m(pair[0].at, pair[1].at)).sum()
}

/// Returns what is left to fly, from the break on; none when nothing is.
///
/// What was in force at the break is put in force again there: the camera's pitch, pictures by distance, recording.
pub fn rest_of(plan: &Plan, left: Break) -> Option<Plan> {
    let from = plan.waypoints.get(left.waypoint)?;
    let mut first = from.clone();
    first.actions = in_force(&plan.waypoints[..=left.waypoint]);
    first.stop = false;
    if let Some(to) = plan.waypoints.get(left.waypoint + 1) {
        let share = left.share.clamp(0.0, 1.0);
        first.at = between_places(from, to, share);
        first.height_m = from.height_m + share * (to.height_m - from.height_m);
    } else if left.share > 0.0 && plan.finish == Finish::GoHome {
        return None;
    }
    let mut waypoints = vec![first];
    waypoints.extend(plan.waypoints[left.waypoint + 1..].iter().cloned());
    let legs = plan.legs.iter().filter(|leg| leg.last >= left.waypoint && ends_later(leg, left));
    let legs = legs.map(|leg| Leg {
        first: leg.first.saturating_sub(left.waypoint),
        last: leg.last - left.waypoint,
        ..leg.clone()
    });
    Some(Plan { waypoints, legs: legs.collect(), ..plan.clone() })
}

/// A leg that ends at the break is flown, unless it is a single look that the way there was for.
fn ends_later(leg: &Leg, left: Break) -> bool {
    leg.last > left.waypoint || (leg.kind == LegKind::Visit && left.share <= 0.0)
}

fn between_places(from: &Waypoint, to: &Waypoint, share: f64) -> gis::LatLon {
    let plane = crate::plane::Plane::around(from.at);
    plane.place(between(plane.metres(from.at), plane.metres(to.at), share))
}

/// What lasts of the actions so far, as actions that begin it again.
fn in_force(passed: &[Waypoint]) -> Vec<Action> {
    let (mut pitch, mut pictures, mut recording) = (None, None, None);
    for action in passed.iter().flat_map(|waypoint| &waypoint.actions) {
        match action {
            Action::Pitch { .. } => pitch = Some(*action),
            Action::PicturesEvery { .. } => pictures = Some(*action),
            Action::PicturesEnd => pictures = None,
            Action::RecordStart => recording = Some(*action),
            Action::RecordEnd => recording = None,
            Action::Picture | Action::Hover { .. } => {}
        }
    }
    [pitch, pictures, recording].into_iter().flatten().collect()
}
