//! DJI's WPML: a KMZ of `wpmz/template.kml` and `wpmz/waylines.wpml`.
//!
//! # References
//! DJI Cloud API, API reference, DJI WPML: overview, template.kml, waylines.wpml, common elements.

mod archive;
mod fields;
mod read;
mod tree;
mod write;

use super::{Beside, FormatError, Imported};
use crate::aircraft::DjiModel;
use crate::plan::Plan;

const NAME: &str = "KMZ of DJI";
const TEMPLATE: &str = "template.kml";
const WAYLINES: &str = "waylines.wpml";
/// What formats of DJI have no place for; `res/` is for what belongs to a plan.
const BESIDE: &str = "res/flyonce.json";

/// Writes the archive.
///
/// # Errors
/// When the archive cannot be made.
pub fn write(plan: &Plan, model: &DjiModel, created_ms: i64) -> Result<Vec<u8>, FormatError> {
    let template = write::template(plan, model, created_ms);
    let waylines = write::waylines(plan, model);
    let beside = serde_json::to_string(&Beside::of(plan)).map_err(|error| not(error.to_string()))?;
    let files = [(TEMPLATE, template), (WAYLINES, waylines), (BESIDE, beside)];
    archive::pack(&files.map(|(name, text)| (format!("wpmz/{name}"), text)))
}

/// Reads the archive.
///
/// # Errors
/// When it is none, leads out of itself, unpacks to too much, or holds no waylines.
pub fn read(bytes: &[u8]) -> Result<Imported, FormatError> {
    let files = archive::unpack(bytes, &[WAYLINES, TEMPLATE, BESIDE])?;
    let of = |name: &str| files.iter().find(|(found, _)| found == name).map(|(_, text)| text.as_str());
    let waylines = of(WAYLINES).ok_or_else(|| not(format!("the archive holds no {WAYLINES}")))?;
    let mut imported = read_waylines(waylines)?;
    if let Some(template) = of(TEMPLATE) {
        let template = tree::parse(template, TEMPLATE)?;
        imported.plan.home = read::home(&template);
        imported.faults.extend(fields::faults(&template, fields::File::Template));
    } else {
        imported.faults.push(format!("the archive holds no {TEMPLATE}"));
    }
    match of(BESIDE).map(serde_json::from_str::<Beside>) {
        Some(Ok(beside)) => beside.put_into(&mut imported.plan),
        Some(Err(error)) => imported.notes.push(format!("{BESIDE} cannot be read: {error}")),
        None => {}
    }
    imported.plan.check()?;
    Ok(imported)
}

/// Reads waylines alone.
///
/// # Errors
/// When the text is no such document.
pub fn read_waylines(text: &str) -> Result<Imported, FormatError> {
    let tree = tree::parse(text, WAYLINES)?;
    let mut imported = read::plan(&tree)?;
    imported.faults.extend(fields::faults(&tree, fields::File::Waylines));
    Ok(imported)
}

/// Returns what a document breaks of the tables of fields; `template` tells which of the two it is.
///
/// # Errors
/// When it is no XML.
pub fn field_faults(text: &str, template: bool) -> Result<Vec<String>, FormatError> {
    let (name, file) =
        if template { (TEMPLATE, fields::File::Template) } else { (WAYLINES, fields::File::Waylines) };
    Ok(fields::faults(&tree::parse(text, name)?, file))
}

fn not(reason: String) -> FormatError {
    FormatError::NotReadable { format: NAME, reason }
}
