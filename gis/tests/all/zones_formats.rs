//! Boundary files written by GDAL in each format: the same zones come out of all of them.

use std::path::Path;

use gis::LatLon;
use gis::geodesy::plane_distance_m;
use gis::zones::{
    Boundaries, Crs, ReadZones, ShapefileParts, Zone, ZoneDefect, ZoneFile, ZoneIndex, ZoneLevel,
    boundaries_from_kml, boundaries_from_kmz, boundaries_from_shapefile, zones_from_boundaries,
};
use proptest::prelude::*;

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/boundaries").join(name)).unwrap()
}

fn way_to_read(crs: Crs, name_key: &str) -> ZoneFile {
    let mut file = ZoneFile::new(ZoneLevel::District);
    file.crs = crs;
    file.code_key = "行政区划代码".into();
    file.name_zh_key = name_key.into();
    file.parent_key = "上级".into();
    file
}

struct Shapefile {
    shp: Vec<u8>,
    dbf: Vec<u8>,
    prj: Vec<u8>,
}

impl Shapefile {
    fn of(stem: &str) -> Self {
        let part = |ending: &str| bytes(&format!("{stem}.{ending}"));
        Self { shp: part("shp"), dbf: part("dbf"), prj: part("prj") }
    }

    fn boundaries(&self, cpg: Option<&[u8]>, file: &ZoneFile) -> Result<Boundaries, ZoneDefect> {
        let parts = ShapefileParts { shp: &self.shp, dbf: Some(&self.dbf), cpg, prj: Some(&self.prj) };
        boundaries_from_shapefile(&parts, file)
    }

    fn read(&self, cpg: Option<&[u8]>, file: &ZoneFile) -> ReadZones {
        zones_from_boundaries("zones.shp", self.boundaries(cpg, file).unwrap(), file).unwrap()
    }
}

/// The zones are squares; one has a hole that a part of another fills.
fn check(zones: &[Zone]) {
    let facts: Vec<_> = zones
        .iter()
        .map(|zone| (zone.code.as_str(), zone.name_zh.as_str(), zone.parent.as_deref()))
        .collect();
    let parent = Some("330400");
    assert_eq!(facts, [("330491", "甲区", parent), ("330492", "乙区", parent), ("330493", "丙区", parent)]);
    let shape: Vec<Vec<usize>> =
        zones.iter().map(|zone| zone.polygon.iter().map(|part| part.interiors().len()).collect()).collect();
    assert_eq!(shape, [vec![1], vec![0, 0], vec![0]]);
    let corner = |zone: &Zone| {
        let corners = zone.polygon.iter().flat_map(|part| part.exterior().coords());
        let at = |wanted: LatLon| {
            corners
                .map(|c| plane_distance_m(wanted, LatLon { lat_deg: c.y, lon_deg: c.x }))
                .fold(f64::MAX, f64::min)
        };
        at(LatLon { lat_deg: 30.74, lon_deg: 120.74 })
    };
    assert!(corner(&zones[0]) < 1e-3 && corner(&zones[2]) < 1e-3, "{}", corner(&zones[0]));
    let index = ZoneIndex::new(zones.to_vec());
    let code = |lat_deg, lon_deg| {
        index.containing(LatLon { lat_deg, lon_deg }, ZoneLevel::District).map(|zone| zone.code.clone())
    };
    assert_eq!(code(30.705, 120.705).as_deref(), Some("330491"));
    assert_eq!(code(30.715, 120.715).as_deref(), Some("330492"));
    assert_eq!(code(30.75, 120.76).as_deref(), Some("330493"));
    assert_eq!(code(30.735, 120.76), None);
}

#[test]
fn shapefile_in_utf8_is_read_though_its_column_names_are_cut() {
    let read = Shapefile::of("zones_utf8").read(Some(b"UTF-8"), &way_to_read(Crs::Cgcs2000, "名称"));
    check(&read.zones);
    assert!(read.warnings.is_empty(), "{:?}", read.warnings);
}

#[test]
fn shapefile_in_gbk_and_gauss_kruger_is_read_though_nothing_names_its_encoding() {
    let file = way_to_read(Crs::Epsg(4549), "名称");
    for cpg in [None, Some(b"GBK".as_slice()), Some(b"936"), Some(b"UTF-8")] {
        let read = Shapefile::of("zones_gbk_4549").read(cpg, &file);
        check(&read.zones);
        assert!(read.warnings.is_empty(), "{:?}", read.warnings);
    }
}

