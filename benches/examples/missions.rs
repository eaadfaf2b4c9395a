//! Figures of mission planning: length of sweeps beside a lower bound, what they see, and fleets of docks over cities.
//! `missions sweep`, `missions fleet [SEED]`, or both when nothing is said.

use std::f64::consts::TAU;

use cpu_time::ProcessTime;
use geo::{Area as _, BooleanOps, Coord, LineString, MapCoords, MultiPolygon, Polygon};
use gis::terrain::{Terrain, TerrainBounds};
use gis::{EllipsoidHeight, LatLon};
use missions::area::Area;
use missions::coverage::coverage;
use missions::fleet::{self, Dock, Pace};
use missions::optics::{Geometry, Look, Overlap, geometry};
use missions::planner::{Planner, Stretch};
use missions::survey::{Swath, SweepOptions, sweep};
use missions::{Aircraft, LegKind, Plane};

const POLYGONS: u64 = 50;
const LEAST_SWATHS: f64 = 30.0;
const GSD_M: f64 = 0.025;
const CITY: LatLon = LatLon { lat_deg: 28.95, lon_deg: 118.87 };

fn main() -> anyhow::Result<()> {
    let aircraft = Aircraft::from_toml(include_str!("../../configs/aircraft/m3td.toml"))?;
    let asked = std::env::args().nth(1);
    let city = std::env::args().nth(2).map_or(Ok(77), |seed| seed.parse())?;
    let wants = |name: &str| asked.as_deref().is_none_or(|asked| asked == name);
    if wants("sweep") {
        for (front, side) in [(0.7, 0.6), (0.7, 0.2)] {
            sweeps(&aircraft, Overlap { front, side })?;
        }
    }
    if wants("fleet") {
        for (km2, docks) in [(700.0, 23), (2000.0, 70)] {
            fleets(&aircraft, (km2, docks), city)?;
        }
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the figures are the result")]
fn say(text: &str) {
    println!("{text}");
}

fn look(aircraft: &Aircraft, overlap: Overlap) -> anyhow::Result<Geometry> {
    Ok(geometry(aircraft, Look { gsd_m: GSD_M, overlap })?)
}

/// Ground with hills of 60 m, 1.5 km from one to the next.
struct Hills;

impl Terrain for Hills {
    fn height(&self, at: LatLon) -> Option<EllipsoidHeight> {
        let place = Plane::around(CITY).metres(at);
        let wave = |metres: f64| (metres / 1500.0 * TAU).sin();
        Some(EllipsoidHeight(100.0 + 30.0 * wave(place.x) * wave(place.y + 400.0)))
    }
    fn sigma_m(&self) -> f64 {
        0.5
    }
    fn bounds(&self) -> TerrainBounds {
        TerrainBounds { corners: None, lowest: EllipsoidHeight(70.0), highest: EllipsoidHeight(130.0) }
    }
    fn spacing_m(&self) -> f64 {
        10.0
    }
}

fn sweeps(aircraft: &Aircraft, overlap: Overlap) -> anyhow::Result<()> {
    let geometry = look(aircraft, overlap)?;
    let spacing_m = geometry.spacing_m;
    let start = ProcessTime::now();
    let mut over = Vec::new();
    let (mut level, mut hilly) = (Vec::new(), Vec::new());
    for seed in 0..POLYGONS {
        let shape = concave(seed, LEAST_SWATHS * spacing_m);
        let options = SweepOptions::default();
        let found = sweep(&shape, &Swath::of(&geometry), &options);
        let bound_m = shape.unsigned_area() / spacing_m + least_width_m(&shape) - spacing_m;
        over.push(((found.seen_m + found.transit_m) / bound_m - 1.0) * 100.0);
        let area = Area { plane: Plane::around(CITY), shape };
        for (ground, shares) in [(None, &mut level), (Some(&Hills as &dyn Terrain), &mut hilly)] {
            let look = Look { gsd_m: GSD_M, overlap };
            let planner = Planner { aircraft, look, ground, home: None, course_deg: None, pitch_deg: -90.0 };
            let stretches: Vec<Stretch> = found
                .lines
                .iter()
                .map(|(a, b)| Stretch {
                    way: vec![*a, *b],
                    kind: LegKind::Line,
                    serves: Vec::new(),
                    geometry,
                })
                .collect();
            let plan = planner.plan(&area.plane, &stretches)?;
            let seen = coverage(&plan, aircraft, &area, ground, (GSD_M, spacing_m / 6.0));
            shares.push(seen.share() * 100.0);
        }
    }
    over.sort_by(f64::total_cmp);
    let mean = over.iter().sum::<f64>() / over.len() as f64;
    let least = |shares: &[f64]| shares.iter().copied().fold(100.0, f64::min);
    say(&format!(
        "sweep, overlap {:.0}/{:.0}: {POLYGONS} concave polygons with holes, longer than the bound by mean {mean:.1} %, median {:.1} %, \
         worst {:.1} %; seen at the asked distance, least of all: level {:.2} %, hills {:.2} %; {:.1} s of one core",
        overlap.front * 100.0,
        overlap.side * 100.0,
        over[over.len() / 2],
        over[over.len() - 1],
        least(&level),
        least(&hilly),
        start.elapsed().as_secs_f64(),
    ));
    Ok(())
}

/// The least extent of a shape over all directions.
fn least_width_m(shape: &MultiPolygon<f64>) -> f64 {
    let extent = |deg: u32| {
        let (sin, cos) = f64::from(deg).to_radians().sin_cos();
        let across = shape.0.iter().flat_map(|p| p.exterior().coords()).map(|c| c.y * cos - c.x * sin);
        let (low, high) = across.fold((f64::MAX, f64::MIN), |(low, high), y| (low.min(y), high.max(y)));
        high - low
    };
    (0..180).map(extent).fold(f64::INFINITY, f64::min)
}

/// A star with corners in and out, and one to three holes of that kind in it.
fn concave(seed: u64, least_m: f64) -> MultiPolygon<f64> {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let corners = 8 + (random.next() * 12.0) as usize;
    let outer = star(&mut random, Coord { x: 0.0, y: 0.0 }, 1.0, corners, 0.45);
    let mut shape = MultiPolygon::from(outer);
    for _ in 0..=(random.next() * 3.0) as usize {
        let at = random.next() * TAU;
        let off = 0.15 + 0.35 * random.next();
        let centre = Coord { x: off * at.cos(), y: off * at.sin() };
        let size = 0.06 + 0.1 * random.next();
        let hole = star(&mut random, centre, size, 7, 0.5);
        shape = shape.difference(&MultiPolygon::from(hole));
    }
    // A hole at the edge may cut a chip off; the largest piece stays.
    let largest = shape.0.into_iter().max_by(|a, b| a.unsigned_area().total_cmp(&b.unsigned_area()));
    let shape = MultiPolygon::new(largest.into_iter().collect());
    let scale = least_m / least_width_m(&shape) * (1.0 + 0.5 * random.next());
    shape.map_coords(|c| Coord { x: c.x * scale, y: c.y * scale })
}

fn star(random: &mut Random, centre: Coord<f64>, size: f64, corners: usize, least: f64) -> Polygon<f64> {
    let ring: Vec<Coord<f64>> = (0..corners)
        .map(|k| {
            let angle = (k as f64 + 0.6 * random.next()) / corners as f64 * TAU;
            let radius = size * (least + (1.0 - least) * random.next());
            Coord { x: centre.x + radius * angle.cos(), y: centre.y + radius * angle.sin() }
        })
        .collect();
    Polygon::new(LineString::new(ring), Vec::new())
}

fn fleets(aircraft: &Aircraft, (km2, count): (f64, usize), city: u64) -> anyhow::Result<()> {
    let geometry = look(aircraft, Overlap::default())?;
    let pace = Pace::of(aircraft, &geometry);
    let mut random = Random(city);
    // A city with bays and a lake; docks on a jittered grid over it, as they are built.
    let outer = star(&mut random, Coord { x: 0.0, y: 0.0 }, 1.0, 24, 0.7);
    let lake = star(&mut random, Coord { x: 0.25, y: 0.1 }, 0.12, 9, 0.6);
    let shape = MultiPolygon::from(outer).difference(&MultiPolygon::from(lake));
    let scale = (km2 * 1e6 / shape.unsigned_area()).sqrt();
    let shape = shape.map_coords(|c| Coord { x: c.x * scale, y: c.y * scale });
    let docks = docks(&shape, count, &mut random);
    let start = ProcessTime::now();
    let mut enough = || start.elapsed().as_secs_f64() > 15.0;
    let found = fleet::plan(&shape, &docks, &geometry, &pace, &[], &mut enough)?;
    let sorties: usize = found.sorties.iter().map(Vec::len).sum();
    say(&format!(
        "fleet: {km2} km2, {count} docks: done in {:.2} h, bound {:.2} h, ratio {:.3}, without ways {:.3}; {sorties} sorties; {:.1} km not reached; \
         {:.1} s of one core",
        found.makespan_secs / 3600.0,
        found.bound_secs / 3600.0,
        found.makespan_secs / found.bound_secs,
        found.makespan_secs / fleet::without_ways_secs(shape.unsigned_area(), docks.len(), &pace),
        found.unreached_m / 1000.0,
        start.elapsed().as_secs_f64(),
    ));
    Ok(())
}

fn docks(shape: &MultiPolygon<f64>, count: usize, random: &mut Random) -> Vec<Dock> {
    use geo::{BoundingRect, Contains, Point};
    let Some(rect) = shape.bounding_rect() else { return Vec::new() };
    let widest_m = 1.2 * (rect.width() * rect.height() / count as f64).sqrt();
    let mut step_m = widest_m;
    loop {
        let mut docks = Vec::new();
        let (columns, rows) = ((rect.width() / step_m) as usize + 1, (rect.height() / step_m) as usize + 1);
        for row in 0..rows {
            for column in 0..columns {
                let at = Coord {
                    x: rect.min().x + (column as f64 + 0.25 + 0.5 * random.next()) * step_m,
                    y: rect.min().y + (row as f64 + 0.25 + 0.5 * random.next()) * step_m,
                };
                if shape.contains(&Point::from(at)) {
                    docks.push(Dock { id: format!("dock {}", docks.len() + 1), at, hours: None });
                }
            }
        }
        if docks.len() == count {
            return docks;
        }
        step_m = if docks.len() > count { widest_m } else { step_m * 0.99 };
    }
}

/// xorshift64*, numbers from 0 to 1.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1_u64 << 53) as f64
    }
}
