//! Plans of other tools and DJI's own documents.

use std::path::PathBuf;

use missions::formats::wpml::field_faults;
use missions::formats::{Format, read, write};
use missions::plan::{Action, HeightReference};

use crate::support::{m3td, small_plan};

fn bytes(file: &str) -> Option<Vec<u8>> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference");
    let folder = std::env::var_os("FLYONCE_REFERENCE").map_or_else(beside, PathBuf::from);
    let read = std::fs::read(folder.join("telemetry").join(file)).ok();
    if read.is_none() {
        println!("not measured: {file} is not there; set FLYONCE_REFERENCE to the reference data");
    }
    read
}

pub fn text(file: &str) -> Option<String> {
    Some(String::from_utf8(bytes(file)?).unwrap())
}

#[test]
fn a_real_flight_of_a_mavic_3_is_read_whole() {
    let Some(file) = bytes("dji_wpml/mavic3_waylines.wpml") else { return };
    let imported = read(&file).unwrap();
    let plan = &imported.plan;
    assert_eq!((plan.waypoints.len(), plan.heights), (58, HeightReference::Ellipsoid));
    assert_eq!(imported.dji.map(|numbers| numbers[0]), Some(68));
    let first = &plan.waypoints[0];
    assert!(
        (first.at.lat_deg - 46.865_002_516_625_14).abs() < 1e-12 && (first.height_m - 3587.49).abs() < 1e-9
    );
    assert_eq!(first.actions, [Action::Pitch { deg: -90.0 }, Action::Picture]);
    assert!(plan.waypoints.iter().all(|w| w.actions.contains(&Action::Picture)));
    // It states no take-off height and no payload, which the tables ask for.
    assert_eq!(imported.faults.len(), 2, "{:?}", imported.faults);
}

#[test]
fn an_archive_with_its_files_at_the_root_is_read() {
    let Some(file) = bytes("dji_wpml/dev_kmz_file.kmz") else { return };
    let imported = read(&file).unwrap();
    assert_eq!(imported.dji, Some([100, 1, 99]));
    assert!(imported.plan.waypoints.len() > 1);
    assert!(imported.faults.is_empty(), "{:?}", imported.faults);
    // What it does besides is said, not dropped in silence.
    assert!(imported.notes.iter().any(|note| note.contains("zoom")), "{:?}", imported.notes);
}

#[test]
fn the_published_documents_keep_the_tables_of_fields_and_so_do_ours() {
    for (file, template) in
        [("dji_wpml/official_template.kml", true), ("dji_wpml/official_waylines.wpml", false)]
    {
        let Some(text) = text(file) else { return };
        let faults = field_faults(&text, template).unwrap();
        assert!(faults.iter().all(|fault| fault.contains("imageFormat")), "{file}: {faults:?}");
    }
}

/// Elements by their path, without what they say.
fn paths(text: &str) -> std::collections::BTreeSet<String> {
    let mut open: Vec<String> = Vec::new();
    let mut found = std::collections::BTreeSet::new();
    for piece in text.split('<').skip(1) {
        let name: String = piece.chars().take_while(|c| !"> \n".contains(*c)).collect();
        if name.starts_with(['?', '!']) {
            continue;
        }
        if name.starts_with('/') {
            open.pop();
        } else {
            open.push(name);
            found.insert(open.join("/"));
        }
    }
    found
}

#[test]
fn our_documents_have_every_element_of_the_published_ones_but_those_for_other_flights() {
    let aircraft = m3td();
    let kmz = write(&small_plan(&aircraft), Format::Kmz, &aircraft, 0).unwrap();
    let ours = crate::bad_files::unpacked(&kmz);
    let examples = [
        ("template.kml", "dji_wpml/official_template.kml"),
        ("waylines.wpml", "dji_wpml/official_waylines.wpml"),
    ];
    for (name, example) in examples {
        let Some(published) = text(example) else { return };
        let own = paths(&ours[&format!("wpmz/{name}")]);
        // Points of interest, a fixed yaw, one height for all, and following the surface by sensor are of other plans.
        let other = [
            "PoiPoint",
            "HeadingAngle",
            "globalShootHeight",
            "positioningType",
            "surface",
            "gimbalPitchAngle",
        ];
        let missing: Vec<String> = paths(&published)
            .into_iter()
            .filter(|path| !own.contains(path) && !other.iter().any(|word| path.contains(word)))
            .collect();
        assert!(missing.is_empty(), "{name}: {missing:?}");
    }
}

#[test]
fn the_example_plan_of_qgroundcontrol_is_read_and_comes_back() {
    let Some(file) = bytes("qgc_plan/example-mission.plan") else { return };
    let imported = read(&file).unwrap();
    let plan = &imported.plan;
    assert_eq!(plan.waypoints.len(), 3);
    let first = &plan.waypoints[0];
    assert!((first.at.lat_deg - 47.398_718_170_956_95).abs() < 1e-8 && (first.height_m - 50.0).abs() < 1e-9);
    assert!((plan.take_off_height_m - 50.0).abs() < 1e-9 && imported.notes.is_empty());
    let again = read(&write(plan, Format::QgcPlan, &m3td(), 0).unwrap()).unwrap();
    assert!(plan.same_flight(&again.plan), "{plan:#?} {:#?}", again.plan);
}
