//! Laws that hold for every camera, pixel and ground.

use gis::camera::{Attitude, Distortion};
use gis::error_ellipse::{ce90_m, error_ellipse};
use gis::footprint::{footprint, frame_footprint};
use gis::geodesy::LocalFrame;
use gis::georef::{Limits, ground_point, locate, locate_at_range};
use gis::{EllipsoidHeight, FlatGround, GeoPoint, Intrinsics, LatLon, NotLocated, Pose, PoseSigma, View};
use nalgebra::{Matrix3, Rotation3, Vector3};
use proptest::prelude::*;

use crate::scene::{GROUND_M, Shaped, ground, pose, wide_lens};

const ROUND_TRIP_M: f64 = 1e-3;
/// Share by which first order and Monte Carlo may differ; 40 000 draws leave 1 %.
const FIRST_ORDER: f64 = 0.10;
const DRAWS: usize = 40_000;

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
        let radius = ce90_m(&found.covariance_enu_m2);
        let ellipse = error_ellipse(&found.covariance_enu_m2);
        prop_assert!(radius >= 1.64 * ellipse.major_m && radius <= 2.15 * ellipse.major_m);
    }

    #[test]
    fn no_finite_number_panics(numbers in prop::collection::vec(any_number(), 24), edges in any::<u8>()) {
        whatever_comes(&numbers, edges);
    }
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -400.0..400.0,
        1 => prop::num::f64::NORMAL | prop::num::f64::ZERO | prop::num::f64::SUBNORMAL,
        1 => Just(0.0),
        1 => Just(1000.0),
    ]
}

fn whatever_comes(n: &[f64], edges: u8) {
    let distortion = if edges & 1 == 0 {
        Distortion::default()
    } else {
        Distortion { k1: n[0], k2: n[1], k3: n[2], k4: n[3], k5: n[4], k6: n[5], p1: n[6], p2: n[7] }
    };
    let lens = Intrinsics {
        projection: gis::camera::Projection::Perspective,
        width_px: n[8],
        height_px: n[9],
        fx_px: n[10],
        fy_px: n[11],
        cx_px: n[12],
        cy_px: n[13],
        distortion,
    };
    let attitude = Attitude { heading_deg: n[14], pitch_deg: n[15], roll_deg: n[16] };
    let point =
        GeoPoint { lat_lon: LatLon { lat_deg: n[17], lon_deg: n[18] }, height: EllipsoidHeight(n[19]) };
    let sigma = PoseSigma::new([n[20]; 3], [n[21]; 3]);
    let camera = Pose::from_attitude(point, attitude, sigma);
    let ground = FlatGround { height: EllipsoidHeight(n[22]), sigma_m: n[23] };
    let view = View::new(&lens, &camera, &ground);
    if let Ok(found) = locate(&view, n[0], n[1], n[2]) {
        assert!(found.covariance_enu_m2.iter().all(|value| value.is_finite()));
        assert!(LatLon::new(found.point.lat_lon.lat_deg, found.point.lat_lon.lon_deg).is_some());
    }
    let _ = locate_at_range(&view, (n[0], n[1]), n[2], n[3], n[4]);
    let _ = footprint(&view, &[(n[0], n[1]), (n[2], n[3]), (n[4], n[5]), (n[6], n[7])], false, n[8]);
    let _ = frame_footprint(&view);
    let _ = ce90_m(&Matrix3::from_row_slice(&n[..9]));
}

#[test]
fn what_is_not_a_number_is_degenerate() {
    let (lens, ground) = (wide_lens(), ground());
    let camera = pose(GROUND_M + 100.0, 0.0, -45.0, 0.0);
    let locate_with = |lens: &Intrinsics, camera: &Pose, u: f64| {
        locate(&View::new(lens, camera, &ground), u, 500.0, 1.0).unwrap_err()
    };
    assert_eq!(locate_with(&lens, &camera, f64::NAN), NotLocated::Degenerate);
    assert_eq!(locate_with(&lens, &camera, f64::INFINITY), NotLocated::Degenerate);
    let bad_lens = Intrinsics { fx_px: f64::NAN, ..lens };
    assert_eq!(locate_with(&bad_lens, &camera, 500.0), NotLocated::Degenerate);
    let turned = pose(GROUND_M + 100.0, f64::NAN, -45.0, 0.0);
    assert_eq!(locate_with(&lens, &turned, 500.0), NotLocated::Degenerate);
    let mut lost = camera;
    lost.point.lat_lon.lat_deg = 91.0;
    assert_eq!(locate_with(&lens, &lost, 500.0), NotLocated::Degenerate);
    let mut unsure = camera;
    unsure.sigma.attitude_deg[1] = f64::NAN;
    assert_eq!(locate_with(&lens, &unsure, 500.0), NotLocated::Degenerate);
}

