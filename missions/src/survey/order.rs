//! In which order pieces are flown and which end first: the way between them is made short.
//!
//! Cells of neighbouring pieces, flown to and fro, come first (boustrophedon decomposition; Choset, Pignon 1998); then 2-opt and moves of
//! runs shorten the way between them, and kicks with a fixed seed get it out of what those cannot mend (iterated local search; Lourenco,
//! Martin, Stutzle 2003). The same pieces give the same order on every machine.

use geo::Coord;

use super::lines::Segment;
use crate::plane::distance_m;

/// A piece and the end it is entered at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visit {
    /// Index of the piece.
    pub segment: usize,
    /// Entered at `b`.
    pub reversed: bool,
}

impl Visit {
    fn turned(self) -> Self {
        Self { reversed: !self.reversed, ..self }
    }
}

/// Pairs that the search may compare before it stops: half a second or so.
const MOST_COMPARISONS: usize = 16_000_000;
/// Most pieces of a run that is moved as one.
const MOST_RUN: usize = 40;
/// Above this many pieces the order of cells is kept: every pair would be too many.
const MOST_SEARCHED: usize = 4_000;
/// Seed of the kicks.
const SEED: u64 = 0x5DEE_CE66_D1CE_4E5B;

/// Returns the order of the pieces, starting and ending at `home` where there is one.
///
/// `effort` scales how long it searches: 0 for the order of cells, 1 for the usual search.
pub fn order(segments: &[Segment], spacing_m: f64, home: Option<Coord<f64>>, effort: f64) -> Vec<Visit> {
    let first = by_cells(segments, spacing_m, home);
    if effort <= 0.0 || segments.len() < 3 || segments.len() > MOST_SEARCHED {
        return first;
    }
    let mut search = Search::new(segments, spacing_m, home, effort);
    search.descend(first)
}

/// Returns the metres flown between the pieces of an order, to and from home too.
pub fn transit_m(segments: &[Segment], order: &[Visit], home: Option<Coord<f64>>) -> f64 {
    let ends = Ends { segments, home };
    (0..=order.len()).map(|at| ends.gap_m(order, at)).sum()
}

/// The ends of the visits.
#[derive(Clone, Copy)]
struct Ends<'a> {
    segments: &'a [Segment],
    home: Option<Coord<f64>>,
}

impl Ends<'_> {
    fn entry(&self, visit: Visit) -> Coord<f64> {
        let segment = &self.segments[visit.segment];
        if visit.reversed { segment.b } else { segment.a }
    }

    fn exit(&self, visit: Visit) -> Coord<f64> {
        self.entry(visit.turned())
    }

    /// From one visit to the next; `None` is home.
    fn way_m(&self, from: Option<Visit>, to: Option<Visit>) -> f64 {
        let from = from.map(|visit| self.exit(visit)).or(self.home);
        let to = to.map(|visit| self.entry(visit)).or(self.home);
        match (from, to) {
            (Some(from), Some(to)) => distance_m(from, to),
            _ => 0.0,
        }
    }

    /// The way before the visit at an index.
    fn gap_m(&self, order: &[Visit], at: usize) -> f64 {
        let before = at.checked_sub(1).and_then(|index| order.get(index)).copied();
        self.way_m(before, order.get(at).copied())
    }
}

/// Cells: pieces of neighbouring lines that face each other one to one; nearest cell first, each to and fro.
fn by_cells(segments: &[Segment], spacing_m: f64, home: Option<Coord<f64>>) -> Vec<Visit> {
    let cells = cells(segments);
    let ends = Ends { segments, home };
    let mut open: Vec<bool> = vec![true; cells.len()];
    let mut order: Vec<Visit> = Vec::with_capacity(segments.len());
    let mut here = home.or_else(|| segments.first().map(|segment| segment.a));
    while let Some(at) = here {
        let mut best: Option<(f64, usize, bool, bool)> = None;
        for (index, cell) in cells.iter().enumerate().filter(|(index, _)| open[*index]) {
            for (backward, reversed) in [(false, false), (false, true), (true, false), (true, true)] {
                let first = if backward { cell[cell.len() - 1] } else { cell[0] };
                let way_m = distance_m(at, ends.entry(Visit { segment: first, reversed }));
                if best.is_none_or(|(least_m, ..)| way_m < least_m - spacing_m * 1e-9) {
                    best = Some((way_m, index, backward, reversed));
                }
            }
        }
        let Some((_, index, backward, mut reversed)) = best else { break };
        open[index] = false;
        let mut cell = cells[index].clone();
        if backward {
            cell.reverse();
        }
        for segment in cell {
            order.push(Visit { segment, reversed });
            reversed = !reversed;
        }
        here = order.last().map(|visit| ends.exit(*visit));
    }
    order
}

