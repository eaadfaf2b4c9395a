//! Due in 15 minutes, in 24 working hours or on the third working day.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::calendar::{Calendar, InvalidText, serde_as_text};
use crate::problem::from_text;

/// How long a department may take.
///
/// | written | meaning |
/// |---|---|
/// | `90 s`, `15min`, `4h`, `2 days` | elapsed time, day and night |
/// | `24 working hours` | time within office hours of working days |
/// | `3 working days` | end of office hours of the third working day after the day of the start, which does not count |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowance {
    /// Elapsed seconds.
    Seconds(i64),
    /// Hours within office hours.
    WorkingHours(i64),
    /// Working days after the day of the start.
    WorkingDays(i64),
}

const SECONDS_BY_UNIT: [(&str, i64); 11] = [
    ("s", 1),
    ("sec", 1),
    ("min", 60),
    ("minute", 60),
    ("minutes", 60),
    ("h", 3600),
    ("hour", 3600),
    ("hours", 3600),
    ("d", 86_400),
    ("day", 86_400),
    ("days", 86_400),
];

/// Longest allowance; beyond it a typing mistake is more likely.
const MAX_SECONDS: i64 = 366 * 86_400;

impl FromStr for Allowance {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        let wanted = "a time such as 15min, 4h, 2 days, 24 working hours or 3 working days, at most a year";
        let invalid = || InvalidText { value: text.to_owned(), wanted };
        let trimmed = text.trim();
        let split = trimmed.find(|c: char| !c.is_ascii_digit()).ok_or_else(invalid)?;
        let (number, unit) = trimmed.split_at(split);
        let number: i64 = number.parse().map_err(|_| invalid())?;
        let words: Vec<&str> = unit.split_whitespace().collect();
        let (allowance, seconds) = match words.as_slice() {
            ["working", "hour" | "hours"] => (Self::WorkingHours(number), number.checked_mul(3600)),
            ["working", "day" | "days"] => (Self::WorkingDays(number), number.checked_mul(86_400)),
            [unit] => {
                let seconds_each =
                    SECONDS_BY_UNIT.iter().find(|(name, _)| name == unit).ok_or_else(invalid)?.1;
                let seconds = number.checked_mul(seconds_each).ok_or_else(invalid)?;
                (Self::Seconds(seconds), Some(seconds))
            }
            _ => return Err(invalid()),
        };
        let in_range = seconds.is_some_and(|seconds| (1..=MAX_SECONDS).contains(&seconds));
        if in_range { Ok(allowance) } else { Err(invalid()) }
    }
}

impl fmt::Display for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Seconds(seconds) if seconds % 86_400 == 0 => write!(f, "{} days", seconds / 86_400),
            Self::Seconds(seconds) if seconds % 3600 == 0 => write!(f, "{}h", seconds / 3600),
            Self::Seconds(seconds) if seconds % 60 == 0 => write!(f, "{}min", seconds / 60),
            Self::Seconds(seconds) => write!(f, "{seconds}s"),
            Self::WorkingHours(hours) => write!(f, "{hours} working hours"),
            Self::WorkingDays(days) => write!(f, "{days} working days"),
        }
    }
}

serde_as_text!(Allowance);

impl Allowance {
    /// Returns the moment by which a task that starts at `from` is due.
    ///
    /// None only where the calendar holds no working time within a year, or time itself ends.
    pub fn due(self, from: Timestamp, calendar: &Calendar) -> Option<Timestamp> {
        match self {
            Self::Seconds(seconds) => from.checked_add(SignedDuration::from_secs(seconds)).ok(),
            Self::WorkingHours(hours) => {
                working_time_after(from, SignedDuration::from_hours(hours), calendar)
            }
            Self::WorkingDays(days) => {
                let mut date = calendar.local(from).0;
                for _ in 0..days {
                    date = calendar.next_working_day(date)?;
                }
                calendar.timestamp(date, calendar.office_hours.last()?.to)
            }
        }
    }
}

