//! The lens against numbers that other programs computed.

use gis::Intrinsics;
use gis::camera::{Distortion, Pose, PoseSigma};
use nalgebra::Vector3;

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
