//! Districts of 324 points, from boundary files in three datums.

use gis::LatLon;
use gis::zones::{Crs, Zone, ZoneDefect, ZoneFile, ZoneIndex, ZoneLevel, datum_warnings, parse_geojson};
use serde::Deserialize;

use crate::reference::{table, text};
use crate::row::Row;

const CITIES: [&str; 3] = ["330400", "330500", "330800"];

#[derive(Deserialize)]
struct TruthRow {
    lat: f64,
    lon: f64,
    adcode: String,
}

fn zones(suffix: &str, crs: Crs) -> Vec<Zone> {
    let read = |city: &&str| {
        let name = format!("boundaries/{city}_{suffix}");
        let mut file = ZoneFile::new(ZoneLevel::District);
        file.crs = crs;
        file.code_key = "adcode".into();
        file.name_zh_key = "name".into();
        file.parent_key = String::new();
        parse_geojson(&name, &text(&name).unwrap(), &file).unwrap_or_else(|problems| panic!("{problems:#?}"))
    };
    CITIES.iter().flat_map(read).collect()
}

fn right(zones: Vec<Zone>, truth: &[TruthRow]) -> f64 {
    let index = ZoneIndex::new(zones);
    let is_right = |row: &&TruthRow| {
        let at = LatLon::new(row.lat, row.lon).unwrap();
        index.containing(at, ZoneLevel::District).is_some_and(|zone| zone.code == row.adcode)
    };
    truth.iter().filter(is_right).count() as f64
}

/// The files as declared, and the GCJ-02 files declared wrongly.
pub fn boundaries() -> Row {
    let Some(truth) = table::<TruthRow>("boundaries/truth_points_wgs84.csv", b',') else {
        return Row::missing("boundaries");
    };
    let wgs84 = zones("districts.wgs84.amap.json", Crs::Wgs84);
    let mistaken = zones("full.gcj02.json", Crs::Wgs84);
    let caught = |declared: &[Zone]| {
        let both: Vec<Zone> = wgs84.iter().chain(declared).cloned().collect();
        let warnings = datum_warnings(&both);
        warnings.iter().filter(|w| matches!(w.defect, ZoneDefect::LooksLikeGcj02 { .. })).count() as f64
    };
    let mistaken_right = right(mistaken.clone(), &truth);
    Row::default()
        .at_least("right from the WGS-84 files", right(wgs84.clone(), &truth), 324.0, "of 324")
        .at_least(
            "right from the CGCS2000 files",
            right(zones("districts.cgcs2000.tianditu.json", Crs::Cgcs2000), &truth),
            324.0,
            "of 324",
        )
        .at_least(
            "right from the GCJ-02 files",
            right(zones("full.gcj02.json", Crs::Gcj02), &truth),
            321.0,
            "of 324",
        )
        .at_least("files of GCJ-02 declared WGS-84 that are caught", caught(&mistaken), 3.0, "of 3")
        .at_most(
            "files of WGS-84 that are accused",
            caught(&zones("districts.cgcs2000.tianditu.json", Crs::Wgs84)),
            0.0,
            "",
        )
        .note(format!("declared WGS-84, the GCJ-02 files would give {mistaken_right} of 324"))
}
