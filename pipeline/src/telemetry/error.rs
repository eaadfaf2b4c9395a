//! Why telemetry could not be read, and what was wrong inside telemetry that could.

use std::fmt;

use serde::Serialize;

/// A file gave no telemetry at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TelemetryError {
    /// It holds no byte.
    #[error("{name} is empty")]
    Empty {
        /// The file.
        name: String,
    },
    /// It is none of the kinds known here.
    #[error(
        "{name} is no telemetry known here (MISB KLV, MPEG-TS, MP4, JPEG, TIFF, SRT, MAVLink, ULog, DJI OSD JSON): it starts with {start}"
    )]
    Unrecognised {
        /// The file.
        name: String,
        /// Its first bytes, in hex.
        start: String,
    },
    /// It is of a known kind but holds no telemetry.
    #[error("{name} is {kind} without telemetry: {reason}")]
    NoTelemetry {
        /// The file.
        name: String,
        /// What it is.
        kind: &'static str,
        /// What was looked for.
        reason: String,
    },
    /// It is of a known kind but broken.
    #[error("cannot read {name} as {kind}: {reason}")]
    Broken {
        /// The file.
        name: String,
        /// What it is.
        kind: &'static str,
        /// What is wrong, and where.
        reason: String,
    },
}

/// Where in a file something is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Offset in bytes from the start of the file or stream.
    Byte(u64),
    /// Subtitle cue, by the number it carries.
    Cue(u64),
    /// Sample of a data track, from 0.
    TrackSample(u64),
    /// Line of a text file, from 1.
    Line(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Byte(offset) => write!(f, "byte {offset}"),
            Self::Cue(number) => write!(f, "cue {number}"),
            Self::Line(number) => write!(f, "line {number}"),
            Self::TrackSample(index) => write!(f, "track sample {index}"),
        }
    }
}

/// Something wrong inside telemetry; the rest of it stays good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What, with the value.
    pub what: String,
}

impl Problem {
    /// Notes that something is wrong at a byte offset.
    pub fn at_byte(offset: usize, what: impl Into<String>) -> Self {
        Self { place: Place::Byte(offset as u64), what: what.into() }
    }

    /// Notes that something is wrong in a subtitle cue.
    pub fn in_cue(number: u64, what: impl Into<String>) -> Self {
        Self { place: Place::Cue(number), what: what.into() }
    }

    /// Notes that something is wrong in a line of a text file, counted from 1.
    pub fn in_line(number: usize, what: impl Into<String>) -> Self {
        Self { place: Place::Line(number as u64), what: what.into() }
    }

    /// Notes that something is wrong in a sample of a data track.
    pub fn in_track_sample(index: u64, what: impl Into<String>) -> Self {
        Self { place: Place::TrackSample(index), what: what.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}
