//! The GStreamer edge against real files and servers.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unchecked_time_subtraction,
    clippy::struct_field_names,
    reason = "helpers of tests fail and report like tests"
)]

mod clips;
mod files;
mod pictures;
mod rtsp;
mod stills;
mod support;
mod telemetry;
mod transport;
