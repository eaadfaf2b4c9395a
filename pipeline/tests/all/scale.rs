//! Frames know how much ground a pixel shows before they are looked at.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use gis::terrain::FlatGround;
use gis::{Attitude, EllipsoidHeight, LatLon, Terrain};
use models::{RgbImage, SizePx};
use pipeline::camera::CameraSetup;
use pipeline::place::PoseOrigin;
use pipeline::poses::{PoseConfig, PoseTrack};
use pipeline::scale::Scaled;
use pipeline::telemetry::Sample;
use pipeline::{Frame, FrameSource, Item, Picture, PictureError, SourceError};

struct Grey;

impl Picture for Grey {
    fn size(&self) -> SizePx {
        SizePx::new(1920, 1080)
    }

    fn rgb(&self, size: SizePx) -> Result<RgbImage, PictureError> {
        Ok(RgbImage { width: size.width, height: size.height, data: vec![127; size.pixels() as usize * 3] })
    }
}

struct Frames(VecDeque<u64>);

impl FrameSource for Frames {
    fn next(&mut self) -> Result<Option<Item>, SourceError> {
        let frame = |index| Frame {
            index,
            elapsed: Duration::from_secs(index),
            capture: None,
            name: None,
            gsd_m: None,
            picture: Arc::new(Grey),
        };
        Ok(self.0.pop_front().map(|index| Item::Frame(frame(index))))
    }

    fn dropped(&self) -> u64 {
        0
    }
}

/// Straight down from a height above the ellipsoid, 60 degrees wide.
fn sample(height_m: f64, pitch_deg: f64) -> Sample {
    Sample {
        position: Some(LatLon { lat_deg: 28.97, lon_deg: 118.87 }),
        ellipsoid_height: Some(EllipsoidHeight(height_m)),
        camera_absolute: Some(Attitude { heading_deg: 30.0, pitch_deg, roll_deg: 0.0 }),
        hfov_deg: Some(60.0),
        ..Sample::default()
    }
}

fn scales(samples: &[(i64, Sample)], frames: u64) -> Vec<Option<f64>> {
    let mut track = PoseTrack::new(PoseConfig::default());
    for (secs, sample) in samples {
        track.push(secs * 1_000_000, sample.clone());
    }
    track.finish();
    let ground = FlatGround { height: EllipsoidHeight(80.0), sigma_m: 1.0 };
    let mut inner = Frames((0..frames).collect());
    let terrain: Option<&dyn Terrain> = Some(&ground);
    let mut scaled = Scaled::new(&mut inner, PoseOrigin::SideCar(track), CameraSetup::default(), terrain);
    let mut out = Vec::new();
    while let Some(Item::Frame(frame)) = scaled.next().unwrap() {
        out.push(frame.gsd_m);
    }
    out
}

#[test]
fn straight_down_the_scale_is_height_times_field_of_view_over_width() {
    let scales = scales(&[(0, sample(180.0, -90.0)), (1, sample(280.0, -90.0))], 2);
    for (scale, height_m) in scales.iter().zip([100.0, 200.0]) {
        let expected_m = 2.0 * height_m * 30_f64.to_radians().tan() / 1920.0;
        let scale_m = scale.unwrap();
        assert!((scale_m / expected_m - 1.0).abs() < 0.01, "{scale_m} m, not {expected_m} m");
    }
}

#[test]
fn a_frame_without_a_pose_or_that_looks_at_the_sky_has_no_scale() {
    assert_eq!(scales(&[(0, sample(180.0, 20.0))], 1), [None]);
    assert_eq!(scales(&[(9, sample(180.0, -90.0))], 1), [None]);
    assert_eq!(scales(&[], 1), [None]);
}
