//! Lists out of CSV: every row that does not fit is named by its line.

use jiff::civil::Date;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::{Delegation, Matter};
use crate::calendar::InvalidText;
use crate::problem::Problem;

impl Matter {
    /// Reads a CSV text with the columns `code, name_zh, name_en, class, lead, valid_from, valid_to`; lines that begin with `#`
    /// are left out, dates are written `2026-06-20`, and an empty `valid_to` means no end.
    ///
    /// `name` is used in messages only.
    ///
    /// # Errors
    /// Every row that does not fit, with its line and column.
    pub fn read_csv(name: &str, text: &str) -> Result<Vec<Self>, Vec<Problem>> {
        rows(name, text)
    }
}

impl Delegation {
    /// Reads a CSV text with the columns `matter, township, department, valid_from, valid_to`, as [`Matter::read_csv`] does; an empty
    /// `department` means the township's own office.
    ///
    /// # Errors
    /// Every row that does not fit, with its line and column.
    pub fn read_csv(name: &str, text: &str) -> Result<Vec<Self>, Vec<Problem>> {
        rows(name, text)
    }
}

/// Reads rows of any list.
pub(crate) fn rows<T: DeserializeOwned>(name: &str, text: &str) -> Result<Vec<T>, Vec<Problem>> {
    // Spreadsheets like to begin with a byte-order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).from_reader(text.as_bytes());
    let headers = match reader.headers() {
        Ok(headers) => headers.clone(),
        Err(error) => return Err(vec![Problem::error(name, error.to_string())]),
    };
    let (mut rows, mut problems) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let line = |position: Option<&csv::Position>| {
            position.map_or_else(|| name.to_owned(), |at| format!("{name} line {}", at.line()))
        };
        match record {
            Err(error) => problems.push(Problem::error(line(error.position()), length_fault(&error))),
            Ok(record) => match record.deserialize(Some(&headers)) {
                Ok(row) => rows.push(row),
                Err(error) => {
                    problems
                        .push(Problem::error(line(record.position()), cell_fault(&error, &headers, &record)));
                }
            },
        }
    }
    if problems.is_empty() && rows.is_empty() {
        problems.push(Problem::error(name, "holds no row"));
    }
    if problems.is_empty() { Ok(rows) } else { Err(problems) }
}

fn length_fault(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("has {len} cells, the head has {expected_len}")
        }
        _ => error.to_string(),
    }
}

fn cell_fault(error: &csv::Error, headers: &csv::StringRecord, record: &csv::StringRecord) -> String {
    let csv::ErrorKind::Deserialize { err, .. } = error.kind() else { return error.to_string() };
    let cell = err.field().and_then(|index| {
        let index = usize::try_from(index).ok()?;
        Some((headers.get(index)?, record.get(index)?))
    });
    cell.map_or_else(
        || err.kind().to_string(),
        |(column, value)| format!("{column} {value:?}: {}", err.kind()),
    )
}

/// Reads a date, for use as `deserialize_with`.
pub(super) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let text = String::deserialize(deserializer)?;
    parsed(&text).map_err(serde::de::Error::custom)
}

/// Reads a date that may be left out, for use as `deserialize_with`.
pub(super) fn date_if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    let text = text.filter(|text| !text.trim().is_empty());
    text.map(|text| parsed(&text)).transpose().map_err(serde::de::Error::custom)
}

fn parsed(text: &str) -> Result<Date, InvalidText> {
    let invalid = |_| InvalidText { value: text.to_owned(), wanted: "a date such as 2026-06-20" };
    Date::strptime("%Y-%m-%d", text.trim()).map_err(invalid)
}
