//! One batch from beginning to commit, over any database.

use std::collections::{BTreeMap, BTreeSet};

use dispatch::Task;
use dispatch::looked::{Looked, follow};
use gis::dedupe::neighbourhood::{cells_beside, cells_of_incident};
use gis::dedupe::{LookedAt, RecentLooks, together};
use gis::{
    Absorbed, AbsorbedKind, Deduper, Incident, IncidentId, IncidentState, Look, Observation, ObservationId,
};

use super::known::Known;
use super::reach::{Reach, locks_of_cells};
use super::rows::{AbsorbRows, Findings, LastLooks, Version, Write};
use super::{AbsorbedBatch, Batch};
use crate::columns::{IncidentColumns, listed};
use crate::error::StoreError;
use crate::record::Change;

/// Transactions tried for one batch before giving up; more than a few means that somebody holds on to the same incidents.
const MOST_TRIES: usize = 12;

/// Absorbs a batch in one transaction.
pub(crate) fn absorb(
    rows: &mut impl AbsorbRows,
    known: &mut Known,
    batch: &Batch<'_>,
) -> Result<AbsorbedBatch, StoreError> {
    known.trim();
    let mut reach = Reach::of(batch);
    for turn in 1.. {
        rows.begin()?;
        match attempt(rows, known, batch, &mut reach) {
            Ok(Attempt::Done(done, written, recent)) => {
                rows.commit()?;
                known.recent = recent;
                for (incident, version) in written {
                    known.put(incident, version);
                }
                return Ok(done);
            }
            Ok(Attempt::MoreLocks(locks)) => {
                rows.rollback();
                reach.locks.extend(locks);
            }
            Err(StoreError::Contended { .. }) if turn < MOST_TRIES => rows.rollback(),
            Err(error) => {
                rows.rollback();
                return Err(error);
            }
        }
    }
    Ok(AbsorbedBatch::default())
}

enum Attempt {
    /// Written; the incidents with the version that they have now, and what sources looked at lately.
    Done(AbsorbedBatch, Vec<(Incident, Version)>, RecentLooks),
    /// The batch reaches further than was locked.
    MoreLocks(BTreeSet<i64>),
}

fn attempt<'a>(
    rows: &mut impl AbsorbRows,
    known: &mut Known,
    batch: &'a Batch<'a>,
    reach: &mut Reach,
) -> Result<Attempt, StoreError> {
    rows.lock(&reach.locks)?;
    let mut found = BTreeMap::new();
    found.extend(rows.holders(&reach.observations)?);
    found.extend(rows.entered(&reach.cells)?);
    found.extend(rows.in_view(&reach.views)?);
    let sources = sources_of(batch);
    found.extend(rows.unlocated(&sources)?);
    out_of_view(rows, known, batch, &mut found)?;
    let stored_looks = rows.last_looks(&sources)?;
    let mut deduped = loop {
        known.refresh(rows, found.iter().map(|(id, version)| (*id, *version)))?;
        let deduped = dedupe(known, batch, &stored_looks, found.keys());
        let beside: BTreeSet<u64> = deduped.beside.difference(&reach.cells).copied().collect();
        let more = rows.entered(&beside)?;
        reach.cells.extend(beside);
        let before = found.len();
        found.extend(more);
        if found.len() == before {
            break deduped;
        }
    };
    let mut needed = locks_of_cells(&reach.cells);
    for incident in &deduped.changed {
        let before = known.get(incident.id).map(|(_, before)| cells_of_incident(before));
        needed.extend(locks_of_cells(&before.unwrap_or_default()));
        needed.extend(locks_of_cells(&cells_of_incident(incident)));
    }
    if !needed.is_subset(&reach.locks) {
        return Ok(Attempt::MoreLocks(needed));
    }
    let tasks = follow_looks(rows, known, batch, &mut deduped)?;
    save(rows, known, batch, deduped, tasks, &found)
}

