//! `store TARGET INCIDENTS OBSERVATIONS WRITERS [filled]`: observations a second that writers absorb at once, as JSON, with the processor time of this
//! process (that of a PostgreSQL server is not in it).
//!
//! TARGET is `deduper` (no store at all), `memory`, a file or a PostgreSQL URL. The city is a grid of things 265 m apart (10 000 on 700 km²). A flight sees
//! four of them in each of eight frames and goes on to the next four; each writer begins in another quarter and passes over
//! the whole city. With `filled`, one pass that makes the incidents comes first and is not measured.

use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use cpu_time::ProcessTime;
use gis::dedupe::{DedupeConfig, Deduper};
use gis::observation::{ModelRef, TimeQuality, TimeSource};
use gis::{
    EllipsoidHeight, Footprint, GeoPoint, GroundPosition, LatLon, Location, Look, Observation, ObservationId,
};
use jiff::{SignedDuration, Timestamp};
use nalgebra::Matrix3;
use store::{Batch, MemoryStore, PostgresStore, Run, RunId, SeenFrame, SqliteStore, Store};
use uuid::Uuid;

const SPACING_M: f64 = 265.0;
const A_FRAME: u64 = 4;
const FRAMES_A_GROUP: u64 = 8;
const FRAMES_A_BATCH: usize = 64;
const METRE_DEG: f64 = 1.0 / 111_195.0;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [target, incidents, observations, writers, rest @ ..] = &arguments[..] else {
        anyhow::bail!("usage: store TARGET INCIDENTS OBSERVATIONS WRITERS [filled]");
    };
    let city = City { groups: incidents.parse::<u64>().context("INCIDENTS")? / A_FRAME };
    let writers: u64 = writers.parse().context("WRITERS")?;
    let filled = rest.first().is_some_and(|word| word == "filled");
    let observations: u64 = observations.parse().context("OBSERVATIONS")?;
    let groups_a_writer = observations / A_FRAME / FRAMES_A_GROUP / writers;
    if target == "deduper" {
        alone(&city, groups_a_writer, filled);
        return Ok(());
    }
    let mut first = open(target)?;
    if filled {
        fill(&mut *first, &city)?;
    }
    let (start, cpu) = (Instant::now(), ProcessTime::now());
    if writers == 1 {
        fly(&mut *first, &city, 0, 0, groups_a_writer)?;
    } else {
        std::thread::scope(|scope| -> anyhow::Result<()> {
            let writer = |writer: u64| {
                let first_group = writer * city.groups / writers;
                let city = &city;
                move || fly(&mut *open(target)?, city, writer, first_group, groups_a_writer)
            };
            let threads: Vec<_> = (0..writers).map(|number| scope.spawn(writer(number))).collect();
            threads.into_iter().try_for_each(|thread| thread.join().expect("a writer panicked"))
        })?;
    }
    let (seconds, cpu_seconds) = (start.elapsed().as_secs_f64(), cpu.elapsed().as_secs_f64());
    let absorbed = groups_a_writer * FRAMES_A_GROUP * A_FRAME * writers;
    let open = first.open_incidents()?.len();
    let kind = match target.as_str() {
        "memory" => "memory",
        url if url.starts_with("postgresql:") => "postgresql",
        _ => "sqlite",
    };
    print(kind, (writers, open, absorbed), (seconds, cpu_seconds));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the figure is the result")]
fn print(kind: &str, (writers, open, absorbed): (u64, usize, u64), (seconds, cpu_seconds): (f64, f64)) {
    let rate = absorbed as f64 / seconds;
    let micros = 1e6 / rate;
    let cpu_micros = 1e6 * cpu_seconds / absorbed as f64;
    println!(
        "{{\"store\": \"{kind}\", \"writers\": {writers}, \"open_incidents\": {open}, \"observations\": {absorbed}, \
         \"a_second\": {rate:.0}, \"micros_each\": {micros:.0}, \
         \"cpu_micros_each\": {cpu_micros:.0}, \"peak_mib\": {:.0}}}",
        peak_mib()
    );
}

/// Most memory that this process ever had (proc_pid_status(5), VmHWM); nothing where the system does not say.
fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse::<f64>().ok());
    kib.unwrap_or(f64::NAN) / 1024.0
}

/// The same flight into a deduper that keeps everything itself.
fn alone(city: &City, groups: u64, filled: bool) {
    let mut deduper = Deduper::new(DedupeConfig::default(), Vec::new());
    if filled {
        for group in 0..city.groups {
            let SeenFrame { look, observations } = city.frame(99, group, group);
            deduper.absorb_frame(&look, observations);
        }
    }
    let (start, cpu) = (Instant::now(), ProcessTime::now());
    for step in 0..groups {
        for nth in 0..FRAMES_A_GROUP {
            let number = city.groups + step * FRAMES_A_GROUP + nth;
            let SeenFrame { look, observations } = city.frame(0, step % city.groups, number);
            deduper.absorb_frame(&look, observations);
        }
    }
    let spent = (start.elapsed().as_secs_f64(), cpu.elapsed().as_secs_f64());
    let open = deduper.incidents().iter().filter(|incident| incident.is_open()).count();
    print("deduper", (1, open, groups * FRAMES_A_GROUP * A_FRAME), spent);
}

