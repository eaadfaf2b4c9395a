//! Lists (清单): matters with codes and dates, and the powers that are delegated to townships.
//!
//! Both are data with periods of validity: who owns a finding depends on the list in force at its time. They come as CSV
//! ([`Matter::read_csv`], [`Delegation::read_csv`]) or stand in the rules as `[[matters]]` and `[[delegations]]`.

mod check;
mod read;

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub(crate) use self::read::rows as read_rows;
use crate::department::DepartmentId;

/// Days on which an entry of a list is in force, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// First day.
    pub from: Date,
    /// Last day; none without an end.
    pub to: Option<Date>,
}

impl Validity {
    /// Tells whether a day lies in the period.
    pub fn holds(self, date: Date) -> bool {
        date >= self.from && self.to.is_none_or(|to| date <= to)
    }

    /// Tells whether every day of another period lies in this one.
    pub fn covers(self, other: Self) -> bool {
        let ends_after = match (self.to, other.to) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(to), Some(other)) => to >= other,
        };
        self.from <= other.from && ends_after
    }

    /// Tells whether the two have a day in common.
    pub fn meets(self, other: Self) -> bool {
        self.to.is_none_or(|to| other.from <= to) && other.to.is_none_or(|to| self.from <= to)
    }
}

impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to {
            Some(to) => write!(f, "{}..{to}", self.from),
            None => write!(f, "{}..", self.from),
        }
    }
}

/// One matter: something that is supervised, and by whom unless a rule says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matter {
    /// Code, named in rules and tasks.
    pub code: String,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Class of incident that it is about.
    pub class: String,
    /// Department that leads by default.
    pub lead: DepartmentId,
    /// First day in force.
    #[serde(deserialize_with = "read::date")]
    pub valid_from: Date,
    /// Last day in force; none without an end.
    #[serde(default, deserialize_with = "read::date_if_any")]
    pub valid_to: Option<Date>,
}

impl Matter {
    /// Returns the days on which it is in force.
    pub fn validity(&self) -> Validity {
        Validity { from: self.valid_from, to: self.valid_to }
    }
}

/// A power given to a township: in it, its office leads the matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delegation {
    /// Code of the matter.
    pub matter: String,
    /// Code of the township's zone.
    pub township: String,
    /// Department that exercises the power; the township's own office, once
    /// [`RuleSet::resolve_offices`](crate::RuleSet::resolve_offices) has found it, where the list names none.
    #[serde(default)]
    pub department: Option<DepartmentId>,
    /// First day in force.
    #[serde(deserialize_with = "read::date")]
    pub valid_from: Date,
    /// Last day in force; none without an end.
    #[serde(default, deserialize_with = "read::date_if_any")]
    pub valid_to: Option<Date>,
}

impl Delegation {
    /// Returns the days on which it is in force.
    pub fn validity(&self) -> Validity {
        Validity { from: self.valid_from, to: self.valid_to }
    }
}

/// Files of the lists, named in the rules relative to them; whoever reads the rules reads them too.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListFiles {
    /// CSV of matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matters: Option<String>,
    /// CSV of delegated powers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegations: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(from: &str, to: Option<&str>) -> Validity {
        Validity { from: from.parse().unwrap(), to: to.map(|to| to.parse().unwrap()) }
    }

    #[test]
    fn both_ends_of_a_period_belong_to_it() {
        let june = days("2026-06-01", Some("2026-06-30"));
        assert!(june.holds(june.from) && june.holds("2026-06-30".parse().unwrap()));
        assert!(!june.holds("2026-05-31".parse().unwrap()) && !june.holds("2026-07-01".parse().unwrap()));
        assert!(days("2026-06-01", None).holds("2126-06-30".parse().unwrap()));
    }

    #[test]
    fn period_covers_what_lies_in_it_and_meets_what_shares_a_day() {
        let (year, june) = (days("2026-01-01", Some("2026-12-31")), days("2026-06-01", Some("2026-06-30")));
        let open = days("2026-06-30", None);
        assert!(year.covers(june) && !june.covers(year) && !year.covers(open) && open.covers(open));
        assert!(year.meets(june) && june.meets(open) && !june.meets(days("2026-07-01", None)));
    }
}
