//! The city that `route` and `rules` are asked about: a configuration, or its parts on the command line.

use std::path::Path;

use anyhow::bail;
use gis::zones::{ContextFile, Crs, ZoneFile, ZoneLevel};

use crate::cli::{CityArgs, ContextArg, ZoneArg};
use crate::config::{self, Config, ContextEntry, Problem, ZoneEntry};
use crate::wire::{City, city};

/// Loads the city; warnings are logged.
///
/// # Errors
/// Every problem found.
pub fn load(args: &CityArgs) -> anyhow::Result<City> {
    let (city, problems) = read(args)?;
    for warning in problems.iter().filter(|problem| problem.warning) {
        tracing::warn!("{warning}");
    }
    let errors: Vec<String> = problems.iter().filter(|p| !p.warning).map(Problem::to_string).collect();
    match city {
        Some(city) if errors.is_empty() => Ok(city),
        _ => bail!("cannot use this city, {} problems:\n  {}", errors.len(), errors.join("\n  ")),
    }
}

/// Loads as much of the city as can be, beside all problems.
///
/// # Errors
/// When the configuration cannot be read or is not TOML.
pub fn read(args: &CityArgs) -> anyhow::Result<(Option<City>, Vec<Problem>)> {
    let (mut config, mut problems) = match &args.config {
        Some(path) => config::read(path)?,
        None => (Config::default(), Vec::new()),
    };
    replace(&mut config, args);
    let city = city::load(&config, &mut problems);
    Ok((city, problems))
}

/// What the command line names goes before what the configuration does.
fn replace(config: &mut Config, args: &CityArgs) {
    if !args.zones.is_empty() {
        let (stores, files): (Vec<&ZoneArg>, Vec<&ZoneArg>) =
            args.zones.iter().partition(|zones| is_store(&zones.path));
        config.zones = files.into_iter().map(zone_entry).collect();
        config.zone_store = stores.first().map(|store| store.path.clone());
    }
    if !args.context.is_empty() {
        config.context = args.context.iter().map(context_entry).collect();
    }
    if args.rules.is_some() {
        config.rules.clone_from(&args.rules);
    }
    if args.departments.is_some() {
        config.departments.clone_from(&args.departments);
    }
}

fn is_store(path: &Path) -> bool {
    path.is_dir() || path.extension().is_some_and(|extension| extension == "sqlite")
}

fn zone_entry(zones: &ZoneArg) -> ZoneEntry {
    let mut file = ZoneFile { level: zones.level, ..ZoneFile::new(ZoneLevel::District) };
    file.kind.clone_from(&zones.kind);
    if zones.level == Some(ZoneLevel::Special) {
        file.parent_key.clear();
    }
    ZoneEntry { path: zones.path.clone(), file }
}

fn context_entry(context: &ContextArg) -> ContextEntry {
    let file = ContextFile { layer: context.layer.clone(), crs: Crs::Wgs84 };
    ContextEntry { path: context.path.clone(), file }
}
