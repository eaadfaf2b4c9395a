//! Which rule fires on each patch of ground, and who leads there: the rule's lead, or the township that has the power.

use std::collections::BTreeMap;

use gis::zones::{Patch, ZoneLevel};

use crate::department::DepartmentId;
use crate::lists::Delegation;
use crate::router::Facts;
use crate::rules::{Rule, RuleSet};

/// Ground that one rule gives to one department.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Award<'a> {
    pub rule: &'a Rule,
    pub lead: &'a DepartmentId,
    /// The delegated power by which a township leads.
    pub delegation: Option<&'a Delegation>,
    /// Place of the rule in the order in which rules are asked.
    pub order: usize,
    /// Probability that the position lies there.
    pub mass: f64,
}

/// Returns what each patch is awarded, by rule and lead, in the order of the rules.
pub(crate) fn awards<'a>(facts: &Facts<'_>, patches: &[Patch<'_>], rules: &'a RuleSet) -> Vec<Award<'a>> {
    let day = rules.calendar.local(facts.time).0;
    let fitting: Vec<(usize, &Rule)> = rules
        .in_order()
        .enumerate()
        .filter(|(_, rule)| rule.fits(facts.class, facts.severity, facts.time, &rules.calendar))
        .filter(|(_, rule)| rules.in_force(rule, day))
        .collect();
    let mut awards: BTreeMap<(usize, &DepartmentId), Award<'a>> = BTreeMap::new();
    for patch in patches {
        let first = fitting.iter().find(|(_, rule)| rule.fits_ground(&patch.zones));
        let Some((order, rule)) = first.copied() else { continue };
        let power = delegated(rule, patch, rules, day);
        let lead = power.map_or(&rule.lead, |(_, office)| office);
        let delegation = power.map(|(delegation, _)| delegation);
        let fresh = || Award { rule, lead, delegation, order, mass: 0.0 };
        awards.entry((order, lead)).or_insert_with(fresh).mass += patch.probability;
    }
    awards.into_values().filter(|award| award.mass > 0.0).collect()
}

fn delegated<'a>(
    rule: &Rule,
    patch: &Patch<'_>,
    rules: &'a RuleSet,
    day: jiff::civil::Date,
) -> Option<(&'a Delegation, &'a DepartmentId)> {
    let matter = rule.matter.as_deref().filter(|_| rule.delegable)?;
    let townships = patch.zones.iter().filter(|zone| zone.level == ZoneLevel::Township);
    townships.map(|zone| zone.code.as_str()).find_map(|code| rules.delegation(matter, code, day))
}
