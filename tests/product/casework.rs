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
