//! Behaviour of the pipeline's parts against data from outside.

mod mux;
mod reference;
mod telemetry_container;
mod telemetry_klv;
mod telemetry_mpegts;
mod telemetry_read;
mod telemetry_srt;
mod telemetry_still;
