//! A fixed camera that is moved is noticed within a minute, and one that is not never is.

use gis::camera::{Intrinsics, Pose, PoseSigma};
use gis::{Attitude, EllipsoidHeight, GeoPoint, LatLon};
use models::RgbImage;
use nalgebra::{Rotation3, Vector3};
use pipeline::Frame;
use pipeline::camera::FrameCamera;
use pipeline::scene::{Scene, SceneWatch, turn};
use pipeline_cv::CvRegistrar;

use crate::clip::{Change, NONE, frame, frame_of, frames, picture, seen_through};
use crate::reference;

const BRIDGE: &str = "fixed_camera_gcp/geul_bridge/dk_control.mp4";
const PEOPLE: &str = "video/vtest_first20s.avi";
const MOUNTAIN: &str = "fixed_camera_gcp/finse_hikvision/2019-05-24_12-00_ori.jpg";

/// Moves that must be noticed.
const MOVES: [(&str, Change); 5] = [
    ("shift by 15 px of 1920", Change { shift_px: (15.0, 0.0), ..NONE }),
    ("turn by 1 degree", Change { turn_deg: 1.0, ..NONE }),
    ("zoom by 1.05", Change { zoom: 1.05, ..NONE }),
    ("pan by a sixth of the view", Change { shift_px: (320.0, -60.0), ..NONE }),
    ("zoom back by 0.8, turned by 4 degrees", Change { zoom: 0.8, turn_deg: 4.0, ..NONE }),
];

/// Frames of each clip there is, under its name.
fn clips(test: &str) -> Vec<(&'static str, Vec<RgbImage>)> {
    let bridge = frames(test, BRIDGE, 2, 5).map(|frames| ("bridge", frames));
    let people = frames(test, PEOPLE, 8, 25).map(|frames| ("people", frames));
    let mountain = picture(test, MOUNTAIN).map(|still| ("mountain", vec![still]));
    bridge.into_iter().chain(people).chain(mountain).collect()
}

/// Runs a watch over stills, one a second, and returns the second at which the view was first not steady.
fn first_notice(
    watch: &mut SceneWatch,
    seconds: std::ops::Range<u64>,
    frame: impl Fn(u64) -> Frame,
) -> Option<u64> {
    seconds.into_iter().find(|second| *watch.at(&frame(*second)) != Scene::Steady)
}

fn watch(reference: Option<&RgbImage>) -> SceneWatch {
    SceneWatch::new(Box::new(CvRegistrar), reference.cloned())
}

#[test]
fn frames_of_a_camera_that_stands_are_steady_through_people_and_dusk() {
    for (name, frames) in clips("steady views") {
        let first = &frames[0];
        let mut watch = watch(Some(first));
        // Dusk to an eighth of the light, over four minutes.
        let light = |second: u64| 1.0 - 0.875 * second as f64 / 240.0;
        let frame = |second: u64| {
            let of = &frames[second as usize / 2 % frames.len()];
            frame_of(of, NONE, light(second), Some(second), second)
        };
        let noticed = first_notice(&mut watch, 0..240, frame);
        assert_eq!(noticed, None, "{name}: {}", watch.scene());
    }
}

#[test]
fn a_moved_camera_is_noticed_within_a_minute() {
    for (name, frames) in clips("moved views") {
        for (what, change) in MOVES {
            let mut watch = watch(Some(&frames[0]));
            let frame = |second: u64| {
                let of = &frames[second as usize % frames.len()];
                frame_of(of, if second < 21 { NONE } else { change }, 0.9, Some(second), second)
            };
            let noticed = first_notice(&mut watch, 0..90, frame).map(|second| second - 21);
            println!("{name}: {what}: after {noticed:?} s: {}", watch.scene());
            assert!(noticed.is_some_and(|seconds| seconds < 60), "{name}: {what} after {noticed:?} s");
        }
    }
}

#[test]
fn without_a_reference_still_a_move_during_the_run_is_noticed() {
    for (name, frames) in clips("moves without a reference") {
        let mut watch = watch(None);
        let moved = Change { shift_px: (40.0, 10.0), ..NONE };
        let frame = |second: u64| {
            frame_of(&frames[0], if second < 15 { NONE } else { moved }, 1.0, Some(second), second)
        };
        let noticed = first_notice(&mut watch, 0..60, frame);
        assert!(noticed.is_some_and(|second| (15..75).contains(&second)), "{name}: {noticed:?}");
    }
}

#[test]
fn another_view_is_unknown_also_with_the_same_writing_in_the_picture() {
    let (Some(bridge), Some(mountain)) =
        (frames("another view", BRIDGE, 1, 1), picture("another view", MOUNTAIN))
    else {
        return;
    };
    let written = |image: &RgbImage| {
        pipeline_cv::draw_label(image, "24-05-2019 Fri 12:00:00 Camera 01 STREET 12 NORTH WEST").unwrap()
    };
    let (bridge, mountain) = (written(&bridge[0]), written(&mountain));
    let mut watch = watch(Some(&bridge));
    assert_eq!(*watch.at(&frame(&bridge, 0)), Scene::Steady);
    let noticed = first_notice(&mut watch, 1..70, |second| frame(&mountain, second));
    assert!(noticed.is_some_and(|second| second <= 60), "{noticed:?}: {}", watch.scene());
    assert_eq!(*watch.scene(), Scene::Unknown);
}

#[test]
fn a_feed_that_starts_with_another_view_than_its_reference_is_unknown_at_once() {
    let (Some(bridge), Some(mountain)) =
        (frames("another start", BRIDGE, 1, 1), picture("another start", MOUNTAIN))
    else {
        return;
    };
    let mut watch = watch(Some(&bridge[0]));
    assert_eq!(*watch.at(&frame(&mountain, 0)), Scene::Unknown);
}

