//! Samples of telemetry on one time line, looked up and interpolated at the time of a frame.
//!
//! Nothing is extrapolated: before the first and behind the last sample, and in gaps, the nearest sample stands for at
//! most [`PoseConfig::max_age_us`]; beyond that the pose is stale. Angles turn the short way (slerp of the attitude).

mod interpolate;

use std::collections::BTreeMap;

pub use interpolate::interpolate;

use gis::camera::CameraMotion;
use gis::geodesy::metres_per_degree;

use crate::frame::TelemetryPacket;
use crate::telemetry::{Sample, klv};

/// How a track keeps and judges its samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoseConfig {
    /// How far a sample may lie from the frame, microseconds.
    pub max_age_us: i64,
    /// Samples kept; beyond that the oldest go.
    pub capacity: usize,
}

impl Default for PoseConfig {
    /// Half a second, and some minutes of samples.
    fn default() -> Self {
        Self { max_age_us: 500_000, capacity: 8192 }
    }
}

/// What a track knows of one moment.
#[derive(Debug, Clone, PartialEq)]
pub enum PoseLookup {
    /// A sample of that very moment.
    Exact(Sample),
    /// Between two samples, both near enough.
    Interpolated(Sample),
    /// Only on one side there is a sample near enough: that one, as it is.
    Held {
        /// The sample.
        sample: Sample,
        /// How far it lies from the moment, microseconds.
        age_us: i64,
    },
    /// The nearest sample is too far.
    Stale {
        /// How far it is, microseconds.
        age_us: i64,
    },
    /// The moment is later than every sample and the feed is not over: ask again, or [`PoseTrack::settle`].
    NotYet,
    /// There is no sample at all.
    Empty,
}

impl PoseLookup {
    /// Returns the sample, if the track gives one.
    pub fn sample(&self) -> Option<&Sample> {
        match self {
            Self::Exact(sample) | Self::Interpolated(sample) | Self::Held { sample, .. } => Some(sample),
            Self::Stale { .. } | Self::NotYet | Self::Empty => None,
        }
    }
}

/// Samples by their time.
///
/// The caller chooses the time line once and keeps to it: time since the first frame where the carrier tells it, else
/// the sensor's own clock.
///
/// # Units
/// Microseconds on every time.
#[derive(Debug, Clone, Default)]
pub struct PoseTrack {
    config: PoseConfig,
    samples: BTreeMap<i64, Sample>,
    is_over: bool,
}

impl PoseTrack {
    /// Starts without samples.
    pub fn new(config: PoseConfig) -> Self {
        Self { config, samples: BTreeMap::new(), is_over: false }
    }

    /// Adds a sample, in any order; of two of the same time the later one given stays.
    pub fn push(&mut self, at_us: i64, sample: Sample) {
        self.samples.insert(at_us, sample);
        while self.samples.len() > self.config.capacity.max(1) {
            self.samples.pop_first();
        }
    }

    /// Adds the sample of a packet of MISB ST 0601; one without a time belongs to `otherwise_us`, a damaged one is never used.
    pub fn push_klv(&mut self, packet: &TelemetryPacket, otherwise_us: i64) {
        let at_us = packet.elapsed_us.unwrap_or(otherwise_us);
        match klv::decode(&packet.klv).map(|packet| packet.sample()) {
            Ok(Some(sample)) => self.push(at_us, Sample { elapsed_us: Some(at_us), ..sample }),
            Ok(None) => tracing::debug!("KLV packet with a wrong checksum at {at_us} us"),
            Err(error) => tracing::debug!("KLV packet at {at_us} us: {error}"),
        }
    }

    /// Says that no sample will follow.
    pub fn finish(&mut self) {
        self.is_over = true;
    }

    /// Returns how many samples are kept.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Says whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// Returns the time of the newest sample.
    pub fn newest_us(&self) -> Option<i64> {
        self.samples.last_key_value().map(|(&at_us, _)| at_us)
    }

    /// Returns the pose at a time, [`PoseLookup::NotYet`] while a later sample may still better it.
    pub fn at(&self, at_us: i64) -> PoseLookup {
        match self.newest_us() {
            Some(newest_us) if at_us > newest_us && !self.is_over => PoseLookup::NotYet,
            _ => self.settle(at_us),
        }
    }

