//! City days with known truth, and how well they were understood.
//!
//! A [`Scenario`] says what there is, who flies where and what is wrong with every pose. [`day`](day::day) makes frames of it, [`run`](run::run) sends them
//! through the deduper and the router as a live feed would be, and [`score`](score::score) holds the outcome against the truth.
//! Pure: reads no files and no clock; the same scenario and seed give the same day on every machine.

pub mod baselines;
pub mod day;
mod detect;
mod dice;
pub mod ground;
mod post;
pub mod run;
pub mod scenario;
pub mod score;
mod sweep;
pub mod world;

pub use day::Day;
pub use scenario::{Scenario, ScenarioError};
