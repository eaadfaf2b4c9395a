//! Archives that were not made here are packed by anyone: names may lead out of them, and a little may unpack to a lot.

use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::not;
use crate::formats::{FormatError, MOST_BYTES};

const MOST_ENTRIES: usize = 4_096;

/// Packs files.
pub fn pack(files: &[(String, String)]) -> Result<Vec<u8>, FormatError> {
    let failed = |error: &dyn std::fmt::Display| not(format!("cannot be packed: {error}"));
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    // The same plan makes the same bytes: the time of an entry is none.
    let options = SimpleFileOptions::default().last_modified_time(zip::DateTime::default());
    for (name, text) in files {
        writer.start_file(name.as_str(), options).map_err(|error| failed(&error))?;
        writer.write_all(text.as_bytes()).map_err(|error| failed(&error))?;
    }
    Ok(writer.finish().map_err(|error| failed(&error))?.into_inner())
}

/// Unpacks the files of these names from `wpmz/`, or from the root as some tools pack them.
pub fn unpack(bytes: &[u8], wanted: &[&str]) -> Result<Vec<(String, String)>, FormatError> {
    let failed = |error: &dyn std::fmt::Display| not(error.to_string());
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| failed(&error))?;
    if archive.len() > MOST_ENTRIES {
        return Err(not(format!("{} entries are more than {MOST_ENTRIES}", archive.len())));
    }
    let mut found = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|error| failed(&error))?;
        let name = entry.name().map_err(|error| failed(&error))?.to_string();
        if leads_out(&name) {
            return Err(FormatError::Traversal(name));
        }
        let inside = name.strip_prefix("wpmz/").unwrap_or(&name);
        let Some(wanted) = wanted.iter().find(|wanted| **wanted == inside) else { continue };
        let mut unpacked = Vec::new();
        entry.take(MOST_BYTES as u64 + 1).read_to_end(&mut unpacked).map_err(|error| failed(&error))?;
        if unpacked.len() > MOST_BYTES {
            return Err(FormatError::TooLarge { what: format!("{name} unpacked"), most: MOST_BYTES });
        }
        let text = String::from_utf8(unpacked).map_err(|error| failed(&error))?;
        found.push(((*wanted).to_owned(), text));
    }
    Ok(found)
}

/// Tells whether a name would lie outside of the folder it is unpacked to.
fn leads_out(name: &str) -> bool {
    let drive = name.as_bytes().get(1) == Some(&b':');
    name.starts_with(['/', '\\']) || drive || name.split(['/', '\\']).any(|part| part == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(name: &str, text: &str) -> Vec<u8> {
        pack(&[(name.to_owned(), text.to_owned())]).unwrap()
    }

    #[test]
    fn names_that_lead_out_are_refused() {
        for name in ["../waylines.wpml", "wpmz/../../x", "/etc/passwd", "wpmz\\..\\..\\x", "C:/x"] {
            let refused = unpack(&packed(name, ""), &["waylines.wpml"]);
            assert!(matches!(refused, Err(FormatError::Traversal(_))), "{name}: {refused:?}");
        }
    }

    #[test]
    fn what_unpacks_to_too_much_is_refused_before_it_is_unpacked() {
        let bomb = packed("wpmz/waylines.wpml", &" ".repeat(MOST_BYTES + 10));
        assert!(bomb.len() < 1_000_000, "{}", bomb.len());
        let refused = unpack(&bomb, &["waylines.wpml"]);
        assert!(matches!(refused, Err(FormatError::TooLarge { .. })));
        assert!(unpack(&bomb[..bomb.len() / 2], &["waylines.wpml"]).is_err());
    }

    #[test]
    fn files_at_the_root_are_found_too() {
        let found = unpack(&packed("waylines.wpml", "x"), &["waylines.wpml"]).unwrap();
        assert_eq!(found, [("waylines.wpml".to_owned(), "x".to_owned())]);
    }
}
