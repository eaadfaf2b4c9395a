//! The exported city, read by GDAL's `ogrinfo` and by the reader of boundary files.

use std::path::Path;
use std::process::Command;

use dispatch::Departments;
use geo::CoordsIter;
use gis::dedupe::{Eye, LookedAt, together};
use gis::zones::{Crs, Zone, ZoneFile, ZoneLevel, parse_geojson, zones_from_boundaries};
use gis::{Footprint, Incident, LatLon, Look};
use rusqlite::Connection;
use store::{CityExport, ExportCrs, Exported, StoreError, read_geopackage, write_geopackage};

use crate::findings::{run, time};

fn districts() -> Vec<Zone> {
    let text = r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","properties":{"code":"330802","name_zh":"柯城区","name_en":"Kecheng","parent":"3308"},
         "geometry":{"type":"MultiPolygon","coordinates":[
            [[[118.8,28.9],[118.9,28.9],[118.9,29.0],[118.8,29.0],[118.8,28.9]],
             [[118.81,28.91],[118.81,28.92],[118.82,28.92],[118.81,28.91]]],
            [[[119.0,28.9],[119.1,28.9],[119.1,29.0],[119.0,28.9]]]]}},
        {"type":"Feature","properties":{"code":"330803","name_zh":"衢江区","name_en":"Qujiang","parent":"3308"},
         "geometry":{"type":"Polygon","coordinates":[[[118.9,28.9],[119.0,28.9],[119.0,29.0],[118.9,29.0],[118.9,28.9]]]}}]}"#;
    parse_geojson("districts.geojson", text, &ZoneFile::new(ZoneLevel::District)).unwrap()
}

/// Two incidents with a place, of which one has an outline, and one without.
fn incidents() -> Vec<Incident> {
    let mut incidents = run(0..10, Vec::new(), 60).incidents;
    let at = incidents[0].position.unwrap().point.lat_lon;
    let corner = |east: f64, north: f64| LatLon { lat_deg: at.lat_deg + north, lon_deg: at.lon_deg + east };
    let ring = vec![corner(-1e-4, -1e-4), corner(1e-4, -1e-4), corner(0.0, 2e-4)];
    incidents[0].footprint = Some(Footprint { ring, area_m2: 324.0, truncated: false });
    incidents
}

/// Two minutes of a flight.
fn looked_at() -> Vec<LookedAt> {
    let look = |n: u64| {
        let corner = |east: f64, north: f64| LatLon { lat_deg: 28.97 + north, lon_deg: 118.86 + east };
        let west = 2e-3 * n as f64;
        let ring = [(west, 0.0), (west + 1e-3, 0.0), (west + 1e-3, 1e-3), (west, 1e-3)];
        Look {
            source: "drone-1".to_owned(),
            frame_index: n,
            time: time(60 * n as i64),
            footprint: Some(ring.map(|(east, north)| corner(east, north)).to_vec()),
            eye: Some(Eye { at: corner(west + 5e-4, 5e-4), above_ground_m: 120.0, focal_px: 1200.0 }),
            classes: Vec::new(),
        }
    };
    together(Vec::new(), (0..2).filter_map(|n| LookedAt::of(&look(n))))
}

fn export(path: &Path, crs: ExportCrs) -> Result<Vec<Exported>, StoreError> {
    let (incidents, tasks) = (incidents(), run(0..10, Vec::new(), 60).tasks);
    let departments = Departments::from_toml(include_str!("../../../configs/departments.toml")).unwrap();
    let zones = districts();
    let looked_at = looked_at();
    let city = CityExport {
        incidents: &incidents,
        tasks: &tasks,
        departments: &departments,
        zones: &zones,
        looked_at: &looked_at,
    };
    write_geopackage(path, &city, crs)
}

fn ogrinfo(path: &Path, more: &[&str]) -> String {
    let output = Command::new("ogrinfo").args(["-ro", "-al"]).args(more).arg(path).output();
    let output = output.expect("ogrinfo is there once scripts/setup.sh has run (Debian: gdal-bin)");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && err.trim().is_empty(), "{err}{out}");
    out.into_owned()
}

/// The part of an `ogrinfo` answer about a layer.
fn layer<'a>(answer: &'a str, name: &str) -> &'a str {
    let start = answer.find(&format!("Layer name: {name}\n")).unwrap();
    let rest = &answer[start..];
    rest[1..].find("Layer name: ").map_or(rest, |end| &rest[..=end])
}

#[test]
fn ogrinfo_reads_every_layer_with_its_count_and_extent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.gpkg");
    let written = export(&path, ExportCrs::Wgs84).unwrap();
    let answer = ogrinfo(&path, &["-so"]);
    let expect = [
        ("zones", "Multi Polygon", 2, "(118.800000, 28.900000) - (119.100000, 29.000000)"),
        ("footprints", "Multi Polygon", 2, "(118.860000, 28.970000) - (118.863000, 28.971000)"),
        ("incident_footprints", "Polygon", 1, "(118.859900, 28.969900) - (118.860100, 28.970200)"),
        ("error_ellipses", "Polygon", 2, "(118.859966, 28.969970) - (118.860034, 28.971031)"),
        ("incidents", "Point", 3, "(118.860000, 28.97000"),
        ("tasks", "Point", 2, "(118.860000, 28.97000"),
    ];
    assert_eq!(written.len(), expect.len());
    for (exported, (name, geometry, features, extent)) in written.iter().zip(expect) {
        assert_eq!((exported.layer, exported.features), (name, features));
        let told = layer(&answer, name);
        assert!(told.contains(&format!("Geometry: {geometry}\n")), "{told}");
        assert!(told.contains(&format!("Feature Count: {features}\n")), "{told}");
        assert!(told.contains(&format!("Extent: {extent}")), "{told}");
        assert!(told.contains("ID[\"EPSG\",4326]]"), "{told}");
    }
    let tasks = layer(&answer, "tasks");
    for column in
        ["deadline: DateTime", "title_zh: String", "title_en: String", "lead_zh: String", "ce90_m: Real"]
    {
        assert!(tasks.contains(column), "{tasks}");
    }
}

