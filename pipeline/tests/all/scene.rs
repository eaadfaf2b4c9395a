//! What is believed of a view, look by look.

use std::time::Duration;

use gis::camera::{Intrinsics, Pose, PoseSigma};
use gis::{Attitude, EllipsoidHeight, GeoPoint, LatLon};
use models::SizePx;
use nalgebra::{Matrix3, Rotation3, Vector3};
use pipeline::camera::FrameCamera;
use pipeline::scene::{Look, Pair, Registration, Scene, Watch, turn};

const SIZE: SizePx = SizePx::new(640, 360);

fn lens() -> Intrinsics {
    Intrinsics::centred(640.0, 360.0, 520.0).unwrap()
}

/// Pairs of a view whose places a function takes elsewhere, with the homography next to them.
fn registered(homography: Matrix3<f64>, to: impl Fn((f64, f64)) -> Option<(f64, f64)>) -> Registration {
    let places = (0..12).flat_map(|row| (0..16).map(move |column| (column, row)));
    let pair = |(column, row): (i32, i32)| {
        let at = (20.0 + 40.0 * f64::from(column), 15.0 + 30.0 * f64::from(row));
        to(at).map(|still_px| Pair { reference_px: at, still_px })
    };
    let pairs: Vec<Pair> = places.filter_map(pair).collect();
    let tried = pairs.len();
    Registration { size: SIZE, still_from_reference: homography, pairs, tried, rms_px: 0.2 }
}

fn shifted(px: f64) -> Look {
    let homography = Matrix3::new(1.0, 0.0, px, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0);
    Look::Registered(registered(homography, |(u, v)| Some((u + px, v))))
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Takes looks of (second, look) and returns the states after each.
fn names(mut watch: Watch, looks: Vec<(u64, Look)>) -> Vec<&'static str> {
    looks.into_iter().map(|(at, look)| watch.step(look, secs(at)).name()).collect()
}

#[test]
fn three_of_four_looks_at_a_new_view_move_it_and_one_alone_does_not() {
    let looks = vec![
        (0, shifted(0.1)),
        (10, shifted(9.0)),
        (12, Look::OtherView),
        (14, shifted(9.1)),
        (16, shifted(9.2)),
        (26, shifted(9.0)),
        (36, shifted(0.0)),
        (38, shifted(0.2)),
        (40, shifted(0.1)),
    ];
    let expected = ["steady", "steady", "steady", "steady", "moved", "moved", "moved", "moved", "steady"];
    assert_eq!(names(Watch::new(true), looks), expected);
    assert_eq!(
        names(Watch::new(true), vec![(0, shifted(0.0)), (10, shifted(9.0)), (12, shifted(0.0))])[2],
        "steady"
    );
}

#[test]
fn a_bus_before_the_lens_is_waited_for_and_another_view_is_unknown_within_a_minute() {
    let mut watch = Watch::new(true);
    watch.step(shifted(0.0), secs(0));
    for second in (10..44).step_by(2) {
        assert_eq!(watch.step(Look::OtherView, secs(second)), &Scene::Steady, "{second} s");
    }
    assert_eq!(watch.step(Look::OtherView, secs(46)), &Scene::Unknown);
    assert_eq!(watch.step(shifted(0.1), secs(56)).name(), "steady", "it is recognised again");
}

#[test]
fn a_camera_that_keeps_turning_is_unknown() {
    let mut watch = Watch::new(true);
    watch.step(shifted(0.0), secs(0));
    let states: Vec<&str> =
        (5..35).map(|step| watch.step(shifted(3.0 * step as f64), secs(2 * step)).name()).collect();
    assert_eq!(states.last(), Some(&"unknown"));
    assert!(!states.contains(&"moved"));
}

#[test]
fn the_dark_is_no_move_until_it_lasts() {
    let mut watch = Watch::new(false);
    watch.step(shifted(0.0), secs(0));
    assert_eq!(watch.step(Look::TooLittle, secs(590)).name(), "steady");
    assert_eq!(watch.step(Look::TooLittle, secs(600)).name(), "unknown");
    assert_eq!(watch.step(shifted(0.0), secs(610)).name(), "steady");
}

#[test]
fn a_configured_reference_that_was_never_seen_makes_the_view_unknown_until_a_move_is_agreed_on() {
    let looks = vec![(0, shifted(40.0)), (2, shifted(40.1)), (4, shifted(40.0))];
    assert_eq!(names(Watch::new(true), looks), ["unknown", "unknown", "moved"]);
    assert_eq!(names(Watch::new(false), vec![(0, Look::OtherView)]), ["steady"]);
}

