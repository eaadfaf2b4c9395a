//! What a simulated city day is made of: `scenario.toml`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use gis::LatLon;

/// A scenario that cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{key}: {reason}")]
pub struct ScenarioError {
    /// Path of the key.
    pub key: String,
    /// The value and what it must be.
    pub reason: String,
}

/// A closed range, written `[least, greatest]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Range(pub f64, pub f64);

/// A city day with known truth. Every number that the score depends on stands here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Version of the format, 1.
    pub version: u32,
    /// Seed of the first run; the n-th run of several takes `seed + n`.
    pub seed: u64,
    /// Configuration with zones, departments and rules, relative to the scenario.
    pub city: PathBuf,
    /// First moment of the day.
    pub start: Timestamp,
    /// The ground that is flown over.
    pub area: Area,
    /// What there is to find.
    pub things: Vec<Things>,
    /// Neighbours of one class among them.
    pub pairs: Pairs,
    /// The aircraft and their sweeps.
    pub aircraft: Aircraft,
    /// Fixed cameras.
    pub cameras: Cameras,
    /// What the models see and what they only believe to see.
    pub detector: Detector,
}

/// A rectangle of ground, its sides along the meridians and parallels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Area {
    /// Middle, WGS-84.
    pub centre: LatLon,
    /// East to west, kilometres.
    pub width_km: f64,
    /// North to south, kilometres.
    pub height_km: f64,
    /// Height of the ground above the ellipsoid, metres.
    pub ground_m: f64,
}

/// Things of one class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Things {
    /// Class, as in the model packs.
    pub class: String,
    /// How many.
    pub count: usize,
    /// Radius of the circle of their area, metres; drawn evenly over its logarithm.
    pub radius_m: Range,
    /// True where sightings have an outline on the ground. A plume has none; its foot is placed.
    pub outline: bool,
    /// Standard deviation of the place that a sighting shows around the true one, metres: a plume leans.
    #[serde(default)]
    pub lean_m: f64,
}

/// Pairs of one class that lie near to each other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pairs {
    /// How many pairs; they are among the things counted above.
    pub count: usize,
    /// Distance of their middles, metres.
    pub apart_m: Range,
}

/// The aircraft: each sweeps its part of the area in parallel legs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aircraft {
    /// Docks, one aircraft each.
    pub docks: usize,
    /// Sweeps over the whole area.
    pub sweeps: usize,
    /// From the start of one sweep to that of the next.
    pub sweep_every: SignedDuration,
    /// Height above ground, metres.
    pub height_m: f64,
    /// Pitch of the camera, drawn a flight, degrees.
    pub pitch_deg: Range,
    /// Speed over ground, metres a second.
    pub speed_m_per_s: f64,
    /// Frames looked at each second.
    pub fps: f64,
    /// Longest flight; then the battery is changed.
    pub flight: SignedDuration,
    /// Time on the dock between two flights.
    pub swap: SignedDuration,
    /// Width of the picture, pixels.
    pub width_px: f64,
    /// Height of the picture, pixels.
    pub height_px: f64,
    /// Horizontal field of view, degrees.
    pub hfov_deg: f64,
    /// Share of the swath that the next leg sees again.
    pub side_overlap: f64,
    /// Share of the aircraft with RTK.
    pub rtk_share: f64,
    /// Standard deviation of the position of the others, constant over a flight, metres.
    pub gnss_sigma_m: f64,
    /// Standard deviation of the position with RTK, constant over a flight, metres.
    pub rtk_sigma_m: f64,
    /// Standard deviation of the heading, constant over a flight, degrees.
    pub yaw_sigma_deg: f64,
    /// Standard deviation of a mask's place in the picture, pixels.
    pub pixel_sigma_px: f64,
}

/// Fixed cameras: each is looked at in bursts, as the presets of a tour are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cameras {
    /// How many.
    pub count: usize,
    /// How many of them look at one of the things; the others look at ground of their own.
    pub watching: usize,
    /// From one burst to the next.
    pub every: SignedDuration,
    /// Looks in a burst, one a second.
    pub burst: usize,
    /// Height above ground, metres.
    pub height_m: f64,
    /// Distance from the camera to the middle of its picture on the ground, metres.
    pub distance_m: Range,
    /// Horizontal field of view, degrees.
    pub hfov_deg: f64,
    /// Standard deviation of the calibrated attitude, constant, degrees.
    pub attitude_sigma_deg: f64,
}

/// Scores of detections of one cause: a mean a cause and a scatter around it, both normal in log-odds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scores {
    /// Mean over all causes, log-odds.
    pub mean: f64,
    /// Standard deviation of the means of causes, log-odds.
    pub between: f64,
    /// Standard deviation of the detections of one cause around its mean, log-odds.
    pub within: f64,
}

