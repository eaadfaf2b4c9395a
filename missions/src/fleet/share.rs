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
/// Rounds in which weights are moved, and rounds in which they are moved by what sorties really take.
const ROUNDS: usize = 60;
const REAL_ROUNDS: usize = 40;
/// How far weights move, metres of way for each share that a dock's load is off: at first, and by what sorties take.
const STEP_M: f64 = 1_500.0;
const REAL_STEP_M: f64 = 1_000.0;

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

/// Returns the sorties of each dock and the metres that none reaches.
pub fn shared(
    pieces: &[Piece],
    docks: &[Dock],
    pace: &Pace,
    (along_deg, proportion): (f64, f64),
    first: &[First],
) -> (Vec<Vec<Sortie>>, f64) {
    let turn = Turn::by(along_deg);
    let places: Vec<Coord<f64>> = docks.iter().map(|dock| turn.there(dock.at)).collect();
    let (mut reached, mut options) = (Vec::new(), Vec::new());
    let mut unreached_m = 0.0;
    for piece in pieces {
        let own = self::options(piece, (docks, &places), pace, proportion);
        if own.is_empty() {
            unreached_m += piece.to - piece.from;
        } else {
            reached.push(*piece);
            options.push(own);
        }
    }
    let mut weights = vec![0.0; docks.len()];
    for round in 0..ROUNDS {
        let owners = assigned(&options, &weights);
        let loads = loads(&reached, &owners, &options, docks.len());
        moved(&mut weights, &loads, STEP_M / (1.0 + round as f64 / 15.0));
    }
    let mut best: Option<(f64, Vec<Vec<Sortie>>)> = None;
    for round in 0..REAL_ROUNDS {
        let owners = assigned(&options, &weights);
        let sorties = flown(&reached, &owners, (docks, &places), pace);
        let real: Vec<f64> = sorties.iter().map(|own| sorties::done_secs(own)).collect();
        let makespan = real.iter().copied().fold(0.0, f64::max);
        moved(&mut weights, &real, REAL_STEP_M / (1.0 + round as f64 / 10.0));
        if best.as_ref().is_none_or(|(least, _)| makespan < *least) {
            best = Some((makespan, sorties));
        }
    }
    let mut sorties = best.map(|(_, sorties)| sorties).unwrap_or_default();
    for line in sorties.iter_mut().flatten().flat_map(|sortie| &mut sortie.lines) {
        *line = (turn.back(line.0), turn.back(line.1));
    }
    if !first.is_empty() {
        for (own, dock) in sorties.iter_mut().zip(docks) {
            for sortie in own.iter_mut() {
                sortie.level = schedule::level(&sortie.lines, first);
            }
            *own = schedule::scheduled(std::mem::take(own), dock.hours);
        }
    }
    (sorties, unreached_m)
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

fn moved(weights: &mut [f64], loads: &[f64], step_m: f64) {
    let mean = loads.iter().sum::<f64>() / loads.len().max(1) as f64;
    if mean > 0.0 {
        for (weight, load) in weights.iter_mut().zip(loads) {
            *weight += step_m * (load / mean - 1.0).clamp(-1.0, 1.0);
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
