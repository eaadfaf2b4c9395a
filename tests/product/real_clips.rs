//! Real clips: no crash, right counts and times, and nothing invented.

use serde_json::Value;

use crate::command::{analyze, reference};

fn summary_of(clip: &str, extra: &[&str]) -> Option<Value> {
    let file = reference(clip)?;
    let path = file.to_string_lossy().into_owned();
    let mut arguments = vec![path.as_str(), "--fps", "0"];
    arguments.extend(extra);
    let run = analyze(&arguments);
    assert!(run.output.status.success(), "{}", run.errors());
    assert_eq!(run.json("tasks.geojson")["features"].as_array().unwrap().len(), 0, "nothing here is a task");
    Some(run.summary())
}

fn frames_and_secs(summary: &Value) -> (u64, f64) {
    (summary["frames"].as_u64().unwrap(), summary["sources"][0]["duration_secs"].as_f64().unwrap())
}

#[test]
fn a_drone_over_the_sea_without_attitude_is_never_dispatched() {
    let Some(summary) = summary_of("video/karma.mp4", &[]) else { return };
    let (frames, secs) = frames_and_secs(&summary);
    assert_eq!(frames, 362);
    assert!((secs - 361.0 / 29.97).abs() < 0.05, "{secs}");
    assert_eq!(summary["incidents"], summary["unlocated_incidents"], "whatever is seen stays unlocated");
}

#[test]
fn people_walking_give_no_incident_of_any_kind() {
    let Some(summary) = summary_of("video/vtest_first20s.avi", &[]) else { return };
    let (frames, secs) = frames_and_secs(&summary);
    assert_eq!(frames, 200);
    assert!((secs - 19.9).abs() < 0.05, "{secs}");
    assert_eq!(summary["incidents"], 0);
}

/// The river from bank to bank, in shares of the picture.
const RIVER_BED: &str = "[[0.0, 0.58], [0.28, 0.42], [0.40, 0.26], [0.65, 0.09], [0.80, 0.0], [0.96, 0.0], [0.94, 0.24], \
                         [0.87, 0.45], [0.85, 0.62], [0.73, 0.82], [0.67, 1.0], [0.0, 1.0]]";

#[test]
fn a_river_in_its_bed_gives_none_once_its_permanent_water_is_marked() {
    let Some(clip) = reference("fixed_camera_gcp/geul_bridge/dk_control.mp4") else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("geul.toml");
    let text = format!("[[sources]]\nid = \"geul\"\nuri = {clip:?}\npermanent_water = [{RIVER_BED}]\n");
    std::fs::write(&config, text).unwrap();
    let config = config.to_string_lossy().into_owned();
    let run = analyze(&["--config", &config, "--fps", "0"]);
    assert!(run.output.status.success(), "{}", run.errors());
    let summary = run.summary();
    let (frames, secs) = frames_and_secs(&summary);
    assert_eq!(frames, 10);
    assert!((secs - 0.9).abs() < 0.11, "{secs}");
    assert_eq!(summary["incidents"], 0);
}
