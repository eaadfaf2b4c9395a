//! How well reviewers agree, beyond what chance would give.
//!
//! # References
//! Cohen (1960), Educational and Psychological Measurement 20(1); Fleiss (1971), Psychological Bulletin 76(5).

use serde::Serialize;
use store::Store;

use super::verdicts::{rechecks, verdicts};

/// How well the first decision and those of others agree who did not know it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Agreement {
    /// Incidents that were decided.
    pub decided: usize,
    /// Those that somebody else looked at again.
    pub rechecked: usize,
    /// Looks again, which may be several of one incident.
    pub looks: usize,
    /// Share of them that say the same as the first decision.
    pub same_share: Option<f64>,
    /// Cohen's kappa of the first decision and a look again; none where chance alone explains all.
    pub cohen_kappa: Option<f64>,
    /// Fleiss' kappa over all who looked at an incident.
    pub fleiss_kappa: Option<f64>,
}

/// Measures the agreement of a store's reviewers.
///
/// # Errors
/// When the store cannot be read.
pub fn measure(store: &dyn Store) -> anyhow::Result<Agreement> {
    let (first, again) = (verdicts(store)?, rechecks(store)?);
    let mut table = [[0_u64; 2]; 2];
    let mut rows = Vec::new();
    for (incident, verdict) in &first {
        let Some(others) = again.get(&incident.to_string()) else { continue };
        let others: Vec<bool> =
            others.iter().filter(|(actor, _)| **actor != verdict.actor).map(|(_, real)| *real).collect();
        if others.is_empty() {
            continue;
        }
        for real in &others {
            table[usize::from(verdict.real)][usize::from(*real)] += 1;
        }
        let yes = others.iter().filter(|real| **real).count() as u64 + u64::from(verdict.real);
        rows.push(vec![others.len() as u64 + 1 - yes, yes]);
    }
    let looks: u64 = table.iter().flatten().sum();
    let same = table[0][0] + table[1][1];
    Ok(Agreement {
        decided: first.len(),
        rechecked: rows.len(),
        looks: looks as usize,
        same_share: (looks > 0).then(|| same as f64 / looks as f64),
        cohen_kappa: cohen(&table),
        fleiss_kappa: fleiss(&rows),
    })
}

/// Cohen's kappa of two reviewers: rows are what one said, columns what the other did.
pub fn cohen<const N: usize>(table: &[[u64; N]; N]) -> Option<f64> {
    let all = table.iter().flatten().sum::<u64>() as f64;
    let of = |count: u64| count as f64 / all;
    let same: f64 = table.iter().enumerate().filter_map(|(i, row)| row.get(i)).map(|count| of(*count)).sum();
    let column = |i: usize| table.iter().filter_map(|row| row.get(i)).sum::<u64>();
    let by_chance: f64 = table.iter().enumerate().map(|(i, row)| of(row.iter().sum()) * of(column(i))).sum();
    beyond(same, by_chance)
}

/// Fleiss' kappa: a row an item, in it how many chose each answer. Rows may have different numbers of reviewers, from two on.
pub fn fleiss(rows: &[Vec<u64>]) -> Option<f64> {
    let rows: Vec<&Vec<u64>> = rows.iter().filter(|row| row.iter().sum::<u64>() >= 2).collect();
    let answers = rows.iter().map(|row| row.len()).max()?;
    let all = rows.iter().flat_map(|row| row.iter()).sum::<u64>() as f64;
    let share = |answer: usize| rows.iter().filter_map(|row| row.get(answer)).sum::<u64>() as f64 / all;
    let by_chance: f64 = (0..answers).map(|answer| share(answer).powi(2)).sum();
    let of_row = |row: &&Vec<u64>| {
        let count = row.iter().sum::<u64>() as f64;
        let pairs: f64 = row.iter().map(|chose| *chose as f64 * (*chose as f64 - 1.0)).sum();
        pairs / (count * (count - 1.0))
    };
    beyond(rows.iter().map(of_row).sum::<f64>() / rows.len() as f64, by_chance)
}

fn beyond(same: f64, by_chance: f64) -> Option<f64> {
    let kappa = (same - by_chance) / (1.0 - by_chance);
    kappa.is_finite().then_some(kappa)
}

impl std::fmt::Display for Agreement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
        write!(
            f,
            "{} decided, {} looked at again by others ({} looks): {} the same, Cohen's kappa {}, Fleiss' kappa {}",
            self.decided,
            self.rechecked,
            self.looks,
            number(self.same_share),
            number(self.cohen_kappa),
            number(self.fleiss_kappa)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cohens_kappa_is_that_of_a_published_example() {
        // Two readers of 50 grant proposals: 20 both yes, 5 and 10 mixed, 15 both no.
        let kappa = cohen(&[[20, 5], [10, 15]]).unwrap();
        assert!((kappa - 0.4).abs() < 1e-12, "{kappa}");
        assert_eq!(cohen(&[[7, 0], [0, 0]]), None, "chance explains all");
        assert_eq!(cohen(&[[0, 0], [0, 0]]), None);
    }

    #[test]
    fn fleiss_kappa_is_that_of_a_published_example() {
        // Fourteen raters, ten subjects, five answers.
        let rows: Vec<Vec<u64>> = [
            [0, 0, 0, 0, 14],
            [0, 2, 6, 4, 2],
            [0, 0, 3, 5, 6],
            [0, 3, 9, 2, 0],
            [2, 2, 8, 1, 1],
            [7, 7, 0, 0, 0],
            [3, 2, 6, 3, 0],
            [2, 5, 3, 2, 2],
            [6, 5, 2, 1, 0],
            [0, 2, 2, 3, 7],
        ]
        .map(Vec::from)
        .to_vec();
        let kappa = fleiss(&rows).unwrap();
        assert!((kappa - 0.210).abs() < 5e-4, "{kappa}");
        assert_eq!(fleiss(&[]), None);
    }
}
