//! Calibration from synthetic points: truth is known, so is the spread of the answers.

use gis::calibrate::{
    CalibrateError, Calibration, Free, Mark, Options, PlacedCamera, Swap, calibrate, swapped_axes,
};
use gis::camera::{CalibrationCovariance, Pose, PoseSigma};
use gis::geodesy::LocalFrame;
use gis::georef::{View, locate};
use gis::{Attitude, EllipsoidHeight, FlatGround, GeoPoint, Intrinsics, LatLon};
use nalgebra::{Matrix3, Vector3};
use proptest::prelude::*;

fn camera(heading_deg: f64, pitch_deg: f64, roll_deg: f64) -> PlacedCamera {
    PlacedCamera {
        intrinsics: Intrinsics::centred(1920.0, 1080.0, 1400.0).unwrap(),
        centre: Vector3::new(0.0, 0.0, 9.0),
        frame_from_camera: Attitude { heading_deg, pitch_deg, roll_deg }.enu_from_camera(),
    }
}

/// Noise of unit variance out of a small generator.
fn noise(state: &mut u64) -> f64 {
    (0..12)
        .map(|_| {
            *state ^= *state << 13;
            *state ^= *state >> 7;
            *state ^= *state << 17;
            (*state >> 11) as f64 / (1_u64 << 53) as f64
        })
        .sum::<f64>()
        - 6.0
}

/// Marks all over the picture at distances of 12 to 90 m.
fn marks(truth: &PlacedCamera, noise_px: f64, seed: u64) -> Vec<Mark> {
    let mut state = seed | 1;
    (0..14)
        .map(|i| {
            let (column, row) = (f64::from(i % 5), f64::from(i / 5));
            let pixel = [150.0 + 400.0 * column, 200.0 + 330.0 * row];
            let range_m = 12.0 + 26.0 * f64::from((i * 7) % 4);
            let point = truth.centre + truth.ray(pixel).unwrap() * range_m;
            let pixel = pixel.map(|value| value + noise_px * noise(&mut state));
            Mark { name: format!("p{i}"), pixel, point }
        })
        .collect()
}

