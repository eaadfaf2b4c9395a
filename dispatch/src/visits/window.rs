//! When a visit can be made and how long it takes.

use std::collections::BTreeMap;

use gis::LatLon;
use jiff::{SignedDuration, Timestamp};

use super::{Limits, OpenTask};
use crate::department::DepartmentId;
use crate::travel::TravelTime;

/// The course of a visit: its stops with the tasks at each, and the time it takes.
#[derive(Debug, Clone)]
pub(super) struct Course<'a> {
    pub stops: Vec<(LatLon, Vec<&'a OpenTask>)>,
    pub time: SignedDuration,
    pub from: Timestamp,
    pub latest: Timestamp,
}

impl<'a> Course<'a> {
    /// Returns the course of a visit to tasks, or nothing where there is no time at which all of them can be done.
    ///
    /// The visit starts with the task that is due first and goes on to the nearest place each time. At one place the departments
    /// work side by side.
    pub(super) fn of(tasks: &[&'a OpenTask], limits: &Limits) -> Option<Self> {
        let stops = ordered(places(tasks, limits), limits);
        let ways = stops.windows(2).map(|pair| match pair {
            [(from, _), (to, _)] => limits.on_foot.travel_time(*from, *to),
            _ => SignedDuration::ZERO,
        });
        let work = stops.iter().map(|(_, tasks)| work(tasks));
        let time = ways.chain(work).fold(SignedDuration::ZERO, SignedDuration::saturating_add);
        let from = tasks.iter().map(|task| task.from).max()?;
        let until = tasks.iter().map(|task| task.until).min()?;
        let latest = until.checked_sub(time).ok()?;
        (latest >= from).then_some(Self { stops, time, from, latest })
    }

    pub(super) fn tasks(&self) -> Vec<&'a OpenTask> {
        self.stops.iter().flat_map(|(_, tasks)| tasks.iter().copied()).collect()
    }
}

/// Tasks by place, each place by the first task that is there; tasks come by the order in which they are due.
fn places<'a>(tasks: &[&'a OpenTask], limits: &Limits) -> Vec<(LatLon, Vec<&'a OpenTask>)> {
    let mut sorted = tasks.to_vec();
    sorted.sort_by_key(|task| (task.until, task.from, task.task));
    let mut places: Vec<(LatLon, Vec<&OpenTask>)> = Vec::new();
    for task in sorted {
        let here = |at: LatLon| limits.on_foot.way_m(at, task.position) <= limits.same_place_m;
        match places.iter_mut().find(|(at, _)| here(*at)) {
            Some((_, tasks)) => tasks.push(task),
            None => places.push((task.position, vec![task])),
        }
    }
    places
}

/// From the first place to the nearest of the rest each time.
fn ordered<'a>(
    mut left: Vec<(LatLon, Vec<&'a OpenTask>)>,
    limits: &Limits,
) -> Vec<(LatLon, Vec<&'a OpenTask>)> {
    let mut course: Vec<(LatLon, Vec<&OpenTask>)> = Vec::new();
    while !left.is_empty() {
        let nearest = course.last().map_or(0, |(here, _)| {
            let way_m = |(_, (at, _)): &(usize, &(LatLon, _))| limits.on_foot.way_m(*here, *at);
            let ways = left.iter().enumerate().min_by(|a, b| way_m(a).total_cmp(&way_m(b)));
            ways.map_or(0, |(index, _)| index)
        });
        course.push(left.remove(nearest));
    }
    course
}

/// Time at one place: that of the department with the most to do; what two of its tasks have alike is done once.
fn work(tasks: &[&OpenTask]) -> SignedDuration {
    let mut by_department: BTreeMap<&DepartmentId, BTreeMap<&str, SignedDuration>> = BTreeMap::new();
    for task in tasks {
        let checks = by_department.entry(&task.department).or_default();
        checks.extend(task.checks.iter().map(|check| (check.code.as_str(), check.time())));
    }
    let total = |checks: &BTreeMap<&str, SignedDuration>| {
        checks.values().copied().fold(SignedDuration::ZERO, SignedDuration::saturating_add)
    };
    by_department.values().map(total).max().unwrap_or_default()
}
