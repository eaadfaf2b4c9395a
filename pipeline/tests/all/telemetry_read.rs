//! Files told apart by content, and the lines they print.

use pipeline::telemetry::{Kind, Record, TelemetryError, read_file_bytes, sniff};
use proptest::prelude::*;

use crate::mux::Mux;
use crate::reference;

/// Keys every line has, whatever the file.
const KEYS: [&str; 30] = [
    "time_us",
    "checksum_ok",
    "sensor_lat_deg",
    "sensor_lon_deg",
    "sensor_alt_m",
    "sensor_ellipsoid_height_m",
    "heading_deg",
    "pitch_deg",
    "roll_deg",
    "sensor_relative_azimuth_deg",
    "sensor_relative_elevation_deg",
    "sensor_relative_roll_deg",
    "hfov_deg",
    "vfov_deg",
    "slant_range_m",
    "frame_center_lat_deg",
    "frame_center_lon_deg",
    "frame_center_elevation_m",
    "corner1_lat_deg",
    "corner1_lon_deg",
    "corner2_lat_deg",
    "corner4_lon_deg",
    "elapsed_us",
    "gimbal_yaw_deg",
    "gimbal_pitch_deg",
    "gimbal_roll_deg",
    "above_takeoff_m",
    "unknown_datum_height_m",
    "position_source",
    "heading_source",
];

#[test]
fn every_line_has_every_key_and_absent_is_null() {
    let json = serde_json::to_value(Record::default()).unwrap();
    for key in KEYS {
        assert!(json.get(key).is_some_and(serde_json::Value::is_null), "{key}");
    }
}

#[test]
fn a_real_packet_prints_its_numbers_once_under_their_keys() {
    let Some(bytes) = reference::read("klv/Cheyenne.bin") else { return };
    let reading = read_file_bytes("Cheyenne.bin", &bytes).unwrap();
    assert_eq!((reading.records.len(), reading.problems.len()), (407, 0));
    let text = serde_json::to_string(&reading.records[0]).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["time_us"], 1_348_087_244_105_300_i64);
    assert_eq!(json["checksum_ok"], true);
    assert!((json["sensor_lat_deg"].as_f64().unwrap() - 41.143_845_660_213_316).abs() < 1e-12);
    assert_eq!(json["sensor_ellipsoid_height_m"], serde_json::Value::Null);
    assert!(json["corner1_lat_deg"].is_f64() && json["security_local_set"].is_string());
    for key in KEYS {
        assert_eq!(text.matches(&format!("\"{key}\":")).count(), 1, "{key}");
    }
}

#[test]
fn files_are_told_apart_by_content() {
    for (path, kind) in [
        ("klv/Cheyenne.bin", Kind::Klv),
        ("video/karma.mp4", Kind::Mp4),
        ("drone_gcp/h20t_laser_target/penguin-1.jpg", Kind::Still),
        ("drone_gcp/tuniu_p4rtk_oblique/100_0005_0018.tif", Kind::Still),
        ("telemetry/dji_srt/air2s.srt", Kind::Srt),
    ] {
        let Some(bytes) = reference::read(path) else { continue };
        assert_eq!(sniff(&bytes), Some(kind), "{path}");
        assert!(!read_file_bytes("a.dat", &bytes).unwrap().records.is_empty(), "{path}");
    }
}

#[test]
fn real_klv_carried_in_a_transport_stream_reads_as_from_the_raw_file() {
    let Some(bytes) = reference::read("klv/Cheyenne.bin") else { return };
    let raw = read_file_bytes("Cheyenne.bin", &bytes).unwrap();
    let (found, _) = pipeline::telemetry::klv::scan(&bytes);
    let mut mux = Mux::new(0x06, b"\x05\x04KLVA");
    for (index, found) in found.iter().take(15).enumerate() {
        mux.klv(0xBD, Some(18_000 + 18_000 * index as u64), found.bytes, 0, true);
        mux.video(18_000 + 18_000 * index as u64);
    }
    assert_eq!(sniff(&mux.bytes()[100..]), Some(Kind::MpegTs), "a recording may start inside a packet");
    let read = read_file_bytes("a.ts", mux.bytes()).unwrap();
    assert_eq!((read.records.len(), read.problems.len()), (15, 0));
    for (index, (from_ts, from_raw)) in read.records.iter().zip(&raw.records).enumerate() {
        assert_eq!(from_ts.sample.elapsed_us, Some(200_000 * index as i64));
        assert_eq!(from_ts.sample.position, from_raw.sample.position);
        assert_eq!(from_ts.extras, from_raw.extras);
    }
}

#[test]
fn files_without_telemetry_say_what_they_are() {
    for (name, bytes, message) in [
        ("a.bin", &b""[..], "a.bin is empty"),
        (
            "notes.mp4",
            b"just some text\n",
            "notes.mp4 is no telemetry known here (MISB KLV, MPEG-TS, MP4, JPEG, TIFF, SRT, MAVLink, ULog, DJI OSD JSON): it starts with 6a 75 73 74 20 73 6f 6d",
        ),
        ("a.srt", b"1\n", "a.srt is an SRT file without telemetry: it holds no cue"),
    ] {
        assert_eq!(read_file_bytes(name, bytes).unwrap_err().to_string(), message);
    }
    let mux = Mux::new(0x0F, &[]);
    let error = read_file_bytes("a.ts", mux.bytes()).unwrap_err();
    let TelemetryError::NoTelemetry { kind, reason, .. } = error else { panic!("{error}") };
    assert_eq!((kind, reason.as_str()), ("an MPEG transport stream", "no KLV stream announced"));
}

proptest! {
    #[test]
    fn no_file_makes_the_reader_panic(bytes in proptest::collection::vec(0u8.., 0..600)) {
        let _ = read_file_bytes("a.srt", &bytes);
    }
}
