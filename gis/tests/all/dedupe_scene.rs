//! A small scene for the dedupe tests: sheets of water at known places, seen by sources with known errors.

use gis::dedupe::Look;
use gis::observation::{ModelRef, NotLocated, TimeQuality, TimeSource};
use gis::{
    EllipsoidHeight, Footprint, GeoPoint, GroundPosition, LatLon, Location, Observation, ObservationId,
};
use jiff::Timestamp;
use nalgebra::Matrix3;
use uuid::Uuid;

/// South-west of everything, near Quzhou.
pub const ORIGIN: LatLon = LatLon { lat_deg: 28.97, lon_deg: 118.86 };
/// Metres per degree at the origin (WGS-84, latitude 28.97; NGA's length-of-a-degree formula).
const M_PER_DEG_LAT: f64 = 110_832.0;
const M_PER_DEG_LON: f64 = 97_455.0;

/// Metres east and north of the origin.
pub fn at(east_m: f64, north_m: f64) -> LatLon {
    LatLon {
        lat_deg: ORIGIN.lat_deg + north_m / M_PER_DEG_LAT,
        lon_deg: ORIGIN.lon_deg + east_m / M_PER_DEG_LON,
    }
}

/// Metres east and north of the origin.
pub fn metres(place: LatLon) -> (f64, f64) {
    ((place.lon_deg - ORIGIN.lon_deg) * M_PER_DEG_LON, (place.lat_deg - ORIGIN.lat_deg) * M_PER_DEG_LAT)
}

pub fn second(second: f64) -> Timestamp {
    let start: Timestamp = "2025-06-01T08:00:00Z".parse().unwrap();
    start + jiff::SignedDuration::from_secs_f64(second)
}

/// A sighting that is built up field by field.
#[derive(Clone)]
pub struct Seen {
    pub observation: Observation,
}

fn id_of(source: &str, frame: u64, east_m: f64, north_m: f64) -> ObservationId {
    let name = format!("{source}/{frame}/{east_m}/{north_m}");
    let mut value: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for byte in name.bytes() {
        value = (value ^ u128::from(byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b);
    }
    ObservationId(Uuid::from_u128(value))
}

/// A located sighting of a box-shaped sheet of water, one frame a second, CE90 of 5 m.
pub fn sheet(
    source: &str,
    frame: u64,
    (east_m, north_m): (f64, f64),
    (width_m, depth_m): (f64, f64),
) -> Seen {
    let (w, d) = (width_m / 2.0, depth_m / 2.0);
    let ring = [(-w, -d), (w, -d), (w, d), (-w, d)].map(|(x, y)| at(east_m + x, north_m + y)).to_vec();
    let point = GeoPoint { lat_lon: at(east_m, north_m), height: EllipsoidHeight(80.0) };
    let sigma_m: f64 = 5.0 / 2.146;
    Seen {
        observation: Observation {
            id: id_of(source, frame, east_m, north_m),
            class: "waterlogging".to_owned(),
            source: source.to_owned(),
            frame_index: frame,
            time: second(frame as f64),
            time_quality: TimeQuality { source: TimeSource::Klv, sigma_millis: 10.0 },
            score: 0.8,
            location: Location::Ground(GroundPosition::new(
                point,
                Matrix3::from_diagonal_element(sigma_m * sigma_m),
            )),
            footprint: Some(Footprint { ring, area_m2: width_m * depth_m, truncated: false }),
            model: ModelRef { pack: "p".to_owned(), version: "1".to_owned(), sha256: "0".repeat(64) },
        },
    }
}

impl Seen {
    pub fn truncated(mut self) -> Self {
        self.observation.footprint.as_mut().unwrap().truncated = true;
        self
    }

    pub fn ce90(mut self, ce90_m: f64) -> Self {
        let sigma_m = ce90_m / 2.146;
        if let Location::Ground(position) = &mut self.observation.location {
            position.covariance_enu_m2 = Matrix3::from_diagonal_element(sigma_m * sigma_m);
        }
        self
    }

    pub fn class(mut self, class: &str) -> Self {
        class.clone_into(&mut self.observation.class);
        self
    }

    pub fn score(mut self, score: f64) -> Self {
        self.observation.score = score;
        self
    }

    pub fn without_outline(mut self) -> Self {
        self.observation.footprint = None;
        self
    }

    pub fn unlocated(mut self) -> Self {
        let place = Some(ORIGIN);
        self.observation.location = Location::Unlocated { reason: NotLocated::NoAttitude, place };
        self.observation.footprint = None;
        self
    }

    pub fn shift_secs(mut self, secs: f64) -> Self {
        self.observation.time = second(self.observation.frame_index as f64 + secs);
        self
    }
}

/// A look at 400 m by 400 m around the origin.
pub fn look(source: &str, frame: u64) -> Look {
    let ring = vec![at(-200.0, -200.0), at(200.0, -200.0), at(200.0, 200.0), at(-200.0, 200.0)];
    Look {
        source: source.to_owned(),
        frame_index: frame,
        time: second(frame as f64),
        footprint: Some(ring),
        ..Look::default()
    }
}

pub fn observations(seen: Vec<Seen>) -> Vec<Observation> {
    seen.into_iter().map(|seen| seen.observation).collect()
}
