//! Tasks that lie close in place and time become one visit, the closest first.
//!
//! Complete linkage: of all pairs of visits that could be one, the pair whose farthest stops are nearest to each other is joined,
//! again and again, until no pair fits the limits. The same tasks in any order give the same visits.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use jiff::SignedDuration;

use super::checks::merged;
use super::window::Course;
use super::{Limits, OpenTask, Plan, Team, Teams, Visit};
use crate::department::DepartmentId;
use crate::travel::TravelTime;

/// Bundles tasks into visits.
///
/// A visit of several departments needs a team that has all of them and every skill; one department alone goes as it would anyway.
/// A task that can never be done in its time is a visit of its own, which begins when the task allows.
pub fn plan(tasks: &[OpenTask], teams: &Teams) -> Plan {
    let mut own: BTreeMap<&DepartmentId, Vec<&OpenTask>> = BTreeMap::new();
    for task in tasks {
        own.entry(&task.department).or_default().push(task);
    }
    let visits_by_department = own.into_values().map(|tasks| bundled(tasks, teams).len()).sum();
    let bundles = bundled(tasks.iter().collect(), teams);
    let mut visits: Vec<Visit> = bundles.iter().filter_map(|bundle| visit(bundle, teams)).collect();
    visits.sort_by(|a, b| (a.latest, &a.tasks).cmp(&(b.latest, &b.tasks)));
    Plan { visits, tasks: tasks.len(), visits_by_department }
}

type Bundle<'a> = Vec<&'a OpenTask>;

/// A pair that may become one: the greatest way between two of its tasks in millimetres, then the numbers of both.
type Pair = Reverse<(u64, usize, usize)>;

fn bundled<'a>(mut tasks: Vec<&'a OpenTask>, teams: &Teams) -> Vec<Bundle<'a>> {
    tasks.sort_by_key(|task| (task.until, task.from, task.task));
    tasks.dedup_by_key(|task| task.task);
    let mut bundles: Vec<Option<Bundle<'a>>> = tasks.iter().map(|task| Some(vec![*task])).collect();
    let mut pairs = BinaryHeap::new();
    for later in 1..bundles.len() {
        pairs.extend(pairs_with(&bundles, later, &teams.limits));
    }
    while let Some(Reverse((_, first, second))) = pairs.pop() {
        let both = bundles.get(first).cloned().flatten().zip(bundles.get(second).cloned().flatten());
        let Some(joined) = both.map(|(a, b)| [a, b].concat()).filter(|joined| fits(joined, teams)) else {
            continue;
        };
        for number in [first, second] {
            if let Some(bundle) = bundles.get_mut(number) {
                *bundle = None;
            }
        }
        bundles.push(Some(joined));
        pairs.extend(pairs_with(&bundles, bundles.len() - 1, &teams.limits));
    }
    bundles.into_iter().flatten().collect()
}

/// The pairs of a bundle with those before it whose tasks all lie within the way that a visit may go.
fn pairs_with(bundles: &[Option<Bundle<'_>>], later: usize, limits: &Limits) -> Vec<Pair> {
    let Some(Some(bundle)) = bundles.get(later) else { return Vec::new() };
    let farthest_m = |other: &Bundle<'_>| {
        let ways =
            bundle.iter().flat_map(|a| other.iter().map(|b| limits.on_foot.way_m(a.position, b.position)));
        ways.fold(0.0, |farthest: f64, way| if way > farthest || way.is_nan() { way } else { farthest })
    };
    let earlier = bundles.iter().take(later).enumerate();
    earlier
        .filter_map(|(number, other)| Some((number, farthest_m(other.as_ref()?))))
        .filter(|(_, way_m)| *way_m <= limits.max_way_m)
        .map(|(number, way_m)| Reverse(((way_m * 1000.0).round() as u64, number, later)))
        .collect()
}

fn fits(bundle: &Bundle<'_>, teams: &Teams) -> bool {
    let limits = &teams.limits;
    let Some(course) = Course::of(bundle, limits) else { return false };
    course.stops.len() <= limits.max_stops
        && course.time <= SignedDuration::from_mins(i64::from(limits.max_minutes))
        && (departments(bundle).len() == 1 || team(bundle, teams).is_some())
}

fn departments<'a>(bundle: &[&'a OpenTask]) -> BTreeSet<&'a DepartmentId> {
    bundle.iter().map(|task| &task.department).collect()
}

/// The first team that has all departments and skills.
fn team<'a>(bundle: &[&OpenTask], teams: &'a Teams) -> Option<&'a Team> {
    let able = |team: &&Team| {
        departments(bundle).into_iter().all(|department| team.departments.contains(department))
            && bundle.iter().all(|task| task.skills().into_iter().all(|skill| team.skills.contains(skill)))
    };
    teams.teams.iter().find(able)
}

fn visit(bundle: &Bundle<'_>, teams: &Teams) -> Option<Visit> {
    let first = bundle.iter().min_by_key(|task| (task.until, task.from, task.task))?;
    let departments = departments(bundle);
    let team = if departments.len() > 1 { team(bundle, teams) } else { None };
    let course = Course::of(bundle, &teams.limits).unwrap_or_else(|| Course {
        stops: vec![(first.position, bundle.clone())],
        time: first.work(),
        from: first.from,
        latest: first.from,
    });
    let tasks = course.tasks();
    Some(Visit {
        lead: first.department.clone(),
        departments: departments.into_iter().cloned().collect(),
        team: team.map(|team| team.id.clone()),
        checks: merged(&tasks),
        tasks: tasks.iter().map(|task| task.task).collect(),
        stops: course.stops.iter().map(|(at, _)| *at).collect(),
        from: course.from,
        latest: course.latest,
        minutes: minutes(course.time),
    })
}

/// Whole minutes, a part of one counting as one.
fn minutes(time: SignedDuration) -> u32 {
    u32::try_from((time.as_secs().max(0) + 59) / 60).unwrap_or(u32::MAX)
}
