//! How long closed incidents stay among those that are worked with.
//!
//! What is over and was last seen long enough ago goes from the tables that every frame and every page reads into a table of
//! records that nobody searches; its observations are deleted, its events stay. Open incidents, and those with a task that is
//! not over, and those under legal hold, stay however old they are.

use std::collections::BTreeMap;

use dispatch::State;
use gis::Incident;
use gis::dedupe::Problem;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;

/// Kind of the note that puts an incident under legal hold: it is kept whatever its age.
pub const HOLD: &str = "hold";
/// Kind of the note that ends a hold.
pub const RELEASE: &str = "release";
/// Kinds of notes of which the last one decides.
pub(crate) const HOLDS: [&str; 2] = [HOLD, RELEASE];

/// How long closed incidents are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Days since the last sighting, for classes that have no number of their own.
    pub any_class_days: u32,
    /// The same by class name.
    pub classes_days: BTreeMap<String, u32>,
    /// Incidents put away in one transaction: frames wait meanwhile.
    pub incidents_a_step: u32,
    /// Days for which it is kept where sources looked.
    pub looked_at_days: u32,
}

impl Default for Retention {
    /// Half a year covers an appeal against what was done; 200 incidents take some hundredths of a second.
    fn default() -> Self {
        Self { any_class_days: 180, classes_days: BTreeMap::new(), incidents_a_step: 200, looked_at_days: 30 }
    }
}

impl Retention {
    /// Returns every value that cannot be used.
    pub fn validate(&self) -> Vec<Problem> {
        let days = self.classes_days.iter().map(|(class, days)| (format!("classes_days.{class}"), *days));
        let days = days.chain([
            ("any_class_days".to_owned(), self.any_class_days),
            ("looked_at_days".to_owned(), self.looked_at_days),
        ]);
        let mut problems: Vec<Problem> = days
            .filter(|(_, days)| *days == 0 || *days > MOST_DAYS)
            .map(|(key, days)| Problem { key, reason: format!("{days} must be 1 to {MOST_DAYS}") })
            .collect();
        if self.incidents_a_step == 0 {
            let key = "incidents_a_step".to_owned();
            problems.push(Problem { key, reason: "0 must be 1 or more".to_owned() });
        }
        problems
    }

    /// Returns the time before which the last sighting of a class must lie.
    pub(crate) fn before(&self, class: &str, now: Timestamp) -> Timestamp {
        let days = self.classes_days.get(class).copied().unwrap_or(self.any_class_days);
        now.checked_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MIN)
    }
}

/// A century; more is a slip of the pen.
const MOST_DAYS: u32 = 36_500;

/// What one step put away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pruned {
    /// Incidents put away.
    pub incidents: usize,
    /// Observations deleted with them.
    pub observations: usize,
    /// Tasks put away with them.
    pub tasks: usize,
    /// Minutes of ground looked at that were deleted.
    pub looked_at: usize,
    /// True when there may be more: ask again when there is time.
    pub more: bool,
}

/// What putting away asks of a database, inside a transaction.
pub(crate) trait PruneRows {
    /// Returns the classes of closed incidents.
    fn closed_classes(&mut self) -> Result<Vec<String>, StoreError>;
    /// Returns closed incidents of a class last seen before a time that have no task in other states than those given, oldest first.
    fn over(
        &mut self,
        class: &str,
        before: Timestamp,
        ended: &[&str],
        limit: usize,
    ) -> Result<Vec<Incident>, StoreError>;
    /// Puts an incident and its tasks away and deletes its observations; returns how many observations and tasks there were.
    fn put_away(&mut self, incident: &Incident, now: Timestamp) -> Result<(usize, usize), StoreError>;
    /// Deletes where sources looked before a time, at most so many minutes; returns how many.
    fn forget_looked_at(&mut self, before: Timestamp, limit: usize) -> Result<usize, StoreError>;
}

/// Minutes of ground looked at that are deleted for each incident of a step: they are small.
const MINUTES_AN_INCIDENT: usize = 10;

/// Puts away at most one step of incidents.
pub(crate) fn prune(
    rows: &mut dyn PruneRows,
    retention: &Retention,
    now: Timestamp,
) -> Result<Pruned, StoreError> {
    let mut pruned = Pruned::default();
    let step = retention.incidents_a_step.max(1) as usize;
    for class in rows.closed_classes()? {
        let left = step.saturating_sub(pruned.incidents);
        if left == 0 {
            break;
        }
        for incident in rows.over(&class, retention.before(&class, now), &ENDED, left)? {
            let (observations, tasks) = rows.put_away(&incident, now)?;
            pruned.incidents += 1;
            pruned.observations += observations;
            pruned.tasks += tasks;
        }
    }
    let day = SignedDuration::from_hours(24 * i64::from(retention.looked_at_days));
    let limit = step * MINUTES_AN_INCIDENT;
    let before = now.checked_sub(day).unwrap_or(Timestamp::MIN);
    pruned.looked_at = rows.forget_looked_at(before, limit)?;
    pruned.more = pruned.incidents == step || pruned.looked_at == limit;
    Ok(pruned)
}

/// Names of the states in which a task is over, as stored.
const ENDED: [&str; 3] = ["closed", "rejected", "merged"];

/// Returns true when a task is over.
pub(crate) fn is_over(state: State) -> bool {
    serde_json::to_value(state).is_ok_and(|name| ENDED.iter().any(|ended| name == *ended))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_and_slips_of_the_pen_are_reported_with_their_key() {
        let classes_days = BTreeMap::from([("fume".to_owned(), 0)]);
        let wrong =
            Retention { classes_days, any_class_days: 99_999, incidents_a_step: 0, looked_at_days: 1 };
        let keys: Vec<_> = wrong.validate().into_iter().map(|problem| problem.key).collect();
        assert_eq!(keys, ["classes_days.fume", "any_class_days", "incidents_a_step"]);
        assert!(Retention::default().validate().is_empty());
    }

    #[test]
    fn the_names_of_ended_states_are_those_of_tasks() {
        for name in ENDED {
            assert!(serde_json::from_value::<State>(serde_json::json!(name)).is_ok(), "{name}");
        }
    }
}