fn turned(truth: &PlacedCamera) -> PlacedCamera {
    let turn = nalgebra::Rotation3::from_euler_angles(0.05, -0.04, 0.1);
    PlacedCamera {
        centre: truth.centre + Vector3::new(2.0, -1.5, 1.0),
        frame_from_camera: turn * truth.frame_from_camera,
        ..*truth
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_camera_is_found_again_from_exact_points(heading in 0.0..360.0, pitch in -60.0..-5.0, roll in -10.0..10.0) {
        let truth = camera(heading, pitch, roll);
        let start = PlacedCamera { intrinsics: Intrinsics::centred(1920.0, 1080.0, 1250.0).unwrap(), ..turned(&truth) };
        let found = calibrate(&marks(&truth, 0.0, 1), &[start], &Options::new(Free::Focal)).unwrap();
        prop_assert!((found.camera.centre - truth.centre).norm() < 1e-4);
        let turned = found.camera.frame_from_camera.matrix() - truth.frame_from_camera.matrix();
        prop_assert!(turned.norm() < 1e-5);
        prop_assert!((found.camera.intrinsics.fx_px - 1400.0).abs() < 0.01);
    }
}

#[test]
fn stated_deviations_hold_what_errors_there_are() {
    let truth = camera(40.0, -20.0, 2.0);
    let options = Options { pixel_sigma_px: 1.0, ..Options::new(Free::Nothing) };
    let mut squares = Vec::new();
    for seed in 1..=200 {
        let found = calibrate(&marks(&truth, 1.0, seed * 7919), &[turned(&truth)], &options).unwrap();
        let off = found.camera.centre - truth.centre;
        let information = found.covariance.view((0, 0), (3, 3)).into_owned().try_inverse().unwrap();
        squares.push((off.transpose() * information * off)[0]);
    }
    let mean = squares.iter().sum::<f64>() / squares.len() as f64;
    // A chi-square of 3 degrees has mean 3; robust weights and the spread of 200 draws widen it.
    assert!((2.2..=4.0).contains(&mean), "mean of the normalised squares {mean}");
}

/// The ground under a pixel by a calibrated camera, in its own frame, with the covariance that is stated.
fn on_the_ground(found: &Calibration, pixel: [f64; 2]) -> (Vector3<f64>, Matrix3<f64>) {
    let origin = GeoPoint { lat_lon: LatLon::new(28.97, 118.87).unwrap(), height: EllipsoidHeight(0.0) };
    let frame = LocalFrame::at(origin);
    let mut joint = CalibrationCovariance::zeros();
    let size = found.parameters.len();
    joint.view_mut((0, 0), (size, size)).copy_from(&found.covariance);
    let sigma = PoseSigma { calibrated: Some(joint), ..PoseSigma::new([0.0; 3], [0.0; 3]) };
    let point = frame.point_from_enu(&found.camera.centre);
    let pose = Pose { point, enu_from_camera: found.camera.frame_from_camera, sigma };
    let ground = FlatGround { height: EllipsoidHeight(0.0), sigma_m: 0.0 };
    let hit = locate(&View::new(&found.camera.intrinsics, &pose, &ground), pixel[0], pixel[1], 1e-6).unwrap();
    (frame.enu_from_point(hit.point), hit.covariance_enu_m2)
}

#[test]
fn what_a_calibrated_camera_states_on_the_ground_is_how_far_it_errs() {
    let mut truth = camera(40.0, -20.0, 2.0);
    truth.intrinsics.distortion.k1 = -0.1;
    let pixel = [600.0, 800.0];
    let ray = truth.ray(pixel).unwrap();
    let place = truth.centre - ray * (truth.centre.z / ray.z);
    for free in [Free::Nothing, Free::Focal, Free::Lens] {
        let options = Options { pixel_sigma_px: 1.0, ..Options::new(free) };
        let mut squares = Vec::new();
        for seed in 1..=120 {
            let found = calibrate(&marks(&truth, 1.0, seed * 7919), &[turned(&truth)], &options).unwrap();
            let (hit, covariance) = on_the_ground(&found, pixel);
            let off = (hit - place).xy();
            let information = covariance.fixed_view::<2, 2>(0, 0).into_owned().try_inverse().unwrap();
            squares.push((off.transpose() * information * off)[0]);
        }
        let mean = squares.iter().sum::<f64>() / squares.len() as f64;
        println!("{free:?}: mean of the normalised squares {mean:.2}");
        // A chi-square of 2 degrees has mean 2.
        assert!((1.3..=2.9).contains(&mean), "{free:?}: {mean}");
    }
}

#[test]
fn one_blunder_is_named_and_moves_nothing() {
    let truth = camera(200.0, -25.0, 0.0);
    let mut marks = marks(&truth, 0.5, 11);
    marks[3].pixel[0] += 120.0;
    let found = calibrate(&marks, &[turned(&truth)], &Options::new(Free::Nothing)).unwrap();
    let blunders: Vec<&str> =
        found.residuals.iter().filter(|mark| mark.blunder).map(|mark| mark.name.as_str()).collect();
    assert_eq!(blunders, ["p3"]);
    assert!((found.camera.centre - truth.centre).norm() < 0.2);
}

#[test]
fn swapped_axes_are_told_from_bad_points() {
    let truth = camera(40.0, -20.0, 2.0);
    let good = marks(&truth, 0.5, 3);
    let swapped: Vec<Mark> = good
        .iter()
        .map(|mark| Mark { point: Vector3::new(mark.point.y, mark.point.x, mark.point.z), ..mark.clone() })
        .collect();
    let propose = |_: &[Mark]| vec![turned(&truth)];
    let options = Options::new(Free::Nothing);
    let found = swapped_axes(&swapped, f64::INFINITY, propose, &options).unwrap();
    assert_eq!(found.0, Swap::Places);
    assert!(swapped_axes(&good, 0.5, propose, &options).is_none());
}

#[test]
fn points_that_tell_nothing_are_refused_with_the_reason() {
    let truth = camera(0.0, -20.0, 0.0);
    let options = Options::new(Free::Nothing);
    let all = marks(&truth, 0.0, 1);
    let refused = |marks: &[Mark]| calibrate(marks, &[turned(&truth)], &options).unwrap_err();
    assert!(matches!(refused(&all[..3]), CalibrateError::TooFew { found: 3, least: 4, .. }));
    let line: Vec<Mark> = all
        .iter()
        .enumerate()
        .map(|(i, mark)| Mark { point: Vector3::new(i as f64, 2.0 * i as f64, 0.0), ..mark.clone() })
        .collect();
    assert!(matches!(refused(&line), CalibrateError::OneLine { .. }));
    let corner: Vec<Mark> =
        all.iter().map(|mark| Mark { pixel: mark.pixel.map(|value| value * 0.05), ..mark.clone() }).collect();
    assert!(matches!(refused(&corner), CalibrateError::Crowded { .. }));
    let mut outside = all.clone();
    outside[0].pixel[0] = f64::NAN;
    assert_eq!(
        refused(&outside).to_string(),
        "point p0: pixel NaN, 200 lies outside the picture of 1920 x 1080"
    );
    assert_eq!(calibrate(&all, &[], &options).unwrap_err(), CalibrateError::NoCamera);
}
