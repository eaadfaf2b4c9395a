//! `flyonce route` and `flyonce rules` over the example city.

use std::process::Output;

use serde_json::Value;

use crate::command::{assert_refused, flyonce, root};

const CITY: &str = "configs/city/city.toml";

fn city() -> String {
    root().join(CITY).to_string_lossy().into_owned()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn configuration_of_the_city_is_valid() {
    let output = flyonce(&["check", "--config", &city()]);
    assert!(output.status.success(), "{}", text(&output.stdout));
}

fn routed(points: &str, more: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.csv");
    std::fs::write(&path, points).unwrap();
    let (path, city) = (path.to_string_lossy().into_owned(), city());
    let mut arguments = vec!["route", "--config", &city, "--points", &path];
    arguments.extend(more);
    flyonce(&arguments)
}

#[test]
fn each_point_gets_its_department_rule_deadline_and_reason() {
    let output = routed(
        "id,lat_deg,lon_deg,class,area_m2,time,ce90_m\n\
         a,28.9712,118.86,waterlogging,120,2026-06-22T09:00,5\n\
         b,29.02,118.84,farmland_damage,3000,2026-06-22T09:00,10\n",
        &["--format", "json"],
    );
    assert!(output.status.success(), "{}", text(&output.stderr));
    let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let get = |row: usize, key: &str| rows[row][key].as_str().unwrap_or_default().to_owned();
    assert_eq!((get(0, "lead"), get(0, "rule")), ("municipal_drainage".into(), "waterlogging".into()));
    assert_eq!(
        (get(0, "matter"), get(0, "deadline")),
        ("QC-DR-001".into(), "2026-06-22T17:00:00+08:00".into())
    );
    assert_eq!(rows[0]["stages"]["accept"], "2026-06-22T09:15:00+08:00");
    assert!(get(0, "reason_zh").contains("积水由市政排水处置"), "{}", get(0, "reason_zh"));
    assert_eq!((get(1, "lead"), get(1, "rule")), ("agriculture_rural".into(), "matter:QC-AR-001".into()));
}

#[test]
fn rows_that_cannot_be_read_are_named_and_the_rest_goes_on() {
    let output = routed(
        "lat_deg,lon_deg,class,area_m2\n28.97,118.86,dumping,12\n95,118.86,dumping,12\n28.97,118.86,dumping,x\n",
        &[],
    );
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout).lines().count(), 2, "{}", text(&output.stdout));
    let told = text(&output.stderr);
    for part in ["line 3: lat_deg 95", "line 4: area_m2 is \"x\""] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn city_may_be_given_by_its_parts() {
    let folder = tempfile::tempdir().unwrap();
    let points = folder.path().join("p.csv");
    std::fs::write(&points, "lat_deg,lon_deg,class\n28.97,118.86,fume\n").unwrap();
    let part = |file: &str| root().join("configs/city").join(file).to_string_lossy().into_owned();
    let levels = ["city", "districts", "townships"].map(|name| part(&format!("zones/{name}.geojson")));
    let (banks, rules) = (part("zones/banks.geojson=special:river_bank"), part("rules.toml"));
    let (departments, points) = (part("departments.toml"), points.to_string_lossy().into_owned());
    let mut arguments = vec!["route", "--rules", &rules, "--departments", &departments, "--points", &points];
    for zones in levels.iter().chain([&banks]) {
        arguments.extend(["--zones", zones]);
    }
    let output = flyonce(&arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("ecology_environment"), "{}", text(&output.stdout));
}

#[test]
fn rules_of_the_city_are_checked_and_a_wrong_list_is_refused_by_its_line() {
    let output = flyonce(&["rules", "check", "--config", &city()]);
    assert!(output.status.success(), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("0 errors"), "{}", text(&output.stdout));

    let folder = tempfile::tempdir().unwrap();
    for file in ["rules.toml", "matters.csv", "delegations.csv"] {
        std::fs::copy(root().join("configs/city").join(file), folder.path().join(file)).unwrap();
    }
    let rules = folder.path().join("rules.toml").to_string_lossy().into_owned();
    let list = folder.path().join("delegations.csv");
    let rows = std::fs::read_to_string(&list).unwrap();
    std::fs::write(&list, rows.replacen(",339901001,", ",339901999,", 1)).unwrap();
    let checked = || flyonce(&["rules", "check", "--config", &city(), "--rules", &rules]);
    assert_refused(&checked(), &["delegations[0].township", "339901999", "not the code of a zone"]);
    std::fs::write(&list, format!("{rows}QC-CE-002,339902006,,soon,\n")).unwrap();
    let line = format!("line {}", rows.lines().count() + 1);
    assert_refused(&checked(), &["delegations.csv", &line, "soon"]);
}

#[test]
fn dry_run_without_a_database_says_so_and_makes_none() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().to_string_lossy().into_owned();
    let rules = root().join("configs/city/rules.toml").to_string_lossy().into_owned();
    let arguments =
        ["rules", "dry-run", "--config", &city(), "--rules", &rules, "--since", "2026-06-01", "--db", &db];
    assert_refused(&flyonce(&arguments), &["there is no database", "flyonce.sqlite"]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
