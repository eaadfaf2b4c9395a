//! Model packs, loaded, verified and proved on their golden pictures, one set a worker.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use models::pack::bytes_max;
use models::{Card, ModelError, Pack, Precision};
use models_ort::Provider;
use pipeline::detect::PackDetector;
use pipeline_gst::SourceUri;

use super::{read, read_text};
use crate::config::{Config, Problem, ProviderName, Runtime, SourceEntry};
use crate::outliner::CvOutliner;

/// Folders of the shipped packs, used when a configuration names none.
const SHIPPED_PACKS: [&str; 3] = ["models/packs/waterlogging", "models/packs/fume", "models/packs/dumping"];
/// Where set-up puts ONNX Runtime, relative to the project.
const RUNTIME_LIBRARY: &str = ".runtime/onnxruntime/libonnxruntime.so";

/// The loaded packs.
pub struct Packs {
    /// Their cards.
    pub cards: Vec<Card>,
    /// One set of detectors a worker.
    pub workers: Vec<PackDetector>,
}

/// Loads every pack the configuration names, or the shipped ones, with a session for each worker.
pub fn load(config: &Config, problems: &mut Vec<Problem>) -> Option<Packs> {
    let library = runtime_library(&config.runtime, problems)?;
    if let Err(error) = models_ort::init(&library) {
        problems.push(Problem::new("runtime.onnxruntime", error));
        return None;
    }
    let named: Vec<(String, PathBuf)> = if config.packs.is_empty() {
        SHIPPED_PACKS.iter().map(|path| ("packs (shipped)".to_owned(), from_project(path))).collect()
    } else {
        config.packs.iter().enumerate().map(|(i, p)| (format!("packs[{i}]"), p.path.clone())).collect()
    };
    // Live sources run beside each other, each with a worker of its own.
    let is_live = |s: &&SourceEntry| SourceUri::parse(&s.uri).is_ok_and(|uri| uri.live());
    let live = config.sources.iter().filter(is_live).count();
    let workers = worker_count(&config.runtime).max(live);
    let read = |(key, path): &(String, PathBuf)| {
        let pack = read_pack(path, config.runtime.precision, key, problems)?;
        refuse(key, path, pack.verify(), problems)?;
        Some(pack)
    };
    let packs: Vec<Option<Pack>> = named.iter().map(read).collect();
    let packs: Vec<Pack> = packs.into_iter().collect::<Option<_>>()?;
    let sets = models_ort::load_sets(&packs, provider(config.runtime.provider), workers);
    let sets = sets.map_err(|error| problems.push(Problem::new("packs", in_full(&error)))).ok()?;
    let most_tiles = config.analysis.most_tiles;
    let outliner = Arc::new(CvOutliner { simplify_px: config.analysis.simplify_px });
    let workers =
        sets.into_iter().map(|set| PackDetector::new(set, outliner.clone()).with_tiles(most_tiles)).collect();
    Some(Packs { cards: packs.into_iter().map(|pack| pack.card).collect(), workers })
}

fn refuse<T>(
    key: &str,
    path: &Path,
    result: Result<T, ModelError>,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let problem = |error| Problem::new(key, format!("{}: {}", path.display(), in_full(&error)));
    result.map_err(|error| problems.push(problem(error))).ok()
}

/// An error and its cause in one line.
fn in_full(error: &dyn std::error::Error) -> String {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{cause}")
}

/// Reads the files of a pack in one of its variants without running it.
pub fn read_pack(path: &Path, precision: Precision, key: &str, problems: &mut Vec<Problem>) -> Option<Pack> {
    let card_path = path.join("card.toml");
    let text = read_text(&card_path, key, problems)?;
    let card = Card::from_toml(&text).and_then(|card| card.at(precision));
    let card = refuse(key, &card_path, card, problems)?;
    let model_bytes = read_model(&path.join(&card.file), &card, key, problems)?;
    let golden_bytes = read(&path.join(&card.golden.picture), key, problems)?;
    let golden = pipeline_cv::decode_picture(&golden_bytes)
        .map_err(|error| problems.push(Problem::new(key, format!("{}: {error}", card.golden.picture))))
        .ok()?;
    Some(Pack { card, model_bytes, golden: Some(golden) })
}

/// A file that is larger than any pack may be is not read.
fn read_model(path: &Path, card: &Card, key: &str, problems: &mut Vec<Problem>) -> Option<Vec<u8>> {
    let (bytes, limit) = (std::fs::metadata(path).map_or(0, |meta| meta.len()), bytes_max(card.precision));
    if bytes > limit as u64 {
        let message = format!("{} has {bytes} bytes, the limit is {limit}", path.display());
        problems.push(Problem::new(key, message));
        return None;
    }
    read(path, key, problems)
}

/// Returns the detector threads a configuration asks for, else one a core.
pub fn worker_count(runtime: &Runtime) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    runtime.workers.unwrap_or_else(cores)
}

/// Returns the execution provider of a configuration's name.
pub fn provider(name: ProviderName) -> Provider {
    match name {
        ProviderName::Cpu => Provider::Cpu,
        ProviderName::Cuda => Provider::Cuda,
        ProviderName::Tensorrt => Provider::TensorRt,
        ProviderName::Openvino => Provider::OpenVino,
    }
}

/// Returns ONNX Runtime's library: as configured, else where set-up puts it.
pub fn runtime_library(runtime: &Runtime, problems: &mut Vec<Problem>) -> Option<PathBuf> {
    let path = runtime.onnxruntime.clone().unwrap_or_else(|| from_project(RUNTIME_LIBRARY));
    if path.is_file() {
        return Some(path);
    }
    let message = format!("ONNX Runtime is not at {}: run scripts/setup.sh", path.display());
    problems.push(Problem::new("runtime.onnxruntime", message));
    None
}

/// Returns a path of the project: from the working directory, else from the folders above the program.
fn from_project(relative: &str) -> PathBuf {
    let here = PathBuf::from(relative);
    if here.exists() {
        return here;
    }
    let program = std::env::current_exe().unwrap_or_default();
    program.ancestors().skip(1).map(|folder| folder.join(relative)).find(|p| p.exists()).unwrap_or(here)
}
