//! Behaviour of the pipeline's parts against data from outside.

mod reference;
mod telemetry_klv;
mod telemetry_srt;
