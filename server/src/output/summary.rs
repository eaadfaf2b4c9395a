//! `summary.json`: what was read, found and spent.

use gis::terrain::TerrainKind;
use serde::Serialize;

use crate::truth::Comparison;

/// Figures of one run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    /// Frames analysed, all sources together.
    pub frames: u64,
    /// Outlines seen in them.
    pub detections: u64,
    /// Incidents known after the run, closed ones apart.
    pub incidents: usize,
    /// Of them, incidents without a position.
    pub unlocated_incidents: usize,
    /// Tasks known after the run.
    pub tasks: usize,
    /// Of them, tasks that this run added.
    pub new_tasks: usize,
    /// True when the run was ended early by a person.
    pub interrupted: bool,
    /// One entry a source.
    pub sources: Vec<SourceSummary>,
    /// Time.
    pub time: TimeSpent,
    /// CPU time by stage.
    pub cost: Vec<StageCost>,
    /// Execution provider and packs.
    pub packs: Vec<PackUsed>,
    /// Terrain files and what they show.
    pub terrain: Vec<TerrainUsed>,
    /// Tasks against known truth.
    pub truth: Option<Comparison>,
    /// Everything that went wrong, in words.
    pub errors: Vec<String>,
}

/// What one source gave.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SourceSummary {
    /// Name.
    pub id: String,
    /// Address, credentials masked.
    pub uri: String,
    /// Frames analysed.
    pub frames: u64,
    /// Index of the last frame decoded and analysed.
    pub last_frame_index: Option<u64>,
    /// Time of that frame since the first one, seconds.
    pub duration_secs: f64,
    /// Frames dropped because the feed was faster than the detectors.
    pub dropped: u64,
    /// Outlines seen.
    pub detections: u64,
    /// Observations with a position.
    pub located: u64,
    /// Observations without a position.
    pub unlocated: u64,
    /// Origin of the capture times.
    pub time_source: Option<String>,
    /// What was known last of a fixed camera's view: `steady`, `moved by ...`, `unknown`.
    pub view: Option<String>,
    /// What was assumed of heights and applied to poses, in words.
    pub pose_notes: Vec<String>,
    /// Frames at whose moment a range finder told the distance.
    pub laser_frames: u64,
    /// Why it ended early.
    pub error: Option<String>,
}

/// Wall-clock time of a run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct TimeSpent {
    /// Whole run, seconds.
    pub wall_secs: f64,
    /// From the start of the program's work to the first detection, seconds.
    pub first_detection_secs: Option<f64>,
}

/// CPU time of a stage.
#[derive(Debug, Clone, Serialize)]
pub struct StageCost {
    /// `load`, `detect` (scaling and colour with it), `place` (ground and incidents), or `decode`: the rest of the process
    /// until the summary is made, drawing of evidence among it.
    pub stage: &'static str,
    /// CPU time, milliseconds.
    pub cpu_ms: f64,
    /// CPU time a frame, milliseconds.
    pub cpu_ms_per_frame: f64,
}

/// A terrain file as it was read.
#[derive(Debug, Clone, Serialize)]
pub struct TerrainUsed {
    /// The file.
    pub path: String,
    /// What its heights belong to: rays stop at roofs and crowns of a surface, and go on to the ground behind elsewhere.
    pub kind: TerrainKind,
    /// One standard deviation of its heights, metres.
    pub sigma_m: f64,
}

/// A pack as it was used.
#[derive(Debug, Clone, Serialize)]
pub struct PackUsed {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// SHA-256 of the model file.
    pub sha256: String,
    /// Execution provider.
    pub provider: String,
    /// Numbers it computes with, `fp32` or `int8`.
    pub precision: String,
}
