//! Arguments of `simulate`.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `simulate`.
#[derive(Debug, Clone, Args)]
pub struct SimulateArgs {
    /// Scenario, such as configs/scenarios/quzhou-84.toml
    #[arg(long, value_name = "FILE")]
    pub scenario: PathBuf,
    /// Seed of the day; that of the scenario when not given
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Days, each with the next seed; their means and spread are printed
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seeds: u64,
    /// Frames looked at each second, instead of the scenario's
    #[arg(long, value_name = "N")]
    pub fps: Option<f64>,
    /// Write a report with a map of the first day
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Print JSON on standard output instead of tables
    #[arg(long)]
    pub json: bool,
}