fn cells(segments: &[Segment]) -> Vec<Vec<usize>> {
    let faces = |p: &Segment, q: &Segment| {
        let along = (p.b.x - p.a.x, p.b.y - p.a.y);
        let place = |c: Coord<f64>| (c.x - p.a.x) * along.0 + (c.y - p.a.y) * along.1;
        place(q.b) >= 0.0 && place(q.a) <= along.0 * along.0 + along.1 * along.1
    };
    let mut cell_of: Vec<usize> = Vec::with_capacity(segments.len());
    let mut cells: Vec<Vec<usize>> = Vec::new();
    let mut start = 0;
    let mut before = 0..0;
    while start < segments.len() {
        let line = (segments[start].polygon, segments[start].line);
        let end = start + segments[start..].iter().take_while(|s| (s.polygon, s.line) == line).count();
        let follows = before.end == start
            && segments.get(before.start).is_some_and(|s| s.polygon == line.0 && s.line + 1 == line.1);
        for index in start..end {
            let below: Vec<usize> = if follows {
                before.clone().filter(|b| faces(&segments[*b], &segments[index])).collect()
            } else {
                Vec::new()
            };
            let only = match below.as_slice() {
                [only] => (start..end)
                    .filter(|other| faces(&segments[*only], &segments[*other]))
                    .count()
                    .eq(&1)
                    .then_some(*only),
                _ => None,
            };
            let cell = only.map_or(cells.len(), |below| cell_of[below]);
            if cell == cells.len() {
                cells.push(Vec::new());
            }
            cells[cell].push(index);
            cell_of.push(cell);
        }
        before = start..end;
        start = end;
    }
    cells
}

/// The search for a shorter order.
struct Search<'a> {
    ends: Ends<'a>,
    near_m: f64,
    left: usize,
    state: u64,
}

impl<'a> Search<'a> {
    fn new(segments: &'a [Segment], spacing_m: f64, home: Option<Coord<f64>>, effort: f64) -> Self {
        let left = (MOST_COMPARISONS as f64 * effort.min(10.0)) as usize;
        Self { ends: Ends { segments, home }, near_m: spacing_m * 1.6, left, state: SEED }
    }

    fn descend(&mut self, first: Vec<Visit>) -> Vec<Visit> {
        let mut best = first;
        self.improve(&mut best);
        let mut best_m = self.length_m(&best);
        let most_kicks = 60 + 20 * best.len();
        for _ in 0..most_kicks {
            if self.left == 0 {
                break;
            }
            let mut tried = self.kicked(&best);
            self.improve(&mut tried);
            let tried_m = self.length_m(&tried);
            if tried_m < best_m - 1e-6 {
                (best, best_m) = (tried, tried_m);
            }
        }
        best
    }

    fn length_m(&self, order: &[Visit]) -> f64 {
        (0..=order.len()).map(|at| self.ends.gap_m(order, at)).sum()
    }

    /// 2-opt and moves of runs until neither helps.
    fn improve(&mut self, order: &mut Vec<Visit>) {
        while self.left > 0 && (self.reverse_some(order) || self.move_some(order)) {}
    }

    /// Turns the first stretch round whose ends then lie nearer to what is beside them.
    fn reverse_some(&mut self, order: &mut [Visit]) -> bool {
        let mut changed = false;
        for i in 0..order.len() {
            let before = i.checked_sub(1).map(|at| order[at]);
            let gap_m = self.ends.gap_m(order, i);
            let mut best = (-1e-6, i);
            for j in i..order.len() {
                let after = order.get(j + 1).copied();
                let old_m = gap_m + self.ends.gap_m(order, j + 1);
                let new_m = self.ends.way_m(before, Some(order[j].turned()))
                    + self.ends.way_m(Some(order[i].turned()), after);
                if new_m - old_m < best.0 {
                    best = (new_m - old_m, j);
                }
            }
            self.left = self.left.saturating_sub(order.len() - i);
            if best.0 < -1e-6 {
                order[i..=best.1].reverse();
                for visit in &mut order[i..=best.1] {
                    *visit = visit.turned();
                }
                changed = true;
            }
        }
        changed
    }

    /// Moves a run of pieces to where it costs less.
    fn move_some(&mut self, order: &mut Vec<Visit>) -> bool {
        for i in 0..order.len() {
            for length in self.run_lengths(order, i) {
                if let Some((to, turned)) = self.better_place(order, i, length) {
                    let mut run: Vec<Visit> = order.drain(i..i + length).collect();
                    if turned {
                        run.reverse();
                        for visit in &mut run {
                            *visit = visit.turned();
                        }
                    }
                    order.splice(to..to, run);
                    return true;
                }
            }
        }
        false
    }

