//! One thing on the ground, however often it was seen: the record that tasks, feeds and the store work on.
//!
//! An incident holds all that is needed to go on with it later: a run that stops and is resumed from stored incidents ends
//! with the same incidents as one that did not stop.

use std::collections::BTreeMap;

use jiff::Timestamp;
use nalgebra::{Matrix3, SMatrix, SVector};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::observation::{Footprint, NotLocated, ObservationId};
use crate::position::{BiasModes, GeoPoint, GroundPosition, LatLon, is_zero};

/// Identity of an incident: a UUIDv7 whose time is that of the first sighting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IncidentId(pub Uuid);

impl IncidentId {
    /// Returns the id of the incident that begins with this observation: the same observation always gives the same id.
    ///
    /// The random bits of the UUIDv7 are those of the SHA-256 of class and observation id. Times before 1970 count as 1970.
    ///
    /// # References
    /// RFC 9562 (2024), section 5.7; section 6.2 allows other content in the random bits.
    pub fn from_first_sighting(class: &str, observation: ObservationId, time: Timestamp) -> Self {
        let digest = Sha256::new()
            .chain_update(b"incident\0")
            .chain_update(class.as_bytes())
            .chain_update(b"\0")
            .chain_update(observation.0.as_bytes())
            .finalize();
        Self::from_digest(&digest, time)
    }

    /// Returns the id of what an operation split off an incident: unlike that of any incident that began by itself.
    pub fn from_split(from: Self, operation: OperationId, time: Timestamp) -> Self {
        let digest = Sha256::new()
            .chain_update(b"split\0")
            .chain_update(from.0.as_bytes())
            .chain_update(operation.0.to_be_bytes())
            .finalize();
        Self::from_digest(&digest, time)
    }

    fn from_digest(digest: &[u8], time: Timestamp) -> Self {
        let mut bits = [0_u8; 10];
        for (bit, byte) in bits.iter_mut().zip(digest.iter()) {
            *bit = *byte;
        }
        let millis = u64::try_from(time.as_millisecond()).unwrap_or(0);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &bits).into_uuid())
    }
}

impl std::fmt::Display for IncidentId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// How far an incident has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentState {
    /// Seen, but not often enough to be believed.
    Candidate,
    /// Seen in enough looks.
    Confirmed,
    /// Seen by a source that cannot say where; never dispatched by itself.
    Unlocated,
    /// Over: not confirmed in time, not there any more, merged into another, or ended by a person. Kept for good.
    Closed,
}

impl IncidentState {
    /// Returns the name used in stored and exchanged text.
    pub fn name(self) -> &'static str {
        match self {
            Self::Candidate => "candidate",
            Self::Confirmed => "confirmed",
            Self::Unlocated => "unlocated",
            Self::Closed => "closed",
        }
    }
}

/// Number of an operation by a person, rising from 1 in the order in which operations were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OperationId(pub u64);

impl std::fmt::Display for OperationId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Something that happened to an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When, by the capture time of the frame that caused it; of what a person did, by the clock.
    pub time: Timestamp,
    /// What happened and why, in words.
    pub cause: String,
    /// The operation by a person that did it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationId>,
}

/// What the sightings of one source say together about the place.
///
/// Whole and partial sightings are kept apart: the centroid of a part is not the centroid of the thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceFix {
    /// The source.
    pub source: String,
    /// True for sightings that showed only a part of the thing.
    pub partial: bool,
    /// Weighted mean of the sightings' centroids.
    pub mean: GeoPoint,
    /// Inverse covariance of the mean in east, north, up from the errors that are independent between frames, 1/m².
    pub information_per_m2: Matrix3<f64>,
    /// Independent part of the error of the best sighting in east, north, up, square metres.
    pub independent_m2: Matrix3<f64>,
    /// Part of the error that all frames share (position and heading bias) and that no mode explains, of the best sighting, square metres.
    pub shared_m2: Matrix3<f64>,
    /// Weighted mean of how the lasting errors of the pose displaced the sightings.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub modes_m: BiasModes,
    /// What was known of those errors when the source last saw the thing, so that a run can go on from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pose_bias: Option<PoseBias>,
    /// Time of the last sighting.
    pub last: Timestamp,
}

/// What is known of the lasting errors of a flight's pose, in the order of [`BiasModes`], as multiples of their standard deviations.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PoseBias {
    /// Best estimate.
    pub mean: SVector<f64, 7>,
    /// Covariance of the estimate.
    pub covariance: SMatrix<f64, 7, 7>,
}

/// An outline kept to choose the incident's outline from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptOutline {
    /// Time of the sighting.
    pub time: Timestamp,
    /// Mean horizontal variance of the sighting's position, square metres: the smaller, the better it was seen.
    pub variance_m2: f64,
    /// The outline.
    pub footprint: Footprint,
}

/// A place at which a person said that the incident lies too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnownPlace {
    /// Where.
    pub position: GroundPosition,
    /// Outline there, if sightings had one.
    pub footprint: Option<Footprint>,
}

/// The last frame of a source that was counted for an incident.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CountedLook {
    /// Capture time.
    pub time: Timestamp,
    /// Index of the frame.
    pub frame_index: u64,
    /// True when the frame showed the incident.
    pub seen: bool,
    /// What the look added to the log-odds that the thing is there, nats.
    #[serde(default)]
    pub nats: f64,
}

/// Looks at one place that belong together: those of a flight, or of a span of a fixed camera.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pass {
    /// The first look.
    pub from: Timestamp,
    /// The latest look.
    pub to: Timestamp,
    /// How many there are.
    pub looks: u32,
    /// What they add to the log-odds that the thing is there, nats.
    pub nats: f64,
}

