//! Why a finding went where it went, as a sentence in Chinese and in English.

use crate::awards::Award;
use crate::router::{Facts, PersonNeeded, RoutedZone, Routing};
use crate::rules::RuleSet;

/// Returns the reason of a routing by rule.
pub fn of_award(routing: &Routing, award: Option<&Award<'_>>, rules: &RuleSet) -> (String, String) {
    let lead = percent(routing.probability);
    let mut zh = vec![format!("位置:{}", places(&routing.zones, Language::Zh)), format!("牵头概率 {lead}")];
    let mut en = vec![
        format!("place: {}", places(&routing.zones, Language::En)),
        format!("probability of the lead {lead}"),
    ];
    if let Some(award) = award {
        let rule = award.rule;
        let (matter_zh, matter_en) = matter(award, routing, rules);
        zh.insert(0, format!("规则 {}:{}{matter_zh}", rule.id, rule.reason_zh));
        en.insert(0, format!("rule {}: {}{matter_en}", rule.id, rule.reason_en));
    }
    let others: Vec<String> = routing
        .assisting
        .iter()
        .filter(|other| other.may_lead)
        .map(|other| format!("{} {}", other.department, percent(other.probability)))
        .collect();
    if !others.is_empty() {
        zh.push(format!("位置误差跨越边界,协同:{}", others.join("、")));
        en.push(format!(
            "the error of the position crosses a boundary, so these assist: {}",
            others.join(", ")
        ));
    }
    if routing.needs_person() {
        let least = percent(rules.min_lead_probability);
        zh.push(format!("低于 {least},需人工研判"));
        en.push(format!("below {least}, a person has to decide"));
    }
    (zh.join(";"), en.join("; "))
}

/// Names the matter of a rule, and the township that has the power over it.
fn matter(award: &Award<'_>, routing: &Routing, rules: &RuleSet) -> (String, String) {
    let Some(matter) = award.rule.matter.as_deref().and_then(|code| rules.matter(code)) else {
        return Default::default();
    };
    let (power_zh, power_en) = award.delegation.map_or_else(Default::default, |delegation| {
        let zone = routing.zones.iter().find(|zone| zone.code == delegation.township);
        let name = |name: fn(&RoutedZone) -> &str| zone.map_or(delegation.township.as_str(), name);
        let (since, zh, en) = (delegation.valid_from, name(|zone| &zone.name_zh), name(|zone| &zone.name_en));
        (format!(",自 {since} 起赋权{zh}"), format!(", delegated to {en} since {since}"))
    });
    (
        format!("(事项 {} {}{power_zh})", matter.code, matter.name_zh),
        format!(" (matter {}, {}{power_en})", matter.code, matter.name_en),
    )
}

/// Returns the reason of a routing that found no rule.
pub fn without_rule(facts: &Facts<'_>, needed: PersonNeeded, zones: &[RoutedZone]) -> (String, String) {
    let class = facts.class;
    if needed == PersonNeeded::UnusablePosition {
        return (
            "位置误差不可用,需人工研判".to_owned(),
            "the error of the position is not a number, a person has to decide".to_owned(),
        );
    }
    (
        format!("没有适用于 {class} 的规则;位置:{};需人工研判", places(zones, Language::Zh)),
        format!("no rule fits {class}; place: {}; a person has to decide", places(zones, Language::En)),
    )
}

#[derive(Clone, Copy)]
enum Language {
    Zh,
    En,
}

/// Names the zones; a probability is given where the zone is not certain.
fn places(zones: &[RoutedZone], language: Language) -> String {
    let name = |zone: &RoutedZone| {
        let name = match language {
            Language::Zh => &zone.name_zh,
            Language::En => &zone.name_en,
        };
        if zone.probability < 0.995 { format!("{name} {}", percent(zone.probability)) } else { name.clone() }
    };
    let names: Vec<String> = zones.iter().map(name).collect();
    match (names.is_empty(), language) {
        (true, Language::Zh) => "所有责任区之外".to_owned(),
        (true, Language::En) => "outside all zones".to_owned(),
        (false, Language::Zh) => names.join("、"),
        (false, Language::En) => names.join(", "),
    }
}

/// A probability as whole percent; what is not certain is never written as 0 or 100.
fn percent(probability: f64) -> String {
    let percent = (100.0 * probability).round();
    let certain = probability <= 0.0 || probability >= 1.0 - 1e-9;
    let shown = if certain { percent } else { percent.clamp(1.0, 99.0) };
    format!("{shown} %")
}