impl Allowance {
    /// Returns the moment by which a task is due whose clock stood from `paused` to `resumed`.
    ///
    /// Elapsed time moves on by the pause; working hours by the working time of the pause; working days by the working days that
    /// began in it. What was due before the pause stays missed. None as in [`Allowance::due`].
    pub fn after_pause(
        self,
        due: Timestamp,
        paused: Timestamp,
        resumed: Timestamp,
        calendar: &Calendar,
    ) -> Option<Timestamp> {
        if due <= paused || resumed <= paused {
            return Some(due);
        }
        match self {
            Self::Seconds(_) => due.checked_add(paused.duration_until(resumed)).ok(),
            Self::WorkingHours(_) => {
                let left = working_time_between(paused, due, calendar);
                working_time_after(resumed, left, calendar)
            }
            Self::WorkingDays(_) => {
                let (last, end) = (calendar.local(resumed).0, calendar.office_hours.last()?.to);
                let mut begun = calendar.local(paused).0;
                let mut date = calendar.local(due).0;
                while let Some(next) = calendar.next_working_day(begun).filter(|next| *next <= last) {
                    begun = next;
                    date = calendar.next_working_day(date)?;
                }
                calendar.timestamp(date, end)
            }
        }
    }
}

/// Time within office hours between two moments.
fn working_time_between(from: Timestamp, to: Timestamp, calendar: &Calendar) -> SignedDuration {
    let (start, last) = (calendar.local(from).0, calendar.local(to).0);
    let first = if calendar.works_on(start) { Some(start) } else { calendar.next_working_day(start) };
    let days = std::iter::successors(first, |day| calendar.next_working_day(*day));
    days.take_while(|day| *day <= last)
        .flat_map(|day| office_hours(day, calendar).collect::<Vec<_>>())
        .map(|(opens, closes)| opens.max(from).duration_until(closes.min(to)))
        .filter(SignedDuration::is_positive)
        .fold(SignedDuration::ZERO, SignedDuration::saturating_add)
}

fn working_time_after(from: Timestamp, mut left: SignedDuration, calendar: &Calendar) -> Option<Timestamp> {
    let start = calendar.local(from).0;
    let mut date = if calendar.works_on(start) { start } else { calendar.next_working_day(start)? };
    loop {
        for (opens, closes) in office_hours(date, calendar) {
            let begin = opens.max(from);
            let open = begin.duration_until(closes);
            if open >= left {
                return begin.checked_add(left).ok();
            }
            if open.is_positive() {
                left -= open;
            }
        }
        date = calendar.next_working_day(date)?;
    }
}

