//! What of an area a plan sees, at which ground sample distance: every picture held over the ground.

use geo::{BoundingRect, Contains, Coord, MultiPolygon, Point, Rect, unary_union};
use gis::Terrain;

use crate::aircraft::Aircraft;
use crate::area::Area;
use crate::plan::{Action, HeightReference, Plan};
use crate::plane::{between, course_deg, distance_m};

/// A picture that a plan takes, straight down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Picture {
    /// Where, on the plane of the area.
    pub at: Coord<f64>,
    /// Height by the plan's reference, metres.
    pub height_m: f64,
    /// Where its upper edge points, degrees clockwise from north.
    pub course_deg: f64,
}

/// What was seen of an area, cell by cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Coverage {
    /// Side of a cell, metres.
    pub cell_m: f64,
    /// Cells of the area.
    pub cells: usize,
    /// Of them seen at the asked distance.
    pub seen: usize,
    /// Middles of cells that were not.
    pub missed: Vec<Coord<f64>>,
}

impl Coverage {
    /// Returns the share seen, 0 to 1.
    pub fn share(&self) -> f64 {
        if self.cells == 0 { 1.0 } else { self.seen as f64 / self.cells as f64 }
    }

    /// Returns what was missed as polygons, for a flight that follows up.
    pub fn holes(&self) -> MultiPolygon<f64> {
        let half_m = self.cell_m / 2.0 * 1.001;
        let square = |at: &Coord<f64>| {
            let corner = |sign: f64| Coord { x: at.x + sign * half_m, y: at.y + sign * half_m };
            Rect::new(corner(-1.0), corner(1.0)).to_polygon()
        };
        let squares: Vec<geo::Polygon<f64>> = self.missed.iter().map(square).collect();
        unary_union(&squares)
    }
}

/// Rounding of distances and of heights in files.
const ROOM: f64 = 1.001;

/// Returns the pictures that are taken on the way.
pub fn pictures(plan: &Plan, area: &Area) -> Vec<Picture> {
    let mut pictures = Vec::new();
    let mut every: Option<f64> = None;
    let mut since_m = 0.0;
    for (index, waypoint) in plan.waypoints.iter().enumerate() {
        let here = area.plane.metres(waypoint.at);
        let next = plan.waypoints.get(index + 1);
        let there = next.map_or(here, |next| area.plane.metres(next.at));
        let course_deg = course_deg(here, there);
        for action in &waypoint.actions {
            match *action {
                Action::PicturesEvery { metres } => (every, since_m) = (Some(metres), metres),
                Action::PicturesEnd => {
                    // The one that is due at the end of a line is taken there.
                    if every.is_some_and(|metres| since_m > metres * 0.2) {
                        let before = index.checked_sub(1).map(|k| area.plane.metres(plan.waypoints[k].at));
                        let course_deg = before.map_or(course_deg, |before| self::course_deg(before, here));
                        pictures.push(Picture { at: here, height_m: waypoint.height_m, course_deg });
                    }
                    every = None;
                }
                Action::Picture => {
                    pictures.push(Picture { at: here, height_m: waypoint.height_m, course_deg });
                }
                _ => {}
            }
        }
        let (Some(metres), Some(next)) = (every, next) else { continue };
        let length_m = distance_m(here, there);
        let mut along_m = metres - since_m;
        while along_m <= length_m {
            let share = if length_m > 0.0 { along_m / length_m } else { 0.0 };
            let height_m = waypoint.height_m + share * (next.height_m - waypoint.height_m);
            pictures.push(Picture { at: between(here, there, share), height_m, course_deg });
            along_m += metres;
        }
        since_m = length_m - (along_m - metres);
    }
    pictures
}

