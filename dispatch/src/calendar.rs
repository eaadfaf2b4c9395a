//! Office hours, weekends and holidays of a city.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::problem::from_text;

/// A stretch of the day, its end excluded; one that ends before it starts goes over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourRange {
    /// First moment.
    pub from: Time,
    /// First moment after it.
    pub to: Time,
}

impl HourRange {
    /// Tells whether a time of day lies in the range.
    pub fn contains(self, time: Time) -> bool {
        if self.from <= self.to {
            (self.from..self.to).contains(&time)
        } else {
            time >= self.from || time < self.to
        }
    }
}

/// A text that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not {wanted}")]
pub struct InvalidText {
    /// The text.
    pub value: String,
    /// What was wanted, with an example.
    pub wanted: &'static str,
}

impl FromStr for HourRange {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        let invalid =
            || InvalidText { value: text.to_owned(), wanted: "a range of hours such as 09:00-17:30" };
        let time = |text: &str| Time::strptime("%H:%M", text.trim()).map_err(|_| invalid());
        let (from, to) = text.split_once('-').ok_or_else(invalid)?;
        let range = Self { from: time(from)?, to: time(to)? };
        if range.from == range.to { Err(invalid()) } else { Ok(range) }
    }
}

impl fmt::Display for HourRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.from.strftime("%H:%M"), self.to.strftime("%H:%M"))
    }
}

/// A run of days, both ends included; written `2026-10-01..2026-10-07`, or as one date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateRange {
    /// First day.
    pub first: Date,
    /// Last day.
    pub last: Date,
}

impl DateRange {
    /// Tells whether a day lies in the run.
    pub fn contains(self, date: Date) -> bool {
        (self.first..=self.last).contains(&date)
    }
}

impl FromStr for DateRange {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        let invalid = || InvalidText {
            value: text.to_owned(),
            wanted: "a date or a run such as 2026-10-01..2026-10-07",
        };
        let date = |text: &str| Date::strptime("%Y-%m-%d", text.trim()).map_err(|_| invalid());
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let range = Self { first: date(first)?, last: date(last)? };
        if range.first > range.last { Err(invalid()) } else { Ok(range) }
    }
}

impl fmt::Display for DateRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}..{}", self.first, self.last)
        }
    }
}

/// A day of the week, written in English.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names of the days say it all")]
pub enum DayOfWeek {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl DayOfWeek {
    fn of(date: Date) -> Self {
        match date.weekday() {
            Weekday::Monday => Self::Monday,
            Weekday::Tuesday => Self::Tuesday,
            Weekday::Wednesday => Self::Wednesday,
            Weekday::Thursday => Self::Thursday,
            Weekday::Friday => Self::Friday,
            Weekday::Saturday => Self::Saturday,
            Weekday::Sunday => Self::Sunday,
        }
    }
}

/// A time zone of the IANA database.
#[derive(Debug, Clone, PartialEq)]
pub struct ZoneName(pub TimeZone);

impl FromStr for ZoneName {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        let wanted = "a time zone of the IANA database such as Asia/Shanghai";
        TimeZone::get(text).map(Self).map_err(|_| InvalidText { value: text.to_owned(), wanted })
    }
}

impl fmt::Display for ZoneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.iana_name().unwrap_or("UTC"))
    }
}

macro_rules! serde_as_text {
    ($($name:ty),+) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                from_text(deserializer)
            }
        }
    )+};
}
pub(crate) use serde_as_text;

serde_as_text!(HourRange, DateRange, ZoneName);

/// When offices work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// Time zone of the city; also the one of the months and hours of rules.
    pub timezone: ZoneName,
    /// Office hours of a working day, in order, not over midnight.
    pub office_hours: Vec<HourRange>,
    /// Days of the week without work.
    pub weekend: Vec<DayOfWeek>,
    /// Days without work beside the weekends.
    #[serde(default)]
    pub holidays: Vec<DateRange>,
    /// Days of a weekend on which offices work (调休).
    #[serde(default)]
    pub working_weekends: Vec<DateRange>,
}

impl Calendar {
    /// Returns the day and time of day in the city.
    pub fn local(&self, time: Timestamp) -> (Date, Time) {
        let zoned = time.to_zoned(self.timezone.0.clone());
        (zoned.date(), zoned.time())
    }

    /// Tells whether offices work on a day.
    pub fn works_on(&self, date: Date) -> bool {
        let listed = |ranges: &[DateRange]| ranges.iter().any(|range| range.contains(date));
        if listed(&self.working_weekends) {
            return true;
        }
        !listed(&self.holidays) && !self.weekend.contains(&DayOfWeek::of(date))
    }

    /// Returns the first working day after a day, or `None` where there is none within a year.
    pub fn next_working_day(&self, date: Date) -> Option<Date> {
        (1..=366).filter_map(|days| date.checked_add(days.days()).ok()).find(|day| self.works_on(*day))
    }

    /// Returns the moment of a time of day on a day in the city.
    pub fn timestamp(&self, date: Date, time: Time) -> Option<Timestamp> {
        self.timezone.0.to_timestamp(date.to_datetime(time)).ok()
    }
}
