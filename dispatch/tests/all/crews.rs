//! The nearest crew: able, free, within its shift, by the time of its way.

use std::collections::BTreeSet;

use dispatch::{Crew, DepartmentId, StraightLine, Wanted, crews::nearest};

use crate::scene::{at, time};

const NOW: &str = "2026-06-22T09:00:00+08:00";

fn crew(id: &str, east_m: f64) -> Crew {
    Crew {
        id: id.to_owned(),
        department: "municipal_drainage".into(),
        position: at(east_m, 0.0),
        skills: BTreeSet::from(["pump".to_owned()]),
        shift_from: time("2026-06-22T08:00:00+08:00"),
        shift_to: time("2026-06-22T17:00:00+08:00"),
        busy_until: None,
    }
}

fn proposed(crews: &[Crew], skills: &[&str]) -> Vec<(String, bool, bool)> {
    let department = DepartmentId::from("municipal_drainage");
    let skills = skills.iter().map(|skill| (*skill).to_owned()).collect();
    let wanted = Wanted {
        department: &department,
        position: at(0.0, 0.0),
        skills: &skills,
        arrive_by: Some(time("2026-06-22T09:15:00+08:00")),
    };
    let found = nearest(crews, &wanted, time(NOW), &StraightLine::CAR);
    found.into_iter().map(|crew| (crew.crew, crew.free, crew.in_time)).collect()
}

#[test]
fn nearest_free_crew_comes_first_and_a_nearer_busy_one_after_the_free_ones() {
    let mut busy = crew("busy", 100.0);
    busy.busy_until = Some(time("2026-06-22T09:05:00+08:00"));
    // 5.4 km are 7.5 km of way, 15 min at 30 km/h.
    let crews = [crew("far", 6000.0), crew("near", 2000.0), busy];
    let expect = [("near", true, true), ("far", true, false), ("busy", false, true)];
    assert_eq!(proposed(&crews, &["pump"]), expect.map(|(id, free, in_time)| (id.to_owned(), free, in_time)));
}

#[test]
fn crew_of_another_department_without_the_skill_or_off_its_shift_is_not_proposed() {
    let mut other = crew("other", 10.0);
    other.department = "health".into();
    let mut gone = crew("gone", 6000.0);
    gone.shift_to = time("2026-06-22T09:10:00+08:00");
    assert!(proposed(&[other, gone], &["pump"]).is_empty());
    assert!(proposed(&[crew("a", 10.0)], &["pump", "boat"]).is_empty());
}

#[test]
fn crew_whose_shift_has_not_begun_leaves_when_it_begins() {
    let mut early = crew("early", 100.0);
    early.shift_from = time("2026-06-22T09:30:00+08:00");
    assert_eq!(proposed(&[early], &[]), [("early".to_owned(), false, false)]);
}

#[test]
fn crews_as_far_as_each_other_come_by_their_ids() {
    let ids: Vec<String> =
        proposed(&[crew("b", 500.0), crew("a", 500.0)], &[]).into_iter().map(|crew| crew.0).collect();
    assert_eq!(ids, ["a", "b"]);
}
