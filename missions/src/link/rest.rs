//! The rest of a plan that was broken off.

use crate::plan::{Action, Finish, Leg, LegKind, Plan, Waypoint};
use crate::plane::between;

/// Returns what is left to fly, from the break on; none when nothing is.
///
/// What was in force at the break is put in force again there: the camera's pitch, pictures by distance, recording.
pub fn rest_of(plan: &Plan, left: super::Break) -> Option<Plan> {
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
fn ends_later(leg: &Leg, left: super::Break) -> bool {
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
