//! The lens against numbers that other programs computed.

use gis::Intrinsics;
use gis::camera::{Distortion, Pose, PoseSigma};
use nalgebra::{Rotation3, Vector2, Vector3};

use crate::reference::{quantile, text};

/// The adjusted angles are rounded to 0.001 degree, 2 mm at 120 m.
const TUNIU_M: f64 = 0.01;
/// Rounds of OpenCV's fixed point behind the vectors, which has not converged in the corners of the picture: 24 of the 200
/// rays end up to 0.052 m from where the lens model itself puts them.
const ORTHORITY_ROUNDS: usize = 5;

/// The direction that OpenCV's `undistortPoints` stops at.
fn ray_of_few_rounds(lens: &Intrinsics, u_px: f64, v_px: f64) -> Vector3<f64> {
    let d = &lens.distortion;
    let target = ((u_px - lens.cx_px) / lens.fx_px, (v_px - lens.cy_px) / lens.fy_px);
    let (mut x, mut y) = target;
    for _ in 0..ORTHORITY_ROUNDS {
        let r2 = x * x + y * y;
        let radial = 1.0 + r2 * (d.k1 + r2 * (d.k2 + r2 * d.k3));
        let tangential =
            (2.0 * d.p1 * x * y + d.p2 * (r2 + 2.0 * x * x), d.p1 * (r2 + 2.0 * y * y) + 2.0 * d.p2 * x * y);
        (x, y) = ((target.0 - tangential.0) / radial, (target.1 - tangential.1) / radial);
    }
    Vector3::new(x, y, 1.0)
}

fn tuniu_lens(reconstruction: &str) -> Intrinsics {
    let value: serde_json::Value = serde_json::from_str(reconstruction).unwrap();
    let camera = value[0]["cameras"].as_object().unwrap().values().next().unwrap();
    let number = |key: &str| camera[key].as_f64().unwrap();
    let (width, height) = (number("width"), number("height"));
    // OpenSfM divides by the longer side and counts from pixel centres.
    let centre = |side: f64, offset: f64| (side - 1.0) / 2.0 + offset * width;
    Intrinsics::from_opencv(
        (width, height),
        (
            number("focal_x") * width,
            number("focal_y") * width,
            centre(width, number("c_x")),
            centre(height, number("c_y")),
        ),
        [number("k1"), number("k2"), number("p1"), number("p2"), number("k3"), 0.0, 0.0, 0.0],
    )
    .unwrap()
}

/// Name of a picture, its centre of projection and its rotation from our camera axes into the map's.
fn tuniu_poses(table: &str) -> Vec<(String, Vector3<f64>, Rotation3<f64>)> {
    let row = |line: &str| {
        let mut cells = line.split_whitespace();
        let name = cells.next().unwrap().trim_matches('\'').to_owned();
        let v: Vec<f64> = cells.take(6).map(|cell| cell.parse().unwrap()).collect();
        let [omega, phi, kappa] = [v[3], v[4], v[5]].map(f64::to_radians);
        let about = |axis, angle| Rotation3::from_axis_angle(&axis, angle);
        let map_from_photo =
            about(Vector3::x_axis(), omega) * about(Vector3::y_axis(), phi) * about(Vector3::z_axis(), kappa);
        // Photo axes are right, up, back.
        let photo_from_camera = about(Vector3::x_axis(), std::f64::consts::PI);
        (name, Vector3::new(v[0], v[1], v[2]), map_from_photo * photo_from_camera)
    };
    table.lines().skip(1).filter(|line| !line.trim().is_empty()).map(row).collect()
}

