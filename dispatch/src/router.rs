//! Which department leads, which assist, and how sure that is, from exact polygons under the error of the position.

use std::collections::BTreeMap;

use gis::GroundPosition;
use gis::zones::{Patch, ZoneIndex, ZoneLevel};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::awards::{Award, awards};
use crate::context::{ContextFound, Verdict};
use crate::deadline::Allowance;
use crate::department::DepartmentId;
use crate::reason;
use crate::rules::{Priority, RuleSet, Stages};
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
    /// The ground is licensed for what was seen: no incident, unless a person knows better.
    Licensed,
    /// The city wants a person to look at everything first.
    Review,
    /// It is one of many that one cause may have made ([`crate::flood`]): they are asked about together.
    OneOfMany,
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
    /// Name of the profile that the stages come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Code of the matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matter: Option<String>,
    /// Code of the township that leads by a delegated power.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegated_to: Option<String>,
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
    /// What the ground is licensed for, where that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<ContextFound>,
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
/// gives it its probability: to the lead of the rule, or where the rule's matter is delegated to the township there, to its office.
/// The department with the greatest sum leads, and the rule with the greatest share of that sum is named. Leads of other patches
/// assist from `min_assisting_probability` on. Below `min_lead_probability` a person has to look. Outside all zones the rules
/// without a place still fit.
pub fn route(facts: &Facts<'_>, zones: &ZoneIndex, rules: &RuleSet) -> Routing {
    route_on_ground(facts, None, zones, rules)
}

/// Decides who gets a finding on ground that [`context::ground`](crate::context::ground) was asked about.
///
/// Where the ground makes it a lesser one, the rules are asked with that severity; where it makes it none, a person has to look
/// before anything goes out. Either way the ground is part of the reason.
pub fn route_on_ground(
    facts: &Facts<'_>,
    ground: Option<ContextFound>,
    zones: &ZoneIndex,
    rules: &RuleSet,
) -> Routing {
    let severity = ground.as_ref().map_or(facts.severity, |found| found.severity(facts.severity));
    let facts = Facts { severity, ..*facts };
    let mut routing = by_rules(&facts, zones, rules);
    if let Some(found) = ground {
        if found.verdict == Verdict::None {
            routing.person_needed = routing.person_needed.or(Some(PersonNeeded::Licensed));
        }
        routing.reason_zh = format!("{};{}", routing.reason_zh, found.reason_zh);
        routing.reason_en = format!("{}; {}", routing.reason_en, found.reason_en);
        routing.context = Some(found);
    }
    routing
}

fn by_rules(facts: &Facts<'_>, zones: &ZoneIndex, rules: &RuleSet) -> Routing {
    let patches = zones.patches(facts.position);
    let awards = awards(facts, &patches, rules);
    let leads = sum_by_lead(&awards);
    let first_rule =
        |id: &DepartmentId| awards.iter().find(|award| award.lead == id).map(|award| award.order);
    let lead =
        leads.iter().max_by(|a, b| a.1.total_cmp(b.1).then_with(|| first_rule(b.0).cmp(&first_rule(a.0))));
    let Some((lead, probability)) = lead.map(|(id, mass)| (*id, *mass)) else {
        return without_rule(facts, &patches);
    };
    let of_lead = awards.iter().filter(|award| award.lead == lead);
    let greatest = of_lead.reduce(|best, next| if next.mass > best.mass { next } else { best });
    let sure = probability >= rules.min_lead_probability;
    let mut routing = Routing {
        lead: Some(lead.clone()),
        probability: probability.min(1.0),
        assisting: assisting(lead, greatest, &leads, &awards, rules.min_assisting_probability),
        outcome: greatest.map(|award| outcome(award, rules)),
        severity: facts.severity,
        zones: routed_zones(&patches),
        context: None,
        reason_zh: String::new(),
        reason_en: String::new(),
        person_needed: (!sure).then_some(PersonNeeded::UnsureLead),
    };
    (routing.reason_zh, routing.reason_en) = reason::of_award(&routing, greatest, rules);
    routing
}

fn sum_by_lead<'a>(awards: &[Award<'a>]) -> BTreeMap<&'a DepartmentId, f64> {
    let mut sums = BTreeMap::new();
    for award in awards {
        *sums.entry(award.lead).or_insert(0.0) += award.mass;
    }
    sums
}

fn assisting(
    lead: &DepartmentId,
    greatest: Option<&Award<'_>>,
    leads: &BTreeMap<&DepartmentId, f64>,
    awards: &[Award<'_>],
    min_probability: f64,
) -> Vec<Assisting> {
    let involved = |department: &DepartmentId| {
        let takes_part =
            |award: &&Award<'_>| award.lead == department || award.rule.assisting.contains(department);
        awards.iter().filter(takes_part).map(|award| award.mass).sum::<f64>().min(1.0)
    };
    let may_lead = |department: &DepartmentId| {
        *department != *lead && leads.get(department).is_some_and(|mass| *mass >= min_probability)
    };
    let by_rule =
        greatest.into_iter().flat_map(|award| &award.rule.assisting).filter(|department| *department != lead);
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

fn outcome(award: &Award<'_>, rules: &RuleSet) -> Outcome {
    let rule = award.rule;
    Outcome {
        rule_id: rule.id.clone(),
        priority: rule.priority,
        deadline: rule.deadline,
        stages: rules.stages_of(rule),
        profile: rule.profile.clone(),
        matter: rule.matter.clone(),
        delegated_to: award.delegation.map(|delegation| delegation.township.clone()),
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
        context: None,
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
