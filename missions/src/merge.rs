//! Requests of several departments as one flight: each place is flown once, at the finest distance that anyone asks for there.

use geo::{Area as _, BooleanOps, Distance, Euclidean, Intersects, Line, MultiPolygon, Polygon, unary_union};

use crate::area::Area;
use crate::estimate::{Estimate, estimate};
use crate::optics::Look;
use crate::plan::Plan;
use crate::planner::{MissionError, Planner, Stretch};

/// What one department asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Its id, as legs name it.
    pub id: String,
    /// Where, in metres on the plane of all.
    pub shape: MultiPolygon<f64>,
    /// Ground sample distance, metres.
    pub gsd_m: f64,
}

/// One flight for all.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// The flight; its legs say whom they serve.
    pub plan: Plan,
    /// What it costs.
    pub cost: Estimate,
    /// What each request would cost alone.
    pub alone: Vec<(String, Estimate)>,
}

impl Merged {
    /// Returns the time that is saved against flying each alone, seconds.
    pub fn saved_secs(&self) -> f64 {
        self.alone.iter().map(|(_, cost)| cost.secs).sum::<f64>() - self.cost.secs
    }
}

/// Pieces that a finer neighbour sees at no cost to speak of: less than this many squares of its spacing.
const SLIVER_SPACINGS: f64 = 1.0;

/// Returns one flight for requests that lie on one plane. Ground is flown at a height for each distance or all at the finest, whichever
/// is quicker.
///
/// # Errors
/// When a look cannot be flown, or the terrain has holes.
pub fn merge(planner: &Planner<'_>, all: &Area, requests: &[Request]) -> Result<Merged, MissionError> {
    let layered = layered(planner, all, requests)?;
    let finest = finest(planner, all, requests)?;
    let cost = |plan: &Plan| estimate(plan, planner.aircraft);
    let plan = if cost(&finest).secs < cost(&layered).secs { finest } else { layered };
    let mut alone = Vec::new();
    for request in requests {
        let area = Area { plane: all.plane, shape: request.shape.clone() };
        let plan = at(planner, request.gsd_m).area(&area)?;
        alone.push((request.id.clone(), cost(&plan)));
    }
    Ok(Merged { cost: cost(&plan), plan, alone })
}

fn at<'a>(planner: &Planner<'a>, gsd_m: f64) -> Planner<'a> {
    Planner { look: Look { gsd_m, ..planner.look }, ..*planner }
}

fn finest(planner: &Planner<'_>, all: &Area, requests: &[Request]) -> Result<Plan, MissionError> {
    let gsd_m = requests.iter().map(|request| request.gsd_m).fold(f64::INFINITY, f64::min);
    let planner = at(planner, gsd_m);
    let shape = union(requests.iter().map(|request| &request.shape));
    let area = Area { plane: all.plane, shape };
    let mut lines = planner.lines(&area, &planner.geometry()?);
    for line in &mut lines {
        line.serves = served(line, requests);
    }
    planner.plan(&all.plane, &lines)
}

fn layered(planner: &Planner<'_>, all: &Area, requests: &[Request]) -> Result<Plan, MissionError> {
    let mut distances: Vec<f64> = requests.iter().map(|request| request.gsd_m).collect();
    distances.sort_by(f64::total_cmp);
    distances.dedup();
    let mut done = MultiPolygon::new(Vec::new());
    let mut lines: Vec<Stretch> = Vec::new();
    let mut here = *planner;
    for gsd_m in distances {
        let layer = at(&here, gsd_m);
        let geometry = layer.geometry()?;
        let asked = union(requests.iter().filter(|r| r.gsd_m.total_cmp(&gsd_m).is_eq()).map(|r| &r.shape));
        let rest = without_slivers(asked.difference(&done), SLIVER_SPACINGS * geometry.spacing_m.powi(2));
        done = done.union(&rest);
        let area = Area { plane: all.plane, shape: rest };
        let mut own = layer.lines(&area, &geometry);
        for line in &mut own {
            line.serves = served(line, requests);
        }
        // The next layer begins where this one ends.
        if let Some(end) = own.last().and_then(|line| line.way.last()) {
            here.home = Some(all.plane.place(*end));
        }
        lines.extend(own);
    }
    planner.plan(&all.plane, &lines)
}

fn union<'a>(shapes: impl Iterator<Item = &'a MultiPolygon<f64>>) -> MultiPolygon<f64> {
    let polygons: Vec<&Polygon<f64>> = shapes.flat_map(|shape| &shape.0).collect();
    unary_union(polygons)
}

fn without_slivers(shape: MultiPolygon<f64>, least_m2: f64) -> MultiPolygon<f64> {
    MultiPolygon::new(shape.0.into_iter().filter(|polygon| polygon.unsigned_area() >= least_m2).collect())
}

/// Whom a line serves: those who asked for ground within half a spacing of it, at this distance or a coarser one.
fn served(stretch: &Stretch, requests: &[Request]) -> Vec<String> {
    let (Some(a), Some(b)) = (stretch.way.first(), stretch.way.last()) else { return Vec::new() };
    let line = Line::new(*a, *b);
    let half_m = stretch.geometry.spacing_m / 2.0;
    let near = |request: &&Request| {
        request.shape.intersects(&line)
            || request.shape.0.iter().any(|polygon| Euclidean.distance(polygon, &line) < half_m)
    };
    requests.iter().filter(near).map(|request| request.id.clone()).collect()
}
