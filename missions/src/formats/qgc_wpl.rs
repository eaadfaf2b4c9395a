//! `QGC WPL 110`: a text of mission items, one a line.
//!
//! # References
//! MAVLink developer guide, file formats: index, current, frame, command, param 1 to 4, x, y, z, autocontinue; item 0 is home.

use std::fmt::Write;

use gis::LatLon;

use super::mavlink::{Item, items, plan_of};
use super::{Format, FormatError, Imported};
use crate::plan::Plan;

const HEADER: &str = "QGC WPL 110";
const MOST_ITEMS: usize = 200_000;

/// Writes a plan; names of legs have no place in it.
pub fn write(plan: &Plan) -> String {
    let home = plan.home.unwrap_or(LatLon { lat_deg: 0.0, lon_deg: 0.0 });
    let mut text = format!("{HEADER}\n");
    let at_home =
        Item { command: 16, frame: 0, params: [0.0, 0.0, 0.0, 0.0, home.lat_deg, home.lon_deg, 0.0] };
    for (index, item) in std::iter::once(at_home).chain(items(plan)).enumerate() {
        // Text has no NaN that every reader stands; 0 means "not set" for the parameters that are left open.
        let params: Vec<String> =
            item.params.iter().map(|value| if value.is_nan() { 0.0 } else { *value }.to_string()).collect();
        let current = u8::from(index == 0);
        // Writing to a text cannot fail.
        let _ =
            writeln!(text, "{index}\t{current}\t{}\t{}\t{}\t1", item.frame, item.command, params.join("\t"));
    }
    text
}

/// Reads a plan.
///
/// # Errors
/// When a line is none, with its number.
pub fn read(text: &str) -> Result<Imported, FormatError> {
    let mut lines = text.lines().enumerate();
    match lines.next() {
        Some((_, first)) if first.trim() == HEADER => {}
        Some((_, first)) => {
            let reason = format!("the first line is {:?}; only {HEADER} is read", shortened(first));
            return Err(FormatError::NotReadable { format: HEADER, reason });
        }
        None => return Err(FormatError::NotReadable { format: HEADER, reason: "it is empty".to_owned() }),
    }
    let mut read = Vec::new();
    for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#')) {
        let item = item(line)
            .map_err(|reason| FormatError::Field { place: format!("line {}", number + 1), reason })?;
        read.push(item);
        if read.len() > MOST_ITEMS {
            return Err(FormatError::TooLarge { what: "the list of items".to_owned(), most: MOST_ITEMS });
        }
    }
    let home = read.first().and_then(|item| LatLon::new(item.params[4], item.params[5]));
    let home = home.filter(|at| at.lat_deg != 0.0 || at.lon_deg != 0.0);
    let mut notes = Vec::new();
    let plan = plan_of(read.get(1..).unwrap_or_default(), home, &mut notes)?;
    Ok(Imported { plan, format: Format::QgcWpl, dji: None, notes, faults: Vec::new() })
}

fn item(line: &str) -> Result<Item, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    if words.len() != 12 {
        return Err(format!("{} columns instead of 12", words.len()));
    }
    let number = |word: &str| {
        let value = word.parse::<f64>().ok().filter(|value| value.is_finite());
        value.ok_or_else(|| format!("{:?} is no number", shortened(word)))
    };
    let frame = words[2].parse().map_err(|_| format!("frame {:?}", shortened(words[2])))?;
    let command = words[3].parse().map_err(|_| format!("command {:?}", shortened(words[3])))?;
    let mut params = [0.0; 7];
    for (slot, word) in params.iter_mut().zip(&words[4..11]) {
        *slot = number(word)?;
    }
    Ok(Item { command, frame, params })
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}
