//! What is over, counted as it ends: a city keeps a hundred times as many closed cases as open ones, and nobody waits for them to be
//! counted again.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::accounts::{Caller, Role};
use super::board::{Case, Standing};

const DAY_SECS: i64 = 86_400;

/// Returns the day of a moment, UTC, in days since 1970.
pub fn day_of(at: Timestamp) -> i64 {
    at.as_second().div_euclid(DAY_SECS)
}

/// Returns the day as text.
pub fn name_of(day: i64) -> String {
    Timestamp::from_second(day * DAY_SECS).map(|at| at.strftime("%Y-%m-%d").to_string()).unwrap_or_default()
}

/// Counts of cases that are over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ended {
    /// Those that were a task.
    pub over: usize,
    /// By leading department and state of the task.
    pub by_lead: BTreeMap<String, BTreeMap<&'static str, usize>>,
    /// By the day they were found.
    pub found: BTreeMap<i64, usize>,
    /// By the day their task ended.
    pub closed: BTreeMap<i64, usize>,
}

/// Counts of cases that are over, for those who see all and for each department.
#[derive(Debug, Default)]
pub struct Tally {
    all: Ended,
    departments: BTreeMap<String, Ended>,
    nothing: Ended,
}

impl Tally {
    /// Counts a case that is over.
    pub fn add(&mut self, case: &Case) {
        self.each(case, |ended| ended.count(case, up));
    }

    /// Takes it out again.
    pub fn remove(&mut self, case: &Case) {
        self.each(case, |ended| ended.count(case, down));
    }

    /// Returns the counts of the cases that somebody sees.
    pub fn seen_by(&self, caller: &Caller) -> &Ended {
        match (caller.role, &caller.department) {
            (Role::Department, Some(department)) => self.departments.get(department).unwrap_or(&self.nothing),
            (Role::Department, None) => &self.nothing,
            _ => &self.all,
        }
    }

    fn each(&mut self, case: &Case, change: impl Fn(&mut Ended)) {
        change(&mut self.all);
        let Some(task) = &case.task else { return };
        let assisting = task.assisting.iter().map(|other| &other.department);
        let mut concerned: Vec<&str> = task.lead.iter().chain(assisting).map(|one| &*one.0).collect();
        concerned.sort_unstable();
        concerned.dedup();
        for department in concerned {
            change(self.departments.entry(department.to_owned()).or_default());
        }
    }
}

type Change = fn(&mut usize);

fn up(count: &mut usize) {
    *count += 1;
}

fn down(count: &mut usize) {
    *count = count.saturating_sub(1);
}

impl Ended {
    fn count(&mut self, case: &Case, change: Change) {
        at(&mut self.found, day_of(case.incident.first_seen), change);
        let over = case.standing() == Standing::Over;
        if over {
            change(&mut self.over);
        }
        let Some(task) = &case.task else { return };
        if let Some(last) = task.history.last().filter(|_| over) {
            at(&mut self.closed, day_of(last.at), change);
        }
        if let Some(lead) = &task.lead {
            let states = self.by_lead.entry(lead.0.clone()).or_default();
            at(states, task.state.name(), change);
            if states.is_empty() {
                self.by_lead.remove(&lead.0);
            }
        }
    }
}

/// Changes a count; one of nothing goes away.
fn at<K: Ord + Copy>(counts: &mut BTreeMap<K, usize>, key: K, change: Change) {
    let count = counts.entry(key).or_default();
    change(count);
    if *count == 0 {
        counts.remove(&key);
    }
}
