//! Laws that hold for every camera, pixel and ground.

use gis::camera::{Attitude, Distortion};
use gis::error_ellipse::{ce90_m, error_ellipse};
use gis::geodesy::LocalFrame;
use gis::georef::{Limits, ground_point, locate, locate_many};
use gis::{EllipsoidHeight, GeoPoint, Intrinsics, LatLon, Pose, PoseSigma, View};
use nalgebra::{Matrix3, Rotation3, Vector3};
use proptest::prelude::*;

use crate::scene::{GROUND_M, Shaped, ground, pose, wide_lens};

const ROUND_TRIP_M: f64 = 1e-3;

fn lens() -> impl Strategy<Value = Intrinsics> {
    let bend = (-0.2..0.2, -0.05..0.05, -0.002..0.002, -0.002..0.002);
    (30.0..100.0, 0.4..0.6, 0.4..0.6, bend).prop_map(|(fov_deg, x, y, (k1, k2, p1, p2))| {
        let ideal = Intrinsics::from_fov(1920.0, 1080.0, fov_deg, None).unwrap();
        let distortion = Distortion { k1, k2, p1, p2, ..Distortion::default() };
        Intrinsics { cx_px: 1920.0 * x, cy_px: 1080.0 * y, distortion, ..ideal }
    })
}

