//! From pixels to positions with their covariance: over level ground and over a 1 m terrain grid, one core.
//!
//! Throughput is in pixels. `plain` beside each is the textbook way, `gis/tests/all/plain.rs`: half-sample steps from the
//! camera on, an iterated conversion to latitude and longitude at each, no covariance.

use std::io::Cursor;

use std::time::Duration;

use cpu_time::ThreadTime;
use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gis::camera::{Attitude, Distortion, HeadingSource, PositionSource};
use gis::georef::{Limits, ground_point, locate};
use gis::terrain::GeoTiffOptions;
use gis::{
    EllipsoidHeight, FlatGround, GeoPoint, GeoTiff, HeightDatum, Intrinsics, LatLon, Pose, PoseSigma,
    Terrain, View,
};
use tiff::encoder::{TiffEncoder, colortype};
use tiff::tags::Tag;

#[path = "../../gis/tests/all/plain.rs"]
mod plain;

const GROUND_M: f64 = 70.0;
const ABOVE_M: f64 = 100.0;
const PLACE: LatLon = LatLon { lat_deg: 28.97, lon_deg: 118.85 };
/// Cells along a side of the grid.
const SIDE: u32 = 1_500;
const PIXELS: usize = 1_000;

fn ideal_lens() -> Intrinsics {
    Intrinsics::from_fov(1920.0, 1080.0, 73.0, None).expect("the lens is usable")
}

fn brown_lens() -> Intrinsics {
    let distortion = Distortion { k1: -0.11, k2: 0.02, p1: 4e-4, p2: -3e-4, ..Distortion::default() };
    Intrinsics { distortion, ..ideal_lens() }
}

fn pose(pitch_deg: f64) -> Pose {
    let sigma = PoseSigma::usual(PositionSource::Gnss, HeadingSource::Compass);
    let point = GeoPoint { lat_lon: PLACE, height: EllipsoidHeight(GROUND_M + ABOVE_M) };
    Pose::from_attitude(point, Attitude { heading_deg: 140.0, pitch_deg, roll_deg: 2.0 }, sigma)
}

/// Hills of 20 m with houses on them, in UTM zone 50, around `PLACE`.
fn hills() -> GeoTiff {
    let (east0, north0) = (680_268.0 - f64::from(SIDE) / 2.0, 3_206_215.0 + f64::from(SIDE) / 2.0);
    let cells: Vec<f32> = (0..SIDE * SIDE)
        .map(|index| {
            let (column, row) = (f64::from(index % SIDE), f64::from(index / SIDE));
            let hill = 10.0 * (column / 130.0).sin() + 8.0 * (row / 90.0).cos();
            let house = if index % SIDE % 40 < 12 && index / SIDE % 50 < 15 { 7.0 } else { 0.0 };
            (GROUND_M + hill + house) as f32
        })
        .collect();
    let mut out = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut out).expect("memory is writable");
    let mut image = encoder.new_image::<colortype::Gray32Float>(SIDE, SIDE).expect("the size is usable");
    let tags = image.encoder();
    let tag = Tag::from_u16_exhaustive;
    tags.write_tag(tag(33550), &[1.0, 1.0, 0.0][..]).expect("memory is writable");
    tags.write_tag(tag(33922), &[0.0, 0.0, 0.0, east0, north0, 0.0][..]).expect("memory is writable");
    let keys = [1_u16, 1, 0, 2, 1025, 0, 1, 1, 3072, 0, 1, 32650];
    tags.write_tag(tag(34735), &keys[..]).expect("memory is writable");
    image.write_data(&cells).expect("memory is writable");
    let options = GeoTiffOptions::new(HeightDatum::Ellipsoidal);
    GeoTiff::from_bytes(&out.into_inner(), &options).expect("the grid is usable")
}

/// CPU time of the thread, so that what else the machine does counts less.
struct CpuTime;

impl Measurement for CpuTime {
    type Intermediate = ThreadTime;
    type Value = Duration;

    fn start(&self) -> ThreadTime {
        ThreadTime::now()
    }

    fn end(&self, start: ThreadTime) -> Duration {
        start.elapsed()
    }

    fn add(&self, a: &Duration, b: &Duration) -> Duration {
        *a + *b
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_nanos() as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

/// Pixels all over the picture.
fn pixels() -> Vec<(f64, f64)> {
    (0..PIXELS).map(|i| ((i * 7_919 % 1920) as f64 + 0.3, (i * 6_007 % 1080) as f64 + 0.7)).collect()
}

fn bench(criterion: &mut Criterion<CpuTime>, ground: &str, terrain: &dyn Terrain) {
    let mut group = criterion.benchmark_group(ground);
    group.throughput(Throughput::Elements(PIXELS as u64));
    let pixels = pixels();
    for (lens_name, lens) in [("pinhole", ideal_lens()), ("brown", brown_lens())] {
        for (pose_name, pitch_deg) in [("nadir", -90.0), ("oblique", -45.0)] {
            let pose = pose(pitch_deg);
            let view = View::new(&lens, &pose, terrain);
            let name = format!("{lens_name} {pose_name}");
            let located = pixels.iter().filter(|&&(u, v)| ground_point(&view, u, v).is_ok()).count();
            assert_eq!(located, PIXELS, "every pixel has a place");
            group.bench_function(BenchmarkId::new("locate", &name), |b| {
                b.iter(|| pixels.iter().filter(|&&(u, v)| locate(&view, u, v, 2.0).is_ok()).count());
            });
            group.bench_function(BenchmarkId::new("plain, without covariance", &name), |b| {
                let found =
                    |pixel| plain::ground_point((&lens, &pose, terrain), Limits::default(), pixel, 0.5);
                b.iter(|| pixels.iter().filter(|pixel| found(**pixel).is_ok()).count());
            });
        }
    }
    group.finish();
}

fn georef(criterion: &mut Criterion<CpuTime>) {
    let flat = FlatGround { height: EllipsoidHeight(GROUND_M), sigma_m: 0.5 };
    bench(criterion, "level ground", &flat);
    bench(criterion, "1 m grid", &hills());
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(CpuTime);
    targets = georef
}
criterion_main!(benches);
