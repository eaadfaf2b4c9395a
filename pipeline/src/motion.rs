//! A second opinion on plumes: where the view stands still, smoke moves and a pale wall does not.
//!
//! Frames are compared as small grey pictures ([`Glance`]) with those of the last seconds, after the drift of a hovering
//! camera is taken out. A camera that moves further gets no opinion. Steam moves as smoke does: nothing is said against it.

use std::collections::VecDeque;
use std::time::Duration;

use models::{RgbImage, SizePx};

use crate::seen::Seen;

/// Columns of a glance at most.
const COLUMNS: usize = 160;
/// Glances kept and the least time between them: three seconds.
const KEPT: usize = 12;
const EVERY: Duration = Duration::from_millis(250);
/// Younger glances differ too little, older ones show another light.
const YOUNGEST: Duration = Duration::from_millis(700);
const OLDEST: Duration = Duration::from_secs(4);
/// Glances that must be comparable before anything is said.
const LEAST_COMPARED: usize = 3;
/// Largest drift that still counts as one view, cells.
const MOST_DRIFT: f32 = 4.0;
/// Drift that is left after it was taken out, cells: at a steep edge of a thing that stands still it looks like change.
const DRIFT_LEFT: f32 = 0.08;
/// Largest mean difference of the surroundings that still counts as one view, levels.
const MOST_AROUND: f32 = 6.0;
/// Share of the picture that must lie around a box to compare it with.
const LEAST_AROUND: f32 = 0.3;
/// Least difference that noise makes, levels.
const NOISE: f32 = 0.5;
/// Inside a box that changes less than this many times as much as its surroundings, nothing moves. Frozen stills under drift
/// and noise lie below it, billowing ones above.
const STILL_RATIO: f32 = 1.8;
/// What stillness does to the odds of a plume. Frozen stills ask for a twentieth; they are a weak proof.
const STILL_ODDS: f64 = 0.1;

/// A frame as seen from far away: mean grey of square cells, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Glance {
    columns: usize,
    rows: usize,
    grey: Vec<f32>,
}

impl Glance {
    /// Returns the glance of a picture, at most 160 cells wide.
    pub fn of(image: &RgbImage) -> Self {
        let (width, height) = (image.width as usize, image.height as usize);
        let side = width.div_ceil(COLUMNS).max(1);
        let (columns, rows) = (width / side, height / side);
        let mut grey = vec![0.0_f32; columns * rows];
        for (y, line) in image.data.chunks_exact(width * 3).take(rows * side).enumerate() {
            let row = grey.chunks_exact_mut(columns.max(1)).nth(y / side);
            for (cell, pixels) in row.into_iter().flatten().zip(line.chunks_exact(side * 3)) {
                // Green carries most of the light; the other two would say the same.
                let (pixels, _) = pixels.as_chunks::<3>();
                let sum: u32 = pixels.iter().map(|[_, green, _]| u32::from(*green)).sum();
                *cell += sum as f32;
            }
        }
        let pixels = (side * side) as f32;
        for cell in &mut grey {
            *cell /= pixels;
        }
        Self { columns, rows, grey }
    }

    fn at(&self, column: usize, row: usize) -> f32 {
        self.grey.get(row * self.columns + column).copied().unwrap_or_default()
    }

    /// Bilinear; the edge goes on beyond itself.
    fn between(&self, x: f32, y: f32) -> f32 {
        let x = x.clamp(0.0, (self.columns.max(1) - 1) as f32);
        let y = y.clamp(0.0, (self.rows.max(1) - 1) as f32);
        let (left, top) = (x.floor(), y.floor());
        let (fx, fy) = (x - left, y - top);
        let (x0, y0) = (left as usize, top as usize);
        let (x1, y1) = ((x0 + 1).min(self.columns - 1), (y0 + 1).min(self.rows - 1));
        let upper = self.at(x0, y0) * (1.0 - fx) + self.at(x1, y0) * fx;
        let lower = self.at(x0, y1) * (1.0 - fx) + self.at(x1, y1) * fx;
        upper * (1.0 - fy) + lower * fy
    }

    /// Steepest change to a neighbour, levels a cell.
    fn steepness(&self, column: usize, row: usize) -> f32 {
        let here = self.at(column, row);
        let neighbours = [
            (column.saturating_sub(1), row),
            ((column + 1).min(self.columns.max(1) - 1), row),
            (column, row.saturating_sub(1)),
            (column, (row + 1).min(self.rows.max(1) - 1)),
        ];
        neighbours.into_iter().map(|(x, y)| (self.at(x, y) - here).abs()).fold(0.0, f32::max)
    }

    /// Returns how far `self` is shifted against `past`, in cells: Lucas and Kanade (1981) over the whole picture.
    fn drift_from(&self, past: &Self) -> (f32, f32) {
        let (mut dx, mut dy) = (0.0_f32, 0.0_f32);
        for _ in 0..6 {
            let [mut xx, mut xy, mut yy, mut xt, mut yt] = [1e-3_f32, 0.0, 1e-3, 0.0, 0.0];
            for row in (1..self.rows.saturating_sub(1)).step_by(2) {
                for column in (1..self.columns.saturating_sub(1)).step_by(2) {
                    let gx = (self.at(column + 1, row) - self.at(column - 1, row)) / 2.0;
                    let gy = (self.at(column, row + 1) - self.at(column, row - 1)) / 2.0;
                    let was = past.between(column as f32 - dx, row as f32 - dy);
                    let off = (self.at(column, row) - was).clamp(-20.0, 20.0);
                    (xx, xy, yy) = (xx + gx * gx, xy + gx * gy, yy + gy * gy);
                    (xt, yt) = (xt + gx * off, yt + gy * off);
                }
            }
            let det = xx * yy - xy * xy;
            if det <= f32::EPSILON {
                break;
            }
            dx -= (yy * xt - xy * yt) / det;
            dy -= (xx * yt - xy * xt) / det;
        }
        (dx, dy)
    }

