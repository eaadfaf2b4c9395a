//! Which department leads, which assist, and how sure that is, from exact polygons under the error of the position.

use std::collections::BTreeMap;

use gis::GroundPosition;
use gis::zones::{Patch, ZoneIndex, ZoneLevel};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::deadline::Allowance;
use crate::department::DepartmentId;
use crate::reason;
use crate::rules::{Priority, Rule, RuleSet, Stages};
use crate::severity::Severity;

/// What is known of a finding when it is routed.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Class of the incident.
    pub class: &'a str,
    /// Where it lies.
    pub position: &'a GroundPosition,
    /// How bad it is.
    pub severity: Severity,
    /// When it was seen last.
    pub time: Timestamp,
}

/// A department that assists, with the reason in numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assisting {
    /// The department.
    pub department: DepartmentId,
    /// Probability that the position lies where a rule has this department lead or assist.
    pub probability: f64,
    /// True when it would lead if the position lay across a boundary that its error reaches.
    pub may_lead: bool,
}

/// A zone the finding may lie in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoutedZone {
    /// Code of the zone.
    pub code: String,
    /// Level of the zone.
    pub level: ZoneLevel,
    /// Kind of a special area.
    pub kind: Option<String>,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Probability that the position lies in it.
    pub probability: f64,
}

/// Why a person has to look before a task goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonNeeded {
    /// No rule fits anywhere the position may be.
    NoRule,
    /// The probability of the lead is below the least that goes out by itself.
    UnsureLead,
    /// The error of the position is not a number.
    UnusablePosition,
}

/// What one rule says, carried from the rule set into the routing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Id of the rule.
    pub rule_id: String,
    /// Priority of the task.
    pub priority: Priority,
    /// Time allowed until the work is done.
    pub deadline: Allowance,
    /// Time allowed for the stages before.
    pub stages: Stages,
}

/// Decision about one finding, with its reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Routing {
    /// Department that leads; none where no rule fits.
    pub lead: Option<DepartmentId>,
    /// Probability that the position lies where the rules have this department lead.
    pub probability: f64,
    /// Departments that assist, the most probable first.
    pub assisting: Vec<Assisting>,
    /// What the rule with the greatest share of the lead says; none where no rule fits.
    pub outcome: Option<Outcome>,
    /// Severity the rules were asked with.
    pub severity: Severity,
    /// Zones the finding may lie in, coarsest first, the most probable of a level first.
    pub zones: Vec<RoutedZone>,
    /// Why, in Chinese.
    pub reason_zh: String,
    /// Why, in English.
    pub reason_en: String,
    /// Why a person has to look; none when the task may go out by itself.
    pub person_needed: Option<PersonNeeded>,
}

impl Routing {
    /// Tells whether a person has to look before a task goes out.
    pub fn needs_person(&self) -> bool {
        self.person_needed.is_some()
    }

    /// Returns the id of the rule that fired.
    pub fn rule_id(&self) -> Option<&str> {
        self.outcome.as_ref().map(|outcome| outcome.rule_id.as_str())
    }

    /// Returns the most probable zone of a level.
    pub fn zone(&self, level: ZoneLevel) -> Option<&RoutedZone> {
        self.zones.iter().find(|zone| zone.level == level)
    }
}

/// Decides who gets a finding.
///
/// The error of the position is spread over the ground; each patch of ground goes to the first rule that fits there and
/// gives it its probability. The department with the greatest sum leads, and the rule with the greatest share of that
/// sum is named. Leads of other patches assist from `min_assisting_probability` on. Below `min_lead_probability` a
/// person has to look. Outside all zones the rules without a place still fit.
pub fn route(facts: &Facts<'_>, zones: &ZoneIndex, rules: &RuleSet) -> Routing {
    let patches = zones.patches(facts.position);
    let masses = rule_masses(facts, &patches, rules);
    let leads = sum_by_department(masses.iter().map(|(rule, mass)| (&rule.lead, *mass)));
    let lead = leads.iter().max_by(|a, b| a.1.total_cmp(b.1).then_with(|| rule_order(rules, b.0, a.0)));
    let Some((lead, probability)) = lead.map(|(id, mass)| (*id, *mass)) else {
        return without_rule(facts, &patches);
    };
    let rule = masses
        .iter()
        .filter(|(rule, _)| rule.lead == *lead)
        .reduce(|best, next| if next.1 > best.1 { next } else { best })
        .map(|(rule, _)| *rule);
    let sure = probability >= rules.min_lead_probability;
    let mut routing = Routing {
        lead: Some(lead.clone()),
        probability: probability.min(1.0),
        assisting: assisting(lead, rule, &leads, &masses, rules.min_assisting_probability),
        outcome: rule.map(outcome),
        severity: facts.severity,
        zones: routed_zones(&patches),
        reason_zh: String::new(),
        reason_en: String::new(),
        person_needed: (!sure).then_some(PersonNeeded::UnsureLead),
    };
    (routing.reason_zh, routing.reason_en) = reason::of_rule(&routing, rule, rules.min_lead_probability);
    routing
}

