//! DJI Cloud API messages: the examples of its documentation, and flights made by hand in their form.

use gis::camera::PositionSource;
use gis::{AboveTakeoffHeight, Attitude, EllipsoidHeight, LatLon};
use pipeline::telemetry::{Extra, Kind, Reading, osd, read_as, read_file_bytes, sniff};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::reference;

/// An aircraft's message, in the form of the documentation.
fn osd(changes: &Json) -> Json {
    let mut data = json!({
        "latitude": 22.907_809, "longitude": 113.703_482, "height": 134.25, "elevation": 100.5,
        "attitude_head": -30.5, "attitude_pitch": 1.5, "attitude_roll": -2.5,
        "horizontal_speed": 5.0, "mode_code": 5,
        "52-0-0": {
            "gimbal_pitch": -90.0, "gimbal_roll": 0.0, "gimbal_yaw": 12.5, "measure_target_distance": 99.5,
            "measure_target_error_state": 0, "payload_index": "52-0-0"
        },
        "cameras": [{"payload_index": "52-0-0", "zoom_factor": 5.6}],
        "position_state": {"is_fixed": 2, "quality": 10, "gps_number": 26, "rtk_number": 35}
    });
    for (key, value) in changes.as_object().unwrap() {
        data[key] = value.clone();
    }
    json!({"bid": "b", "tid": "t", "timestamp": 1_667_220_916_697_i64, "gateway": "dock", "data": data})
}

fn read(text: &str) -> Reading {
    read_file_bytes("osd.jsonl", text.as_bytes()).unwrap()
}

#[test]
fn an_aircraft_gives_position_heights_attitudes_and_the_state_of_its_fix() {
    let reading = read(&osd(&json!({})).to_string());
    assert_eq!(reading.problems, []);
    let record = &reading.records[0];
    let sample = &record.sample;
    assert_eq!(sample.time.unwrap().as_millisecond(), 1_667_220_916_697);
    assert_eq!(sample.position, Some(LatLon { lat_deg: 22.907_809, lon_deg: 113.703_482 }));
    assert_eq!(sample.ellipsoid_height, Some(EllipsoidHeight(134.25)));
    assert_eq!(sample.above_takeoff, Some(AboveTakeoffHeight(100.5)));
    assert_eq!(sample.platform, Some(Attitude { heading_deg: -30.5, pitch_deg: 1.5, roll_deg: -2.5 }));
    assert_eq!(sample.camera_absolute, Some(Attitude { heading_deg: 12.5, pitch_deg: -90.0, roll_deg: 0.0 }));
    assert_eq!(sample.slant_range_m, Some(99.5));
    assert_eq!(sample.position_source, Some(PositionSource::RtkFixed));
    assert_eq!(record.extras["payload_index"], Extra::Text("52-0-0".to_owned()));
    assert_eq!(record.extras["zoom_factor"], Extra::Real(5.6));
    assert_eq!(record.extras["satellites"], Extra::Integer(26));
}

#[test]
fn the_state_of_the_fix_tells_the_source_of_the_position() {
    for (is_fixed, quality, rtk_number, source) in [
        (2, 10, 35, PositionSource::RtkFixed),
        (2, 5, 35, PositionSource::RtkFixed),
        (1, 5, 35, PositionSource::RtkFloat),
        (2, 5, 0, PositionSource::Gnss),
        (0, 4, 0, PositionSource::Gnss),
        (3, 4, 20, PositionSource::Gnss),
    ] {
        let state = json!({"is_fixed": is_fixed, "quality": quality, "rtk_number": rtk_number});
        let reading = read(&osd(&json!({"position_state": state})).to_string());
        assert_eq!(reading.records[0].sample.position_source, Some(source), "{state}");
    }
}

#[test]
fn a_brokers_log_is_read_by_line_and_broken_lines_are_named() {
    let message = osd(&json!({})).to_string();
    let lines = [
        format!("thing/product/1581F/osd {message}"),
        String::new(),
        message[..message.len() - 5].to_owned(),
        format!("thing/product/1581F/state {message}"),
        json!({"method": "flighttask_progress", "data": {}}).to_string(),
        json!({"topic": "thing/product/2222/osd", "payload": osd(&json!({}))}).to_string(),
        osd(&json!({"latitude": 91.0, "height": "high"})).to_string(),
        "17".to_owned(),
    ];
    let reading = read(&lines.join("\n"));
    let sn = |index: usize| reading.records[index].extras.get("device_sn").cloned();
    assert_eq!(reading.records.len(), 3);
    assert_eq!(sn(0), Some(Extra::Text("1581F".to_owned())));
    assert_eq!(sn(1), Some(Extra::Text("2222".to_owned())));
    assert_eq!(
        (reading.records[2].sample.position, reading.records[2].sample.ellipsoid_height),
        (None, None)
    );
    let skipped: Vec<(&str, usize)> =
        reading.skipped.iter().map(|(what, count)| (what.as_str(), *count)).collect();
    assert_eq!(skipped, [("method flighttask_progress", 1), ("topic state", 1)]);
    let problems: Vec<String> = reading.problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 4, "{problems:?}");
    assert!(problems[0].starts_with("line 3: it is no JSON: EOF while parsing"), "{problems:?}");
    assert_eq!(problems[1], "line 7: latitude 91, longitude 113.703482 lie off the globe");
    assert_eq!(problems[2], "line 7: height is \"high\", which is no number");
    assert_eq!(problems[3], "line 8: the JSON is no message but a bare value");
}