    /// Returns how much each cell differs from where it was, or `None` when the view is another one.
    fn change_since(&self, past: &Self) -> Option<Vec<f32>> {
        if (self.columns, self.rows) != (past.columns, past.rows) || self.grey.is_empty() {
            return None;
        }
        let (dx, dy) = self.drift_from(past);
        if dx.hypot(dy).is_nan() || dx.hypot(dy) > MOST_DRIFT {
            return None;
        }
        let cells = (0..self.rows).flat_map(|row| (0..self.columns).map(move |column| (column, row)));
        let change = |(column, row): (usize, usize)| {
            let moved = (self.at(column, row) - past.between(column as f32 - dx, row as f32 - dy)).abs();
            (moved - DRIFT_LEFT * self.steepness(column, row)).max(0.0)
        };
        Some(cells.map(change).collect())
    }
}

/// The last glances of one feed.
#[derive(Debug, Default)]
pub struct Motion {
    past: VecDeque<(Duration, Glance)>,
}

impl Motion {
    /// Lowers the scores of plumes in which nothing moves, and of all plumes until the feed was watched long enough to tell; says
    /// nothing where the view moves.
    ///
    /// Frames come in the order of the feed. `picture` is the size that the outlines are given in.
    pub fn judge(&mut self, elapsed: Duration, glance: Glance, picture: SizePx, seen: &mut [Seen]) {
        if self.past.back().is_some_and(|(at, _)| *at > elapsed) {
            self.past.clear();
        }
        let mut rising = seen.iter_mut().filter(|one| one.foot_px.is_some()).peekable();
        if rising.peek().is_some() {
            let changes = self.changes(elapsed, &glance);
            let young = self.is_young(elapsed);
            for one in rising {
                let still = ratio(&changes, &glance, picture, one).is_some_and(|ratio| ratio < STILL_RATIO);
                if still || young {
                    let odds = STILL_ODDS * one.score / (1.0 - one.score).max(1e-9);
                    one.score = odds / (1.0 + odds);
                }
            }
        }
        if self.past.back().is_none_or(|(at, _)| elapsed >= *at + EVERY) {
            self.past.push_back((elapsed, glance));
        }
        while self.past.len() > KEPT {
            self.past.pop_front();
        }
    }

    /// Whether the feed began so recently that no view of it could be compared yet.
    fn is_young(&self, elapsed: Duration) -> bool {
        let age = |(at, _): &(Duration, Glance)| elapsed.saturating_sub(*at);
        let old_enough = self.past.iter().filter(|past| age(past) >= YOUNGEST).count();
        old_enough < LEAST_COMPARED && self.past.front().is_none_or(|first| age(first) <= OLDEST)
    }

    fn changes(&self, elapsed: Duration, glance: &Glance) -> Vec<Vec<f32>> {
        let age = |at: &Duration| elapsed.saturating_sub(*at);
        let comparable = self.past.iter().filter(|(at, _)| (YOUNGEST..=OLDEST).contains(&age(at)));
        let changes: Vec<Vec<f32>> = comparable
            .filter_map(|(_, past)| glance.change_since(past))
            .filter(|c| median(c) <= MOST_AROUND)
            .collect();
        if changes.len() < LEAST_COMPARED { Vec::new() } else { changes }
    }
}

/// How much more the inside of a box changes than what lies around it, on average; `None` without anything to compare.
fn ratio(changes: &[Vec<f32>], glance: &Glance, picture: SizePx, one: &Seen) -> Option<f32> {
    let bounds = one.outline.bounds();
    let (across, down) =
        (glance.columns as f32 / picture.width as f32, glance.rows as f32 / picture.height as f32);
    let inside = |index: usize| {
        let (x, y) = ((index % glance.columns) as f32 + 0.5, (index / glance.columns) as f32 + 0.5);
        (bounds.left_px * across..bounds.right_px * across).contains(&x)
            && (bounds.top_px * down..bounds.bottom_px * down).contains(&y)
    };
    let of_one = |change: &Vec<f32>| {
        let (own, around): (Vec<(usize, f32)>, Vec<_>) =
            change.iter().copied().enumerate().partition(|(index, _)| inside(*index));
        let around: Vec<f32> = around.into_iter().map(|(_, c)| c).collect();
        let enough = !own.is_empty() && around.len() as f32 >= LEAST_AROUND * change.len() as f32;
        let mean = own.iter().map(|(_, c)| c).sum::<f32>() / own.len() as f32;
        enough.then(|| mean / median(&around).max(NOISE))
    };
    let ratios: Vec<f32> = changes.iter().filter_map(of_one).collect();
    (!ratios.is_empty()).then(|| ratios.iter().sum::<f32>() / ratios.len() as f32)
}

fn median(values: &[f32]) -> f32 {
    let mut sorted = values.to_vec();
    let middle = sorted.len() / 2;
    if sorted.is_empty() { 0.0 } else { *sorted.select_nth_unstable_by(middle, f32::total_cmp).1 }
}
