//! Pieces of lines shared out among docks.

use geo::{Coord, MultiPolygon};

use super::schedule::{self, First};
use super::sorties::{self, Run, Sortie};
use super::{Dock, Pace};
use crate::survey::Swath;
use crate::survey::lines::{Turn, segments};

/// A piece of a line in the frame whose x lies along the lines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Piece {
    /// Its line.
    pub y: f64,
    /// Its ends, the lesser first.
    pub from: f64,
    /// The greater.
    pub to: f64,
}

/// Longest piece that goes to one dock as a whole, metres.
const PIECE_M: f64 = 400.0;
/// Docks that a piece may go to: the nearest ones.
const NEAREST: usize = 8;
/// Rounds in which weights are moved by what metres weigh, before sorties are made.
const ROUNDS: usize = 30;
/// How far weights move, metres of way for each share that a dock's load is off: at first by what metres weigh, then by what sorties take.
const STEP_M: f64 = 1_500.0;
const REAL_STEP_M: f64 = 800.0;
/// How steps grow while a dock stays on one side of the mean, how they shrink when it changes sides, and the longest (Riedmiller, Braun 1993).
const GROWTH: f64 = 1.15;
const SHRINK: f64 = 0.5;
const MOST_STEP_M: f64 = 6_000.0;

/// Returns the pieces of an area.
pub fn pieces(shape: &MultiPolygon<f64>, swath: &Swath, along_deg: f64) -> Vec<Piece> {
    let turn = Turn::by(along_deg);
    let mut pieces = Vec::new();
    for (index, polygon) in shape.0.iter().enumerate() {
        for segment in segments(polygon, index, along_deg, swath) {
            let (a, b) = (turn.there(segment.a), turn.there(segment.b));
            let (from, to) = (a.x.min(b.x), a.x.max(b.x));
            let count = ((to - from) / PIECE_M).ceil().max(1.0);
            let at = |k: f64| from + (to - from) * k / count;
            pieces.extend((0..count as usize).map(|k| Piece {
                y: a.y,
                from: at(k as f64),
                to: at(k as f64 + 1.0),
            }));
        }
    }
    pieces
}

/// One way to share lines of one direction out, made better round by round.
pub struct Sharing<'a> {
    docks: &'a [Dock],
    pace: &'a Pace,
    turn: Turn,
    /// Docks in the frame of the lines.
    places: Vec<Coord<f64>>,
    pieces: Vec<Piece>,
    /// For each piece the docks that it may go to.
    options: Vec<Vec<(usize, f64)>>,
    balance: Balance,
    best: Vec<Vec<Sortie>>,
    /// When the best so far is done, seconds.
    pub makespan_secs: f64,
    /// When docks would be done by the last round if they shared its work evenly, seconds.
    pub mean_secs: f64,
    /// Metres that no dock reaches.
    pub unreached_m: f64,
}

impl<'a> Sharing<'a> {
    /// Shares pieces out by what metres weigh; a metre along the lines counts `proportion` of one across.
    pub fn new(
        all: &[Piece],
        docks: &'a [Dock],
        pace: &'a Pace,
        (along_deg, proportion): (f64, f64),
    ) -> Self {
        let turn = Turn::by(along_deg);
        let places: Vec<Coord<f64>> = docks.iter().map(|dock| turn.there(dock.at)).collect();
        let (mut pieces, mut options) = (Vec::new(), Vec::new());
        let mut unreached_m = 0.0;
        for piece in all {
            let own = self::options(piece, (docks, &places), pace, proportion);
            if own.is_empty() {
                unreached_m += piece.to - piece.from;
            } else {
                pieces.push(*piece);
                options.push(own);
            }
        }
        let mut balance = Balance::new(docks.len(), STEP_M);
        for _ in 0..ROUNDS {
            let owners = assigned(&options, &balance.weights);
            balance.moved(&loads(&pieces, &owners, &options, docks.len()));
        }
        balance.steps_m = vec![REAL_STEP_M; docks.len()];
        let (best, makespan_secs, mean_secs) = (Vec::new(), f64::INFINITY, f64::INFINITY);
        Self {
            docks,
            pace,
            turn,
            places,
            pieces,
            options,
            balance,
            best,
            makespan_secs,
            mean_secs,
            unreached_m,
        }
    }

    /// Packs sorties, keeps them when they are done sooner, and moves weights by what they take.
    pub fn round(&mut self) {
        let owners = assigned(&self.options, &self.balance.weights);
        let sorties = flown(&self.pieces, &owners, (self.docks, &self.places), self.pace);
        let real: Vec<f64> = sorties.iter().map(|own| sorties::done_secs(own)).collect();
        self.balance.moved(&real);
        self.mean_secs = real.iter().sum::<f64>() / real.len().max(1) as f64;
        let makespan_secs = real.iter().copied().fold(0.0, f64::max);
        if makespan_secs < self.makespan_secs {
            (self.makespan_secs, self.best) = (makespan_secs, sorties);
        }
    }

