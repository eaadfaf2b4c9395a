//! First-order propagation of pixel, pose and terrain errors to the ground.
//!
//! The hit is `X = C + r d`. With `n` the ground's normal (scaled to `n_up = 1`), an error `t` of the terrain's height and
//! errors of `C` and `d`, staying on the ground asks for `n . dX = t`, so
//! `dX = (I - d n' / (n . d)) (dC + r dd) + d t / (n . d)`.
//! Axes are east, north, up at the camera; those at the hit differ by the angle between the two verticals (1.6 mrad at
//! 10 km), which is neglected here.

use nalgebra::{Matrix3, Matrix3x2, Vector3};

use super::{Hit, View};
use crate::geodesy::metres_per_degree;
use crate::observation::NotLocated;
use crate::position::{GeoPoint, LatLon};
use crate::terrain::Terrain;

/// Least sine of the angle between ray and ground. Below it the first order means nothing.
const LEAST_INCIDENCE: f64 = 0.02;
/// Added to each axis, so that the covariance stays definite when every stated error is zero: 1 mm.
const FLOOR_M2: f64 = 1e-6;

/// Covariance of a hit on the ground.
pub(super) fn on_ground(
    view: &View,
    hit: &Hit,
    point: GeoPoint,
    pixel: (f64, f64),
    pixel_sigma_px: f64,
) -> Result<Matrix3<f64>, NotLocated> {
    let normal = ground_normal(view.terrain, point, &hit.direction);
    let incidence = normal.dot(&hit.direction);
    let along_ground = Matrix3::identity() - hit.direction * normal.transpose() / incidence;
    let before = at_camera(view, hit, pixel, pixel_sigma_px)?;
    let by_terrain = hit.direction * (view.terrain.sigma_m() / incidence);
    checked(along_ground * before * along_ground.transpose() + by_terrain * by_terrain.transpose())
}

/// Covariance of a point at a measured range.
pub(super) fn at_range(
    view: &View,
    hit: &Hit,
    pixel: (f64, f64),
    pixel_sigma_px: f64,
    range_sigma_m: f64,
) -> Result<Matrix3<f64>, NotLocated> {
    let along = hit.direction * range_sigma_m;
    checked(at_camera(view, hit, pixel, pixel_sigma_px)? + along * along.transpose())
}

/// Area of ground that one pixel covers, square metres.
pub(super) fn ground_by_pixel(view: &View, hit: &Hit, (u_px, v_px): (f64, f64)) -> Result<f64, NotLocated> {
    let by_pixel = direction_by_pixel(view, (u_px, v_px))? * hit.range_m;
    let normal = Vector3::z();
    let along_ground = Matrix3::identity() - hit.direction * normal.transpose() / normal.dot(&hit.direction);
    let ground: Matrix3x2<f64> = along_ground * by_pixel;
    let area_m2 = ground.column(0).cross(&ground.column(1)).norm();
    if area_m2.is_finite() { Ok(area_m2) } else { Err(NotLocated::Degenerate) }
}

/// Covariance of the end of a ray of fixed length: the position's error plus that of the direction times the range.
fn at_camera(
    view: &View,
    hit: &Hit,
    pixel: (f64, f64),
    pixel_sigma_px: f64,
) -> Result<Matrix3<f64>, NotLocated> {
    let by_pixel = direction_by_pixel(view, pixel)? * (hit.range_m * pixel_sigma_px);
    let mut sum = by_pixel * by_pixel.transpose();
    let sigma = &view.pose.sigma;
    sum += Matrix3::from_diagonal(&Vector3::from(sigma.position_enu_m).map(|s| s * s));
    for (axis, sigma_deg) in view.pose.error_axes_in_enu().iter().zip(sigma.attitude_deg) {
        let turned = axis.cross(&hit.direction) * (hit.range_m * sigma_deg.to_radians());
        sum += turned * turned.transpose();
    }
    Ok(sum)
}

fn direction_by_pixel(view: &View, (u_px, v_px): (f64, f64)) -> Result<Matrix3x2<f64>, NotLocated> {
    let pixel = view.intrinsics.pixel_ray(u_px, v_px).ok_or(NotLocated::Degenerate)?;
    Ok(view.pose.enu_from_camera.matrix() * pixel.by_pixel)
}

/// The normal of the ground, up component 1, from neighbours one sample away; level where it has none or where the ray
/// would come from below.
fn ground_normal(terrain: &dyn Terrain, point: GeoPoint, direction: &Vector3<f64>) -> Vector3<f64> {
    let level = Vector3::z();
    let step_m = terrain.spacing_m();
    if !step_m.is_finite() {
        return level;
    }
    let LatLon { lat_deg, lon_deg } = point.lat_lon;
    let (north_m, east_m) = metres_per_degree(lat_deg);
    let slope = |lat_step: f64, lon_step: f64| {
        let at = |sign: f64| {
            let lat_lon = LatLon { lat_deg: lat_deg + sign * lat_step, lon_deg: lon_deg + sign * lon_step };
            terrain.height(lat_lon).map(|height| height.0)
        };
        Some((at(1.0)? - at(-1.0)?) / (2.0 * step_m))
    };
    let (Some(by_east), Some(by_north)) = (slope(0.0, step_m / east_m), slope(step_m / north_m, 0.0)) else {
        return level;
    };
    let normal = Vector3::new(-by_east, -by_north, 1.0);
    if normal.dot(direction) < -LEAST_INCIDENCE * normal.norm() { normal } else { level }
}

fn checked(covariance: Matrix3<f64>) -> Result<Matrix3<f64>, NotLocated> {
    let symmetric = (covariance + covariance.transpose()) / 2.0 + Matrix3::identity() * FLOOR_M2;
    if symmetric.iter().all(|value| value.is_finite()) { Ok(symmetric) } else { Err(NotLocated::Degenerate) }
}
