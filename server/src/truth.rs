//! Tasks held against known truth: what was found once, twice, not at all, or invented.

use geo::{Distance, Euclidean, Point, Polygon};
use gis::geodesy::plane_distance_m;
use gis::{LatLon, geodesy};
use serde::{Deserialize, Serialize};

/// A task this far outside a spot's outline, or as far as its stated error, still means the spot, metres.
const MATCH_WITHIN_M: f64 = 8.0;

/// One thing known to be there.
#[derive(Debug, Clone, Deserialize)]
pub struct Spot {
    /// Name in the truth file.
    pub id: String,
    /// Class.
    pub class: String,
    /// Latitude of its middle, degrees.
    pub lat_deg: f64,
    /// Longitude of its middle, degrees.
    pub lon_deg: f64,
    /// Ring of (latitude, longitude) in degrees.
    pub polygon: Vec<(f64, f64)>,
    /// Area, square metres.
    pub area_m2: f64,
    /// The department that should lead.
    pub lead_department: String,
}

/// A truth file.
#[derive(Debug, Clone, Deserialize)]
pub struct Truth {
    /// Everything known to be there.
    pub spots: Vec<Spot>,
}

/// What the comparison needs of a task.
#[derive(Debug, Clone)]
pub struct TaskFacts {
    /// Identity.
    pub id: String,
    /// Class.
    pub class: String,
    /// Lead department.
    pub lead: String,
    /// Position.
    pub at: LatLon,
    /// Its stated error, metres.
    pub ce90_m: f64,
    /// Area, square metres.
    pub area_m2: Option<f64>,
}

/// What became of one spot.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpotResult {
    /// Name in the truth file.
    pub spot: String,
    /// Class.
    pub class: String,
    /// Tasks that mean it.
    pub tasks: Vec<String>,
    /// Distance of the first task from its middle, metres.
    pub error_m: Option<f64>,
    /// Area of the first task against the true one, as a ratio.
    pub area_ratio: Option<f64>,
    /// True when the first task went to the right department.
    pub right_department: bool,
}

/// Tasks against truth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Spots of the classes that were looked for.
    pub spots: usize,
    /// Spots with exactly one task.
    pub found_once: usize,
    /// Spots with more than one.
    pub duplicated: usize,
    /// Spots with none.
    pub missed: usize,
    /// Tasks that mean no spot.
    pub invented: Vec<String>,
    /// Spots whose task went to the wrong department.
    pub wrong_department: usize,
    /// Median distance from the middle of the spot, metres.
    pub median_error_m: Option<f64>,
    /// Largest of those distances, metres.
    pub max_error_m: Option<f64>,
    /// One entry a spot.
    pub results: Vec<SpotResult>,
}

impl Comparison {
    /// Returns true when every spot has exactly one task, for the right department, and nothing was invented.
    pub fn is_perfect(&self) -> bool {
        self.found_once == self.spots && self.invented.is_empty() && self.wrong_department == 0
    }
}

/// Compares tasks with the spots of the classes that were looked for.
pub fn compare(truth: &Truth, classes: &[String], tasks: &[TaskFacts]) -> Comparison {
    let spots: Vec<&Spot> = truth.spots.iter().filter(|s| classes.contains(&s.class)).collect();
    let meant: Vec<Option<usize>> = tasks.iter().map(|task| spot_of(task, &spots)).collect();
    let results: Vec<SpotResult> = spots
        .iter()
        .enumerate()
        .map(|(i, spot)| {
            let own = tasks.iter().zip(&meant).filter(|(_, m)| **m == Some(i)).map(|(t, _)| t);
            judge(spot, &own.collect::<Vec<_>>())
        })
        .collect();
    let invented = tasks.iter().zip(&meant).filter(|(_, m)| m.is_none()).map(|(t, _)| t.id.clone()).collect();
    summed(results, invented)
}

fn summed(results: Vec<SpotResult>, invented: Vec<String>) -> Comparison {
    let mut errors_m: Vec<f64> = results.iter().filter_map(|r| r.error_m).collect();
    errors_m.sort_by(f64::total_cmp);
    let count = |wanted: fn(usize) -> bool| results.iter().filter(|r| wanted(r.tasks.len())).count();
    Comparison {
        spots: results.len(),
        found_once: count(|n| n == 1),
        duplicated: count(|n| n > 1),
        missed: count(|n| n == 0),
        invented,
        wrong_department: results.iter().filter(|r| !r.tasks.is_empty() && !r.right_department).count(),
        median_error_m: median(&errors_m),
        max_error_m: errors_m.last().copied(),
        results,
    }
}

