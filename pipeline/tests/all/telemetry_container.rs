//! Data tracks of MP4 files: a real GoPro drone's, and DJI messages made by hand.

use gis::{AboveTakeoffHeight, Attitude, EllipsoidHeight, LatLon};
use pipeline::telemetry::{Reading, TelemetryError, container, read_file_bytes};
use proptest::prelude::*;

use crate::reference;

fn karma() -> Option<Vec<u8>> {
    reference::read("video/karma.mp4")
}

#[test]
fn a_real_drone_clip_gives_its_flight_path_and_time() {
    let Some(bytes) = karma() else { return };
    let reading = container::read("karma.mp4", &bytes).unwrap();
    assert_eq!(reading.problems, []);
    let samples: Vec<_> = reading.records.iter().map(|record| &record.sample).collect();
    assert_eq!(samples.len(), 47);
    for sample in &samples {
        let place = sample.position.unwrap();
        assert!(
            (place.lat_deg - 33.1254).abs() < 1e-3 && (place.lon_deg - -117.3311).abs() < 1e-3,
            "{place:?}"
        );
        assert!(sample.time.unwrap().to_string().starts_with("2017-04-17T19:2"), "{sample:?}");
        assert!(sample.platform.is_some() && !sample.has_camera_attitude());
        assert!((0..12_100_000).contains(&sample.elapsed_us.unwrap()));
    }
    let first = samples[0];
    assert!(first.geoid_height.unwrap().0 > 10.0 && first.above_takeoff.is_some());
    let times: Vec<_> = samples.iter().map(|sample| sample.time.unwrap()).collect();
    assert!(times.is_sorted());
    let flown_secs = (times[46].as_millisecond() - times[0].as_millisecond()) as f64 / 1000.0;
    assert!((11.0..13.0).contains(&flown_secs), "{flown_secs}");
}

#[test]
fn a_clip_cut_before_its_index_says_so() {
    let Some(bytes) = karma() else { return };
    let error = container::read("karma.mp4", &bytes[..bytes.len() / 2]).unwrap_err();
    assert!(matches!(error, TelemetryError::Broken { .. } | TelemetryError::NoTelemetry { .. }), "{error}");
}

fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(body.len() + 8).unwrap().to_be_bytes().to_vec();
    bytes.extend(kind);
    bytes.extend(body);
    bytes
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// A file of one track with a sample a second.
fn file(format: &[u8; 4], samples: &[Vec<u8>]) -> Vec<u8> {
    let media_data = boxed(b"mdat", &samples.concat());
    let start = boxed(b"ftyp", b"isom");
    let count = u32::try_from(samples.len()).unwrap();
    let sizes: Vec<u32> = samples.iter().map(|sample| u32::try_from(sample.len()).unwrap()).collect();
    let stsd = [words(&[0, 1]), boxed(format, &[0; 8])].concat();
    let table = [
        boxed(b"stsd", &stsd),
        boxed(b"stts", &words(&[0, 1, count, 1000])),
        boxed(b"stsc", &words(&[0, 1, 1, count, 1])),
        boxed(b"stsz", &words(&[&[0, 0, count], sizes.as_slice()].concat())),
        boxed(b"stco", &words(&[0, 1, u32::try_from(start.len() + 8).unwrap()])),
    ];
    let information = boxed(b"minf", &boxed(b"stbl", &table.concat()));
    let media = [boxed(b"mdhd", &words(&[0, 0, 0, 1000, 0, 0])), information].concat();
    let movie = boxed(b"moov", &boxed(b"trak", &boxed(b"mdia", &media)));
    [start, media_data, movie].concat()
}

fn field(number: u8, body: &[u8]) -> Vec<u8> {
    [&[(number << 3) | 2, u8::try_from(body.len()).unwrap()], body].concat()
}

