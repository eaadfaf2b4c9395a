//! Rules in TOML say who leads and who assists, by class, place, severity and time; the first that fits decides.

mod check;
mod covers;
mod lists;
mod more_checks;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use gis::zones::{Zone, ZoneLevel};

pub use self::check::KnownZones;
use crate::calendar::{Calendar, HourRange};
use crate::context::ContextRule;
use crate::deadline::Allowance;
use crate::department::DepartmentId;
use crate::escalation::EscalationLevel;
use crate::lists::{Delegation, ListFiles, Matter};
use crate::problem::{Problem, from_toml};
use crate::severity::{Severity, SeverityScale};

/// How soon a task is to be taken up; also its order in a queue, first first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// At once.
    Urgent,
    /// Before others.
    High,
    /// In turn.
    Normal,
    /// When there is time.
    Low,
}

/// Time allowed for the stages before the work is done; the profile "1315" is 1, 3 and 15 minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stages {
    /// Until the department has accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept: Option<Allowance>,
    /// Until the crew has left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depart: Option<Allowance>,
    /// Until the crew is on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrive: Option<Allowance>,
}

/// What is to be known of a class of incidents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassProfile {
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Severity by area.
    pub severity: SeverityScale,
}

/// One rule. Of `zone`, `zone_level` and `zone_kind` at most one may stand; without one the rule fits everywhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Identity, named in the reason of every task it makes.
    pub id: String,
    /// Class of incident.
    pub class: String,
    /// Code of a matter: the rule fits only while it is in force, and its lead gives way where the matter is delegated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matter: Option<String>,
    /// False where the lead keeps the matter in townships that have the power too.
    #[serde(default = "default_delegable")]
    pub delegable: bool,
    /// Fits inside the zone with this code.
    #[serde(default)]
    pub zone: Option<String>,
    /// Fits inside any zone of this level.
    #[serde(default)]
    pub zone_level: Option<ZoneLevel>,
    /// Fits inside any zone of this kind, such as `arterial_road`.
    #[serde(default)]
    pub zone_kind: Option<String>,
    /// Least severity; none for any.
    #[serde(default)]
    pub min_severity: Option<Severity>,
    /// Greatest severity; none for any.
    #[serde(default)]
    pub max_severity: Option<Severity>,
    /// Months in which it fits, 1 to 12, in the city's time; none for all.
    #[serde(default)]
    pub months: Option<Vec<u8>>,
    /// Hours of the day in which it fits, in the city's time; none for all.
    #[serde(default)]
    pub hours: Option<HourRange>,
    /// Department that leads.
    pub lead: DepartmentId,
    /// Departments that assist.
    #[serde(default)]
    pub assisting: Vec<DepartmentId>,
    /// Priority of the task.
    pub priority: Priority,
    /// Time allowed until the work is done.
    pub deadline: Allowance,
    /// Time allowed for the stages before.
    #[serde(default)]
    pub stages: Stages,
    /// Name of a profile of stages, instead of `stages`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Why, in Chinese.
    pub reason_zh: String,
    /// Why, in English.
    pub reason_en: String,
}

fn default_delegable() -> bool {
    true
}

/// What a matter gets that no rule names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatterDefault {
    /// Priority of the task.
    pub priority: Priority,
    /// Time allowed until the work is done.
    pub deadline: Allowance,
    /// Name of a profile of stages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
}

impl Rule {
    /// Tells whether the rule gives way to townships that have the power over a matter.
    pub fn delegates(&self, matter: &str) -> bool {
        self.delegable && self.matter.as_deref() == Some(matter)
    }

    /// Tells whether the rule fits apart from the place and the list in force.
    pub fn fits(&self, class: &str, severity: Severity, time: Timestamp, calendar: &Calendar) -> bool {
        let (date, time_of_day) = calendar.local(time);
        self.class == class
            && self.min_severity.is_none_or(|least| severity >= least)
            && self.max_severity.is_none_or(|greatest| severity <= greatest)
            && self.months.as_ref().is_none_or(|months| months.contains(&date.month().unsigned_abs()))
            && self.hours.is_none_or(|hours| hours.contains(time_of_day))
    }

