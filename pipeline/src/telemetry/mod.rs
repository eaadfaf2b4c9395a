//! Telemetry parsers: bytes in, samples out.

#![deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used)]

pub mod bytes;
pub mod error;
pub mod klv;
pub mod mpegts;
pub mod record;
pub mod sample;
pub mod srt;

pub use error::{Place, Problem, TelemetryError};
pub use record::{Extra, Reading, Record};
pub use sample::{RecordedLens, Sample};
