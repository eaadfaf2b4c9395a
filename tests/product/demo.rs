//! The sample city: what is there becomes exactly one task each, and nothing else.

use std::io::BufRead;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::command::{Run, analyze, binary, root};

const DEMO: &[&str] = &["--config", "configs/demo.toml", "--truth", "sample-data/truth.json"];

/// Median distance from the middle of a spot that the sample flight must reach, metres.
const MEDIAN_ERROR_M: f64 = 3.0;

fn demo() -> Run {
    let run = analyze(DEMO);
    assert!(run.output.status.success(), "{}", run.errors());
    run
}

#[test]
fn everything_that_is_there_becomes_one_task_for_the_right_department_and_nothing_is_invented() {
    let run = demo();
    let truth = run.summary()["truth"].clone();
    let spots = truth["spots"].as_u64().unwrap();
    assert!(spots >= 12, "{truth:#}");
    assert_eq!(truth["found_once"].as_u64().unwrap(), spots, "{truth:#}");
    assert_eq!(truth["invented"].as_array().unwrap().len(), 0, "{truth:#}");
    assert_eq!(truth["wrong_department"].as_u64().unwrap(), 0, "{truth:#}");
    assert!(truth["median_error_m"].as_f64().unwrap() < MEDIAN_ERROR_M, "{truth:#}");
    check_files(&run, spots as usize);
}

fn check_files(run: &Run, tasks: usize) {
    let geojson = run.json("tasks.geojson");
    assert_eq!(geojson["type"], "FeatureCollection");
    let features = geojson["features"].as_array().unwrap();
    assert_eq!(features.len(), tasks);
    for feature in features {
        let evidence = feature["properties"]["evidence"].as_array().unwrap();
        assert_eq!(evidence.len(), 5, "four stills and their record");
        for piece in evidence {
            let file = run.out.path().join("evidence").join(piece["file"].as_str().unwrap());
            assert!(file.is_file(), "{} is missing", file.display());
        }
        assert!(feature["properties"]["ce90_m"].as_f64().unwrap() > 0.0);
        assert!(feature["properties"]["deadline"].is_string());
    }
    let page = std::fs::read_to_string(run.out.path().join("report.html")).unwrap();
    assert!(page.contains("data:image/jpeg;base64,"), "stills are inside");
    let outside = ["src=\"http", "href=\"http", "url(http", "@import", "fetch("];
    assert!(outside.iter().all(|way| !page.contains(way)), "the page opens offline");
    let cost = run.json("summary.json")["cost"].as_array().unwrap().len();
    assert!(cost >= 4, "cost by stage");
}

#[test]
fn analysing_the_same_input_twice_changes_nothing() {
    let run = demo();
    let folder = run.out.path().to_string_lossy().into_owned();
    let before = state(&run);
    let mut again = vec!["analyze", "--json", "--out", &folder];
    again.extend(DEMO);
    let output = crate::command::flyonce(&again);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["new_tasks"], 0);
    assert_eq!(before, state(&run));
}

/// Tasks and the names of all evidence.
fn state(run: &Run) -> (Value, Vec<String>) {
    let entries = std::fs::read_dir(run.out.path().join("evidence")).unwrap();
    let mut names: Vec<String> =
        entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    (run.json("tasks.geojson"), names)
}

#[test]
fn same_frames_telemetry_and_configuration_give_the_same_tasks_byte_for_byte() {
    let (one, other) = (demo(), demo());
    let bytes = |run: &Run| std::fs::read(run.out.path().join("tasks.geojson")).unwrap();
    assert_eq!(bytes(&one), bytes(&other));
}

#[test]
fn ctrl_c_in_the_middle_keeps_what_was_found() {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().to_string_lossy().into_owned();
    let mut child = Command::new(binary())
        .args(["-v", "analyze", "--json", "--fps", "0", "--out", &folder])
        .args(DEMO)
        .current_dir(root())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The log tells when the first frame has been taken; there is nothing to wait for but that line.
    let lines = std::io::BufReader::new(child.stderr.take().unwrap()).lines();
    let mut lines = lines.map_while(Result::ok);
    assert!(lines.by_ref().any(|line| line.contains("first frame")), "no frame was taken");
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let told: Vec<String> = lines.collect();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{told:?}");
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["interrupted"], true);
    for name in ["summary.json", "tasks.geojson", "report.html", "flyonce.sqlite"] {
        assert!(out.path().join(name).is_file(), "{name} is missing");
    }
}
