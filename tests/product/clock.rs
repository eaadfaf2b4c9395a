//! `flyonce calibrate clock` as a person runs it: a side-car that is late, found from the pictures alone, and applied.

use std::path::Path;
use std::process::Output;

use crate::command::{analyze, assert_refused, flyonce, root};
use crate::unknown_datum::side_car;

/// Tenths of a second by which the side-car is late.
const LATE: usize = 4;
/// How well the clock is found, seconds.
const FOUND_SECS: f64 = 0.05;
/// Median distance from the middle of a spot once the clock is right, metres; 0.4 s off it is 3.4 m.
const MEDIAN_ERROR_M: f64 = 2.0;

/// The sample city with the late side-car beside its flight and the profile that is to be written.
fn late_city(folder: &Path) -> String {
    let side_car_path = folder.join("flight.srt");
    std::fs::write(&side_car_path, side_car(LATE)).unwrap();
    let text = std::fs::read_to_string(root().join("configs/demo.toml")).unwrap();
    let absolute = text
        .replace("\"../", &format!("\"{}/", root().display()))
        .replace(
            "\"departments.toml\"",
            &format!("\"{}\"", root().join("configs/departments.toml").display()),
        )
        .replace("\"rules.toml\"", &format!("\"{}\"", root().join("configs/rules.toml").display()));
    let flight = "flight/flight.ts\"\n";
    let beside = format!("{flight}telemetry = \"flight.srt\"\naircraft = \"profile.toml\"\n");
    assert!(absolute.contains(flight));
    let config = folder.join("city.toml");
    std::fs::write(&config, absolute.replace(flight, &beside)).unwrap();
    config.to_string_lossy().into_owned()
}

fn printed(output: &Output) -> (f64, f64) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    let mut words = text.split_whitespace();
    assert_eq!(words.next(), Some("time_offset_secs"));
    let value: f64 = words.next().unwrap().parse().unwrap();
    assert_eq!(words.next(), Some("+-"));
    (value, words.next().unwrap().parse().unwrap())
}

#[test]
fn a_late_side_car_is_found_from_the_pictures_and_its_flight_then_placed_right() {
    let folder = tempfile::tempdir().unwrap();
    let config = late_city(folder.path());
    let profile = folder.path().join("profile.toml");
    std::fs::write(&profile, "readout_secs = 0.01\n[bias]\nheading_deg = 0.0\n").unwrap();
    let out = profile.to_string_lossy().into_owned();
    let found = flyonce(&["calibrate", "clock", "--config", &config, "--source", "flight", "--out", &out]);
    let (offset_secs, sigma_secs) = printed(&found);
    assert!((offset_secs - LATE as f64 / 10.0).abs() < FOUND_SECS, "{offset_secs}");
    assert!(sigma_secs < FOUND_SECS, "{sigma_secs}");
    let written = std::fs::read_to_string(&profile).unwrap();
    assert!(written.contains("readout_secs = 0.01") && written.contains("heading_deg = 0.0"), "{written}");

    let run = analyze(&["--config", &config, "--truth", "sample-data/truth.json"]);
    let summary = run.summary();
    let note = summary["sources"][0]["pose_notes"].to_string();
    assert!(note.contains("time_offset_secs +0.4"), "{note}");
    assert!(summary["truth"]["median_error_m"].as_f64().unwrap() < MEDIAN_ERROR_M, "{:#}", summary["truth"]);
}

#[test]
fn telemetry_inside_the_video_is_found_to_be_in_time() {
    let found = flyonce(&["calibrate", "clock", "--config", "configs/demo.toml", "--fps", "3"]);
    let (offset_secs, _) = printed(&found);
    assert!(offset_secs.abs() < FOUND_SECS, "{offset_secs}");
}

#[test]
fn what_has_no_clock_to_find_is_refused_with_the_reason() {
    let refused = |arguments: &[&str], words: &[&str]| {
        let mut all = vec!["calibrate", "clock", "--config", "configs/demo.toml"];
        all.extend(arguments);
        assert_refused(&flyonce(&all), words);
    };
    refused(&["--source", "street"], &["street", "moving poses"]);
    refused(&["--source", "nobody"], &["no source \"nobody\""]);
    refused(&["--fps", "0"], &["--fps", "from 1 to 30", "0"]);
    refused(&["--range-secs", "NaN"], &["--range-secs", "NaN"]);
    refused(&["--most-secs", "2"], &["flight", "at least 24 are needed"]);
}
