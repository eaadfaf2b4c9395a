//! The doors to GCJ-02 and BD-09 against boundary points and the shift that boundary files show.

use gis::LatLon;
use gis::coordinate_door::{bd09_from_wgs84, gcj02_from_wgs84, wgs84_from_bd09, wgs84_from_gcj02};
use gis::geodesy::plane_distance_m;

use crate::reference::{quantile, text};

/// Whole boundaries shift by 476 to 595 m between the files in GCJ-02 and in WGS-84; single points by some metres more.
const SHIFT_M: std::ops::RangeInclusive<f64> = 460.0..=620.0;
const ROUND_TRIP_M: f64 = 0.1;

#[test]
fn points_of_zhejiang_shift_as_its_boundary_files_do_and_come_back() {
    let name = "GCJ-02 shift";
    let Some(table) = text(name, "boundaries/truth_points_wgs84.csv") else { return };
    let (mut shift_m, mut back_m) = (Vec::new(), Vec::new());
    for line in table.lines().skip(1) {
        let mut cells = line.split(',').map(|cell| cell.parse().unwrap_or(f64::NAN));
        let at = LatLon::new(cells.next().unwrap(), cells.next().unwrap()).unwrap();
        shift_m.push(plane_distance_m(at, gcj02_from_wgs84(at)));
        back_m.push(plane_distance_m(at, wgs84_from_gcj02(gcj02_from_wgs84(at))));
        back_m.push(plane_distance_m(at, wgs84_from_bd09(bd09_from_wgs84(at))));
    }
    let (least_m, most_m) = (quantile(&shift_m, 0.0), quantile(&shift_m, 1.0));
    println!(
        "GCJ-02: {} points shift {least_m:.0} to {most_m:.0} m, worst round trip {:.1e} m",
        shift_m.len(),
        quantile(&back_m, 1.0)
    );
    assert_eq!(shift_m.len(), 324);
    assert!(SHIFT_M.contains(&least_m) && SHIFT_M.contains(&most_m));
    assert!(quantile(&back_m, 1.0) < ROUND_TRIP_M);
}