#[test]
fn values_and_the_spatial_index_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.gpkg");
    export(&path, ExportCrs::Wgs84).unwrap();
    let answer = ogrinfo(&path, &["-spat", "118.85", "28.9695", "118.87", "28.9705"]);
    let tasks = layer(&answer, "tasks");
    assert!(tasks.contains("Feature Count: 1\n"), "{tasks}");
    for value in [
        "lead_zh (String) = 市政排水管理中心",
        "title_zh (String) = 积水",
        "deadline (DateTime) = 2025/06/01 08:16:00.123+00",
    ] {
        assert!(tasks.contains(value), "{value}: {tasks}");
    }
    let ground = layer(&answer, "footprints");
    for value in [
        "source (String) = drone-1",
        "looks (Integer64) = 1",
        "gsd_m (Real) = 0.1",
        "from_time (DateTime) = 2025/06/01 08:00:00.123+00",
    ] {
        assert!(ground.contains(value), "{value}: {ground}");
    }
    let connection = Connection::open(&path).unwrap();
    let number = |sql: &str| -> i64 { connection.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(number("PRAGMA application_id"), 0x4750_4B47);
    assert_eq!(number("PRAGMA user_version"), 10_300);
    assert_eq!(number("SELECT count(*) FROM gpkg_extensions WHERE extension_name = 'gpkg_rtree_index'"), 6);
    assert_eq!(number("SELECT count(*) FROM rtree_incidents_geom"), 2, "one has no place");
    assert_eq!(number("SELECT count(*) FROM pragma_foreign_key_check"), 0);
    assert_eq!(number("SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'"), 36);
}

#[test]
fn a_gis_program_can_edit_what_was_exported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.gpkg");
    export(&path, ExportCrs::Wgs84).unwrap();
    let edit = "UPDATE incidents SET geom = (SELECT geom FROM incidents WHERE fid = 1) WHERE fid = 2";
    let output = Command::new("ogrinfo").arg(&path).args(["-sql", edit]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let connection = Connection::open(&path).unwrap();
    let same = "SELECT count(DISTINCT miny) FROM rtree_incidents_geom";
    assert_eq!(connection.query_row::<i64, _, _>(same, [], |row| row.get(0)).unwrap(), 1);
}

#[test]
fn zones_come_back_through_the_reader_of_boundary_files() {
    let folder = tempfile::tempdir().unwrap();
    for (crs, expect) in [(ExportCrs::Wgs84, Crs::Epsg(4326)), (ExportCrs::Cgcs2000, Crs::Epsg(4490))] {
        let path = folder.path().join("city.gpkg");
        export(&path, crs).unwrap();
        let boundaries = read_geopackage(&path, Some("zones")).unwrap();
        let file = ZoneFile { crs: expect, ..ZoneFile::new(ZoneLevel::City) };
        let read = zones_from_boundaries("city.gpkg", boundaries, &ZoneFile { level: None, ..file }).unwrap();
        assert!(read.warnings.is_empty(), "{:?}", read.warnings);
        let facts = |zone: &Zone| {
            // The way through a projection costs the last bits.
            let rounded = |c: geo::Coord<f64>| ((c.x * 1e10).round() as i64, (c.y * 1e10).round() as i64);
            let corners: Vec<_> = zone.polygon.coords_iter().map(rounded).collect();
            (zone.code.clone(), zone.level, zone.name_zh.clone(), zone.parent.clone(), corners)
        };
        assert_eq!(
            read.zones.iter().map(facts).collect::<Vec<_>>(),
            districts().iter().map(facts).collect::<Vec<_>>()
        );
    }
}

#[test]
fn cgcs2000_is_stated_when_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.gpkg");
    export(&path, ExportCrs::Cgcs2000).unwrap();
    let answer = ogrinfo(&path, &["-so"]);
    assert!(layer(&answer, "incidents").contains("ID[\"EPSG\",4490]]"), "{answer}");
    assert_eq!(ExportCrs::of(Crs::Epsg(4549)), None);
}

#[test]
fn an_export_replaces_the_one_before_and_one_that_fails_leaves_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.gpkg");
    export(&path, ExportCrs::Wgs84).unwrap();
    export(&path, ExportCrs::Wgs84).unwrap();
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["city.gpkg"]);
    let error = export(&folder.path().join("missing/city.gpkg"), ExportCrs::Wgs84).unwrap_err();
    assert!(error.to_string().contains("missing/city.gpkg"), "{error}");
    assert!(matches!(error, StoreError::CannotOpen { .. }), "{error:?}");
}

#[test]
fn an_empty_city_is_a_readable_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.gpkg");
    let departments = Departments::default();
    let city =
        CityExport { incidents: &[], tasks: &[], departments: &departments, zones: &[], looked_at: &[] };
    write_geopackage(&path, &city, ExportCrs::Wgs84).unwrap();
    assert_eq!(ogrinfo(&path, &["-so"]).matches("Feature Count: 0").count(), 6);
}
