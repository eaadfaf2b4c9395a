//! `flyonce check`: a configuration and everything it names, held to the light before anything starts.

use std::process::ExitCode;

use anyhow::Context;

use crate::cli::CheckArgs;
use crate::config::{self, Problem};
use crate::output;
use crate::serve::door;
use crate::wire::{self, Assembly};

/// Lists every problem with its key path on standard output; exit code 1 when there is an error.
///
/// # Errors
/// When the file cannot be read or is not TOML.
pub fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let (config, mut problems) = config::read(&args.config)?;
    let lines = match wire::assemble(&config) {
        Ok((assembly, warnings)) => {
            problems.extend(warnings);
            problems.extend(door::problems(&config.serve, &assembly.city.departments));
            describe(&assembly)
        }
        Err(more) => {
            problems.extend(more);
            Vec::new()
        }
    };
    let errors = problems.iter().filter(|p| !p.warning).count();
    let mut text: Vec<String> = problems.iter().map(line).collect();
    text.extend(lines);
    text.push(format!("{}: {errors} errors, {} warnings", args.config.display(), problems.len() - errors));
    output::print(&text.join("\n")).context("cannot write to standard output")?;
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn line(problem: &Problem) -> String {
    let weight = if problem.warning { "warning" } else { "error" };
    format!("{weight}: {problem}")
}

fn describe(assembly: &Assembly) -> Vec<String> {
    let packs = assembly
        .packs
        .cards
        .iter()
        .map(|card| format!("pack {} {}, {}", card.name, card.version, card.precision));
    let zones = assembly.city.zones.zones().len();
    let city = &assembly.city;
    let rest = [
        format!(
            "{zones} zones, {} departments, {} rules",
            city.departments.departments.len(),
            city.rules.rules.len()
        ),
        format!("terrain: {}", if assembly.terrain.ground().is_some() { "yes" } else { "none" }),
        format!("{} sources", assembly.sources.len()),
    ];
    packs.chain(rest).collect()
}
