//! Faults in rules are named by the path of their key.

use dispatch::{KnownZones, RuleSet, Weight};

use crate::scene::{departments, rule, rules, town};

fn messages(text: &str, weight: Weight) -> Vec<String> {
    let problems = rules(text).validate(&departments(), &KnownZones::new(town().zones()));
    problems.iter().filter(|problem| problem.weight == weight).map(ToString::to_string).collect()
}

/// Errors of the given rules, followed by a sound rule for everywhere.
fn check(text: &str, expect: &[&str]) {
    let text = format!("{text}{}", rule("last", "municipal_drainage", ""));
    assert_eq!(messages(&text, Weight::Error), expect);
}

#[test]
fn unknown_department_is_named_with_its_path() {
    check(
        &rule("a", "nobody", "zone = \"west\"\nassisting = [\"water_resources\", \"fire\"]"),
        &[
            "rules[0].lead: \"nobody\" is not one of the departments",
            "rules[0].assisting[1]: \"fire\" is not one of the departments",
        ],
    );
}

#[test]
fn department_that_leads_and_assists_is_named() {
    check(
        &rule("a", "water_resources", "zone = \"west\"\nassisting = [\"water_resources\"]"),
        &["rules[0].assisting[0]: \"water_resources\" leads or assists already"],
    );
}

#[test]
fn unknown_zone_is_an_error_and_a_kind_that_no_zone_has_a_warning() {
    check(&rule("a", "health", "zone = \"north\""), &["rules[0].zone: \"north\" is not the code of a zone"]);
    let text = format!(
        "{}{}{}",
        rule("a", "health", "zone_kind = \"river_bank\""),
        rule("b", "health", "zone_level = \"grid\""),
        rule("c", "health", "zone = \"west\"")
    );
    assert_eq!(
        messages(&text, Weight::Warning),
        [
            "rules[0].zone_kind: no zone is \"river_bank\": the rule never fires",
            "rules[1].zone_level: no zone is a grid: the rule never fires",
            "rules: class \"waterlogging\" has no rule for everywhere, any severity and any time",
        ]
    );
}

#[test]
fn two_conditions_on_the_place_are_one_too_many() {
    check(
        &rule("a", "health", "zone = \"west\"\nzone_level = \"township\""),
        &["rules[0]: more than one of zone, zone_level and zone_kind stands"],
    );
}

#[test]
fn duplicate_id_is_named_with_the_first() {
    let text =
        format!("{}{}", rule("a", "health", "zone = \"west\""), rule("a", "health", "zone = \"east\""));
    check(&text, &["rules[1].id: \"a\" is the id of rules[0] too"]);
}

#[test]
fn rule_behind_one_that_takes_all_of_it_is_named() {
    let unreachable = |first: &str, second: &str| {
        let text = format!("{}{}", rule("a", "health", first), rule("b", "health", second));
        !messages(&text, Weight::Error).is_empty()
    };
    assert!(unreachable("", "zone = \"west\""));
    assert!(unreachable("zone = \"district\"", "zone = \"west\""));
    assert!(unreachable("zone_level = \"township\"", "zone = \"west\""));
    assert!(unreachable("min_severity = \"moderate\"", "min_severity = \"severe\""));
    assert!(unreachable("months = [5, 6, 7]", "months = [6]"));
    assert!(unreachable("hours = \"20:00-08:00\"", "hours = \"22:00-06:00\""));
    assert!(!unreachable("zone = \"west\"", "zone = \"district\""));
    assert!(!unreachable("zone_kind = \"arterial_road\"", ""));
    assert!(!unreachable("min_severity = \"severe\"", "min_severity = \"moderate\""));
    assert!(!unreachable("months = [6]", "months = [5, 6, 7]"));
    assert!(!unreachable("hours = \"22:00-06:00\"", "hours = \"20:00-08:00\""));
}

#[test]
fn conditions_that_never_hold_are_named() {
    check(
        &rule("a", "health", "min_severity = \"severe\"\nmax_severity = \"minor\""),
        &["rules[0].min_severity: is above max_severity: the rule never fires"],
    );
    check(&rule("a", "health", "months = [6, 13]"), &["rules[0].months[1]: 13 is not a month from 1 to 12"]);
}

#[test]
fn class_without_a_profile_is_named() {
    let text = rule("a", "health", "").replace("waterlogging", "graffiti");
    check(&text, &["classes.graffiti: is missing, but rules name this class"]);
}

#[test]
fn value_that_does_not_fit_is_named_by_its_path() {
    let shipped = include_str!("../../../configs/rules.toml");
    let check = |from: &str, to: &str, path: &str, message: &str| {
        assert!(shipped.contains(from), "{from}");
        let problem = RuleSet::from_toml(&shipped.replacen(from, to, 1)).unwrap_err();
        assert_eq!(problem.path, path, "{problem}");
        assert!(problem.message.contains(message), "{problem}");
    };
    check(
        "deadline = \"2h\"",
        "deadline = \"soon\"",
        "rules[0].deadline",
        "\"soon\" is not a time such as 15min",
    );
    check(
        "accept = \"1min\"",
        "accept = \"1 min ute\"",
        "rules[0].stages.accept",
        "\"1 min ute\" is not a time",
    );
    check("zone_kind = ", "zone_knd = ", "rules[0].zone_knd", "unknown field `zone_knd`");
    check("Asia/Shanghai", "Asia/Quzhou", "calendar.timezone", "\"Asia/Quzhou\" is not a time zone");
    check(
        "08:30-12:00",
        "08:30-25:00",
        "calendar.office_hours[0]",
        "\"08:30-25:00\" is not a range of hours",
    );
    check("2026-01-01..2026-01-03", "2026-02-30", "calendar.holidays[0]", "\"2026-02-30\" is not a date");
    check(
        "moderate_from_m2 = 50.0",
        "moderate_from_m2 = \"x\"",
        "classes.waterlogging.severity.moderate_from_m2",
        "invalid type",
    );
    let line = shipped.lines().position(|line| line == "version = 1").unwrap() + 2;
    check("version = 1", "version = 1\nversion = 1", &format!("line {line}"), "duplicate key");
}

#[test]
fn probabilities_and_thresholds_out_of_range_are_named() {
    let shipped = include_str!("../../../configs/rules.toml")
        .replace("min_lead_probability = 0.7", "min_lead_probability = nan")
        .replace("moderate_from_m2 = 50.0", "moderate_from_m2 = 500.0");
    let problems =
        RuleSet::from_toml(&shipped).unwrap().validate(&departments(), &KnownZones::new(town().zones()));
    let messages: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        messages,
        [
            "min_lead_probability: NaN is not between 0 and 1",
            "classes.waterlogging.severity: 500 and 300 m2 are not in order from 0 up",
        ]
    );
}
