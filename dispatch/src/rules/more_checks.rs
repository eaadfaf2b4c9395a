//! Problems of what version 2 of the rules brought: profiles, escalations, and classes of lists that nobody gets.

use std::collections::BTreeSet;

use super::RuleSet;
use crate::department::Departments;
use crate::problem::Problem;

impl RuleSet {
    /// Keys of version 2 in a file of version 1, which other readers of that version would refuse.
    pub(super) fn newer_keys(&self) -> Vec<Problem> {
        if self.version != 1 {
            return Vec::new();
        }
        let lists = self.lists.matters.is_some() || self.lists.delegations.is_some();
        let used = [
            ("lists", lists),
            ("matters", !lists && !self.matters.is_empty()),
            ("delegations", !lists && !self.delegations.is_empty()),
            ("default", self.matter_default.is_some()),
            ("profiles", !self.profiles.is_empty()),
            ("escalations", !self.escalations.is_empty()),
            ("context", !self.context.is_empty()),
        ];
        let head = used.into_iter().filter(|(_, used)| *used).map(|(key, _)| key.to_owned());
        let of_rules = self.rules.iter().enumerate().flat_map(|(index, rule)| {
            let used = [
                ("matter", rule.matter.is_some()),
                ("delegable", !rule.delegable),
                ("profile", rule.profile.is_some()),
            ];
            used.into_iter().filter(|(_, used)| *used).map(move |(key, _)| format!("rules[{index}].{key}"))
        });
        head.chain(of_rules).map(|path| Problem::error(path, "needs version = 2")).collect()
    }

    /// Classes that have a profile or a matter, but neither a rule nor a matter that leads somewhere.
    pub(super) fn unclaimed_classes(&self) -> Vec<Problem> {
        let claimed: BTreeSet<&str> = self.in_order().map(|rule| rule.class.as_str()).collect();
        let known = self.classes.keys().chain(self.matters.iter().map(|matter| &matter.class));
        let unclaimed: BTreeSet<&str> =
            known.map(String::as_str).filter(|class| !claimed.contains(class)).collect();
        unclaimed
            .into_iter()
            .map(|class| {
                Problem::error(format!("classes.{class}"), "nobody gets this class: no rule names it")
            })
            .collect()
    }

    pub(super) fn profile_problems(&self, departments: &Departments) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut unknown = |path: String, profile: &Option<String>| {
            if let Some(profile) = profile.as_ref().filter(|profile| !self.profiles.contains_key(*profile)) {
                problems.push(Problem::error(path, format!("{profile:?} is not one of the profiles")));
            }
        };
        for (index, rule) in self.rules.iter().enumerate() {
            unknown(format!("rules[{index}].profile"), &rule.profile);
        }
        if let Some(default) = &self.matter_default {
            unknown("default.profile".to_owned(), &default.profile);
        }
        for (index, level) in self.escalations.iter().enumerate() {
            unknown(format!("escalations[{index}].profile"), &level.profile);
        }
        for (index, rule) in self.rules.iter().enumerate() {
            if rule.profile.is_some() && rule.stages != super::Stages::default() {
                let path = format!("rules[{index}].profile");
                problems.push(Problem::error(path, "stands beside stages: one of them has to go"));
            }
        }
        for (index, level) in self.escalations.iter().enumerate() {
            if let Some(to) = level.to.as_ref().filter(|to| departments.get(to).is_none()) {
                let message = format!("{:?} is not one of the departments", to.0);
                problems.push(Problem::error(format!("escalations[{index}].to"), message));
            }
            if level.level == 0 {
                problems
                    .push(Problem::error(format!("escalations[{index}].level"), "is 0, levels start at 1"));
            }
        }
        problems
    }
}
