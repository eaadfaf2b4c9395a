//! The quick way to the ground against the plain one: random cameras over hills, houses, holes and edges of grids.

use std::sync::LazyLock;

use gis::camera::Attitude;
use gis::geodesy::{LocalFrame, metres_per_degree};
use gis::georef::{Limits, ground_point};
use gis::terrain::GeoTiffOptions;
use gis::{
    EllipsoidHeight, FlatGround, GeoPoint, GeoTiff, HeightDatum, Intrinsics, LatLon, NotLocated, Pose,
    PoseSigma, Terrain, Tiles, View,
};
use nalgebra::Vector3;
use tiff::encoder::colortype;

use crate::plain;
use crate::scene::{GROUND_M, ground, point, wide_lens};
use crate::terrain_geotiff::{File, GEOGRAPHIC};

/// Both ways find the same crossing to this.
const SAME_M: f64 = 1e-3;
/// Share of rays for which half-sample steps from different places may step over different corners.
const STEPPED_OVER: f64 = 0.01;
const SIDE: usize = 240;
const RAYS: usize = 3_000;

/// Uniform numbers from a fixed seed: SplitMix64.
pub struct Uniform(pub u64);

impl Uniform {
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.next()
    }
}

/// Hills with peaks of 25 m and houses; NaN in holes.
fn height_m(column: usize, row: usize, holes: bool) -> f32 {
    let (x, y) = (column as f64, row as f64);
    let hill =
        9.0 * (x / 31.0).sin() * (y / 23.0).cos() + 25.0 * (-((x - 150.0).hypot(y - 90.0) / 18.0)).exp();
    let house = if column % 37 < 9 && row % 41 < 11 { 8.0 } else { 0.0 };
    let hole = holes && (column / 12 + row / 17).is_multiple_of(7);
    if hole { f32::NAN } else { (GROUND_M + hill + house) as f32 }
}

fn cells(holes: bool) -> Vec<f32> {
    (0..SIDE * SIDE).map(|index| height_m(index % SIDE, index / SIDE, holes)).collect()
}

fn read(file: &File, holes: bool) -> GeoTiff {
    let encoded = file.encode::<colortype::Gray32Float>(SIDE as u32, SIDE as u32, &cells(holes));
    GeoTiff::from_bytes(&encoded, &GeoTiffOptions::new(HeightDatum::Ellipsoidal)).unwrap()
}

/// A 1 m grid in UTM zone 50.
static HILLS: LazyLock<GeoTiff> = LazyLock::new(|| {
    let corner = (680_000.0, 3_206_335.0);
    read(&File { scale: 1.0, corner, epsg: Some(32650), geographic: false, ..GEOGRAPHIC }, false)
});

static HOLED: LazyLock<GeoTiff> = LazyLock::new(|| {
    let corner = (680_000.0, 3_206_335.0);
    read(&File { scale: 1.0, corner, epsg: Some(32650), geographic: false, ..GEOGRAPHIC }, true)
});

/// A grid of latitude and longitude far north, with cells of 11 by 4 m.
static NORTHERN: LazyLock<GeoTiff> =
    LazyLock::new(|| read(&File { scale: 1e-4, corner: (15.0, 69.0), ..GEOGRAPHIC }, false));

/// Returns the grid with holes.
pub fn holed_hills() -> &'static GeoTiff {
    &HOLED
}

fn middle(terrain: &dyn Terrain) -> LatLon {
    let (low, high) = terrain.bounds().corners.unwrap();
    LatLon {
        lat_deg: f64::midpoint(low.lat_deg, high.lat_deg),
        lon_deg: f64::midpoint(low.lon_deg, high.lon_deg),
    }
}

fn camera(around: LatLon, (east, north): (f64, f64), height_m: f64, attitude: Attitude) -> Pose {
    let (north_m, east_m) = metres_per_degree(around.lat_deg);
    let at = LatLon { lat_deg: around.lat_deg + north / north_m, lon_deg: around.lon_deg + east / east_m };
    Pose::from_attitude(point(at, height_m), attitude, PoseSigma::new([1.0; 3], [1.0; 3]))
}

/// Returns a lens and a camera over the grid with holes.
pub fn look_at(aside: (f64, f64), above_m: f64, heading_deg: f64, pitch_deg: f64) -> (Intrinsics, Pose) {
    let attitude = Attitude { heading_deg, pitch_deg, roll_deg: 0.0 };
    (wide_lens(), camera(middle(holed_hills()), aside, GROUND_M + above_m, attitude))
}

struct Ray {
    camera: Pose,
    pixel: (f64, f64),
}

fn rays(around: LatLon, half_m: f64) -> impl Iterator<Item = Ray> {
    let mut number = Uniform(11);
    (0..RAYS).map(move |_| {
        let aside = (number.between(-half_m, half_m), number.between(-half_m, half_m));
        // Grazing rays as often as steep ones, cameras between the peaks as often as above them.
        let attitude = Attitude {
            heading_deg: number.between(0.0, 360.0),
            pitch_deg: -90.0 * number.next().powi(2) - 4.0,
            roll_deg: number.between(-10.0, 10.0),
        };
        let above_m = 250.0 * number.next().powi(3) - 5.0;
        let pixel = (number.between(0.0, 1920.0), number.between(0.0, 1080.0));
        Ray { camera: camera(around, aside, GROUND_M + above_m, attitude), pixel }
    })
}

fn range_m(camera: &Pose, found: GeoPoint) -> f64 {
    LocalFrame::at(camera.point).enu_from_point(found).norm()
}

