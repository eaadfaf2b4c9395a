//! Poses at the time of a frame, and the time of a frame by the sensor's clock.

use gis::camera::{HeadingSource, PositionSource};
use gis::{Attitude, GeoidHeight, LatLon};
use pipeline::poses::{PoseConfig, PoseLookup, PoseTrack, interpolate};
use pipeline::telemetry::{Sample, klv};
use proptest::prelude::*;

use crate::reference;

fn at(lat_deg: f64, lon_deg: f64, heading_deg: f64) -> Sample {
    Sample {
        position: LatLon::new(lat_deg, lon_deg),
        geoid_height: Some(GeoidHeight(lat_deg * 10.0)),
        platform: Some(Attitude { heading_deg, pitch_deg: 0.0, roll_deg: 0.0 }),
        ..Sample::default()
    }
}

fn track(times: &[i64]) -> PoseTrack {
    let mut track = PoseTrack::new(PoseConfig { max_age_us: 100, capacity: 4 });
    for &time in times {
        track.push(time, at(time as f64 / 1000.0, 0.0, 0.0));
    }
    track
}

#[test]
fn position_height_and_time_are_interpolated_straight() {
    let track = track(&[0, 100]);
    let PoseLookup::Interpolated(sample) = track.at(25) else { panic!("not interpolated") };
    assert!((sample.position.unwrap().lat_deg - 0.025).abs() < 1e-12);
    assert!((sample.geoid_height.unwrap().0 - 0.25).abs() < 1e-12);
}

#[test]
fn angles_turn_the_short_way_across_north() {
    let heading = |from, to, part| {
        interpolate(&at(1.0, 1.0, from), &at(1.0, 1.0, to), part).platform.unwrap().heading_deg
    };
    for (from, to, part, expected) in [
        (350.0, 10.0, 0.25, 355.0),
        (350.0, 10.0, 0.75, 5.0),
        (-170.0, 170.0, 0.25, -175.0),
        (10.0, 50.0, 0.5, 30.0),
    ] {
        let found: f64 = heading(from, to, part);
        assert!((found - expected).abs() < 1e-9, "{from} to {to}: {found}");
    }
}

#[test]
fn a_camera_that_looks_straight_down_turns_without_a_jump() {
    let down = |heading_deg| Sample {
        camera_absolute: Some(Attitude { heading_deg, pitch_deg: -90.0, roll_deg: 0.0 }),
        ..Sample::default()
    };
    let middle = interpolate(&down(10.0), &down(30.0), 0.5).camera_absolute.unwrap();
    assert!((middle.pitch_deg - -90.0).abs() < 1e-6, "{middle:?}");
    assert!((middle.heading_deg - 20.0).abs() < 1e-6 && middle.roll_deg.abs() < 1e-6, "{middle:?}");
}

#[test]
fn longitude_goes_the_short_way_across_the_date_line() {
    let middle = interpolate(&at(0.0, 179.0, 0.0), &at(0.0, -177.0, 0.0), 0.75).position.unwrap();
    assert!((middle.lon_deg - -178.0).abs() < 1e-9, "{middle:?}");
}

#[test]
fn what_only_one_side_tells_of_the_pose_is_absent_and_of_the_lens_is_kept() {
    let with = Sample { hfov_deg: Some(40.0), ..at(1.0, 1.0, 0.0) };
    let middle = interpolate(&with, &Sample::default(), 0.9);
    assert_eq!((middle.position, middle.platform, middle.hfov_deg), (None, None, Some(40.0)));
}

#[test]
fn between_two_samples_the_worse_instrument_counts() {
    let of = |source: Option<PositionSource>, heading| Sample {
        position_source: source,
        heading_source: Some(heading),
        ..at(1.0, 1.0, 0.0)
    };
    let (fixed, float) = (Some(PositionSource::RtkFixed), Some(PositionSource::RtkFloat));
    let (dual, compass) = (HeadingSource::DualAntenna, HeadingSource::Compass);
    for (earlier, later) in [(of(fixed, dual), of(float, compass)), (of(float, compass), of(fixed, dual))] {
        let middle = interpolate(&earlier, &later, 0.1);
        assert_eq!((middle.position_source, middle.heading_source), (float, Some(compass)));
    }
    assert_eq!(interpolate(&of(fixed, dual), &of(None, dual), 0.1).position_source, None);
}

#[test]
fn velocity_follows_from_the_samples_on_both_sides_also_across_the_date_line() {
    let mut track = PoseTrack::new(PoseConfig { max_age_us: 1_000_000, ..PoseConfig::default() });
    track.push(0, at(0.0, 179.999_99, 0.0));
    track.push(500_000, at(0.000_01, -179.999_99, 0.0));
    let [east, north, up] = track.velocity_enu_m_per_s(200_000).unwrap();
    // Two hundred-thousandths of a degree along the equator, one along the meridian, in half a second.
    assert!(
        (east - 4.453).abs() < 0.01 && (north - 2.211).abs() < 0.01 && (up - 2e-4).abs() < 1e-6,
        "{east} {north} {up}"
    );
    assert!(track.velocity_enu_m_per_s(600_000).is_none());
    assert!(track.velocity_enu_m_per_s(-1).is_none());
    track.push(4_000_000, at(1.0, 0.0, 0.0));
    assert!(track.velocity_enu_m_per_s(1_000_000).is_none());
}