fn varint(number: u8, mut value: u64) -> Vec<u8> {
    let mut bytes = vec![number << 3];
    while value > 127 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn double(number: u8, value: f64) -> Vec<u8> {
    [&[(number << 3) | 1][..], &value.to_le_bytes()].concat()
}

/// A frame of a DJI aircraft: devices 3 and 4 on most, 4 and 5 on the Avata 2.
fn dji_frame(device: u8, gps: &[Vec<u8>], pitch_decidegrees: i32) -> Vec<u8> {
    let relative = [&[(1 << 3) | 5][..], &12_500_f32.to_le_bytes()].concat();
    let aircraft = [field(4, &gps.concat()), field(5, &relative)].concat();
    let euler = [varint(1, i64::from(pitch_decidegrees) as u64), varint(3, 905)].concat();
    let frame = [field(1, &varint(1, 7)), field(device, &aircraft), field(device + 1, &field(3, &euler))];
    field(3, &frame.concat())
}

fn dji(device: u8, gps: &[Vec<u8>]) -> Reading {
    let frames = [dji_frame(device, gps, -450), dji_frame(device, gps, -455)];
    read_file_bytes("clip.mp4", &file(b"djmd", &frames)).unwrap()
}

#[test]
fn dji_frames_give_position_heights_and_gimbal_whatever_the_device_numbers() {
    let radians = [double(2, 0.5), double(3, 2.0)].concat();
    let degrees = [varint(1, 1), double(2, 0.5_f64.to_degrees()), double(3, 2_f64.to_degrees())].concat();
    for (device, coordinates) in [(3, radians), (4, degrees)] {
        let reading = dji(device, &[field(1, &coordinates), varint(2, 88_000), varint(4, 1)]);
        let sample = &reading.records[1].sample;
        let place = sample.position.unwrap();
        assert!((place.lat_deg - 0.5_f64.to_degrees()).abs() < 1e-12, "{place:?}");
        assert!((place.lon_deg - 2_f64.to_degrees()).abs() < 1e-12, "{place:?}");
        assert_eq!(sample.ellipsoid_height, Some(EllipsoidHeight(88.0)));
        assert_eq!(sample.above_takeoff, Some(AboveTakeoffHeight(12.5)));
        let gimbal = Attitude { heading_deg: 90.5, pitch_deg: -45.5, roll_deg: 0.0 };
        assert_eq!(sample.camera_absolute, Some(gimbal));
        assert_eq!(sample.elapsed_us, Some(1_000_000));
    }
}

#[test]
fn dji_frames_without_a_fix_have_no_position() {
    let coordinates = [double(2, 0.5), double(3, 2.0)].concat();
    let invalid = dji(3, &[field(1, &coordinates), varint(2, 88_000), varint(3, 1)]);
    assert_eq!(invalid.records[0].sample.position, None);
    let zero = dji(3, &[field(1, &[double(2, 0.0), double(3, 0.0)].concat())]);
    assert_eq!(zero.records[0].sample.position, None);
}

fn gpmf(key: &[u8; 4], kind: u8, size: u8, data: &[u8]) -> Vec<u8> {
    let repeat = u16::try_from(data.len() / usize::from(size.max(1))).unwrap();
    let mut item = key.to_vec();
    item.extend([kind, size]);
    item.extend(repeat.to_be_bytes());
    item.extend(data);
    item.resize(item.len().next_multiple_of(4), 0);
    item
}

fn camera_payload(fix: u32, numbers: &[i32]) -> Vec<u8> {
    let data: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
    let stream = [
        gpmf(b"GPSF", b'L', 4, &fix.to_be_bytes()),
        gpmf(b"GPSU", b'U', 16, b"240229235959.500"),
        gpmf(b"GPSA", b'F', 4, b"MSLV"),
        gpmf(b"SCAL", b'l', 4, &words(&[10_000_000, 10_000_000, 1000, 1000, 100])),
        gpmf(b"GPS5", b'l', 20, &data),
    ];
    gpmf(b"DEVC", 0, 1, &gpmf(b"STRM", 0, 1, &stream.concat()))
}

#[test]
fn a_camera_stream_gives_position_height_and_time_and_nothing_without_fix() {
    let numbers = [311_000_000, 1_217_000_000, 45_500, 0, 0, 311_000_010, 1_217_000_000, 45_600, 0, 0];
    let bytes = file(b"gpmd", &[camera_payload(3, &numbers), camera_payload(0, &numbers)]);
    let reading = read_file_bytes("clip.mp4", &bytes).unwrap();
    let samples: Vec<_> = reading.records.iter().map(|record| &record.sample).collect();
    assert_eq!(samples.len(), 4);
    assert_eq!(samples[1].position, Some(LatLon { lat_deg: 31.100_001, lon_deg: 121.7 }));
    assert_eq!(samples[1].geoid_height.unwrap().0, 45.6);
    assert_eq!(samples[1].elapsed_us, Some(500_000));
    assert_eq!(samples[1].time.unwrap().to_string(), "2024-03-01T00:00:00Z");
    assert_eq!((samples[2].position, samples[2].geoid_height), (None, None));
}

#[test]
fn other_data_tracks_are_ignored() {
    let error = read_file_bytes("clip.mp4", &file(b"tmcd", &[vec![1, 2, 3]])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "clip.mp4 is an MP4 file without telemetry: it has no gpmd and no djmd track"
    );
}

#[test]
fn samples_outside_the_file_are_named() {
    let numbers = [311_000_000, 1_217_000_000, 45_500, 0, 0];
    let mut bytes = file(b"gpmd", &[camera_payload(3, &numbers), camera_payload(3, &numbers)]);
    let size = u32::try_from(camera_payload(3, &numbers).len()).unwrap();
    let sizes = words(&[0, 0, 2, size, size]);
    let at = bytes.windows(sizes.len()).position(|window| window == sizes).unwrap();
    bytes[at + 16..at + 20].copy_from_slice(&0x7FFF_FFFF_u32.to_be_bytes());
    let reading = read_file_bytes("clip.mp4", &bytes).unwrap();
    assert_eq!(reading.records.len(), 1);
    let what = reading.problems[0].to_string();
    assert!(what.starts_with("track sample 1: its 2147483647 bytes at "), "{what}");
}

proptest! {
    #[test]
    fn no_bytes_make_the_container_readers_panic(
        bytes in proptest::collection::vec(0u8.., 0..300),
        flips in proptest::collection::vec((0usize..700, 0u8..), 0..10),
    ) {
        let _ = container::read("a", &bytes);
        let coordinates = [double(2, 0.5), double(3, 2.0)].concat();
        for format in [b"gpmd", b"djmd"] {
            let _ = container::read("a", &file(format, &[bytes.clone(), field(3, &field(3, &bytes[..bytes.len().min(100)]))]));
            let good = [camera_payload(3, &[1; 10]), dji_frame(3, &[field(1, &coordinates)], 5)];
            let mut changed = file(format, &good);
            for (at, value) in &flips {
                if let Some(byte) = changed.get_mut(*at) {
                    *byte = *value;
                }
            }
            let _ = container::read("a", &changed);
        }
    }
}