/// Looks at one place without a pause between them, all of which showed the thing or none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Stay {
    /// The first look.
    pub from: Timestamp,
    /// The latest look.
    pub to: Timestamp,
    /// How many there are.
    pub looks: u32,
    /// What they add to the log-odds that the thing is there, nats; 0 where they showed it.
    pub nats: f64,
    /// They showed it.
    pub seen: bool,
}

/// Which of the last looks at the place showed the incident.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Looks {
    /// The last looks, oldest first: seen or not.
    pub window: Vec<bool>,
    /// Looks without a sighting since the last one.
    pub misses_in_a_row: u32,
    /// What all looks together add to the log-odds that the thing is there, nats.
    #[serde(default)]
    pub nats: f64,
    /// Incidents of the class that some frame showed beside it, sorted: they are not the same thing seen from elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<IncidentId>,
    /// The last look counted of each source, so that a frame counts once.
    pub last_by_source: BTreeMap<String, CountedLook>,
    /// Passes since the last sighting that cover the place of a confirmed incident and do not show it, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<Pass>,
    /// The latest looks at its place, those that follow one another without a pause and say the same as one, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stays: Vec<Stay>,
    /// When it ended, for one that is over and goes on when it is soon seen again; none for what never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_since: Option<Timestamp>,
}

/// One thing on the ground, or one thing somewhere in the picture of a source that cannot say where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Identity.
    pub id: IncidentId,
    /// What it is: a class name of a model pack.
    pub class: String,
    /// How far it has come.
    pub state: IncidentState,
    /// Where it lies, from all sightings; none when unlocated.
    pub position: Option<GroundPosition>,
    /// Its outline on the ground, if sightings had one.
    pub footprint: Option<Footprint>,
    /// Area of the outline, square metres.
    pub area_m2: Option<f64>,
    /// For unlocated incidents the source's configured place, for orientation only.
    pub place: Option<LatLon>,
    /// For unlocated incidents the reason.
    pub unlocated_reason: Option<NotLocated>,
    /// H3 cell of the position at resolution 11, 15 hexadecimal digits.
    pub cell: Option<String>,
    /// Capture time of the earliest sighting.
    pub first_seen: Timestamp,
    /// Capture time of the latest sighting.
    pub last_seen: Timestamp,
    /// Frames in which it was seen.
    pub sightings: u32,
    /// All observations of it, in the order in which they were absorbed.
    pub observations: Vec<ObservationId>,
    /// The sources that saw it, sorted.
    pub sources: Vec<String>,
    /// Highest score of an observation, 0 to 1.
    pub best_score: f64,
    /// Mean score of the observations, 0 to 1.
    pub mean_score: f64,
    /// The incident that took this one over, if it was merged.
    pub merged_into: Option<IncidentId>,
    /// Incidents that a person said are other things, sorted: they are never merged by themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apart_from: Vec<IncidentId>,
    /// The places of what a person merged: what is seen at one of them is seen of this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<KnownPlace>,
    /// What happened to it, oldest first.
    pub history: Vec<Event>,
    /// Recent looks at its place.
    pub looks: Looks,
    /// Position by source, sorted by source, whole before partial.
    pub fixes: Vec<SourceFix>,
    /// Recent whole outlines, oldest first.
    pub outlines: Vec<KeptOutline>,
}

impl Incident {
    /// Returns true unless the incident is closed.
    pub fn is_open(&self) -> bool {
        self.state != IncidentState::Closed
    }

    /// Returns true for a closed incident that was real and goes on if it is soon seen again.
    pub fn may_recur(&self) -> bool {
        !self.is_open() && self.merged_into.is_none() && self.looks.over_since.is_some()
    }

    /// Ends an incident that was real: work is seen to be done, or the thing is not there any more.
    pub fn end(&mut self, at: Timestamp, cause: String) {
        self.state = IncidentState::Closed;
        self.looks.over_since = Some(at);
        self.note(at, cause);
    }

    /// Returns true when a person said that the two are different things.
    pub fn is_apart_from(&self, other: &Self) -> bool {
        self.apart_from.contains(&other.id) || other.apart_from.contains(&self.id)
    }

    /// Returns the operations by people that its history holds, oldest first.
    pub fn operations(&self) -> Vec<OperationId> {
        self.history.iter().filter_map(|event| event.operation).collect()
    }

    /// Adds an entry to the history.
    pub(crate) fn note(&mut self, time: Timestamp, cause: String) {
        self.history.push(Event { time, cause, operation: None });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_is_a_uuid_v7_that_depends_on_observation_class_and_time_only() {
        let observation = ObservationId(Uuid::from_u128(7));
        let time: Timestamp = "2025-06-01T08:00:00.123Z".parse().unwrap();
        let id = IncidentId::from_first_sighting("waterlogging", observation, time);
        assert_eq!(id, IncidentId::from_first_sighting("waterlogging", observation, time));
        assert_ne!(id, IncidentId::from_first_sighting("fumes", observation, time));
        assert_eq!(id.0.get_version_num(), 7);
        assert_eq!(id.0.get_variant(), uuid::Variant::RFC4122);
        assert_eq!(id.0.get_timestamp().unwrap().to_unix(), (1_748_764_800, 123_000_000));
    }

    #[test]
    fn id_of_a_time_before_1970_does_not_panic() {
        let id = IncidentId::from_first_sighting("x", ObservationId(Uuid::nil()), Timestamp::MIN);
        assert_eq!(id.0.get_timestamp().unwrap().to_unix().0, 0);
    }
}