#[test]
fn rays_of_tuniu_meet_the_planes_where_orthority_puts_them() {
    let name = "tuniu orthority vectors";
    let folder = "drone_gcp/tuniu_p4rtk_oblique";
    let (Some(lens), Some(poses), Some(vectors)) = (
        text(name, &format!("{folder}/reconstruction.json")),
        text(name, &format!("{folder}/odm_xyz_opk.csv")),
        text(name, &format!("{folder}/orthority_pixel_to_world.csv")),
    ) else {
        return;
    };
    let (lens, poses) = (tuniu_lens(&lens), tuniu_poses(&poses));
    let (mut same_m, mut own_m) = (Vec::new(), Vec::new());
    for line in vectors.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let v = |index: usize| cells[index].parse::<f64>().unwrap();
        let (_, centre, map_from_camera) = poses.iter().find(|pose| cells[0].starts_with(&pose.0)).unwrap();
        // The vectors count from pixel centres.
        let (u_px, v_px) = (v(1) + 0.5, v(2) + 0.5);
        for (z, x, y) in [(60.0, v(3), v(4)), (90.0, v(5), v(6))] {
            let missed_m = |ray_in_camera: Vector3<f64>| {
                let ray = map_from_camera * ray_in_camera;
                let hit = centre + ray * ((z - centre.z) / ray.z);
                (hit.xy() - Vector2::new(x, y)).norm()
            };
            same_m.push(missed_m(ray_of_few_rounds(&lens, u_px, v_px)));
            own_m.push(missed_m(lens.ray_in_camera(u_px, v_px).unwrap()));
        }
    }
    println!(
        "tuniu: {} rays at z = 60 and z = 90; with orthority's {ORTHORITY_ROUNDS} rounds worst {:.4} m; converged median \
         {:.4} m, worst {:.4} m",
        same_m.len(),
        quantile(&same_m, 1.0),
        quantile(&own_m, 0.5),
        quantile(&own_m, 1.0)
    );
    assert!(same_m.len() == 200 && quantile(&same_m, 1.0) <= TUNIU_M);
    assert!(quantile(&own_m, 0.85) <= TUNIU_M && quantile(&own_m, 1.0) < 0.06);
}

#[test]
fn opencv_pixels_are_moved_by_half_a_pixel_and_back() {
    let lens = Intrinsics::from_opencv((640.0, 480.0), (500.0, 500.0, 319.5, 239.5), [0.0; 8]).unwrap();
    assert_eq!((lens.cx_px, lens.cy_px), (320.0, 240.0));
    assert_eq!(lens.opencv_principal_point(), (319.5, 239.5));
    assert_eq!(lens.ray_in_camera(320.0, 240.0), Some(Vector3::z()));
}

#[test]
fn cameras_of_angle_focal_length_and_equivalent_agree() {
    // 8.8 mm before a 13.2 x 8.8 mm sensor sees 73.74 degrees across and equals 24 mm on 36 mm of width.
    let by_focal = Intrinsics::from_focal(5472.0, 3648.0, 8.8, 13.2).unwrap();
    let by_angle = Intrinsics::from_fov(5472.0, 3648.0, 73.739_795_291_688, None).unwrap();
    let by_equivalent = Intrinsics::from_focal_35mm(5472.0, 3648.0, 24.0).unwrap();
    assert!((by_focal.fx_px - 3648.0).abs() < 1e-9);
    assert!((by_angle.fx_px - 3648.0).abs() < 1e-6);
    assert!((by_equivalent.fx_px - 3648.0).abs() < 1e-9);
}

#[test]
fn resized_picture_sees_the_same_directions() {
    let lens = crate::scene::wide_lens();
    let small = lens.scaled_to(960.0, 540.0).unwrap();
    let (full, half) =
        (lens.ray_in_camera(1500.0, 200.0).unwrap(), small.ray_in_camera(750.0, 100.0).unwrap());
    assert!((full - half).norm() < 1e-12);
}

#[test]
fn unusable_cameras_are_named() {
    let check = |camera: Result<Intrinsics, gis::camera::CameraError>, expect: &str| {
        assert_eq!(camera.unwrap_err().to_string(), expect);
    };
    check(
        Intrinsics::from_fov(1920.0, 1080.0, 0.0, None),
        "camera hfov_deg is 0, expected an angle between 0 and 180",
    );
    check(
        Intrinsics::from_focal(1920.0, 1080.0, 0.0, 13.2),
        "camera focal_mm is 0, expected a finite number above 0",
    );
    check(
        Intrinsics::centred(1920.0, f64::NAN, 100.0),
        "camera height_px is NaN, expected a finite number above 0",
    );
    let ideal = Intrinsics::centred(1920.0, 1080.0, 100.0).unwrap();
    let bent = Distortion { k3: f64::INFINITY, ..Distortion::default() };
    check(Intrinsics { distortion: bent, ..ideal }.validated(), "camera k3 is inf, expected a finite number");
}

#[test]
fn pose_survives_its_serial_form() {
    let pose = crate::scene::pose(150.0, 33.0, -47.0, 2.0);
    let text = serde_json::to_string(&pose).unwrap();
    let back: Pose = serde_json::from_str(&text).unwrap();
    assert!(back.enu_from_camera.angle_to(&pose.enu_from_camera) < 1e-12);
    let sigma: PoseSigma = back.sigma;
    assert_eq!(sigma, pose.sigma);
}
