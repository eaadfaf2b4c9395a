//! `flyonce simulate`: a city day with known truth through deduplication, confirmation and routing, and how well that went.

mod figures;
mod report;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use simulation::baselines::{Baseline, baselines};
use simulation::run::{City as Responsible, Outcome, run as run_day};
use simulation::score::{Score, score};
use simulation::{Day, Scenario, day};

use crate::cli::SimulateArgs;
use crate::config::{self, Config};
use crate::output::{print, write_whole};
use crate::wire::City;

/// One day and its score.
pub struct Scored {
    /// Its seed.
    pub seed: u64,
    /// How well it went.
    pub score: Score,
    /// How well simpler ways did.
    pub baselines: Vec<Baseline>,
}

/// Prints the figures of one or more days on standard output.
///
/// # Errors
/// When scenario or city cannot be read, or the report cannot be written.
pub fn run(args: &SimulateArgs) -> anyhow::Result<ExitCode> {
    if args.seeds == 0 {
        bail!("--seeds 0 asks for no day; give 1 or more");
    }
    let mut scenario = read(&args.scenario)?;
    if let Some(fps) = args.fps {
        scenario.aircraft.fps = fps;
        scenario.check().context("cannot use --fps")?;
    }
    let (config, city) = city(&args.scenario, &scenario)?;
    let responsible = Responsible { zones: &city.zones, rules: &city.rules };
    let first = args.seed.unwrap_or(scenario.seed);
    let mut all = Vec::new();
    for seed in first..first.saturating_add(args.seeds) {
        let day =
            day::day(&scenario, seed).context("the scenario's picture and field of view make no camera")?;
        let outcome = run_day(&day, &config.dedupe, responsible);
        let scored =
            Scored { seed, score: score(&scenario, &day, &outcome, responsible), baselines: baselines(&day) };
        tracing::info!("seed {seed}: {} tasks for {} things", scored.score.counts.tasks, day.things.len());
        if let (Some(path), true) = (&args.report, all.is_empty()) {
            write_report(
                path,
                &Shown { scenario: &scenario, day: &day, outcome: &outcome, city: &city, scored: &scored },
            )?;
        }
        all.push(scored);
    }
    let text = if args.json { figures::json(&all)? } else { figures::table(&all) };
    print(text.trim_end()).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

/// What the report shows.
pub struct Shown<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The day.
    pub day: &'a Day,
    /// What became of it.
    pub outcome: &'a Outcome,
    /// Zones and departments.
    pub city: &'a City,
    /// Its figures.
    pub scored: &'a Scored,
}

fn read(path: &Path) -> anyhow::Result<Scenario> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read scenario {}", path.display()))?;
    Scenario::from_toml(&text).with_context(|| format!("cannot use scenario {}", path.display()))
}

/// Loads the configuration that the scenario names, and of it who is responsible where.
fn city(path: &Path, scenario: &Scenario) -> anyhow::Result<(Config, City)> {
    let file = path.parent().unwrap_or(Path::new("")).join(&scenario.city);
    let config =
        config::load(&file).with_context(|| format!("cannot use the city of scenario {}", path.display()))?;
    let mut problems = Vec::new();
    let city = crate::wire::city::load(&config, &mut problems);
    for problem in &problems {
        tracing::warn!("{problem}");
    }
    match city {
        Some(city) if problems.iter().all(|problem| problem.warning) => Ok((config, city)),
        _ => bail!("the city {} has {} problems", file.display(), problems.len()),
    }
}

fn write_report(path: &Path, shown: &Shown<'_>) -> anyhow::Result<()> {
    write_whole(path, report::page(shown).as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))
}
