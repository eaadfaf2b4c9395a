//! Model packs, loaded, verified and proved on their golden pictures, one set a worker.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use models::{Card, Pack};
use models_ort::Provider;
use pipeline::detect::PackDetector;
use pipeline_gst::SourceUri;

use super::{read, read_text};
use crate::config::{Config, Problem, ProviderName, Runtime, SourceEntry};
use crate::outliner::CvOutliner;

/// Folder of the shipped pack, used when a configuration names none.
const SHIPPED_PACK: &str = "models/packs/waterlogging";
/// Where set-up puts ONNX Runtime, relative to the project.
const RUNTIME_LIBRARY: &str = ".runtime/onnxruntime/libonnxruntime.so";

/// The loaded packs.
pub struct Packs {
    /// Their cards.
    pub cards: Vec<Card>,
    /// One set of detectors a worker.
    pub workers: Vec<PackDetector>,
}

/// Loads every pack the configuration names, or the shipped one, with a session for each worker.
pub fn load(config: &Config, problems: &mut Vec<Problem>) -> Option<Packs> {
    let library = runtime_library(&config.runtime, problems)?;
    if let Err(error) = models_ort::init(&library) {
        problems.push(Problem::new("runtime.onnxruntime", error));
        return None;
    }
    let named: Vec<(String, PathBuf)> = if config.packs.is_empty() {
        vec![("packs (shipped)".to_owned(), from_project(SHIPPED_PACK))]
    } else {
        config.packs.iter().enumerate().map(|(i, p)| (format!("packs[{i}]"), p.path.clone())).collect()
    };
    // Live sources run beside each other, each with a worker of its own.
    let is_live = |s: &&SourceEntry| SourceUri::parse(&s.uri).is_ok_and(|uri| uri.live());
    let live = config.sources.iter().filter(is_live).count();
    let workers = worker_count(&config.runtime).max(live);
    let pools: Vec<Option<Vec<models::Detector>>> =
        named.iter().map(|(key, path)| pool(path, key, &config.runtime, workers, problems)).collect();
    let pools: Vec<Vec<models::Detector>> = pools.into_iter().collect::<Option<_>>()?;
    let cards = pools.iter().filter_map(|pool| pool.first().map(|d| d.card().clone())).collect();
    let outliner = Arc::new(CvOutliner { simplify_px: config.analysis.simplify_px });
    let mut sets: Vec<Vec<models::Detector>> = (0..workers).map(|_| Vec::new()).collect();
    for pool in pools {
        for (set, detector) in sets.iter_mut().zip(pool) {
            set.push(detector);
        }
    }
    let workers = sets.into_iter().map(|set| PackDetector::new(set, outliner.clone())).collect();
    Some(Packs { cards, workers })
}

fn pool(
    path: &Path,
    key: &str,
    runtime: &Runtime,
    workers: usize,
    problems: &mut Vec<Problem>,
) -> Option<Vec<models::Detector>> {
    let pack = read_pack(path, key, problems)?;
    models_ort::load_pool(&pack, provider(runtime.provider), workers)
        .map_err(|error| {
            let source = std::error::Error::source(&error).map(|s| format!(": {s}")).unwrap_or_default();
            problems.push(Problem::new(key, format!("{}: {error}{source}", path.display())));
        })
        .ok()
}

/// Reads the files of a pack without running it.
pub fn read_pack(path: &Path, key: &str, problems: &mut Vec<Problem>) -> Option<Pack> {
    let text = read_text(&path.join("card.toml"), key, problems)?;
    let card = Card::from_toml(&text)
        .map_err(|error| {
            problems.push(Problem::new(key, format!("{}: {error}", path.join("card.toml").display())));
        })
        .ok()?;
    let model_bytes = read(&path.join(&card.file), key, problems)?;
    let golden_bytes = read(&path.join(&card.golden.picture), key, problems)?;
    let golden = pipeline_cv::decode_picture(&golden_bytes)
        .map_err(|error| problems.push(Problem::new(key, format!("{}: {error}", card.golden.picture))))
        .ok()?;
    Some(Pack { card, model_bytes, golden: Some(golden) })
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
