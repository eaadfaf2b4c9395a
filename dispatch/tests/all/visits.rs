//! Joint visits: what is bundled and what is not, and what a working day of the example city saves.

use std::collections::BTreeSet;

use dispatch::visits::{Check, Limits, OpenTask, Plan, Teams, plan};
use dispatch::{DepartmentId, TaskId};
use gis::LatLon;
use gis::zones::{ContextShape, ZoneIndex, ZoneLevel};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::city;
use crate::scene::{at, time};

pub fn teams() -> Teams {
    Teams::from_toml(include_str!("../../../configs/city/teams.toml")).unwrap()
}

fn checks() -> Vec<Check> {
    Check::read_csv("checks.csv", include_str!("../../../configs/city/checks.csv")).unwrap()
}

fn id(number: u32) -> TaskId {
    TaskId(uuid::Uuid::from_u128(u128::from(number) + 1))
}

/// A task of a matter, open from 9 to 17 o'clock.
fn open(number: u32, matter: &str, position: LatLon) -> OpenTask {
    let lead = city::rules().matter(matter).unwrap().lead.clone();
    OpenTask {
        task: id(number),
        department: lead,
        position,
        from: time("2026-06-22T09:00:00+08:00"),
        until: time("2026-06-22T17:00:00+08:00"),
        checks: checks().into_iter().filter(|check| check.matter == matter).collect(),
    }
}

fn visits(plan: &Plan) -> Vec<Vec<u128>> {
    plan.visits.iter().map(|visit| visit.tasks.iter().map(|task| task.0.as_u128() - 1).collect()).collect()
}

#[test]
fn shipped_teams_and_checks_fit_the_departments_and_matters() {
    assert!(teams().validate(&city::departments()).is_empty());
    let rules = city::rules();
    for check in checks() {
        assert!(rules.matter(&check.matter).is_some(), "{}", check.matter);
    }
}

#[test]
fn three_departments_in_one_restaurant_become_one_visit_with_each_thing_checked_once() {
    let (here, there) = (at(0.0, 0.0), at(5.0, 0.0));
    let tasks = [open(0, "QC-CE-003", here), open(1, "QC-MS-001", here), open(2, "QC-EE-001", there)];
    let plan = plan(&tasks, &teams());
    assert_eq!((plan.tasks, plan.visits_by_department, plan.visits.len()), (3, 3, 1));
    let visit = &plan.visits[0];
    assert_eq!(visit.team.as_deref(), Some("food"));
    assert_eq!(visit.departments.len(), 3);
    let codes: Vec<&str> = visit.checks.iter().map(|check| check.code.as_str()).collect();
    assert_eq!(codes, ["purifier", "purifier-log", "licence", "kitchen", "fume-measurement"]);
    let purifier = &visit.checks[0];
    assert_eq!((purifier.departments.len(), purifier.tasks.len()), (2, 2));
    // Side by side: the longest of 15, 25 and 30 minutes.
    assert_eq!((visit.minutes, visit.stops.len()), (30, 1));
    assert_eq!(visit.latest, time("2026-06-22T16:30:00+08:00"));
    assert!((plan.saved_share() - 2.0 / 3.0).abs() < 1e-12);
}

#[test]
fn tasks_too_far_apart_in_place_time_skill_or_team_stay_apart() {
    let check = |a: OpenTask, b: OpenTask, expect: usize| {
        assert_eq!(plan(&[a.clone(), b.clone()], &teams()).visits.len(), expect, "{a:?} {b:?}");
    };
    let here = at(0.0, 0.0);
    // 1.2 m of way for each metre: 250 m are 208 m apart.
    check(open(0, "QC-CE-003", here), open(1, "QC-MS-001", at(205.0, 0.0)), 1);
    check(open(0, "QC-CE-003", here), open(1, "QC-MS-001", at(212.0, 0.0)), 2);
    let mut late = open(1, "QC-MS-001", here);
    late.from = time("2026-06-22T16:50:00+08:00");
    check(open(0, "QC-CE-003", here), late, 2);
    // No team has both market supervision and housing.
    check(open(0, "QC-HC-001", here), open(1, "QC-MS-001", here), 2);
    // The team of the food lanes has no dust meter, and that of the sites no market supervision.
    check(open(0, "QC-EE-003", here), open(1, "QC-MS-001", here), 2);
    check(open(0, "QC-EE-003", here), open(1, "QC-HC-001", here), 1);
}

#[test]
fn department_alone_goes_to_its_own_tasks_without_a_team() {
    let tasks = [open(0, "QC-HC-001", at(0.0, 0.0)), open(1, "QC-HC-003", at(60.0, 0.0))];
    let plan = plan(&tasks, &teams());
    assert_eq!((plan.visits.len(), plan.visits_by_department), (1, 1));
    assert_eq!(plan.visits[0].team, None);
    // 15 and 10 minutes of work and 60 s on the way.
    assert_eq!((plan.visits[0].minutes, plan.visits[0].stops.len()), (26, 2));
}

