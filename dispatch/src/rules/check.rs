//! Every problem of a rule set, with the path of its key.

use std::collections::{BTreeMap, BTreeSet};

use gis::zones::{Zone, ZoneLevel};

use super::covers::covers;
use super::{Rule, RuleSet};
use crate::department::{DepartmentId, Departments};
use crate::problem::Problem;
use crate::severity::Severity;

#[derive(Debug, Clone)]
struct KnownZone {
    level: ZoneLevel,
    kind: Option<String>,
    parent: Option<String>,
}

/// Codes, levels, kinds and parents of the zones that rules may name.
#[derive(Debug, Clone, Default)]
pub struct KnownZones {
    by_code: BTreeMap<String, KnownZone>,
}

impl KnownZones {
    /// Returns what rules may name of these zones.
    pub fn new(zones: &[Zone]) -> Self {
        let known = |zone: &Zone| {
            let known = KnownZone { level: zone.level, kind: zone.kind.clone(), parent: zone.parent.clone() };
            (zone.code.clone(), known)
        };
        Self { by_code: zones.iter().map(known).collect() }
    }

    pub(crate) fn level(&self, code: &str) -> Option<ZoneLevel> {
        self.by_code.get(code).map(|zone| zone.level)
    }

    pub(super) fn kind(&self, code: &str) -> Option<&str> {
        self.by_code.get(code)?.kind.as_deref()
    }

    /// Tells whether a zone is another one or a descendant of it.
    pub(super) fn lies_in(&self, code: &str, ancestor: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut current = Some(code);
        while let Some(code) = current {
            if code == ancestor {
                return true;
            }
            if !seen.insert(code) {
                return false;
            }
            current = self.by_code.get(code).and_then(|zone| zone.parent.as_deref());
        }
        false
    }
}

impl RuleSet {
    /// Returns every problem: unknown departments and zones, duplicate ids, rules that never fire, values out of range,
    /// and as warnings classes without a rule for everywhere, and kinds and levels that no zone has.
    pub fn validate(&self, departments: &Departments, zones: &KnownZones) -> Vec<Problem> {
        let mut problems = self.head_problems();
        for (index, rule) in self.rules.iter().enumerate() {
            problems.extend(department_problems(index, rule, departments));
            problems.extend(zone_problems(index, rule, zones));
            problems.extend(condition_problems(index, rule));
            problems.extend(self.earlier_rule_problems(index, rule, zones));
        }
        problems.extend(self.class_problems());
        problems.extend(self.unclaimed_classes());
        problems.extend(self.profile_problems(departments));
        problems.extend(self.context.iter().enumerate().flat_map(|(index, rule)| rule.problems(index)));
        problems.extend(self.validate_lists(departments, zones));
        problems
    }

    fn head_problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !(1..=2).contains(&self.version) {
            let message = format!("{} is not a version known here: 1 or 2", self.version);
            problems.push(Problem::error("version", message));
        }
        problems.extend(self.newer_keys());
        for (path, share) in [
            ("min_lead_probability", self.min_lead_probability),
            ("min_assisting_probability", self.min_assisting_probability),
        ] {
            if !(0.0..=1.0).contains(&share) {
                problems.push(Problem::error(path, format!("{share} is not between 0 and 1")));
            }
        }
        for (index, hours) in self.calendar.office_hours.iter().enumerate() {
            let path = format!("calendar.office_hours[{index}]");
            let before = index.checked_sub(1).and_then(|before| self.calendar.office_hours.get(before));
            if hours.from > hours.to {
                problems.push(Problem::error(path, format!("{hours} goes over midnight")));
            } else if before.is_some_and(|before| before.to > hours.from) {
                problems
                    .push(Problem::error(path, format!("{hours} starts before the range before it ends")));
            }
        }
        if self.calendar.office_hours.is_empty() {
            problems.push(Problem::error("calendar.office_hours", "is empty"));
        }
        if self.rules.is_empty() {
            problems.push(Problem::error("rules", "holds no rule"));
        }
        problems
    }

    fn earlier_rule_problems(&self, index: usize, rule: &Rule, zones: &KnownZones) -> Vec<Problem> {
        let mut problems = Vec::new();
        let earlier = || self.rules.iter().take(index).enumerate();
        if let Some((first, _)) = earlier().find(|(_, other)| other.id == rule.id) {
            let message = format!("{:?} is the id of rules[{first}] too", rule.id);
            problems.push(Problem::error(format!("rules[{index}].id"), message));
        }
        if let Some((first, other)) = earlier().find(|(_, other)| covers(self, other, rule, zones)) {
            let message = format!(
                "{:?} never fires: rules[{first}] ({:?}) takes all that it could fit",
                rule.id, other.id
            );
            problems.push(Problem::error(format!("rules[{index}]"), message));
        }
        problems
    }

    fn is_catch_all(&self, rule: &Rule) -> bool {
        let everywhere = rule.zone.is_none() && rule.zone_level.is_none() && rule.zone_kind.is_none();
        let any_severity = rule.min_severity.is_none_or(|least| least == Severity::Minor)
            && rule.max_severity.is_none_or(|greatest| greatest == Severity::Severe);
        let matter = rule.matter.as_deref().and_then(|code| self.matter(code));
        let without_end = matter.is_none_or(|matter| matter.valid_to.is_none());
        everywhere && any_severity && rule.months.is_none() && rule.hours.is_none() && without_end
    }

    fn class_problems(&self) -> Vec<Problem> {
        let classes: BTreeSet<&str> = self.rules.iter().map(|rule| rule.class.as_str()).collect();
        let mut problems = Vec::new();
        for class in classes {
            if !self.in_order().any(|rule| rule.class == class && self.is_catch_all(rule)) {
                let message =
                    format!("class {class:?} has no rule for everywhere, any severity and any time");
                problems.push(Problem::warning("rules", message));
            }
            if !self.classes.contains_key(class) {
                problems.push(Problem::error(
                    format!("classes.{class}"),
                    "is missing, but rules name this class",
                ));
            }
        }
        for (class, profile) in &self.classes {
            let path = |key: &str| format!("classes.{class}.{key}");
            let (moderate, severe) = (profile.severity.moderate_from_m2, profile.severity.severe_from_m2);
            if !(moderate >= 0.0 && severe >= moderate) {
                let message = format!("{moderate} and {severe} m2 are not in order from 0 up");
                problems.push(Problem::error(path("severity"), message));
            }
            for (key, name) in [("name_zh", &profile.name_zh), ("name_en", &profile.name_en)] {
                if name.trim().is_empty() {
                    problems.push(Problem::error(path(key), "is empty"));
                }
            }
        }
        problems
    }
}