#[test]
fn one_message_over_many_lines_and_an_array_are_read() {
    let message = osd(&json!({}));
    assert_eq!(read(&serde_json::to_string_pretty(&message).unwrap()).records.len(), 1);
    assert_eq!(read(&json!([message, message]).to_string()).records.len(), 2);
}

/// The documentation's examples, each on one line.
fn examples() -> Option<String> {
    let text = reference::read_text("telemetry/dji_cloud_api/examples.jsonl")?;
    let examples = text.lines().map(|line| {
        let example: Json = serde_json::from_str(line).unwrap();
        example["text"].as_str().unwrap().replace(['\n', '\r'], " ")
    });
    Some(examples.collect::<Vec<_>>().join("\n"))
}

#[test]
fn of_the_documented_messages_those_of_aircraft_are_read_and_all_others_counted() {
    let Some(text) = examples() else { return };
    let reading = osd::read("examples.jsonl", text.as_bytes()).unwrap();
    // An aircraft without a fix and osd_info_push, both documented for two docks, and the WebSocket's device_osd, whose
    // latitude and longitude are exchanged.
    assert_eq!(reading.records.len(), 5);
    let waiting = reading.records.iter().filter(|record| record.sample.platform.is_some());
    for record in waiting {
        assert_eq!(
            record.sample.platform,
            Some(Attitude { heading_deg: 41.7, pitch_deg: 2.7, roll_deg: 0.0 })
        );
        assert_eq!((record.sample.position, record.sample.slant_range_m), (None, None));
        assert_eq!(record.sample.ellipsoid_height, Some(EllipsoidHeight(38.417_465_209_960_94)));
        assert_eq!(record.sample.position_source, Some(PositionSource::Gnss));
    }
    let pushed = reading.records.iter().filter(|record| record.sample.camera_absolute.is_some());
    for record in pushed {
        assert_eq!(record.sample.position, Some(LatLon { lat_deg: 10.0, lon_deg: 10.0 }));
        assert_eq!(record.sample.ellipsoid_height, Some(EllipsoidHeight(10.0)));
        assert_eq!(record.extras["vehicle_heading_deg"], Extra::Real(60.0));
        assert_eq!(record.sample.time.unwrap().as_millisecond(), 1_670_415_891_013);
    }
    let off = reading.problems.iter().filter(|problem| problem.what.contains("lie off the globe"));
    assert_eq!(
        off.map(ToString::to_string).collect::<Vec<_>>(),
        ["line 161: latitude 113.44444, longitude 23.45656 lie off the globe"]
    );
    let broken = reading.problems.iter().filter(|problem| problem.what.starts_with("it is no JSON"));
    let read_past: usize = reading.skipped.values().sum();
    assert_eq!((broken.count(), read_past + reading.records.len()), (25, 617));
}

#[test]
fn files_without_an_aircraft_say_what_was_read_past() {
    let dock = json!({"gateway": "dock", "data": {"latitude": 22.9, "longitude": 113.7}}).to_string();
    assert_eq!(sniff(dock.as_bytes()), Some(Kind::DjiOsd));
    let error = read_file_bytes("dock.json", dock.as_bytes()).unwrap_err().to_string();
    assert_eq!(
        error,
        "dock.json is DJI OSD messages without telemetry: none of its 1 other messages and 0 broken lines is an aircraft's"
    );
}

proptest! {
    #[test]
    fn no_bytes_make_the_osd_reader_panic(
        bytes in proptest::collection::vec(0u8.., 0..200),
        flips in proptest::collection::vec((0usize..700, 0u8..), 0..8),
    ) {
        let _ = read_as(Kind::DjiOsd, "a", &bytes);
        let mut message = osd(&json!({})).to_string().into_bytes();
        for (at, value) in flips {
            if let Some(byte) = message.get_mut(at) {
                *byte = value;
            }
        }
        let _ = read_as(Kind::DjiOsd, "a", &[&message[..], b"\n", &bytes].concat());
    }
}
