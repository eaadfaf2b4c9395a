//! Behaviour of the pipeline's parts against data from outside.

mod mux;
mod reference;
mod telemetry_klv;
mod telemetry_mpegts;
mod telemetry_srt;