/// A hit is a place where the ray comes from above and touches the ground, or runs into the step between two tiles.
fn assert_is_a_hit(terrain: &dyn Terrain, camera: &Pose, found: GeoPoint) {
    let frame = LocalFrame::at(camera.point);
    let enu: Vector3<f64> = frame.enu_from_point(found);
    let gap_m = |range_m: f64| {
        let on_ray = frame.point_from_enu(&(enu.normalize() * range_m));
        terrain.height(on_ray.lat_lon).map(|ground| on_ray.height.0 - ground.0)
    };
    let [before_m, there_m, after_m] = [-1e-3, 0.0, 1e-3].map(|step_m| gap_m(enu.norm() + step_m));
    assert!(before_m.is_none_or(|gap_m| gap_m > -1e-6), "{found:?} is met from below");
    let step = before_m.zip(after_m).is_some_and(|(before_m, after_m)| before_m > 0.01 && after_m < 0.0);
    assert!(there_m.unwrap().abs() < 1e-4 || step, "{found:?} is not on the ground");
}

fn check(name: &str, terrain: &dyn Terrain, around: LatLon, half_m: f64) {
    let lens = wide_lens();
    let limits = Limits { max_range_m: 1_500.0, min_depression_deg: 2.0 };
    let (mut found, mut refused, mut differ, mut worst_m) = (0, 0, 0, 0.0_f64);
    for ray in rays(around, half_m) {
        let view = View::new(&lens, &ray.camera, terrain).with_limits(limits);
        let quick = ground_point(&view, ray.pixel.0, ray.pixel.1);
        let plain = plain::ground_point((&lens, &ray.camera, terrain), limits, ray.pixel, 0.5);
        let same = match (quick, plain) {
            (Ok(quick), Ok((plain, _))) => {
                let apart_m = LocalFrame::at(plain).enu_from_point(quick).norm();
                worst_m = if apart_m < SAME_M { worst_m.max(apart_m) } else { worst_m };
                apart_m < SAME_M
            }
            (Err(quick), Err(plain)) => quick == plain,
            _ => false,
        };
        match quick {
            Ok(point) => {
                found += 1;
                assert_is_a_hit(terrain, &ray.camera, point);
            }
            Err(reason) => {
                refused += 1;
                assert!(reason != NotLocated::Degenerate);
            }
        }
        if !same {
            differ += 1;
            let fine = plain::ground_point((&lens, &ray.camera, terrain), limits, ray.pixel, 1.0 / 64.0);
            if let (Ok(quick), Ok((_, fine_m))) = (quick, fine) {
                assert!(range_m(&ray.camera, quick) > fine_m - SAME_M, "{name}: a hit before the first");
            }
        }
    }
    println!(
        "{name}: {found} found, {refused} refused, {differ} stepped over other corners, the rest within {worst_m:.1e} m"
    );
    assert!(found > RAYS / 20 && refused > RAYS / 20);
    assert!(f64::from(differ) <= STEPPED_OVER * RAYS as f64);
}

#[test]
fn hills_and_houses_are_met_where_the_plain_way_meets_them() {
    check("1 m grid", &*HILLS, middle(&*HILLS), 160.0);
}

#[test]
fn holes_refuse_the_rays_that_the_plain_way_refuses() {
    check("1 m grid with holes", &*HOLED, middle(&*HOLED), 130.0);
}

#[test]
fn a_grid_of_latitude_and_longitude_far_north_is_met_alike() {
    check("11 m by 4 m grid at 69 degrees", &*NORTHERN, middle(&*NORTHERN), 500.0);
}

#[test]
fn tiles_over_level_ground_are_met_alike() {
    let level = FlatGround { height: EllipsoidHeight(GROUND_M - 12.0), sigma_m: 2.0 };
    let tiles = Tiles::new(vec![Box::new(HOLED.clone()), Box::new(level)]);
    check("grid with holes over level ground", &tiles, middle(&*HOLED), 200.0);
}

#[test]
fn level_ground_is_met_alike_up_to_the_longest_range() {
    let (lens, ground) = (wide_lens(), ground());
    let limits = Limits { min_depression_deg: 0.5, ..Limits::default() };
    let mut number = Uniform(5);
    let mut farthest_m = 0.0_f64;
    for _ in 0..RAYS {
        let at = LatLon { lat_deg: number.between(-88.0, 88.0), lon_deg: number.between(-180.0, 180.0) };
        let attitude = Attitude {
            heading_deg: number.between(0.0, 360.0),
            pitch_deg: -90.0 * number.next().powi(3) - 1.0,
            roll_deg: number.between(-5.0, 5.0),
        };
        let camera = camera(at, (0.0, 0.0), GROUND_M + number.between(2.0, 3_000.0), attitude);
        let pixel = (number.between(0.0, 1920.0), number.between(0.0, 1080.0));
        let view = View::new(&lens, &camera, &ground).with_limits(limits);
        let quick = ground_point(&view, pixel.0, pixel.1);
        match (quick, plain::ground_point((&lens, &camera, &ground), limits, pixel, 1.0)) {
            (Ok(quick), Ok((plain, range_m))) => {
                let apart_m = LocalFrame::at(plain).enu_from_point(quick).norm();
                assert!(apart_m < SAME_M, "{apart_m} m at {range_m} m");
                farthest_m = farthest_m.max(range_m);
            }
            (quick, plain) => assert_eq!(quick.err(), plain.err()),
        }
    }
    assert!(farthest_m > 15_000.0, "{farthest_m}");
}
