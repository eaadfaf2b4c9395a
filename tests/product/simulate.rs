//! `flyonce simulate`: what it prints, and what it refuses.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::command::{assert_refused, flyonce, root};

/// The shipped scenario with the numbers of a small day, in a folder of its own.
fn small(folder: &Path) -> PathBuf {
    let root = root();
    let text = std::fs::read_to_string(root.join("configs/scenarios/quzhou-84.toml")).unwrap();
    let city = root.join("configs/city/city.toml");
    let mut text = text.replace("../city/city.toml", city.to_str().unwrap());
    for (from, to) in [
        ("width_km = 26.5", "width_km = 3.0"),
        ("height_km = 26.5", "height_km = 3.0"),
        ("count = 84", "count = 7"),
        ("count = 60", "count = 5"),
        ("count = 25", "count = 2"),
        ("count = 20\n", "count = 2\n"),
        ("count = 120\nwatching = 12", "count = 4\nwatching = 1"),
        ("docks = 23", "docks = 2"),
    ] {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let file = folder.join("small.toml");
    std::fs::write(&file, text).unwrap();
    file
}

#[test]
fn two_days_are_scored_as_json_and_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let (scenario, report) = (small(folder.path()), folder.path().join("out.html"));
    let paths = (scenario.to_str().unwrap(), report.to_str().unwrap());
    let done = flyonce(&["simulate", "--scenario", paths.0, "--seeds", "2", "--json", "--report", paths.1]);
    assert!(done.status.success(), "{done:?}");
    let found: Value = serde_json::from_slice(&done.stdout).unwrap();
    for key in [
        "duplicates_per_incident",
        "false_merge_share",
        "missed_share",
        "invented_share",
        "bcubed_f1",
        "wrong_department_share",
        "automatic_dispatch_share",
    ] {
        assert!(found[key].as_f64().is_some_and(|share| (0.0..=1.0).contains(&share)), "{key}: {found}");
        assert!(found["spread"][key][1].as_f64() >= found[key].as_f64(), "{key}: {found}");
    }
    assert!(found["first_sight_to_task_s"]["p50"].as_f64() <= found["first_sight_to_task_s"]["p99"].as_f64());
    let like_a_false_run = found["first_minute"]["like_a_false_run_share"].as_f64();
    assert!(like_a_false_run.is_some_and(|share| (0.0..=1.0).contains(&share)), "{found}");
    assert_eq!(found["days"].as_array().unwrap().len(), 2);
    assert!(found["baselines"]["50 m radius"]["bcubed_f1"].as_f64() < found["bcubed_f1"].as_f64(), "{found}");
    let page = std::fs::read_to_string(&report).unwrap();
    assert_eq!(
        page.matches("<circle class=\"found\"").count()
            + page.matches("<circle class=\"missed\"").count()
            + page.matches("<circle class=\"twice\"").count(),
        14
    );
}

#[test]
fn what_makes_no_day_is_refused_with_key_and_value() {
    let scenario = "configs/scenarios/quzhou-84.toml";
    let with = |more: &[&str]| flyonce(&[&["simulate", "--scenario", scenario][..], more].concat());
    assert_refused(&with(&["--fps", "0"]), &["--fps", "aircraft.fps", "0 is not above 0"]);
    assert_refused(&with(&["--seeds", "0"]), &["--seeds 0", "1 or more"]);
    assert_refused(
        &flyonce(&["simulate", "--scenario", "nowhere.toml"]),
        &["cannot read scenario nowhere.toml"],
    );
}
