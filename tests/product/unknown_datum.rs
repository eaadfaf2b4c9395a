//! The sample flight with a side-car that does not say what its heights count from.

use std::fmt::Write;

use crate::command::{analyze, root};

/// Height of the town's ground where the flight takes off, metres above the ellipsoid, and of the geoid there.
const TAKEOFF_M: f64 = 78.0;
const UNDULATION_M: f64 = 5.28;
/// Focal length of 739 px in pictures of 960 x 540, for a diagonal of 43.27 mm.
const FOCAL_35MM_MM: f64 = 29.03;
/// Median distance from the middle of a spot, metres: the poses are true, so that nothing but the height can be off.
const MEDIAN_ERROR_M: f64 = 2.0;

/// The true poses as DJI writes them, `late` tenths of a second late: `abs_alt` without a datum, here above the geoid.
pub fn side_car(late: usize) -> String {
    let poses = std::fs::read_to_string(root().join("sample-data/flight/poses.csv")).unwrap();
    let mut text = String::new();
    for (index, line) in poses.lines().skip(1).enumerate() {
        let cells: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
        let &[_, _, lat, lon, height_m, yaw, pitch, roll] = &cells[..] else { panic!("{line}") };
        let clock = |tenths: usize| format!("00:00:{:02},{}00", tenths / 10, tenths % 10);
        let (above_m, absolute_m) = (height_m - TAKEOFF_M, height_m - UNDULATION_M);
        writeln!(
            text,
            "{}\n{} --> {}\n[latitude: {lat}] [longitude: {lon}] [rel_alt: {above_m:.3} abs_alt: {absolute_m:.3}] \
             [gb_yaw: {yaw} gb_pitch: {pitch} gb_roll: {roll}] [focal_len: {FOCAL_35MM_MM}]\n",
            index + 1,
            clock(index + late),
            clock(index + late + 1),
        )
        .unwrap();
    }
    text
}

#[test]
fn the_terrain_tells_the_datum_of_a_flights_heights_and_the_summary_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flight.srt");
    std::fs::write(&path, side_car(0)).unwrap();
    let telemetry = path.to_string_lossy().into_owned();
    let run = analyze(&[
        "--config",
        "configs/demo.toml",
        "--truth",
        "sample-data/truth.json",
        "--telemetry",
        &telemetry,
        "--fps",
        "2",
        "sample-data/flight/flight.ts",
    ]);
    assert!(run.output.status.success(), "{}", run.errors());
    let summary = run.summary();
    let source = &summary["sources"][0];
    let note = source["pose_notes"][0].as_str().unwrap();
    assert!(
        note.contains("datum of the heights not stated") && note.contains("read as above the geoid"),
        "{note}"
    );
    assert!(run.errors().contains(note), "it is said while it runs, too");
    assert_eq!(source["unlocated"], 0, "{source:#}");
    assert!(source["located"].as_u64().unwrap() > 50, "{source:#}");
    assert!(summary["truth"]["median_error_m"].as_f64().unwrap() < MEDIAN_ERROR_M, "{:#}", summary["truth"]);
    let terrain = &summary["terrain"][0];
    assert_eq!(terrain["kind"], "ground", "{terrain:#}");
}