fn department_problems(index: usize, rule: &Rule, departments: &Departments) -> Vec<Problem> {
    let unknown = |path: String, id: &DepartmentId| {
        departments
            .get(id)
            .is_none()
            .then(|| Problem::error(path, format!("{:?} is not one of the departments", id.0)))
    };
    let mut problems: Vec<Problem> =
        unknown(format!("rules[{index}].lead"), &rule.lead).into_iter().collect();
    for (position, id) in rule.assisting.iter().enumerate() {
        let path = format!("rules[{index}].assisting[{position}]");
        problems.extend(unknown(path.clone(), id));
        if *id == rule.lead || rule.assisting.iter().take(position).any(|earlier| earlier == id) {
            problems.push(Problem::error(path, format!("{:?} leads or assists already", id.0)));
        }
    }
    problems
}

fn zone_problems(index: usize, rule: &Rule, zones: &KnownZones) -> Vec<Problem> {
    let path = |key: &str| format!("rules[{index}].{key}");
    let mut problems = Vec::new();
    let conditions = [rule.zone.is_some(), rule.zone_level.is_some(), rule.zone_kind.is_some()];
    if conditions.iter().filter(|stands| **stands).count() > 1 {
        let message = "more than one of zone, zone_level and zone_kind stands";
        problems.push(Problem::error(format!("rules[{index}]"), message));
    }
    if let Some(code) = &rule.zone
        && zones.level(code).is_none()
    {
        problems.push(Problem::error(path("zone"), format!("{code:?} is not the code of a zone")));
    }
    if let Some(level) = rule.zone_level
        && !zones.by_code.values().any(|zone| zone.level == level)
    {
        problems.push(Problem::warning(
            path("zone_level"),
            format!("no zone is a {level}: the rule never fires"),
        ));
    }
    if let Some(kind) = &rule.zone_kind
        && !zones.by_code.values().any(|zone| zone.kind.as_ref() == Some(kind))
    {
        problems
            .push(Problem::warning(path("zone_kind"), format!("no zone is {kind:?}: the rule never fires")));
    }
    problems
}

fn condition_problems(index: usize, rule: &Rule) -> Vec<Problem> {
    let path = |key: &str| format!("rules[{index}].{key}");
    let mut problems = Vec::new();
    if let Some((least, greatest)) = rule.min_severity.zip(rule.max_severity)
        && least > greatest
    {
        problems.push(Problem::error(path("min_severity"), "is above max_severity: the rule never fires"));
    }
    if let Some(months) = &rule.months {
        if months.is_empty() {
            problems.push(Problem::error(path("months"), "is empty: the rule never fires"));
        }
        for (position, month) in months.iter().enumerate().filter(|(_, month)| !(1..=12).contains(*month)) {
            let message = format!("{month} is not a month from 1 to 12");
            problems.push(Problem::error(path(&format!("months[{position}]")), message));
        }
    }
    for (key, text) in [("id", &rule.id), ("reason_zh", &rule.reason_zh), ("reason_en", &rule.reason_en)] {
        if text.trim().is_empty() {
            problems.push(Problem::error(path(key), "is empty"));
        }
    }
    problems
}
