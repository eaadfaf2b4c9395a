//! The whole product as a person runs it: the binary, real video, real files.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests fail like tests"
)]

mod bad_input;
mod casework;
mod clock;
mod command;
mod configuration;
mod demo;
mod disk_full;
mod flight;
mod launch;
mod missions;
mod positions;
mod ptz;
mod real_clips;
mod route;
mod serve;
mod simulate;
mod telemetry;
mod traces;
mod unknown_datum;
mod zones;
