//! Behaviour of the pipeline's parts against data from outside.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_cmp,
    clippy::trivially_copy_pass_by_ref,
    reason = "helpers of tests may fail loudly, say what was not measured and compare copied numbers"
)]

mod motion;
mod mux;
mod observe;
mod place;
mod poses;
mod reference;
mod scale;
mod scene;
mod telemetry_container;
mod telemetry_klv;
mod telemetry_mavlink;
mod telemetry_mpegts;
mod telemetry_osd;
mod telemetry_read;
mod telemetry_srt;
mod telemetry_still;
mod telemetry_ulog;
mod telemetry_vmti;
