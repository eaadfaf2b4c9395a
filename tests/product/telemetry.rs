//! `flyonce telemetry`: one JSON line a packet, units in the keys.

use serde_json::Value;

use crate::command::{assert_refused, flyonce, reference, root};

fn lines(path: &str) -> Vec<Value> {
    let output = flyonce(&["telemetry", path]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

#[test]
fn all_packets_of_a_real_flight_are_printed_with_their_keys() {
    let Some(file) = reference("klv/Cheyenne.bin") else { return };
    let records = lines(&file.to_string_lossy());
    assert_eq!(records.len(), 407);
    let first = &records[0];
    for key in [
        "time_us",
        "checksum_ok",
        "sensor_lat_deg",
        "sensor_alt_m",
        "heading_deg",
        "hfov_deg",
        "slant_range_m",
        "corner1_lat_deg",
    ] {
        assert!(first.get(key).is_some(), "no {key} in {first}");
    }
    assert_eq!(first["time_us"], 1_348_087_244_105_300_u64);
    assert!(records.iter().all(|r| r["checksum_ok"] == true));
}

#[test]
fn a_packet_with_a_wrong_checksum_is_printed_as_such() {
    let Some(file) = reference("klv/DynamicConstantMISMMSPacketData.bin") else { return };
    let records = lines(&file.to_string_lossy());
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["checksum_ok"], false);
}

#[test]
fn the_sample_flight_tells_one_pose_a_frame() {
    let records = lines(&root().join("sample-data/flight/flight.ts").to_string_lossy());
    assert!(records.len() >= 200, "{}", records.len());
    assert!(records.iter().all(|r| r["checksum_ok"] == true && r["sensor_lat_deg"].is_number()));
}

#[test]
fn synchronous_telemetry_is_read_too() {
    let records = lines(&root().join("sample-data/flight/sync_klv.ts").to_string_lossy());
    assert!(!records.is_empty());
    assert!(records.iter().all(|r| r["checksum_ok"] == true));
}

#[test]
fn logs_of_autopilots_and_messages_of_docks_are_printed_line_by_line() {
    for (path, count) in [
        ("telemetry/mavlink/vtol.tlog", 807),
        ("telemetry/mavlink/mavlink-v2-3412-packets.bin", 505),
        ("telemetry/px4_ulog/sample_log_small.ulg", 32),
        ("klv/st0903_vmti_5packets.bin", 5),
    ] {
        let Some(file) = reference(path) else { return };
        let records = lines(&file.to_string_lossy());
        assert_eq!(records.len(), count, "{path}");
        assert!(records.iter().all(|r| r["sensor_lat_deg"].is_number() || r["vmti_local_set"].is_object()));
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("osd.jsonl");
    let osd = r#"{"timestamp": 1667220916697, "data": {"latitude": 22.9, "longitude": 113.7, "height": 134.25,
        "elevation": 100.5, "attitude_head": -30.5, "attitude_pitch": 1.5, "attitude_roll": -2.5}}"#;
    std::fs::write(&file, osd.replace('\n', " ") + "\n{\"method\": \"other\"}\nbroken\n").unwrap();
    let output = flyonce(&["telemetry", &file.to_string_lossy()]);
    let record: Value = serde_json::from_slice(&output.stdout).expect("one line");
    assert_eq!(
        (&record["sensor_ellipsoid_height_m"], &record["above_takeoff_m"]),
        (&134.25.into(), &100.5.into())
    );
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(log.contains("line 3: it is no JSON"), "{log}");
}

#[test]
fn a_format_that_is_asked_for_is_the_one_that_is_read() {
    let flight = root().join("sample-data/flight/flight.ts");
    let flight = flight.to_string_lossy();
    let output = flyonce(&["telemetry", &flight, "--format", "ts"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_refused(&flyonce(&["telemetry", &flight, "--format", "ulog"]), &["flight.ts", "ULog", "magic"]);
    assert_refused(&flyonce(&["telemetry", &flight, "--format", "mavlink"]), &["flight.ts", "MAVLink"]);
    let output = flyonce(&["telemetry", &flight, "--format", "csv"]);
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && log.contains("'csv'") && log.contains("dji-osd"), "{log}");
}

#[test]
fn a_file_without_telemetry_is_refused_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.txt");
    std::fs::write(&file, "nothing to see here\n").unwrap();
    assert_refused(&flyonce(&["telemetry", &file.to_string_lossy()]), &["notes.txt"]);
    assert_refused(&flyonce(&["telemetry", "no/such/file.srt"]), &["no/such/file.srt"]);
}
