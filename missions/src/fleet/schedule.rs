//! When sorties fly: hours of docks, and what is to be seen first.

use geo::{BoundingRect, Coord, Intersects, Line, MultiPolygon, Rect};

use super::Pace;
use super::sorties::{Sortie, air_secs};

const DAY_SECS: f64 = 86_400.0;

/// When a dock may fly, the same every day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hours {
    /// When it opens, seconds after the plan begins; less than nothing where it is open then.
    pub from_secs: f64,
    /// How long it is open, seconds, a day at the most.
    pub long_secs: f64,
}

impl Hours {
    fn opens_secs(&self, at: f64) -> f64 {
        self.from_secs + ((at - self.from_secs) / DAY_SECS).floor() * DAY_SECS
    }

    /// Returns when a flight of `air_secs` may begin, `at` or later. It takes off and lands while the dock is open.
    fn begin_secs(&self, at: f64, air_secs: f64) -> f64 {
        let opens_secs = self.opens_secs(at);
        if at + air_secs <= opens_secs + self.long_secs || self.long_secs >= DAY_SECS {
            at
        } else {
            opens_secs + DAY_SECS
        }
    }

    /// Returns how long it is open from the beginning of the plan until then, seconds.
    pub(super) fn open_before(&self, until_secs: f64) -> f64 {
        let before = |at: f64| {
            let days = ((at - self.from_secs) / DAY_SECS).floor();
            days * self.long_secs + (at - self.opens_secs(at)).min(self.long_secs)
        };
        before(until_secs) - before(0.0)
    }
}

/// Ground that is to be seen before what has a lesser level; ground in none has level 0.
#[derive(Debug, Clone, PartialEq)]
pub struct First {
    /// Its level.
    pub level: i64,
    /// Where, on the plane of the area.
    pub shape: MultiPolygon<f64>,
}

/// Returns the level of a sortie: the greatest whose ground one of its lines touches.
pub fn level(lines: &[(Coord<f64>, Coord<f64>)], first: &[First]) -> i64 {
    let touches = |one: &&First| lines.iter().any(|(a, b)| touched(&one.shape, Line::new(*a, *b)));
    let levels: Vec<i64> = first.iter().filter(touches).map(|one| one.level).collect();
    let least = if levels.is_empty() { 0 } else { i64::MIN };
    levels.into_iter().fold(least, i64::max)
}

fn touched(shape: &MultiPolygon<f64>, line: Line<f64>) -> bool {
    let near = |rect: Option<Rect<f64>>| rect.is_some_and(|rect| rect.intersects(&line.bounding_rect()));
    shape.0.iter().any(|polygon| near(polygon.bounding_rect()) && polygon.intersects(&line))
}

/// Returns sorties with their times: the greatest level first, one battery charged between two.
///
/// Without hours the longest of the lowest level is the last, because its battery need not be charged again. With hours the longest that ends
/// before the dock shuts is next, a lesser level only where it delays none that goes before it.
pub fn timed(lines: Vec<Vec<(Coord<f64>, Coord<f64>)>>, dock: Coord<f64>, pace: &Pace) -> Vec<Sortie> {
    let own = |lines: Vec<(Coord<f64>, Coord<f64>)>| {
        let air_secs = air_secs(&lines, dock, pace);
        Sortie { lines, level: 0, start_secs: 0.0, air_secs, charge_secs: air_secs * pace.charge_per_sec }
    };
    scheduled(lines.into_iter().map(own).collect(), None)
}

/// Returns sorties in the order and at the times they fly.
pub fn scheduled(mut open: Vec<Sortie>, hours: Option<Hours>) -> Vec<Sortie> {
    open.sort_by(|a, b| b.level.cmp(&a.level).then(a.air_secs.total_cmp(&b.air_secs)));
    let mut at_secs = 0.0;
    let mut done = Vec::with_capacity(open.len());
    while !open.is_empty() {
        let (index, start_secs) = match hours {
            None => (0, at_secs),
            Some(hours) => next(&open, at_secs, hours),
        };
        let mut sortie = open.remove(index);
        sortie.start_secs = start_secs;
        at_secs = start_secs + sortie.air_secs + sortie.charge_secs;
        done.push(sortie);
    }
    done
}

/// The next sortie and when it begins; `open` is sorted by level, then by length.
fn next(open: &[Sortie], at_secs: f64, hours: Hours) -> (usize, f64) {
    let top = open.partition_point(|sortie| sortie.level == open[0].level);
    let now = |sortie: &Sortie| hours.begin_secs(at_secs, sortie.air_secs) <= at_secs;
    if let Some(index) = (0..top).rev().find(|index| now(&open[*index])) {
        return (index, at_secs);
    }
    let opens_secs = hours.begin_secs(at_secs, open[top - 1].air_secs);
    let ready = |sortie: &Sortie| at_secs + sortie.air_secs + sortie.charge_secs <= opens_secs;
    let filling = (top..open.len()).find(|index| now(&open[*index]) && ready(&open[*index]));
    filling.map_or((top - 1, opens_secs), |index| (index, at_secs))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sortie(level: i64, air_secs: f64) -> Sortie {
        Sortie { lines: Vec::new(), level, start_secs: 0.0, air_secs, charge_secs: air_secs }
    }

    proptest! {
        #[test]
        fn every_sortie_flies_once_within_the_hours_after_its_battery_is_full_and_the_first_level_waits_for_none(
            sorties in prop::collection::vec((0_i64..3, 60.0..1500.0_f64), 1..40),
            from_secs in -80_000.0..80_000.0_f64,
            long_secs in 1_500.0..86_400.0_f64,
        ) {
            let hours = Hours { from_secs, long_secs };
            let open: Vec<Sortie> = sorties.iter().map(|(level, air)| sortie(*level, *air)).collect();
            let done = scheduled(open.clone(), Some(hours));
            prop_assert_eq!(done.len(), open.len());
            let mut free_secs = 0.0;
            for one in &done {
                prop_assert!(one.start_secs >= free_secs);
                let since_opening = (one.start_secs - from_secs + 1e-6).rem_euclid(86_400.0);
                prop_assert!(since_opening + one.air_secs <= long_secs + 1e-5, "{} {}", since_opening, one.air_secs);
                free_secs = one.start_secs + one.air_secs + one.charge_secs;
            }
            let top = open.iter().map(|one| one.level).max().unwrap();
            let alone: Vec<Sortie> = open.into_iter().filter(|one| one.level == top).collect();
            let last = |all: &[Sortie]| all.iter().filter(|one| one.level == top).map(|one| one.start_secs).fold(0.0, f64::max);
            prop_assert!((last(&done) - last(&scheduled(alone, Some(hours)))).abs() < 1e-6);
        }
    }

    #[test]
    fn open_time_counts_whole_days_and_what_is_left_of_one() {
        let hours = Hours { from_secs: -3_600.0, long_secs: 7_200.0 };
        for (until_secs, open_secs) in [(1_000.0, 1_000.0), (50_000.0, 3_600.0), (86_500.0, 7_300.0)] {
            assert!((hours.open_before(until_secs) - open_secs).abs() < 1e-6, "{until_secs}");
        }
    }
}
