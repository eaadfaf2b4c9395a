//! One sighting of one thing: what, where, when, how sure, by which model.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::position::{GroundPosition, LatLon};

/// Identity of an observation: the same source, frame and outline always give the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ObservationId(pub Uuid);

/// Where the capture time of a frame came from, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeSource {
    /// Precision time stamp of MISB ST 0601, tag 2.
    Klv,
    /// RTCP sender report carried to the frame.
    RtcpSenderReport,
    /// Side-car file or data track beside the video.
    SideCar,
    /// Start time stated in the configuration plus elapsed time.
    Configured,
    /// Time the frame arrived here.
    Arrival,
    /// Elapsed time from the start of the file only; the date is not known.
    Elapsed,
}

/// How a capture time was obtained and how good it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TimeQuality {
    /// Origin of the time.
    pub source: TimeSource,
    /// One standard deviation, milliseconds.
    pub sigma_millis: f64,
}

/// Why something seen has no position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotLocated {
    /// The feed carries no telemetry.
    NoTelemetry,
    /// The telemetry holds no position (no fix).
    NoPosition,
    /// The telemetry holds no camera attitude.
    NoAttitude,
    /// The lens is not known: neither intrinsics nor field of view.
    NoIntrinsics,
    /// The nearest pose is older than the configured age.
    StalePose,
    /// The camera was moved or turned and where it looks now is not known.
    PoseUnknown,
    /// The camera was panning, tilting or zooming.
    CameraMoving,
    /// The height of the camera cannot be put on the datum of the terrain.
    NoHeight,
    /// The ray passes above the horizon or too close to it.
    NearHorizon,
    /// The ray leaves the terrain model before it meets the ground.
    OutsideTerrain,
    /// The camera lies below the ground.
    BelowGround,
    /// The result is not finite.
    Degenerate,
}

/// Where a sighting lies, or why that is not known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "nearly every observation is located")]
pub enum Location {
    /// On the ground, with its error.
    Ground(GroundPosition),
    /// Not located.
    Unlocated {
        /// Reason.
        reason: NotLocated,
        /// The source's configured place, for orientation only.
        place: Option<LatLon>,
    },
}

impl Location {
    /// Returns the ground position, if there is one.
    pub fn ground(&self) -> Option<&GroundPosition> {
        match self {
            Self::Ground(position) => Some(position),
            Self::Unlocated { .. } => None,
        }
    }
}

/// Outline of a sighting on the ground.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Footprint {
    /// Ring of corners, not closed, counter-clockwise seen from above.
    pub ring: Vec<LatLon>,
    /// Area on the ground, square metres.
    pub area_m2: f64,
    /// True when the outline touches the edge of the picture, so that the thing may go on beyond it.
    pub truncated: bool,
}

/// The model that made a detection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelRef {
    /// Name of the pack.
    pub pack: String,
    /// Version of the pack.
    pub version: String,
    /// SHA-256 of the model file, lower-case hex.
    pub sha256: String,
}

/// One sighting of one thing in one frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// Identity.
    pub id: ObservationId,
    /// What was seen: a class name of a model pack.
    pub class: String,
    /// The source that saw it.
    pub source: String,
    /// Index of the frame in its source, from 0.
    pub frame_index: u64,
    /// Capture time of the frame.
    pub time: Timestamp,
    /// Origin and quality of that time.
    pub time_quality: TimeQuality,
    /// Score of the detection, 0 to 1.
    pub score: f64,
    /// Where it lies.
    pub location: Location,
    /// Outline on the ground, when located.
    pub footprint: Option<Footprint>,
    /// The model that saw it.
    pub model: ModelRef,
}
