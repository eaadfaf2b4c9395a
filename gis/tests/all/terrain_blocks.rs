//! Terrain files read by strips and tiles: the same heights as of the file held whole, in bounded memory.

use std::io::Write;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use gis::georef::{View, ground_point};
use gis::terrain::{GeoTiff, GeoTiffOptions, HeightDatum, SharedBytes, Terrain, TerrainError};
use gis::{LatLon, Pose};
use proptest::prelude::*;

use crate::scene::{self, wide_lens};

const SCALE_DEG: f64 = 0.0001;
const NORTH_WEST: LatLon = LatLon { lat_deg: 29.0, lon_deg: 118.0 };
const HOLE: f32 = -9999.0;
const SHORT: u16 = 3;
const LONG: u16 = 4;
const DOUBLE: u16 = 12;

/// A file of 32-bit floats in tiles, or in strips of so many rows.
#[derive(Clone, Copy)]
struct Tiled {
    width: u32,
    height: u32,
    side: u32,
    deflate: bool,
    strips: bool,
}

impl Tiled {
    fn tiles(&self) -> impl Iterator<Item = (u32, u32)> {
        let across = if self.strips { 1 } else { self.width.div_ceil(self.side) };
        let down = self.height.div_ceil(self.side);
        (0..down).flat_map(move |row| (0..across).map(move |column| (column, row)))
    }

