//! Frames get the pose and the time of their moment, or leave without.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gis::camera::{HeadingSource, PositionSource, PtzHead, Readout, ZoomStep};
use gis::{Attitude, EllipsoidHeight, GeoPoint, Intrinsics, LatLon, NotLocated, Pose, PoseSigma, TimeSource};
use models::{RgbImage, SizePx};
use pipeline::camera::{CameraSetup, FrameCamera};
use pipeline::place::{Placed, Placer, PoseOrigin};
use pipeline::poses::{PoseConfig, PoseTrack};
use pipeline::ptz::{PtzCamera, PtzTrack};
use pipeline::runner::{Event, Looked};
use pipeline::telemetry::{Sample, klv};
use pipeline::{Frame, Picture, PictureError, TelemetryPacket};

struct Grey;

impl Picture for Grey {
    fn size(&self) -> SizePx {
        SizePx::new(960, 540)
    }

    fn rgb(&self, size: SizePx) -> Result<RgbImage, PictureError> {
        Ok(RgbImage { width: size.width, height: size.height, data: vec![127; size.pixels() as usize * 3] })
    }
}

fn frame(index: u64) -> Event {
    let elapsed = Duration::from_millis(100 * index);
    let frame = Frame { index, elapsed, capture: None, name: None, gsd_m: None, picture: Arc::new(Grey) };
    Event::Frame(Looked { frame, seen: Vec::new(), looked_at: (Instant::now(), Instant::now()) })
}

/// A packet of 2026-06-20 at a time of the feed, with the time stamp (tag 2) and nothing else.
fn packet(millis: u64, right: bool) -> Event {
    const KEY: [u8; 16] = [6, 0x0E, 0x2B, 0x34, 2, 0x0B, 1, 1, 0x0E, 1, 3, 1, 1, 0, 0, 0];
    let micros = 1_781_921_700_000_000 + millis * 1000;
    let mut bytes = KEY.to_vec();
    bytes.extend([14, 2, 8]);
    bytes.extend(micros.to_be_bytes());
    bytes.extend([1, 2]);
    let sum = klv::running_sum(&bytes).wrapping_add(u16::from(!right));
    bytes.extend(sum.to_be_bytes());
    Event::Telemetry(TelemetryPacket { elapsed_us: Some(millis as i64 * 1000), klv: bytes })
}

fn placer<'a>() -> Placer<'a> {
    let track = PoseTrack::new(PoseConfig::default());
    Placer::new(PoseOrigin::InBand(track), CameraSetup::default(), None, None)
}

fn indexes(placed: &[Placed]) -> Vec<u64> {
    placed.iter().map(|p| p.looked.frame.index).collect()
}

#[test]
fn a_frame_waits_for_the_packet_after_it_and_takes_the_time_between() {
    let mut placer = placer();
    assert!(placer.push(packet(0, true)).is_empty());
    assert!(placer.push(frame(1)).is_empty(), "the packet after the frame is still to come");
    let placed = placer.push(packet(200, true));
    assert_eq!(indexes(&placed), [1]);
    let first = &placed[0];
    assert_eq!(first.time.as_microsecond(), 1_781_921_700_100_000);
    assert_eq!(first.time_quality.source, TimeSource::Klv);
    assert_eq!(first.camera.as_ref().err(), Some(&NotLocated::NoPosition));
}

#[test]
fn frames_before_the_first_packet_wait_for_it() {
    let mut placer = placer();
    assert!(placer.push(frame(0)).is_empty());
    assert!(placer.push(frame(1)).is_empty());
    let placed = placer.push(packet(200, true));
    assert_eq!(indexes(&placed), [0, 1]);
    assert!(placed.iter().all(|p| p.time_quality.source == TimeSource::Klv));
    assert_eq!(placed[0].time.as_microsecond(), 1_781_921_700_000_000, "its clock was not yet as far");
}

#[test]
fn a_feed_without_telemetry_holds_only_a_few_frames_back() {
    let mut placer = placer();
    let mut out = Vec::new();
    let mut most_waiting = 0;
    for index in 0..50 {
        out.extend(placer.push(frame(index)));
        most_waiting = most_waiting.max(index + 1 - out.len() as u64);
    }
    out.extend(placer.finish());
    assert_eq!(indexes(&out), (0..50).collect::<Vec<_>>());
    assert!(most_waiting <= 8, "{most_waiting} frames waited");
    assert!(out.iter().all(|p| p.camera.as_ref().err() == Some(&NotLocated::NoTelemetry)));
}

#[test]
fn a_packet_with_a_wrong_checksum_is_never_used() {
    let mut placer = placer();
    placer.push(packet(0, false));
    placer.push(frame(0));
    placer.push(packet(100, false));
    let placed = placer.finish();
    assert_eq!(placed[0].time_quality.source, TimeSource::Elapsed);
    assert_eq!(placed[0].camera.as_ref().err(), Some(&NotLocated::NoTelemetry));
}