    /// Returns the sorties of each dock on the plane of the area, what is to be seen `first` first.
    pub fn sorties(self, first: &[First]) -> Vec<Vec<Sortie>> {
        let mut sorties = self.best;
        for line in sorties.iter_mut().flatten().flat_map(|sortie| &mut sortie.lines) {
            *line = (self.turn.back(line.0), self.turn.back(line.1));
        }
        if !first.is_empty() {
            for (own, dock) in sorties.iter_mut().zip(self.docks) {
                for sortie in own.iter_mut() {
                    sortie.level = schedule::level(&sortie.lines, first);
                }
                *own = schedule::scheduled(std::mem::take(own), dock.hours);
            }
        }
        sorties
    }
}

fn way_m(piece: &Piece, dock: Coord<f64>, proportion: f64) -> f64 {
    let middle = f64::midpoint(piece.from, piece.to);
    (piece.y - dock.y).abs().hypot((middle - dock.x).abs() * proportion)
}

/// The docks a piece may go to, each with the way that counts, metres.
fn options(
    piece: &Piece,
    (docks, places): (&[Dock], &[Coord<f64>]),
    pace: &Pace,
    proportion: f64,
) -> Vec<(usize, f64)> {
    let ways = places.iter().enumerate().map(|(index, dock)| (index, way_m(piece, *dock, proportion)));
    let mut all: Vec<(usize, f64)> = ways.collect();
    if all.len() > NEAREST {
        all.select_nth_unstable_by(NEAREST - 1, |a, b| a.1.total_cmp(&b.1));
        all.truncate(NEAREST);
    }
    all.retain(|(dock, _)| sorties::reaches(piece, places[*dock], &pace.within(docks[*dock].hours)));
    all
}

fn assigned(options: &[Vec<(usize, f64)>], weights: &[f64]) -> Vec<usize> {
    let best = |options: &Vec<(usize, f64)>| {
        let cost = |(dock, way): &(usize, f64)| way + weights[*dock];
        options.iter().min_by(|a, b| cost(a).total_cmp(&cost(b))).map_or(0, |(dock, _)| *dock)
    };
    options.iter().map(best).collect()
}

/// Metres that each dock works, more for those farther off.
fn loads(pieces: &[Piece], owners: &[usize], options: &[Vec<(usize, f64)>], docks: usize) -> Vec<f64> {
    let mut loads = vec![0.0; docks];
    for ((piece, owner), options) in pieces.iter().zip(owners).zip(options) {
        let way_m = options.iter().find(|(dock, _)| dock == owner).map_or(0.0, |(_, way)| *way);
        // A sortie of twenty minutes gives two of them to a kilometre of way there and back, roughly.
        loads[*owner] += (piece.to - piece.from) * (1.0 + way_m / 8_000.0);
    }
    loads
}

/// Weights of docks, moved until all have the same load.
struct Balance {
    /// Metres of way that count for a dock besides the real ones.
    weights: Vec<f64>,
    steps_m: Vec<f64>,
    /// How far each dock was off the mean before, as a share of it.
    off: Vec<f64>,
}

impl Balance {
    fn new(docks: usize, step_m: f64) -> Self {
        Self { weights: vec![0.0; docks], steps_m: vec![step_m; docks], off: vec![0.0; docks] }
    }

    fn moved(&mut self, loads: &[f64]) {
        let mean = loads.iter().sum::<f64>() / loads.len().max(1) as f64;
        if mean <= 0.0 {
            return;
        }
        for (dock, load) in loads.iter().enumerate() {
            let off = (load / mean - 1.0).clamp(-1.0, 1.0);
            let changed = if off * self.off[dock] < 0.0 { SHRINK } else { GROWTH };
            self.steps_m[dock] = (self.steps_m[dock] * changed).min(MOST_STEP_M);
            self.weights[dock] += self.steps_m[dock] * off;
            self.off[dock] = off;
        }
    }
}

fn flown(
    pieces: &[Piece],
    owners: &[usize],
    (docks, places): (&[Dock], &[Coord<f64>]),
    pace: &Pace,
) -> Vec<Vec<Sortie>> {
    let mut runs: Vec<Vec<Run>> = vec![Vec::new(); places.len()];
    for (piece, owner) in pieces.iter().zip(owners) {
        let own = &mut runs[*owner];
        match own.last_mut() {
            // Pieces lie in the order of their line.
            Some(last) if last.y.total_cmp(&piece.y).is_eq() && (last.to - piece.from).abs() < 1e-6 => {
                last.to = piece.to;
            }
            _ => own.push(Run { y: piece.y, from: piece.from, to: piece.to }),
        }
    }
    let packed = |(runs, (dock, place)): (Vec<Run>, (&Dock, &Coord<f64>))| {
        let sorties = sorties::packed(runs, *place, &pace.within(dock.hours));
        if dock.hours.is_some() { schedule::scheduled(sorties, dock.hours) } else { sorties }
    };
    runs.into_iter().zip(docks.iter().zip(places)).map(packed).collect()
}
