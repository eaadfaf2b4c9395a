//! A grid over the zones of one level: most points are answered by the cell they lie in, the rest by a few outlines.
//!
//! A cell that no boundary passes lies in a zone with all of it or with none of it. Cells are small beside the edges, so that
//! boundaries pass few of them; what the grid does not decide, [`PreparedOutline`] does, so that its fineness never changes an answer.

use geo::{BoundingRect, Coord, LinesIter, MultiPolygon, Rect};

use super::prepared::PreparedOutline;

/// Cells for each edge, about, within the limits of one level.
const CELLS_PER_EDGE: f64 = 2.0;
const FEWEST_CELLS: f64 = 256.0;
const MOST_CELLS: f64 = 4_000_000.0;
/// Cells are never smaller than this, far above the rounding of degrees.
const SMALLEST_CELL_DEG: f64 = 1e-6;
/// An edge marks cells that it passes closer than this share of a cell, far above the rounding of where it crosses a row.
const MARGIN: f64 = 1.0 / 64.0;

/// No zone has a part of the cell.
const EMPTY: u32 = u32::MAX;
/// The cell has a list; the other bits say where it starts.
const LIST: u32 = 1 << 31;
/// In a list: the cell lies in the zone with all of it. Alone in a cell: the same.
const WHOLE: u32 = 1 << 30;

/// Cells over the zones of one level, in order of their numbers in the index.
#[derive(Debug, Default)]
pub(super) struct LevelCells {
    grid: Grid,
    /// `EMPTY`, `LIST` with a place in `lists`, or one zone with or without `WHOLE`.
    cells: Vec<u32>,
    /// Lists of zones by rising number, each ended by `EMPTY`.
    lists: Vec<u32>,
}

impl LevelCells {
    /// Returns the cells of zones: their numbers, rising, and their outlines.
    pub(super) fn new(zones: &[(u32, &MultiPolygon<f64>, &PreparedOutline)]) -> Self {
        let Some(grid) = Grid::over(zones) else { return Self::default() };
        let mut entries: Vec<(u32, u32)> = Vec::new();
        let mut marks = Marks::default();
        for (number, outline, prepared) in zones {
            marks.cover(&grid, outline, prepared, |cell, whole| {
                entries.push((cell, if whole { *number | WHOLE } else { *number }));
            });
        }
        // By cell, and within a cell by zone: the sort is stable and zones come by rising number.
        entries.sort_by_key(|(cell, _)| *cell);
        let mut cells = vec![EMPTY; grid.columns * grid.rows];
        let mut lists = Vec::new();
        for run in entries.chunk_by(|(a, _), (b, _)| a == b) {
            let Some((cell, first)) = run.first() else { continue };
            let value = if run.len() == 1 { *first } else { LIST | lists.len() as u32 };
            if run.len() > 1 {
                lists.extend(run.iter().map(|(_, zone)| *zone));
                lists.push(EMPTY);
            }
            if let Some(place) = cells.get_mut(*cell as usize) {
                *place = value;
            }
        }
        Self { grid, cells, lists }
    }

    /// Gives the zones that have a part of the cell of a point, by rising number, and whether they have all of it.
    pub(super) fn at(&self, point: Coord<f64>) -> impl Iterator<Item = (u32, bool)> + '_ {
        let value = self.grid.cell(point).and_then(|cell| self.cells.get(cell).copied()).unwrap_or(EMPTY);
        let in_list = value != EMPTY && value & LIST != 0;
        let single = (!in_list && value != EMPTY).then_some(value);
        let list = if in_list { self.lists.get((value & !LIST) as usize..) } else { None };
        let listed = list.unwrap_or_default().iter().copied().take_while(|zone| *zone != EMPTY);
        single.into_iter().chain(listed).map(|zone| (zone & !WHOLE, zone & WHOLE != 0))
    }
}

/// Where cells lie: columns from west to east, rows from south to north.
#[derive(Debug, Clone, Copy)]
struct Grid {
    bounds: Rect<f64>,
    cells_per_degree: f64,
    columns: usize,
    rows: usize,
}

impl Default for Grid {
    fn default() -> Self {
        let nowhere = Coord { x: f64::INFINITY, y: f64::INFINITY };
        Self { bounds: Rect::new(nowhere, nowhere), cells_per_degree: 0.0, columns: 0, rows: 0 }
    }
}

