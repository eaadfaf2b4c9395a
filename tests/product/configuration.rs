//! `flyonce check`: every problem at once, each with its key path.

use std::process::Output;

use tempfile::TempDir;

use crate::command::{assert_refused, flyonce, root};

fn check(folder: &TempDir, text: &str) -> Output {
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).expect("the file is written");
    flyonce(&["check", "--config", &path.to_string_lossy()])
}

fn zone_file(folder: &TempDir, geometry: &str) -> String {
    let text = format!(
        r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{"code":"1","name_zh":"甲","name_en":"A","parent":""}},"geometry":{geometry}}}]}}"#
    );
    std::fs::write(folder.path().join("zone.geojson"), text).expect("the file is written");
    "[[zones]]\npath = \"zone.geojson\"\nlevel = \"district\"\nparent_key = \"\"\n".to_owned()
}

#[test]
fn every_shipped_configuration_with_sources_is_valid() {
    let mut checked = 0;
    for entry in std::fs::read_dir(root().join("configs")).unwrap().flatten() {
        let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
        if text.contains("[[sources]]") {
            let output = flyonce(&["check", "--config", &entry.path().to_string_lossy()]);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
            checked += 1;
        }
    }
    assert!(checked > 0);
}

#[test]
fn all_problems_are_listed_with_their_key_paths() {
    let folder = tempfile::tempdir().unwrap();
    let text = "colour = \"blue\"\n[analysis]\nfps = -1.0\n[terrain]\nfiles = [{ path = \"none.tif\", heights = \"ellipsoidal\" }]\n\
                [[sources]]\nid = \"a\"\nuri = \"x.mp4\"\nplace = { lat_deg = 95.0, lon_deg = 0.0 }\n\
                [[sources]]\nid = \"b\"\nurl = \"x.mp4\"\n";
    let output = check(&folder, text);
    assert_refused(
        &output,
        &["colour", "analysis.fps", "-1", "sources[0].place", "95", "sources[1]", "url", "none.tif"],
    );
}

#[test]
fn what_the_configuration_names_is_checked_too() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[[packs]]\npath = \"no-pack\"\n[terrain]\nfiles = [{ path = \"none.tif\", heights = \"ellipsoidal\" }]\n\
                [[zones]]\npath = \"none.geojson\"\nlevel = \"district\"\n";
    assert_refused(
        &check(&folder, text),
        &["packs[0]", "no-pack", "terrain.files[0]", "none.tif", "zones[0]", "none.geojson"],
    );
}

#[test]
fn a_zone_that_crosses_itself_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = zone_file(
        &folder,
        r#"{"type":"Polygon","coordinates":[[[118,29],[119,30],[119,29],[118,30],[118,29]]]}"#,
    );
    assert_refused(&check(&folder, &config), &["zones[0]", "zone.geojson", "intersects itself"]);
}

#[test]
fn an_empty_zone_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = zone_file(&folder, r#"{"type":"Polygon","coordinates":[]}"#);
    assert_refused(&check(&folder, &config), &["zones[0]", "zone.geojson"]);
}

#[test]
fn a_zone_with_latitude_and_longitude_swapped_is_refused_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let config = zone_file(
        &folder,
        r#"{"type":"Polygon","coordinates":[[[29,118],[29,119],[30,119],[30,118],[29,118]]]}"#,
    );
    assert_refused(&check(&folder, &config), &["zones[0]", "swapped"]);
}

#[test]
fn a_rule_that_names_an_unknown_department_is_refused_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let rules = std::fs::read_to_string(root().join("configs/rules.toml")).unwrap();
    let wrong = rules.replacen("lead = \"municipal_drainage\"", "lead = \"ministry_of_silly_walks\"", 1);
    std::fs::write(folder.path().join("rules.toml"), wrong).unwrap();
    let output = check(&folder, "rules = \"rules.toml\"\n");
    assert_refused(&output, &["rules", ".lead", "ministry_of_silly_walks"]);
}

#[test]
fn a_provider_that_cannot_start_is_an_error_and_no_fall_back() {
    let folder = tempfile::tempdir().unwrap();
    let output = check(&folder, "[runtime]\nprovider = \"cuda\"\n");
    if std::path::Path::new("/dev/nvidia0").exists() {
        println!("not measured: this machine may well have CUDA");
        return;
    }
    assert_refused(&output, &["packs", "cuda"]);
}
