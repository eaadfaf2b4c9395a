//! ONNX Runtime behind `models::Runner`.
//!
//! [`init`] loads the shared library once a process; [`load_pool`] turns a verified pack into detectors, one a worker. Every
//! session has one thread: two workers with a session each do more in a second than one session with two threads, and
//! nothing spins while it waits.

mod error;
mod library;
mod providers;
mod runner;

use models::{Detector, Pack, golden};

pub use error::OrtError;
pub use library::{Library, init};
pub use providers::Provider;
pub use runner::OrtRunner;

/// Returns one detector whose model was verified and has shown that it sees its golden picture as its card says.
///
/// # Errors
/// When the pack is refused, the session or its provider cannot start, or the golden picture is seen otherwise.
pub fn load(pack: &Pack, provider: Provider) -> Result<Detector, OrtError> {
    let runner = OrtRunner::load(pack, provider)?;
    let mut detector = Detector::new(pack.card.clone(), Box::new(runner));
    golden::check(&mut detector, pack.golden.as_ref())?;
    Ok(detector)
}

/// Returns `workers` detectors, each with a session of its own; the first proves the golden picture for all.
///
/// # Errors
/// As [`load`].
pub fn load_pool(pack: &Pack, provider: Provider, workers: usize) -> Result<Vec<Detector>, OrtError> {
    let mut pool = vec![load(pack, provider)?];
    while pool.len() < workers {
        let runner = OrtRunner::load(pack, provider)?;
        pool.push(Detector::new(pack.card.clone(), Box::new(runner)));
    }
    Ok(pool)
}
