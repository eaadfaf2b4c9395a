//! Telemetry parsers: bytes in, samples out.

pub mod sample;

pub use sample::Sample;
