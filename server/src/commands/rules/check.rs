//! `flyonce rules check`: every problem of rules, lists, departments and zones together.

use std::process::ExitCode;

use anyhow::Context;

use crate::cli::RulesCheckArgs;
use crate::commands::route::city;
use crate::config::Problem;
use crate::wire::City;
use crate::{clock, output};

/// Lists every problem on standard output; exit code 1 when there is an error.
///
/// # Errors
/// When the configuration cannot be read or is not TOML.
pub fn run(args: &RulesCheckArgs) -> anyhow::Result<ExitCode> {
    let (city, mut problems) = city::read(&args.city)?;
    if let Some(city) = &city {
        let today = city.rules.out_of_force(clock::now());
        problems.extend(today.iter().map(|p| Problem::warning(format!("rules: {}", p.path), &p.message)));
    }
    let line =
        |problem: &Problem| format!("{}: {problem}", if problem.warning { "warning" } else { "error" });
    let errors = problems.iter().filter(|problem| !problem.warning).count();
    let mut text: Vec<String> = problems.iter().map(line).collect();
    text.extend(city.as_ref().map(counts));
    text.push(format!("{errors} errors, {} warnings", problems.len() - errors));
    output::print(&text.join("\n")).context("cannot write to standard output")?;
    Ok(if errors == 0 && city.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn counts(city: &City) -> String {
    let rules = &city.rules;
    format!(
        "{} rules, {} classes, {} matters, {} delegated powers, {} departments, {} zones, {} context features",
        rules.rules.len(),
        rules.classes.len(),
        rules.matters.len(),
        rules.delegations.len(),
        city.departments.departments.len(),
        city.zones.zones().len(),
        city.context.features().len()
    )
}
