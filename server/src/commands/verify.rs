//! `flyonce verify`: whether a store and its evidence are as they were recorded. Needs no server.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use dispatch::TaskId;
use gis::IncidentId;
use store::Store;
use uuid::Uuid;
use x509_cert::Certificate;

use crate::cli::VerifyArgs;
use crate::commands::backup::TABLES;
use crate::output;
use crate::proof::manifest::MANIFEST;
use crate::proof::signature::certificates;
use crate::proof::verify::{Scope, Verdict, verify, verify_backup};
use crate::wire::store::Place;

/// Verifies, tells what does not hold, and fails if there is any.
///
/// # Errors
/// When the store, the evidence or the certificates cannot be read, and when something does not hold.
pub fn run(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let whole = args.target.is_dir();
    let folder = if whole { &args.target } else { &args.data };
    let mut verdict = Verdict::default();
    if whole && folder.join(MANIFEST).is_file() {
        verify_backup(folder, &mut verdict)?;
    }
    let place = args.db.as_deref().map_or_else(|| Place::in_folder(folder), Place::named);
    // The tables of a PostgreSQL store lie in a backup as files, which its manifest covers; their chain is checked once restored.
    if args.db.is_some() || !folder.join(TABLES).is_dir() {
        let told = verify_store(args, &place, folder);
        match told {
            Ok(of_store) => {
                verdict = Verdict { findings: [verdict.findings, of_store.findings].concat(), ..of_store }
            }
            // A store that cannot be read is told beside the byte that spoilt it.
            Err(error) if verdict.findings.is_empty() => return Err(error),
            Err(error) => tracing::error!("{error:#}"),
        }
    }
    tell(args, &verdict)?;
    Ok(if verdict.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn verify_store(args: &VerifyArgs, place: &Place, folder: &Path) -> anyhow::Result<Verdict> {
    let store = place.open_to_read()?;
    let only = if args.target.is_dir() { None } else { Some(case_of(store.as_ref(), &args.target)?) };
    let trusted = args.authority.as_deref().map(authority).transpose()?.unwrap_or_default();
    let evidence = args.evidence.clone().unwrap_or_else(|| folder.join("evidence"));
    verify(store.as_ref(), &Scope { evidence: &evidence, trusted: &trusted, only })
}

/// Returns the ids of a case: those of its incident and its tasks.
fn case_of(store: &dyn Store, target: &Path) -> anyhow::Result<BTreeSet<String>> {
    let text = target.to_string_lossy();
    let Ok(id) = Uuid::parse_str(&text) else {
        bail!("{text} is neither a folder nor the id of an incident or a task")
    };
    let task = store.task(TaskId(id))?;
    let incident = task.as_ref().map_or(IncidentId(id), |task| task.incident_id);
    if task.is_none() && store.incident(incident)?.is_none() {
        bail!("there is no incident or task {id}");
    }
    let tasks = store.tasks()?.into_iter().filter(|task| task.incident_id == incident);
    Ok(tasks.map(|task| task.id.to_string()).chain([incident.to_string()]).collect())
}

/// Reads the certificates of an authority.
///
/// # Errors
/// When the file cannot be read or holds none.
pub fn authority(path: &Path) -> anyhow::Result<Vec<Certificate>> {
    let pem = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    certificates(&pem)
        .map_err(|reason| anyhow::anyhow!("cannot use the certificates of {}: {reason}", path.display()))
}

fn tell(args: &VerifyArgs, verdict: &Verdict) -> anyhow::Result<()> {
    if args.json {
        let text = serde_json::to_string_pretty(verdict)?;
        return output::print(&text).context("cannot write to standard output");
    }
    let mut lines: Vec<String> = Vec::new();
    for one in &verdict.findings {
        lines.push(format!("{} {}: {}", one.what, one.which, one.problem));
    }
    let stamps = match verdict.time_stamps.last() {
        Some(last) => format!("{} time stamps, the last over {last}", verdict.time_stamps.len()),
        None => "no time stamps".to_owned(),
    };
    let dropped = if verdict.dropped > 0 {
        format!(", {} dropped for want of room", verdict.dropped)
    } else {
        String::new()
    };
    let (links, records, files) = (verdict.links, verdict.records, verdict.files);
    lines.push(format!("{links} links, {records} records, {files} files{dropped}; {stamps}"));
    lines.push(match verdict.findings.len() {
        0 => format!("everything is as it was recorded; head {}", verdict.head),
        count => format!("{count} do not hold"),
    });
    output::print(&lines.join("\n")).context("cannot write to standard output")
}