/// Probability of each rule that fits somewhere, in the order of the rules.
fn rule_masses<'a>(facts: &Facts<'_>, patches: &[Patch<'_>], rules: &'a RuleSet) -> Vec<(&'a Rule, f64)> {
    let fitting: Vec<&Rule> = rules
        .rules
        .iter()
        .filter(|rule| rule.fits(facts.class, facts.severity, facts.time, &rules.calendar))
        .collect();
    let mut masses = vec![0.0; fitting.len()];
    for patch in patches {
        let first = fitting.iter().zip(&mut masses).find(|(rule, _)| rule.fits_ground(&patch.zones));
        if let Some((_, mass)) = first {
            *mass += patch.probability;
        }
    }
    fitting.into_iter().zip(masses).filter(|(_, mass)| *mass > 0.0).collect()
}

fn sum_by_department<'a>(
    masses: impl Iterator<Item = (&'a DepartmentId, f64)>,
) -> BTreeMap<&'a DepartmentId, f64> {
    let mut sums = BTreeMap::new();
    for (department, mass) in masses {
        *sums.entry(department).or_insert(0.0) += mass;
    }
    sums
}

/// Orders two departments by the first rule that each leads.
fn rule_order(rules: &RuleSet, a: &DepartmentId, b: &DepartmentId) -> std::cmp::Ordering {
    let first = |id: &DepartmentId| rules.rules.iter().position(|rule| rule.lead == *id);
    first(a).cmp(&first(b))
}

fn assisting(
    lead: &DepartmentId,
    rule: Option<&Rule>,
    leads: &BTreeMap<&DepartmentId, f64>,
    masses: &[(&Rule, f64)],
    min_probability: f64,
) -> Vec<Assisting> {
    let involved = |department: &DepartmentId| {
        let takes_part = |rule: &Rule| rule.lead == *department || rule.assisting.contains(department);
        masses.iter().filter(|(rule, _)| takes_part(rule)).map(|(_, mass)| mass).sum::<f64>().min(1.0)
    };
    let may_lead = |department: &DepartmentId| {
        *department != *lead && leads.get(department).is_some_and(|mass| *mass >= min_probability)
    };
    let by_rule = rule.into_iter().flat_map(|rule| &rule.assisting).filter(|department| *department != lead);
    let by_place = leads.keys().copied().filter(|department| may_lead(department));
    let departments: std::collections::BTreeSet<&DepartmentId> = by_rule.chain(by_place).collect();
    let mut assisting: Vec<Assisting> = departments
        .into_iter()
        .map(|department| Assisting {
            department: department.clone(),
            probability: involved(department),
            may_lead: may_lead(department),
        })
        .collect();
    assisting.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    assisting
}

fn outcome(rule: &Rule) -> Outcome {
    Outcome {
        rule_id: rule.id.clone(),
        priority: rule.priority,
        deadline: rule.deadline,
        stages: rule.stages,
    }
}

fn without_rule(facts: &Facts<'_>, patches: &[Patch<'_>]) -> Routing {
    let person_needed =
        if patches.is_empty() { PersonNeeded::UnusablePosition } else { PersonNeeded::NoRule };
    let zones = routed_zones(patches);
    let (reason_zh, reason_en) = reason::without_rule(facts, person_needed, &zones);
    Routing {
        lead: None,
        probability: 0.0,
        assisting: Vec::new(),
        outcome: None,
        severity: facts.severity,
        zones,
        reason_zh,
        reason_en,
        person_needed: Some(person_needed),
    }
}

fn routed_zones(patches: &[Patch<'_>]) -> Vec<RoutedZone> {
    let mut by_code: BTreeMap<(ZoneLevel, &str), RoutedZone> = BTreeMap::new();
    for patch in patches {
        for zone in &patch.zones {
            let fresh = || RoutedZone {
                code: zone.code.clone(),
                level: zone.level,
                kind: zone.kind.clone(),
                name_zh: zone.name_zh.clone(),
                name_en: zone.name_en.clone(),
                probability: 0.0,
            };
            by_code.entry((zone.level, &zone.code)).or_insert_with(fresh).probability += patch.probability;
        }
    }
    let mut zones: Vec<RoutedZone> = by_code.into_values().collect();
    for zone in &mut zones {
        zone.probability = zone.probability.min(1.0);
    }
    zones.sort_by(|a, b| a.level.cmp(&b.level).then_with(|| b.probability.total_cmp(&a.probability)));
    zones
}
