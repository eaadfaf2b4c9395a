//! `flyonce zones`: real boundary files into the zone store, and what the store then answers.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use crate::command::{assert_refused, flyonce, reference};

const CITIES: [&str; 3] = ["330400", "330500", "330800"];

fn import(store: &Path, file: &Path, more: &[&str]) -> Output {
    let (file, store) = (file.to_string_lossy().into_owned(), store.to_string_lossy().into_owned());
    let mut arguments = vec!["zones", "import", &file, "--store", &store];
    arguments.extend(more);
    flyonce(&arguments)
}

fn imported(store: &Path, file: &Path, more: &[&str]) -> (String, String) {
    let output = import(store, file, more);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}", text(&output.stderr));
    (text(&output.stdout), text(&output.stderr))
}

/// How the districts of the reference files are read.
fn district_keys(crs: &str) -> Vec<&str> {
    vec![
        "--crs",
        crs,
        "--level",
        "district",
        "--code-key",
        "adcode",
        "--name-zh-key",
        "name",
        "--parent-key",
        "",
    ]
}

fn city_file(city: &str, suffix: &str) -> Option<PathBuf> {
    reference(&format!("boundaries/{city}_{suffix}"))
}

/// Imports the three cities and returns how many of the 324 truth points fall into their district.
fn right_of_324(suffix: &str, crs: &str) -> Option<usize> {
    let folder = tempfile::tempdir().unwrap();
    for city in CITIES {
        imported(folder.path(), &city_file(city, suffix)?, &district_keys(crs));
    }
    let points = std::fs::read_to_string(reference("boundaries/truth_points_wgs84.csv")?).unwrap();
    let points: Vec<Vec<&str>> = points.lines().skip(1).map(|line| line.split(',').collect()).collect();
    assert_eq!(points.len(), 324);
    let store = folder.path().to_string_lossy().into_owned();
    let places: Vec<String> = points.iter().map(|cells| format!("--at={},{}", cells[0], cells[1])).collect();
    let mut arguments = vec!["zones", "list", "--json", "--store", &store];
    arguments.extend(places.iter().map(String::as_str));
    let output = flyonce(&arguments);
    let answers: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let right = |(cells, answer): &(&Vec<&str>, &Value)| answer["zones"][0] == cells[2];
    let right = points.iter().zip(&answers).filter(right).count();
    println!("{suffix} imported as {crs}: {right} of 324 truth points right");
    Some(right)
}

#[test]
fn all_truth_points_fall_into_their_district_by_the_imported_wgs84_files() {
    let Some(right) = right_of_324("districts.wgs84.amap.json", "wgs84") else { return };
    assert_eq!(right, 324);
}

#[test]
fn all_truth_points_fall_into_their_district_by_the_imported_cgcs2000_files() {
    for crs in ["cgcs2000", "EPSG:4490"] {
        let Some(right) = right_of_324("districts.cgcs2000.tianditu.json", crs) else { return };
        assert_eq!(right, 324);
    }
}

#[test]
fn gcj02_files_imported_as_such_place_the_truth_points() {
    let Some(right) = right_of_324("full.gcj02.json", "gcj02") else { return };
    assert!(right >= 321, "{right}");
}

#[test]
fn gcj02_file_imported_as_wgs84_is_warned_about_when_the_store_knows_better() {
    for city in CITIES {
        for (known, crs) in
            [("districts.wgs84.amap.json", "wgs84"), ("districts.cgcs2000.tianditu.json", "cgcs2000")]
        {
            let (Some(known), Some(shifted)) = (city_file(city, known), city_file(city, "full.gcj02.json"))
            else {
                return;
            };
            let folder = tempfile::tempdir().unwrap();
            let (_, silent) = imported(folder.path(), &known, &district_keys(crs));
            assert!(!silent.contains("GCJ-02"), "{silent}");
            let (_, said) = imported(folder.path(), &shifted, &district_keys("wgs84"));
            assert!(said.contains("looks like GCJ-02 declared as WGS-84"), "{city} {crs}: {said}");
            // What is shifted now lies in the store: the right file next says so too.
            let (_, said) = imported(folder.path(), &known, &district_keys(crs));
            assert!(said.contains("looks like GCJ-02"), "{city} {crs}: {said}");
        }
    }
}