fn median(sorted: &[f64]) -> Option<f64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = *sorted.get((sorted.len() - 1) / 2)?;
    Some(f64::midpoint(lower, upper))
}

fn judge(spot: &Spot, tasks: &[&TaskFacts]) -> SpotResult {
    let middle = LatLon { lat_deg: spot.lat_deg, lon_deg: spot.lon_deg };
    let first = tasks.first();
    SpotResult {
        spot: spot.id.clone(),
        class: spot.class.clone(),
        tasks: tasks.iter().map(|t| t.id.clone()).collect(),
        error_m: first.map(|t| plane_distance_m(t.at, middle)),
        area_ratio: first.and_then(|t| t.area_m2).map(|area_m2| area_m2 / spot.area_m2),
        right_department: first.is_some_and(|t| t.lead == spot.lead_department),
    }
}

fn spot_of(task: &TaskFacts, spots: &[&Spot]) -> Option<usize> {
    spots
        .iter()
        .enumerate()
        .filter(|(_, spot)| spot.class == task.class)
        .map(|(i, spot)| (i, distance_to_outline_m(task.at, &spot.polygon)))
        .filter(|(_, distance_m)| *distance_m <= MATCH_WITHIN_M.max(task.ce90_m))
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(i, _)| i)
}

/// Returns 0 inside the ring, else the distance to its nearest edge, metres.
fn distance_to_outline_m(at: LatLon, ring: &[(f64, f64)]) -> f64 {
    let (per_lat_m, per_lon_m) = geodesy::metres_per_degree(at.lat_deg);
    let local: Vec<(f64, f64)> = ring
        .iter()
        .map(|(lat, lon)| ((lon - at.lon_deg) * per_lon_m, (lat - at.lat_deg) * per_lat_m))
        .collect();
    Euclidean.distance(&Point::new(0.0, 0.0), &Polygon::new(local.into(), vec![]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(id: &str, lat_deg: f64) -> Spot {
        let d = 0.000_05;
        let lon_deg = 118.87;
        Spot {
            id: id.into(),
            class: "waterlogging".into(),
            lat_deg,
            lon_deg,
            polygon: vec![
                (lat_deg - d, lon_deg - d),
                (lat_deg - d, lon_deg + d),
                (lat_deg + d, lon_deg + d),
                (lat_deg + d, lon_deg - d),
            ],
            area_m2: 100.0,
            lead_department: "drainage".into(),
        }
    }

    fn task(id: &str, lat_deg: f64, lead: &str) -> TaskFacts {
        TaskFacts {
            id: id.into(),
            class: "waterlogging".into(),
            lead: lead.into(),
            at: LatLon { lat_deg, lon_deg: 118.87 },
            ce90_m: 3.0,
            area_m2: Some(50.0),
        }
    }

    #[test]
    fn found_doubled_missed_and_invented_are_told_apart() {
        let truth = Truth { spots: vec![spot("a", 28.97), spot("b", 28.971), spot("c", 28.972)] };
        let tasks = [
            task("1", 28.970_01, "drainage"),
            task("2", 28.971, "drainage"),
            task("3", 28.971_06, "drainage"),
            task("4", 28.99, "drainage"),
        ];
        let found = compare(&truth, &["waterlogging".into()], &tasks);
        assert_eq!((found.spots, found.found_once, found.duplicated, found.missed), (3, 1, 1, 1));
        assert_eq!(found.invented, ["4"]);
        assert!(!found.is_perfect());
        let error_m = found.results[0].error_m.unwrap();
        assert!((error_m - 1.108).abs() < 0.01, "{error_m}");
    }

    #[test]
    fn a_task_for_the_wrong_department_is_counted() {
        let truth = Truth { spots: vec![spot("a", 28.97)] };
        let found = compare(&truth, &["waterlogging".into()], &[task("1", 28.97, "police")]);
        assert_eq!((found.found_once, found.wrong_department), (1, 1));
        assert!(!found.is_perfect());
    }

    #[test]
    fn spots_of_classes_nobody_looked_for_do_not_count() {
        let truth = Truth { spots: vec![spot("a", 28.97)] };
        assert_eq!(compare(&truth, &["dumping".into()], &[]).spots, 0);
    }
}
