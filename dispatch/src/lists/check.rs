//! Every problem of lists and of rules that name them.

use gis::zones::ZoneLevel;
use jiff::Timestamp;

use super::{Delegation, Matter};
use crate::department::Departments;
use crate::problem::Problem;
use crate::rules::{KnownZones, RuleSet};

impl RuleSet {
    /// Returns every problem of the lists: codes that come twice, unknown departments, classes, matters and townships, periods that
    /// end before they begin, delegations that overlap or reach beyond their matter; and rules that name no matter of the list.
    pub fn validate_lists(&self, departments: &Departments, zones: &KnownZones) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (index, office) in departments.departments.iter().enumerate() {
            let Some(zone) = &office.zone else { continue };
            if zones.level(zone) != Some(ZoneLevel::Township) {
                let message = format!("{zone:?} is not the code of a township ({})", office.id);
                problems.push(Problem::error(format!("departments[{index}].zone"), message));
            }
        }
        for (index, matter) in self.matters.iter().enumerate() {
            problems.extend(self.matter_problems(index, matter, departments));
        }
        for (index, delegation) in self.delegations.iter().enumerate() {
            problems.extend(self.delegation_problems(index, delegation, departments, zones));
        }
        for (index, rule) in self.rules.iter().enumerate() {
            let Some(code) = &rule.matter else { continue };
            let path = format!("rules[{index}].matter");
            match self.matter(code) {
                None => {
                    problems.push(Problem::error(path, format!("{code:?} is not in the list of matters")));
                }
                Some(matter) if matter.class != rule.class => {
                    let message =
                        format!("{code:?} is about {:?}, the rule about {:?}", matter.class, rule.class);
                    problems.push(Problem::error(path, message));
                }
                Some(_) => {}
            }
        }
        problems
    }

    /// Returns, as warnings, what is not in force at a time: rules of matters that have ended or not begun, and delegated powers.
    pub fn out_of_force(&self, now: Timestamp) -> Vec<Problem> {
        let today = self.calendar.local(now).0;
        let mut problems = Vec::new();
        for (index, rule) in self.rules.iter().enumerate() {
            let matter = rule.matter.as_deref().and_then(|code| self.matter(code));
            if let Some(matter) = matter.filter(|matter| !matter.validity().holds(today)) {
                let message = format!(
                    "{:?} does not fire on {today}: matter {} is in force {}",
                    rule.id,
                    matter.code,
                    matter.validity()
                );
                problems.push(Problem::warning(format!("rules[{index}].matter"), message));
            }
        }
        for (index, delegation) in self.delegations.iter().enumerate() {
            if !delegation.validity().holds(today) {
                let message = format!(
                    "{} in {} is not in force on {today}: {}",
                    delegation.matter,
                    delegation.township,
                    delegation.validity()
                );
                problems.push(Problem::warning(format!("delegations[{index}]"), message));
            }
        }
        problems
    }

    fn matter_problems(&self, index: usize, matter: &Matter, departments: &Departments) -> Vec<Problem> {
        let path = |key: &str| format!("matters[{index}].{key}");
        let mut problems = Vec::new();
        for (key, text) in [
            ("code", &matter.code),
            ("name_zh", &matter.name_zh),
            ("name_en", &matter.name_en),
            ("class", &matter.class),
        ] {
            if text.trim().is_empty() {
                problems.push(Problem::error(path(key), "is empty"));
            }
        }
        if let Some(first) = self.matters.iter().take(index).position(|other| other.code == matter.code) {
            let message = format!("{:?} is the code of matters[{first}] too", matter.code);
            problems.push(Problem::error(path("code"), message));
        }
        if departments.get(&matter.lead).is_none() {
            let message = format!("{:?} is not one of the departments ({})", matter.lead.0, matter.code);
            problems.push(Problem::error(path("lead"), message));
        }
        problems.extend(ends_before_it_begins(&path("valid_to"), &matter.code, matter.validity()));
        problems
    }

    fn delegation_problems(
        &self,
        index: usize,
        delegation: &Delegation,
        departments: &Departments,
        zones: &KnownZones,
    ) -> Vec<Problem> {
        let path = |key: &str| format!("delegations[{index}].{key}");
        let of = format!("{} in {}", delegation.matter, delegation.township);
        let earlier = || self.delegations.iter().take(index);
        let mut problems = Vec::new();
        match zones.level(&delegation.township) {
            Some(ZoneLevel::Township) => {}
            Some(level) => {
                let message = format!("{:?} is a {level}, not a township", delegation.township);
                problems.push(Problem::error(path("township"), message));
            }
            None => {
                let message = format!("{:?} is not the code of a zone", delegation.township);
                problems.push(Problem::error(path("township"), message));
            }
        }
        match &delegation.department {
            None => {
                problems
                    .push(Problem::error(path("department"), format!("{of}: the township has no office")));
            }
            Some(id) if departments.get(id).is_none() => {
                let message = format!("{:?} is not one of the departments", id.0);
                problems.push(Problem::error(path("department"), message));
            }
            Some(_) => {}
        }
        let first_of_matter = !earlier().any(|other| other.matter == delegation.matter);
        match self.matter(&delegation.matter) {
            None => {
                let message = format!("{:?} is not in the list of matters", delegation.matter);
                problems.push(Problem::error(path("matter"), message));
            }
            Some(matter) if !matter.validity().covers(delegation.validity()) => {
                let (own, whole) = (delegation.validity(), matter.validity());
                let message = format!("{of}: {own} reaches beyond the matter, which is in force {whole}");
                problems.push(Problem::warning(path("valid_to"), message));
            }
            Some(_)
                if first_of_matter && !self.rules.iter().any(|rule| rule.delegates(&delegation.matter)) =>
            {
                let message = format!("no rule delegates {:?}: the power is never used", delegation.matter);
                problems.push(Problem::warning(path("matter"), message));
            }
            Some(_) => {}
        }
        problems.extend(ends_before_it_begins(&path("valid_to"), &of, delegation.validity()));
        let overlaps = |other: &Delegation| {
            other.matter == delegation.matter
                && other.township == delegation.township
                && other.validity().meets(delegation.validity())
        };
        if let Some(first) = earlier().position(overlaps) {
            let message = format!("{of} overlaps delegations[{first}], which counts");
            problems.push(Problem::error(format!("delegations[{index}]"), message));
        }
        problems
    }
}

fn ends_before_it_begins(path: &str, of: &str, validity: super::Validity) -> Option<Problem> {
    let to = validity.to.filter(|to| *to < validity.from)?;
    Some(Problem::error(path, format!("{of}: {to} is before its first day {}", validity.from)))
}
