//! The example city: its lists and rules hold together, and each place finds its department.

use dispatch::{
    Delegation, Departments, Facts, KnownZones, Matter, Routing, RuleSet, Severity, Weight, route,
};
use gis::LatLon;
use gis::zones::{
    ContextFile, ContextIndex, Crs, Zone, ZoneFile, ZoneIndex, ZoneLevel, parse_context, parse_geojson,
};

use crate::scene::{position, time};

macro_rules! city {
    ($file:literal) => {
        include_str!(concat!("../../../configs/city/", $file))
    };
}

pub fn departments() -> Departments {
    Departments::from_toml(city!("departments.toml")).unwrap()
}

pub fn rules() -> RuleSet {
    let mut rules = RuleSet::from_toml(city!("rules.toml")).unwrap();
    rules.take_lists(
        Matter::read_csv("matters.csv", city!("matters.csv")).unwrap(),
        Delegation::read_csv("delegations.csv", city!("delegations.csv")).unwrap(),
    );
    rules.resolve_offices(&departments());
    rules
}

pub fn zones() -> Vec<Zone> {
    let read = |name: &str, text: &str, level: ZoneLevel, kind: Option<&str>| {
        let parent_key = if kind.is_some() || level == ZoneLevel::City { "" } else { "parent" };
        let file = ZoneFile {
            kind: kind.map(str::to_owned),
            parent_key: parent_key.to_owned(),
            ..ZoneFile::new(level)
        };
        parse_geojson(name, text, &file).unwrap()
    };
    let special = ZoneLevel::Special;
    [
        read("city", city!("zones/city.geojson"), ZoneLevel::City, None),
        read("districts", city!("zones/districts.geojson"), ZoneLevel::District, None),
        read("townships", city!("zones/townships.geojson"), ZoneLevel::Township, None),
        read("communities", city!("zones/communities.geojson"), ZoneLevel::Community, None),
        read("arterials", city!("zones/arterials.geojson"), special, Some("arterial_road")),
        read("banks", city!("zones/banks.geojson"), special, Some("river_bank")),
        read("lanes", city!("zones/food_lanes.geojson"), special, Some("food_lane")),
        read("sites", city!("context/building_sites.geojson"), special, Some("building_site")),
    ]
    .concat()
}

pub fn context() -> ContextIndex {
    let read = |layer: &str, text: &str| {
        let file = ContextFile { layer: layer.to_owned(), crs: Crs::Wgs84 };
        parse_context(layer, text, &file).unwrap()
    };
    ContextIndex::new(
        [
            read("permanent_water", city!("context/water.geojson")),
            read("waste_site", city!("context/waste_sites.geojson")),
            read("building_site", city!("context/building_sites.geojson")),
            read("stack", city!("context/stacks.geojson")),
            read("restaurant", city!("context/restaurants.geojson")),
            read("road", city!("context/roads.geojson")),
        ]
        .concat(),
    )
}

/// A point well inside a zone.
fn inside(zones: &[Zone], code: &str) -> LatLon {
    use geo::InteriorPoint;
    let zone = zones.iter().find(|zone| zone.code == code).unwrap();
    let point = zone.polygon.interior_point().unwrap();
    LatLon { lat_deg: point.y(), lon_deg: point.x() }
}

fn routed(class: &str, at: LatLon, severity: Severity, day: &str) -> Routing {
    let position = position(at, 2.0);
    let time = time(&format!("{day}T10:00:00+08:00"));
    route(&Facts { class, position: &position, severity, time }, &ZoneIndex::new(zones()), &rules())
}

#[test]
fn city_has_three_districts_18_townships_120_communities_and_40_matters() {
    let zones = zones();
    let count = |level| zones.iter().filter(|zone| zone.level == level).count();
    assert_eq!(
        [ZoneLevel::City, ZoneLevel::District, ZoneLevel::Township, ZoneLevel::Community].map(count),
        [1, 3, 18, 120]
    );
    assert_eq!((rules().matters.len(), departments().departments.len()), (40, 14 + 18));
    assert!(gis::zones::check_hierarchy(&zones).is_empty());
}

