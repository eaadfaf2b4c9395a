//! One batch from beginning to commit, over any database.

use std::collections::{BTreeMap, BTreeSet};

use gis::dedupe::neighbourhood::{cells_beside, cells_of_incident};
use gis::{Absorbed, AbsorbedKind, Deduper, Incident, IncidentId, Observation, ObservationId};

use super::known::Known;
use super::reach::{Reach, locks_of_cells};
use super::rows::{AbsorbRows, Findings, Version, Write};
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
            Ok(Attempt::Done(done, written)) => {
                rows.commit()?;
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
    /// Written; the incidents with the version that they have now.
    Done(AbsorbedBatch, Vec<(Incident, Version)>),
    /// The batch reaches further than was locked.
    MoreLocks(BTreeSet<i64>),
}

fn attempt(
    rows: &mut impl AbsorbRows,
    known: &mut Known,
    batch: &Batch<'_>,
    reach: &mut Reach,
) -> Result<Attempt, StoreError> {
    rows.lock(&reach.locks)?;
    let mut found = BTreeMap::new();
    found.extend(rows.holders(&reach.observations)?);
    found.extend(rows.entered(&reach.cells)?);
    found.extend(rows.in_view(&reach.views)?);
    let sources = batch.frames.iter().flat_map(|frame| {
        let observed = frame.observations.iter().map(|observation| observation.source.as_str());
        observed.chain([frame.look.source.as_str()])
    });
    found.extend(rows.unlocated(&sources.collect())?);
    let deduped = loop {
        known.refresh(rows, found.iter().map(|(id, version)| (*id, *version)))?;
        let deduped = dedupe(known, batch, found.keys());
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
    save(rows, known, batch, deduped, &found)
}

/// What a deduper made of the frames.
struct Deduped {
    outcomes: Vec<Vec<Absorbed>>,
    /// Incidents that differ from what was known.
    changed: Vec<Incident>,
    /// Cells where an incident would lie that is one with an incident that was seen.
    beside: BTreeSet<u64>,
}

fn dedupe<'a>(known: &Known, batch: &Batch<'_>, ids: impl Iterator<Item = &'a IncidentId>) -> Deduped {
    let existing = ids.filter_map(|id| known.get(*id)).map(|(_, incident)| incident.clone()).collect();
    let mut deduper = Deduper::new(batch.config.clone(), existing);
    let (mut outcomes, mut beside, mut touched) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for frame in batch.frames {
        let done = deduper.absorb_frame(&frame.look, frame.observations.clone());
        let seen: BTreeSet<IncidentId> =
            done.iter().filter(|d| is_new(d)).filter_map(|d| d.incident).collect();
        for incident in deduper.take_changed() {
            touched.insert(incident.id);
            if seen.contains(&incident.id) {
                beside.extend(cells_beside(incident));
            }
        }
        outcomes.push(done);
    }
    let differs = |incident: &Incident| {
        touched.contains(&incident.id) && known.get(incident.id).is_none_or(|(_, before)| before != incident)
    };
    let changed = deduper.into_incidents().into_iter().filter(differs).collect();
    Deduped { outcomes, changed, beside }
}

fn is_new(absorbed: &Absorbed) -> bool {
    matches!(absorbed.kind, AbsorbedKind::New | AbsorbedKind::Joined)
}

fn save(
    rows: &mut impl AbsorbRows,
    known: &Known,
    batch: &Batch<'_>,
    deduped: Deduped,
    found: &BTreeMap<IncidentId, Version>,
) -> Result<Attempt, StoreError> {
    let Deduped { outcomes, changed, .. } = deduped;
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
    let observations = absorbed_observations(batch, &outcomes);
    let findings = Findings { batch, incidents, observations, changes };
    rows.write(&findings)?;
    let written =
        findings.incidents.iter().map(|write| (write.incident.clone(), write.version + 1)).collect();
    Ok(Attempt::Done(AbsorbedBatch { outcomes, changed }, written))
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