#[test]
fn samples_out_of_order_are_put_in_order() {
    let track = track(&[100, 0, 50]);
    assert!(matches!(track.at(50), PoseLookup::Exact(_)));
    assert_eq!(track.newest_us(), Some(100));
}

#[test]
fn a_later_sample_is_waited_for_until_the_feed_is_over() {
    let mut track = track(&[0, 50]);
    assert_eq!(track.at(60), PoseLookup::NotYet);
    assert!(matches!(track.settle(60), PoseLookup::Held { age_us: 10, .. }));
    track.finish();
    assert!(matches!(track.at(60), PoseLookup::Held { age_us: 10, .. }));
}

#[test]
fn nothing_is_given_beyond_the_greatest_age() {
    let mut track = track(&[0, 1000]);
    track.finish();
    assert_eq!(track.at(-101), PoseLookup::Stale { age_us: 101 });
    assert_eq!(track.at(1101), PoseLookup::Stale { age_us: 101 });
    assert_eq!(track.at(500), PoseLookup::Stale { age_us: 500 });
    assert!(matches!(track.at(950), PoseLookup::Held { age_us: 50, .. }), "one side of a gap is near enough");
    assert!(matches!(track.at(-100), PoseLookup::Held { age_us: 100, .. }));
}

#[test]
fn a_track_without_samples_says_so_and_a_full_one_forgets_the_oldest() {
    assert_eq!(PoseTrack::default().at(5), PoseLookup::Empty);
    let track = track(&[0, 10, 20, 30, 40, 50]);
    assert_eq!(track.len(), 4);
    assert!(matches!(track.at(10), PoseLookup::Held { age_us: 10, .. }));
}

/// Leaving out every second packet of a real flight and interpolating it back stays near the recorded one.
#[test]
fn a_real_flight_is_interpolated_within_a_metre_in_the_median() {
    let Some(bytes) = reference::read("klv/Cheyenne.bin") else { return };
    let (found, _) = klv::scan(&bytes);
    let samples: Vec<Sample> = found.iter().filter_map(|found| found.packet.sample()).collect();
    let mut track = PoseTrack::new(PoseConfig::default());
    let micros = |sample: &Sample| sample.time.unwrap().as_microsecond();
    for sample in samples.iter().step_by(2) {
        track.push(micros(sample), sample.clone());
    }
    track.finish();
    let mut errors_m = Vec::new();
    for truth in samples.iter().skip(1).step_by(2) {
        let lookup = track.at(micros(truth));
        let found = lookup.sample().unwrap();
        let (a, b) = (found.position.unwrap(), truth.position.unwrap());
        let north_m = (a.lat_deg - b.lat_deg) * 111_000.0;
        let east_m = (a.lon_deg - b.lon_deg) * 111_000.0 * a.lat_deg.to_radians().cos();
        errors_m.push(north_m.hypot(east_m));
    }
    errors_m.sort_by(f64::total_cmp);
    let (median_m, worst_m) = (errors_m[errors_m.len() / 2], errors_m[errors_m.len() - 1]);
    println!("interpolated position: median {median_m:.3} m, worst {worst_m:.3} m, 0.42 s between samples");
    assert!(median_m < 1.0 && worst_m < 3.0, "{median_m} {worst_m}");
}

proptest! {
    #[test]
    fn no_samples_make_the_track_panic_and_every_pose_lies_between(
        times in proptest::collection::vec(-1000_i64..1000, 0..8),
        at_us in -1200_i64..1200,
    ) {
        let mut track = track(&times);
        track.finish();
        let lookup = track.at(at_us);
        if let Some(sample) = lookup.sample() {
            let lat_us = sample.position.unwrap().lat_deg * 1000.0;
            prop_assert!((lat_us - at_us as f64).abs() <= 100.0 + 1e-6, "{lookup:?}");
        }
        let _ = track.at(i64::MAX);
        let _ = track.at(i64::MIN);
    }

    #[test]
    fn interpolated_headings_stay_within_the_shorter_arc(from in 0.0..360.0_f64, turn in -179.0..179.0_f64, part in 0.0..1.0_f64) {
        let to = (from + turn).rem_euclid(360.0);
        let middle = interpolate(&at(1.0, 1.0, from), &at(1.0, 1.0, to), part).platform.unwrap().heading_deg;
        let turned = (middle - from + 180.0).rem_euclid(360.0) - 180.0;
        prop_assert!((turned - turn * part).abs() < 1e-6);
    }
}