    /// Tells whether the rule fits on ground that lies in these zones.
    pub fn fits_ground(&self, zones: &[&Zone]) -> bool {
        let any = |holds: &dyn Fn(&Zone) -> bool| zones.iter().any(|zone| holds(zone));
        self.zone.as_deref().is_none_or(|code| any(&|zone| zone.code == code))
            && self.zone_level.is_none_or(|level| any(&|zone| zone.level == level))
            && self.zone_kind.as_deref().is_none_or(|kind| any(&|zone| zone.kind.as_deref() == Some(kind)))
    }
}

/// Everything that decides who gets a task: `rules.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSet {
    /// Version of the format: 1, or 2 with lists, profiles, escalations and context.
    pub version: u32,
    /// Least probability of the lead at which a task goes out without a person.
    #[serde(default = "default_min_lead_probability")]
    pub min_lead_probability: f64,
    /// Least probability at which the lead of another possible place assists.
    #[serde(default = "default_min_assisting_probability")]
    pub min_assisting_probability: f64,
    /// Office hours and holidays.
    pub calendar: Calendar,
    /// What is to be known of each class.
    #[serde(default)]
    pub classes: BTreeMap<String, ClassProfile>,
    /// Rules in order; the first that fits decides.
    pub rules: Vec<Rule>,
    /// Files of the lists; [`RuleSet::take_lists`] takes what they hold.
    #[serde(default)]
    pub lists: ListFiles,
    /// Matters, with codes and dates.
    #[serde(default)]
    pub matters: Vec<Matter>,
    /// Powers delegated to townships.
    #[serde(default)]
    pub delegations: Vec<Delegation>,
    /// What a matter gets that no rule names.
    #[serde(default, rename = "default", skip_serializing_if = "Option::is_none")]
    pub matter_default: Option<MatterDefault>,
    /// Stages by the name of their profile.
    #[serde(default)]
    pub profiles: BTreeMap<String, Stages>,
    /// Who is told when a stage is missed; the lead, at once, where there is none.
    #[serde(default)]
    pub escalations: Vec<EscalationLevel>,
    /// Ground that is licensed for what is seen.
    #[serde(default)]
    pub context: Vec<ContextRule>,
    /// Rules of matters that no rule names, after the others.
    #[serde(skip)]
    of_matters: Vec<Rule>,
}

fn default_min_lead_probability() -> f64 {
    0.7
}

fn default_min_assisting_probability() -> f64 {
    0.05
}

impl RuleSet {
    /// Reads `rules.toml`. References to departments and zones are checked by [`RuleSet::validate`].
    ///
    /// # Errors
    /// The first key that does not fit, with its path.
    pub fn from_toml(text: &str) -> Result<Self, Problem> {
        let mut rules: Self = from_toml(text)?;
        rules.derive_from_matters();
        Ok(rules)
    }

    /// Returns the stages of a rule: its own, or those of the profile it names.
    pub fn stages_of(&self, rule: &Rule) -> Stages {
        let named = rule.profile.as_ref().and_then(|profile| self.profiles.get(profile));
        named.copied().unwrap_or(rule.stages)
    }

    /// Returns the rules in the order in which they are asked: those of the file, then those of matters that none of them names.
    pub fn in_order(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().chain(&self.of_matters)
    }

    /// Returns the severity of an incident; moderate for a class without a profile, which `validate` names.
    ///
    /// # Units
    /// `area_m2` in square metres.
    pub fn severity(&self, class: &str, area_m2: Option<f64>) -> Severity {
        self.classes.get(class).map_or(Severity::Moderate, |profile| profile.severity.severity(area_m2))
    }
}
