//! Incidents become tasks, are stored, and the files of the run are written.

use std::path::Path;

use anyhow::Context;
use dispatch::flood::{FloodConfig, hold};
use dispatch::{EvidenceRef, Task, task_in_context};
use gis::{DedupeConfig, Incident, IncidentState};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use store::{Run, RunId, RunRecord, Store};
use uuid::Uuid;

use super::collect::Collected;
use crate::evidence::Shelf;
use crate::output::summary::{SourceSummary, Summary};
use crate::output::{geojson, write_whole};
use crate::report::Report;
use crate::truth::Truth;
use crate::wire::City;

/// Tasks of a run.
pub struct Made {
    /// Known and new tasks, oldest first.
    pub tasks: Vec<Task>,
    /// The first evidence that could not be written.
    pub failure: Option<anyhow::Error>,
}

/// Makes the tasks of all confirmed incidents anew; the store decides what of a known task changes.
///
/// Evidence is written where a task has none yet. Known tasks of other incidents stay as they are.
///
/// Many new tasks that one cause may have made wait for a person as one question.
pub fn make_tasks(
    collected: &Collected,
    known: &[Task],
    city: &City,
    flood: &FloodConfig,
    evidence: &Path,
) -> Made {
    let mut made = Made { tasks: Vec::new(), failure: None };
    for incident in collected.incidents.iter().filter(|i| proves_something(i)) {
        let task = standing_task(known, incident);
        let stills = match task.map(|task| task.evidence.clone()).filter(|kept| !kept.is_empty()) {
            Some(kept) => kept,
            None => collected
                .evidence
                .write(incident.id, Shelf { folder: evidence, rooms: None })
                .unwrap_or_else(|error| {
                    made.failure.get_or_insert(anyhow::Error::new(error));
                    Vec::<EvidenceRef>::new()
                }),
        };
        let now = incident.last_seen;
        match task_in_context(incident, &city.zones, &city.context, &city.rules, stills, now) {
            // An incident that people merged or split goes on with the task it has.
            Ok(new) => made.tasks.push(Task { id: task.map_or(new.id, |task| task.id), ..new }),
            Err(reason) => tracing::info!("no task: {reason}"),
        }
    }
    for group in hold(&mut made.tasks, known, &collected.incidents, &city.rules, flood) {
        if !group.waiting.is_empty() {
            tracing::warn!("{} tasks wait for one answer: {}", group.waiting.len(), group.cause_en);
        }
    }
    let untouched = |task: &&Task| made.tasks.iter().all(|other| other.id != task.id);
    let rest: Vec<Task> = known.iter().filter(untouched).cloned().collect();
    made.tasks.extend(rest);
    made.tasks.sort_by_key(|task| (task.created, task.id));
    made
}

/// Returns the task of an incident, one that is not merged into another before one that is.
fn standing_task<'a>(known: &'a [Task], incident: &Incident) -> Option<&'a Task> {
    let of_incident = known.iter().filter(|task| task.incident_id == incident.id);
    of_incident.min_by_key(|task| (task.state.is_over(), std::cmp::Reverse((task.created, task.id))))
}

fn proves_something(incident: &Incident) -> bool {
    matches!(incident.state, IncidentState::Confirmed | IncidentState::Unlocated)
}

/// Stores incidents, observations and tasks of a run in one transaction.
///
/// # Errors
/// When the database cannot be written.
pub fn save(
    store: &mut dyn Store,
    collected: &Collected,
    tasks: &[Task],
    sources: &[SourceSummary],
    (dedupe, saved_at): (&DedupeConfig, Timestamp),
) -> anyhow::Result<()> {
    let run = Run {
        id: run_id(sources),
        inputs: sources.iter().map(|s| s.uri.clone()).collect(),
        frames: sources.iter().filter_map(|s| s.last_frame_index).map(|last| last + 1).sum(),
        analysed_frames: sources.iter().map(|s| s.frames).sum(),
        detections: sources.iter().map(|s| s.detections).sum(),
    };
    store.save_run(&RunRecord {
        run,
        saved_at,
        observations: collected.observations.clone(),
        incidents: collected.incidents.clone(),
        tasks: tasks.to_vec(),
        config: dedupe.clone(),
        looked_at: collected.looked_at.clone(),
    })?;
    Ok(())
}

/// Returns the id of a run: the same sources with the same frames always give the same id.
///
/// # References
/// RFC 9562 (2024), section 5.8: UUIDv8 out of a SHA-256.
fn run_id(sources: &[SourceSummary]) -> RunId {
    let mut hash = Sha256::new();
    for source in sources {
        let line =
            format!("{}\0{}\0{}\0{:?}\n", source.id, source.uri, source.frames, source.last_frame_index);
        hash.update(line.as_bytes());
    }
    let mut bytes = [0; 16];
    for (byte, from) in bytes.iter_mut().zip(hash.finalize()) {
        *byte = from;
    }
    RunId(Uuid::new_v8(bytes))
}

/// What is written of a run.
pub struct Outputs<'a> {
    /// Output folder.
    pub folder: &'a Path,
    /// Incidents, paths, footprints.
    pub collected: &'a Collected,
    /// Tasks.
    pub tasks: &'a [Task],
    /// Zones and departments.
    pub city: &'a City,
    /// Known truth, to draw.
    pub truth: Option<&'a Truth>,
    /// Figures.
    pub summary: &'a Summary,
}

/// Writes `tasks.geojson`, `summary.json` and `report.html`.
///
/// # Errors
/// When a file cannot be written; the others are written all the same.
pub fn write_outputs(outputs: &Outputs<'_>) -> anyhow::Result<()> {
    let collected = outputs.collected;
    let tasks = geojson::tasks(outputs.tasks, &collected.incidents, &outputs.city.departments);
    let report = Report {
        tasks: outputs.tasks,
        incidents: &collected.incidents,
        city: outputs.city,
        sources: &collected.traces,
        summary: outputs.summary,
        truth: outputs.truth,
        evidence: &outputs.folder.join("evidence"),
    };
    let files: [(&str, String); 3] = [
        ("tasks.geojson", tasks.to_string()),
        ("summary.json", serde_json::to_string_pretty(outputs.summary)?),
        ("report.html", report.page()),
    ];
    let mut first_error = Ok(());
    for (name, text) in files {
        let path = outputs.folder.join(name);
        let written =
            write_whole(&path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()));
        first_error = first_error.and(written);
    }
    first_error
}
