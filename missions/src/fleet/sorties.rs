//! Sorties of one dock: out on one line, home on the next.

use std::collections::VecDeque;

use geo::Coord;

use super::Pace;
use super::schedule::timed;
use super::share::Piece;
use crate::plane::distance_m;
use crate::survey::lines::edge_m;

/// A stretch of a line that one dock flies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Run {
    /// Its line.
    pub y: f64,
    /// Its ends, the lesser first.
    pub from: f64,
    /// The greater.
    pub to: f64,
}

/// One flight.
#[derive(Debug, Clone, PartialEq)]
pub struct Sortie {
    /// Lines in the order and direction they are flown, on the plane of the area.
    pub lines: Vec<(Coord<f64>, Coord<f64>)>,
    /// The greatest level of ground that it sees.
    pub level: i64,
    /// When it takes off, seconds after the plan begins.
    pub start_secs: f64,
    /// Time in the air.
    pub air_secs: f64,
    /// Time to charge after it.
    pub charge_secs: f64,
}

/// Returns when the last of a dock's sorties has landed.
pub fn done_secs(sorties: &[Sortie]) -> f64 {
    sorties.last().map_or(0.0, |last| last.start_secs + last.air_secs)
}

/// Tells whether a dock can fly a piece and come back.
pub fn reaches(piece: &Piece, dock: Coord<f64>, pace: &Pace) -> bool {
    let (a, b) = (Coord { x: piece.from, y: piece.y }, Coord { x: piece.to, y: piece.y });
    air_secs(&[(a, b)], dock, pace) <= pace.usable_secs
}

/// Time in the air of lines flown in this order.
pub fn air_secs(lines: &[(Coord<f64>, Coord<f64>)], dock: Coord<f64>, pace: &Pace) -> f64 {
    let (Some(first), Some(last)) = (lines.first(), lines.last()) else { return 0.0 };
    let travel_m = distance_m(dock, first.0) + distance_m(last.1, dock);
    let work_m: f64 = lines.iter().map(|line| distance_m(line.0, line.1)).sum();
    let between_m: f64 = lines.windows(2).map(|pair| distance_m(pair[0].1, pair[1].0)).sum();
    let turns = lines.len() as f64 + 1.0;
    pace.vertical_secs
        + travel_m / pace.travel_mps
        + (work_m + between_m) / pace.work_mps
        + turns * pace.turn_secs
}

/// Returns the sorties that fly runs.
pub fn packed(runs: Vec<Run>, dock: Coord<f64>, pace: &Pace) -> Vec<Sortie> {
    let mut quarters: [Vec<Run>; 4] = Default::default();
    let mut put = |run: Run, leftwards: bool| {
        quarters[usize::from(leftwards) * 2 + usize::from(run.y < dock.y)].push(run);
    };
    for run in runs {
        // Cut at the dock, as columns trim each side by itself; what of the other side the nearest column sees is left whole.
        let aside_m = pace.half_across_m - pace.spacing_m / 2.0;
        if run.from < dock.x - aside_m && run.to > dock.x + aside_m {
            put(Run { to: dock.x, ..run }, true);
            put(Run { from: dock.x, ..run }, false);
        } else {
            put(run, f64::midpoint(run.from, run.to) < dock.x);
        }
    }
    let mut sorties: Vec<Vec<Line>> = Vec::new();
    for (quarter, mut runs) in quarters.into_iter().enumerate() {
        let off = |run: &Run| (run.y - dock.y).abs();
        runs.sort_by(|a, b| off(b).total_cmp(&off(a)).then(a.from.total_cmp(&b.from)));
        sorties.extend(quarter_packed(runs, quarter >= 2, dock, pace));
    }
    timed(sorties, dock, pace)
}

/// A line with its direction.
type Line = (Coord<f64>, Coord<f64>);

/// A run, and whether it is flown away from the dock.
#[derive(Debug, Clone, Copy)]
struct Leg {
    run: Run,
    outwards: bool,
}

/// A sortie with columns.
struct Columned {
    lines: Vec<Line>,
    columns: usize,
    /// What the ground that columns see would take elsewhere.
    saved_secs: f64,
}

/// Shortest half of a loop that is worth a cut, metres.
const LEAST_CUT_M: f64 = 400.0;
/// Columns shorter than this many spacings are not worth their turns.
const LEAST_COLUMN_SPACINGS: f64 = 6.0;

