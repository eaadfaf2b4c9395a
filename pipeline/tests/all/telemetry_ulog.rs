//! ULog files against what pyulog 1.2 reads from the same files.

use gis::camera::PositionSource;
use gis::{AboveTakeoffHeight, GeoidHeight, LatLon};
use pipeline::telemetry::{Extra, Kind, Reading, read_as, read_file_bytes, sniff, ulog};
use proptest::prelude::*;

use crate::reference;

fn log(file: &str) -> Option<Vec<u8>> {
    reference::read(&format!("telemetry/px4_ulog/{file}"))
}

#[test]
fn every_message_of_the_reference_logs_is_counted() {
    for (file, topics, all, attitudes, fixes) in
        [("sample_log_small.ulg", 70, 14_604, 1298, 32), ("sample_appended_multiple.ulg", 20, 6852, 306, 0)]
    {
        let Some(bytes) = log(file) else { return };
        assert_eq!(sniff(&bytes), Some(Kind::Ulog));
        let counts = ulog::counts(file, &bytes).unwrap();
        let of = |topic: &str| counts.get(&(topic.to_owned(), 0)).copied().unwrap_or_default();
        assert_eq!((counts.len(), counts.values().sum::<usize>()), (topics, all), "{file}");
        assert_eq!((of("vehicle_attitude"), of("vehicle_gps_position")), (attitudes, fixes), "{file}");
    }
}

#[test]
fn a_flight_gives_position_heights_attitude_and_utc() {
    let Some(bytes) = log("sample_log_small.ulg") else { return };
    let reading = read_file_bytes("sample_log_small.ulg", &bytes).unwrap();
    assert_eq!((reading.records.len(), reading.problems.len()), (32, 0));
    let record = &reading.records[5];
    let sample = &record.sample;
    assert_eq!(record.extras["boot_time_us"], Extra::Integer(21_460_691));
    assert_eq!(sample.time.unwrap().as_microsecond(), 1_618_986_659_600_345);
    let place = sample.position.unwrap();
    assert!(
        (place.lat_deg - 63.417_057_8).abs() < 1e-9 && (place.lon_deg - 10.408_215_6).abs() < 1e-9,
        "{place:?}"
    );
    assert!((sample.geoid_height.unwrap().0 - 66.105).abs() < 1e-9);
    assert!((sample.ellipsoid_height.unwrap().0 - 106.057).abs() < 1e-9);
    assert_eq!(sample.position_source, Some(PositionSource::Gnss));
    let [east, _, up] = sample.position_sigma_m.unwrap();
    assert!((east - 3.101).abs() < 1e-6 && (up - 6.585).abs() < 1e-6);
    assert_eq!(record.extras["satellites"], Extra::Integer(14));
    // 40 us before its own message of 9.6357, 1.0806 and -0.1093 degrees.
    let attitude = sample.platform.unwrap();
    assert!((attitude.heading_deg - 9.6357).abs() < 0.01, "{attitude:?}");
    assert!((attitude.roll_deg - 1.0806).abs() < 0.01 && (attitude.pitch_deg - -0.1093).abs() < 0.01);
}

#[test]
fn a_log_without_a_receiver_says_so() {
    let Some(bytes) = log("sample_appended_multiple.ulg") else { return };
    let error = read_file_bytes("bench.ulg", &bytes).unwrap_err().to_string();
    assert!(
        error.starts_with(
            "bench.ulg is a ULog file without telemetry: none of its 6852 messages of 20 topics tells a position"
        ),
        "{error}"
    );
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let size = u16::try_from(body.len()).unwrap();
    [&size.to_le_bytes()[..], &[kind], body].concat()
}

fn header() -> Vec<u8> {
    [&b"ULog\x01\x12\x35\x01"[..], &7_u64.to_le_bytes()].concat()
}

fn subscribe(id: u16, topic: &str) -> Vec<u8> {
    message(b'A', &[&[0], &id.to_le_bytes()[..], topic.as_bytes()].concat())
}

fn data(id: u16, fields: &[&[u8]]) -> Vec<u8> {
    message(b'D', &[&id.to_le_bytes()[..], &fields.concat()].concat())
}

/// A fused position behind a nested field, home, and a gimbal against the vehicle.
fn flight(lat: f64) -> Vec<Vec<u8>> {
    let global = "vehicle_global_position:uint64_t timestamp;pad[2] nested;double lat;double lon;float alt;bool alt_valid;";
    let gimbal = "gimbal_device_attitude_status:uint64_t timestamp;float[4] q;uint16_t device_flags;";
    let half = 0.5_f32.sqrt().to_le_bytes();
    let zero = 0_f32.to_le_bytes();
    let at = |millis: u64| (millis * 1000).to_le_bytes();
    vec![
        header(),
        message(b'F', b"pad:int16_t a;uint8_t b;"),
        message(b'F', global.as_bytes()),
        message(b'F', b"home_position:uint64_t timestamp;float alt;"),
        message(b'F', b"vehicle_attitude:uint64_t timestamp;float[4] q;"),
        message(b'F', gimbal.as_bytes()),
        subscribe(0, "vehicle_global_position"),
        subscribe(1, "home_position"),
        subscribe(2, "vehicle_attitude"),
        subscribe(3, "gimbal_device_attitude_status"),
        data(1, &[&at(10), &70_f32.to_le_bytes()]),
        // Heading east.
        data(2, &[&at(20), &half, &zero, &zero, &half]),
        // Straight down.
        data(3, &[&at(20), &half, &zero, &(-0.5_f32.sqrt()).to_le_bytes(), &zero, &32_u16.to_le_bytes()]),
        data(
            0,
            &[&at(20), &[9; 6], &lat.to_le_bytes(), &118.87_f64.to_le_bytes(), &150_f32.to_le_bytes(), &[1]],
        ),
    ]
}

