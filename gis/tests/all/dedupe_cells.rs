//! H3 cells agree with the reference implementation's vectors.

use std::path::PathBuf;

use gis::LatLon;
use gis::dedupe::h3_cell_of;

/// Returns the folder of reference data, if there is one.
#[expect(clippy::disallowed_methods, reason = "the environment names the reference data of tests")]
fn reference(file: &str) -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/reference");
    let root = std::env::var("FLYONCE_REFERENCE").unwrap_or_else(|_| beside.to_owned());
    Some(PathBuf::from(root).join(file)).filter(|path| path.exists())
}

#[test]
fn cells_of_5000_random_points_are_those_of_the_reference_library() {
    let Some(path) = reference("vectors/h3/rand11centers.txt") else {
        println!("not measured: vectors/h3/rand11centers.txt is not there");
        return;
    };
    let text = std::fs::read_to_string(path).unwrap();
    let mut count = 0;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (lat_deg, lon_deg): (f64, f64) = (fields[1].parse().unwrap(), fields[2].parse().unwrap());
        let lon_deg = if lon_deg > 180.0 { lon_deg - 360.0 } else { lon_deg };
        assert_eq!(h3_cell_of(LatLon { lat_deg, lon_deg }).as_deref(), Some(fields[0]));
        count += 1;
    }
    assert_eq!(count, 5000);
}