    /// Runs worth moving from an index: single pieces and pairs, and what is flown to and fro up to the next long way.
    fn run_lengths(&self, order: &[Visit], i: usize) -> Vec<usize> {
        let mut lengths = vec![1, 2, 3];
        let starts = self.ends.gap_m(order, i) > self.near_m || i == 0;
        let long = (i + 1..order.len()).take(MOST_RUN).filter(|at| self.ends.gap_m(order, *at) > self.near_m);
        if starts {
            lengths.extend(long.take(3).map(|at| at - i));
        }
        lengths.retain(|length| i + length <= order.len() && *length < order.len());
        lengths
    }

    /// Where the run would cost least; the index counts without the run.
    fn better_place(&mut self, order: &[Visit], i: usize, length: usize) -> Option<(usize, bool)> {
        let j = i + length;
        let (first, last) = (order[i], order[j - 1]);
        let before = i.checked_sub(1).map(|at| order[at]);
        let after = order.get(j).copied();
        let gain_m = self.ends.gap_m(order, i) + self.ends.gap_m(order, j) - self.ends.way_m(before, after);
        if gain_m < 1e-6 {
            return None;
        }
        let mut best = (gain_m - 1e-6, None);
        for at in (0..i).chain(j + 1..=order.len()) {
            let (left, right) = (at.checked_sub(1).map(|k| order[k]), order.get(at).copied());
            let old_m = self.ends.gap_m(order, at);
            for turned in [false, true] {
                let (head, tail) = if turned { (last.turned(), first.turned()) } else { (first, last) };
                let cost_m = self.ends.way_m(left, Some(head)) + self.ends.way_m(Some(tail), right) - old_m;
                if cost_m < best.0 {
                    best = (cost_m, Some((if at > i { at - length } else { at }, turned)));
                }
            }
        }
        self.left = self.left.saturating_sub(2 * order.len());
        best.1
    }

    /// A double bridge: four stretches in another order (Martin, Otto, Felten 1991).
    fn kicked(&mut self, order: &[Visit]) -> Vec<Visit> {
        let span = order.len().min(50);
        let offset = self.below(order.len() - span + 1);
        let mut cuts = [0; 3].map(|_| offset + self.below(span + 1));
        cuts.sort_unstable();
        let [p, q, r] = cuts;
        [&order[..p], &order[q..r], &order[p..q], &order[r..]].concat()
    }

    /// xorshift64*: kicks need no better numbers, and the crate no generator.
    fn below(&mut self, limit: usize) -> usize {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        (self.state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % limit.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(line: usize, from: f64, to: f64) -> Segment {
        let y = line as f64 * 10.0;
        Segment { a: Coord { x: from, y }, b: Coord { x: to, y }, line, polygon: 0 }
    }

    #[test]
    fn a_rectangle_is_flown_to_and_fro() {
        let segments: Vec<Segment> = (0..8).map(|line| level(line, 0.0, 100.0)).collect();
        let order = order(&segments, 10.0, None, 1.0);
        assert!((transit_m(&segments, &order, None) - 70.0).abs() < 1e-9);
    }

    #[test]
    fn both_sides_of_a_hole_are_seen_once_and_the_way_is_short() {
        let mut segments = Vec::new();
        for line in 0..20 {
            if (6..14).contains(&line) {
                segments.extend([level(line, 0.0, 100.0), level(line, 200.0, 300.0)]);
            } else {
                segments.push(level(line, 0.0, 300.0));
            }
        }
        let found = order(&segments, 10.0, None, 1.0);
        let mut seen: Vec<usize> = found.iter().map(|visit| visit.segment).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..segments.len()).collect::<Vec<_>>());
        // 27 steps of one spacing, and one way back along the hole or across it.
        let way_m = transit_m(&segments, &found, None);
        assert!(way_m <= 27.0 * 10.0 + 110.0, "{way_m}");
        let cells_m = transit_m(&segments, &order(&segments, 10.0, None, 0.0), None);
        assert!(way_m <= cells_m, "{way_m} {cells_m}");
    }

    #[test]
    fn no_pieces_make_no_order() {
        assert!(order(&[], 10.0, None, 1.0).is_empty());
        let one = [level(0, 0.0, 1.0)];
        assert_eq!(order(&one, 10.0, Some(Coord { x: 2.0, y: 0.0 }), 1.0).len(), 1);
    }
}
