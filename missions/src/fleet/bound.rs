//! Times that no plan of a fleet can beat.

use geo::{Area as _, Coord, LinesIter as _, MultiPolygon};

use super::{Dock, Pace, share};
use crate::plane::distance_m;
use crate::survey::Swath;

/// Samples of an area, and rings around the docks that are looked at one by one.
const SAMPLES: f64 = 100_000.0;
const RINGS: usize = 400;
/// Of a sortie, what sampling may add.
const ROUNDING: f64 = 0.01;

/// Returns the time in which all docks together fly along lines as long as the area over the spacing, seconds: ways and turns
/// take none, work begins above the dock, and the last battery need not be charged.
pub fn without_ways_secs(size_m2: f64, docks: usize, pace: &Pace) -> f64 {
    let work_secs = size_m2 / pace.spacing_m / pace.work_mps;
    done_secs(work_secs, docks, pace)
}

/// Returns the time that no plan is done in sooner, with the ways that none goes without, seconds.
///
/// A sortie that works farther than `r` from every dock crosses each ring around the docks within `r` twice. Where more ways cross a ring
/// than its ground is worth, the rest of them is way without work. How many sorties work beyond `r` follows from the work there and what is
/// left of a battery after the ways to `r` and back; so ways are summed from the farthest ring inwards. Uneven shares, and turns
/// beyond two a sortie, take none; ground that no battery reaches is left out, and so is a strip of half a spacing along all edges, which lines
/// inside may see: as if it were the farthest ground.
pub fn with_ways_secs(shape: &MultiPolygon<f64>, docks: &[Dock], pace: &Pace) -> f64 {
    let rings = rings(shape, docks);
    let usable_secs = pace.usable_secs - pace.idle_secs();
    let (mut beyond_secs, mut sorties) = (0.0, 0.0_f64);
    let mut spared_m2 = edge_m2(shape, pace);
    for (index, area_m2) in rings.areas_m2.iter().enumerate().rev() {
        let asked_m2 = (area_m2 - spared_m2).max(0.0);
        spared_m2 -= area_m2 - asked_m2;
        let left_secs = usable_secs - 2.0 * index as f64 * rings.wide_m / pace.travel_mps;
        if left_secs <= 0.0 {
            continue;
        }
        let work_m = asked_m2 / pace.spacing_m;
        let ways_m = (2.0 * sorties * rings.wide_m - work_m).max(0.0);
        beyond_secs += work_m / pace.work_mps + ways_m / pace.travel_mps;
        sorties = sorties.max((beyond_secs / left_secs - ROUNDING).ceil());
    }
    done_secs(beyond_secs, docks.len(), pace)
}

/// Ground that need not have a line of its own: outer lines stand inside the edge, and spurs narrower than a spacing are seen from beside.
fn edge_m2(shape: &MultiPolygon<f64>, pace: &Pace) -> f64 {
    let edges = shape.lines_iter().map(|line| distance_m(line.start, line.end));
    edges.sum::<f64>() * pace.spacing_m / 2.0
}

/// Returns when as much time along lines and ways is done by docks that share it evenly, batteries charged between.
fn done_secs(flown_secs: f64, docks: usize, pace: &Pace) -> f64 {
    let each_secs = flown_secs / docks.max(1) as f64;
    let sorties = each_secs / (pace.usable_secs - pace.idle_secs());
    let air_secs = each_secs + sorties * pace.idle_secs();
    air_secs + pace.charge_per_sec * (air_secs - pace.usable_secs).max(0.0)
}

/// Returns when docks have been open for as long as the work takes, seconds: no plan is done sooner.
pub fn open_secs(done_secs: f64, docks: &[Dock], pace: &Pace) -> f64 {
    if docks.iter().all(|dock| dock.hours.is_none()) {
        return done_secs;
    }
    // Charging may go on while a dock is shut, and time in the air may not.
    let air_secs =
        (done_secs + pace.charge_per_sec * pace.usable_secs.min(done_secs)) / (1.0 + pace.charge_per_sec);
    let asked_secs = air_secs.min(done_secs) * docks.len() as f64;
    let open = |until: f64| {
        docks.iter().map(|dock| dock.hours.map_or(until, |hours| hours.open_before(until))).sum::<f64>()
    };
    let (mut low, mut high) = (0.0, done_secs.max(1.0));
    while open(high) < asked_secs {
        high *= 2.0;
    }
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if open(middle) < asked_secs { low = middle } else { high = middle }
    }
    low.max(done_secs)
}