/// Returns what of an area pictures show at a ground sample distance or finer. Without ground it is level at the height of take-off.
pub fn coverage(
    plan: &Plan,
    aircraft: &Aircraft,
    area: &Area,
    ground: Option<&dyn Terrain>,
    (gsd_m, cell_m): (f64, f64),
) -> Coverage {
    let mut grid = Grid::over(area, ground, cell_m);
    let base_m = match plan.heights {
        HeightReference::Ellipsoid => 0.0,
        HeightReference::TakeOff => {
            let home = plan.home.or(plan.waypoints.first().map(|w| w.at));
            home.and_then(|at| ground?.height(at)).map_or(0.0, |height| height.0)
        }
    };
    for picture in pictures(plan, area) {
        grid.show(&Picture { height_m: picture.height_m + base_m, ..picture }, aircraft, gsd_m);
    }
    grid.done()
}

struct Grid {
    low: Coord<f64>,
    cell_m: f64,
    across: usize,
    up: usize,
    /// Height of the ground, none outside of the area; whether it was seen.
    cells: Vec<Option<(f64, bool)>>,
    lowest_m: f64,
}

impl Grid {
    fn over(area: &Area, ground: Option<&dyn Terrain>, cell_m: f64) -> Self {
        let rect = area.shape.bounding_rect();
        let low = rect.map_or(Coord { x: 0.0, y: 0.0 }, Rect::min);
        let count = |span: f64| (span / cell_m).ceil().max(1.0) as usize;
        let (across, up) = rect.map_or((0, 0), |rect| (count(rect.width()), count(rect.height())));
        let mut grid = Self { low, cell_m, across, up, cells: Vec::new(), lowest_m: f64::INFINITY };
        for index in 0..across * up {
            let at = grid.middle(index);
            let inside = area.shape.contains(&Point::from(at));
            let height_m = || ground.map_or(Some(0.0), |g| g.height(area.plane.place(at)).map(|h| h.0));
            let cell = if inside { height_m().map(|m| (m, false)) } else { None };
            grid.lowest_m = cell.map_or(grid.lowest_m, |(m, _)| grid.lowest_m.min(m));
            grid.cells.push(cell);
        }
        grid
    }

    fn middle(&self, index: usize) -> Coord<f64> {
        let at = |k: usize| (k as f64 + 0.5) * self.cell_m;
        Coord { x: self.low.x + at(index % self.across), y: self.low.y + at(index / self.across) }
    }

    fn show(&mut self, picture: &Picture, aircraft: &Aircraft, gsd_m: f64) {
        let camera = &aircraft.camera;
        let focal_px = camera.focal_px();
        let (half_across, half_along) = (camera.width_px / 2.0 / focal_px, camera.height_px / 2.0 / focal_px);
        let (sin, cos) = picture.course_deg.to_radians().sin_cos();
        let reach_m = (picture.height_m - self.lowest_m).max(0.0) * half_across.hypot(half_along);
        let span = |at: f64, low: f64, count: usize| {
            let index = |m: f64| ((m - low) / self.cell_m).floor().clamp(0.0, count as f64) as usize;
            index(at - reach_m)..(index(at + reach_m) + 1).min(count)
        };
        let (columns, rows) =
            (span(picture.at.x, self.low.x, self.across), span(picture.at.y, self.low.y, self.up));
        for row in rows {
            for column in columns.clone() {
                let index = row * self.across + column;
                let middle = self.middle(index);
                let Some((ground_m, seen)) = &mut self.cells[index] else { continue };
                let depth_m = picture.height_m - *ground_m;
                let (east, north) = (middle.x - picture.at.x, middle.y - picture.at.y);
                let (along_m, across_m) = (east * sin + north * cos, east * cos - north * sin);
                let inside = along_m.abs() <= depth_m * half_along && across_m.abs() <= depth_m * half_across;
                *seen |= inside && depth_m / focal_px <= gsd_m * ROOM;
            }
        }
    }

    fn done(self) -> Coverage {
        let known =
            self.cells.iter().enumerate().filter_map(|(index, cell)| cell.map(|(_, seen)| (index, seen)));
        let missed: Vec<Coord<f64>> =
            known.clone().filter(|(_, seen)| !seen).map(|(index, _)| self.middle(index)).collect();
        let cells = known.count();
        Coverage { cell_m: self.cell_m, cells, seen: cells - missed.len(), missed }
    }
}