#[test]
fn each_level_covers_700_square_kilometres_without_gaps_or_overlaps() {
    use geo::{Area, MapCoords};
    let metres = |zone: &Zone| {
        let plane = zone
            .polygon
            .map_coords(|c| geo::Coord { x: (c.x - 118.86) * 97_467.03, y: (c.y - 28.97) * 110_835.27 });
        plane.unsigned_area()
    };
    let zones = zones();
    let area = |level| zones.iter().filter(|zone| zone.level == level).map(metres).sum::<f64>();
    let city_m2 = area(ZoneLevel::City);
    assert!((city_m2 - 700e6).abs() < 0.1e6, "{city_m2}");
    for level in [ZoneLevel::District, ZoneLevel::Township, ZoneLevel::Community] {
        // What would be missing or double is more than the rounding of a sum.
        assert!((area(level) - city_m2).abs() < 1e-6 * city_m2, "{level}");
    }
    let index = ZoneIndex::new(zones.clone());
    for step in 0..4_000_u32 {
        // An additive recurrence over the box of the city.
        let (x, y) = ((f64::from(step) * 0.754_877_666).fract(), (f64::from(step) * 0.569_840_291).fract());
        let at = LatLon { lat_deg: 28.84 + 0.26 * y, lon_deg: 118.70 + 0.32 * x };
        let holding = index.all_containing(at);
        let levels: Vec<ZoneLevel> =
            holding.iter().map(|zone| zone.level).filter(|level| *level != ZoneLevel::Special).collect();
        let all = vec![ZoneLevel::City, ZoneLevel::District, ZoneLevel::Township, ZoneLevel::Community];
        assert!(levels.is_empty() || levels == all, "{at:?}: {levels:?}");
        for pair in holding.windows(2).filter(|pair| pair[1].level != ZoneLevel::Special) {
            assert_eq!(pair[1].parent.as_ref(), Some(&pair[0].code), "{at:?}");
        }
    }
}

#[test]
fn lists_and_rules_of_the_city_have_no_error() {
    let problems = rules().validate(&departments(), &KnownZones::new(&zones()));
    let errors: Vec<_> = problems.iter().filter(|problem| problem.weight == Weight::Error).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let warnings: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(warnings.is_empty(), "{warnings:#?}");
}

#[test]
fn household_waste_goes_to_the_township_where_and_while_it_has_the_power() {
    let zones = zones();
    let check = |township: &str, day: &str, expect: &str| {
        let routing = routed("dumping", inside(&zones, township), Severity::Moderate, day);
        assert_eq!(routing.lead.as_ref().unwrap().0, expect, "{township} {day}: {}", routing.reason_en);
        routing
    };
    let routing = check("339901001", "2026-06-22", "fuqian_office");
    assert_eq!(routing.outcome.as_ref().unwrap().matter.as_deref(), Some("QC-CE-002"));
    assert_eq!(routing.outcome.as_ref().unwrap().delegated_to.as_deref(), Some("339901001"));
    assert!(routing.reason_zh.contains("赋权府前街道"), "{}", routing.reason_zh);
    assert!(
        routing.reason_en.contains("delegated to Fuqian Street since 2025-01-01"),
        "{}",
        routing.reason_en
    );
    // A township without the power, one whose power ends, and one whose power begins.
    check("339902006", "2026-06-22", "comprehensive_enforcement");
    check("339901004", "2026-06-30", "baiyun_office");
    check("339901004", "2026-07-01", "comprehensive_enforcement");
    check("339902005", "2026-08-31", "comprehensive_enforcement");
    check("339902005", "2026-09-01", "quanwang_office");
}

#[test]
fn class_that_no_rule_names_goes_where_the_list_says() {
    let at = inside(&zones(), "339903004");
    let routing = routed("farmland_damage", at, Severity::Severe, "2026-06-22");
    assert_eq!(routing.lead.as_ref().unwrap().0, "agriculture_rural");
    assert_eq!(routing.rule_id(), Some("matter:QC-AR-001"));
    assert_eq!(routing.outcome.unwrap().profile.as_deref(), Some("office"));
}

#[test]
fn rule_of_a_matter_that_has_ended_gives_way_to_the_next() {
    let at = inside(&zones(), "339903004");
    let rule = |day| routed("fume", at, Severity::Severe, day).rule_id().unwrap().to_owned();
    assert_eq!(rule("2025-12-31"), "fume-felt");
    assert_eq!(rule("2026-01-01"), "fume");
}

#[test]
fn urgent_rules_have_the_stages_1315() {
    let at = inside(&zones(), "AR-01");
    let outcome = routed("waterlogging", at, Severity::Moderate, "2026-06-22").outcome.unwrap();
    let stages = outcome.stages;
    let minutes = [stages.accept, stages.depart, stages.arrive].map(|stage| stage.unwrap().to_string());
    assert_eq!(minutes, ["1min", "3min", "15min"]);
    assert_eq!(outcome.profile.as_deref(), Some("1315"));
}
