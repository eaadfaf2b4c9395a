//! `flyonce analyze`: video in; tasks, report, GeoJSON and summary out.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use cpu_time::ProcessTime;
use dispatch::Task;
use gis::Deduper;
use store::Store;

use crate::analysis::collect::Collected;
use crate::analysis::feed::{FeedResult, Shared};
use crate::analysis::{Collector, Stop, finish, run_sources};
use crate::cli::AnalyzeArgs;
use crate::config::{self, Config, Problem, SourceEntry};
use crate::output::{self, summary, table};
use crate::progress::Progress;
use crate::truth::{self, Truth};
use crate::wire::store::Place;
use crate::wire::{self, Assembly, Source};

/// Analyses the inputs and writes the output folder.
///
/// # Errors
/// When configuration, inputs or outputs cannot be used. A source that breaks is told in the summary and the exit code.
pub fn run(args: &AnalyzeArgs) -> anyhow::Result<ExitCode> {
    let (began, cpu) = (Instant::now(), ProcessTime::now());
    let mut config = configure(args)?;
    let truth = args.truth.as_deref().map(read_truth).transpose()?;
    let mut assembly = assemble(&config)?;
    if let Some(time) = args.for_time {
        wire::source::limit(&mut assembly.sources, time);
    }
    let out = args.out.clone().unwrap_or_else(|| default_out(&config));
    let mut store = open_store(&out, &config)?;
    let (incidents, known) = (store.incidents()?, store.tasks()?);
    config.dedupe.reviews = dispatch::flood::reviews(&incidents, &known);
    let deduper = Deduper::new(config.dedupe.clone(), incidents);
    let loaded = cpu.elapsed();

    let stop = Stop::default();
    let switch = stop.clone();
    ctrlc::set_handler(move || switch.now()).context("cannot watch for Ctrl-C")?;
    let progress = Progress::new(args.json);
    let workers = std::mem::take(&mut assembly.packs.workers);
    let proved = known.iter().filter(|task| !task.evidence.is_empty()).map(|task| task.incident_id).collect();
    let collector = Collector::new(deduper, &assembly, &config.analysis, began).with_proved(proved);
    let collector = Mutex::new(collector);
    let scaled =
        config.analysis.most_tiles > 0 && assembly.packs.cards.iter().any(|card| card.tiles.is_some());
    let shared = Shared {
        scaled,
        config: &config,
        terrain: &assembly.terrain,
        sink: &collector,
        stop: &stop,
        progress: &|source, frames, at| progress.frame(source, frames, at),
    };
    let results = run_sources(&shared, &assembly.sources, workers);
    progress.done();
    let mut collector = collector.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    // What is cut short may go on from here.
    if !stop.thrown() {
        collector.end_of_recordings();
    }
    let collected = collector.into_collected();
    let spent = Spent { began, cpu, loaded };
    let job =
        Job { args, out: &out, config: &config, assembly: &assembly, truth: truth.as_ref(), stop: &stop };
    job.conclude(&collected, &known, &results, store.as_mut(), &spent)
}

struct Spent {
    began: Instant,
    cpu: ProcessTime,
    loaded: Duration,
}

struct Job<'a> {
    args: &'a AnalyzeArgs,
    out: &'a Path,
    config: &'a Config,
    assembly: &'a Assembly,
    truth: Option<&'a Truth>,
    stop: &'a Stop,
}