/// Finds the candidates that may go out of view with this batch: none of its frames need show them.
fn out_of_view(
    rows: &mut impl AbsorbRows,
    known: &mut Known,
    batch: &Batch<'_>,
    found: &mut BTreeMap<IncidentId, Version>,
) -> Result<(), StoreError> {
    let looks: Vec<&Look> = batch.frames.iter().map(|frame| &frame.look).collect();
    let ids: Vec<IncidentId> =
        known.recent.may_decide(&looks).into_iter().filter(|id| !found.contains_key(id)).collect();
    if ids.is_empty() {
        return Ok(());
    }
    for (incident, version) in rows.load(&ids)? {
        found.insert(incident.id, version);
        known.put(incident, version);
    }
    Ok(())
}

/// Moves the tasks on of incidents that were believed, and ends incidents whose work is seen to be done. Returns the tasks that moved.
fn follow_looks(
    rows: &mut impl AbsorbRows,
    known: &Known,
    batch: &Batch<'_>,
    deduped: &mut Deduped<'_>,
) -> Result<Vec<Task>, StoreError> {
    let before = |id: IncidentId| known.get(id).map(|(_, before)| before);
    let looked: Vec<Looked<'_>> = deduped
        .changed
        .iter()
        .filter(|incident| incident.position.is_some() && incident.state != IncidentState::Candidate)
        .map(|after| Looked { before: before(after.id), after })
        .collect();
    if looked.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<IncidentId> = looked.iter().map(|one| one.after.id).collect();
    let tasks = rows.tasks_of_all(&ids)?;
    let followed = follow(&looked, &tasks, batch.config);
    for ended in followed.incidents {
        if let Some(incident) = deduped.changed.iter_mut().find(|incident| incident.id == ended.id) {
            *incident = ended;
        }
    }
    Ok(followed.tasks)
}

/// What a deduper made of the frames.
struct Deduped<'a> {
    outcomes: Vec<Vec<Absorbed>>,
    /// Incidents that differ from what was known.
    changed: Vec<Incident>,
    /// Cells where an incident would lie that is one with an incident that was seen.
    beside: BTreeSet<u64>,
    /// The latest look of each source, where it is later than the one stored.
    looks: LastLooks<'a>,
    /// Ground that was looked at, look by look.
    looked_at: Vec<LookedAt>,
    /// What sources looked at lately.
    recent: RecentLooks,
}

fn sources_of<'a>(batch: &Batch<'a>) -> BTreeSet<&'a str> {
    let sources = batch.frames.iter().flat_map(|frame| {
        let observed = frame.observations.iter().map(|observation| observation.source.as_str());
        observed.chain([frame.look.source.as_str()])
    });
    sources.collect()
}

fn dedupe<'a, 'i>(
    known: &Known,
    batch: &Batch<'a>,
    stored_looks: &LastLooks<'a>,
    ids: impl Iterator<Item = &'i IncidentId>,
) -> Deduped<'a> {
    let existing = ids.filter_map(|id| known.get(*id)).map(|(_, incident)| incident.clone()).collect();
    let mut deduper = Deduper::new(batch.config.clone(), existing).with_recent(known.recent.clone());
    let (mut outcomes, mut beside, mut touched) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    let (mut looks, mut looked_at) = (LastLooks::new(), Vec::new());
    for frame in batch.frames {
        let source = frame.look.source.as_str();
        let at = (frame.look.time.as_microsecond(), frame.look.frame_index.cast_signed());
        let last = looks.get(source).or_else(|| stored_looks.get(source));
        let done = if last.is_none_or(|last| at > *last) {
            looks.insert(source, at);
            looked_at.extend(LookedAt::of(&frame.look));
            deduper.absorb_frame(&frame.look, frame.observations.clone())
        } else {
            let late = Look { footprint: None, ..frame.look.clone() };
            deduper.absorb_frame(&late, frame.observations.clone())
        };
        let seen: BTreeSet<IncidentId> =
            done.iter().filter(|d| is_new(d)).filter_map(|d| d.incident).collect();
        for incident in deduper.take_changed() {
            touched.insert(incident.id);
            // What is confirmed may be one that ended: it must be known here.
            let was_confirmed =
                known.get(incident.id).is_some_and(|(_, before)| before.state == IncidentState::Confirmed);
            let is_confirmed = incident.state == IncidentState::Confirmed;
            if seen.contains(&incident.id) || (is_confirmed && !was_confirmed) {
                beside.extend(cells_beside(incident));
            }
        }
        outcomes.push(done);
    }
    let differs = |incident: &Incident| {
        touched.contains(&incident.id) && known.get(incident.id).is_none_or(|(_, before)| before != incident)
    };
    let recent = deduper.recent().clone();
    let changed = deduper.into_incidents().into_iter().filter(differs).collect();
    Deduped { outcomes, changed, beside, looks, looked_at, recent }
}

