//! Vectors of reference implementations: geodesics, H3 cells, the EGM96 geoid, PROJ's own tests.

use geo::{Destination, Distance, Geodesic, Point};
use gis::LatLon;
use gis::geoid::{GeoidModel, undulation_m};
use h3o::{CellIndex, LatLng};
use serde::Deserialize;

use crate::reference::{path, table, text};
use crate::row::Row;

/// Rounding of the geodesics' printed values, metres.
const GEODESIC_M: f64 = 1e-5;

/// Karney's 100 geodesics, there and to the end.
pub fn geodesics() -> Row {
    let Some(lines) = text("vectors/geodesic/GeodTest-100.dat") else {
        return Row::missing("vectors/geodesic/GeodTest-100.dat");
    };
    let (mut length_m, mut end_m, mut count) = (0.0_f64, 0.0_f64, 0);
    for line in lines.lines() {
        let v: Vec<f64> = line.split_whitespace().map(|cell| cell.parse().unwrap()).collect();
        let (start, end) = (Point::new(v[1], v[0]), Point::new(v[4], v[3]));
        length_m = length_m.max((Geodesic.distance(start, end) - v[6]).abs());
        end_m = end_m.max(Geodesic.distance(Geodesic.destination(start, v[2], v[6]), end));
        count += 1;
    }
    Row::default()
        .at_least("geodesics", f64::from(count), 100.0, "")
        .at_most("length, largest error", length_m * 1e6, GEODESIC_M * 1e6, "um")
        .at_most("end, largest error", end_m * 1e6, GEODESIC_M * 1e6, "um")
}

/// Every cell centre of the H3 library's own files gives its cell back.
pub fn h3() -> Row {
    let folder = path("vectors/h3");
    let Ok(entries) = std::fs::read_dir(&folder) else { return Row::missing("vectors/h3") };
    let (mut lines, mut wrong) = (0, 0);
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !(name.ends_with("centers.txt") || name.ends_with("ic.txt")) {
            continue;
        }
        for line in std::fs::read_to_string(entry.path()).unwrap().lines() {
            let cells: Vec<&str> = line.split_whitespace().collect();
            let cell: CellIndex = cells[0].parse().unwrap();
            let at = LatLng::new(cells[1].parse().unwrap(), cells[2].parse().unwrap()).unwrap();
            lines += 1;
            wrong += i32::from(at.to_cell(cell.resolution()) != cell);
        }
    }
    Row::default().at_least("cell centres", f64::from(lines), 39_582.0, "").at_most(
        "that give another cell",
        f64::from(wrong),
        0.0,
        "",
    )
}

#[derive(Deserialize)]
struct GeoidRow {
    lat_deg: f64,
    lon_deg_east: f64,
    undulation_m: f64,
    tolerance_bicubic_m: f64,
}

/// NGA's check points of EGM96.
pub fn egm96() -> Row {
    let Some(rows) = table::<GeoidRow>("vectors/geoid/egm96_points.csv", b',') else {
        return Row::missing("vectors/geoid/egm96_points.csv");
    };
    let off_m = |row: &GeoidRow| {
        let lon_deg = (row.lon_deg_east + 180.0).rem_euclid(360.0) - 180.0;
        let at = LatLon::new(row.lat_deg, lon_deg).unwrap();
        (undulation_m(GeoidModel::Egm96, at).unwrap() - row.undulation_m).abs()
    };
    let bar_m = rows.iter().map(|row| row.tolerance_bicubic_m).fold(f64::INFINITY, f64::min);
    let largest_m = rows.iter().map(off_m).fold(0.0, f64::max);
    Row::default().at_least("points", rows.len() as f64, 6.0, "").at_most(
        "largest error",
        largest_m,
        bar_m,
        "m",
    )
}
