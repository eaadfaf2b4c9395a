//! Files that are no plans.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};

use missions::formats::{Format, FormatError, read, write};
use missions::plan::PlanError;

use crate::support::{PROFILES, m3td, small_plan};
use missions::Aircraft;

/// Every file of an archive.
pub fn unpacked(bytes: &[u8]) -> BTreeMap<String, String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    (0..archive.len())
        .map(|index| {
            let mut entry = archive.by_index(index).unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            (entry.name().unwrap().to_string(), text)
        })
        .collect()
}

fn packed(files: &BTreeMap<String, String>) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        writer.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A plan's archive with a text in it replaced.
fn changed(from: &str, to: &str) -> Result<missions::formats::Imported, FormatError> {
    let aircraft = m3td();
    let mut files = unpacked(&write(&small_plan(&aircraft), Format::Kmz, &aircraft, 0).unwrap());
    let waylines = files.get_mut("wpmz/waylines.wpml").unwrap();
    assert!(waylines.contains(from), "{from}");
    *waylines = waylines.replacen(from, to, 1);
    read(&packed(&files))
}

#[test]
fn numbers_that_are_none_are_refused_with_their_place() {
    let error = changed("<wpml:executeHeight>70<", "<wpml:executeHeight>NaN<").unwrap_err();
    assert!(error.to_string().contains("Placemark[0].executeHeight"), "{error}");
    let error = changed("<coordinates>118.", "<coordinates>NaN,118.").unwrap_err();
    assert!(error.to_string().contains("Placemark[0].Point"), "{error}");
    let error = changed("<wpml:executeHeight>70<", "<wpml:executeHeight>99999<").unwrap_err();
    assert!(matches!(error, FormatError::Plan(PlanError::Number { waypoint: 0, .. })), "{error}");
    let error = changed("<wpml:actionGroupEndIndex>1<", "<wpml:actionGroupEndIndex>70000<").unwrap_err();
    assert!(error.to_string().contains("is no waypoint"), "{error}");
}

#[test]
fn what_breaks_the_tables_is_listed_though_the_plan_can_be_read() {
    let imported = changed("<wpml:finishAction>goHome<", "<wpml:finishAction>flyAway<").unwrap();
    assert_eq!(imported.faults.len(), 1, "{:?}", imported.faults);
    assert!(
        imported.faults[0].contains("missionConfig.finishAction is \"flyAway\""),
        "{:?}",
        imported.faults
    );
    let imported = changed("<wpml:index>1<", "<wpml:index>4<").unwrap();
    assert!(imported.faults[0].contains("Placemark[1].index is 4"), "{:?}", imported.faults);
}

#[test]
fn documents_that_do_not_end_nest_too_deep_or_declare_entities_are_refused() {
    let deep = format!("{}{}", "<a>".repeat(100), "</a>".repeat(100));
    for text in
        ["<kml><Document>", "<!DOCTYPE x [<!ENTITY a \"b\">]><kml/>", deep.as_str(), "<kml></kml>", "<"]
    {
        assert!(read(text.as_bytes()).is_err(), "{}", &text[..text.len().min(40)]);
    }
    for text in ["", "hello", "{}", "[]", "QGC WPL 120\n", "QGC WPL 110\n", "QGC WPL 110\n0\t1\t0\t16\n"] {
        assert!(read(text.as_bytes()).is_err(), "{text}");
    }
    let nan =
        "QGC WPL 110\n0\t1\t0\t16\t0\t0\t0\t0\t28\t118\t0\t1\n1\t0\t3\t16\t0\t0\t0\t0\tnan\t118\t50\t1\n";
    let error = read(nan.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("line 3") && error.to_string().contains("no number"), "{error}");
}

#[test]
fn an_aircraft_that_is_not_of_dji_gets_no_kmz() {
    let aircraft = Aircraft::from_toml(PROFILES[3]).unwrap();
    let error = write(&small_plan(&aircraft), Format::Kmz, &aircraft, 0).unwrap_err();
    assert!(error.to_string().contains("write .plan or .waypoints"), "{error}");
}
