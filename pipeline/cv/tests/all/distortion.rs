//! The lens model of `gis` against OpenCV's, in both directions.

use gis::Intrinsics;
use nalgebra::Vector3;
use opencv::calib3d::{project_points_def, undistort_points_iter};
use opencv::core::{Mat, Point2d, Point3d, TermCriteria, TermCriteria_COUNT, TermCriteria_EPS, Vector};

/// Beyond this OpenCV's and our own iteration differ by rounding only.
const NEAR_PX: f64 = 1e-5;
/// OpenCV counts pixels from the centre of the first one, `gis` from its corner.
const ORIGIN_PX: f64 = 0.5;

/// Camera numbers in OpenCV's order: (fx, fy, cx, cy) and (k1, k2, p1, p2, k3, k4, k5, k6).
type Numbers = ((f64, f64, f64, f64), [f64; 8]);
const CAMERAS: [Numbers; 4] = [
    ((1500.0, 1500.0, 959.5, 539.5), [0.0; 8]),
    ((1480.3, 1476.9, 971.2, 528.8), [-0.112, 0.0147, 0.000_71, -0.000_43, -0.0271, 0.0, 0.0, 0.0]),
    ((1233.1, 1240.7, 940.0, 560.0), [0.083, -0.051, -0.0012, 0.0009, 0.0044, 0.0, 0.0, 0.0]),
    ((1100.0, 1100.0, 950.0, 545.0), [0.42, 0.11, 0.0004, -0.0003, 0.006, 0.61, 0.18, 0.021]),
];

fn directions() -> Vec<Vector3<f64>> {
    let steps = |most: f64| (-4..=4).map(move |step| f64::from(step) / 4.0 * most);
    steps(0.6).flat_map(|x| steps(0.35).map(move |y| Vector3::new(x * 7.0, y * 7.0, 7.0))).collect()
}

fn matrix((fx, fy, cx, cy): (f64, f64, f64, f64)) -> Mat {
    Mat::from_slice_2d(&[[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]]).unwrap()
}

#[test]
fn points_are_projected_as_opencv_does() {
    for (camera, coefficients) in CAMERAS {
        let ours = Intrinsics::from_opencv((1920.0, 1080.0), camera, coefficients).unwrap();
        let points: Vector<Point3d> = directions().iter().map(|p| Point3d::new(p.x, p.y, p.z)).collect();
        let (none, mut pixels) = (Vector::from_slice(&[0.0_f64; 3]), Vector::<Point2d>::new());
        let coefficients = Vector::from_slice(&coefficients);
        project_points_def(&points, &none, &none, &matrix(camera), &coefficients, &mut pixels).unwrap();
        for (point, theirs) in directions().iter().zip(&pixels) {
            let (u, v) = ours.project(point).expect("inside the lens model");
            let off = (u - ORIGIN_PX - theirs.x).hypot(v - ORIGIN_PX - theirs.y);
            assert!(off < NEAR_PX, "{camera:?} {point:?}: {off} px");
        }
    }
}

#[test]
fn pixels_are_undistorted_as_opencv_does() {
    let until = TermCriteria::new(TermCriteria_COUNT + TermCriteria_EPS, 500, 1e-13).unwrap();
    for (camera, coefficients) in CAMERAS {
        let ours = Intrinsics::from_opencv((1920.0, 1080.0), camera, coefficients).unwrap();
        let steps = |most: i32| (0..=8).map(move |step| f64::from(most * step) / 8.0);
        let pixels: Vec<(f64, f64)> = steps(1920).flat_map(|u| steps(1080).map(move |v| (u, v))).collect();
        let theirs: Vector<Point2d> =
            pixels.iter().map(|(u, v)| Point2d::new(u - ORIGIN_PX, v - ORIGIN_PX)).collect();
        let (coefficients, same) = (Vector::from_slice(&coefficients), Mat::default());
        let mut ideal = Vector::<Point2d>::new();
        undistort_points_iter(&theirs, &mut ideal, &matrix(camera), &coefficients, &same, &same, until)
            .unwrap();
        for ((u, v), theirs) in pixels.iter().zip(&ideal) {
            let ray = ours.ray_in_camera(*u, *v).expect("inside the lens model");
            let off_px = (ray.x / ray.z - theirs.x).hypot(ray.y / ray.z - theirs.y) * ours.fx_px;
            assert!(off_px < NEAR_PX, "{camera:?} ({u}, {v}): {off_px} px");
        }
    }
}
