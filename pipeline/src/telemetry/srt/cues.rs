//! Splits a subtitle file into cues, with times or without.

use super::clock;

/// One cue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cue<'a> {
    /// Its number as written.
    pub number: u64,
    /// When it starts, microseconds since the start of the video; `None` in files without times.
    pub start_us: Option<i64>,
    /// When it ends.
    pub end_us: Option<i64>,
    /// Its lines below number and times.
    pub lines: Vec<&'a str>,
}

/// Returns the cues of a file in the order written.
///
/// A cue is a line with a whole number followed by a line of times or of a wall clock.
pub fn split(text: &str) -> Vec<Cue<'_>> {
    let mut cues: Vec<Cue<'_>> = Vec::new();
    let mut lines = text.trim_start_matches('\u{feff}').lines().map(str::trim).peekable();
    while let Some(line) = lines.next() {
        let start = line.parse().ok().and_then(|number| cue_at(number, lines.peek().copied()?));
        match (start, cues.last_mut()) {
            (Some(cue), _) => {
                if cue.start_us.is_some() {
                    lines.next();
                }
                cues.push(cue);
            }
            (None, Some(cue)) if !line.is_empty() => cue.lines.push(line),
            (None, _) => {}
        }
    }
    cues
}

fn cue_at(number: u64, next_line: &str) -> Option<Cue<'_>> {
    let times = next_line.split_once("-->").and_then(|(start, end)| {
        let end = end.split_whitespace().next()?;
        Some((time_us(start.trim())?, time_us(end)?))
    });
    match times {
        Some((start, end)) => {
            Some(Cue { number, start_us: Some(start), end_us: Some(end), lines: Vec::new() })
        }
        None if clock::local_time(next_line).is_some() => {
            Some(Cue { number, start_us: None, end_us: None, lines: Vec::new() })
        }
        None => None,
    }
}

/// Returns the microseconds of `hh:mm:ss,mmm`, with comma or point.
fn time_us(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once([',', '.']).unwrap_or((text, "0"));
    let mut parts = whole.split(':').map(|part| part.parse::<u32>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let millis: u32 = fraction.parse().ok().filter(|_| fraction.len() <= 3)?;
    let secs = i64::from(hours) * 3600 + i64::from(minutes) * 60 + i64::from(seconds);
    Some(secs * 1_000_000 + i64::from(millis) * 1000)
}
