//! Lead, assisting, probability and reason by place, severity and time.

use dispatch::{Facts, PersonNeeded, Routing, RuleSet, Severity, route};
use gis::LatLon;
use gis::zones::ZoneLevel;
use nalgebra::Matrix3;

use crate::scene::{at, position, rule, rules, shipped_rules, time, town};

fn routed(rules: &RuleSet, class: &str, point: LatLon, sigma_m: f64, severity: Severity) -> Routing {
    let position = position(point, sigma_m);
    let facts = Facts { class, position: &position, severity, time: time("2026-06-22T09:00:00+08:00") };
    route(&facts, &town(), rules)
}

fn lead(routing: &Routing) -> Option<&str> {
    routing.lead.as_ref().map(|id| id.0.as_str())
}

fn assisting(routing: &Routing) -> Vec<(&str, bool)> {
    routing.assisting.iter().map(|other| (other.department.0.as_str(), other.may_lead)).collect()
}

#[test]
fn shipped_rules_send_each_class_to_its_department() {
    let rules = shipped_rules();
    let check = |class, point, severity, expect_lead, expect_assisting: &[(&str, bool)], rule_id| {
        let routing = routed(&rules, class, point, 2.0, severity);
        assert_eq!(lead(&routing), Some(expect_lead), "{routing:#?}");
        assert_eq!(assisting(&routing), expect_assisting);
        assert_eq!(routing.rule_id(), Some(rule_id));
        assert!(!routing.needs_person());
        assert!((routing.probability - 1.0).abs() < 1e-9);
    };
    let (street, road) = (at(200.0, 0.0), at(200.0, 300.0));
    let drainage = ("municipal_drainage", false);
    let emergency = ("emergency_management", false);
    check(
        "waterlogging",
        road,
        Severity::Minor,
        "emergency_management",
        &[drainage],
        "waterlogging-arterial-road",
    );
    check("waterlogging", street, Severity::Moderate, "municipal_drainage", &[], "waterlogging");
    check(
        "waterlogging",
        street,
        Severity::Severe,
        "municipal_drainage",
        &[emergency],
        "waterlogging-severe",
    );
    check("dumping", road, Severity::Minor, "comprehensive_enforcement", &[], "dumping");
    check("fume", street, Severity::Minor, "ecology_environment", &[], "fume");
}

#[test]
fn lead_gets_the_probability_of_the_ground_where_its_rule_fires() {
    let rules = rules(&format!(
        "{}{}",
        rule("w", "health", "zone = \"west\""),
        rule("e", "transport", "zone = \"east\"")
    ));
    // 8 m east of the boundary with a standard deviation of 10 m: 0.7881 (Abramowitz and Stegun, table 26.1).
    let routing = routed(&rules, "waterlogging", at(8.0, 0.0), 10.0, Severity::Minor);
    assert_eq!((lead(&routing), routing.rule_id()), (Some("transport"), Some("e")));
    assert!((routing.probability - 0.788).abs() < 0.005, "{}", routing.probability);
    assert_eq!(assisting(&routing), [("health", true)]);
    assert!((routing.assisting[0].probability - 0.212).abs() < 0.005);
    assert!(!routing.needs_person());
    let zones: Vec<_> = routing.zones.iter().map(|zone| (zone.code.as_str(), zone.level)).collect();
    let expect =
        [("district", ZoneLevel::District), ("east", ZoneLevel::Township), ("west", ZoneLevel::Township)];
    assert_eq!(zones, expect);
    assert_eq!(
        routing.reason_en,
        "rule e: because; place: district area, east area 79 %, west area 21 %; probability of the lead 79 %; \
         the error of the position crosses a boundary, so these assist: health 21 %"
    );
    assert!(
        routing.reason_zh.starts_with("规则 e:因;位置:柯城区、东镇 79 %、西镇 21 %"),
        "{}",
        routing.reason_zh
    );
}

