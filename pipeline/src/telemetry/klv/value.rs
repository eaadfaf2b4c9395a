//! The value of one tag, decoded by its coding.

use jiff::Timestamp;

use super::tags::Coding;
use crate::telemetry::bytes::{signed, unsigned};

/// A decoded value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// No value: zero length, or the number that says "out of range".
    Absent,
    /// A whole number.
    Integer(i64),
    /// A number.
    Real(f64),
    /// Text.
    Text(String),
    /// A time.
    Time(Timestamp),
    /// A local set of another standard, not opened.
    Nested {
        /// Its length in bytes.
        bytes: usize,
    },
    /// Bytes as they are.
    Blob(Vec<u8>),
}

/// Returns the value in `bytes`.
///
/// # Errors
/// A sentence on what is wrong: a length the coding does not have, or a time outside the calendar.
pub fn decode(coding: Coding, bytes: &[u8]) -> Result<Value, String> {
    if bytes.is_empty() {
        return Ok(Value::Absent);
    }
    match coding {
        Coding::Text => Ok(Value::Text(text(bytes))),
        Coding::Time => time(whole(bytes, 8)?),
        Coding::Integer { width, step } => {
            Ok(Value::Integer(unsigned(whole(bytes, width)?).unwrap_or_default() as i64 * i64::from(step)))
        }
        Coding::Signed { width } => Ok(Value::Integer(signed(whole(bytes, width)?).unwrap_or_default())),
        Coding::Linear { width, min, max } => Ok(linear(whole(bytes, width)?, min, max)),
        Coding::Angle { width, limit } => Ok(angle(whole(bytes, width)?, limit)),
        Coding::Nested => Ok(Value::Nested { bytes: bytes.len() }),
        Coding::Blob => Ok(Value::Blob(bytes.to_vec())),
    }
}

fn whole(bytes: &[u8], width: usize) -> Result<&[u8], String> {
    if bytes.len() == width { Ok(bytes) } else { Err(format!("takes {} bytes, not {width}", bytes.len())) }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned()
}

fn time(bytes: &[u8]) -> Result<Value, String> {
    let micros = unsigned(bytes).unwrap_or_default();
    i64::try_from(micros)
        .ok()
        .and_then(|micros| Timestamp::from_microsecond(micros).ok())
        .map(Value::Time)
        .ok_or_else(|| format!("{micros} us lies outside the calendar"))
}

fn linear(bytes: &[u8], min: f64, max: f64) -> Value {
    let steps = 2f64.powi(bytes.len() as i32 * 8) - 1.0;
    Value::Real((max - min) / steps * unsigned(bytes).unwrap_or_default() as f64 + min)
}

fn angle(bytes: &[u8], limit: f64) -> Value {
    let half_steps = 2f64.powi(bytes.len() as i32 * 8 - 1) - 1.0;
    let number = signed(bytes).unwrap_or_default() as f64;
    if number < -half_steps { Value::Absent } else { Value::Real(limit / half_steps * number) }
}