#[test]
fn visit_never_takes_longer_or_has_more_stops_than_the_limits() {
    let tasks: Vec<OpenTask> = (0..20).map(|n| open(n, "QC-MS-001", at(f64::from(n) * 10.0, 0.0))).collect();
    let mut teams = teams();
    teams.limits = Limits { max_stops: 3, same_place_m: 5.0, ..teams.limits };
    let plan = plan(&tasks, &teams);
    assert!(plan.visits.iter().all(|visit| visit.stops.len() <= 3 && visit.minutes <= 180));
    assert_eq!(visits(&plan).concat().len(), 20);
}

#[test]
fn task_whose_time_is_too_short_is_a_visit_of_its_own() {
    let mut short = open(0, "QC-MS-001", at(0.0, 0.0));
    short.until = time("2026-06-22T09:05:00+08:00");
    let plan = plan(&[short, open(1, "QC-CE-003", at(0.0, 0.0))], &teams());
    assert_eq!(plan.visits.len(), 2);
    assert_eq!(plan.visits[0].latest, time("2026-06-22T09:00:00+08:00"));
}

#[test]
fn no_tasks_make_no_visits() {
    let plan = plan(&[], &teams());
    assert_eq!((plan.visits.len(), plan.tasks), (0, 0));
    assert!(plan.saved_share().abs() < 1e-12 && plan.saved_share_by_department().abs() < 1e-12);
}

#[test]
fn faults_of_teams_are_named() {
    let text = include_str!("../../../configs/city/teams.toml")
        .replace("max_stops = 8", "max_stops = 0")
        .replace("max_way_m = 250.0", "max_way_m = nan")
        .replace("\"market_supervision\"", "\"market\"")
        .replace("id = \"sites\"", "id = \"food\"");
    let problems = Teams::from_toml(&text).unwrap().validate(&city::departments());
    let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "limits.max_way_m: NaN is not 0 or more",
            "limits.max_stops: is 0: no visit fits",
            "teams[0].departments: \"market\" is not one of the departments",
            "teams[1].id: \"food\" comes twice",
        ]
    );
}

const MATTERS: [&str; 6] = ["QC-CE-003", "QC-MS-001", "QC-EE-001", "QC-HC-001", "QC-CE-009", "QC-DR-003"];

fn any_tasks() -> impl Strategy<Value = Vec<OpenTask>> {
    let one = (0..MATTERS.len(), -400.0..400.0_f64, -400.0..400.0_f64, 0_i64..240, 30_i64..600);
    prop::collection::vec(one, 0..25).prop_map(|rows| {
        let number = |(n, (matter, east, north, from, length)): (usize, (usize, f64, f64, i64, i64))| {
            let mut task = open(n as u32, MATTERS[matter], at(east, north));
            task.from += SignedDuration::from_mins(from);
            task.until = task.from + SignedDuration::from_mins(length);
            task
        };
        rows.into_iter().enumerate().map(number).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Each task is in one visit, all of a visit can be done in time by its team, and the order of the tasks changes nothing.
    #[test]
    fn visits_are_a_partition_that_fits_the_limits_in_any_order(tasks in any_tasks(), turn in 0_usize..25) {
        let teams = teams();
        let made = plan(&tasks, &teams);
        let mut turned = tasks.clone();
        turned.rotate_left(turn.min(tasks.len()));
        turned.reverse();
        prop_assert_eq!(&plan(&turned, &teams), &made);
        let mut seen: Vec<TaskId> = made.visits.iter().flat_map(|visit| visit.tasks.clone()).collect();
        seen.sort_unstable();
        let mut all: Vec<TaskId> = tasks.iter().map(|task| task.task).collect();
        all.sort_unstable();
        prop_assert_eq!(seen, all);
        prop_assert!(made.visits.len() <= made.tasks);
        for visit in made.visits.iter().filter(|visit| visit.tasks.len() > 1) {
            let of = |id: &TaskId| tasks.iter().find(|task| task.task == *id).unwrap();
            let begin = visit.latest + SignedDuration::from_mins(i64::from(visit.minutes) - 1);
            prop_assert!(visit.tasks.iter().all(|id| of(id).from <= visit.from && begin <= of(id).until));
            prop_assert!(visit.from <= visit.latest && visit.minutes <= teams.limits.max_minutes);
            if visit.departments.len() > 1 {
                let team = teams.teams.iter().find(|team| Some(&team.id) == visit.team.as_ref()).unwrap();
                prop_assert!(visit.departments.iter().all(|id| team.departments.contains(id)));
            }
            let wanted: BTreeSet<&str> =
                visit.tasks.iter().flat_map(|id| &of(id).checks).map(|check| check.code.as_str()).collect();
            let listed: Vec<&str> = visit.checks.iter().map(|check| check.code.as_str()).collect();
            prop_assert_eq!(listed.len(), wanted.len());
        }
    }
}

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), so that a seed gives the same day everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[(self.roll() * of.len() as f64) as usize]
    }

    /// Standard normal, by Box and Muller (1958).
    fn normal(&mut self) -> f64 {
        let (u, v) = (1.0 - self.roll(), self.roll());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }
}

