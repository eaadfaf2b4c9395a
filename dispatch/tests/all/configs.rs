//! The shipped departments and rules load and fit each other.

use dispatch::{DepartmentId, KnownZones, Severity};

use crate::scene::{departments, shipped_rules, town};

#[test]
fn shipped_rules_have_no_problem_over_a_town_with_an_arterial_road() {
    let problems = shipped_rules().validate(&departments(), &KnownZones::new(town().zones()));
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn shipped_departments_are_one_and_eight_and_those_beside_them() {
    let departments = departments();
    assert_eq!(departments.departments.len(), 13);
    for id in [
        "municipal_drainage",
        "emergency_management",
        "comprehensive_enforcement",
        "ecology_environment",
        "water_resources",
    ] {
        assert!(departments.get(&DepartmentId::from(id)).is_some(), "{id}");
    }
}

#[test]
fn waterlogging_is_minor_below_50_and_severe_from_300_square_metres() {
    let rules = shipped_rules();
    let check =
        |area_m2, expect| assert_eq!(rules.severity("waterlogging", Some(area_m2)), expect, "{area_m2}");
    check(49.0, Severity::Minor);
    check(50.0, Severity::Moderate);
    check(300.0, Severity::Severe);
}

#[test]
fn rules_written_out_read_back_the_same() {
    let rules = shipped_rules();
    let text = serde_json::to_string(&rules).unwrap();
    assert_eq!(serde_json::from_str::<dispatch::RuleSet>(&text).unwrap(), rules);
}