#[test]
fn rightly_declared_gcj02_file_is_no_reason_for_a_warning() {
    for city in CITIES {
        let (Some(known), Some(shifted)) =
            (city_file(city, "districts.wgs84.amap.json"), city_file(city, "full.gcj02.json"))
        else {
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        imported(folder.path(), &known, &district_keys("wgs84"));
        let (_, said) = imported(folder.path(), &shifted, &district_keys("gcj02"));
        assert!(!said.contains("looks like"), "{city}: {said}");
    }
}

fn square(code: &str, west: f64) -> String {
    let east = west + 0.01;
    format!(
        r#"{{"type":"Feature","properties":{{"code":"{code}","name_zh":"甲"}},"geometry":{{"type":"Polygon",
        "coordinates":[[[{west},29],[{east},29],[{east},29.01],[{west},29.01],[{west},29]]]}}}}"#
    )
}

fn write(folder: &TempDir, name: &str, features: &[String]) -> PathBuf {
    let path = folder.path().join(name);
    let text = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","));
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn importing_again_says_what_is_new_replaced_and_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let first = write(&folder, "a.geojson", &[square("330801", 118.0), square("330802", 118.1)]);
    let (said, _) = imported(folder.path(), &first, &["--crs", "wgs84"]);
    assert!(said.contains("2 zones, 2 new, 0 replaced, 0 unchanged"), "{said}");
    let second = [square("330801", 118.0), square("330802", 118.2), square("330803", 118.3)];
    let (said, _) = imported(folder.path(), &write(&folder, "b.geojson", &second), &["--crs", "wgs84"]);
    assert!(said.contains("3 zones, 1 new, 1 replaced, 1 unchanged"), "{said}");
    assert!(said.contains("now holds 3 zones"), "{said}");
}

#[test]
fn a_file_with_a_fault_changes_nothing_and_every_fault_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let bad = |code: &str| square(code, 118.0).replace("29.01", "\"x\"");
    let file =
        write(&folder, "a.geojson", &[square("330801", 118.0), bad("330802"), square("330801", 118.1)]);
    let output = import(folder.path(), &file, &["--crs", "wgs84"]);
    assert_refused(&output, &["features[1]", "features[2] (330801)", "already used", "nothing was imported"]);
    assert_refused(
        &flyonce(&["zones", "list", "--store", &folder.path().to_string_lossy()]),
        &["zones.sqlite"],
    );
    assert_refused(
        &import(folder.path(), &file.with_extension("dwg"), &["--crs", "wgs84"]),
        &["dwg", ".gpkg"],
    );
}

#[test]
fn coordinates_that_are_not_known_are_refused_at_the_command_line() {
    let output = flyonce(&["zones", "import", "x.geojson", "--crs", "EPSG:1"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && said.contains("EPSG:1 cannot be used: the code is not known"),
        "{said}"
    );
}

#[test]
fn a_configuration_uses_the_store_beside_files_and_names_both_homes_of_a_code() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(&folder, "a.geojson", &[square("330801", 118.0), square("330802", 118.1)]);
    imported(folder.path(), &file, &["--crs", "wgs84"]);
    write(&folder, "b.geojson", &[square("330803", 118.4)]);
    let check = |zones: &str| {
        let config = folder.path().join("config.toml");
        std::fs::write(
            &config,
            format!("zone_store = \".\"\n[[zones]]\npath = \"{zones}\"\nlevel = \"district\"\n"),
        )
        .unwrap();
        flyonce(&["check", "--config", &config.to_string_lossy()])
    };
    let sound = check("b.geojson");
    let said = String::from_utf8_lossy(&sound.stdout).into_owned();
    assert!(said.contains("3 zones"), "{said}");
    assert_refused(&check("a.geojson"), &["330801", "zone store", "a.geojson", "already used"]);
    std::fs::remove_file(folder.path().join("zones.sqlite")).unwrap();
    assert_refused(&check("b.geojson"), &["zone_store", "zones.sqlite", "no such file"]);
}
