//! One record a position, with what the other topics say of its moment.

use gis::camera::PositionSource;
use gis::{AboveTakeoffHeight, Attitude, EllipsoidHeight, GeoidHeight};
use jiff::Timestamp;

use super::topics::{At, Position, Topics};
use crate::poses::{PoseConfig, PoseTrack};
use crate::telemetry::record::{Extra, Record};
use crate::telemetry::sample::Sample;

/// How far an attitude may lie from the position it is put beside, microseconds.
const ATTITUDE_WITHIN_US: i64 = 1_000_000;
/// How far a fix may lie from the fused position it speaks for, microseconds.
const FIX_WITHIN_US: i64 = 2_000_000;

/// Returns the records in order of time.
pub fn records(topics: &Topics) -> Vec<Record> {
    let receiver = if topics.receiver.is_empty() { &topics.sensor } else { &topics.receiver };
    let positions = if topics.fused.is_empty() { receiver } else { &topics.fused };
    let attitudes = track(topics.attitudes.iter().map(|at| (at.boot_us, platform(at.said))));
    let cameras = cameras(topics, &attitudes);
    let mut records: Vec<(i64, Record)> = positions
        .iter()
        .map(|at| {
            let mut record = Record::default();
            put_position(&mut record, &at.said);
            put_attitudes(&mut record, at.boot_us, &attitudes, &cameras);
            put_home(&mut record, at.boot_us, &topics.homes);
            if let Some(fix) = near(receiver, at.boot_us) {
                put_fix(&mut record, at.boot_us, fix);
            }
            record.note("boot_time_us", Extra::Integer(at.boot_us));
            (at.boot_us, record)
        })
        .collect();
    // A receiver that never has a fix tells no position.
    if records.iter().all(|(_, record)| record.sample.position.is_none()) {
        return Vec::new();
    }
    records.sort_by_key(|(boot_us, _)| *boot_us);
    records.into_iter().map(|(_, record)| record).collect()
}

fn track(samples: impl Iterator<Item = (i64, Sample)>) -> PoseTrack {
    let mut track = PoseTrack::new(PoseConfig { max_age_us: ATTITUDE_WITHIN_US, capacity: usize::MAX });
    samples.for_each(|(at_us, sample)| track.push(at_us, sample));
    track
}

fn platform(attitude: Attitude) -> Sample {
    Sample { platform: Some(attitude), ..Sample::default() }
}

/// A gimbal that tells its direction itself comes before what the autopilot asked of a mount.
fn cameras(topics: &Topics, attitudes: &PoseTrack) -> PoseTrack {
    if topics.gimbals.is_empty() {
        let relative = |at: &At<Attitude>| Sample { camera_relative: Some(at.said), ..Sample::default() };
        return track(topics.mounts.iter().map(|at| (at.boot_us, relative(at))));
    }
    track(topics.gimbals.iter().map(|at| {
        let vehicle = || Some(attitudes.settle(at.boot_us).sample()?.platform?.heading_deg);
        let from_deg = if at.said.yaw_of_vehicle { vehicle() } else { Some(0.0) };
        let absolute = from_deg.map(|from_deg| Attitude {
            heading_deg: (at.said.attitude.heading_deg + from_deg).rem_euclid(360.0),
            ..at.said.attitude
        });
        (at.boot_us, Sample { camera_absolute: absolute, ..Sample::default() })
    }))
}

fn put_position(record: &mut Record, said: &Position) {
    let sample = &mut record.sample;
    sample.position = said.place;
    sample.geoid_height = said.msl_m.map(GeoidHeight);
    sample.ellipsoid_height = said.ellipsoid_m.map(EllipsoidHeight);
    // The stated accuracy is horizontal as a whole; each axis gets all of it, since how it is shared is not told.
    sample.position_sigma_m = said.sigma_m.map(|(level_m, up_m)| [level_m, level_m, up_m]);
}

fn put_attitudes(record: &mut Record, boot_us: i64, attitudes: &PoseTrack, cameras: &PoseTrack) {
    record.sample.platform = attitudes.settle(boot_us).sample().and_then(|sample| sample.platform);
    if let Some(camera) = cameras.settle(boot_us).sample() {
        record.sample.camera_absolute = camera.camera_absolute;
        record.sample.camera_relative = camera.camera_relative;
    }
}

/// Home is at the height of take-off until someone moves it; the last one told counts.
fn put_home(record: &mut Record, boot_us: i64, homes: &[At<f64>]) {
    let behind = homes.partition_point(|at| at.boot_us <= boot_us);
    let home = behind.checked_sub(1).and_then(|index| homes.get(index)).or_else(|| homes.first());
    if let Some((home, height)) = home.zip(record.sample.geoid_height) {
        record.sample.above_takeoff = Some(AboveTakeoffHeight(height.0 - home.said));
    }
}

fn near(fixes: &[At<Position>], boot_us: i64) -> Option<&At<Position>> {
    let behind = fixes.partition_point(|at| at.boot_us <= boot_us);
    let sides = [behind.checked_sub(1).and_then(|index| fixes.get(index)), fixes.get(behind)];
    sides
        .into_iter()
        .flatten()
        .find(|at| at.boot_us.saturating_sub(boot_us).saturating_abs() <= FIX_WITHIN_US)
}

/// The receiver tells the time, what its fix is worth and, by its two heights, the geoid.
fn put_fix(record: &mut Record, boot_us: i64, at: &At<Position>) {
    let fix = &at.said;
    let utc_us = fix.utc_us.map(|utc_us| utc_us.saturating_add(boot_us).saturating_sub(at.boot_us));
    record.sample.time = utc_us.and_then(|utc_us| Timestamp::from_microsecond(utc_us).ok());
    record.sample.position_source = match fix.fix_type {
        Some(6) => Some(PositionSource::RtkFixed),
        Some(5) => Some(PositionSource::RtkFloat),
        Some(2..) => Some(PositionSource::Gnss),
        _ => None,
    };
    if let Some(((ellipsoid_m, msl_m), fused)) =
        fix.ellipsoid_m.zip(fix.msl_m).zip(record.sample.geoid_height)
    {
        let undulation_m = ellipsoid_m - msl_m;
        record.sample.ellipsoid_height.get_or_insert(EllipsoidHeight(fused.0 + undulation_m));
        record.note("geoid_undulation_m", Extra::Real(undulation_m));
    }
    for (key, code) in [("gps_fix_type_code", fix.fix_type.map(i64::from)), ("satellites", fix.satellites)] {
        if let Some(code) = code {
            record.note(key, Extra::Integer(code));
        }
    }
}
