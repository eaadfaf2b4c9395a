//! Tables of pan, tilt and zoom by time: CSV with a head line, or JSON lines with the same keys.
//!
//! | key | what |
//! |---|---|
//! | `time` or `elapsed_secs` | RFC 3339, or seconds since the first frame |
//! | `pan_deg`, `tilt_deg` | degrees of the head |
//! | `pan`, `tilt` | instead: -1 to 1 over the ranges of the head |
//! | `zoom` | 0 to 1, where the lens zooms |
//! | `moving` | `true` while the camera turns or zooms; `false` when absent |

use gis::camera::PanTilt;
use jiff::Timestamp;
use serde::Deserialize;

use super::PtzReport;

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct TableError {
    /// The line.
    pub line: u64,
    /// Why, with column and value.
    pub reason: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    time: Option<Timestamp>,
    elapsed_secs: Option<f64>,
    pan_deg: Option<f64>,
    tilt_deg: Option<f64>,
    pan: Option<f64>,
    tilt: Option<f64>,
    zoom: Option<f64>,
    moving: Option<bool>,
}

/// Reads a table: reports by microseconds since 1970, those by elapsed time counted from `start`.
///
/// # Errors
/// Names the line and the column of the first row that cannot be read.
pub fn read(text: &str, start: Timestamp) -> Result<Vec<(i64, PtzReport)>, TableError> {
    let rows = if text.trim_start().starts_with('{') { json_lines(text)? } else { csv(text)? };
    rows.into_iter()
        .map(|(line, row)| row.report(start).map_err(|reason| TableError { line, reason }))
        .collect()
}

fn json_lines(text: &str) -> Result<Vec<(u64, Row)>, TableError> {
    let lines = text.lines().zip(1_u64..).filter(|(line, _)| !line.trim().is_empty());
    lines
        .map(|(text, line)| {
            let row = serde_json::from_str(text).map_err(|e| TableError { line, reason: e.to_string() })?;
            Ok((line, row))
        })
        .collect()
}

fn csv(text: &str) -> Result<Vec<(u64, Row)>, TableError> {
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).from_reader(text.as_bytes());
    let failed = |line: u64, error: &csv::Error| TableError { line, reason: error.to_string() };
    let headers = reader.headers().map_err(|error| failed(1, &error))?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record =
            record.map_err(|error| failed(error.position().map_or(0, csv::Position::line), &error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let row = record.deserialize(Some(&headers)).map_err(|error| {
            let csv::ErrorKind::Deserialize { err, .. } = error.kind() else { return failed(line, &error) };
            let column = err.field().and_then(|index| headers.get(usize::try_from(index).ok()?));
            let reason = format!("{}: {}", column.unwrap_or("?"), err.kind());
            TableError { line, reason }
        })?;
        rows.push((line, row));
    }
    Ok(rows)
}

impl Row {
    fn report(&self, start: Timestamp) -> Result<(i64, PtzReport), String> {
        let numbers = [
            ("elapsed_secs", self.elapsed_secs),
            ("pan_deg", self.pan_deg),
            ("tilt_deg", self.tilt_deg),
            ("pan", self.pan),
            ("tilt", self.tilt),
            ("zoom", self.zoom),
        ];
        if let Some((name, Some(value))) =
            numbers.into_iter().find(|(_, value)| value.is_some_and(|value| !value.is_finite()))
        {
            return Err(format!("{name} is {value}, expected a finite number"));
        }
        let at_us = match (self.time, self.elapsed_secs) {
            (Some(time), None) => time.as_microsecond(),
            (None, Some(secs)) => start.as_microsecond().saturating_add((secs * 1e6).round() as i64),
            _ => return Err("give either time or elapsed_secs".to_owned()),
        };
        let pan_tilt = match (self.pan_deg.zip(self.tilt_deg), self.pan.zip(self.tilt)) {
            (Some((pan_deg, tilt_deg)), None) => PanTilt::Degrees { pan_deg, tilt_deg },
            (None, Some((pan, tilt))) => PanTilt::Normalised { pan, tilt },
            _ => return Err("give either pan_deg and tilt_deg or pan and tilt".to_owned()),
        };
        Ok((at_us, PtzReport { pan_tilt, zoom: self.zoom, moving: self.moving.unwrap_or(false) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_at_zero(text: &str) -> Result<Vec<(i64, PtzReport)>, String> {
        read(text, Timestamp::UNIX_EPOCH).map_err(|error| error.to_string())
    }

    #[test]
    fn csv_and_json_lines_of_one_content_are_the_same() {
        let csv = "elapsed_secs,pan,tilt,zoom,moving\n0.5,0.1,-0.2,0.3,\n1.0,0.2,-0.2,0.3,true\n";
        let json = "{\"elapsed_secs\":0.5,\"pan\":0.1,\"tilt\":-0.2,\"zoom\":0.3}\n\n\
                    {\"elapsed_secs\":1.0,\"pan\":0.2,\"tilt\":-0.2,\"zoom\":0.3,\"moving\":true}\n";
        let found = read_at_zero(csv).unwrap();
        assert_eq!(found, read_at_zero(json).unwrap());
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].0, 500_000);
        assert!(!found[0].1.moving && found[1].1.moving);
    }

    #[test]
    fn degrees_by_the_clock_need_no_range() {
        let found = read_at_zero("time,pan_deg,tilt_deg\n1970-01-01T00:00:02Z,30,-20\n").unwrap();
        let expected = PanTilt::Degrees { pan_deg: 30.0, tilt_deg: -20.0 };
        assert_eq!((found[0].0, found[0].1.pan_tilt, found[0].1.zoom), (2_000_000, expected, None));
    }

    #[test]
    fn what_is_wrong_is_named_by_line_and_column() {
        let check = |text: &str, expect: &str| assert_eq!(read_at_zero(text).unwrap_err(), expect);
        check("elapsed_secs,pan,tilt\n0,x,0\n", "line 2: pan: invalid float literal");
        check("elapsed_secs,pan,tilt\n0,NaN,0\n", "line 2: pan is NaN, expected a finite number");
        check("elapsed_secs,pan\n0,1\n", "line 2: give either pan_deg and tilt_deg or pan and tilt");
        check("pan,tilt\n0,1\n", "line 2: give either time or elapsed_secs");
        assert!(read_at_zero("{\"pan\":0}\n{\"pam\":0}").unwrap_err().contains("line 1"));
        assert!(read_at_zero("elapsed_secs,pan,tilt,zoon\n0,1,0,1\n").unwrap_err().contains("zoon"));
    }
}
