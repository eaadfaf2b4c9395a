//! Frames get the pose and the time of their moment, or leave without.

use std::sync::Arc;
use std::time::Duration;

use gis::{NotLocated, TimeSource};
use models::{RgbImage, SizePx};
use pipeline::camera::CameraSetup;
use pipeline::place::{Placed, Placer, PoseOrigin};
use pipeline::poses::{PoseConfig, PoseTrack};
use pipeline::runner::{Event, Looked};
use pipeline::telemetry::klv;
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
    Event::Frame(Looked { frame, seen: Vec::new() })
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
