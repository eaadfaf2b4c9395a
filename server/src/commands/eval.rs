//! `flyonce eval`: scores a pack on a labelled folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use models::eval::mask::{Picture, Report, Scores, count, report};
use models::{Detector, Pack};
use rayon::prelude::*;

use crate::cli::EvalArgs;
use crate::config::{Problem, Runtime};
use crate::output;
use crate::wire::packs;

/// Prints scores of all pictures and by slice, as a table or as JSON.
///
/// # Errors
/// When the pack is refused or a picture cannot be read.
pub fn run(args: &EvalArgs) -> anyhow::Result<ExitCode> {
    let runtime = Runtime::default();
    let pack = load(&args.pack, &runtime)?;
    let names = pictures(&args.data)?;
    let views = views(&args.data);
    let workers = packs::worker_count(&runtime);
    let detectors = models_ort::load_pool(&pack, packs::provider(runtime.provider), workers)?;
    let share = names.len().div_ceil(workers).max(1);
    let scored: Vec<Vec<Picture>> = detectors
        .into_par_iter()
        .zip(names.par_chunks(share))
        .map(|(mut detector, names)| {
            names.iter().map(|name| score(&mut detector, &args.data, name, &views)).collect()
        })
        .collect::<anyhow::Result<_>>()?;
    let class = pack.card.classes.first().context("the card names no class")?;
    let found = report(&scored.concat(), class.threshold, class.min_area_share.unwrap_or(0.0));
    let text = if args.json { serde_json::to_string_pretty(&found)? } else { table(&pack, &found) };
    output::print(&text).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

fn load(path: &Path, runtime: &Runtime) -> anyhow::Result<Pack> {
    let mut problems = Vec::new();
    let library = packs::runtime_library(runtime, &mut problems);
    let pack = packs::read_pack(path, runtime.precision, "--pack", &mut problems);
    let (Some(library), Some(pack)) = (library, pack) else {
        bail!("{}", problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"));
    };
    models_ort::init(&library)?;
    Ok(pack)
}

fn score(
    detector: &mut Detector,
    data: &Path,
    name: &str,
    views: &BTreeMap<String, String>,
) -> anyhow::Result<Picture> {
    let path = data.join("images").join(name);
    let picture = pipeline_cv::decode_picture(&read(&path)?).with_context(|| path.display().to_string())?;
    let stem = Path::new(name).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mask_path = data.join("masks").join(format!("{stem}.png"));
    let truth =
        pipeline_cv::decode_mask(&read(&mask_path)?).with_context(|| mask_path.display().to_string())?;
    let size = picture.size();
    let shape = (size.height as usize, size.width as usize);
    if truth.dim() != shape {
        let (rows, columns) = truth.dim();
        bail!("{} is {columns}x{rows}, its picture {size}", mask_path.display());
    }
    let letterbox = detector.letterbox(size)?;
    let content = pipeline_cv::resize(&picture, letterbox.scaled)?;
    let answers = detector.run(&content, &letterbox)?;
    let Some(models::Answer::Masks(masks)) = answers.first() else { bail!("the model gave no mask") };
    let mask = masks.first().context("the model gave no mask")?;
    let counts = count(mask, &truth).with_context(|| mask_path.display().to_string())?;
    Ok(Picture { name: name.to_owned(), view: views.get(&stem).cloned(), counts })
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Names of the pictures, sorted; each needs a mask of the same stem.
fn pictures(data: &Path) -> anyhow::Result<Vec<String>> {
    let folder = data.join("images");
    let entries = std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let is_picture = |name: &str| {
        let ending = Path::new(name).extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
        matches!(ending.as_deref(), Some("jpg" | "jpeg" | "png"))
    };
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| is_picture(name))
        .collect();
    names.sort();
    if names.is_empty() {
        bail!("{} holds no pictures", folder.display());
    }
    Ok(names)
}

/// Views by stem out of `manifest.csv` beside the folder or in it; without one, none.
fn views(data: &Path) -> BTreeMap<String, String> {
    let beside = data.parent().map(|parent| parent.join("manifest.csv"));
    let places: Vec<PathBuf> = [Some(data.join("manifest.csv")), beside].into_iter().flatten().collect();
    let Some(text) = places.iter().find_map(|path| std::fs::read_to_string(path).ok()) else {
        return BTreeMap::new();
    };
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let header = rows.headers().cloned().unwrap_or_default();
    let column = |name: &str| header.iter().position(|cell| cell.trim() == name);
    let (Some(stem), Some(view)) = (column("stem"), column("view")) else { return BTreeMap::new() };
    let named = |row: csv::StringRecord| Some((row.get(stem)?.to_owned(), row.get(view)?.to_owned()));
    rows.into_records().flatten().filter_map(named).collect()
}

fn table(pack: &Pack, found: &Report) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["slice", "pictures", "IoU", "F1", "image recall", "false alarms"]);
    let mut add = |name: String, s: &Scores| {
        let share = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{v:.3}"));
        let of = |value: Option<f64>, part: usize, all: usize| match value {
            Some(v) => format!("{v:.3} ({part} of {all})"),
            None => "-".to_owned(),
        };
        table.add_row([
            name,
            s.images.to_string(),
            share(s.iou),
            share(s.f1),
            of(s.recall, s.positives - s.missed, s.positives),
            of(s.false_alarm, s.alarms, s.negatives),
        ]);
    };
    add("all".to_owned(), &found.total);
    found.slices.iter().for_each(|(name, s)| add(format!("{name}_"), s));
    found.views.iter().for_each(|(name, s)| add(format!("view {name}"), s));
    format!(
        "{} {}, threshold {}, alarm from {} of the picture\n{table}",
        pack.card.name, pack.card.version, found.total.threshold, found.min_area_share
    )
}
