//! One analysis: sources in, incidents and tasks out.

pub mod collect;
pub mod feed;
pub mod finish;
mod ptz;
pub mod stop;

pub use collect::Collector;
pub use feed::run_sources;
pub use stop::Stop;
