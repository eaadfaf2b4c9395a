//! `flyonce incidents`, `tasks` and `export`: what they refuse, with words and exit code.

use crate::command::{assert_refused, flyonce};

const ID: &str = "019ee2cf-58a0-7763-ae02-0d9d108d4378";

#[test]
fn stores_and_ids_that_are_not_there_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    assert_refused(&flyonce(&["incidents", "list"]), &["name the store", "--out", "--db"]);
    assert_refused(&flyonce(&["tasks", "list", "--out", out]), &["no database", "flyonce.sqlite"]);
    std::fs::write(folder.path().join("flyonce.sqlite"), "").unwrap();
    assert_refused(&flyonce(&["incidents", "show", ID, "--out", out]), &["there is no incident", ID]);
    let by = ["--out", out, "--actor", "Li", "--reason", "x"];
    assert_refused(&flyonce(&[&["tasks", "accept", ID][..], &by].concat()), &["there is no task", ID]);
    assert_refused(&flyonce(&[&["incidents", "undo", ID][..], &by].concat()), &["there is no incident", ID]);
}

#[test]
fn an_empty_city_is_listed_and_exported() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    std::fs::write(folder.path().join("flyonce.sqlite"), "").unwrap();
    let list = flyonce(&["incidents", "list", "--json", "--out", out]);
    assert_eq!(String::from_utf8_lossy(&list.stdout).trim(), "[]");
    let file = folder.path().join("city.gpkg");
    let gpkg = file.to_str().unwrap();
    let done = flyonce(&["export", "--gpkg", gpkg, "--out", out, "--config", "configs/demo.toml"]);
    assert!(String::from_utf8_lossy(&done.stdout).contains("21 zones"), "{done:?}");
    assert!(file.is_file());
    let other = flyonce(&["export", "--gpkg", gpkg, "--out", out, "--crs", "EPSG:4549"]);
    assert_refused(&other, &["EPSG:4549", "EPSG:4326", "EPSG:4490"]);
}

#[test]
fn looks_at_groups_visits_crews_and_what_is_late_work_on_an_empty_city() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    std::fs::write(folder.path().join("flyonce.sqlite"), "").unwrap();
    let positions = folder.path().join("crews.geojson");
    std::fs::write(&positions, r#"{"type":"FeatureCollection","features":[{"type":"Feature","geometry":
        {"type":"Point","coordinates":[118.86,28.97]},"properties":{"id":"a","department":"municipal_drainage"}}]}"#)
    .unwrap();
    let positions = positions.to_str().unwrap();
    let teams = ["--teams", "configs/city/teams.toml", "--checks", "configs/city/checks.csv"];
    let city = ["--config", "configs/city/city.toml", "--out", out];
    for (command, expect) in [
        (vec!["incidents", "groups", "--out", out], "0 groups"),
        (vec!["tasks", "bounces", "--out", out], "0 proposed changes"),
        (vec!["tasks", "overdue", "--out", out, "--at", "2026-06-22T09:00:00Z"], "0 tasks are late"),
        ([&["visits"][..], &city, &teams].concat(), "0 visits for 0 tasks"),
        ([&["visits", "--format", "geojson"][..], &city, &teams].concat(), "FeatureCollection"),
        (vec!["crews", "nearest", "--positions", positions, "--out", out], "0 of 0 tasks"),
    ] {
        let done = flyonce(&command);
        assert!(String::from_utf8_lossy(&done.stdout).contains(expect), "{command:?}: {done:?}");
    }
    let no_answer = ["incidents", "groups", "--out", out, "--bulk", "reject"];
    assert_refused(&flyonce(&no_answer), &["--group", "--actor", "--reason"]);
    let none = [&no_answer[..], &["--group", ID, "--actor", "Li", "--reason", "x"]].concat();
    assert_refused(&flyonce(&none), &["there is no group", ID]);
}

#[test]
fn a_store_that_the_configuration_names_is_used_and_its_password_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("city.toml");
    let (file, out) = (folder.path().join("named.sqlite"), folder.path().to_str().unwrap());
    std::fs::write(&config, "[store]\npath = \"named.sqlite\"\n").unwrap();
    let list = ["tasks", "list", "--out", out, "--config", config.to_str().unwrap()];
    assert_refused(&flyonce(&list), &["no database", "named.sqlite"]);
    std::fs::write(&file, "").unwrap();
    assert!(String::from_utf8_lossy(&flyonce(&list).stdout).contains("0 tasks"));
    for text in ["postgresql://city:geheim@127.0.0.1:1/none", "mysql://city:geheim@db/none"] {
        std::fs::write(&config, format!("[store]\nurl = \"{text}\"\n")).unwrap();
        let refused = flyonce(&list);
        assert!(!refused.status.success());
        let told = String::from_utf8_lossy(&refused.stderr);
        assert!(!told.contains("geheim") && !told.contains("city:"), "{told}");
    }
    std::fs::write(&config, "[store]\nurl = postgresql://city:geheim@db/none\n").unwrap();
    let told = String::from_utf8_lossy(&flyonce(&list).stderr).into_owned();
    assert!(told.contains("not valid TOML") && !told.contains("geheim"), "{told}");
}