fn read(parts: &[Vec<u8>]) -> Reading {
    read_file_bytes("flight.ulg", &parts.concat()).unwrap()
}

#[test]
fn fused_position_home_and_gimbal_are_put_together() {
    let reading = read(&flight(28.97));
    assert_eq!(reading.problems, []);
    let sample = &reading.records[0].sample;
    assert_eq!(sample.position, Some(LatLon { lat_deg: 28.97, lon_deg: 118.87 }));
    assert_eq!(sample.geoid_height, Some(GeoidHeight(150.0)));
    assert_eq!(sample.above_takeoff, Some(AboveTakeoffHeight(80.0)));
    let camera = sample.camera_absolute.unwrap();
    assert!((camera.pitch_deg - -90.0).abs() < 0.05, "{camera:?}");
    // Straight down, heading and roll turn about one axis.
    let up = camera.enu_from_camera() * -nalgebra::Vector3::y();
    assert!(
        (up.x - 1.0).abs() < 1e-3,
        "the upper edge of its picture is towards the vehicle's heading: {up}"
    );
}

#[test]
fn numbers_that_are_not_finite_are_no_position() {
    let error = read_as(Kind::Ulog, "a.ulg", &flight(f64::NAN).concat()).unwrap_err().to_string();
    assert!(error.contains("tells a position"), "{error}");
}

#[test]
fn a_cut_log_gives_what_is_whole_and_a_broken_one_goes_on_at_the_next_sync() {
    let mut parts = flight(28.97);
    let last = parts.last().unwrap().clone();
    parts.push(last[..20].to_vec());
    let at = parts.concat().len() - 20;
    let reading = read(&parts);
    assert_eq!(reading.records.len(), 1);
    assert_eq!(reading.problems[0].to_string(), format!("byte {at}: 20 bytes are no whole message"));

    parts.pop();
    parts.push(vec![0xEE; 9]);
    parts.push(message(b'S', &[0x2F, 0x73, 0x13, 0x20, 0x25, 0x0C, 0xBB, 0x12]));
    parts.push(last);
    let reading = read(&parts);
    assert_eq!(reading.records.len(), 2);
    assert_eq!(reading.problems[0].to_string(), format!("byte {at}: 9 bytes are no whole message"));
}

#[test]
fn broken_definitions_are_named() {
    let with = |part: Vec<u8>| {
        let mut parts = flight(28.97);
        parts.push(part);
        read(&parts).problems[0].what.clone()
    };
    assert_eq!(with(message(b'A', &[0])), "a subscription takes 1 bytes, fewer than 3");
    assert_eq!(with(subscribe(9, "sensor_gps")), "the format of topic sensor_gps is not declared");
    assert_eq!(with(data(77, &[])), "data of topic 77, which is not declared");
    let what = with(message(b'F', b"x:float[1e9] y;"));
    assert_eq!(what, "the format x has a field \"float[1e9] y\" of no known form");
    let flags = [&[0; 8][..], &[4], &[0; 31]].concat();
    let error = read_as(Kind::Ulog, "a.ulg", &[header(), message(b'B', &flags)].concat()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read a.ulg as a ULog file: it needs a reader that knows flag byte 0 of 0x04"
    );
}

#[test]
fn formats_that_contain_each_other_end() {
    let mut parts = vec![header()];
    for level in 0..40 {
        let format = format!("f{level}:f{}[30000] a;f{}[30000] b;", level + 1, level + 1);
        parts.push(message(b'F', format.as_bytes()));
    }
    parts.push(message(b'F', b"f40:"));
    parts.push(message(b'F', b"sensor_gps:f0 a;sensor_gps b;"));
    parts.push(subscribe(0, "sensor_gps"));
    assert!(read_as(Kind::Ulog, "a.ulg", &parts.concat()).is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_the_ulog_reader_panic(
        bytes in proptest::collection::vec(0u8.., 0..300),
        flips in proptest::collection::vec((0usize..700, 0u8..), 0..8),
    ) {
        let _ = read_as(Kind::Ulog, "a", &bytes);
        let _ = read_as(Kind::Ulog, "a", &[header(), bytes.clone()].concat());
        let _ = read_as(Kind::Ulog, "a", &[header(), message(b'F', &bytes), message(b'A', &bytes), message(b'B', &bytes)].concat());
        let mut changed = flight(28.97).concat();
        for (at, value) in flips {
            if let Some(byte) = changed.get_mut(at) {
                *byte = value;
            }
        }
        let _ = read_as(Kind::Ulog, "a", &changed);
    }
}
