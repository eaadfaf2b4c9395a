//! What reviewers said of earlier findings of a source and of a cell, as a prior of the next ones.
//!
//! A camera that sees puddles in reflections is believed less, one whose findings held is believed more. Counts are those of a Beta distribution that
//! begins at the prior of the class. However many are against it, they take no more than a fixed number of nats: more looks always
//! make up for them, so that no class is ever silenced.
//!
//! # References
//! Gelman and others, Bayesian Data Analysis (2013), section 2.4: the Beta distribution as a count of earlier trials.

use std::collections::BTreeMap;
use std::str::FromStr;

use h3o::{CellIndex, Resolution};

use super::confirm::log_odds_of;
use crate::incident::Incident;

/// Resolution of the cells that reviews are kept by: about 0.2 km of edge.
const CELLS: Resolution = Resolution::Nine;
/// Reviews that the prior of the class counts for.
const PRIOR_REVIEWS: f64 = 20.0;
/// Most that reviews add or take, nats: two looks.
const MOST_NATS: f64 = 2.0;

/// Reviews by class and source, and by class and cell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reviews {
    by_source: BTreeMap<String, BTreeMap<String, Counts>>,
    by_cell: BTreeMap<String, BTreeMap<u64, Counts>>,
}

/// How findings were judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those that were real.
    pub real: u32,
    /// Those that were none.
    pub none: u32,
}

impl Counts {
    fn add(&mut self, real: bool) {
        let count = if real { &mut self.real } else { &mut self.none };
        *count = count.saturating_add(1);
    }

    fn nats(self, prior: f64) -> f64 {
        let real = prior * PRIOR_REVIEWS + f64::from(self.real);
        let none = (1.0 - prior) * PRIOR_REVIEWS + f64::from(self.none);
        log_odds_of(real / (real + none)) - log_odds_of(prior)
    }
}

impl Reviews {
    /// Takes in that an incident was judged real or none.
    pub fn add(&mut self, incident: &Incident, real: bool) {
        let of_class = self.by_source.entry(incident.class.clone()).or_default();
        for source in &incident.sources {
            of_class.entry(source.clone()).or_default().add(real);
        }
        if let Some(cell) = cell_of(incident) {
            self.by_cell.entry(incident.class.clone()).or_default().entry(cell).or_default().add(real);
        }
    }

    /// Returns what is counted of a source.
    pub fn of_source(&self, class: &str, source: &str) -> Counts {
        self.by_source.get(class).and_then(|of| of.get(source)).copied().unwrap_or_default()
    }

    /// Returns what the reviews add to the log-odds that an incident is real, nats: of its sources the one that is believed most, and its cell.
    pub fn nats(&self, incident: &Incident, prior: f64) -> f64 {
        let of_sources =
            incident.sources.iter().map(|source| self.of_source(&incident.class, source).nats(prior));
        let of_source = of_sources.max_by(f64::total_cmp).unwrap_or(0.0);
        let of_class = self.by_cell.get(&incident.class);
        let of_cell = of_class.zip(cell_of(incident)).and_then(|(of, cell)| of.get(&cell)).copied();
        (of_source + of_cell.unwrap_or_default().nats(prior)).clamp(-MOST_NATS, MOST_NATS)
    }
}

fn cell_of(incident: &Incident) -> Option<u64> {
    let cell = CellIndex::from_str(incident.cell.as_ref()?).ok()?;
    cell.parent(CELLS).map(u64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_move_the_prior_and_no_review_leaves_it() {
        let nats = |real, none| Counts { real, none }.nats(0.05);
        assert!(nats(0, 0).abs() < 1e-12);
        assert!(nats(0, 10) < -0.3 && nats(10, 0) > 2.0 && nats(1, 19).abs() < 1e-12);
    }
}
