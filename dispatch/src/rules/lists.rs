//! The lists within the rules: taken from files, completed, and asked by day.

use jiff::civil::Date;

use super::{Rule, RuleSet, Stages};
use crate::department::{DepartmentId, Departments};
use crate::lists::{Delegation, Matter};

impl RuleSet {
    /// Adds the rows of list files to what the rules hold already.
    pub fn take_lists(&mut self, matters: Vec<Matter>, delegations: Vec<Delegation>) {
        self.matters.extend(matters);
        self.delegations.extend(delegations);
        self.derive_from_matters();
    }

    /// Gives each delegation without a department the office of its township.
    pub fn resolve_offices(&mut self, departments: &Departments) {
        for delegation in self.delegations.iter_mut().filter(|delegation| delegation.department.is_none()) {
            delegation.department =
                departments.office_of(&delegation.township).map(|office| office.id.clone());
        }
    }

    /// Returns the matter with a code.
    pub fn matter(&self, code: &str) -> Option<&Matter> {
        self.matters.iter().find(|matter| matter.code == code)
    }

    /// Returns the power of a township over a matter that is in force on a day, with the office that exercises it.
    pub fn delegation(
        &self,
        matter: &str,
        township: &str,
        day: Date,
    ) -> Option<(&Delegation, &DepartmentId)> {
        let holds = |delegation: &&Delegation| {
            delegation.matter == matter && delegation.township == township && delegation.validity().holds(day)
        };
        let delegation = self.delegations.iter().find(holds)?;
        Some((delegation, delegation.department.as_ref()?))
    }

    /// Tells whether a rule's matter is in force; a rule without one always is.
    pub fn in_force(&self, rule: &Rule, day: Date) -> bool {
        let Some(code) = &rule.matter else { return true };
        self.matter(code).is_some_and(|matter| matter.validity().holds(day))
    }

    /// Makes a rule for everywhere of each matter that no rule names; only where the rules say what such a rule is to give.
    pub(super) fn derive_from_matters(&mut self) {
        let named = |code: &str| self.rules.iter().any(|rule| rule.matter.as_deref() == Some(code));
        let derived = self.matter_default.iter().flat_map(|default| {
            self.matters.iter().filter(|matter| !named(&matter.code)).map(|matter| Rule {
                id: format!("matter:{}", matter.code),
                class: matter.class.clone(),
                matter: Some(matter.code.clone()),
                delegable: true,
                zone: None,
                zone_level: None,
                zone_kind: None,
                min_severity: None,
                max_severity: None,
                months: None,
                hours: None,
                lead: matter.lead.clone(),
                assisting: Vec::new(),
                priority: default.priority,
                deadline: default.deadline,
                stages: Stages::default(),
                profile: default.profile.clone(),
                reason_zh: format!("{}由清单所列部门处置", matter.name_zh),
                reason_en: format!("{} belongs to the department of the list", matter.name_en),
            })
        });
        self.of_matters = derived.collect();
    }
}