fn open(target: &str) -> anyhow::Result<Box<dyn Store>> {
    Ok(match target {
        "memory" => Box::new(MemoryStore::new()),
        url if url.starts_with("postgresql:") => Box::new(PostgresStore::open(url)?),
        path => Box::new(SqliteStore::open(Path::new(path))?),
    })
}

struct City {
    groups: u64,
}

/// One frame over each group.
fn fill(store: &mut dyn Store, city: &City) -> anyhow::Result<()> {
    let frames: Vec<SeenFrame> = (0..city.groups).map(|group| city.frame(99, group, group)).collect();
    absorb(store, &frames)
}

fn fly(store: &mut dyn Store, city: &City, writer: u64, first_group: u64, groups: u64) -> anyhow::Result<()> {
    let mut frames = Vec::new();
    for step in 0..groups {
        let group = (first_group + step) % city.groups;
        for nth in 0..FRAMES_A_GROUP {
            frames.push(city.frame(writer, group, city.groups + step * FRAMES_A_GROUP + nth));
        }
        if frames.len() >= FRAMES_A_BATCH {
            absorb(store, &frames)?;
            frames.clear();
        }
    }
    absorb(store, &frames)
}

fn absorb(store: &mut dyn Store, frames: &[SeenFrame]) -> anyhow::Result<()> {
    let run = Run {
        id: RunId(Uuid::from_u128(1)),
        inputs: Vec::new(),
        frames: 0,
        analysed_frames: 0,
        detections: 0,
    };
    let config = DedupeConfig::default();
    for frames in frames.chunks(FRAMES_A_BATCH) {
        let at = frames.last().map_or(Timestamp::UNIX_EPOCH, |frame| frame.look.time);
        store.absorb(&Batch { run: &run, at, config: &config, frames })?;
    }
    Ok(())
}

impl City {
    /// A frame of a writer over a group of things; `number` counts the frames of the writer.
    fn frame(&self, writer: u64, group: u64, number: u64) -> SeenFrame {
        let columns = (self.groups as f64).sqrt().ceil().max(1.0) as u64;
        let north_m = (group / columns) as f64 * SPACING_M;
        let east_m = |nth: u64| ((group % columns) * A_FRAME + nth) as f64 * SPACING_M / A_FRAME as f64 * 2.0;
        let time = Timestamp::UNIX_EPOCH + SignedDuration::from_millis(500 * number as i64);
        let west_m = east_m(0) - 20.0;
        let footprint = ring(north_m - 50.0, west_m, north_m + 50.0, east_m(A_FRAME - 1) + 20.0);
        let look = Look {
            source: format!("drone-{writer}"),
            frame_index: number,
            time,
            footprint: Some(footprint),
            eye: None,
            classes: Vec::new(),
        };
        let observations =
            (0..A_FRAME).map(|nth| observation(&look, writer, nth, (north_m, east_m(nth)))).collect();
        SeenFrame { look, observations }
    }
}

fn place(north_m: f64, east_m: f64) -> LatLon {
    LatLon { lat_deg: 28.5 + north_m * METRE_DEG, lon_deg: 118.5 + east_m * METRE_DEG / 0.875 }
}

fn ring(south_m: f64, west_m: f64, north_m: f64, east_m: f64) -> Vec<LatLon> {
    vec![place(south_m, west_m), place(south_m, east_m), place(north_m, east_m), place(north_m, west_m)]
}

fn observation(look: &Look, writer: u64, nth: u64, (north_m, east_m): (f64, f64)) -> Observation {
    let mixed = (writer << 56 ^ look.frame_index << 8 ^ nth).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let noise_m = |bits: u64| (bits % 2_001) as f64 / 1_000.0 - 1.0;
    let (north_m, east_m) = (north_m + noise_m(mixed >> 40), east_m + noise_m(mixed >> 20 & 0xFFFFF));
    let point = GeoPoint { lat_lon: place(north_m, east_m), height: EllipsoidHeight(70.0) };
    let id = u128::from(mixed) << 64
        | u128::from(writer) << 56
        | u128::from(look.frame_index) << 8
        | u128::from(nth);
    Observation {
        id: ObservationId(Uuid::from_u128(id)),
        class: "waterlogging".to_owned(),
        source: look.source.clone(),
        frame_index: look.frame_index,
        time: look.time,
        time_quality: TimeQuality { source: TimeSource::Klv, sigma_millis: 1.0 },
        score: 0.8,
        location: Location::Ground(GroundPosition::new(point, Matrix3::from_diagonal_element(2.5))),
        footprint: Some(Footprint {
            ring: ring(north_m - 4.0, east_m - 5.0, north_m + 4.0, east_m + 5.0),
            area_m2: 80.0,
            truncated: false,
        }),
        model: ModelRef { pack: "waterlogging".to_owned(), version: "1".to_owned(), sha256: "0".repeat(64) },
    }
}