struct Rings {
    wide_m: f64,
    /// Ground whose nearest dock is so many rings off, square metres.
    areas_m2: Vec<f64>,
}

fn rings(shape: &MultiPolygon<f64>, docks: &[Dock]) -> Rings {
    let size_m2 = shape.unsigned_area();
    let step_m = (size_m2 / SAMPLES).sqrt();
    let grid = Swath { spacing_m: step_m, half_across_m: step_m / 2.0, reach_m: 0.0 };
    let mut samples: Vec<(f64, f64)> = Vec::new();
    for piece in share::pieces(shape, &grid, 0.0) {
        let count = ((piece.to - piece.from) / step_m).ceil().max(1.0);
        let each_m = (piece.to - piece.from) / count;
        samples.extend((0..count as usize).map(|k| {
            let at = Coord { x: piece.from + (k as f64 + 0.5) * each_m, y: piece.y };
            (docks.iter().map(|dock| distance_m(dock.at, at)).fold(f64::INFINITY, f64::min), each_m)
        }));
    }
    let whole_m: f64 = samples.iter().map(|(_, length_m)| length_m).sum();
    let farthest_m = samples.iter().map(|(off_m, _)| *off_m).fold(step_m, f64::max);
    let wide_m = farthest_m / RINGS as f64;
    let mut areas_m2 = vec![0.0; RINGS];
    for (off_m, length_m) in samples {
        let ring = ((off_m / wide_m) as usize).min(RINGS - 1);
        areas_m2[ring] += size_m2 * length_m / whole_m;
    }
    Rings { wide_m, areas_m2 }
}

#[cfg(test)]
mod tests {
    use geo::Rect;

    use super::*;

    const PACE: Pace = Pace {
        spacing_m: 40.0,
        half_across_m: 45.0,
        reach_m: 30.0,
        work_mps: 10.0,
        travel_mps: 15.0,
        usable_secs: 1500.0,
        vertical_secs: 60.0,
        turn_secs: 4.0,
        charge_per_sec: 1.0,
    };

    fn square(half_m: f64) -> MultiPolygon<f64> {
        let corner = |sign: f64| Coord { x: sign * half_m, y: sign * half_m };
        MultiPolygon::from(Rect::new(corner(-1.0), corner(1.0)).to_polygon())
    }

    fn dock(x: f64) -> Dock {
        Dock { id: "a".to_owned(), at: Coord { x, y: 0.0 }, hours: None }
    }

    #[test]
    fn a_field_around_its_dock_needs_no_ways_and_one_far_off_needs_them_for_every_battery() {
        let shape = square(300.0);
        let bare = without_ways_secs(600.0 * 600.0 - 4.0 * 600.0 * 20.0, 1, &PACE);
        let near = with_ways_secs(&shape, &[dock(0.0)], &PACE);
        assert!((near / bare - 1.0).abs() < 0.01, "{near} {bare}");
        // 780 s of work need one battery even with 2 x 2.7 km of way; that is 360 s.
        let far = with_ways_secs(&shape, &[dock(3_000.0)], &PACE);
        assert!((far - near - 360.0 * (1.0 + 60.0 / 1440.0)).abs() < 15.0, "{far} {near}");
    }

    #[test]
    fn a_disc_that_takes_many_batteries_needs_the_ways_through_its_middle() {
        // 36 km2, 90 000 s of work, at least 63 batteries: 126 ways of 40 m are as wide as a ring of 800 m.
        let shape = square(3_000.0);
        let (bare, whole) = (without_ways_secs(36e6, 1, &PACE), with_ways_secs(&shape, &[dock(0.0)], &PACE));
        assert!(whole > 1.02 * bare && whole < 1.1 * bare, "{}", whole / bare);
    }

    #[test]
    fn docks_that_are_shut_most_of_the_day_take_as_many_days_more() {
        let hours = super::super::Hours { from_secs: 0.0, long_secs: 6.0 * 3600.0 };
        let shut = [Dock { hours: Some(hours), ..dock(0.0) }];
        let slow = Pace { charge_per_sec: 0.0, ..PACE };
        assert!((open_secs(9.0 * 3600.0, &shut, &slow) - 27.0 * 3600.0).abs() < 1.0);
        assert!((open_secs(9.0 * 3600.0, &[dock(0.0)], &slow) - 9.0 * 3600.0).abs() < 1.0);
    }
}