fn is_new(absorbed: &Absorbed) -> bool {
    matches!(absorbed.kind, AbsorbedKind::New | AbsorbedKind::Joined)
}

fn save<'a>(
    rows: &mut impl AbsorbRows,
    known: &Known,
    batch: &'a Batch<'a>,
    deduped: Deduped<'a>,
    tasks: Vec<Task>,
    found: &BTreeMap<IncidentId, Version>,
) -> Result<Attempt, StoreError> {
    let Deduped { outcomes, changed, looks, looked_at, recent, .. } = deduped;
    let looked_at = grown_minutes(rows, looked_at)?;
    let mut changes = Vec::new();
    if !rows.has_run(batch)? {
        changes.push(Change::RunAdded { run: batch.run.id });
    }
    let mut incidents = Vec::new();
    for incident in &changed {
        let (version, before) = match found.get(&incident.id).and(known.get(incident.id)) {
            Some((version, before)) => (*version, Some(before)),
            None => (0, None),
        };
        let id = incident.id;
        changes.push(match before {
            Some(_) => Change::IncidentChanged { incident: id },
            None => Change::IncidentAdded { incident: id },
        });
        incidents.push(write_of(incident, before, version)?);
    }
    changes.extend(tasks.iter().map(|task| Change::TaskChanged { task: task.id }));
    let observations = absorbed_observations(batch, &outcomes);
    let findings = Findings { batch, incidents, observations, tasks, changes, looks, looked_at };
    rows.write(&findings)?;
    let written =
        findings.incidents.iter().map(|write| (write.incident.clone(), write.version + 1)).collect();
    let tasks = findings.tasks;
    Ok(Attempt::Done(AbsorbedBatch { outcomes, changed, tasks }, written, recent))
}

/// Returns the minutes of ground that grow by what was looked at.
fn grown_minutes(rows: &mut impl AbsorbRows, looked_at: Vec<LookedAt>) -> Result<Vec<LookedAt>, StoreError> {
    if looked_at.is_empty() {
        return Ok(Vec::new());
    }
    let minutes = looked_at.iter().map(|one| (one.source.as_str(), one.minute)).collect();
    let known = rows.looked_at(&minutes)?;
    Ok(together(known, looked_at))
}

fn write_of<'a>(
    incident: &'a Incident,
    before: Option<&Incident>,
    version: Version,
) -> Result<Write<'a>, StoreError> {
    let columns = IncidentColumns::of(incident)?;
    let stored = before.map(listed).unwrap_or_default();
    let listed_before = if listed(incident).starts_with(stored) { stored.len() } else { 0 };
    let moved = before.is_none_or(|before| cells_of_incident(before) != cells_of_incident(incident));
    Ok(Write { incident, columns, version, listed_before, moved })
}

/// Returns the observations that were not known before, each once.
fn absorbed_observations<'a>(batch: &Batch<'a>, outcomes: &[Vec<Absorbed>]) -> Vec<&'a Observation> {
    let fresh = outcomes.iter().flatten().filter(|done| is_new(done)).map(|done| done.observation);
    let mut fresh: BTreeSet<ObservationId> = fresh.collect();
    let all = batch.frames.iter().flat_map(|frame| &frame.observations);
    all.filter(|observation| fresh.remove(&observation.id)).collect()
}
