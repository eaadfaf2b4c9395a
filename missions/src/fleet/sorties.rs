//! Sorties of one dock: out on one line, home on the next.

use geo::Coord;

use super::Pace;
use super::share::Piece;
use crate::plane::distance_m;

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
    /// When it takes off, seconds after the first.
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
    let mut sides: [Vec<Run>; 2] = [Vec::new(), Vec::new()];
    for run in runs {
        // Cut at the dock; what hardly crosses it is left whole.
        let least_m = 100.0;
        if run.from < dock.x - least_m && run.to > dock.x + least_m {
            sides[0].push(Run { to: dock.x, ..run });
            sides[1].push(Run { from: dock.x, ..run });
        } else if f64::midpoint(run.from, run.to) < dock.x {
            sides[0].push(run);
        } else {
            sides[1].push(run);
        }
    }
    let mut sorties: Vec<Vec<(Coord<f64>, Coord<f64>)>> = Vec::new();
    for (side, mut runs) in sides.into_iter().enumerate() {
        runs.sort_by(|a, b| a.y.total_cmp(&b.y).then(a.from.total_cmp(&b.from)));
        sorties.extend(side_packed(runs, side == 0, dock, pace));
    }
    timed(sorties, dock, pace)
}

/// One side of the dock: outwards and back on the next run, as many pairs as a battery lasts; what is too long is cut and goes on.
fn side_packed(
    runs: Vec<Run>,
    leftwards: bool,
    dock: Coord<f64>,
    pace: &Pace,
) -> Vec<Vec<(Coord<f64>, Coord<f64>)>> {
    let line = |run: &Run, outwards: bool| {
        let (low, high) = (Coord { x: run.from, y: run.y }, Coord { x: run.to, y: run.y });
        if outwards == leftwards { (high, low) } else { (low, high) }
    };
    let mut open: std::collections::VecDeque<Run> = runs.into();
    let mut sorties = Vec::new();
    let mut now: Vec<(Coord<f64>, Coord<f64>)> = Vec::new();
    while let Some(first) = open.pop_front() {
        let second = open.pop_front();
        let pair: Vec<(Coord<f64>, Coord<f64>)> =
            std::iter::once(line(&first, true)).chain(second.as_ref().map(|run| line(run, false))).collect();
        let mut tried = now.clone();
        tried.extend(&pair);
        if air_secs(&tried, dock, pace) <= pace.usable_secs {
            now = tried;
            continue;
        }
        if !now.is_empty() {
            sorties.push(std::mem::take(&mut now));
        }
        if air_secs(&pair, dock, pace) <= pace.usable_secs {
            now = pair;
            continue;
        }
        // Too long even alone: one run at a time, cut in halves until it fits.
        if let Some(second) = second {
            open.push_front(second);
        }
        let alone = vec![line(&first, true)];
        if air_secs(&alone, dock, pace) <= pace.usable_secs || first.to - first.from < 1.0 {
            sorties.push(alone);
        } else {
            let middle = f64::midpoint(first.from, first.to);
            open.push_front(Run { from: middle, ..first });
            open.push_front(Run { to: middle, ..first });
        }
    }
    if !now.is_empty() {
        sorties.push(now);
    }
    sorties
}

fn timed(sorties: Vec<Vec<(Coord<f64>, Coord<f64>)>>, dock: Coord<f64>, pace: &Pace) -> Vec<Sortie> {
    let mut start_secs = 0.0;
    let mut timed: Vec<Sortie> = sorties
        .into_iter()
        .map(|lines| {
            let air_secs = air_secs(&lines, dock, pace);
            Sortie { lines, start_secs: 0.0, air_secs, charge_secs: air_secs * pace.charge_per_sec }
        })
        .collect();
    // The longest last: its battery need not be charged again.
    timed.sort_by(|a, b| a.air_secs.total_cmp(&b.air_secs));
    for sortie in &mut timed {
        sortie.start_secs = start_secs;
        start_secs += sortie.air_secs + sortie.charge_secs;
    }
    timed
}
