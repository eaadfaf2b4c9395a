//! DJI subtitles beside a video: every dialect found, by the marks in the text and never by file name.
//!
//! | dialect | example | aircraft |
//! | --- | --- | --- |
//! | brackets | `[latitude: 41.4] [longtitude : 2.2] [rel_alt: 1.0 abs_alt: 9.0] [gb_yaw: 1 ...]` | Mavic 2 and later |
//! | lines | `HOME(lon,lat) date` / `GPS(lon,lat,satellites) BAROMETER:1.9` | Mavic Pro, Phantom 4 |
//! | lines, latitude first | `GPS(lat,lon,0.0M) BAROMETER:0.3M` | Matrice 300, Avata 2 |
//! | one line | `F/5.6, SS 400, ..., GPS (lon, lat, satellites), H 85.80m, F.PRY (..), G.PRY (..)` | Phantom 4 RTK, Mini |
//! | no cue times | number, wall clock, brackets | re-formatted files |
//!
//! Quirks: `fnum : 280` is f/2.8 and `focal_len : 240` is 24.0 mm (35 mm equivalent) in old files, `2.8` and `24.00` in
//! new ones; `dzoom_ratio: 10000` is 1. Wall clocks carry no zone, so samples are joined by the time of their cue.
//! A position of 0/0 is no fix. `BAROMETER:`, `Hb:` and `H` are heights above take-off; the datum of `altitude`,
//! `abs_alt` and of a height inside `GPS(..)` is not stated by the maker.

mod clock;
mod cues;
mod fields;
mod gps;
mod to_record;

use super::error::{Problem, TelemetryError};
use super::record::{Reading, Record};
use cues::Cue;
use to_record::Parsed;

const KIND: &str = "an SRT file";

/// Reads the telemetry of a subtitle file.
///
/// # Errors
/// When it holds no cue, or no cue holds a field known here.
pub fn read(name: &str, bytes: &[u8]) -> Result<Reading, TelemetryError> {
    let text = String::from_utf8_lossy(bytes);
    let cues = cues::split(&text);
    let mut problems = Vec::new();
    let parsed: Vec<Parsed> = cues.iter().map(|cue| to_record::record(cue, &mut problems)).collect();
    note_missing_positions(&cues, &parsed, &mut problems);
    let mut records: Vec<Record> = parsed.into_iter().map(|parsed| parsed.record).collect();
    let silent = |record: &Record| record.extras.is_empty() && record.sample.position.is_none();
    if records.iter().all(silent) {
        let reason = match cues.len() {
            0 => "it holds no cue".to_owned(),
            count => format!("none of its {count} cues holds a field of a drone"),
        };
        return Err(TelemetryError::NoTelemetry { name: name.to_owned(), kind: KIND, reason });
    }
    elapse_by_wall_clock(&cues, &mut records);
    problems.sort_by_key(|problem| problem.place);
    Ok(Reading::new(KIND, records, problems))
}

/// Gives cues without times the time since the first one's wall clock.
fn elapse_by_wall_clock(cues: &[Cue<'_>], records: &mut [Record]) {
    let first = records.first().and_then(|record| record.sample.local_time);
    for (cue, record) in cues.iter().zip(records) {
        if cue.start_us.is_none()
            && let (Some(first), Some(time)) = (first, record.sample.local_time)
        {
            let micros = time.duration_since(first).as_micros();
            record.sample.elapsed_us = i64::try_from(micros).ok();
        }
    }
}

/// A file that writes positions should write them in all its cues: says where it does not. 0/0 is written.
fn note_missing_positions(cues: &[Cue<'_>], parsed: &[Parsed], problems: &mut Vec<Problem>) {
    if parsed.iter().any(|parsed| parsed.writes_position) {
        let missing = cues.iter().zip(parsed).filter(|(_, parsed)| !parsed.writes_position);
        problems.extend(missing.map(|(cue, _)| Problem::in_cue(cue.number, "holds no position")));
    }
}