impl Grid {
    fn over(zones: &[(u32, &MultiPolygon<f64>, &PreparedOutline)]) -> Option<Self> {
        let boxes = zones.iter().filter_map(|(_, outline, _)| outline.bounding_rect());
        let bounds = boxes.reduce(|a, b| {
            let low = Coord { x: a.min().x.min(b.min().x), y: a.min().y.min(b.min().y) };
            let high = Coord { x: a.max().x.max(b.max().x), y: a.max().y.max(b.max().y) };
            Rect::new(low, high)
        })?;
        let edges: usize = zones.iter().map(|(_, outline, _)| outline.lines_iter().count()).sum();
        let wanted = (edges as f64 * CELLS_PER_EDGE).clamp(FEWEST_CELLS, MOST_CELLS);
        let (width, height) = (bounds.width().max(SMALLEST_CELL_DEG), bounds.height().max(SMALLEST_CELL_DEG));
        let longest = width.max(height);
        let cell_deg = (width * height / wanted).sqrt().max(SMALLEST_CELL_DEG).max(longest / wanted);
        let cells_per_degree = 1.0 / cell_deg;
        let count = |extent: f64| (extent * cells_per_degree) as usize + 1;
        Some(Self { bounds, cells_per_degree, columns: count(bounds.width()), rows: count(bounds.height()) })
    }

    /// Returns the number of a point's cell, or `None` outside the grid and for what is no number.
    fn cell(&self, point: Coord<f64>) -> Option<usize> {
        let (low, high) = (self.bounds.min(), self.bounds.max());
        let inside = point.x >= low.x && point.x <= high.x && point.y >= low.y && point.y <= high.y;
        inside.then(|| self.row(point.y) * self.columns + self.column(point.x))
    }

    /// Never falls as `x` rises, so that what lies between two points lies in the columns between theirs.
    fn column(&self, x: f64) -> usize {
        ((x - self.bounds.min().x) * self.cells_per_degree) as usize
    }

    /// Never falls as `y` rises.
    fn row(&self, y: f64) -> usize {
        ((y - self.bounds.min().y) * self.cells_per_degree) as usize
    }

    fn middle(&self, column: usize, row: usize) -> Coord<f64> {
        let low = self.bounds.min();
        let along = |low: f64, count: usize| low + (count as f64 + 0.5) / self.cells_per_degree;
        Coord { x: along(low.x, column), y: along(low.y, row) }
    }
}

/// Cells of one zone's box that its boundary passes; kept from zone to zone to spare allocations.
#[derive(Debug, Default)]
struct Marks {
    passed: Vec<bool>,
    columns: usize,
    first_column: usize,
    first_row: usize,
}

impl Marks {
    /// Gives each cell that a zone has a part of, and whether it has all of it.
    fn cover(
        &mut self,
        grid: &Grid,
        outline: &MultiPolygon<f64>,
        prepared: &PreparedOutline,
        mut give: impl FnMut(u32, bool),
    ) {
        let Some(bounds) = outline.bounding_rect() else { return };
        let (first_column, last_column) = (grid.column(bounds.min().x), grid.column(bounds.max().x));
        let (first_row, last_row) = (grid.row(bounds.min().y), grid.row(bounds.max().y));
        (self.first_column, self.first_row) = (first_column, first_row);
        self.columns = last_column - first_column + 1;
        self.passed.clear();
        self.passed.resize(self.columns * (last_row - first_row + 1), false);
        outline.lines_iter().for_each(|line| self.mark(grid, line.start, line.end));
        for (row, passed) in (first_row..).zip(self.passed.chunks(self.columns)) {
            // Cells side by side without a boundary between them are alike.
            let mut whole = None;
            for (column, passed) in (first_column..).zip(passed) {
                let cell = (row * grid.columns + column) as u32;
                if *passed {
                    whole = None;
                    give(cell, false);
                } else if *whole.get_or_insert_with(|| prepared.holds(grid.middle(column, row))) {
                    give(cell, true);
                }
            }
        }
    }

    fn mark(&mut self, grid: &Grid, a: Coord<f64>, b: Coord<f64>) {
        let (lower, upper) = if a.y <= b.y { (a, b) } else { (b, a) };
        let (west, east) = (lower.x.min(upper.x), lower.x.max(upper.x));
        let cell_deg = 1.0 / grid.cells_per_degree;
        let margin_deg = MARGIN * cell_deg;
        for row in grid.row(lower.y)..=grid.row(upper.y) {
            let south = grid.bounds.min().y + row as f64 * cell_deg - margin_deg;
            let north = south + cell_deg + 2.0 * margin_deg;
            let x_at = |y: f64| {
                let part = ((y - lower.y) / (upper.y - lower.y)).clamp(0.0, 1.0);
                lower.x + part * (upper.x - lower.x)
            };
            // A level edge has no place where it crosses a row: it passes with all of it.
            let (x0, x1) = if upper.y > lower.y { (x_at(south), x_at(north)) } else { (west, east) };
            let from = grid.column((x0.min(x1) - margin_deg).clamp(west, east));
            let to = grid.column((x0.max(x1) + margin_deg).clamp(west, east));
            let start = (row - self.first_row) * self.columns;
            let cells =
                self.passed.get_mut(start + from - self.first_column..=start + to - self.first_column);
            cells.into_iter().flatten().for_each(|passed| *passed = true);
        }
    }
}