/// A quarter of what a dock flies, packed, farthest lines first: loops out on one run and home on the next, as many as a battery lasts.
///
/// The way to the loops and back is flown along columns across the lines with the camera on where that costs less than it sees: the farthest
/// sortie takes the two nearest to the dock, the next the two beside them, and runs begin beside the columns that are there already. So the
/// way is work, too. Where the next loop is too long for what is left of a battery, its inner part is flown, and the outer part is taken along
/// by the loop after it.
fn quarter_packed(runs: Vec<Run>, leftwards: bool, dock: Coord<f64>, pace: &Pace) -> Vec<Vec<Line>> {
    let (outer, now, done) = (Vec::new(), Vec::new(), Vec::new());
    let mut side = Side { leftwards, dock, pace, open: runs.into(), outer, now, columns: 0, done };
    loop {
        while side.step() {}
        if side.outer.is_empty() {
            break;
        }
        side.reopen_outer();
    }
    side.land();
    side.done
}

struct Side<'a> {
    leftwards: bool,
    dock: Coord<f64>,
    pace: &'a Pace,
    open: VecDeque<Run>,
    /// Outer parts that the next loop takes along.
    outer: Vec<Run>,
    /// What the sortie under way flies.
    now: Vec<Leg>,
    /// Columns flown so far.
    columns: usize,
    done: Vec<Vec<Line>>,
}