/// A task at a place found with a standard deviation of 3 m, open from a moment between 08:30 and 14:00 for 4 or 8 hours but not
/// beyond 17:30.
fn task_of_the_day(number: u32, matter: &str, place: LatLon, dice: &mut Dice) -> OpenTask {
    let (east, north) = (3.0 * dice.normal() / 97_467.03, 3.0 * dice.normal() / 110_835.27);
    let position = LatLon { lat_deg: place.lat_deg + north, lon_deg: place.lon_deg + east };
    let morning: Timestamp = time("2026-06-22T08:30:00+08:00");
    let from = morning + SignedDuration::from_mins((dice.roll() * 330.0) as i64);
    let until = from + SignedDuration::from_hours(dice.pick(&[4, 8]));
    let until = until.min(time("2026-06-22T17:30:00+08:00"));
    OpenTask { from, until, ..open(number, matter, position) }
}

/// A working day of the example city: inspections due in its 64 registered restaurants (eight food lanes) and on its 18 building
/// sites, each with its own chance for each matter, and 60 findings anywhere in the city that only one department goes to.
fn day(seed: u64) -> Vec<OpenTask> {
    const RESTAURANT: [(&str, f64); 4] =
        [("QC-CE-003", 0.20), ("QC-MS-001", 0.15), ("QC-EE-001", 0.10), ("QC-DR-003", 0.08)];
    const SITE: [(&str, f64); 6] = [
        ("QC-HC-001", 0.40),
        ("QC-HC-002", 0.20),
        ("QC-CE-008", 0.30),
        ("QC-CE-009", 0.25),
        ("QC-EE-003", 0.25),
        ("QC-DR-003", 0.15),
    ];
    const ANYWHERE: [&str; 4] = ["QC-CE-002", "QC-CE-005", "QC-DR-003", "QC-EE-001"];
    let mut dice = Dice(seed);
    let mut tasks = Vec::new();
    let context = city::context();
    for feature in context.features() {
        let chances: &[(&str, f64)] = match feature.layer.as_str() {
            "restaurant" => &RESTAURANT,
            "building_site" => &SITE,
            _ => continue,
        };
        let place = match &feature.shape {
            ContextShape::Disc { centre, .. } => *centre,
            ContextShape::Area(area) => {
                use geo::Centroid;
                let middle = area.centroid().unwrap();
                LatLon { lat_deg: middle.y(), lon_deg: middle.x() }
            }
            ContextShape::Strip { .. } => continue,
        };
        for (matter, chance) in chances {
            if dice.roll() < *chance {
                tasks.push(task_of_the_day(tasks.len() as u32, matter, place, &mut dice));
            }
        }
    }
    let zones = ZoneIndex::new(city::zones());
    let all = tasks.len() + 60;
    while tasks.len() < all {
        let (lat_deg, lon_deg) = (28.84 + 0.26 * dice.roll(), 118.70 + 0.32 * dice.roll());
        let place = LatLon { lat_deg, lon_deg };
        if zones.containing(place, ZoneLevel::City).is_some() {
            let matter = dice.pick(&ANYWHERE);
            tasks.push(task_of_the_day(tasks.len() as u32, matter, place, &mut dice));
        }
    }
    tasks
}

#[test]
fn working_day_of_the_city_saves_a_quarter_of_its_visits() {
    println!("seed  tasks  departments alone  joint  saved  saved against departments alone");
    let mut shares = Vec::new();
    for seed in 1..=10 {
        let tasks = day(seed);
        let departments: BTreeSet<&DepartmentId> = tasks.iter().map(|task| &task.department).collect();
        assert_eq!(departments.len(), 5);
        let plan = plan(&tasks, &teams());
        let (saved, of_bundled) = (plan.saved_share(), plan.saved_share_by_department());
        println!(
            "{seed:4}  {:5}  {:17}  {:5}  {:4.1} %  {:4.1} %",
            plan.tasks,
            plan.visits_by_department,
            plan.visits.len(),
            100.0 * saved,
            100.0 * of_bundled
        );
        shares.push(saved);
    }
    let mean = shares.iter().sum::<f64>() / shares.len() as f64;
    println!("mean saved {:.1} %", 100.0 * mean);
    assert!(mean >= 0.25, "{shares:?}");
}
