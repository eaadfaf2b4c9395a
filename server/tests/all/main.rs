//! Behaviour of the wiring against data from outside.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests may fail loudly and say what was not measured"
)]

mod camera_moves;
mod clip;
mod mount;
mod reference;
mod serve;
