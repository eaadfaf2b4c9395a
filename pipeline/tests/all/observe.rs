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
use pipeline::camera::{CameraSetup, FrameCamera};
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
    let ground = FlatGround { height: EllipsoidHeight(80.0), sigma_m: 0.3 };
    let terrain: Option<&dyn Terrain> = Some(&ground);
    let camera = camera();
    let moment = Moment {
        source: "s",
        frame_index: 0,
        time: Timestamp::UNIX_EPOCH,
        time_quality: TimeQuality { source: TimeSource::Klv, sigma_millis: 20.0 },
        camera: Ok(&camera),
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
