//! The whole product as a person runs it: the binary, real video, real files.

mod bad_input;
mod command;
mod configuration;
mod demo;
mod real_clips;
mod telemetry;
