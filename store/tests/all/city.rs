//! Frames over a city of known spots, and frames over ground where everything overlaps.

use gis::dedupe::{DedupeConfig, Deduper};
use gis::observation::{ModelRef, NotLocated, TimeQuality, TimeSource};
use gis::{
    EllipsoidHeight, Footprint, GeoPoint, GroundPosition, Incident, LatLon, Location, Look, Observation,
    ObservationId,
};
use store::{Batch, Run, RunId, SeenFrame, Store};
use uuid::Uuid;

use crate::findings::time;

pub const SPOTS_A_FRAME: u64 = 3;
const SPACING_M: f64 = 100.0;
const METRE_DEG: f64 = 1.0 / 111_195.0;

/// Numbers that look random and are always the same (SplitMix64).
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, count: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % count
    }

    pub fn within_m(&mut self, span_m: f64) -> f64 {
        (self.below(1_000_001) as f64 / 1e6 - 0.5) * span_m
    }
}

pub fn a_run() -> Run {
    Run {
        id: RunId(Uuid::from_u128(7)),
        inputs: vec!["hub".to_owned()],
        frames: 0,
        analysed_frames: 0,
        detections: 0,
    }
}

fn at(north_m: f64, east_m: f64) -> LatLon {
    LatLon { lat_deg: 28.97 + north_m * METRE_DEG, lon_deg: 118.86 + east_m * METRE_DEG / 0.875 }
}

fn square(centre_m: (f64, f64), half_m: f64) -> Vec<LatLon> {
    let (north, east) = centre_m;
    vec![
        at(north - half_m, east - half_m),
        at(north - half_m, east + half_m),
        at(north + half_m, east + half_m),
        at(north + half_m, east - half_m),
    ]
}

fn observation(id: u128, look: &Look, at_m: (f64, f64), half_m: Option<f64>) -> Observation {
    let point = GeoPoint { lat_lon: at(at_m.0, at_m.1), height: EllipsoidHeight(80.0) };
    let footprint = half_m.map(|half_m| Footprint {
        ring: square(at_m, half_m),
        area_m2: 4.0 * half_m * half_m,
        truncated: false,
    });
    Observation {
        id: ObservationId(Uuid::from_u128(id)),
        class: "waterlogging".to_owned(),
        source: look.source.clone(),
        frame_index: look.frame_index,
        time: look.time,
        time_quality: TimeQuality { source: TimeSource::Klv, sigma_millis: 0.1 },
        score: 0.8,
        location: Location::Ground(GroundPosition::new(point, nalgebra::Matrix3::from_diagonal_element(4.0))),
        footprint,
        model: ModelRef { pack: "waterlogging".to_owned(), version: "1".to_owned(), sha256: "0".repeat(64) },
    }
}

/// Frames of several sources that each pass over all spots several times, in order of time.
pub fn sweeps(sources: u64, spots: u64, passes: u64) -> Vec<SeenFrame> {
    let mut random = Random(1);
    let mut frames = Vec::new();
    let of_pass = spots.div_ceil(SPOTS_A_FRAME);
    for step in 0..passes * of_pass {
        for source in 0..sources {
            let first = step % of_pass * SPOTS_A_FRAME;
            let middle_m = ((first + 1) as f64 * SPACING_M, 0.0);
            let look = Look {
                source: format!("drone-{source}"),
                frame_index: step,
                time: time((step * sources + source) as i64),
                footprint: Some(square(middle_m, 1.4 * SPACING_M)),
                eye: None,
                classes: Vec::new(),
            };
            let spots = first..(first + SPOTS_A_FRAME).min(spots);
            let seen = spots.map(|spot| {
                let id = u128::from(source) << 96 | u128::from(step) << 48 | u128::from(spot) << 1 | 1;
                let at_m = (spot as f64 * SPACING_M + random.within_m(3.0), random.within_m(3.0));
                observation(id, &look, at_m, Some(4.0))
            });
            let observations = seen.collect();
            frames.push(SeenFrame { look, observations });
        }
    }
    frames
}

/// Frames of a few sources over ground where things lie so close that they merge, with some that have no place.
pub fn crowded(count: u64, seed: u64) -> Vec<SeenFrame> {
    let mut random = Random(seed);
    let frame = |number: u64| {
        let middle_m = (random.within_m(500.0), random.within_m(500.0));
        let look = Look {
            source: format!("drone-{}", random.below(3)),
            frame_index: number,
            time: time(3 * number as i64),
            footprint: (random.below(4) > 0).then(|| square(middle_m, 120.0)),
            eye: None,
            classes: Vec::new(),
        };
        let seen = (0..random.below(4)).map(|nth| {
            let at_m = (middle_m.0 + random.within_m(200.0), middle_m.1 + random.within_m(200.0));
            let half_m = (random.below(3) > 0).then(|| 4.0 + random.below(30) as f64);
            let mut seen = observation(u128::from(number) << 8 | u128::from(nth), &look, at_m, half_m);
            if random.below(6) == 0 {
                seen.location = Location::Unlocated { reason: NotLocated::NoAttitude, place: None };
                seen.footprint = None;
            }
            seen
        });
        let observations = seen.collect();
        SeenFrame { look, observations }
    };
    (0..count).map(frame).collect()
}

/// What a deduper that knows all incidents makes of the frames.
pub fn incidents_of(frames: &[SeenFrame]) -> Vec<Incident> {
    incidents_by(&DedupeConfig::default(), frames)
}

/// The same by a configuration.
pub fn incidents_by(config: &DedupeConfig, frames: &[SeenFrame]) -> Vec<Incident> {
    let mut deduper = Deduper::new(config.clone(), Vec::new());
    for frame in frames {
        deduper.absorb_frame(&frame.look, frame.observations.clone());
    }
    deduper.into_incidents()
}

/// Absorbs frames in batches of a size, each saved at the time of its last frame.
pub fn absorb_all(store: &mut dyn Store, frames: &[SeenFrame], size: usize) {
    absorb_all_by(&DedupeConfig::default(), store, frames, size);
}

/// The same by a configuration.
pub fn absorb_all_by(config: &DedupeConfig, store: &mut dyn Store, frames: &[SeenFrame], size: usize) {
    for batch in frames.chunks(size) {
        let at = batch.last().unwrap().look.time;
        store.absorb(&Batch { run: &a_run(), at, config, frames: batch }).unwrap();
    }
}

/// Asserts that each spot is one open incident, and that every observation belongs to one.
pub fn assert_each_spot_once(store: &dyn Store, spots: u64, frames: &[SeenFrame]) {
    let open = store.open_incidents().unwrap();
    assert_eq!(open.len() as u64, spots, "one incident a spot");
    let mut nearest: Vec<i64> = open
        .iter()
        .map(|incident| {
            let lat_deg = incident.position.unwrap().point.lat_lon.lat_deg;
            ((lat_deg - 28.97) / METRE_DEG / SPACING_M).round() as i64
        })
        .collect();
    nearest.sort_unstable();
    assert_eq!(nearest, (0..spots as i64).collect::<Vec<_>>());
    let held: usize = open.iter().map(|incident| store.observations_of(incident.id).unwrap().len()).sum();
    assert_eq!(held, frames.iter().map(|frame| frame.observations.len()).sum::<usize>());
}