/// What the models see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detector {
    /// Coarsest ground, metres a pixel across the line of sight, on which anything is seen; what lies farther away is not looked at.
    pub coarsest_gsd_m: f64,
    /// Share of looks at a thing that miss it.
    pub miss: f64,
    /// False detections for each true one.
    pub false_per_true: f64,
    /// Detections in a row that one false cause makes; they lie on one spot of ground and look alike.
    pub false_run: Range,
    /// Scores of true detections.
    pub true_scores: Scores,
    /// Scores of false detections.
    pub false_scores: Scores,
    /// Standard deviation of the radius of a mask, as a share.
    pub outline_jitter: f64,
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// The first key that does not fit or holds a value that cannot be used.
    pub fn from_toml(text: &str) -> Result<Self, ScenarioError> {
        let read = toml::Deserializer::parse(text).map_err(|e| problem("", &e.to_string()))?;
        let scenario: Self = serde_path_to_error::deserialize(read)
            .map_err(|e| problem(&e.path().to_string(), &e.inner().to_string()))?;
        scenario.check()?;
        Ok(scenario)
    }

    /// Returns the number of things of all classes.
    pub fn thing_count(&self) -> usize {
        self.things.iter().map(|things| things.count).sum()
    }

    /// Refuses a scenario that cannot be used; for one that was changed after it was read.
    ///
    /// # Errors
    /// The first value that cannot be used, with its key.
    pub fn check(&self) -> Result<(), ScenarioError> {
        let Self { area, aircraft, cameras, detector, pairs, .. } = self;
        if self.version != 1 {
            return Err(problem("version", &format!("{} is not 1", self.version)));
        }
        let positive: BTreeMap<&str, f64> = BTreeMap::from([
            ("area.width_km", area.width_km),
            ("area.height_km", area.height_km),
            ("aircraft.height_m", aircraft.height_m),
            ("aircraft.speed_m_per_s", aircraft.speed_m_per_s),
            ("aircraft.fps", aircraft.fps),
            ("aircraft.flight", aircraft.flight.as_secs_f64()),
            ("aircraft.sweep_every", aircraft.sweep_every.as_secs_f64()),
            ("aircraft.width_px", aircraft.width_px),
            ("aircraft.height_px", aircraft.height_px),
            ("aircraft.hfov_deg", aircraft.hfov_deg),
            ("detector.coarsest_gsd_m", detector.coarsest_gsd_m),
            ("cameras.every", cameras.every.as_secs_f64()),
            ("cameras.height_m", cameras.height_m),
            ("cameras.hfov_deg", cameras.hfov_deg),
        ]);
        for (key, value) in positive {
            if !(value > 0.0 && value.is_finite()) {
                return Err(problem(key, &format!("{value} is not above 0")));
            }
        }
        for (key, value, most) in [
            ("aircraft.side_overlap", aircraft.side_overlap, 0.95),
            ("aircraft.rtk_share", aircraft.rtk_share, 1.0),
            ("detector.miss", detector.miss, 0.95),
        ] {
            if !(0.0..=most).contains(&value) {
                return Err(problem(key, &format!("{value} is not a share from 0 to {most}")));
            }
        }
        for (key, Range(least, greatest)) in self.ranges() {
            if !(least <= greatest && greatest.is_finite() && least.is_finite()) {
                return Err(problem(&key, &format!("[{least}, {greatest}] is not a range")));
            }
        }
        if LatLon::new(area.centre.lat_deg, area.centre.lon_deg).is_none() || area.centre.lat_deg.abs() > 80.0
        {
            return Err(problem("area.centre", "is not a place between 80 degrees south and north"));
        }
        if aircraft.docks == 0 || 2 * pairs.count > self.thing_count() || cameras.watching > cameras.count {
            let reason = "there must be docks, twice as many things as pairs, and not more watching cameras than cameras";
            return Err(problem("aircraft.docks, pairs.count, cameras.watching", reason));
        }
        Ok(())
    }

    fn ranges(&self) -> Vec<(String, Range)> {
        let radius = |(i, things): (usize, &Things)| (format!("things[{i}].radius_m"), things.radius_m);
        let mut ranges: Vec<_> = self.things.iter().enumerate().map(radius).collect();
        ranges.push(("pairs.apart_m".to_owned(), self.pairs.apart_m));
        ranges.push(("aircraft.pitch_deg".to_owned(), self.aircraft.pitch_deg));
        ranges.push(("cameras.distance_m".to_owned(), self.cameras.distance_m));
        ranges.push(("detector.false_run".to_owned(), self.detector.false_run));
        ranges
    }
}

fn problem(key: &str, reason: &str) -> ScenarioError {
    ScenarioError { key: key.to_owned(), reason: reason.to_owned() }
}
