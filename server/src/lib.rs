//! The product: configuration, wiring, commands and reports.

pub mod analysis;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod evidence;
pub mod labels;
pub mod log;
pub mod memory;
pub mod outliner;
pub mod output;
pub mod progress;
pub mod proof;
pub mod report;
pub mod serve;
pub mod truth;
pub mod veil;
pub mod wire;