fn office_hours(date: Date, calendar: &Calendar) -> impl Iterator<Item = (Timestamp, Timestamp)> {
    let moments = move |hours: &crate::calendar::HourRange| {
        Some((calendar.timestamp(date, hours.from)?, calendar.timestamp(date, hours.to)?))
    };
    calendar.office_hours.iter().filter_map(moments)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Office hours 09:00-12:00 and 14:00-17:00; National Day 2026 with its shifted working days.
    fn calendar() -> Calendar {
        crate::problem::from_toml(
            r#"
            timezone = "Asia/Shanghai"
            office_hours = ["09:00-12:00", "14:00-17:00"]
            weekend = ["saturday", "sunday"]
            holidays = ["2026-10-01..2026-10-07"]
            working_weekends = ["2026-09-20", "2026-10-10"]
            "#,
        )
        .unwrap()
    }

    fn check(allowance: &str, from: &str, expect: &str) {
        let due = allowance.parse::<Allowance>().unwrap().due(from.parse().unwrap(), &calendar());
        assert_eq!(due, Some(expect.parse().unwrap()), "{allowance} from {from}");
    }

    #[test]
    fn elapsed_time_runs_day_and_night() {
        check("15min", "2026-06-20T23:50:00+08:00", "2026-06-21T00:05:00+08:00");
        check("90 s", "2026-06-20T00:00:00Z", "2026-06-20T00:01:30Z");
        check("2 days", "2026-10-01T08:00:00+08:00", "2026-10-03T08:00:00+08:00");
    }

    #[test]
    fn working_days_skip_weekends_and_holidays_and_use_shifted_days() {
        check("1 working day", "2026-06-26T10:00:00+08:00", "2026-06-29T17:00:00+08:00");
        check("1 working days", "2026-09-30T16:00:00+08:00", "2026-10-08T17:00:00+08:00");
        check("3 working days", "2026-09-30T16:00:00+08:00", "2026-10-10T17:00:00+08:00");
        check("1 working day", "2026-10-03T12:00:00+08:00", "2026-10-08T17:00:00+08:00");
    }

    #[test]
    fn working_hours_count_only_inside_office_hours() {
        check("2 working hours", "2026-06-22T11:00:00+08:00", "2026-06-22T15:00:00+08:00");
        check("1 working hour", "2026-06-22T11:00:00+08:00", "2026-06-22T12:00:00+08:00");
        check("4 working hours", "2026-06-26T16:00:00+08:00", "2026-06-29T12:00:00+08:00");
        check("6 working hours", "2026-06-27T03:00:00+08:00", "2026-06-29T17:00:00+08:00");
    }

    fn check_pause(allowance: &str, due: &str, pause: [&str; 2], expect: &str) {
        let [due, paused, resumed, expect] = [due, pause[0], pause[1], expect].map(|t| t.parse().unwrap());
        let allowance: Allowance = allowance.parse().unwrap();
        assert_eq!(allowance.after_pause(due, paused, resumed, &calendar()), Some(expect), "{allowance}");
    }

    #[test]
    fn pause_moves_elapsed_time_by_its_length_and_working_time_by_its_working_time() {
        let night = ["2026-06-22T16:00:00+08:00", "2026-06-23T10:00:00+08:00"];
        check_pause("4h", "2026-06-22T18:00:00+08:00", night, "2026-06-23T12:00:00+08:00");
        // Two working hours were left (16:00-17:00, 09:00-10:00): 10:00-12:00 after the pause.
        check_pause("4 working hours", "2026-06-23T10:00:00+08:00", night, "2026-06-23T12:00:00+08:00");
        check_pause("3 working days", "2026-06-25T17:00:00+08:00", night, "2026-06-26T17:00:00+08:00");
    }

    #[test]
    fn pause_over_a_weekend_costs_no_working_time() {
        let weekend = ["2026-06-26T17:00:00+08:00", "2026-06-29T09:00:00+08:00"];
        check_pause("4 working hours", "2026-06-29T11:00:00+08:00", weekend, "2026-06-29T11:00:00+08:00");
        let saturday = ["2026-06-27T08:00:00+08:00", "2026-06-28T20:00:00+08:00"];
        check_pause("1 working day", "2026-06-29T17:00:00+08:00", saturday, "2026-06-29T17:00:00+08:00");
    }

    #[test]
    fn what_was_due_before_the_pause_stays_missed() {
        let pause = ["2026-06-22T16:00:00+08:00", "2026-06-23T10:00:00+08:00"];
        for allowance in ["4h", "2 working hours", "1 working day"] {
            check_pause(allowance, "2026-06-22T15:00:00+08:00", pause, "2026-06-22T15:00:00+08:00");
        }
    }

    #[test]
    fn text_that_is_no_time_is_refused_with_its_value() {
        for text in [
            "",
            "15",
            "min",
            "-3h",
            "3 moon",
            "0min",
            "3 working",
            "400 days",
            "99999999999999999999h",
            "9223372036854775807d",
        ] {
            let error = text.parse::<Allowance>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("{text:?} is not a time such as")), "{error}");
        }
    }

    #[test]
    fn written_form_reads_back_as_the_same_time() {
        for text in ["90s", "15min", "4h", "2 days", "24 working hours", "3 working days"] {
            assert_eq!(text.parse::<Allowance>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn calendar_without_working_days_gives_no_due_time() {
        let mut calendar = calendar();
        calendar.office_hours.clear();
        let from = "2026-06-22T11:00:00+08:00".parse().unwrap();
        assert_eq!(Allowance::WorkingDays(1).due(from, &calendar), None);
    }
}
