//! Telemetry parsers: bytes in, samples out.
//!
//! [`read_file_bytes`] tells the kinds apart by content; live feeds use [`mpegts::TsTap`] and [`klv::decode`] directly.

#![deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used)]

pub mod bytes;
pub mod container;
pub mod error;
pub mod klv;
pub mod mavlink;
pub mod mpegts;
pub mod osd;
mod read;
pub mod record;
pub mod sample;
pub mod srt;
pub mod still;
pub mod ulog;

pub use error::{Place, Problem, TelemetryError};
pub use read::{Kind, read_as, read_file_bytes, sniff};
pub use record::{Extra, Reading, Record};
pub use sample::{RecordedLens, Sample};
