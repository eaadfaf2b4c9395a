//! First poses of a camera from points in the picture, for `gis::calibrate` to start from.

use gis::calibrate::{Mark, PlacedCamera};
use gis::camera::Intrinsics;
use nalgebra::{Matrix3, Rotation3, Vector3};
use opencv::core::{Mat, MatExprTraitConst, MatTraitConst, Point2d, Point3d, Vector};
use opencv::{calib3d, core};

use crate::{CvError, mat};

/// Fewest points of SQPNP.
const LEAST_POINTS: usize = 3;

/// Returns every camera of this lens that OpenCV's SQPNP finds for the marks; none where rays or points are no numbers.
///
/// Pixels are turned into directions by the lens itself, so that any projection serves; points are taken about their mean.
///
/// # Errors
/// When OpenCV refuses.
///
/// # References
/// Terzakis, Lourakis (2020), A consistently fast and globally optimal solution to the perspective-n-point problem, ECCV.
pub fn resect(marks: &[Mark], lens: &Intrinsics) -> Result<Vec<PlacedCamera>, CvError> {
    mat::stay_on_this_thread();
    let middle = marks.iter().map(|mark| mark.point).sum::<Vector3<f64>>() / marks.len().max(1) as f64;
    let mut points: Vector<Point3d> = Vector::new();
    let mut directions: Vector<Point2d> = Vector::new();
    for mark in marks {
        let Some(ray) = lens.ray_in_camera(mark.pixel[0], mark.pixel[1]) else { continue };
        let point = mark.point - middle;
        if ray.z > 1e-3 && point.iter().all(|value| value.is_finite()) {
            points.push(Point3d::new(point.x, point.y, point.z));
            directions.push(Point2d::new(ray.x / ray.z, ray.y / ray.z));
        }
    }
    if points.len() < LEAST_POINTS {
        return Ok(Vec::new());
    }
    let identity = Mat::eye(3, 3, core::CV_64F)?.to_mat()?;
    let (mut turns, mut shifts) = (Vector::<Mat>::new(), Vector::<Mat>::new());
    calib3d::solve_pnp_generic(
        &points,
        &directions,
        &identity,
        &core::no_array(),
        &mut turns,
        &mut shifts,
        false,
        calib3d::SolvePnPMethod::SOLVEPNP_SQPNP,
        &core::no_array(),
        &core::no_array(),
        &mut core::no_array(),
    )?;
    let mut cameras = Vec::new();
    for (turn, shift) in turns.iter().zip(shifts.iter()) {
        let (turn, shift) = (vector(&turn)?, vector(&shift)?);
        let frame_from_camera = Rotation3::from_scaled_axis(turn).inverse();
        let centre = middle - frame_from_camera * shift;
        if centre.iter().chain(Matrix3::iter(frame_from_camera.matrix())).all(|value| value.is_finite()) {
            cameras.push(PlacedCamera { intrinsics: *lens, centre, frame_from_camera });
        }
    }
    Ok(cameras)
}

fn vector(mat: &Mat) -> Result<Vector3<f64>, CvError> {
    Ok(Vector3::new(*mat.at::<f64>(0)?, *mat.at::<f64>(1)?, *mat.at::<f64>(2)?))
}
