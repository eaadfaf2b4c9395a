//! The plain way from a ray to the ground, which the quick way must agree with: half-sample steps from the camera on, each
//! converted from earth-centred coordinates, then halving. No ceilings, no tangent frame, no shared work between pixels.

use gis::geodesy::{LocalFrame, ecef_from_point, point_from_ecef};
use gis::georef::Limits;
use gis::{GeoPoint, Intrinsics, NotLocated, Pose, Terrain};
use nalgebra::Vector3;

const HALVINGS: usize = 60;

/// Where the ray of a pixel first meets the ground, with its range in metres; `step` in samples of the terrain.
pub fn ground_point(
    (intrinsics, pose, terrain): (&Intrinsics, &Pose, &dyn Terrain),
    limits: Limits,
    (u_px, v_px): (f64, f64),
    step: f64,
) -> Result<(GeoPoint, f64), NotLocated> {
    let ray_in_camera = intrinsics.ray_in_camera(u_px, v_px).ok_or(NotLocated::Degenerate)?;
    let direction = pose.enu_from_camera * ray_in_camera;
    if (-direction.z).asin().to_degrees() < limits.min_depression_deg {
        return Err(NotLocated::NearHorizon);
    }
    let rotation = LocalFrame::at(pose.point).ecef_from_enu();
    let (from, along) = (ecef_from_point(pose.point), rotation * direction);
    let at = |range_m: f64| point_from_ecef(&(from + along * range_m));
    walk(terrain, &at, &direction, limits.max_range_m, step)
}

fn gap_m(terrain: &dyn Terrain, point: GeoPoint) -> Option<f64> {
    terrain.height(point.lat_lon).map(|ground| point.height.0 - ground.0)
}

fn walk(
    terrain: &dyn Terrain,
    at: &dyn Fn(f64) -> GeoPoint,
    direction: &Vector3<f64>,
    max_range_m: f64,
    step: f64,
) -> Result<(GeoPoint, f64), NotLocated> {
    let (lowest_m, highest_m) = (terrain.bounds().lowest.0, terrain.bounds().highest.0);
    let camera = at(0.0);
    let first_gap_m = gap_m(terrain, camera);
    let below = camera.height.0 <= highest_m && first_gap_m.is_some_and(|gap_m| gap_m < 0.0);
    if camera.height.0 < lowest_m || below {
        return Err(NotLocated::BelowGround);
    }
    let sample_m = if terrain.spacing_m().is_finite() { terrain.spacing_m() } else { 50.0 };
    let step_m = step * sample_m / direction.xy().norm().max(0.05);
    let mut range_m = 0.0;
    let mut above = (camera.height.0 > highest_m || first_gap_m.is_some()).then_some(0.0);
    loop {
        range_m = f64::min(range_m + step_m, max_range_m);
        let point = at(range_m);
        if point.height.0 <= highest_m {
            match gap_m(terrain, point) {
                Some(gap_m) if gap_m <= 0.0 => {
                    let low = above.ok_or(NotLocated::OutsideTerrain)?;
                    return halve(terrain, at, low, range_m);
                }
                Some(_) => above = Some(range_m),
                None => above = None,
            }
            if point.height.0 < lowest_m {
                return Err(NotLocated::OutsideTerrain);
            }
        } else {
            above = Some(range_m);
        }
        if range_m >= max_range_m {
            return Err(NotLocated::NearHorizon);
        }
    }
}

fn halve(
    terrain: &dyn Terrain,
    at: &dyn Fn(f64) -> GeoPoint,
    mut low: f64,
    mut high: f64,
) -> Result<(GeoPoint, f64), NotLocated> {
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        let gap_m = gap_m(terrain, at(middle)).ok_or(NotLocated::OutsideTerrain)?;
        if gap_m > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok((at(high), high))
}