    /// The file; `None` of `height_m` for a whole tile leaves it out, as sparse files do.
    fn encode(&self, tile: impl Fn(u32, u32) -> Option<Vec<f32>>) -> Vec<u8> {
        let (mut data, mut places, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
        for (column, row) in self.tiles() {
            let Some(cells) = tile(column, row) else {
                places.push(0);
                sizes.push(0);
                continue;
            };
            let raw: Vec<u8> = cells.iter().flat_map(|cell| cell.to_le_bytes()).collect();
            let packed = if self.deflate {
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(&raw).unwrap();
                encoder.finish().unwrap()
            } else {
                raw
            };
            places.push(8 + data.len() as u32);
            sizes.push(packed.len() as u32);
            data.extend(packed);
            data.resize(data.len().next_multiple_of(2), 0);
        }
        self.around(data, &places, &sizes)
    }

    /// Header, directory and the values that do not fit into it.
    fn around(&self, data: Vec<u8>, places: &[u32], sizes: &[u32]) -> Vec<u8> {
        let directory = 8 + data.len() as u32;
        let doubles = |values: &[f64]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
        let longs = |values: &[u32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
        let shorts = |values: &[u16]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
        let keys = shorts(&[1, 1, 0, 2, 1025, 0, 1, 1, 2048, 0, 1, 4326]);
        let tie = doubles(&[0.0, 0.0, 0.0, NORTH_WEST.lon_deg, NORTH_WEST.lat_deg, 0.0]);
        let hole = format!("{HOLE}\0").into_bytes();
        let mut entries: Vec<(u16, u16, u32, Vec<u8>)> = vec![
            (256, LONG, 1, longs(&[self.width])),
            (257, LONG, 1, longs(&[self.height])),
            (258, SHORT, 1, shorts(&[32, 0])),
            (259, SHORT, 1, shorts(&[if self.deflate { 8 } else { 1 }, 0])),
            (262, SHORT, 1, shorts(&[1, 0])),
            (277, SHORT, 1, shorts(&[1, 0])),
            (339, SHORT, 1, shorts(&[3, 0])),
            (33550, DOUBLE, 3, doubles(&[SCALE_DEG, SCALE_DEG, 0.0])),
            (33922, DOUBLE, 6, tie),
            (34735, SHORT, 12, keys),
            (42113, 2, hole.len() as u32, hole),
        ];
        let (places, sizes) = ((places.len() as u32, longs(places)), (sizes.len() as u32, longs(sizes)));
        if self.strips {
            entries.push((273, LONG, places.0, places.1));
            entries.push((278, LONG, 1, longs(&[self.side])));
            entries.push((279, LONG, sizes.0, sizes.1));
        } else {
            entries.extend([322, 323].map(|tag| (tag, LONG, 1, longs(&[self.side]))));
            entries.push((324, LONG, places.0, places.1));
            entries.push((325, LONG, sizes.0, sizes.1));
        }
        entries.sort_by_key(|entry| entry.0);
        let mut beyond = directory + 2 + 12 * entries.len() as u32 + 4;
        let (mut head, mut values) = (Vec::new(), Vec::new());
        head.extend((entries.len() as u16).to_le_bytes());
        for (tag, kind, count, bytes) in entries {
            head.extend(tag.to_le_bytes());
            head.extend(kind.to_le_bytes());
            head.extend(count.to_le_bytes());
            if bytes.len() <= 4 {
                head.extend(bytes);
            } else {
                head.extend(beyond.to_le_bytes());
                beyond += bytes.len() as u32;
                values.extend(bytes);
            }
        }
        head.extend([0; 4]);
        [b"II*\0".to_vec(), directory.to_le_bytes().to_vec(), data, head, values].concat()
    }
}

/// Cuts a tile, padded with holes, or a strip out of cells.
fn cut(file: Tiled, cells: &[f32], column: u32, row: u32) -> Vec<f32> {
    let cell = |x: u32, y: u32| {
        let inside = x < file.width && y < file.height;
        if inside { cells[(y * file.width + x) as usize] } else { HOLE }
    };
    let (left, upper) = (column * file.side, row * file.side);
    let (right, lower) = if file.strips {
        (file.width, (upper + file.side).min(file.height))
    } else {
        (left + file.side, upper + file.side)
    };
    (upper..lower).flat_map(|y| (left..right).map(move |x| (x, y))).map(|(x, y)| cell(x, y)).collect()
}

fn open(bytes: Vec<u8>, heights: HeightDatum, cache_bytes: u64) -> Result<GeoTiff, TerrainError> {
    let shared: SharedBytes = Arc::new(bytes);
    GeoTiff::open(&shared, &GeoTiffOptions { cache_bytes, ..GeoTiffOptions::new(heights) })
}

fn at(column: f64, row: f64) -> LatLon {
    LatLon {
        lat_deg: NORTH_WEST.lat_deg - (row + 0.5) * SCALE_DEG,
        lon_deg: NORTH_WEST.lon_deg + (column + 0.5) * SCALE_DEG,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn blocks_give_the_heights_of_the_whole_file(
        (width, height) in (100_u32..170, 100_u32..170),
        side in prop::sample::select(vec![16_u32, 32, 48]),
        deflate: bool,
        strips: bool,
        seed in 0_u32..1000,
        undulation_m in prop::option::of(-30.0..30.0_f64),
        places in prop::collection::vec((-2.0..172.0_f64, -2.0..172.0_f64), 200),
    ) {
        let file = Tiled { width, height, side: if strips { side / 4 } else { side }, deflate, strips };
        let height_of = |index: u32| {
            let mixed = index.wrapping_add(seed).wrapping_mul(2_654_435_761) >> 16;
            if mixed.is_multiple_of(23) { HOLE } else { (mixed % 997) as f32 / 7.0 }
        };
        let cells: Vec<f32> = (0..width * height).map(height_of).collect();
        let bytes = file.encode(|column, row| Some(cut(file, &cells, column, row)));
        let datum = undulation_m.map_or(HeightDatum::Ellipsoidal, |undulation_m| HeightDatum::Geoid { undulation_m });
        let whole = open(bytes.clone(), datum, u64::MAX).unwrap();
        let limit = u64::from(if strips { width * side / 4 } else { side * side }) * 4 * 2;
        let blocks = open(bytes, datum, limit).unwrap();
        prop_assert!(whole.peak_block_bytes().is_none());
        prop_assert_eq!(whole.bounds(), blocks.bounds());
        prop_assert_eq!(whole.size(), blocks.size());
        for (column, row) in places {
            prop_assert_eq!(whole.height(at(column, row)), blocks.height(at(column, row)), "{} {}", column, row);
        }
        prop_assert!(blocks.peak_block_bytes().unwrap() as u64 <= limit);
    }
}

#[test]
fn rays_meet_the_same_ground_by_blocks_and_by_strips() {
    let hill = |index: u32| {
        let (x, y) = (f64::from(index % 300) / 20.0, f64::from(index / 300) / 15.0);
        (40.0 + 30.0 * x.sin() * y.cos()) as f32
    };
    let cells: Vec<f32> = (0..300 * 300).map(hill).collect();
    let file = |strips| {
        let side = if strips { 16 } else { 64 };
        let file = Tiled { width: 300, height: 300, side, deflate: true, strips };
        file.encode(|column, row| Some(cut(file, &cells, column, row)))
    };
    let whole = open(file(false), HeightDatum::Ellipsoidal, u64::MAX).unwrap();
    let lens = wide_lens();
    let sigma = scene::pose(0.0, 0.0, 0.0, 0.0).sigma;
    let camera =
        Pose { sigma, point: scene::point(at(150.0, 250.0), 220.0), ..scene::pose(0.0, 10.0, -30.0, 2.0) };
    let mut met = 0;
    for strips in [false, true] {
        let blocks = open(file(strips), HeightDatum::Ellipsoidal, 40_000).unwrap();
        for step in 0..200 {
            let pixel = (f64::from(step * 97 % 1920), f64::from(step * 61 % 1080));
            let hit =
                |terrain: &dyn Terrain| ground_point(&View::new(&lens, &camera, terrain), pixel.0, pixel.1);
            match (hit(&whole), hit(&blocks)) {
                (Ok(a), Ok(b)) => {
                    met += 1;
                    let off_m = gis::geodesy::plane_distance_m(a.lat_lon, b.lat_lon);
                    assert!(off_m < 1e-4, "{pixel:?}: {off_m}");
                }
                (a, b) => assert_eq!(a, b, "{pixel:?}"),
            }
        }
    }
    assert!(met > 200, "{met}");
}

/// 20 000 x 20 000 cells, 1.6 GB of heights: sparse, with heights in the tiles of a diagonal.
#[test]
fn a_file_of_four_hundred_million_cells_is_read_within_the_bound() {
    const SIDE: u32 = 256;
    const CACHE: u64 = 4 << 20;
    let file = Tiled { width: 20_000, height: 20_000, side: SIDE, deflate: true, strips: false };
    let height_m = |column: u32, row: u32| (f64::from(column) * 0.01 + f64::from(row) * 0.02) as f32;
    let bytes = file.encode(|column, row| {
        let (left, upper) = (column * SIDE, row * SIDE);
        let cells = (0..SIDE * SIDE).map(|cell| height_m(left + cell % SIDE, upper + cell / SIDE));
        (column == row).then(|| cells.collect())
    });
    assert!(bytes.len() < 30 << 20, "{}", bytes.len());
    let terrain = open(bytes, HeightDatum::Ellipsoidal, CACHE).unwrap();
    assert_eq!(terrain.size(), (20_000, 20_000));
    for step in 0..400_u32 {
        // Within a tile of the diagonal: beside its edge lies a hole.
        let (tile, inner) = (step * 7 % 78, |by: u32| 2 + step * by % (SIDE - 4));
        let (column, row) = (tile * SIDE + inner(13), tile * SIDE + inner(29));
        let found = terrain.height(at(f64::from(column), f64::from(row)));
        let expected = f64::from(height_m(column, row));
        assert!((found.unwrap().0 - expected).abs() < 0.02, "{column} {row}: {found:?}, not {expected}");
        assert_eq!(terrain.height(at(f64::from((column + 5_000) % 19_900), f64::from(row))), None);
    }
    let peak = terrain.peak_block_bytes().unwrap() as u64;
    println!("heights of 1 600 MB read with {:.1} MB of blocks", peak as f64 / 1e6);
    assert!(peak <= CACHE && peak > CACHE / 2, "{peak}");
}

#[test]
fn a_single_tile_beyond_the_bound_is_refused_with_its_size() {
    let file = Tiled { width: 200, height: 200, side: 128, deflate: false, strips: false };
    let bytes = file.encode(|_, _| Some(vec![1.0; 128 * 128]));
    let error = open(bytes, HeightDatum::Ellipsoidal, 1000).unwrap_err().to_string();
    assert!(
        error.contains("strips or tiles of 128 x 128 cells, more than the 1000 bytes allowed"),
        "{error}"
    );
}