impl Side<'_> {
    fn line(&self, leg: &Leg) -> Line {
        let Run { y, from, to } = leg.run;
        let (low, high) = (Coord { x: from, y }, Coord { x: to, y });
        if leg.outwards == self.leftwards { (high, low) } else { (low, high) }
    }

    /// Out on the first run, what is taken along to and fro at the far end, home on the last.
    fn looped(&self, runs: &[Run]) -> Vec<Leg> {
        let order = runs.iter().take(1).chain(self.outer.iter().rev()).chain(runs.iter().skip(1));
        order.enumerate().map(|(index, run)| Leg { run: *run, outwards: index % 2 == 0 }).collect()
    }

    /// A column of this quarter at a height, from the dock outwards.
    fn column(&self, number: usize, y: f64) -> Line {
        let off_m = (number as f64 + 0.5) * self.pace.spacing_m;
        let x = if self.leftwards { self.dock.x - off_m } else { self.dock.x + off_m };
        (Coord { x, y: self.dock.y }, Coord { x, y })
    }

    /// A run without what so many columns beside the dock have seen.
    fn beside(&self, run: &Run, columns: usize) -> Option<Run> {
        let seen_m = columns as f64 * self.pace.spacing_m;
        let trimmed = if self.leftwards {
            Run { to: run.to.min(self.dock.x - seen_m), ..*run }
        } else {
            Run { from: run.from.max(self.dock.x + seen_m), ..*run }
        };
        (columns == 0 || trimmed == *run || trimmed.to - trimmed.from > 1.0).then_some(trimmed)
    }

    /// A sortie with the columns there and back; none where they are too short to be worth a turn.
    fn with_columns(&self, legs: &[Leg]) -> Option<Columned> {
        let off_m = |y: f64| (y - self.dock.y).abs();
        let farthest = legs.iter().max_by(|a, b| off_m(a.run.y).total_cmp(&off_m(b.run.y)))?.run.y;
        let nearest_m = legs.iter().map(|leg| off_m(leg.run.y)).fold(f64::INFINITY, f64::min);
        if nearest_m <= LEAST_COLUMN_SPACINGS * self.pace.spacing_m {
            return None;
        }
        let beside = |leg: &Leg| Some(Leg { run: self.beside(&leg.run, self.columns + 1)?, ..*leg });
        let lines: Vec<Line> = legs.iter().filter_map(beside).map(|leg| self.line(&leg)).collect();
        // It sees what the farthest run would, as far as the edge beyond it.
        let edge_m = edge_m(self.pace.spacing_m, self.pace.half_across_m);
        let beyond_m = (edge_m - self.pace.reach_m).max(0.0);
        let end = farthest + beyond_m.copysign(farthest - self.dock.y);
        let there = self.column(self.columns, end);
        let back = lines.last().map(|last| self.column(self.columns + 1, last.1.y));
        let seen_m: f64 = [Some(there), back].iter().flatten().map(|(a, b)| distance_m(*a, *b)).sum();
        let columns = 1 + usize::from(back.is_some());
        let all = std::iter::once(there).chain(lines).chain(back.map(|(near, far)| (far, near)));
        Some(Columned { lines: all.collect(), columns, saved_secs: seen_m / self.pace.work_mps })
    }

    /// The lines of a sortie, and how many columns are among them.
    fn flown(&self, legs: &[Leg]) -> (Vec<Line>, usize) {
        let bare: Vec<Line> = legs.iter().map(|leg| self.line(leg)).collect();
        let secs = |lines: &[Line]| air_secs(lines, self.dock, self.pace);
        let worth = |with: &Columned| {
            let secs_with = secs(&with.lines);
            let lasts = legs.len() > 1 || secs_with <= self.pace.usable_secs;
            lasts && secs_with - with.saved_secs <= secs(&bare)
        };
        self.with_columns(legs).filter(worth).map_or((bare.clone(), 0), |with| (with.lines, with.columns))
    }

    fn fits(&self, more: &[Leg]) -> bool {
        let all: Vec<Leg> = self.now.iter().chain(more).copied().collect();
        air_secs(&self.flown(&all).0, self.dock, self.pace) <= self.pace.usable_secs
    }

    fn land(&mut self) {
        if !self.now.is_empty() {
            let legs = std::mem::take(&mut self.now);
            let (lines, columns) = self.flown(&legs);
            self.columns += columns;
            self.done.push(lines);
        }
    }

    /// The next two runs, less what columns have seen.
    fn next_runs(&mut self) -> Vec<Run> {
        let mut runs = Vec::new();
        while runs.len() < 2 && self.open.len() > runs.len() {
            let index = runs.len();
            match self.open.get(index).copied().and_then(|run| self.beside(&run, self.columns)) {
                Some(run) => runs.push(run),
                None => drop(self.open.remove(index)),
            }
        }
        runs
    }

    /// Takes the next loop; false when nothing is left.
    fn step(&mut self) -> bool {
        let runs = self.next_runs();
        if runs.is_empty() {
            return false;
        }
        let all = self.looped(&runs);
        if self.fits(&all) {
            self.now.extend(all);
            self.open.drain(..runs.len());
            self.outer.clear();
            return true;
        }
        if self.outer.is_empty() && runs.len() == 2 && self.cut_loop(&runs) {
            self.land();
            return true;
        }
        if !self.now.is_empty() {
            self.land();
            return true;
        }
        self.alone(&runs[0]);
        true
    }

    /// Flies the inner part of a loop with what is left of the battery.
    fn cut_loop(&mut self, runs: &[Run]) -> bool {
        let length_m = |run: &Run| run.to - run.from;
        let longest_m = runs.iter().map(length_m).fold(0.0, f64::max);
        let cut = |depth_m: f64| -> Vec<(Run, Option<Run>)> {
            runs.iter().map(|run| self.parted(run, depth_m)).collect()
        };
        // The deepest that fits, by halving.
        let (mut least_m, mut most_m) = (0.0, longest_m);
        for _ in 0..16 {
            let middle_m = f64::midpoint(least_m, most_m);
            let inner: Vec<Run> = cut(middle_m).iter().map(|(inner, _)| *inner).collect();
            if self.fits(&self.looped(&inner)) { least_m = middle_m } else { most_m = middle_m }
        }
        if least_m < LEAST_CUT_M || longest_m - least_m < LEAST_CUT_M {
            return false;
        }
        let parts = cut(least_m);
        let inner: Vec<Run> = parts.iter().map(|(inner, _)| *inner).collect();
        self.now.extend(self.looped(&inner));
        self.open.drain(..runs.len());
        let outer: Vec<Run> = parts.iter().filter_map(|(_, outer)| *outer).collect();
        match outer.as_slice() {
            // A single one would turn the loop after it round.
            [only] => self.open.push_front(*only),
            _ => self.outer = outer,
        }
        true
    }

    /// Parts a run so far from its inner end.
    fn parted(&self, run: &Run, depth_m: f64) -> (Run, Option<Run>) {
        if run.to - run.from <= depth_m + 1.0 {
            return (*run, None);
        }
        if self.leftwards {
            let at = run.to - depth_m;
            (Run { from: at, ..*run }, Some(Run { to: at, ..*run }))
        } else {
            let at = run.from + depth_m;
            (Run { to: at, ..*run }, Some(Run { from: at, ..*run }))
        }
    }

    /// A loop that no battery lasts for: what it would have taken along first, then one run at a time, cut in halves until it fits.
    fn alone(&mut self, first: &Run) {
        if !self.outer.is_empty() {
            self.reopen_outer();
            return;
        }
        self.open.pop_front();
        let leg = Leg { run: *first, outwards: true };
        if self.fits(&[leg]) || first.to - first.from < 2.0 {
            self.now = vec![leg];
            self.land();
        } else {
            let middle = f64::midpoint(first.from, first.to);
            self.open.push_front(Run { from: middle, ..*first });
            self.open.push_front(Run { to: middle, ..*first });
        }
    }

    fn reopen_outer(&mut self) {
        for run in std::mem::take(&mut self.outer).into_iter().rev() {
            self.open.push_front(run);
        }
    }
}
