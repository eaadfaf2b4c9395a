//! What `incidents`, `tasks` and `export` share: the store they open, the city they know, and how an operation is told.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use comfy_table::{Table, presets};
use dispatch::casework::Desk;
use gis::{Incident, OperationId};
use serde_json::{Value, json};
use store::{Expected, Operated, Operation, OperationRecord, Store, Subject, What};

use super::analyze::default_out;
use crate::cli::{PersonArgs, StoreArgs};
use crate::config::{self, Config, Problem};
use crate::wire::store::Place;
use crate::wire::{City, city};
use crate::{clock, output};

/// Opens a store that is there: what `--db` names, else the configuration, else `--out`.
///
/// # Errors
/// When none is named or there, and those of opening it.
pub fn open(args: &StoreArgs) -> anyhow::Result<Box<dyn Store>> {
    if let Some(name) = &args.db {
        return Place::named(name).open();
    }
    let config = args.config.as_deref().map(config::load).transpose()?;
    let configured = config.as_ref().and_then(|config| Place::configured(config.store.as_ref()?));
    let place = configured.or_else(|| args.out.as_deref().map(Place::in_folder));
    let place = place.or_else(|| config.as_ref().map(|config| Place::in_folder(&default_out(config))));
    let Some(place) = place else {
        bail!(
            "name the store: --out with the folder of a run, --db with a database, or --config with a configuration"
        )
    };
    place.open()
}

/// Loads zones, departments and rules of a configuration, or the shipped ones.
///
/// # Errors
/// When the configuration or what it names cannot be used.
pub fn city(config: Option<&Path>) -> anyhow::Result<(Config, City)> {
    let config = config.map_or_else(|| Ok(Config::default()), config::load)?;
    let mut problems = Vec::new();
    let city = city::load(&config, &mut problems);
    let (warnings, errors): (Vec<Problem>, Vec<Problem>) = problems.into_iter().partition(|p| p.warning);
    for warning in &warnings {
        tracing::warn!("{warning}");
    }
    if let Some(city) = city.filter(|_| errors.is_empty()) {
        return Ok((config, city));
    }
    let lines: Vec<String> = errors.iter().map(Problem::to_string).collect();
    bail!("cannot use the configuration:\n  {}", lines.join("\n  "))
}

/// Does what a person decides, and tells it.
///
/// # Errors
/// When it is refused, with the reason, and when the store cannot be used.
pub fn operate(person: &PersonArgs, subjects: &[Subject], what: What) -> anyhow::Result<ExitCode> {
    let mut store = open(&person.store)?;
    let (config, city) = city(person.store.config.as_deref())?;
    let desk = Desk {
        dedupe: &config.dedupe,
        zones: &city.zones,
        rules: &city.rules,
        departments: &city.departments,
    };
    let expected =
        |subject: &Subject| person.if_version.map(|version| Expected { subject: *subject, version });
    let name = what.name();
    let operation = Operation {
        actor: person.actor.clone(),
        reason: person.reason.clone(),
        what,
        expected: subjects.iter().filter_map(expected).collect(),
    };
    let done = store.operate(&operation, &desk, clock::now())?;
    tell(&name, &done, person.json)
}

/// Prints what an operation did.
///
/// # Errors
/// When standard output cannot be written.
pub fn tell(name: &str, done: &Operated, json: bool) -> anyhow::Result<ExitCode> {
    let text = if json { serde_json::to_string_pretty(&json_of(done))? } else { told(name, done) };
    output::print(&text).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

fn json_of(done: &Operated) -> Value {
    json!({
        "operation": done.id,
        "undoes": done.undoes,
        "incidents": done.incidents,
        "tasks": done.tasks,
        "remarks": done.remarks,
    })
}

fn told(name: &str, done: &Operated) -> String {
    let mut lines = vec![match done.undoes {
        Some(undone) => format!("operation {}: operation {undone} was taken back", done.id),
        None => format!("operation {}: {name}", done.id),
    }];
    lines.extend(done.incidents.iter().map(incident_line));
    lines.extend(done.tasks.iter().map(|task| {
        let lead = task.lead.as_ref().map_or_else(|| "no department yet".to_owned(), ToString::to_string);
        format!("task {}: {}, {lead}", task.id, task.state.name())
    }));
    lines.extend(done.remarks.iter().cloned());
    lines.join("\n")
}

fn incident_line(incident: &Incident) -> String {
    let merged = incident.merged_into.map(|into| format!(", merged into {into}")).unwrap_or_default();
    let count = incident.observations.len();
    format!("incident {}: {}, {count} observations{merged}", incident.id, incident.state.name())
}

/// Returns the number of the last operation, 0 for none: the version of what it is about.
pub fn version(operations: &[OperationRecord]) -> u64 {
    operations.last().map_or(0, |last| last.id.0)
}

/// Returns the operations without the records that they keep.
pub fn operations_json(operations: &[OperationRecord]) -> Value {
    let one = |record: &OperationRecord| {
        json!({
            "id": record.id,
            "at": record.at,
            "actor": record.actor,
            "reason": record.reason,
            "what": record.what,
            "remarks": record.remarks,
            "undoes": record.undoes,
            "undone_by": record.undone_by,
        })
    };
    operations.iter().map(one).collect()
}

/// Returns the operations, one a line.
pub fn operations_text(operations: &[OperationRecord]) -> String {
    let taken_back =
        |by: Option<OperationId>| by.map(|by| format!(" (taken back by operation {by})")).unwrap_or_default();
    let line = |record: &OperationRecord| {
        let name = match record.undoes {
            Some(undone) => format!("undo of operation {undone}"),
            None => record.what.name(),
        };
        let OperationRecord { id, at, actor, reason, undone_by, .. } = record;
        format!("  {id}  {at}  {name} by {actor}: {reason}{}", taken_back(*undone_by))
    };
    operations.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Returns an empty table with a header.
pub fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(header.iter().copied());
    table
}
