//! Point to zone: millions of points a second on one thread, over 10 000 zones of 120 corners that share their boundaries.
//! `zones FOLDER` writes zones, points and answers there for a peer; without it the figure alone is printed, as JSON.

use std::path::Path;
use std::time::Instant;

use cpu_time::ProcessTime;
use geo::{Coord, LineString, Polygon};
use gis::LatLon;
use gis::zones::{Zone, ZoneIndex, ZoneLevel, ZoneOrigin};

const SIDE: usize = 100;
const CORNERS_A_SIDE: usize = 30;
const POINTS: usize = 1_000_000;
const ROUNDS: usize = 5;
/// Size of a zone, degrees: about 500 m, as a grid cell of a city.
const CELL_DEG: f64 = 0.005;
const SOUTH_WEST: Coord<f64> = Coord { x: 120.5, y: 30.5 };

fn main() -> anyhow::Result<()> {
    let rings: Vec<Vec<Coord<f64>>> = (0..SIDE * SIDE).map(|cell| ring(cell % SIDE, cell / SIDE)).collect();
    let zones = rings.iter().enumerate().map(|(number, ring)| zone(number, ring.clone())).collect();
    let mut random = Random(1);
    let extent = CELL_DEG * SIDE as f64;
    let points: Vec<LatLon> = (0..POINTS)
        .map(|_| LatLon {
            lat_deg: SOUTH_WEST.y + extent * random.next(),
            lon_deg: SOUTH_WEST.x + extent * random.next(),
        })
        .collect();
    let build = Instant::now();
    let index = ZoneIndex::new(zones);
    let build_s = build.elapsed().as_secs_f64();
    let mut seconds = Vec::new();
    let mut answers = Vec::new();
    for _ in 0..ROUNDS {
        let start = ProcessTime::now();
        answers = index.containing_many(&points, ZoneLevel::Grid);
        seconds.push(start.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    let median_s = seconds.get(ROUNDS / 2).copied().unwrap_or(f64::NAN);
    if let Some(folder) = std::env::args().nth(1) {
        let number = |zone: Option<&Zone>| zone.map_or(-1.0, |zone| zone.origin.feature_index as f64);
        write(&folder, "zones", rings.iter().flatten().flat_map(|corner| [corner.x, corner.y]))?;
        write(&folder, "points", points.iter().flat_map(|point| [point.lon_deg, point.lat_deg]))?;
        write(&folder, "answers", answers.iter().copied().map(number))?;
    }
    let rate = POINTS as f64 / median_s / 1e6;
    #[expect(clippy::print_stdout, reason = "the figure is the result")]
    {
        println!("{{\"million_a_second\": {rate:.3}, \"build_s\": {build_s:.3}}}");
    }
    Ok(())
}

fn write(folder: &str, name: &str, numbers: impl Iterator<Item = f64>) -> anyhow::Result<()> {
    let bytes: Vec<u8> = numbers.flat_map(f64::to_le_bytes).collect();
    Ok(std::fs::write(Path::new(folder).join(name).with_extension("f64"), bytes)?)
}

fn zone(number: usize, ring: Vec<Coord<f64>>) -> Zone {
    let code = format!("{number:05}");
    let polygon = Polygon::new(LineString::new(ring), Vec::new()).into();
    let origin = ZoneOrigin { feature_index: number, ..ZoneOrigin::default() };
    let (name_zh, name_en) = (code.clone(), code.clone());
    Zone { code, level: ZoneLevel::Grid, kind: None, name_zh, name_en, parent: None, polygon, origin }
}

/// Four ragged sides, each the same line as that of the neighbour.
fn ring(column: usize, row: usize) -> Vec<Coord<f64>> {
    let south = side((column, row), (column + 1, row));
    let east = side((column + 1, row), (column + 1, row + 1));
    let mut north = side((column, row + 1), (column + 1, row + 1));
    let mut west = side((column, row), (column, row + 1));
    north.reverse();
    west.reverse();
    let parts = [south, east, north, west];
    let mut ring: Vec<Coord<f64>> =
        parts.into_iter().flat_map(|side| side.into_iter().take(CORNERS_A_SIDE)).collect();
    ring.extend(ring.first().copied());
    ring
}

/// The line between two corners of the grid, with both ends.
fn side(from: (usize, usize), to: (usize, usize)) -> Vec<Coord<f64>> {
    let corner = |(column, row): (usize, usize)| {
        let mut random = Random((row * 1_000 + column) as u64 + 7);
        let shift = |random: &mut Random| 0.3 * (random.next() - 0.5);
        Coord {
            x: SOUTH_WEST.x + CELL_DEG * (column as f64 + shift(&mut random)),
            y: SOUTH_WEST.y + CELL_DEG * (row as f64 + shift(&mut random)),
        }
    };
    let (a, b) = (corner(from), corner(to));
    let mut random = Random((from.0 * 4_000_037 + from.1 * 2_003 + to.0 * 31 + to.1) as u64 + 11);
    let along = b - a;
    (0..=CORNERS_A_SIDE)
        .map(|step| {
            let part = step as f64 / CORNERS_A_SIDE as f64;
            // Less at the ends, so that neighbouring sides do not cross.
            let raggedness = 0.24 * part * (1.0 - part) * (random.next() - 0.5);
            Coord {
                x: a.x + part * along.x - raggedness * along.y,
                y: a.y + part * along.y + raggedness * along.x,
            }
        })
        .collect()
}

/// splitmix64 (Steele, Lea and Flood 2014): the same zones and points in every run.
struct Random(u64);

impl Random {
    /// From 0 to 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}
