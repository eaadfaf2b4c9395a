//! `flyonce eval`: scores a pack on a labelled folder.

mod data;
mod drawing;
mod gallery;
mod labels;
mod report;
mod table;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use models::eval::{boxes, mask};
use models::{Answer, Card, Detector, Pack, Precision};
use rayon::prelude::*;

use self::data::{Data, Truth};
use self::gallery::Entry;
use self::report::Report;
use crate::cli::EvalArgs;
use crate::config::{Problem, Runtime};
use crate::output;
use crate::wire::packs;

/// One picture, scored and, where a gallery is wanted, drawn.
struct Scored<P> {
    picture: P,
    entry: Option<Entry>,
}

/// Prints scores of all pictures and by slice, as a table or as JSON, and writes the gallery.
///
/// # Errors
/// When the pack is refused, or a picture, mask or label file cannot be used: the message names the file, and of labels the line.
pub fn run(args: &EvalArgs) -> anyhow::Result<ExitCode> {
    let runtime = Runtime { precision: args.precision.unwrap_or(Precision::Fp32), ..Runtime::default() };
    let pack = load(&args.pack, &runtime)?;
    let data = Data::open(&args.data, pack.card.task)?;
    let (report, entries) = score(&pack, &data, &runtime, args.gallery.is_some())?;
    if let Some(path) = &args.gallery {
        let page = gallery::page(&pack.card, &report, entries);
        output::write_whole(path, page.as_bytes())
            .with_context(|| format!("cannot write the gallery {}", path.display()))?;
    }
    let text = if args.json { serde_json::to_string_pretty(&report)? } else { table::text(&report) };
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

fn score(pack: &Pack, data: &Data, runtime: &Runtime, draw: bool) -> anyhow::Result<(Report, Vec<Entry>)> {
    let workers = packs::worker_count(runtime);
    let detectors = models_ort::load_pool(pack, packs::provider(runtime.provider), workers)?;
    let detectors: Vec<Detector> =
        detectors.into_iter().map(|detector| detector.with_floor(boxes::FLOOR)).collect();
    let card = &pack.card;
    let class = card.classes.first().context("the card names no class")?;
    match card.task {
        models::card::Task::Segmentation => {
            let (pictures, entries) = each(detectors, data, |looked| score_mask(looked, card, draw))?;
            let scores = mask::report(&pictures, class.threshold, class.min_area_share.unwrap_or(0.0));
            Ok((Report::of_masks(card, scores), entries))
        }
        models::card::Task::Detection => {
            let (pictures, entries) = each(detectors, data, |looked| score_boxes(looked, card, draw))?;
            Ok((Report::of_boxes(card, boxes::report(&pictures, &card.classes)), entries))
        }
    }
}

/// A picture that the model looked at.
struct Looked<'a> {
    name: &'a str,
    data: &'a Data,
    picture: &'a models::RgbImage,
    truth: Truth,
    answer: &'a Answer,
}

/// Looks at every picture, one worker a detector, and returns the results in the order of the names.
fn each<P: Send>(
    detectors: Vec<Detector>,
    data: &Data,
    score: impl Fn(Looked<'_>) -> anyhow::Result<Scored<P>> + Sync,
) -> anyhow::Result<(Vec<P>, Vec<Entry>)> {
    let share = data.names.len().div_ceil(detectors.len()).max(1);
    let of_worker = |(mut detector, names): (Detector, &[String])| -> anyhow::Result<Vec<Scored<P>>> {
        names.iter().map(|name| look(&mut detector, data, name, &score)).collect()
    };
    let scored: Vec<Vec<Scored<P>>> = detectors
        .into_par_iter()
        .zip(data.names.par_chunks(share))
        .map(of_worker)
        .collect::<Result<_, _>>()?;
    let (pictures, entries): (Vec<P>, Vec<Option<Entry>>) =
        scored.into_iter().flatten().map(|scored| (scored.picture, scored.entry)).unzip();
    Ok((pictures, entries.into_iter().flatten().collect()))
}

fn look<P>(
    detector: &mut Detector,
    data: &Data,
    name: &str,
    score: &impl Fn(Looked<'_>) -> anyhow::Result<Scored<P>>,
) -> anyhow::Result<Scored<P>> {
    let picture = data.picture(name)?;
    let size = picture.size();
    let card = detector.cards().next().context("the detector has no pack")?;
    let truth = data.truth(name, size, card)?;
    let letterbox = detector.letterbox(size)?;
    let content = pipeline_cv::resize(&picture, letterbox.scaled)?;
    let answers = detector.run(&content, &letterbox).with_context(|| format!("cannot look at {name}"))?;
    let answer = answers.first().context("the model gave no answer")?;
    score(Looked { name, data, picture: &picture, truth, answer })
}

fn score_mask(looked: Looked<'_>, card: &Card, draw: bool) -> anyhow::Result<Scored<mask::Picture>> {
    let Looked { name, data, picture, truth, answer } = looked;
    let (Answer::Masks(masks), Truth::Mask(truth)) = (answer, truth) else { bail!("{name} has no mask") };
    let found = masks.first().context("the model gave no mask")?;
    let counts = mask::count(found, &truth).with_context(|| data.mask_path(name).display().to_string())?;
    let scored = mask::Picture { name: name.to_owned(), view: data.view(name), counts };
    let entry = draw.then(|| {
        let drawn = drawing::mask(picture, &truth, found)?;
        gallery::of_mask(&scored, card, &drawn)
    });
    Ok(Scored { picture: scored, entry: entry.transpose()? })
}

fn score_boxes(looked: Looked<'_>, card: &Card, draw: bool) -> anyhow::Result<Scored<boxes::Picture>> {
    let Looked { name, data, picture, truth, answer } = looked;
    let (Answer::Boxes(found), Truth::Boxes(truth)) = (answer, truth) else { bail!("{name} has no boxes") };
    let scored = boxes::Picture::new(name, data.view(name), card, &truth, found);
    let entry = draw.then(|| {
        let drawn = drawing::boxes(picture, &scored.classes, &card.classes)?;
        gallery::of_boxes(&scored, card, &drawn)
    });
    Ok(Scored { picture: scored, entry: entry.transpose()? })
}
