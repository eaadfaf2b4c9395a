//! A shutter that reads row after row over a moving and turning camera.

use gis::camera::{CameraMotion, Readout, RollingShutter};
use gis::geodesy::LocalFrame;
use gis::georef::{View, ground_point, locate};
use gis::{Intrinsics, Pose};
use nalgebra::{Matrix3, Rotation3, Vector3};

use crate::scene::{GROUND_M, ground, pose, wide_lens};

const READOUT_SECS: f64 = 0.03;

/// An aircraft at 15 m/s that yaws by 25 and pitches by 10 degrees a second.
fn shutter() -> RollingShutter {
    let motion = CameraMotion {
        velocity_enu_m_per_s: Vector3::new(12.0, -9.0, 0.5),
        turn_enu_rad_per_s: Vector3::new(10_f64.to_radians(), 0.0, -25_f64.to_radians()),
    };
    RollingShutter { readout: Readout::new(READOUT_SECS).unwrap(), motion }
}

/// The pose some seconds after the middle row, by the textbook.
fn pose_after(camera: &Pose, motion: &CameraMotion, secs: f64) -> Pose {
    let axis = motion.turn_enu_rad_per_s;
    let turned = Rotation3::from_scaled_axis(axis * secs);
    let point = LocalFrame::at(camera.point).point_from_enu(&(motion.velocity_enu_m_per_s * secs));
    Pose { point, enu_from_camera: turned * camera.enu_from_camera, ..*camera }
}

/// Where a shutter draws what stands where a still camera sees `aim`: halving until row and time agree.
fn drawn(lens: &Intrinsics, camera: &Pose, aim: (f64, f64)) -> ((f64, f64), gis::GeoPoint) {
    let truth = ground_point(&View::new(lens, camera, &ground()), aim.0, aim.1).unwrap();
    let pixel = |share: f64| {
        let pose = pose_after(camera, &shutter().motion, READOUT_SECS * share);
        let place = LocalFrame::at(pose.point).enu_from_point(truth);
        lens.project(&(pose.enu_from_camera.inverse() * place)).unwrap()
    };
    let (mut early, mut late) = (-0.6, 0.6);
    for _ in 0..60 {
        let middle = f64::midpoint(early, late);
        if pixel(middle).1 / lens.height_px - 0.5 > middle { early = middle } else { late = middle }
    }
    (pixel(early), truth)
}

#[test]
fn rows_of_a_moving_and_turning_camera_are_placed_by_their_own_pose() {
    let lens = wide_lens();
    let camera = pose(GROUND_M + 100.0, 140.0, -50.0, 3.0);
    let (mut with_m, mut without_m) = (0.0_f64, 0.0_f64);
    for aim in [(200.0, 60.0), (960.0, 540.0), (1700.0, 1000.0), (400.0, 1000.0), (1500.0, 100.0)] {
        let (pixel, truth) = drawn(&lens, &camera, aim);
        let flat = ground();
        let still = View::new(&lens, &camera, &flat);
        let rolling = still.with_shutter(Some(shutter()));
        let off_m = |view: &View<'_>| {
            let found = ground_point(view, pixel.0, pixel.1).unwrap();
            LocalFrame::at(truth).enu_from_point(found).norm()
        };
        with_m = with_m.max(off_m(&rolling));
        without_m = without_m.max(off_m(&still));
        let back = rolling.pixel_from_point(truth).unwrap();
        assert!((back.0 - pixel.0).hypot(back.1 - pixel.1) < 1e-3, "{back:?} is not {pixel:?}");
    }
    println!(
        "rolling shutter of 30 ms, 15 m/s, 27 degrees/s, 100 m: {with_m:.4} m with, {without_m:.2} m without"
    );
    assert!(with_m < 0.001, "{with_m}");
    assert!(without_m > 0.5, "{without_m}");
}

#[test]
fn the_error_of_the_time_of_reading_is_in_the_covariance_and_nothing_is_in_the_middle_row() {
    let lens = wide_lens();
    let camera = pose(GROUND_M + 100.0, 140.0, -50.0, 3.0);
    let flat = ground();
    let still = View::new(&lens, &camera, &flat);
    let added = |pixel: (f64, f64), readout: Readout| {
        let exact = RollingShutter { readout: Readout { sigma_secs: 0.0, ..readout }, ..shutter() };
        let with = |shutter| {
            locate(&still.with_shutter(Some(shutter)), pixel.0, pixel.1, 1.0).unwrap().covariance_enu_m2
        };
        with(RollingShutter { readout, ..shutter() }) - with(exact)
    };
    let readout = Readout { secs: READOUT_SECS, sigma_secs: 0.004 };
    assert!(added((300.0, 540.0), readout).norm() < 1e-12);
    for pixel in [(300.0, 100.0), (1500.0, 1000.0)] {
        let place = |secs| {
            let shutter = RollingShutter { readout: Readout { secs, ..readout }, ..shutter() };
            ground_point(&still.with_shutter(Some(shutter)), pixel.0, pixel.1).unwrap()
        };
        let frame = LocalFrame::at(place(READOUT_SECS));
        let moved = (frame.enu_from_point(place(READOUT_SECS + 0.004))
            - frame.enu_from_point(place(READOUT_SECS - 0.004)))
            / 2.0;
        let expected: Matrix3<f64> = moved * moved.transpose();
        let found = added(pixel, readout);
        assert!((found - expected).norm() < 0.02 * expected.norm(), "{found} is not {expected}");
    }
}

#[test]
fn times_of_reading_that_no_shutter_has_are_refused() {
    for secs in [-0.01, 0.3, f64::NAN, f64::INFINITY] {
        assert_eq!(Readout::new(secs), None);
    }
    assert!(Readout::new(0.0).is_some());
}