#[test]
fn telemetry_that_stops_leaves_later_frames_with_a_stale_pose() {
    let mut placer = placer();
    placer.push(packet(0, true));
    placer.push(packet(100, true));
    let mut out = Vec::new();
    for index in 0..60 {
        out.extend(placer.push(frame(index)));
    }
    out.extend(placer.finish());
    assert_eq!(indexes(&out), (0..60).collect::<Vec<_>>());
    assert_eq!(out[59].camera.as_ref().err(), Some(&NotLocated::StalePose));
}

#[test]
fn a_configured_start_time_dates_a_feed_that_tells_none() {
    let start = "2026-06-20T07:30:00Z".parse().ok();
    let track = PoseTrack::new(PoseConfig::default());
    let mut placer = Placer::new(PoseOrigin::InBand(track), CameraSetup::default(), None, start);
    placer.push(frame(5));
    let placed = placer.finish();
    assert_eq!(placed[0].time.to_string(), "2026-06-20T07:30:00.5Z");
    assert_eq!(placed[0].time_quality.source, TimeSource::Configured);
}

#[test]
fn a_camera_that_turns_has_the_turn_in_its_time_offset_and_its_shutter() {
    let mut track = PoseTrack::new(PoseConfig::default());
    for step in 0..5_i32 {
        let sample = Sample {
            position: Some(LatLon { lat_deg: 28.97 + 1e-5 * f64::from(step), lon_deg: 118.87 }),
            ellipsoid_height: Some(EllipsoidHeight(180.0)),
            camera_absolute: Some(Attitude {
                heading_deg: 2.0 * f64::from(step),
                pitch_deg: -45.0,
                roll_deg: 0.0,
            }),
            hfov_deg: Some(60.0),
            ..Sample::default()
        };
        track.push(i64::from(step) * 100_000, sample);
    }
    track.finish();
    let setup = CameraSetup { readout: Readout::new(0.02), ..CameraSetup::default() };
    let mut placer = Placer::new(PoseOrigin::SideCar(track), setup, None, None);
    let placed = placer.push(frame(2));
    let camera = placed[0].camera.as_ref().unwrap();
    let shutter = camera.shutter.unwrap();
    // 2 degrees in 0.1 s to the right, which is a negative turn about up; 11 m/s to the north.
    assert!((shutter.motion.turn_enu_rad_per_s.z + 20_f64.to_radians()).abs() < 1e-9, "{shutter:?}");
    assert!((shutter.motion.velocity_enu_m_per_s.y - 11.08).abs() < 0.05, "{shutter:?}");
    assert!((shutter.readout.secs - 0.02).abs() < 1e-12);
    let offset = camera.pose.sigma.time_offset.unwrap();
    assert!((offset.turn_enu_rad_per_s[2] - shutter.motion.turn_enu_rad_per_s.z).abs() < 1e-12);
}

#[test]
fn frames_of_a_camera_that_pans_are_placed_while_it_stands_and_say_why_not_while_it_turns() {
    let attitude = Attitude { heading_deg: 100.0, pitch_deg: 0.0, roll_deg: 0.0 };
    let sigma = PoseSigma::usual(PositionSource::Surveyed, HeadingSource::Calibrated);
    let point =
        GeoPoint { lat_lon: LatLon { lat_deg: 28.97, lon_deg: 118.87 }, height: EllipsoidHeight(90.0) };
    let lens = Intrinsics::centred(1920.0, 1080.0, 1000.0).unwrap();
    let head = PtzHead {
        mount: attitude,
        pan_range_deg: [-180.0, 180.0],
        tilt_range_deg: [-90.0, 90.0],
        zooms: [(0.0, 1000.0), (1.0, 3000.0)].map(|(zoom, fx_px)| ZoomStep { zoom, fx_px }).to_vec(),
    };
    let text = "elapsed_secs,pan,tilt,zoom\n0,0.1,-0.2,0\n1,0.1,-0.2,0\n1.5,0.5,-0.2,0.5\n2.5,0.5,-0.2,0.5\n";
    let track = PtzTrack::of(pipeline::ptz::read(text, jiff::Timestamp::UNIX_EPOCH).unwrap());
    let base = FrameCamera::still(lens, Pose::from_attitude(point, attitude, sigma));
    let camera = PtzCamera { base, head, sigma_deg: 0.2, max_age_us: 1_000_000, live: false, track };
    let origin = PoseOrigin::Ptz(Box::new(camera));
    let mut placer = Placer::new(origin, CameraSetup::default(), None, None);
    let mut camera_at = |index| placer.push(frame(index)).pop().unwrap().camera;
    let stood = camera_at(5).unwrap();
    let looks = stood.pose.attitude();
    assert!((looks.heading_deg - 118.0).abs() < 1e-6 && (looks.pitch_deg + 18.0).abs() < 1e-6, "{looks:?}");
    assert!((stood.intrinsics.fx_px - 500.0).abs() < 1e-9, "scaled to 960 pixels: {:?}", stood.intrinsics);
    assert!(stood.pose.sigma.attitude_deg[0] >= 0.2);
    assert_eq!(camera_at(12).unwrap_err(), NotLocated::CameraMoving);
    assert!((camera_at(20).unwrap().intrinsics.fx_px - 1000.0).abs() < 1e-9, "zoomed in by two");
    assert_eq!(camera_at(40).unwrap_err(), NotLocated::StalePose);
}
