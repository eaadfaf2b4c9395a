//! Real district boundaries of three cities against points whose district is known.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use gis::LatLon;
use gis::zones::{Crs, Zone, ZoneDefect, ZoneFile, ZoneIndex, ZoneLevel, datum_warnings, parse_geojson};

const CITIES: [&str; 3] = ["330400", "330500", "330800"];

/// Returns the folder of boundaries, or says that nothing is measured.
fn boundaries() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference");
    let folder = std::env::var_os("FLYONCE_REFERENCE").map_or_else(beside, PathBuf::from).join("boundaries");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("not measured: no reference boundaries at {}", folder.display());
    None
}

fn read(folder: &Path, name: &str, crs: Crs) -> Vec<Zone> {
    let text = fs::read_to_string(folder.join(name)).unwrap();
    let mut file = ZoneFile::new(ZoneLevel::District);
    file.crs = crs;
    file.code_key = "adcode".into();
    file.name_zh_key = "name".into();
    file.parent_key = String::new();
    parse_geojson(name, &text, &file).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn read_cities(folder: &Path, suffix: &str, crs: Crs) -> Vec<Zone> {
    CITIES.iter().flat_map(|city| read(folder, &format!("{city}_{suffix}"), crs)).collect()
}

/// Position, true district, and the district a mistaken datum would give.
fn truth_points(folder: &Path) -> Vec<(LatLon, String, String)> {
    let text = fs::read_to_string(folder.join("truth_points_wgs84.csv")).unwrap();
    text.lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let point = LatLon::new(cells[0].parse().unwrap(), cells[1].parse().unwrap()).unwrap();
            (point, cells[2].to_owned(), cells[5].to_owned())
        })
        .collect()
}

fn wrong(folder: &Path, zones: Vec<Zone>) -> Vec<(LatLon, String, Option<String>)> {
    let index = ZoneIndex::new(zones);
    let points = truth_points(folder);
    assert_eq!(points.len(), 324);
    points
        .into_iter()
        .map(|(point, code, _)| {
            let found = index.containing(point, ZoneLevel::District).map(|zone| zone.code.clone());
            (point, code, found)
        })
        .filter(|(_, code, found)| found.as_ref() != Some(code))
        .collect()
}

#[test]
fn all_truth_points_fall_into_their_district_by_the_wgs84_files() {
    let Some(folder) = boundaries() else { return };
    let wrong = wrong(&folder, read_cities(&folder, "districts.wgs84.amap.json", Crs::Wgs84));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn all_truth_points_fall_into_their_district_by_the_cgcs2000_files() {
    let Some(folder) = boundaries() else { return };
    let wrong = wrong(&folder, read_cities(&folder, "districts.cgcs2000.tianditu.json", Crs::Cgcs2000));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The files are two surveys of the same districts, so that points 60 m from a boundary may differ; the points that a
/// mistaken datum gets wrong (108 of 324) must nearly all come right.
#[test]
fn gcj02_files_declared_as_such_place_the_truth_points() {
    let Some(folder) = boundaries() else { return };
    let wrong = wrong(&folder, read_cities(&folder, "full.gcj02.json", Crs::Gcj02));
    println!("wrong of 324 by the GCJ-02 files declared as such: {}", wrong.len());
    assert!(wrong.len() <= 3, "{wrong:#?}");
}

#[test]
fn gcj02_files_declared_wgs84_give_the_wrong_answers_the_table_foretells() {
    let Some(folder) = boundaries() else { return };
    let index = ZoneIndex::new(read_cities(&folder, "full.gcj02.json", Crs::Wgs84));
    for (point, _, foretold) in truth_points(&folder) {
        let found = index.all_containing(point);
        // Where the polygons of two cities overlap the table gives no answer.
        let answer = if let [zone] = found.as_slice() { zone.code.as_str() } else { "" };
        assert_eq!(answer, foretold, "{point:?}");
    }
}

#[test]
fn gcj02_file_declared_wgs84_is_caught_for_each_city_against_either_survey() {
    let Some(folder) = boundaries() else { return };
    for city in CITIES {
        for (other, crs) in
            [("districts.wgs84.amap.json", Crs::Wgs84), ("districts.cgcs2000.tianditu.json", Crs::Cgcs2000)]
        {
            let suspect = format!("{city}_full.gcj02.json");
            let mut zones = read(&folder, &suspect, Crs::Wgs84);
            zones.extend(read(&folder, &format!("{city}_{other}"), crs));
            let warnings = datum_warnings(&zones);
            for warning in &warnings {
                println!("{warning}");
            }
            assert_eq!(warnings.len(), 1, "{city} {other}: {warnings:#?}");
            assert_eq!(warnings[0].file, suspect);
            assert!(matches!(warnings[0].defect, ZoneDefect::LooksLikeGcj02 { .. }));
        }
    }
}

#[test]
fn rightly_declared_files_give_no_warning() {
    let Some(folder) = boundaries() else { return };
    for city in CITIES {
        let mut zones = read(&folder, &format!("{city}_full.gcj02.json"), Crs::Gcj02);
        zones.extend(read(&folder, &format!("{city}_districts.wgs84.amap.json"), Crs::Wgs84));
        zones.extend(read(&folder, &format!("{city}_districts.cgcs2000.tianditu.json"), Crs::Cgcs2000));
        let warnings = datum_warnings(&zones);
        assert!(warnings.is_empty(), "{city}: {warnings:#?}");
    }
}

/// A city made of its districts, in GCJ-02, above districts in WGS-84: the fault is found in the city's file.
#[test]
fn parent_in_gcj02_is_caught_by_its_children() {
    let Some(folder) = boundaries() else { return };
    let mut parts = read(&folder, "330800_full.gcj02.json", Crs::Wgs84);
    let polygons = parts.iter().flat_map(|zone| zone.polygon.0.clone()).collect();
    let mut city = parts.swap_remove(0);
    city.code = "330800".into();
    city.level = ZoneLevel::City;
    city.polygon = geo::unary_union(&geo::MultiPolygon::new(polygons));
    city.origin.file = "city.geojson".into();
    let mut districts = read(&folder, "330800_districts.wgs84.amap.json", Crs::Wgs84);
    for district in &mut districts {
        district.parent = Some("330800".into());
    }
    let zones: Vec<Zone> = std::iter::once(city).chain(districts).collect();
    let files: Vec<String> = datum_warnings(&zones).into_iter().map(|warning| warning.file).collect();
    assert_eq!(files, ["city.geojson"]);
}

#[test]
fn districts_agree_on_probability_one_deep_inside_and_share_it_at_a_boundary() {
    let Some(folder) = boundaries() else { return };
    let index = ZoneIndex::new(read_cities(&folder, "districts.wgs84.amap.json", Crs::Wgs84));
    let mut by_kind: BTreeMap<bool, usize> = BTreeMap::new();
    for (point, code, _) in truth_points(&folder) {
        let position = super::zones_index::position_with_sigma(point, 5.0);
        let shares = index.probabilities(&position, gis::zones::ZoneSelect::Level(ZoneLevel::District));
        assert_eq!(shares[0].zone.code, code);
        assert!(shares.iter().map(|share| share.probability).sum::<f64>() <= 1.0 + 1e-12);
        // All truth points lie more than 60 m inside: twelve standard deviations.
        assert!(shares[0].boundary_distance_m > 55.0, "{point:?} {}", shares[0].boundary_distance_m);
        *by_kind.entry(shares[0].probability >= 1.0).or_default() += 1;
    }
    assert_eq!(by_kind, BTreeMap::from([(true, 324)]));
}
