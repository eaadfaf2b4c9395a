//! ONNX Runtime behind `models::Runner`.
//!
//! [`init`] loads the shared library once a process; [`load_sets`] turns verified packs into detectors, one set a worker.
//! Packs that share a model file share a session, so that it runs once a picture for all of them. Every session has one
//! thread: two workers with a session each do more in a second than one session with two threads, and nothing spins while it
//! waits.

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
    pack.verify()?;
    let mut detector = detector(&[pack], provider)?;
    golden::check(&mut detector, &pack.card, pack.golden.as_ref())?;
    Ok(detector)
}

/// Returns `workers` detectors, each with a session of its own; the first proves the golden picture for all.
///
/// # Errors
/// As [`load`].
pub fn load_pool(pack: &Pack, provider: Provider, workers: usize) -> Result<Vec<Detector>, OrtError> {
    let mut pool = vec![load(pack, provider)?];
    while pool.len() < workers {
        pool.push(detector(&[pack], provider)?);
    }
    Ok(pool)
}

/// Returns a set of detectors for each of `workers`: one a model file, in the order in which `packs` name the files first.
///
/// The first set proves the golden picture of every pack.
///
/// # Errors
/// As [`load`], or when packs name the same file and disagree on its input.
pub fn load_sets(packs: &[Pack], provider: Provider, workers: usize) -> Result<Vec<Vec<Detector>>, OrtError> {
    packs.iter().try_for_each(Pack::verify)?;
    let files = by_file(packs);
    let set = || files.iter().map(|sharing| detector(sharing, provider)).collect::<Result<Vec<_>, _>>();
    let mut sets = (0..workers).map(|_| set()).collect::<Result<Vec<_>, _>>()?;
    for (detector, sharing) in sets.iter_mut().take(1).flatten().zip(&files) {
        for pack in sharing {
            golden::check(detector, &pack.card, pack.golden.as_ref())?;
        }
    }
    Ok(sets)
}

/// Packs by the hash of their model file.
fn by_file(packs: &[Pack]) -> Vec<Vec<&Pack>> {
    let mut files: Vec<Vec<&Pack>> = Vec::new();
    for pack in packs {
        let same = |sharing: &&mut Vec<&Pack>| {
            sharing.first().is_some_and(|first| first.card.sha256 == pack.card.sha256)
        };
        match files.iter_mut().find(same) {
            Some(sharing) => sharing.push(pack),
            None => files.push(vec![pack]),
        }
    }
    files
}

/// One session for verified packs of one file.
fn detector(sharing: &[&Pack], provider: Provider) -> Result<Detector, OrtError> {
    let (first, others) = sharing.split_first().ok_or(OrtError::NoPack)?;
    let runner = OrtRunner::of_verified(sharing, provider)?;
    let mut detector = Detector::new(first.card.clone(), Box::new(runner));
    for pack in others {
        detector = detector.with_head(pack.card.clone())?;
    }
    Ok(detector)
}