#[test]
fn lead_that_is_not_sure_enough_needs_a_person() {
    let rules = rules(&format!(
        "{}{}",
        rule("w", "health", "zone = \"west\""),
        rule("e", "transport", "zone = \"east\"")
    ));
    let routing = routed(&rules, "waterlogging", at(2.0, 0.0), 10.0, Severity::Minor);
    assert_eq!(lead(&routing), Some("transport"));
    assert_eq!(routing.person_needed, Some(PersonNeeded::UnsureLead));
    assert!(routing.reason_en.ends_with("below 70 %, a person has to decide"), "{}", routing.reason_en);
}

#[test]
fn two_zones_with_one_department_make_one_sure_lead() {
    let rules = rules(&format!(
        "{}{}",
        rule("w", "health", "zone = \"west\""),
        rule("e", "health", "zone = \"east\"")
    ));
    let routing = routed(&rules, "waterlogging", at(2.0, 0.0), 10.0, Severity::Minor);
    assert_eq!((lead(&routing), routing.rule_id()), (Some("health"), Some("e")));
    assert!((routing.probability - 1.0).abs() < 1e-9 && routing.assisting.is_empty());
}

#[test]
fn water_beside_the_road_brings_in_the_road_s_department_in_its_measure() {
    let routing = routed(&shipped_rules(), "waterlogging", at(200.0, 275.0), 10.0, Severity::Minor);
    assert_eq!(lead(&routing), Some("municipal_drainage"));
    assert_eq!(assisting(&routing), [("emergency_management", true)]);
    assert!((routing.assisting[0].probability - 0.158).abs() < 0.01);
}

#[test]
fn position_outside_all_zones_is_routed_by_rules_without_a_place() {
    let routing = routed(&shipped_rules(), "waterlogging", at(5000.0, 0.0), 3.0, Severity::Minor);
    assert_eq!(lead(&routing), Some("municipal_drainage"));
    assert!(routing.zones.is_empty() && !routing.needs_person());
    assert!(routing.reason_en.contains("place: outside all zones"), "{}", routing.reason_en);
}

#[test]
fn finding_without_a_rule_needs_a_person_and_says_why() {
    let routing = routed(&shipped_rules(), "graffiti", at(200.0, 0.0), 3.0, Severity::Minor);
    assert_eq!((lead(&routing), routing.person_needed), (None, Some(PersonNeeded::NoRule)));
    assert_eq!(
        routing.reason_en,
        "no rule fits graffiti; place: district area, east area; a person has to decide"
    );
}

#[test]
fn months_and_hours_are_those_of_the_city() {
    let rules = rules(&format!(
        "{}{}{}",
        rule("flood-night", "transport", "months = [6]\nhours = \"22:00-06:00\""),
        rule("flood", "health", "months = [6]"),
        rule("else", "water_resources", "")
    ));
    let check = |at_time: &str, expect| {
        let position = position(at(200.0, 0.0), 2.0);
        let facts = Facts {
            class: "waterlogging",
            position: &position,
            severity: Severity::Minor,
            time: time(at_time),
        };
        assert_eq!(route(&facts, &town(), &rules).rule_id(), Some(expect), "{at_time}");
    };
    check("2026-06-22T12:00:00+08:00", "flood");
    check("2026-06-22T23:00:00+08:00", "flood-night");
    check("2026-06-22T05:59:59+08:00", "flood-night");
    check("2026-06-22T06:00:00+08:00", "flood");
    // 31 May 17:00 UTC is 1 June 01:00 in Shanghai.
    check("2026-05-31T17:00:00Z", "flood-night");
    check("2026-07-01T12:00:00+08:00", "else");
}

#[test]
fn error_that_is_not_a_number_needs_a_person() {
    let mut position = position(at(200.0, 0.0), 2.0);
    position.covariance_enu_m2 = Matrix3::from_element(f64::NAN);
    let facts = Facts {
        class: "waterlogging",
        position: &position,
        severity: Severity::Minor,
        time: time("2026-06-22T09:00:00+08:00"),
    };
    let routing = route(&facts, &town(), &shipped_rules());
    assert_eq!((routing.lead, routing.person_needed), (None, Some(PersonNeeded::UnusablePosition)));
}
