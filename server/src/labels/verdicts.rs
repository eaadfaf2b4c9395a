//! What people decided about incidents, and what others said who looked again without knowing.

use std::collections::BTreeMap;

use anyhow::Context;
use dispatch::TaskId;
use dispatch::casework::{Act, Step};
use gis::IncidentId;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use store::{LinkKind, OperationRecord, Store, What};

/// Kind of the note of somebody who looked again.
pub const RECHECK: &str = "recheck";
/// Operations read at a time.
const PAGE: usize = 2_000;

/// A decision about a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// It is what it was taken for.
    pub real: bool,
    /// Who decided.
    pub actor: String,
    /// When.
    pub at: Timestamp,
}

/// Returns the last decision about each incident that stands.
///
/// # Errors
/// When the store cannot be read.
pub fn verdicts(store: &dyn Store) -> anyhow::Result<BTreeMap<IncidentId, Verdict>> {
    let mut found = BTreeMap::new();
    let mut after = 0;
    loop {
        let page = store.contents(LinkKind::Operation, after, PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(found) };
        after = last.parse().with_context(|| format!("operation {last:?} has no number"))?;
        for (id, json) in &page {
            let record: OperationRecord =
                serde_json::from_str(json).with_context(|| format!("cannot read operation {id}"))?;
            let Some(real) = decided(&record) else { continue };
            let verdict = Verdict { real, actor: record.actor.clone(), at: record.at };
            for incident in incidents_of(&record) {
                found.insert(incident, verdict.clone());
            }
        }
    }
}

/// Tells whether an operation that stands says that a finding is real, or is none; most say neither.
fn decided(record: &OperationRecord) -> Option<bool> {
    if record.undone_by.is_some() {
        return None;
    }
    match &record.what {
        What::Act(Act::Reject { .. }) => Some(false),
        What::Act(Act::Step { step, .. } | Act::Many { step, .. }) => match step {
            Step::Confirm | Step::Approve => Some(true),
            Step::Reject => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn incidents_of(record: &OperationRecord) -> Vec<IncidentId> {
    let of_task =
        |id: &TaskId| record.after.tasks.iter().find(|task| task.id == *id).map(|task| task.incident_id);
    match &record.what {
        What::Act(Act::Reject { incident }) => vec![*incident],
        What::Act(Act::Step { task, .. }) => of_task(task).into_iter().collect(),
        What::Act(Act::Many { tasks, .. }) => tasks.iter().filter_map(of_task).collect(),
        _ => Vec::new(),
    }
}

/// Returns what those said who looked again, the last word of each, by incident.
///
/// # Errors
/// When the store cannot be read.
pub fn rechecks(store: &dyn Store) -> anyhow::Result<BTreeMap<String, BTreeMap<String, bool>>> {
    let mut found: BTreeMap<String, BTreeMap<String, bool>> = BTreeMap::new();
    for one in store.notes(Some(RECHECK), 0, usize::MAX)? {
        found.entry(one.note.subject).or_default().insert(one.note.actor, one.note.detail == "real");
    }
    Ok(found)
}

/// Tells whether an incident belongs to the sample that is shown again: the same share of all, chosen by its id alone.
pub fn is_sampled(incident: IncidentId, share: f64) -> bool {
    let digest = Sha256::new().chain_update(b"recheck\0").chain_update(incident.0.as_bytes()).finalize();
    let head = digest.iter().take(4).fold(0_u32, |all, byte| all << 8 | u32::from(*byte));
    f64::from(head) < share * (f64::from(u32::MAX) + 1.0)
}
