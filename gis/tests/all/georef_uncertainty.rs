//! Stated covariances against drawn errors, and the part of them that a flight shares.

use gis::camera::{BiasShare, HeadingSource, PositionSource, TimeOffset};
use gis::error_ellipse::ce90_m;
use gis::geodesy::LocalFrame;
use gis::georef::{ground_point, locate};
use gis::{EllipsoidHeight, FlatGround, GroundPosition, Intrinsics, Pose, PoseSigma, Terrain, View};
use nalgebra::{Matrix3, Rotation3, Vector3};

use crate::georef_quick::Uniform;
use crate::scene::{GROUND_M, Shaped, pose, wide_lens};

/// Share by which first order and Monte Carlo may differ; 20 000 draws leave 1 %.
const FIRST_ORDER: f64 = 0.10;
const DRAWS: usize = 20_000;
const PIXEL_SIGMA_PX: f64 = 3.0;
/// The standard deviation of `Shaped` and of the level ground here, metres.
const GROUND_SIGMA_M: f64 = 0.2;

/// Standard normal numbers: Box-Muller.
fn normal(uniform: &mut Uniform, sigma: f64) -> f64 {
    let (radius, angle) = (uniform.next(), uniform.next());
    sigma * (-2.0 * (1.0 - radius).ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}

/// A plane that rises by `slope` metres a metre to the east and north.
fn plane(slope: (f64, f64), raised_m: f64) -> Box<dyn Terrain> {
    if slope == (0.0, 0.0) {
        return Box::new(FlatGround {
            height: EllipsoidHeight(GROUND_M + raised_m),
            sigma_m: GROUND_SIGMA_M,
        });
    }
    Box::new(Shaped {
        ground: move |east: f64, north: f64| Some(GROUND_M + slope.0 * east + slope.1 * north + raised_m),
        lowest_m: GROUND_M - 90.0,
        highest_m: GROUND_M + 90.0,
        spacing_m: 20.0,
    })
}

/// The covariance of the hits of cameras, pixels and grounds with drawn errors, about the hit without.
fn drawn(lens: &Intrinsics, camera: &Pose, pixel: (f64, f64), slope: (f64, f64)) -> Matrix3<f64> {
    let ground = plane(slope, 0.0);
    let truth = ground_point(&View::new(lens, camera, ground.as_ref()), pixel.0, pixel.1).unwrap();
    let frame = LocalFrame::at(truth);
    let mut uniform = Uniform(7);
    let mut sum = Matrix3::zeros();
    for _ in 0..DRAWS {
        let mut offset = Vector3::from(camera.sigma.position_enu_m).map(|sigma| normal(&mut uniform, sigma));
        let mut turned = camera.enu_from_camera;
        if let Some(time) = camera.sigma.time_offset {
            let secs = normal(&mut uniform, time.sigma_secs);
            offset += Vector3::from(time.velocity_enu_m_per_s) * secs;
            turned = Rotation3::new(Vector3::from(time.turn_enu_rad_per_s) * secs) * turned;
        }
        for (axis, sigma) in camera.error_axes_in_enu().iter().zip(camera.sigma.attitude_deg) {
            turned = Rotation3::from_axis_angle(axis, normal(&mut uniform, sigma.to_radians())) * turned;
        }
        let point = LocalFrame::at(camera.point).point_from_enu(&offset);
        let moved = Pose { point, enu_from_camera: turned, sigma: camera.sigma };
        let other = plane(slope, normal(&mut uniform, GROUND_SIGMA_M));
        let u = pixel.0 + normal(&mut uniform, PIXEL_SIGMA_PX);
        let v = pixel.1 + normal(&mut uniform, PIXEL_SIGMA_PX);
        let hit = ground_point(&View::new(lens, &moved, other.as_ref()), u, v).unwrap();
        let error = frame.enu_from_point(hit);
        sum += error * error.transpose();
    }
    sum / DRAWS as f64
}

fn stated(lens: &Intrinsics, camera: &Pose, pixel: (f64, f64), slope: (f64, f64)) -> GroundPosition {
    let ground = plane(slope, 0.0);
    locate(&View::new(lens, camera, ground.as_ref()), pixel.0, pixel.1, PIXEL_SIGMA_PX).unwrap()
}

#[test]
fn first_order_agrees_with_drawn_errors_over_level_and_sloped_ground() {
    let pinhole = Intrinsics::from_fov(1920.0, 1080.0, 73.0, None).unwrap();
    let lenses = [("pinhole", pinhole), ("Brown", wide_lens())];
    let middle = (960.0, 540.0);
    for (index, (above_m, pitch_deg, roll_deg, pixel, slope)) in [
        (100.0, -90.0, 0.0, middle, (0.0, 0.0)),
        (100.0, -90.0, 0.0, (200.0, 900.0), (0.0, 0.0)),
        (120.0, -45.0, 0.0, middle, (0.0, 0.0)),
        (60.0, -35.0, 5.0, (1500.0, 800.0), (0.0, 0.0)),
        (100.0, -90.0, 0.0, (300.0, 200.0), (0.2, -0.15)),
        (110.0, -45.0, 3.0, (900.0, 700.0), (0.15, 0.1)),
        (110.0, -50.0, -3.0, middle, (-0.2, 0.1)),
    ]
    .into_iter()
    .enumerate()
    {
        let (name, lens) = &lenses[index % 2];
        let mut camera = pose(GROUND_M + above_m, 140.0, pitch_deg, roll_deg);
        let time = TimeOffset {
            velocity_enu_m_per_s: [4.0, -9.0, 0.5],
            turn_enu_rad_per_s: [0.02, -0.01, 0.05],
            sigma_secs: 0.15,
        };
        camera.sigma.time_offset = (index % 3 == 0).then_some(time);
        let stated = stated(lens, &camera, pixel, slope).covariance_enu_m2;
        let drawn = drawn(lens, &camera, pixel, slope);
        let (stated_m, drawn_m) = (ce90_m(&stated), ce90_m(&drawn));
        println!(
            "{name}, pitch {pitch_deg}, slope {slope:?}: CE90 first order {stated_m:.3} m, drawn {drawn_m:.3} m"
        );
        assert!((stated_m / drawn_m - 1.0).abs() < FIRST_ORDER);
        for axis in 0..3 {
            let ratio = ((stated[(axis, axis)] + 1e-3) / (drawn[(axis, axis)] + 1e-3)).sqrt();
            assert!((ratio - 1.0).abs() < FIRST_ORDER, "axis {axis}: {ratio}");
        }
    }
}

#[test]
fn a_wrong_time_moves_the_hit_along_the_track_in_all_frames_alike() {
    let mut camera = pose(GROUND_M + 100.0, 0.0, -90.0, 0.0);
    let before = stated(&wide_lens(), &camera, (960.0, 540.0), (0.0, 0.0));
    camera.sigma.time_offset = Some(TimeOffset {
        velocity_enu_m_per_s: [0.0, 12.0, 0.0],
        turn_enu_rad_per_s: [0.0; 3],
        sigma_secs: 0.25,
    });
    let after = stated(&wide_lens(), &camera, (960.0, 540.0), (0.0, 0.0));
    let added = after.covariance_enu_m2 - before.covariance_enu_m2;
    let shared = after.bias_covariance_enu_m2 - before.bias_covariance_enu_m2;
    assert!((added - Matrix3::from_diagonal(&Vector3::new(0.0, 9.0, 0.0))).norm() < 1e-9, "{added}");
    assert!((added - shared).norm() < 1e-9);
}

#[test]
fn the_shared_part_follows_the_shares_of_the_instruments() {
    let at = |bias_share| {
        let mut camera = pose(GROUND_M + 100.0, 30.0, -50.0, 0.0);
        camera.sigma.bias_share = bias_share;
        stated(&wide_lens(), &camera, (700.0, 400.0), (0.0, 0.0))
    };
    let none = at(BiasShare { position_enu: [0.0; 3], attitude: [0.0; 3] });
    let all = at(BiasShare { position_enu: [1.0; 3], attitude: [1.0; 3] });
    let half = at(BiasShare { position_enu: [0.5; 3], attitude: [0.5; 3] });
    assert_eq!(none.covariance_enu_m2, all.covariance_enu_m2);
    // The terrain is always shared, the pixel never.
    assert!(ce90_m(&none.bias_covariance_enu_m2) < 1.0 && none.bias_covariance_enu_m2.trace() > 0.01);
    assert!((all.covariance_enu_m2 - all.bias_covariance_enu_m2).trace() > 0.01);
    let middle = (none.bias_covariance_enu_m2 + all.bias_covariance_enu_m2) / 2.0;
    assert!((half.bias_covariance_enu_m2 - middle).norm() < 1e-9);
    for (position, heading) in [
        (PositionSource::Gnss, HeadingSource::Compass),
        (PositionSource::RtkFixed, HeadingSource::DualAntenna),
        (PositionSource::Surveyed, HeadingSource::Calibrated),
    ] {
        let sigma = PoseSigma::usual(position, heading);
        assert!(sigma.is_usable() && sigma.bias_share == BiasShare::usual(position, heading));
    }
}

#[test]
fn positions_and_deviations_stored_without_a_shared_part_are_read() {
    let text = r#"{"point": {"lat_lon": {"lat_deg": 28.97, "lon_deg": 118.85}, "height": 70.0},
        "covariance_enu_m2": [4.0, 0.0, 0.0, 0.0, 4.0, 0.0, 0.0, 0.0, 1.0]}"#;
    let position: GroundPosition = serde_json::from_str(text).unwrap();
    assert_eq!(position.bias_covariance_enu_m2, Matrix3::zeros());
    let text = r#"{"position_enu_m": [1.5, 1.5, 3.0], "attitude_deg": [2.0, 0.7, 0.7]}"#;
    let sigma: PoseSigma = serde_json::from_str(text).unwrap();
    assert_eq!((sigma.bias_share, sigma.time_offset), (BiasShare::default(), None));
}
