//! Where to begin: landmarks of unknown place from the rays that see them.

use nalgebra::{Matrix3, Vector3};

use super::model::LocalShot;
use super::{Landmark, Mark};
use crate::geodesy::LocalFrame;
use crate::terrain::Terrain;

/// Least second curvature of the distance to all rays, per ray, at which they cross well enough: some two degrees between them.
const LEAST_CROSSING: f64 = 3e-4;
/// Halvings when a ray is followed to the ground.
const HALVINGS: usize = 50;
const FARTHEST_M: f64 = 5_000.0;

/// Returns where each landmark is looked for first; `None` for those that cannot be placed.
pub(super) fn places(
    shots: &[LocalShot],
    marks: &[Mark],
    landmarks: &[Landmark],
    frame: &LocalFrame,
    terrain: Option<&dyn Terrain>,
) -> Vec<Option<Vector3<f64>>> {
    let rays = |index: usize| -> Vec<(Vector3<f64>, Vector3<f64>)> {
        let of = marks.iter().filter(|mark| mark.landmark == index);
        of.filter_map(|mark| {
            let shot = shots.get(mark.shot)?;
            Some((shot.centre, shot.direction(mark.at_px)?))
        })
        .collect()
    };
    let place = |(index, landmark): (usize, &Landmark)| {
        let rays = rays(index);
        match landmark {
            _ if rays.is_empty() => None,
            Landmark::Known { point, .. } => Some(frame.enu_from_point(*point)),
            Landmark::Unknown => {
                crossing(&rays).or_else(|| terrain.and_then(|ground| on_ground(&rays, frame, ground)))
            }
        }
    };
    landmarks.iter().enumerate().map(place).collect()
}

/// Returns the point nearest to all rays, where they cross and it lies before all of them.
fn crossing(rays: &[(Vector3<f64>, Vector3<f64>)]) -> Option<Vector3<f64>> {
    let (mut sum, mut right) = (Matrix3::zeros(), Vector3::zeros());
    for (centre, direction) in rays {
        let across = Matrix3::identity() - direction * direction.transpose();
        sum += across;
        right += across * centre;
    }
    let least = sum.symmetric_eigenvalues().min();
    if rays.len() < 2 || least < LEAST_CROSSING * rays.len() as f64 {
        return None;
    }
    let point = sum.try_inverse()? * right;
    rays.iter().all(|(centre, direction)| direction.dot(&(point - centre)) > 1.0).then_some(point)
}

/// Returns where the first ray that meets the ground does so.
fn on_ground(
    rays: &[(Vector3<f64>, Vector3<f64>)],
    frame: &LocalFrame,
    terrain: &dyn Terrain,
) -> Option<Vector3<f64>> {
    let above_m = |place: &Vector3<f64>| {
        let at = frame.point_from_enu(place);
        Some(at.height.0 - terrain.height(at.lat_lon)?.0)
    };
    rays.iter().find_map(|(centre, direction)| {
        let (mut above, mut below) = (0.0, FARTHEST_M.min(4.0 * above_m(centre)? / (-direction.z).max(1e-3)));
        if above_m(&(centre + direction * below)).is_none_or(|m| m > 0.0) {
            return None;
        }
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(above, below);
            if above_m(&(centre + direction * middle))? > 0.0 { above = middle } else { below = middle }
        }
        Some(centre + direction * above)
    })
}
