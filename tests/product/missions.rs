//! `flyonce mission`: from an area to files, and what is wrong with them.

use std::path::Path;

use serde_json::Value;

use crate::command::{assert_refused, flyonce, root};

const FIELD: &str = r#"{"type":"Polygon","coordinates":[[[118.8660,28.9680],[118.8700,28.9682],[118.8698,28.9710],[118.8662,28.9705],[118.8660,28.9680]]]}"#;

fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_string_lossy().into_owned()
}

fn json(output: &std::process::Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn an_area_becomes_a_plan_that_follows_the_ground_and_passes_its_check() {
    let folder = tempfile::tempdir().unwrap();
    let (area, out) = (file(folder.path(), "a.geojson", FIELD), folder.path().join("plan.kmz"));
    let out = out.to_string_lossy().into_owned();
    let home = ["--home", "28.9676,118.8672"];
    let made = flyonce(
        &[&["mission", "plan", "--area", &area, "--gsd", "2.5cm", "--out", &out, "--json"][..], &home]
            .concat(),
    );
    let made = json(&made);
    assert_eq!(made["aircraft"], "m3td");
    assert!((made["geometry"]["height_m"].as_f64().unwrap() - 70.0).abs() < 1e-6);
    let checked = json(&flyonce(&["mission", "check", &out, "--gsd", "2.5cm", "--json"]));
    assert_eq!(checked["problems"], Value::Array(Vec::new()));
    for name in ["p.plan", "p.waypoints", "p.geojson"] {
        let other = folder.path().join(name).to_string_lossy().into_owned();
        let done = flyonce(&["mission", "convert", &out, "--out", &other]);
        assert!(done.status.success(), "{done:?}");
        let checked = json(&flyonce(&["mission", "check", &other, "--aircraft", "m3td", "--json"]));
        assert_eq!(checked["length_m"], made["length_m"], "{name}");
    }
}

#[test]
fn problems_are_told_in_both_languages_and_by_the_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let area = file(folder.path(), "a.geojson", FIELD);
    let zone = format!(r#"{{"type":"Feature","properties":{{"name":"学校 school"}},"geometry":{FIELD}}}"#);
    let zone = file(folder.path(), "z.geojson", &zone);
    let out = folder.path().join("plan.plan").to_string_lossy().into_owned();
    let made = flyonce(&["mission", "plan", "--area", &area, "--gsd", "2.5cm", "--out", &out]);
    assert!(made.status.success(), "{made:?}");
    let checked = flyonce(&["mission", "check", &out, "--no-fly", &zone]);
    assert_eq!(checked.status.code(), Some(1));
    let text = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(text.contains("禁飞区“学校 school”") && text.contains("enters no-fly zone"), "{text}");
    let planned_around =
        flyonce(&["mission", "plan", "--area", &area, "--gsd", "2.5cm", "--no-fly", &zone, "--out", &out]);
    assert_refused(&planned_around, &["the whole area lies in no-fly zones"]);
}

#[test]
fn a_plan_above_the_ceiling_is_told_unless_a_permission_is_stated() {
    let folder = tempfile::tempdir().unwrap();
    let (area, out) = (file(folder.path(), "a.geojson", FIELD), folder.path().join("high.kmz"));
    let out = out.to_string_lossy().into_owned();
    let made = flyonce(&["mission", "plan", "--area", &area, "--gsd", "17cm", "--out", &out]);
    assert!(made.status.success(), "{made:?}");
    let checked = flyonce(&["mission", "check", &out]);
    assert_eq!(checked.status.code(), Some(1));
    let text = String::from_utf8_lossy(&checked.stdout).into_owned();
    for words in [
        "leg 航段 1: ",
        "476.0 米,超过限高 120 米",
        "more than the ceiling of 120 m",
        "lower the leg by 356 m",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let warned = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert!(warned.contains("the ceiling counts from take-off"), "{warned}");
    let permitted = flyonce(&["mission", "check", &out, "--ceiling", "500"]);
    assert!(permitted.status.success(), "{permitted:?}");
    let nonsense = flyonce(&["mission", "check", &out, "--ceiling", "-3"]);
    assert!(!nonsense.status.success(), "{nonsense:?}");
}

#[test]
fn requests_of_departments_become_one_flight_that_names_them() {
    let folder = tempfile::tempdir().unwrap();
    let request = |id: &str, west: f64, gsd: &str| {
        let east = west + 0.004;
        format!(
            r#"{{"type":"Feature","properties":{{"id":"{id}","gsd":"{gsd}"}},"geometry":{{"type":"Polygon","coordinates":[[[{west},28.968],[{east},28.968],[{east},28.971],[{west},28.971],[{west},28.968]]]}}}}"#
        )
    };
    let (a, b) = (request("water", 118.866, "2.5cm"), request("waste", 118.868, "4cm"));
    let both =
        file(folder.path(), "r.geojson", &format!(r#"{{"type":"FeatureCollection","features":[{a},{b}]}}"#));
    let out = folder.path().join("m.kmz").to_string_lossy().into_owned();
    let made = json(&flyonce(&[
        "mission",
        "merge",
        "--requests",
        &both,
        "--gsd",
        "3cm",
        "--home",
        "28.9676,118.8672",
        "--out",
        &out,
        "--json",
    ]));
    assert!(made["saved_secs"].as_f64().unwrap() > 60.0, "{made}");
    let legs = made["legs"].as_array().unwrap();
    assert!(legs.iter().all(|leg| !leg["serves"].as_array().unwrap().is_empty()));
    assert!(legs.iter().any(|leg| leg["serves"].as_array().unwrap().len() == 2), "{made}");
}

/// Runs `mission` with JSON asked for.
fn mission(arguments: &[&str]) -> Value {
    json(&flyonce(&[&["mission"], arguments, &["--json"]].concat()))
}

#[test]
fn a_round_a_corridor_and_an_orbit_are_planned() {
    let folder = tempfile::tempdir().unwrap();
    let point = |id: &str, lon: f64| {
        format!(
            r#"{{"type":"Feature","id":"{id}","properties":{{"state":"dispatched"}},"geometry":{{"type":"Point","coordinates":[{lon},28.97]}}}}"#
        )
    };
    let (a, b) = (point("t1", 118.866), point("t2", 118.87));
    let tasks = format!(r#"{{"type":"FeatureCollection","features":[{a},{b}]}}"#);
    let tasks = file(folder.path(), "t.geojson", &tasks);
    let out = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let made = mission(&["revisit", "--tasks", &tasks, "--gsd", "2cm", "--out", &out("r.kmz")]);
    assert_eq!(made["legs"].as_array().unwrap().len(), 2);
    let line = r#"{"type":"LineString","coordinates":[[118.866,28.968],[118.87,28.97]]}"#;
    let line = file(folder.path(), "l.geojson", line);
    let wide = ["--width", "150m", "--gsd", "2.5cm"];
    let made = mission(&[&["corridor", "--line", &line, "--out", &out("c.plan")][..], &wide].concat());
    assert_eq!(made["legs"].as_array().unwrap().len(), 3);
    let at = ["orbit", "--at", "28.97,118.87", "--task", "t1", "--gsd", "2cm"];
    let made = mission(&[&at[..], &["--out", &out("o.kmz")]].concat());
    assert_eq!(made["legs"][0]["serves"][0], "t1");
}

#[test]
fn docks_share_an_area_on_a_map() {
    let folder = tempfile::tempdir().unwrap();
    let area = file(folder.path(), "a.geojson", FIELD);
    let docks = "id,lat_deg,lon_deg\nnorth,28.9712,118.868\nsouth,28.9675,118.868\n";
    let docks = file(folder.path(), "d.csv", docks);
    let out = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (sorties, map) = (out("f.geojson"), out("f.html"));
    let files = ["--area", &area, "--docks", &docks, "--out", &sorties, "--map", &map];
    let fleet = mission(&[&["fleet", "--gsd", "2.5cm", "--search", "1s"][..], &files].concat());
    assert!(fleet["makespan_secs"].as_f64() >= fleet["bound_secs"].as_f64(), "{fleet}");
    assert_eq!(fleet["docks"].as_array().unwrap().len(), 2);
    assert!(std::fs::read_to_string(map).unwrap().contains("north"));
    let written: Value = serde_json::from_str(&std::fs::read_to_string(sorties).unwrap()).unwrap();
    assert!(written["features"].as_array().unwrap().len() >= 4);
}

#[test]
fn docks_fly_in_their_hours_and_see_what_matters_most_first() {
    let folder = tempfile::tempdir().unwrap();
    let square = |west: f64, priority: &str| {
        let (east, south, north) = (west + 0.012, 28.96, 28.972);
        format!(
            r#"{{"type":"Feature","properties":{{{priority}}},"geometry":{{"type":"Polygon","coordinates":
            [[[{west},{south}],[{east},{south}],[{east},{north}],[{west},{north}],[{west},{south}]]]}}}}"#
        )
    };
    let both = |priority: &str| {
        let features = [square(118.85, ""), square(118.87, priority)].join(",");
        file(
            folder.path(),
            "a.geojson",
            &format!(r#"{{"type":"FeatureCollection","features":[{features}]}}"#),
        )
    };
    let docks =
        |rows: &str| file(folder.path(), "d.csv", &format!("id,lat_deg,lon_deg,opens,closes\n{rows}\n"));
    let out = folder.path().join("f.geojson").to_string_lossy().into_owned();
    let fleet = |area: &str, docks: &str, more: &[&str]| {
        let all = [
            "mission", "fleet", "--gsd", "2.5cm", "--search", "1s", "--area", area, "--docks", docks,
            "--out", &out,
        ];
        flyonce(&[&all[..], more].concat())
    };
    let (area, one) = (both(r#""priority":2"#), docks("north,28.971,118.867,07:00,08:00"));
    let planned = fleet(&area, &one, &["--start", "06:30", "--json"]);
    let planned: Value = serde_json::from_slice(&planned.stdout).unwrap();
    let done = |index: usize| planned["priorities"][index]["done_secs"].as_f64().unwrap();
    assert_eq!(planned["priorities"][0]["priority"], 2, "{planned}");
    assert!(done(0) < done(1), "{planned}");
    assert!(planned["makespan_secs"].as_f64() >= planned["bound_secs"].as_f64(), "{planned}");
    let written: Value = serde_json::from_str(&std::fs::read_to_string(&out).unwrap()).unwrap();
    let flown = written["features"].as_array().unwrap().iter().map(|one| &one["properties"]);
    let flown: Vec<&Value> = flown.filter(|one| one["sortie"].is_u64()).collect();
    assert!(flown.len() > 2, "{written}");
    for sortie in flown {
        let since_opening = (sortie["start_secs"].as_f64().unwrap() - 1800.0).rem_euclid(86_400.0);
        assert!(since_opening + sortie["air_secs"].as_f64().unwrap() <= 3600.001, "{sortie}");
    }
    assert_refused(&fleet(&area, &one, &[]), &["north", "--start"]);
    assert_refused(&fleet(&area, &docks("north,28.971,118.867,07:00,"), &[]), &["both opens and closes"]);
    assert_refused(&fleet(&area, &docks("n,28.971,118.867,25:00,26:00"), &[]), &["row 1"]);
    let short = docks("north,28.971,118.867,07:00:00,07:00:10");
    assert_refused(&fleet(&area, &short, &["--start", "06:30"]), &["north is open for 10 s"]);
    assert_refused(
        &fleet(&both(r#""priority":"high""#), &one, &["--start", "06:30"]),
        &["feature 1", "high"],
    );
}

#[test]
fn what_cannot_be_planned_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let area = file(folder.path(), "a.geojson", FIELD);
    let bow = file(
        folder.path(),
        "bow.geojson",
        r#"{"type":"Polygon","coordinates":[[[0,0],[0.01,0.01],[0.01,0],[0,0.01],[0,0]]]}"#,
    );
    let plan = |area: &str, gsd: &str, aircraft: &str, out: &str| {
        flyonce(&["mission", "plan", "--area", area, "--gsd", gsd, "--aircraft", aircraft, "--out", out])
    };
    let out = folder.path().join("x.kmz").to_string_lossy().into_owned();
    assert_refused(&plan(&bow, "2.5cm", "m3td", &out), &["self-intersection"]);
    assert_refused(&plan(&area, "2m", "m3td", &out), &["above ground"]);
    assert_refused(&plan(&area, "2.5cm", "m99", &out), &["no aircraft m99"]);
    assert_refused(&plan(&area, "2.5cm", "multicopter", &out), &["write .plan or .waypoints"]);
    let doc = folder.path().join("x.doc").to_string_lossy().into_owned();
    assert_refused(&plan(&area, "2.5cm", "m3td", &doc), &["names no format"]);
    let nothing = root().join("README.md").to_string_lossy().into_owned();
    assert_refused(&flyonce(&["mission", "check", &nothing]), &["not a flight plan"]);
}
