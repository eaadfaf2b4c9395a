//! The zone store and GeoPackage files.

use std::path::{Path, PathBuf};

use gis::zones::{
    Boundaries, Crs, Zone, ZoneFile, ZoneIndex, ZoneLevel, parse_geojson, zones_from_boundaries,
};
use jiff::Timestamp;
use store::{ImportedZones, SqliteStore, StoreError, ZoneStore, read_geopackage};

fn zones(features: &[(&str, f64)]) -> Vec<Zone> {
    let feature = |(code, west): &(&str, f64)| {
        let east = west + 0.01;
        format!(
            r#"{{"type":"Feature","properties":{{"code":"{code}","name_zh":"甲","parent":"3308"}},"geometry":{{"type":"Polygon",
            "coordinates":[[[{west},29],[{east},29],[{east},29.01],[{west},29.01],[{west},29]]]}}}}"#
        )
    };
    let features: Vec<String> = features.iter().map(feature).collect();
    let text = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","));
    let mut file = ZoneFile::new(ZoneLevel::District);
    file.crs = Crs::Epsg(4490);
    parse_geojson("zones.geojson", &text, &file).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

#[test]
fn zones_come_back_as_they_were_imported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("zones.sqlite");
    let imported = zones(&[("1", 118.1), ("2", 118.2 + 1e-13)]);
    let mut store = ZoneStore::open(&path).unwrap();
    let counts = store.import(&imported, at(1)).unwrap();
    assert_eq!(counts, ImportedZones { added: 2, replaced: 0, unchanged: 0 });
    assert_eq!(ZoneStore::open_existing(&path).unwrap().zones().unwrap(), imported);
}

#[test]
fn a_changed_zone_ends_the_version_before_and_the_same_zone_changes_no_row() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = ZoneStore::open(&folder.path().join("zones.sqlite")).unwrap();
    store.import(&zones(&[("1", 118.1), ("2", 118.2)]), at(1)).unwrap();
    let counts = store.import(&zones(&[("1", 118.1), ("2", 118.3), ("3", 118.4)]), at(2)).unwrap();
    assert_eq!(counts, ImportedZones { added: 1, replaced: 1, unchanged: 1 });
    let times = |code: &str| -> Vec<_> {
        store.history(code).unwrap().iter().map(|stored| (stored.valid_from, stored.valid_to)).collect()
    };
    assert_eq!(times("1"), [(at(1), None)]);
    assert_eq!(times("2"), [(at(1), Some(at(2))), (at(2), None)]);
    assert_eq!(store.zones().unwrap().len(), 3);
}

#[test]
fn an_import_that_fails_half_way_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("zones.sqlite");
    let mut store = ZoneStore::open(&path).unwrap();
    store.import(&zones(&[("1", 118.1)]), at(1)).unwrap();
    let before = store.zones().unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TRIGGER full BEFORE INSERT ON zone WHEN NEW.code = '3' BEGIN SELECT RAISE(ABORT, 'full'); END").unwrap();
    let refused = store.import(&zones(&[("1", 118.2), ("2", 118.3), ("3", 118.4)]), at(2));
    assert!(matches!(refused, Err(StoreError::Sql { .. })), "{refused:?}");
    assert_eq!(store.zones().unwrap(), before);
}

#[test]
fn a_file_of_another_kind_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let missing = ZoneStore::open_existing(&folder.path().join("none.sqlite"));
    assert!(matches!(missing, Err(StoreError::CannotOpen { .. })), "{missing:?}");
    let incidents = folder.path().join("flyonce.sqlite");
    drop(SqliteStore::open(&incidents).unwrap());
    let refused = ZoneStore::open(&incidents);
    assert!(matches!(refused, Err(StoreError::ForeignDatabase { .. })), "{refused:?}");
    let text = folder.path().join("text.sqlite");
    std::fs::write(&text, "no database, but long enough to hold a header of one: ".repeat(40)).unwrap();
    assert!(matches!(ZoneStore::open(&text), Err(StoreError::NotADatabase { .. })));
}

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../gis/tests/data/boundaries/zones.gpkg")
}

fn read(boundaries: Boundaries) -> Vec<Zone> {
    let mut file = ZoneFile::new(ZoneLevel::District);
    file.crs = Crs::Epsg(4549);
    file.code_key = "行政区划代码".into();
    file.name_zh_key = "名称".into();
    file.parent_key = "上级".into();
    let read = zones_from_boundaries("zones.gpkg", boundaries, &file).unwrap();
    assert!(read.warnings.is_empty(), "{:?}", read.warnings);
    read.zones
}

#[test]
fn geopackage_by_gdal_is_read_with_its_chinese_columns_and_its_projection() {
    let zones = read(read_geopackage(&fixture(), None).unwrap());
    let names: Vec<_> = zones.iter().map(|zone| (zone.code.as_str(), zone.name_zh.as_str())).collect();
    assert_eq!(names, [("330491", "甲区"), ("330492", "乙区"), ("330493", "丙区")]);
    let index = ZoneIndex::new(zones);
    let code = |lat_deg, lon_deg| {
        let zone = index.containing(gis::LatLon { lat_deg, lon_deg }, ZoneLevel::District);
        zone.map(|zone| zone.code.clone())
    };
    assert_eq!(code(30.705, 120.705).as_deref(), Some("330491"));
    assert_eq!(code(30.715, 120.715).as_deref(), Some("330492"));
    assert_eq!(code(30.735, 120.76), None);
}

#[test]
fn layers_are_named_when_the_one_asked_for_is_not_there() {
    let refused = read_geopackage(&fixture(), Some("roads")).unwrap_err().to_string();
    assert!(refused.ends_with("it has no layer roads; its layers are zones"), "{refused}");
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("zones.sqlite");
    drop(ZoneStore::open(&store).unwrap());
    assert!(matches!(read_geopackage(&store, None), Err(StoreError::NotAGeoPackage { .. })));
}

#[test]
fn damaged_geopackages_end_with_a_reason_or_zones() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(fixture()).unwrap();
    for start in (0..whole.len()).step_by(97) {
        let mut damaged = whole.clone();
        damaged.iter_mut().skip(start).take(24).for_each(|byte| *byte ^= 0x5A);
        let path = folder.path().join("damaged.gpkg");
        std::fs::write(&path, damaged).unwrap();
        drop(read_geopackage(&path, None));
    }
}