#[test]
fn a_picture_in_the_dark_is_no_move() {
    for (name, frames) in clips("dark views").into_iter().take(1) {
        let mut watch = watch(Some(&frames[0]));
        let dark = |second: u64| {
            let light = if second == 0 { 1.0 } else { 0.0 };
            frame_of(&frames[0], NONE, light, Some(second), second)
        };
        let noticed = first_notice(&mut watch, 0..500, dark);
        assert_eq!(noticed, None, "{name}");
    }
}

/// The pixels of the surveyed boards at the bridge, and its lens.
fn boards() -> Option<(Vec<(f64, f64)>, Intrinsics)> {
    let text = reference::text("boards at the bridge", "fixed_camera_gcp/geul_bridge/dk_cam_config.json")?;
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let list = |value: &serde_json::Value| -> Vec<Vec<f64>> {
        let row =
            |row: &serde_json::Value| row.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
        value.as_array().unwrap().iter().map(row).collect()
    };
    let pixels = list(&json["gcps"]["src"]);
    let matrix = list(&json["camera_matrix"]);
    let coefficients = list(&json["dist_coeffs"]);
    let (k1, k2) = (coefficients[0][0], coefficients[1][0]);
    let camera = (matrix[0][0], matrix[1][1], matrix[0][2], matrix[1][2]);
    let lens = Intrinsics::from_opencv((1920.0, 1080.0), camera, [k1, k2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    // Marks count from the centre of the top-left pixel.
    Some((pixels.iter().map(|at| (at[0] + 0.5, at[1] + 0.5)).collect(), lens.unwrap()))
}

/// Turns of the camera, degrees about its own axes (down, right, forward), and zooms.
const TURNS: [([f64; 3], f64); 5] = [
    ([3.0, 0.0, 0.0], 1.0),
    ([-6.0, 2.0, 1.0], 1.0),
    ([0.0, -3.0, 0.5], 1.05),
    ([8.0, 1.0, -3.0], 0.9),
    ([1.0, 0.5, 0.0], 1.2),
];

/// A true turn and zoom of a real picture with its real lens: each pixel of the new view is looked up in the old one.
fn turned(image: &RgbImage, lens: &Intrinsics, still_from_reference: &Rotation3<f64>, zoom: f64) -> RgbImage {
    let zoomed = Intrinsics { fx_px: lens.fx_px * zoom, fy_px: lens.fy_px * zoom, ..*lens };
    let source = |(u, v): (f64, f64)| {
        let ray = zoomed.ray_in_camera(u, v)?;
        lens.project(&(still_from_reference.inverse() * ray))
    };
    seen_through(image, source, 1.0, 7)
}

#[test]
fn a_corrected_pose_puts_directions_where_they_are_within_its_stated_sigma() {
    let Some((boards, lens)) = boards() else { return };
    let Some(stills) = frames("corrected pose", BRIDGE, 3, 2) else { return };
    let point = GeoPoint { lat_lon: LatLon::new(50.8, 5.8).unwrap(), height: EllipsoidHeight(190.0) };
    let attitude = Attitude { heading_deg: 210.0, pitch_deg: -14.0, roll_deg: 0.6 };
    let sigma = PoseSigma::new([0.02; 3], [0.05; 3]);
    let camera = FrameCamera::still(lens, Pose::from_attitude(point, attitude, sigma));
    let (mut squares, mut count) = (0.0, 0);
    for (degrees, zoom) in TURNS {
        let [down, right, forward] = degrees.map(f64::to_radians);
        let truth = Rotation3::from_scaled_axis(Vector3::new(right, down, forward));
        let still = turned(&stills[1], &lens, &truth, zoom);
        let mut watch = watch(Some(&stills[0]));
        for second in 0..30 {
            watch.at(&frame(&still, second));
        }
        let Scene::Moved(change) = watch.scene() else {
            panic!("{degrees:?} x {zoom}: {}", watch.scene());
        };
        let fixed = turn::corrected(&camera, &change.registration).unwrap();
        // Where the boards are seen now by the true camera, and where the corrected pose says those pixels look.
        let zoomed = Intrinsics { fx_px: lens.fx_px * zoom, fy_px: lens.fy_px * zoom, ..lens };
        let mut worst_deg: f64 = 0.0;
        for (u, v) in &boards {
            let ray = lens.ray_in_camera(*u, *v).unwrap();
            let Some(now) = zoomed.project(&(truth * ray)) else { continue };
            let direction = camera.pose.enu_from_camera * ray;
            let said = fixed.pose.enu_from_camera * fixed.intrinsics.ray_in_camera(now.0, now.1).unwrap();
            let off_deg = direction.angle(&said).to_degrees();
            worst_deg = worst_deg.max(off_deg);
            squares += (off_deg / fixed.pose.sigma.attitude_deg[0]).powi(2);
            count += 1;
        }
        println!(
            "{degrees:?} x {zoom}: {}; directions off by {worst_deg:.3} deg at most, sigma {:.3} deg",
            watch.scene(),
            fixed.pose.sigma.attitude_deg[0],
        );
        assert!(worst_deg < 3.0 * fixed.pose.sigma.attitude_deg[0], "{degrees:?} x {zoom}: {worst_deg}");
    }
    let rms = (squares / f64::from(count)).sqrt();
    println!("error over sigma, all turns: {rms:.2}");
    assert!(rms < 1.5);
}
