//! Which sighting of a frame belongs to which incident, all of them weighed together.
//!
//! Two things in one frame share its position error, so that each may lie nearer to the other's incident than to its own.
//! Taking the pairs best first would then give one sighting a wrong incident and leave the other without; the greatest sum
//! does not.

/// Returns for each row the column it is given, no column twice, so that the sum of the gains is greatest.
///
/// `gains` holds a row per sighting and in it a gain per incident; only gains above zero are taken, all others mean "not
/// this one". Among equal sums the result depends on the order of rows and columns only.
///
/// # References
/// Kuhn, Naval Research Logistics Quarterly 2 (1955); shortest augmenting paths with potentials after Jonker and Volgenant,
/// Computing 38 (1987). Each row has a column of its own with gain zero, which stands for "none".
pub(super) fn assign(gains: &[Vec<f64>]) -> Vec<Option<usize>> {
    let rows = gains.len();
    let columns = gains.iter().map(Vec::len).max().unwrap_or(0);
    let mut state = Matching::new(rows, columns);
    for row in 0..rows {
        state.augment(row, |r, c| cost(gains, columns, r, c));
    }
    let mut column_of_row = vec![None; rows];
    for (column, owner) in state.row_of_column.iter().enumerate().take(columns) {
        if let Some(place) = owner.and_then(|row| column_of_row.get_mut(row)) {
            *place = Some(column);
        }
    }
    column_of_row
}

/// Cost of a pair that must not be: far above any log-likelihood, far below where sums lose digits.
const FORBIDDEN: f64 = 1e9;

fn cost(gains: &[Vec<f64>], columns: usize, row: usize, column: usize) -> f64 {
    if column >= columns {
        return if column - columns == row { 0.0 } else { FORBIDDEN };
    }
    match gains.get(row).and_then(|of_row| of_row.get(column)) {
        Some(gain) if *gain > 0.0 => -gain.min(FORBIDDEN / 1e3),
        _ => FORBIDDEN,
    }
}

/// Potentials and pairs while rows are added one by one. All indices run over lengths fixed in `new`.
struct Matching {
    row_potential: Vec<f64>,
    column_potential: Vec<f64>,
    row_of_column: Vec<Option<usize>>,
}

impl Matching {
    fn new(rows: usize, columns: usize) -> Self {
        Self {
            row_potential: vec![0.0; rows],
            column_potential: vec![0.0; columns + rows],
            row_of_column: vec![None; columns + rows],
        }
    }

    /// Adds a row by the cheapest chain of exchanges.
    fn augment(&mut self, start: usize, cost: impl Fn(usize, usize) -> f64) {
        let width = self.row_of_column.len();
        let mut distance = vec![f64::INFINITY; width];
        let mut came_from: Vec<Option<usize>> = vec![None; width];
        let mut done = vec![false; width];
        let (mut row, mut at_column) = (start, None);
        loop {
            let (mut step, mut next) = (f64::INFINITY, None);
            for column in (0..width).filter(|column| !done[*column]) {
                let reduced = cost(row, column) - self.row_potential[row] - self.column_potential[column];
                if reduced < distance[column] {
                    distance[column] = reduced;
                    came_from[column] = at_column;
                }
                if distance[column] < step {
                    step = distance[column];
                    next = Some(column);
                }
            }
            let Some(column) = next else { return };
            self.shift(start, step, &done, &mut distance);
            done[column] = true;
            match self.row_of_column[column] {
                Some(owner) => (row, at_column) = (owner, Some(column)),
                None => return self.exchange(start, column, &came_from),
            }
        }
    }

    fn shift(&mut self, start: usize, step: f64, done: &[bool], distance: &mut [f64]) {
        self.row_potential[start] += step;
        for column in 0..done.len() {
            if !done[column] {
                distance[column] -= step;
            } else if let Some(owner) = self.row_of_column[column] {
                self.row_potential[owner] += step;
                self.column_potential[column] -= step;
            }
        }
    }

    fn exchange(&mut self, start: usize, last: usize, came_from: &[Option<usize>]) {
        let mut column = last;
        while let Some(before) = came_from[column] {
            self.row_of_column[column] = self.row_of_column[before];
            column = before;
        }
        self.row_of_column[column] = Some(start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shared_shift_does_not_cross_over() {
        // Both sightings lie nearest to the second incident; only one reading explains both.
        assert_eq!(assign(&[vec![4.0, 4.1], vec![0.0, 4.0]]), [Some(0), Some(1)]);
    }

    #[test]
    fn gains_of_zero_and_nan_are_not_taken() {
        assert_eq!(assign(&[vec![0.0, -3.0], vec![f64::NAN, 1.0]]), [None, Some(1)]);
        assert_eq!(assign(&[]), []);
        assert_eq!(assign(&[vec![], vec![]]), [None, None]);
    }

    fn best_sum(gains: &[Vec<f64>], used: &mut Vec<usize>) -> f64 {
        let Some((first, rest)) = gains.split_first() else { return 0.0 };
        let mut best = best_sum(rest, used);
        for (column, gain) in first.iter().enumerate() {
            if *gain > 0.0 && !used.contains(&column) {
                used.push(column);
                best = best.max(gain + best_sum(rest, used));
                used.pop();
            }
        }
        best
    }

    proptest! {
        #[test]
        fn sum_is_that_of_trying_everything(
            (rows, columns) in (1_usize..5, 0_usize..5),
            values in prop::collection::vec(-10.0_f64..10.0, 25),
        ) {
            let gains: Vec<Vec<f64>> =
                (0..rows).map(|r| values[r * 5..r * 5 + columns].to_vec()).collect();
            let given = assign(&gains);
            let mut columns_given: Vec<_> = given.iter().flatten().collect();
            columns_given.sort();
            columns_given.dedup();
            prop_assert_eq!(columns_given.len(), given.iter().flatten().count());
            let sum: f64 = given.iter().enumerate().filter_map(|(r, c)| c.map(|c| gains[r][c])).sum();
            prop_assert!((sum - best_sum(&gains, &mut Vec::new())).abs() < 1e-9);
        }
    }
}