fn camera() -> impl Strategy<Value = Pose> {
    let attitude = (0.0..360.0, -90.0..-12.0, -15.0..15.0);
    let place = (-85.0..85.0, -179.9..179.9, 0.0..4000.0_f64, 5.0..1500.0);
    let sigma = (0.0..5.0, 0.0..5.0);
    (attitude, place, sigma).prop_map(
        |((heading_deg, pitch_deg, roll_deg), (lat_deg, lon_deg, _, above_m), (metres, degrees))| {
            let point = GeoPoint {
                lat_lon: LatLon { lat_deg, lon_deg },
                height: EllipsoidHeight(GROUND_M + above_m),
            };
            let sigma = PoseSigma::new([metres; 3], [degrees; 3]);
            Pose::from_attitude(point, Attitude { heading_deg, pitch_deg, roll_deg }, sigma)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ground_to_pixel_to_ground_returns_within_a_millimetre(
        lens in lens(), camera in camera(), u in 0.0..1920.0, v in 0.0..1080.0,
    ) {
        let ground = ground();
        let view = View::new(&lens, &camera, &ground);
        let Ok(first) = ground_point(&view, u, v) else { return Ok(()) };
        let (u_back, v_back) = view.pixel_from_point(first).unwrap();
        prop_assert!((u_back - u).hypot(v_back - v) < 1e-4, "pixel {u} {v} came back as {u_back} {v_back}");
        let second = ground_point(&view, u_back, v_back).unwrap();
        let apart = LocalFrame::at(first).enu_from_point(second).norm();
        prop_assert!(apart < ROUND_TRIP_M, "{apart} m");
        prop_assert!((first.height.0 - GROUND_M).abs() < 1e-5);
    }

    #[test]
    fn covariance_is_positive_definite(lens in lens(), camera in camera(), u in 0.0..1920.0, v in 0.0..1080.0) {
        let hills = Shaped {
            ground: |east: f64, north: f64| Some(GROUND_M + 3.0 * (east / 20.0).sin() + 2.0 * (north / 9.0).cos()),
            lowest_m: GROUND_M - 5.0,
            highest_m: GROUND_M + 5.0,
            spacing_m: 1.0,
        };
        let view = View::new(&lens, &camera, &hills);
        let limits = Limits { max_range_m: 3_000.0, ..Limits::default() };
        let Ok(found) = locate(&view.with_limits(limits), u, v, 1.0) else { return Ok(()) };
        prop_assert!(found.covariance_enu_m2.cholesky().is_some(), "{}", found.covariance_enu_m2);
        let bias = found.bias_covariance_enu_m2;
        let smallest = bias.symmetric_eigenvalues().min();
        let independent = (found.covariance_enu_m2 - bias).symmetric_eigenvalues().min();
        let rounding = 1e-9 * found.covariance_enu_m2.trace();
        prop_assert!(smallest > -rounding && independent > -rounding, "{smallest} {independent}");
        let radius = ce90_m(&found.covariance_enu_m2);
        let ellipse = error_ellipse(&found.covariance_enu_m2);
        prop_assert!(radius >= 1.64 * ellipse.major_m && radius <= 2.15 * ellipse.major_m);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rotations_are_rotations(heading in -720.0..720.0, pitch in -89.0..89.0, roll in -179.0..179.0) {
        let attitude = Attitude { heading_deg: heading, pitch_deg: pitch, roll_deg: roll };
        let turn = attitude.enu_from_camera();
        let matrix = turn.matrix();
        prop_assert!((matrix * matrix.transpose() - Matrix3::identity()).norm() < 1e-12);
        prop_assert!((matrix.determinant() - 1.0).abs() < 1e-12);
        let back = Attitude::of_camera(&turn).enu_from_camera();
        prop_assert!((back.matrix() - matrix).norm() < 1e-9);
        let around = Attitude { heading_deg: heading + 360.0, ..attitude }.enu_from_camera();
        prop_assert!((around.matrix() - matrix).norm() < 1e-9);
        let level = Attitude { heading_deg: 0.0, pitch_deg: 0.0, roll_deg: 0.0 };
        let mounted = level.enu_from_mounted_camera(&attitude);
        prop_assert!((mounted.matrix() - matrix).norm() < 1e-9);
        // A turn of the heading is a turn about the vertical.
        let turned = Attitude { heading_deg: heading + 30.0, ..attitude }.enu_from_camera();
        let about_down = Rotation3::from_axis_angle(&-Vector3::z_axis(), 30.0_f64.to_radians());
        prop_assert!(((about_down * turn).matrix() - turned.matrix()).norm() < 1e-9);
    }
}

#[test]
fn poles_and_antimeridian_are_places_like_others() {
    let (lens, ground) = (wide_lens(), ground());
    for lat_deg in [-90.0, -89.999_9, -89.9, 0.0, 89.9, 89.999_99, 90.0] {
        for lon_deg in [-180.0, -179.999_9, 0.0, 179.999_9, 180.0] {
            for (heading_deg, pitch_deg) in [(0.0, -90.0), (90.0, -30.0), (200.0, -12.0), (271.0, -45.0)] {
                let mut camera = pose(GROUND_M + 120.0, heading_deg, pitch_deg, 0.0);
                camera.point.lat_lon = LatLon { lat_deg, lon_deg };
                let view = View::new(&lens, &camera, &ground);
                let first = ground_point(&view, 960.0, 900.0).unwrap();
                assert!(LatLon::new(first.lat_lon.lat_deg, first.lat_lon.lon_deg).is_some(), "{first:?}");
                let (u, v) = view.pixel_from_point(first).unwrap();
                let second = ground_point(&view, u, v).unwrap();
                let apart_m = LocalFrame::at(first).enu_from_point(second).norm();
                assert!(apart_m < ROUND_TRIP_M, "{lat_deg} {lon_deg}: {apart_m} m");
                assert!(locate(&view, u, v, 1.0).unwrap().covariance_enu_m2.cholesky().is_some());
            }
        }
    }
}

#[test]
fn many_pixels_at_once_give_what_each_gives_alone() {
    let hills = Shaped {
        ground: |east: f64, north: f64| (north < 150.0).then(|| GROUND_M + 3.0 * (east / 20.0).sin()),
        lowest_m: GROUND_M - 3.0,
        highest_m: GROUND_M + 3.0,
        spacing_m: 1.0,
    };
    let (lens, camera) = (wide_lens(), pose(GROUND_M + 60.0, 10.0, -25.0, 3.0));
    let view = View::new(&lens, &camera, &hills);
    let pixels: Vec<(f64, f64)> =
        (0..1_500).map(|i| (f64::from(i * 131 % 1920), f64::from(i * 71 % 1080))).collect();
    let together = locate_many(&view, &pixels, 2.0);
    let alone: Vec<_> = pixels.iter().map(|&(u, v)| locate(&view, u, v, 2.0)).collect();
    assert_eq!(together, alone);
    assert!(together.iter().any(Result::is_ok) && together.iter().any(Result::is_err));
}