/// Standard normal numbers from a fixed seed: SplitMix64 and Box-Muller.
struct Normal(u64);

impl Normal {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn draw(&mut self, sigma: f64) -> f64 {
        let (radius, angle) = (self.uniform(), self.uniform());
        sigma * (-2.0 * (1.0 - radius).ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }
}

fn monte_carlo(
    lens: &Intrinsics,
    camera: &Pose,
    pixel: (f64, f64),
    pixel_sigma: f64,
    ground_sigma: f64,
) -> Matrix3<f64> {
    let ground = FlatGround { height: EllipsoidHeight(GROUND_M), sigma_m: ground_sigma };
    let truth = locate(&View::new(lens, camera, &ground), pixel.0, pixel.1, pixel_sigma).unwrap();
    let frame = LocalFrame::at(truth.point);
    let mut normal = Normal(7);
    let mut sum = Matrix3::zeros();
    for _ in 0..DRAWS {
        let offset = Vector3::from(camera.sigma.position_enu_m).map(|sigma| normal.draw(sigma));
        let mut turned = camera.enu_from_camera;
        for (axis, sigma) in camera.error_axes_in_enu().iter().zip(camera.sigma.attitude_deg) {
            turned = Rotation3::from_axis_angle(axis, normal.draw(sigma.to_radians())) * turned;
        }
        let point = LocalFrame::at(camera.point).point_from_enu(&offset);
        let moved = Pose { point, enu_from_camera: turned, sigma: camera.sigma };
        let height = EllipsoidHeight(GROUND_M + normal.draw(ground_sigma));
        let other = FlatGround { height, ..ground };
        let (u, v) = (pixel.0 + normal.draw(pixel_sigma), pixel.1 + normal.draw(pixel_sigma));
        let hit = ground_point(&View::new(lens, &moved, &other), u, v).unwrap();
        let error = frame.enu_from_point(hit);
        sum += error * error.transpose();
    }
    sum / DRAWS as f64
}

#[test]
fn first_order_agrees_with_monte_carlo() {
    let lens = wide_lens();
    for (above_m, pitch_deg, roll_deg, pixel) in [
        (100.0, -90.0, 0.0, (960.0, 540.0)),
        (100.0, -90.0, 0.0, (200.0, 900.0)),
        (120.0, -45.0, 0.0, (960.0, 540.0)),
        (60.0, -35.0, 5.0, (1500.0, 800.0)),
    ] {
        let camera = pose(GROUND_M + above_m, 140.0, pitch_deg, roll_deg);
        let ground = FlatGround { height: EllipsoidHeight(GROUND_M), sigma_m: 0.5 };
        let stated =
            locate(&View::new(&lens, &camera, &ground), pixel.0, pixel.1, 3.0).unwrap().covariance_enu_m2;
        let drawn = monte_carlo(&lens, &camera, pixel, 3.0, 0.5);
        let (stated_m, drawn_m) = (ce90_m(&stated), ce90_m(&drawn));
        println!("pitch {pitch_deg}: CE90 first order {stated_m:.3} m, Monte Carlo {drawn_m:.3} m");
        assert!((stated_m / drawn_m - 1.0).abs() < FIRST_ORDER);
        for axis in 0..3 {
            let ratio = (stated[(axis, axis)] / drawn[(axis, axis)]).sqrt();
            assert!((ratio - 1.0).abs() < FIRST_ORDER, "axis {axis}: {ratio}");
        }
    }
}
