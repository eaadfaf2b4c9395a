//! `flyonce rules dry-run`: what a month of past incidents would have become; nothing is written.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use dispatch::{KnownZones, RuleSet, Weight};
use gis::{Incident, IncidentState};
use jiff::Timestamp;
use jiff::civil::Time;
use store::Store;

use super::compare::compare;
use super::dry_run_output;
use crate::cli::{CityArgs, RulesDryRunArgs, Since};
use crate::commands::analyze::default_out;
use crate::commands::route::city;
use crate::config;
use crate::output;
use crate::wire::store::Place;
use crate::wire::{City, city::read_rules};

/// Prints what changes, as tables or JSON.
///
/// # Errors
/// When the city, the other rules or the database cannot be used.
pub fn run(args: &RulesDryRunArgs) -> anyhow::Result<ExitCode> {
    let parts = CityArgs {
        config: Some(args.config.clone()),
        zones: Vec::new(),
        rules: None,
        departments: None,
        context: Vec::new(),
    };
    let city = city::load(&parts)?;
    let other = other_rules(&args.rules, &city)?;
    let since = since(args.since, &city)?;
    let incidents = database(args)?.incidents()?;
    let comparison = compare(incidents.iter().filter(|incident| counts(incident, since)), &city, &other);
    let text = if args.json {
        serde_json::to_string_pretty(&comparison)?
    } else {
        dry_run_output::text(&comparison, &city.departments)
    };
    output::print(&text).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

fn other_rules(path: &Path, city: &City) -> anyhow::Result<RuleSet> {
    let mut problems = Vec::new();
    let rules = read_rules(path, Some(&city.departments), &mut problems);
    let mut errors: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let known = KnownZones::new(city.zones.zones());
    let found = rules.as_ref().map(|rules| rules.validate(&city.departments, &known)).unwrap_or_default();
    for problem in found {
        match problem.weight {
            Weight::Error => errors.push(problem.to_string()),
            Weight::Warning => tracing::warn!("{}: {problem}", path.display()),
        }
    }
    match rules {
        Some(rules) if errors.is_empty() => Ok(rules),
        _ => bail!("cannot use {}, {} problems:\n  {}", path.display(), errors.len(), errors.join("\n  ")),
    }
}

fn since(since: Since, city: &City) -> anyhow::Result<Timestamp> {
    match since {
        Since::Moment(moment) => Ok(moment),
        Since::Day(day) => city
            .rules
            .calendar
            .timestamp(day, Time::midnight())
            .with_context(|| format!("--since {day} is not a day of the calendar")),
    }
}

/// A dry run opens what is there and makes nothing.
fn database(args: &RulesDryRunArgs) -> anyhow::Result<Box<dyn Store>> {
    let place = if let Some(name) = &args.db {
        Place::named(name)
    } else {
        let config = config::load(&args.config)?;
        let configured = config.store.as_ref().and_then(Place::configured);
        configured.unwrap_or_else(|| Place::in_folder(&default_out(&config)))
    };
    place.open().context("cannot open the store of past incidents; --db names another")
}

/// Only what became a task, or could have, is asked about.
fn counts(incident: &Incident, since: Timestamp) -> bool {
    let shown = matches!(incident.state, IncidentState::Confirmed | IncidentState::Closed);
    shown && incident.merged_into.is_none() && incident.last_seen >= since
}
