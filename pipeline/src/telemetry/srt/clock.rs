//! Wall clocks as DJI writes them: no zone, many separators.

use jiff::civil::DateTime;

/// Returns the first wall clock in a line.
///
/// Forms: `2017.08.05 14:11:51`, `2017.8.5 14:11:51`, `2022-08-07 13:40:40,774,808` (milli- and microseconds),
/// `2021-12-25 12:27:52.373`.
pub fn local_time(line: &str) -> Option<DateTime> {
    let words: Vec<&str> = line.split_whitespace().collect();
    words.windows(2).find_map(|pair| match pair {
        [date, time] => date_time(date, time),
        _ => None,
    })
}

fn date_time(date: &str, time: &str) -> Option<DateTime> {
    let mut parts = date.split(['.', '-']);
    let year = number(parts.next().filter(|year| year.len() == 4)?)?;
    let (month, day) = (number(parts.next()?)?, number(parts.next()?)?);
    let mut parts = time.split([',', '.']);
    let mut clock = parts.next()?.split(':');
    let (hour, minute, second) = (number(clock.next()?)?, number(clock.next()?)?, number(clock.next()?)?);
    let millis = parts.next().and_then(number).unwrap_or(0);
    let micros = parts.next().and_then(number).unwrap_or(0);
    let nanos = i32::from(millis) * 1_000_000 + i32::from(micros) * 1_000;
    let small = |value: i16| i8::try_from(value).ok();
    DateTime::new(year, small(month)?, small(day)?, small(hour)?, small(minute)?, small(second)?, nanos).ok()
}

/// Returns a number of one to four digits.
fn number(text: &str) -> Option<i16> {
    let digits = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}
