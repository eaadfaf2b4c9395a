//! SRTM tiles, and several terrains as one.

use gis::geoid::undulation_m;
use gis::terrain::{Fall, GeoTiffOptions, SRTM_SIGMA_M, TerrainError};
use gis::{
    EllipsoidHeight, FlatGround, GeoTiff, GeoidModel, HeightDatum, Hgt, LatLon, Terrain, TerrainKind, Tiles,
};
use tiff::encoder::colortype;

use crate::terrain_geotiff::GEOGRAPHIC;

const SIDE: usize = 1_201;
const HOLE: i16 = -32_768;

/// A tile of 3 arc seconds that rises by 1 m a row to the south and by 2 m a column to the east, with one hole.
fn tile_bytes() -> Vec<u8> {
    let sample = |index: usize| {
        let (row, column) = (index / SIDE, index % SIDE);
        if (row, column) == (600, 300) { HOLE } else { (row + 2 * column) as i16 }
    };
    (0..SIDE * SIDE).flat_map(|index| sample(index).to_be_bytes()).collect()
}

fn at(lat_deg: f64, lon_deg: f64) -> LatLon {
    LatLon { lat_deg, lon_deg }
}

#[test]
fn srtm_tiles_lie_where_their_name_says_above_the_geoid_of_1996() {
    let bytes = tile_bytes();
    let step = 1.0 / 1_200.0;
    for (name, south, west) in
        [("N28E118.hgt", 28.0, 118.0), ("S07W080.hgt", -7.0, -80.0), ("n68e015", 68.0, 15.0)]
    {
        let tile = Hgt::from_bytes(name, &bytes, SRTM_SIGMA_M).unwrap();
        assert_eq!(tile.size(), (SIDE, SIDE));
        for (row, column) in
            [(0.0, 0.0), (1_200.0, 1_200.0), (1_200.0, 0.0), (0.0, 1_200.0), (77.5, 1_033.25)]
        {
            let place = at(south + 1.0 - row * step, west + column * step);
            let expect_m = row + 2.0 * column + undulation_m(GeoidModel::Egm96, place).unwrap();
            let found_m = tile.height(place).unwrap().0;
            assert!((found_m - expect_m).abs() < 0.05, "{name} {place:?}: {found_m} for {expect_m}");
        }
        let hole = at(south + 1.0 - 600.0 * step, west + 300.0 * step);
        assert_eq!(tile.height(hole), None);
        assert_eq!(tile.height(at(south - 0.01, west + 0.5)), None);
        let (low, high) = tile.bounds().corners.unwrap();
        assert!(low.lat_deg <= south && high.lon_deg >= west + 1.0);
    }
}

#[test]
fn tiles_of_one_arc_second_are_read_too() {
    let bytes: Vec<u8> =
        (0..3_601 * 3_601).flat_map(|index| ((index % 3_601) as i16).to_be_bytes()).collect();
    let tile = Hgt::from_bytes("N28E118.hgt", &bytes, SRTM_SIGMA_M).unwrap();
    let place = at(28.25, 118.5);
    let expect_m = 1_800.0 + undulation_m(GeoidModel::Egm96, place).unwrap();
    assert!((tile.height(place).unwrap().0 - expect_m).abs() < 0.05);
    assert!((25.0..32.0).contains(&tile.spacing_m()), "{}", tile.spacing_m());
}

#[test]
fn unusable_srtm_tiles_say_what_is_wrong() {
    let bytes = tile_bytes();
    let message = |found: Result<Hgt, TerrainError>| found.unwrap_err().to_string();
    let misnamed = message(Hgt::from_bytes("tile.hgt", &bytes, 5.0));
    assert!(misnamed.contains("\"tile.hgt\" is not named for its south-western corner"), "{misnamed}");
    let short = message(Hgt::from_bytes("N28E118.hgt", &bytes[..bytes.len() - 2], 5.0));
    assert!(short.contains("2884800 bytes"), "{short}");
    let holes: Vec<u8> = HOLE.to_be_bytes().repeat(SIDE * SIDE);
    assert!(message(Hgt::from_bytes("N28E118.hgt", &holes, 5.0)).contains("no height in any"));
    assert!(message(Hgt::from_bytes("N28E118.hgt", &bytes, f64::NAN)).contains("sigma_m is NaN"));
}

fn small(heights_m: [f32; 12], kind: TerrainKind, corner: (f64, f64)) -> GeoTiff {
    let file = crate::terrain_geotiff::File { corner, no_data: Some("-9999"), ..GEOGRAPHIC };
    let encoded = file.encode::<colortype::Gray32Float>(4, 3, &heights_m);
    GeoTiff::from_bytes(&encoded, &GeoTiffOptions::of_kind(HeightDatum::Ellipsoidal, kind)).unwrap()
}

#[test]
fn the_first_tile_that_knows_a_place_answers_with_its_own_error() {
    let mut holed = [10.0; 12];
    holed[5] = -9999.0;
    let ground = small(holed, TerrainKind::Ground, (118.0, 29.0));
    let surface = small([20.0; 12], TerrainKind::Surface, (118.001, 29.0));
    assert_eq!((ground.kind(), surface.kind()), (TerrainKind::Ground, TerrainKind::Surface));
    let (ground_sigma_m, surface_sigma_m) = (ground.sigma_m(), surface.sigma_m());
    assert!(ground_sigma_m < surface_sigma_m);
    let level = FlatGround { height: EllipsoidHeight(5.0), sigma_m: 2.0 };
    let tiles = Tiles::new(vec![Box::new(ground), Box::new(surface), Box::new(level)]);
    let check = |lat_deg, lon_deg, height_m, sigma_m: f64| {
        let place = at(lat_deg, lon_deg);
        assert_eq!(tiles.height(place), Some(EllipsoidHeight(height_m)), "{place:?}");
        assert!((tiles.sigma_at_m(place) - sigma_m).abs() < 1e-12, "{place:?}");
        let probe = tiles.probe(place, EllipsoidHeight(100.0), Fall { level: 0.6, sink: 0.8 });
        assert_eq!(probe.ground, tiles.height(place));
        assert!(probe.free_m <= 95.0 / 0.8);
    };
    check(28.9975, 118.0033, 10.0, ground_sigma_m);
    check(28.9985, 118.0015, 20.0, surface_sigma_m);
    check(28.9985, 118.0045, 20.0, surface_sigma_m);
    check(28.5, 118.0005, 5.0, 2.0);
    assert_eq!(
        (tiles.bounds().lowest, tiles.bounds().highest),
        (EllipsoidHeight(5.0), EllipsoidHeight(20.0))
    );
    assert_eq!(tiles.bounds().corners, None);
    assert!((tiles.sigma_m() - 2.0).abs() < 1e-12);
    assert!(tiles.ground().is_some() && Tiles::new(Vec::new()).ground().is_none());
}