impl Job<'_> {
    /// Makes and stores tasks, writes every file, tells the result, and returns the exit code.
    fn conclude(
        &self,
        collected: &Collected,
        known: &[Task],
        results: &[FeedResult],
        store: &mut dyn Store,
        spent: &Spent,
    ) -> anyhow::Result<ExitCode> {
        let out = self.out;
        let before = known.len();
        let flood = &self.config.flood;
        let mut made =
            finish::make_tasks(collected, known, &self.assembly.city, flood, &out.join("evidence"));
        let mut errors: Vec<String> = results.iter().filter_map(|r| r.error.clone()).collect();
        errors.extend(made.failure.take().map(|error| format!("{error:#}")));
        let let_go = collected.evidence.let_go();
        errors.extend(
            (let_go > 0).then(|| format!("{let_go} incidents lost their stills: there were too many")),
        );
        let sources = self.source_summaries(collected, results);
        let saved =
            finish::save(store, collected, &made.tasks, &sources, (&self.config.dedupe, crate::clock::now()))
                .and_then(|()| Ok(store.tasks()?));
        match saved {
            Ok(tasks) => made.tasks = tasks,
            Err(error) => errors.push(format!("cannot store the run: {error:#}")),
        }
        let mut summary = self.summary(collected, &made.tasks, results, spent, errors);
        summary.new_tasks = made.tasks.len().saturating_sub(before);
        finish::write_outputs(&finish::Outputs {
            folder: out,
            collected,
            tasks: &made.tasks,
            city: &self.assembly.city,
            truth: self.truth,
            summary: &summary,
        })?;
        self.tell(collected, &made.tasks, &summary)?;
        Ok(if summary.errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn summary(
        &self,
        collected: &Collected,
        tasks: &[Task],
        results: &[FeedResult],
        spent: &Spent,
        errors: Vec<String>,
    ) -> summary::Summary {
        let sources = self.source_summaries(collected, results);
        let frames = sources.iter().map(|s| s.frames).sum();
        let open = || collected.incidents.iter().filter(|i| i.is_open());
        let classes: Vec<String> =
            self.assembly.packs.cards.iter().flat_map(|c| c.classes.iter().map(|k| k.name.clone())).collect();
        let facts: Vec<truth::TaskFacts> = tasks.iter().map(task_facts).collect();
        summary::Summary {
            frames,
            detections: sources.iter().map(|s| s.detections).sum(),
            incidents: open().count(),
            unlocated_incidents: open().filter(|i| i.state == gis::IncidentState::Unlocated).count(),
            tasks: tasks.len(),
            new_tasks: 0,
            interrupted: self.stop.thrown(),
            sources,
            time: summary::TimeSpent {
                wall_secs: spent.began.elapsed().as_secs_f64(),
                first_detection_secs: collected.first_detection.map(|d| d.as_secs_f64()),
            },
            cost: cost(collected, results, spent, frames),
            packs: self.packs_used(),
            terrain: wire::terrain::used(&self.config.terrain),
            truth: self.truth.map(|t| truth::compare(t, &classes, &facts)),
            errors,
        }
    }

    fn source_summaries(&self, collected: &Collected, results: &[FeedResult]) -> Vec<summary::SourceSummary> {
        let sources = self.assembly.sources.iter();
        sources.filter_map(|source| source_summary(source, collected, results)).collect()
    }

    fn packs_used(&self) -> Vec<summary::PackUsed> {
        let provider = wire::packs::provider(self.config.runtime.provider).to_string();
        let used = |card: &models::Card| summary::PackUsed {
            name: card.name.clone(),
            version: card.version.clone(),
            sha256: card.sha256.clone(),
            provider: provider.clone(),
            precision: card.precision.to_string(),
        };
        self.assembly.packs.cards.iter().map(used).collect()
    }

    /// Tables or JSON go to standard output, what went wrong to the log.
    fn tell(&self, collected: &Collected, tasks: &[Task], summary: &summary::Summary) -> anyhow::Result<()> {
        let text = if self.args.json {
            serde_json::to_string_pretty(summary)?
        } else {
            let city = &self.assembly.city;
            let zone = city.rules.calendar.timezone.0.clone();
            let mut text = table::tasks(tasks, &collected.incidents, &city.departments, &zone);
            if let Some(found) = &summary.truth {
                text.push_str("\n\n");
                text.push_str(&table::truth(found));
            }
            text.push_str("\n\n");
            text.push_str(&table::summary(summary));
            format!("{text}\nwritten to {}", self.out.display())
        };
        output::print(&text).context("cannot write to standard output")?;
        for error in &summary.errors {
            tracing::error!("{error}");
        }
        if summary.interrupted {
            tracing::warn!("ended early; what was found until then is written");
        }
        Ok(())
    }
}

fn source_summary(
    source: &Source,
    collected: &Collected,
    results: &[FeedResult],
) -> Option<summary::SourceSummary> {
    let result = results.iter().find(|r| r.id == source.id)?;
    let found = collected.summaries.get(&source.id).cloned().unwrap_or_default();
    Some(summary::SourceSummary {
        id: source.id.clone(),
        uri: source.spec.uri.to_string(),
        dropped: result.stats.dropped,
        view: result.view.clone(),
        pose_notes: result.pose_notes.clone(),
        error: result.error.clone(),
        ..found
    })
}

fn task_facts(task: &Task) -> truth::TaskFacts {
    truth::TaskFacts {
        id: task.id.to_string(),
        class: task.class.clone(),
        lead: task.lead.as_ref().map(|id| id.0.clone()).unwrap_or_default(),
        at: task.position,
        ce90_m: task.ce90_m,
        area_m2: task.area_m2,
    }
}

/// What the process spent, by stage; what belongs to no other stage is decoding, on GStreamer's own threads.
fn cost(
    collected: &Collected,
    results: &[FeedResult],
    spent: &Spent,
    frames: u64,
) -> Vec<summary::StageCost> {
    let detect: Duration = results.iter().map(|r| r.stats.detect_cpu).sum();
    let decode = spent.cpu.elapsed().saturating_sub(spent.loaded + detect + collected.cpu);
    let stages = [("load", spent.loaded), ("decode", decode), ("detect", detect), ("place", collected.cpu)];
    let stage = |(stage, cpu): (&'static str, Duration)| {
        let cpu_ms = cpu.as_secs_f64() * 1_000.0;
        summary::StageCost { stage, cpu_ms, cpu_ms_per_frame: cpu_ms / frames.max(1) as f64 }
    };
    stages.into_iter().map(stage).collect()
}

/// Reads the configuration and lets the command line have the last word.
fn configure(args: &AnalyzeArgs) -> anyhow::Result<Config> {
    let mut config = args.config.as_deref().map_or_else(|| Ok(Config::default()), config::load)?;
    if let Some(fps) = args.fps {
        if !(fps >= 0.0 && fps.is_finite()) {
            bail!("--fps must be 0 or more, is {fps}");
        }
        config.analysis.fps = fps;
        config.sources.iter_mut().for_each(|source| source.fps = None);
    }
    if !args.inputs.is_empty() {
        config.sources = args.inputs.iter().map(|input| entry(input, &config.sources)).collect();
        distinct_names(&mut config.sources);
    }
    if config.sources.is_empty() {
        bail!("nothing to analyse: name an input, or a configuration with [[sources]]");
    }
    if let Some(telemetry) = &args.telemetry {
        match config.sources.as_mut_slice() {
            [only] => only.telemetry = Some(telemetry.clone()),
            more => bail!("--telemetry belongs to one input, not to {}", more.len()),
        }
    }
    Ok(config)
}

/// An input that the configuration knows keeps its settings.
fn entry(input: &str, configured: &[SourceEntry]) -> SourceEntry {
    let same = |a: &str, b: &str| {
        a == b
            || matches!((Path::new(a).canonicalize(), Path::new(b).canonicalize()), (Ok(a), Ok(b)) if a == b)
    };
    let known = configured.iter().find(|source| source.id == input || same(&source.uri, input));
    known.cloned().unwrap_or_else(|| SourceEntry::bare(wire::source::name_of(input), input.to_owned()))
}

fn distinct_names(sources: &mut [SourceEntry]) {
    let mut seen = std::collections::BTreeMap::<String, u32>::new();
    for source in sources {
        let count = seen.entry(source.id.clone()).or_default();
        *count += 1;
        if *count > 1 {
            source.id = format!("{}-{count}", source.id);
        }
    }
}

fn assemble(config: &Config) -> anyhow::Result<Assembly> {
    match wire::assemble(config) {
        Ok((assembly, warnings)) => {
            for problem in &warnings {
                tracing::warn!("{problem}");
            }
            Ok(assembly)
        }
        Err(problems) => {
            let lines: Vec<String> = problems.iter().filter(|p| !p.warning).map(Problem::to_string).collect();
            bail!("cannot start:\n  {}", lines.join("\n  "))
        }
    }
}

/// A folder of its own for each source, so that unrelated runs do not meet in one store.
pub(super) fn default_out(config: &Config) -> PathBuf {
    let id = config.sources.first().map_or("analyze", |source| source.id.as_str());
    let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    Path::new("out").join(id.chars().map(plain).collect::<String>())
}

fn open_store(out: &Path, config: &Config) -> anyhow::Result<Box<dyn Store>> {
    std::fs::create_dir_all(out)
        .with_context(|| format!("cannot make the output folder {}", out.display()))?;
    let configured = config.store.as_ref().and_then(Place::configured);
    configured.unwrap_or_else(|| Place::in_folder(out)).open_or_make()
}

fn read_truth(path: &Path) -> anyhow::Result<Truth> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no truth file", path.display()))
}
