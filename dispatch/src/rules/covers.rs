//! Whether one rule takes everything that another one could fit.

use super::{KnownZones, Rule, RuleSet};
use crate::calendar::HourRange;
use crate::severity::Severity;

const SEVERITIES: [Severity; 3] = [Severity::Minor, Severity::Moderate, Severity::Severe];

/// Tells whether every incident that fits `later` fits `earlier` too.
pub fn covers(rules: &RuleSet, earlier: &Rule, later: &Rule, zones: &KnownZones) -> bool {
    earlier.class == later.class
        && covers_days(rules, earlier, later)
        && covers_ground(earlier, later, zones)
        && SEVERITIES.into_iter().all(|severity| !fits(later, severity) || fits(earlier, severity))
        && (1..=12).all(|month| !fits_month(later, month) || fits_month(earlier, month))
        && covers_hours(earlier.hours, later.hours)
}

fn covers_days(rules: &RuleSet, earlier: &Rule, later: &Rule) -> bool {
    let Some(code) = &earlier.matter else { return true };
    let matter = |code: &String| rules.matter(code);
    let days = matter(code).zip(later.matter.as_ref().and_then(matter));
    later.matter.as_ref() == Some(code)
        || days.is_some_and(|(earlier, later)| earlier.validity().covers(later.validity()))
}

fn covers_ground(earlier: &Rule, later: &Rule, zones: &KnownZones) -> bool {
    if let Some(code) = &earlier.zone {
        return later.zone.as_ref().is_some_and(|other| zones.lies_in(other, code));
    }
    if let Some(level) = earlier.zone_level {
        let of_level = |code: &String| zones.level(code) == Some(level);
        return later.zone_level == Some(level) || later.zone.as_ref().is_some_and(of_level);
    }
    if let Some(kind) = &earlier.zone_kind {
        let of_kind = |code: &String| zones.kind(code) == Some(kind.as_str());
        return later.zone_kind.as_ref() == Some(kind) || later.zone.as_ref().is_some_and(of_kind);
    }
    true
}

fn fits(rule: &Rule, severity: Severity) -> bool {
    rule.min_severity.is_none_or(|least| severity >= least)
        && rule.max_severity.is_none_or(|greatest| severity <= greatest)
}

fn fits_month(rule: &Rule, month: u8) -> bool {
    rule.months.as_ref().is_none_or(|months| months.contains(&month))
}

fn covers_hours(earlier: Option<HourRange>, later: Option<HourRange>) -> bool {
    let minutes = || (0..24_i8).flat_map(|hour| (0..60_i8).filter_map(move |minute| time(hour, minute)));
    let holds = |hours: Option<HourRange>, at| hours.is_none_or(|hours| hours.contains(at));
    minutes().all(|at| !holds(later, at) || holds(earlier, at))
}

fn time(hour: i8, minute: i8) -> Option<jiff::civil::Time> {
    jiff::civil::Time::new(hour, minute, 0, 0).ok()
}
