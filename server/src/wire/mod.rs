//! The only composition: what the configuration names becomes what runs.
//!
//! Every loader collects all of its problems; nothing starts before all of them are known.

pub mod aircraft;
pub mod camera;
pub mod city;
pub mod packs;
pub mod ptz;
pub mod source;
pub mod store;
pub mod terrain;
pub mod vehicles;
pub mod zones;

use std::path::Path;

pub use city::City;
pub use packs::Packs;
pub use source::Source;
pub use terrain::Tiles;
pub use vehicles::Vehicle;

use crate::config::{Config, Problem};

/// Everything a run needs apart from its sources.
pub struct Assembly {
    /// Model packs.
    pub packs: Packs,
    /// Zones, departments and rules.
    pub city: City,
    /// Ground heights.
    pub terrain: Tiles,
    /// Sources, ready to be opened.
    pub sources: Vec<Source>,
    /// What flies missions.
    pub vehicles: Vec<Vehicle>,
}

/// Loads everything the configuration names.
///
/// # Errors
/// Every problem found; warnings are returned beside the assembly.
pub fn assemble(config: &Config) -> Result<(Assembly, Vec<Problem>), Vec<Problem>> {
    // Models are proved on their golden pictures, which takes longer than all else together.
    let ((packs, mut problems), (rest, others)) = rayon::join(
        || noting(|problems| packs::load(config, problems)),
        || {
            noting(|problems| {
                let city = city::load(config, problems);
                let terrain = terrain::load(&config.terrain, problems);
                (city, terrain, source::prepare(config, problems), vehicles::load(&config.vehicles, problems))
            })
        },
    );
    let (city, terrain, sources, vehicles) = rest;
    problems.extend(others);
    match (packs, city, terrain) {
        (Some(packs), Some(city), Some(terrain)) if problems.iter().all(|p| p.warning) => {
            Ok((Assembly { packs, city, terrain, sources, vehicles }, problems))
        }
        _ => Err(problems),
    }
}

/// Runs a loader with a list of its own for its problems.
fn noting<T>(load: impl FnOnce(&mut Vec<Problem>) -> T) -> (T, Vec<Problem>) {
    let mut problems = Vec::new();
    let loaded = load(&mut problems);
    (loaded, problems)
}

/// Maps a file into memory, so that of a large video only the parts that are looked at are read.
///
/// # Errors
/// When the file cannot be opened or mapped.
#[expect(
    unsafe_code,
    reason = "a map is unsound only if the file is cut while it is read; inputs are not written to"
)]
pub fn map(path: &Path) -> std::io::Result<memmap2::Mmap> {
    let file = std::fs::File::open(path)?;
    // SAFETY: see the reason above; parsers check every length, also those that read a terrain file by blocks as long as a run lasts.
    unsafe { memmap2::Mmap::map(&file) }
}

/// Reads a file or notes why it cannot be read.
fn read(path: &Path, key: &str, problems: &mut Vec<Problem>) -> Option<Vec<u8>> {
    std::fs::read(path)
        .map_err(|error| problems.push(Problem::new(key, format!("cannot read {}: {error}", path.display()))))
        .ok()
}

/// Reads a text file or notes why it cannot be read.
fn read_text(path: &Path, key: &str, problems: &mut Vec<Problem>) -> Option<String> {
    std::fs::read_to_string(path)
        .map_err(|error| problems.push(Problem::new(key, format!("cannot read {}: {error}", path.display()))))
        .ok()
}