#[test]
fn prj_that_speaks_against_the_declaration_is_told() {
    let shapefile = Shapefile::of("zones_gbk_4549");
    // The neighbouring zone of the projection takes the same numbers for a place 3 degrees away.
    let read = shapefile.read(None, &way_to_read(Crs::Epsg(4550), "名称"));
    let said = read.warnings[0].to_string();
    assert!(
        said.contains("EPSG:4550") && said.contains("CGCS2000_3_Degree_GK_CM_120E") && said.contains("28"),
        "{said}"
    );
    let wrong = way_to_read(Crs::Wgs84, "名称");
    let problems =
        zones_from_boundaries("z", shapefile.boundaries(None, &wrong).unwrap(), &wrong).unwrap_err();
    assert_eq!(problems.len(), 5, "one for each ring: {problems:?}");
    assert!(problems[0].to_string().contains("declare their EPSG code"), "{}", problems[0]);
}

#[test]
fn coordinates_of_another_zone_number_are_named_with_their_value() {
    let file = way_to_read(Crs::Epsg(4528), "名称");
    let boundaries = Shapefile::of("zones_gbk_4549").boundaries(None, &file).unwrap();
    let problems = zones_from_boundaries("z.shp", boundaries, &file).unwrap_err();
    let said = problems[0].to_string();
    assert!(
        said.contains("features[0] (330491)") && said.contains("EPSG:4528 cannot be used: (567062."),
        "{said}"
    );
}

/// GDAL gives the second of two columns that start with the same ten bytes a number, in the middle of a character.
#[test]
fn a_column_name_that_no_encoding_holds_does_not_hide_the_others() {
    let mut shapefile = Shapefile::of("zones_utf8");
    let second_column = 64;
    shapefile.dbf[second_column..second_column + 10].copy_from_slice(b"\xe8\xa1\x8c\xe6\x94\xbf\xe5\x8c_1");
    for cpg in [None, Some(b"UTF-8".as_slice())] {
        let read = shapefile.read(cpg, &way_to_read(Crs::Cgcs2000, "行政\u{fffd}_1"));
        check(&read.zones);
    }
    let mut file = way_to_read(Crs::Cgcs2000, "名称");
    file.code_key = "code".into();
    let boundaries = shapefile.boundaries(None, &file).unwrap();
    let said = zones_from_boundaries("z.shp", boundaries, &file).unwrap_err()[0].to_string();
    assert!(said.contains("property code is missing; there are") && said.contains("上级"), "{said}");
}

#[test]
fn shapefile_without_attributes_is_refused() {
    let whole = Shapefile::of("zones_utf8");
    let parts = ShapefileParts { shp: &whole.shp, dbf: None, cpg: None, prj: None };
    let file = way_to_read(Crs::Wgs84, "名称");
    assert!(boundaries_from_shapefile(&parts, &file).unwrap_err().to_string().contains(".dbf"));
}

#[test]
fn kml_and_kmz_are_read() {
    let file = way_to_read(Crs::Wgs84, "name");
    for boundaries in [boundaries_from_kml(&bytes("zones.kml")), boundaries_from_kmz(&bytes("zones.kmz"))] {
        let read = zones_from_boundaries("zones.kml", boundaries.unwrap(), &file).unwrap();
        check(&read.zones);
        assert!(read.warnings.is_empty(), "{:?}", read.warnings);
    }
}

proptest! {
    #[test]
    fn damaged_shapefiles_end_with_a_reason_or_zones(
        at in 0_usize..1_343, value in any::<u8>(), length in 0_usize..700,
    ) {
        let file = way_to_read(Crs::Cgcs2000, "名称");
        let mut damaged = Shapefile::of("zones_utf8");
        let split = damaged.shp.len();
        if at < split {
            damaged.shp[at] = value;
            damaged.dbf.truncate(length);
        } else {
            damaged.dbf[at - split] = value;
            damaged.shp.truncate(length);
        }
        if let Ok(boundaries) = damaged.boundaries(None, &file) {
            drop(zones_from_boundaries("z.shp", boundaries, &file));
        }
    }

    #[test]
    fn damaged_kml_and_kmz_end_with_a_reason_or_zones(at in 0_usize..2_252, value in any::<u8>()) {
        let file = way_to_read(Crs::Wgs84, "name");
        let mut kml = bytes("zones.kml");
        kml[at] = value;
        if let Ok(boundaries) = boundaries_from_kml(&kml) {
            drop(zones_from_boundaries("z.kml", boundaries, &file));
        }
        let mut kmz = bytes("zones.kmz");
        let at = at % kmz.len();
        kmz[at] = value;
        drop(boundaries_from_kmz(&kmz));
    }
}
