//! Lists of matters and of delegated powers: what is wrong with them is said with line, column and value.

use dispatch::{Delegation, Facts, KnownZones, Matter, Problem, RuleSet, Severity, Weight, route};
use proptest::prelude::*;

use crate::scene::{at, departments, position, rule, rules, time, town};

const MATTERS: &str = "code,name_zh,name_en,class,lead,valid_from,valid_to\n\
    M-1,积水,water,waterlogging,municipal_drainage,2026-01-01,2026-12-31\n";

fn texts(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

/// Rules with a matter over the town, with these delegations.
fn with_lists(further: &str, delegations: &str) -> RuleSet {
    let text = rule("a", "municipal_drainage", &format!("matter = \"M-1\"\n{further}"));
    let mut rules = rules(&text);
    rules.version = 2;
    let delegations = format!("matter,township,department,valid_from,valid_to\n{delegations}");
    let delegations = Delegation::read_csv("d.csv", &delegations).unwrap_or_default();
    rules.take_lists(Matter::read_csv("m.csv", MATTERS).unwrap(), delegations);
    rules
}

fn problems(rules: &RuleSet, weight: Weight) -> Vec<String> {
    let mut problems = rules.validate(&departments(), &KnownZones::new(town().zones()));
    problems.retain(|problem| problem.weight == weight);
    texts(&problems)
}

#[test]
fn every_bad_row_is_named_with_line_column_and_value() {
    let text = "# 清单\ncode,name_zh,name_en,class,lead,valid_from,valid_to\nM-1,甲,a,dumping,health,2026-13-01,\n\
                M-2,乙,b,dumping,health\nM-3,丙,c,dumping,health,2026-01-01,\nM-4,丁,d,dumping,health,2026-01-01,soon\n";
    let problems = texts(&Matter::read_csv("m.csv", text).unwrap_err());
    assert_eq!(
        problems,
        [
            "m.csv line 3: \"2026-13-01\" is not a date such as 2026-06-20",
            "m.csv line 4: has 5 cells, the head has 7",
            "m.csv line 6: \"soon\" is not a date such as 2026-06-20",
        ]
    );
}

#[test]
fn wrong_head_and_empty_list_are_refused() {
    let wrong = texts(&Matter::read_csv("m.csv", "code,name\nM-1,甲\n").unwrap_err());
    assert!(wrong[0].starts_with("m.csv line 2: ") && wrong[0].contains("name"), "{wrong:?}");
    let head = "matter,township,department,valid_from,valid_to\n";
    assert_eq!(texts(&Delegation::read_csv("d.csv", head).unwrap_err()), ["d.csv: holds no row"]);
    // A byte-order mark before the head is no fault.
    assert_eq!(Matter::read_csv("m.csv", &format!("\u{feff}{MATTERS}")).unwrap().len(), 1);
}

#[test]
fn delegation_to_an_unknown_township_is_an_error() {
    let check = |row: &str, expect: &[&str]| {
        assert_eq!(problems(&with_lists("", row), Weight::Error), expect, "{row}");
    };
    check("M-1,west,health,2026-01-01,2026-12-31\n", &[]);
    check(
        "M-1,north,health,2026-01-01,2026-12-31\n",
        &["delegations[0].township: \"north\" is not the code of a zone"],
    );
    check(
        "M-1,district,health,2026-01-01,2026-12-31\n",
        &["delegations[0].township: \"district\" is a district, not a township"],
    );
    check(
        "M-1,west,,2026-01-01,2026-12-31\n",
        &["delegations[0].department: M-1 in west: the township has no office"],
    );
    check(
        "M-9,west,nobody,2026-01-01,2025-12-31\n",
        &[
            "delegations[0].department: \"nobody\" is not one of the departments",
            "delegations[0].matter: \"M-9\" is not in the list of matters",
            "delegations[0].valid_to: M-9 in west: 2025-12-31 is before its first day 2026-01-01",
        ],
    );
    check(
        "M-1,west,health,2026-01-01,2026-06-30\nM-1,west,transport,2026-06-30,2026-12-31\n",
        &["delegations[1]: M-1 in west overlaps delegations[0], which counts"],
    );
}

#[test]
fn delegation_that_is_never_used_or_reaches_beyond_its_matter_is_a_warning() {
    let unused = with_lists("delegable = false", "M-1,west,health,2026-01-01,2026-12-31\n");
    let warnings = problems(&unused, Weight::Warning);
    assert!(
        warnings
            .contains(&"delegations[0].matter: no rule delegates \"M-1\": the power is never used".into()),
        "{warnings:#?}"
    );
    let beyond = problems(&with_lists("", "M-1,west,health,2026-01-01,\n"), Weight::Warning);
    assert!(
        beyond
            .iter()
            .any(|w| w.contains("2026-01-01.. reaches beyond the matter")
                && w.contains("2026-01-01..2026-12-31")),
        "{beyond:#?}"
    );
}

#[test]
fn what_is_out_of_force_is_told_for_a_day() {
    let rules = with_lists("", "M-1,west,health,2026-03-01,2026-04-30\n");
    let told = |day: &str| texts(&rules.out_of_force(time(&format!("{day}T08:00:00+08:00"))));
    assert!(told("2026-03-15").is_empty());
    assert_eq!(
        told("2027-01-01"),
        [
            "rules[0].matter: \"a\" does not fire on 2027-01-01: matter M-1 is in force 2026-01-01..2026-12-31",
            "delegations[0]: M-1 in west is not in force on 2027-01-01: 2026-03-01..2026-04-30",
        ]
    );
}

#[test]
fn class_that_nobody_gets_is_an_error() {
    let mut rules = rules(&rule("a", "health", ""));
    rules.version = 2;
    let text = MATTERS.replace("waterlogging", "graffiti");
    rules.take_lists(Matter::read_csv("m.csv", &text).unwrap(), Vec::new());
    let problems = texts(&rules.validate(&departments(), &KnownZones::new(town().zones())));
    let nobody: Vec<&String> = problems.iter().filter(|text| text.contains("nobody gets")).collect();
    assert_eq!(nobody, ["classes.graffiti: nobody gets this class: no rule names it"]);
    // A default for matters gives it to the department of the list.
    rules.matter_default = Some(dispatch::rules::MatterDefault {
        priority: dispatch::Priority::Normal,
        deadline: "24h".parse().unwrap(),
        profile: None,
    });
    rules.take_lists(Vec::new(), Vec::new());
    let problems = texts(&rules.validate(&departments(), &KnownZones::new(town().zones())));
    assert!(problems.iter().all(|text| !text.contains("nobody gets")), "{problems:#?}");
}

#[test]
fn rule_of_an_unknown_matter_or_of_one_about_another_class_is_an_error() {
    let mut rules = with_lists("", "");
    rules.rules[0].matter = Some("M-7".to_owned());
    assert_eq!(problems(&rules, Weight::Error), ["rules[0].matter: \"M-7\" is not in the list of matters"]);
    rules.rules[0].matter = Some("M-1".to_owned());
    rules.matters[0].class = "dumping".to_owned();
    let errors = problems(&rules, Weight::Error);
    let expect = "rules[0].matter: \"M-1\" is about \"dumping\", the rule about \"waterlogging\"";
    assert!(errors.contains(&expect.to_owned()), "{errors:#?}");
}

#[test]
fn keys_of_version_2_in_a_file_of_version_1_are_named() {
    let mut rules = with_lists("profile = \"1315\"", "");
    rules.version = 1;
    let errors = problems(&rules, Weight::Error);
    for expect in [
        "matters: needs version = 2",
        "rules[0].matter: needs version = 2",
        "rules[0].profile: needs version = 2",
        "rules[0].profile: \"1315\" is not one of the profiles",
    ] {
        assert!(errors.contains(&expect.to_owned()), "{expect}: {errors:#?}");
    }
}

#[test]
fn township_with_the_power_and_the_department_share_the_error_of_a_position() {
    let rules = with_lists("", "M-1,west,health,2026-01-01,2026-12-31\n");
    // 8 m east of the boundary with a standard deviation of 10 m: 0.788 lies east (Abramowitz and Stegun, table 26.1).
    let position = position(at(8.0, 0.0), 10.0);
    let time = time("2026-06-22T09:00:00+08:00");
    let facts = Facts { class: "waterlogging", position: &position, severity: Severity::Minor, time };
    let routing = route(&facts, &town(), &rules);
    assert_eq!(routing.lead.as_ref().unwrap().0, "municipal_drainage");
    assert!((routing.probability - 0.788).abs() < 0.005, "{}", routing.probability);
    assert_eq!(routing.outcome.as_ref().unwrap().delegated_to, None);
    assert_eq!(routing.assisting[0].department.0, "health");
    assert!(routing.assisting[0].may_lead);
}

proptest! {
    /// Wherever the matter is delegated and whenever, the shares of all departments are those of the ground.
    #[test]
    fn shares_of_the_leads_sum_to_one(east_m in -60.0..60.0_f64, sigma_m in 0.5..30.0_f64, day in 1_u32..=28, delegated in any::<bool>()) {
        let row = if delegated { "M-1,west,health,2026-02-10,2026-02-20\n" } else { "" };
        let rules = with_lists("", row);
        let position = position(at(east_m, 0.0), sigma_m);
        let time = time(&format!("2026-02-{day:02}T09:00:00+08:00"));
        let facts = Facts { class: "waterlogging", position: &position, severity: Severity::Minor, time };
        let routing = route(&facts, &town(), &rules);
        let others: f64 = routing.assisting.iter().map(|other| other.probability).sum();
        // Below the least share of an assisting department a remainder is left.
        prop_assert!(routing.probability + others <= 1.0 + 1e-9);
        prop_assert!(routing.probability + others > 1.0 - rules.min_assisting_probability - 1e-9);
        let power = delegated && (10..=20).contains(&day);
        if !power {
            prop_assert_eq!(routing.lead.unwrap().0, "municipal_drainage");
            prop_assert!((routing.probability - 1.0).abs() < 1e-9);
        }
    }
}