    /// Returns the pose at a time by the samples there are: for a caller that waits no longer.
    pub fn settle(&self, at_us: i64) -> PoseLookup {
        let before = self.samples.range(..=at_us).next_back();
        let after = self.samples.range(at_us..).next();
        let age = |side: Option<(&i64, &Sample)>| {
            side.map(|(&other_us, _)| at_us.saturating_sub(other_us).saturating_abs())
        };
        let near = |age_us: Option<i64>| age_us.is_some_and(|age_us| age_us <= self.config.max_age_us);
        let (age_before, age_after) = (age(before), age(after));
        match (before, after) {
            (None, None) => PoseLookup::Empty,
            (Some((&time, sample)), _) if time == at_us => PoseLookup::Exact(sample.clone()),
            (Some((&start, earlier)), Some((&end, later))) if near(age_before) && near(age_after) => {
                let part = (at_us - start) as f64 / (end - start) as f64;
                PoseLookup::Interpolated(interpolate(earlier, later, part))
            }
            _ => {
                let sides = [before.zip(age_before), after.zip(age_after)];
                let nearest = sides.into_iter().flatten().min_by_key(|(_, age_us)| *age_us);
                self.hold(nearest.map(|((_, sample), age_us)| (sample, age_us)))
            }
        }
    }

    /// Returns the velocity of the camera around a time, by the samples before and after it: east, north, up; `None` where one of
    /// them is missing or too far. Without heights on both sides, up is 0.
    ///
    /// # Units
    /// Metres a second.
    pub fn velocity_enu_m_per_s(&self, at_us: i64) -> Option<[f64; 3]> {
        let (before, after, secs) = self.around(at_us)?;
        let (from, to) = (before.position?, after.position?);
        let (north_m, east_m) = metres_per_degree(f64::midpoint(from.lat_deg, to.lat_deg));
        let climb = |a: Option<f64>, b: Option<f64>| a.zip(b).map(|(a, b)| b - a);
        let up_m = climb(before.ellipsoid_height.map(|h| h.0), after.ellipsoid_height.map(|h| h.0))
            .or_else(|| climb(before.geoid_height.map(|h| h.0), after.geoid_height.map(|h| h.0)))
            .or_else(|| climb(before.above_takeoff.map(|h| h.0), after.above_takeoff.map(|h| h.0)));
        let way_m = [
            short_way_deg(to.lon_deg - from.lon_deg) * east_m,
            (to.lat_deg - from.lat_deg) * north_m,
            up_m.unwrap_or(0.0),
        ];
        Some(way_m.map(|metres| metres / secs))
    }

    /// Returns how the camera moves and turns around a time, by the samples before and after it; without an attitude on both
    /// sides it does not turn.
    pub fn motion(&self, at_us: i64) -> Option<CameraMotion> {
        let velocity = self.velocity_enu_m_per_s(at_us)?;
        let (before, after, secs) = self.around(at_us)?;
        let turn = before.enu_from_camera().zip(after.enu_from_camera());
        let turn = turn.map(|(from, to)| (to * from.inverse()).scaled_axis() / secs);
        Some(CameraMotion {
            velocity_enu_m_per_s: velocity.into(),
            turn_enu_rad_per_s: turn.unwrap_or_default(),
        })
    }

    /// The samples before and after a time and the seconds between them, unless they are too far apart.
    fn around(&self, at_us: i64) -> Option<(&Sample, &Sample, f64)> {
        let (start_us, before) = self.samples.range(..=at_us).next_back()?;
        let (end_us, after) = self.samples.range(at_us.saturating_add(1)..).next()?;
        let apart_us = end_us - start_us;
        let near = apart_us > 0 && apart_us <= 2 * self.config.max_age_us;
        near.then_some((before, after, apart_us as f64 / 1e6))
    }

    fn hold(&self, nearest: Option<(&Sample, i64)>) -> PoseLookup {
        match nearest {
            None => PoseLookup::Empty,
            Some((sample, age_us)) if age_us <= self.config.max_age_us => {
                PoseLookup::Held { sample: sample.clone(), age_us }
            }
            Some((_, age_us)) => PoseLookup::Stale { age_us },
        }
    }
}

/// A difference of longitudes, the short way across the antimeridian.
fn short_way_deg(difference_deg: f64) -> f64 {
    (difference_deg + 540.0).rem_euclid(360.0) - 180.0
}
