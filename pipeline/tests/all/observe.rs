//! What was seen gets a place and an honest error.

use gis::error_ellipse::ce90_m;
use gis::geodesy::plane_distance_m;
use gis::georef::Limits;
use gis::terrain::FlatGround;
use gis::{
    Attitude, EllipsoidHeight, GroundPosition, LatLon, Location, ModelRef, Terrain, TimeQuality, TimeSource,
};
use jiff::Timestamp;
use models::SizePx;
use pipeline::camera::{CameraSetup, FrameCamera, LaserRange};
use pipeline::observe::{Ground, Moment, observe};
use pipeline::telemetry::Sample;
use pipeline::{Outline, Seen};

/// 100 m above the ground, looking down at a slant of 45 degrees to the north.
fn camera() -> FrameCamera {
    let sample = Sample {
        position: Some(LatLon { lat_deg: 28.97, lon_deg: 118.87 }),
        ellipsoid_height: Some(EllipsoidHeight(180.0)),
        camera_absolute: Some(Attitude { heading_deg: 0.0, pitch_deg: -45.0, roll_deg: 0.0 }),
        hfov_deg: Some(60.0),
        ..Sample::default()
    };
    FrameCamera::from_sample(&sample, &CameraSetup::default(), SizePx::new(1920, 1080)).unwrap()
}

/// A box of 80 by 200 px that ends in the middle of the picture; of a plume, its foot is what stands there.
fn seen(plume: bool) -> Seen {
    let ring = |[left, top, right, bottom]: [f64; 4]| {
        vec![(left, top), (right, top), (right, bottom), (left, bottom)]
    };
    let outline = Outline {
        ring_px: ring([920.0, 340.0, 1000.0, 540.0]),
        area_px: 16_000.0,
        mean_probability: 0.7,
        truncated: false,
    };
    let foot_px = plume.then(|| ring([940.0, 530.0, 980.0, 550.0]));
    let model = ModelRef { pack: "p".into(), version: "1".into(), sha256: String::new() };
    Seen { class: "x".into(), score: 0.7, least_score: 0.5, outline, foot_px, model }
}

fn placed(one: Seen) -> (GroundPosition, bool) {
    placed_by(one, &camera())
}

fn placed_by(one: Seen, camera: &FrameCamera) -> (GroundPosition, bool) {
    let ground = FlatGround { height: EllipsoidHeight(80.0), sigma_m: 0.3 };
    let terrain: Option<&dyn Terrain> = Some(&ground);
    let moment = Moment {
        source: "s",
        frame_index: 0,
        time: Timestamp::UNIX_EPOCH,
        time_quality: TimeQuality { source: TimeSource::Klv, sigma_millis: 20.0 },
        camera: Ok(camera),
        place: None,
    };
    let ground = Ground { terrain, limits: Limits::default(), outline_sigma_px: 3.0 };
    let observed = observe(&[one], &moment, &ground);
    let observation = &observed.observations[0];
    let Location::Ground(position) = &observation.location else { panic!("not located") };
    (*position, observation.footprint.is_some())
}

fn error_m(position: &GroundPosition) -> f64 {
    ce90_m(&position.covariance_enu_m2)
}

#[test]
fn a_plume_covers_no_ground_and_its_error_holds_fires_on_the_ground_and_chimneys_alike() {
    let (plume, has_footprint) = placed(seen(true));
    assert!(!has_footprint);
    // The ray of the middle meets the ground 100 m to the north, and the top of a chimney of 12 m 88 m to the north.
    for north_m in [100.0, 88.0] {
        let source = LatLon { lat_deg: 28.97 + north_m / 110_850.0, lon_deg: 118.87 };
        let off_m = plane_distance_m(plume.point.lat_lon, source);
        assert!(off_m < error_m(&plume), "{off_m} m off, {} m stated", error_m(&plume));
    }
}

#[test]
fn what_lies_on_the_ground_is_placed_as_it_is_and_more_surely() {
    let (heap, has_footprint) = placed(seen(false));
    assert!(has_footprint);
    assert!(error_m(&heap) < error_m(&placed(seen(true)).0) / 1.2);
}

/// The same view with a range finder, and a thing of 80 by 80 px on the optical axis or beside it.
fn ranged(range_m: f64, right_px: f64) -> GroundPosition {
    let camera = FrameCamera { laser: Some(LaserRange { range_m, sigma_m: 0.3 }), ..camera() };
    let (left, right) = (920.0 + right_px, 1000.0 + right_px);
    let ring_px = vec![(left, 500.0), (right, 500.0), (right, 580.0), (left, 580.0)];
    let thing = seen(false);
    let outline = Outline { ring_px, ..thing.outline };
    placed_by(Seen { outline, ..thing }, &camera).0
}

#[test]
fn what_a_range_finder_touches_lies_where_the_range_ends_and_more_surely() {
    // The telemetry's height is 5 m too great: the ray of the axis is 95 m x sqrt(2) long, not 100 m x sqrt(2).
    let truth = LatLon { lat_deg: 28.97 + 95.0 / 110_850.0, lon_deg: 118.87 };
    let range_m = 95.0 * 2_f64.sqrt();
    let off_m = |position: &GroundPosition| plane_distance_m(position.point.lat_lon, truth);
    let (with, beside) = (ranged(range_m, 0.0), ranged(range_m, 200.0));
    assert!(off_m(&with) < 0.5, "{} m off", off_m(&with));
    assert!((with.point.height.0 - 85.0).abs() < 0.5, "{:?}", with.point);
    assert!(error_m(&with) < error_m(&beside) / 1.2, "{} and {}", error_m(&with), error_m(&beside));
    // What it does not touch is placed by the terrain.
    assert!((beside.point.height.0 - 80.0).abs() < 0.01, "{:?}", beside.point);
}

#[test]
fn without_terrain_the_ground_is_level_where_the_range_ends() {
    let sample = Sample {
        position: Some(LatLon { lat_deg: 28.97, lon_deg: 118.87 }),
        ellipsoid_height: Some(EllipsoidHeight(180.0)),
        camera_absolute: Some(Attitude { heading_deg: 0.0, pitch_deg: -45.0, roll_deg: 0.0 }),
        hfov_deg: Some(60.0),
        laser_range_m: Some(100.0 * 2_f64.sqrt()),
        ..Sample::default()
    };
    let size = SizePx::new(1920, 1080);
    let camera = FrameCamera::from_sample(&sample, &CameraSetup::default(), size).unwrap();
    assert!((camera.ground.unwrap().height.0 - 80.0).abs() < 0.01);
    let level = Attitude { pitch_deg: -1.0, ..sample.camera_absolute.unwrap() };
    let level = Sample { camera_absolute: Some(level), ..sample };
    let camera = FrameCamera::from_sample(&level, &CameraSetup::default(), size).unwrap();
    assert!(camera.ground.is_none(), "near the horizon a range finder touches what stands on the ground");
}
