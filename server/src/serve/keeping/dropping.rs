//! What may be dropped to make room, in order.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use dispatch::{EvidenceKind, Task};
use gis::IncidentId;
use store::{HOLD, LinkKind, RELEASE, Store, StoreError};

/// A file that may be dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Droppable {
    /// Its name.
    pub file: String,
    /// What it is, in words.
    pub what: &'static str,
    /// The incident that it belongs to.
    pub incident: IncidentId,
    /// Its size.
    pub bytes: u64,
}

/// Returns the incidents under legal hold.
///
/// # Errors
/// Any that reading has.
pub fn held(store: &dyn Store) -> Result<BTreeSet<String>, StoreError> {
    let mut held = BTreeMap::new();
    for kind in [HOLD, RELEASE] {
        for one in store.notes(Some(kind), 0, usize::MAX)? {
            let last = held.entry(one.note.subject).or_insert((0, false));
            *last = (*last).max((one.number, kind == HOLD));
        }
    }
    Ok(held.into_iter().filter(|(_, (_, holds))| *holds).map(|(subject, _)| subject).collect())
}

/// Returns what may be dropped, first what goes first, see [`super`].
///
/// # Errors
/// Any that reading has.
pub fn droppable(store: &dyn Store, evidence: &Path) -> Result<Vec<Droppable>, StoreError> {
    let held = held(store)?;
    let live = store.tasks()?;
    let live_ids: BTreeSet<String> = live.iter().map(|task| task.id.to_string()).collect();
    let mut put_away = Vec::new();
    for (id, json) in store.contents(LinkKind::Task, 0, usize::MAX)? {
        if !live_ids.contains(&id) {
            let unreadable = |source| StoreError::Unreadable { what: "task", id, source };
            put_away.push(serde_json::from_str::<Task>(&json).map_err(unreadable)?);
        }
    }
    let free = |task: &&Task| !held.contains(&task.incident_id.to_string());
    let over: Vec<&Task> = live.iter().filter(|task| task.state.is_over()).filter(free).collect();
    let gone: Vec<&Task> = put_away.iter().filter(free).collect();
    let kept = files_that_stay(&live, &put_away, &over, &gone);
    let mut all = Vec::new();
    let mut seen = BTreeSet::new();
    let groups: [(&[&Task], bool, &'static str); 3] =
        [(&gone, true, "clip"), (&over, true, "clip"), (&gone, false, "picture")];
    for (tasks, clips, what) in groups {
        let mut tasks = tasks.to_vec();
        tasks.sort_by_key(|task| (task.created, task.id));
        for (task, one) in tasks.iter().flat_map(|task| task.evidence.iter().map(move |one| (task, one))) {
            let is_clip = one.kind == EvidenceKind::Clip;
            let fits = is_clip == clips && one.kind != EvidenceKind::Record;
            let stays = kept.contains(&(one.file.as_str(), is_clip));
            if !fits || stays || !seen.insert(one.file.clone()) {
                continue;
            }
            if let Ok(about) = std::fs::metadata(evidence.join(&one.file)) {
                let (file, incident) = (one.file.clone(), task.incident_id);
                all.push(Droppable { file, what, incident, bytes: about.len() });
            }
        }
    }
    Ok(all)
}

/// Files that a task holds which may not lose them; the same file may belong to several.
fn files_that_stay<'a>(
    live: &'a [Task],
    put_away: &'a [Task],
    over: &[&Task],
    gone: &[&Task],
) -> BTreeSet<(&'a str, bool)> {
    let loses_clips: BTreeSet<_> = over.iter().chain(gone).map(|task| task.id).collect();
    let loses_all: BTreeSet<_> = gone.iter().map(|task| task.id).collect();
    let mut stay = BTreeSet::new();
    for task in live.iter().chain(put_away) {
        for one in &task.evidence {
            let is_clip = one.kind == EvidenceKind::Clip;
            let loses = if is_clip { loses_clips.contains(&task.id) } else { loses_all.contains(&task.id) };
            if !loses {
                stay.insert((one.file.as_str(), is_clip));
            }
        }
    }
    stay
}