#[test]
fn every_pair_of_state_and_look_gives_a_state() {
    let looks = [shifted(0.0), shifted(9.0), Look::OtherView, Look::TooLittle];
    // Steady, moved, unknown.
    let before: [Vec<(u64, Look)>; 3] = [
        vec![(0, shifted(0.0))],
        vec![(0, shifted(9.0)), (2, shifted(9.0)), (4, shifted(9.0))],
        vec![(0, Look::OtherView)],
    ];
    let mut table = Vec::new();
    for past in &before {
        for look in &looks {
            let mut all = past.clone();
            all.push((14, look.clone()));
            table.push(*names(Watch::new(true), all).last().unwrap());
        }
    }
    #[rustfmt::skip]
    let expected = [
        "steady", "steady", "steady", "steady",
        "moved", "moved", "moved", "moved",
        "steady", "unknown", "unknown", "unknown",
    ];
    assert_eq!(table, expected);
}

fn of_turn(turn: &Rotation3<f64>, zoom: f64, carried: Vector3<f64>) -> Registration {
    let lens = lens();
    let zoomed = Intrinsics { fx_px: lens.fx_px * zoom, fy_px: lens.fy_px * zoom, ..lens };
    let k = |l: &Intrinsics| Matrix3::new(l.fx_px, 0.0, l.cx_px, 0.0, l.fy_px, l.cy_px, 0.0, 0.0, 1.0);
    let homography = k(&zoomed) * turn.matrix() * k(&lens).try_inverse().unwrap();
    registered(homography, |(u, v)| {
        // The lower the nearer: a street seen from a mast.
        let distance = 6.0 * 520.0 / (v - 150.0).max(10.0);
        let ray = lens.ray_in_camera(u, v)?;
        let at = zoomed.project(&(turn * (ray * distance - carried)))?;
        let inside = at.0 > 0.0 && at.1 > 0.0 && at.0 < 640.0 && at.1 < 360.0;
        inside.then_some(at)
    })
}

/// How far two rotations are apart; an angle out of its cosine has no digits left this near to zero.
fn apart(a: &Rotation3<f64>, b: &Rotation3<f64>) -> f64 {
    (a.matrix() - b.matrix()).norm()
}

#[test]
fn a_turn_and_zoom_are_found_and_the_pose_corrected() {
    let turned = Rotation3::from_scaled_axis(Vector3::new(0.02, -0.08, 0.01));
    let found = of_turn(&turned, 1.1, Vector3::zeros());
    let fit = turn::turn(&lens(), &found).unwrap();
    assert!(apart(&fit.still_from_reference, &turned) < 1e-9, "{fit:?}");
    assert!((fit.zoom - 1.1).abs() < 1e-6 && fit.sigma_deg >= 0.05);

    let point = GeoPoint { lat_lon: LatLon::new(29.0, 118.9).unwrap(), height: EllipsoidHeight(90.0) };
    let attitude = Attitude { heading_deg: 40.0, pitch_deg: -20.0, roll_deg: 0.0 };
    let sigma = PoseSigma::new([0.02; 3], [0.05; 3]);
    let pose = Pose::from_attitude(point, attitude, sigma);
    let full = lens().scaled_to(1920.0, 1080.0).unwrap();
    let camera = FrameCamera::still(full, pose);
    let fixed = turn::corrected(&camera, &found).unwrap();
    assert!((fixed.intrinsics.fx_px - full.fx_px * 1.1).abs() < 1e-3);
    let expected = pose.enu_from_camera * turned.inverse();
    assert!(apart(&fixed.pose.enu_from_camera, &expected) < 1e-9);
    assert!(fixed.pose.sigma.attitude_deg[0] > pose.sigma.attitude_deg[0], "less sure than calibrated");
}

#[test]
fn a_camera_that_was_carried_elsewhere_is_not_corrected() {
    let turned = Rotation3::from_scaled_axis(Vector3::new(0.0, -0.03, 0.0));
    let found = of_turn(&turned, 1.0, Vector3::new(0.6, 0.1, 0.3));
    assert_eq!(turn::turn(&lens(), &found), None);
}

#[test]
fn a_homography_that_folds_the_picture_is_never_good() {
    let mut found = registered(Matrix3::identity(), Some);
    assert!(found.is_good());
    found.still_from_reference = Matrix3::new(1.0, 0.0, 0.0, 0.0, 1.0, 0.0, -0.01, 0.0, 1.0);
    assert!(!found.is_good());
    let mut few = registered(Matrix3::identity(), Some);
    few.pairs.retain(|pair| pair.reference_px.1 < 40.0);
    assert!(!few.is_good(), "a line of writing along the top");
}
