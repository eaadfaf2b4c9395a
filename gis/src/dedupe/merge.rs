//! Two incidents turn out to be one: the older takes over what the younger knows, the younger is closed and kept.

use jiff::Timestamp;

use super::config::DedupeConfig;
use super::fuse::{add_fix_of_other, choose_outline, refresh_position};
use super::gone::merge_stays;
use super::outline::union_of_parts;
use crate::incident::{Incident, IncidentState};

/// Merges `younger` into `older`.
pub(super) fn merge(
    older: &mut Incident,
    younger: &mut Incident,
    why: &str,
    now: Timestamp,
    config: &DedupeConfig,
) {
    let (a, b) = (older.observations.len() as f64, younger.observations.len() as f64);
    older.mean_score = (older.mean_score * a + younger.mean_score * b) / (a + b).max(1.0);
    older.best_score = older.best_score.max(younger.best_score);
    older.observations.extend(younger.observations.iter().copied());
    older.sources.extend(younger.sources.iter().cloned());
    older.sources.sort();
    older.sources.dedup();
    older.sightings = older.sightings.saturating_add(younger.sightings);
    older.first_seen = older.first_seen.min(younger.first_seen);
    older.last_seen = older.last_seen.max(younger.last_seen);
    for fix in &younger.fixes {
        add_fix_of_other(&mut older.fixes, fix.clone());
    }
    merge_outlines(older, younger, config);
    merge_looks(older, younger);
    refresh_position(older);
    if younger.state == IncidentState::Confirmed && older.state == IncidentState::Candidate {
        older.state = IncidentState::Confirmed;
        older.note(now, format!("confirmed: incident {} was", younger.id));
    }
    older.note(now, format!("took over incident {}: {why}", younger.id));
    younger.state = IncidentState::Closed;
    younger.merged_into = Some(older.id);
    younger.note(now, format!("closed: merged into incident {}: {why}", older.id));
}

fn merge_outlines(older: &mut Incident, younger: &Incident, config: &DedupeConfig) {
    older.outlines.extend(younger.outlines.iter().cloned());
    older.outlines.sort_by_key(|outline| outline.time);
    if !older.outlines.is_empty() {
        choose_outline(older, config);
    } else if let Some(other) = &younger.footprint {
        let joined = match &older.footprint {
            Some(own) => union_of_parts(own, other),
            None => other.clone(),
        };
        older.area_m2 = Some(joined.area_m2);
        older.footprint = Some(joined);
    }
}

/// Takes over which frames were counted; the window of the older stays, for a frame may have been counted for both.
fn merge_looks(older: &mut Incident, younger: &Incident) {
    for (source, counted) in &younger.looks.last_by_source {
        let own = older.looks.last_by_source.entry(source.clone()).or_insert(*counted);
        if (own.time, own.frame_index) < (counted.time, counted.frame_index) {
            *own = *counted;
        }
    }
    older.looks.nats = older.looks.nats.max(younger.looks.nats);
    older.looks.beside.extend(younger.looks.beside.iter().copied());
    older.looks.beside.sort_unstable();
    older.looks.beside.dedup();
    if younger.looks.missed.len() < older.looks.missed.len() {
        older.looks.missed.clone_from(&younger.looks.missed);
    }
    merge_stays(&mut older.looks.stays, &younger.looks.stays);
    older.looks.misses_in_a_row = older.looks.misses_in_a_row.min(younger.looks.misses_in_a_row);
}
