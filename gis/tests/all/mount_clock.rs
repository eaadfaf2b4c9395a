//! A clock that is off is found from how the picture turns, and a flight that tells nothing is refused with the reason.

use gis::camera::PoseSigma;
use gis::geodesy::LocalFrame;
use gis::georef::View;
use gis::mount::clock::{ClockError, Step, clock_offset};
use gis::{Attitude, EllipsoidHeight, GeoPoint, Intrinsics, Pose};
use nalgebra::Vector3;
use proptest::prelude::*;

use crate::scene::{GROUND_M, QUZHOU, ground, point};

const EVERY_SECS: f64 = 0.2;
const RANGE_SECS: f64 = 1.0;

fn lens() -> Intrinsics {
    Intrinsics::centred(960.0, 540.0, 739.0).unwrap()
}

/// A flight ahead at 8 m/s that weaves: its heading swings by `swing_deg` every nine seconds.
fn pose_at(secs: f64, swing_deg: f64) -> Pose {
    let start = LocalFrame::at(point(QUZHOU, GROUND_M));
    let place = start.point_from_enu(&Vector3::new(0.0, 8.0 * secs, 85.0));
    let heading_deg = swing_deg * (secs * std::f64::consts::TAU / 9.0).sin();
    let camera = Attitude { heading_deg, pitch_deg: -60.0, roll_deg: 0.0 };
    Pose::from_attitude(place, camera, PoseSigma::new([0.1; 3], [0.1; 3]))
}

/// Steps as a registration gives them: places of level ground in both pictures, one in ten of them wrong.
fn steps(count: u32, swing_deg: f64) -> Vec<Step> {
    let (lens, ground) = (lens(), ground());
    let step = |index: u32| {
        let at_secs = (f64::from(index) * EVERY_SECS, f64::from(index + 1) * EVERY_SECS);
        let (first, second) = (pose_at(at_secs.0, swing_deg), pose_at(at_secs.1, swing_deg));
        let (from, to) = (View::new(&lens, &first, &ground), View::new(&lens, &second, &ground));
        let place = |n: u32| {
            let at = (f64::from(n % 8) * 110.0 + 60.0, f64::from(n / 8) * 90.0 + 40.0);
            let seen: GeoPoint = gis::georef::ground_point(&from, at.0, at.1).unwrap();
            let (u, v) = to.pixel_from_point(seen).unwrap();
            (at, if n % 10 == 7 { (u + 60.0, v - 35.0) } else { (u, v) })
        };
        Step { at_secs, places: (0..48).map(place).collect() }
    };
    (0..count).map(step).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn an_offset_is_found_within_its_error_though_places_are_wrong(
        offset in -0.8..0.8_f64,
        heading_deg in -4.0..4.0_f64,
        height_m in -3.0..3.0_f64,
    ) {
        // The telemetry is constantly wrong besides: that does not bear on the clock.
        let camera_at = |secs: f64| {
            let mut pose = pose_at(secs - offset, 25.0);
            pose = gis::mount::MountBias { heading_deg, height_m, ..Default::default() }.applied(&pose);
            Some((lens(), pose))
        };
        let found = clock_offset(&steps(120, 25.0), &camera_at, &ground(), RANGE_SECS).unwrap();
        let off = found.offset_secs - offset;
        prop_assert!(off.abs() < 0.02, "{offset}: {found:?}");
        prop_assert!(found.unexplained_deg.1 < 0.2, "{found:?}");
    }
}

#[test]
fn a_flight_straight_ahead_does_not_tell_the_clock() {
    let camera_at = |secs: f64| Some((lens(), pose_at(secs - 0.3, 0.0)));
    let refused = clock_offset(&steps(60, 0.0), &camera_at, &ground(), RANGE_SECS).unwrap_err();
    assert!(matches!(refused, ClockError::Untold { .. } | ClockError::AtEnd { .. }), "{refused}");
}

#[test]
fn an_offset_beyond_what_is_tried_is_said_to_be_so() {
    let camera_at = |secs: f64| Some((lens(), pose_at(secs - 2.0, 25.0)));
    let refused = clock_offset(&steps(100, 25.0), &camera_at, &ground(), RANGE_SECS).unwrap_err();
    assert_eq!(refused, ClockError::AtEnd { offset_secs: 1.0 });
    assert!(clock_offset(&steps(100, 25.0), &camera_at, &ground(), 3.0).is_ok());
}

#[test]
fn too_few_frames_with_a_pose_are_counted() {
    let camera_at = |secs: f64| (secs < 3.0).then(|| (lens(), pose_at(secs, 25.0)));
    let refused = clock_offset(&steps(100, 25.0), &camera_at, &ground(), RANGE_SECS).unwrap_err();
    assert_eq!(refused, ClockError::Few { usable: 9, steps: 100 });
    assert!(refused.to_string().starts_with("9 of 100 steps"), "{refused}");
    let sunk = |_: f64| {
        let mut pose = pose_at(0.0, 0.0);
        pose.point.height = EllipsoidHeight(f64::NAN);
        Some((lens(), pose))
    };
    assert!(matches!(
        clock_offset(&steps(30, 0.0), &sunk, &ground(), 1.0),
        Err(ClockError::Few { usable: 0, .. })
    ));
}
