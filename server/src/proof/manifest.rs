//! The manifest beside the files of evidence: hash and marks of each, and of each of its own lines.
//!
//! A line is `SHA-256 of the file, its marks, its name`, then the SHA-256 and the marks of that, apart by tabs. Lines are only
//! added. The chain in the store says which files there must be; the manifest says at which byte one differs.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use store::{Changed, changed_at, marks_of};

/// Name of the manifest in a folder.
pub const MANIFEST: &str = "manifest.txt";

/// What a manifest says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// By which a changed byte is found.
    pub marks: String,
}

/// A line of a manifest that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoilt {
    /// Number of the line, from 1.
    pub line: usize,
    /// Offset of the line.
    pub at: u64,
    /// What changed, its offsets counted from the beginning of the manifest.
    pub changed: Changed,
}

/// Adds a line for a file of this content, synced; all of it or, as with a full disk, nothing.
///
/// # Errors
/// When the manifest cannot be written.
pub fn add(folder: &Path, file: &str, sha256: &str, bytes: &[u8]) -> std::io::Result<()> {
    let mut manifest = OpenOptions::new().create(true).append(true).open(folder.join(MANIFEST))?;
    // One writer at a time, of all threads and processes: what one could not finish is cut off before the next one adds.
    manifest.lock()?;
    let before = manifest.metadata()?.len();
    let line = line(file, sha256, &marks_of(bytes));
    let added = manifest.write_all(line.as_bytes()).and_then(|()| manifest.sync_data());
    if added.is_err() {
        // The first error is the one to tell.
        drop(manifest.set_len(before));
    }
    added
}

/// Returns the line of a file.
pub fn line(file: &str, sha256: &str, marks: &str) -> String {
    let text = format!("{sha256} {marks} {file}");
    format!("{text}\t{}\t{}\n", models::pack::sha256_hex(text.as_bytes()), marks_of(text.as_bytes()))
}

/// Reads the manifest of a folder; one that is not there is empty.
///
/// # Errors
/// When it cannot be read.
pub fn read(folder: &Path) -> std::io::Result<(BTreeMap<String, Entry>, Vec<Spoilt>)> {
    let mut bytes = Vec::new();
    match File::open(folder.join(MANIFEST)) {
        Ok(mut file) => file.read_to_end(&mut bytes)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    Ok(parse(&bytes))
}

fn parse(bytes: &[u8]) -> (BTreeMap<String, Entry>, Vec<Spoilt>) {
    let (mut entries, mut spoilt, mut at) = (BTreeMap::new(), Vec::new(), 0);
    for (number, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        match entry(line) {
            Ok((file, entry)) => drop(entries.insert(file, entry)),
            Err(changed) => {
                spoilt.push(Spoilt { line: number + 1, at: at as u64, changed: moved(changed, at as u64) });
            }
        }
        at += line.len();
    }
    (entries, spoilt)
}

/// Reads a line, or tells what changed in it.
fn entry(line: &[u8]) -> Result<(String, Entry), Changed> {
    let whole = Changed::Within { from: 0, to: line.len() as u64 };
    let mut parts = line.splitn(3, |byte| *byte == b'\t');
    let (Some(text), Some(digest), Some(tail)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(whole);
    };
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    let (sha256, marks) = (models::pack::sha256_hex(text), marks_of(text));
    if digest != sha256.as_bytes() && lossy(tail) != marks {
        return Err(changed_at(text, &lossy(tail), &lossy(digest)));
    }
    // The text is as it was; the rest of the line follows from it.
    let wanted = [text, b"\t", sha256.as_bytes(), b"\t", marks.as_bytes(), b"\n"].concat();
    if wanted != line {
        return Err(first_difference(line, &wanted));
    }
    let text = lossy(text);
    let fields: Vec<&str> = text.splitn(3, ' ').collect();
    let [sha256, marks, file] = fields[..] else { return Err(whole) };
    Ok((file.to_owned(), Entry { sha256: sha256.to_owned(), marks: marks.to_owned() }))
}

fn first_difference(line: &[u8], wanted: &[u8]) -> Changed {
    match line.iter().zip(wanted).position(|(is, was)| is != was) {
        Some(at) if line.len() == wanted.len() => {
            let byte = |of: &[u8]| of.get(at).copied().unwrap_or_default();
            Changed::Byte { offset: at as u64, was: byte(wanted), is: byte(line) }
        }
        Some(at) => Changed::Within { from: at as u64, to: line.len() as u64 },
        None if line.len() < wanted.len() => {
            Changed::CutOff { length: line.len() as u64, was: wanted.len() as u64 }
        }
        None => Changed::Grown { was: wanted.len() as u64, length: line.len() as u64 },
    }
}

/// The same change, counted from the beginning of the manifest.
fn moved(changed: Changed, by: u64) -> Changed {
    match changed {
        Changed::Byte { offset, was, is } => Changed::Byte { offset: offset + by, was, is },
        Changed::Within { from, to } => Changed::Within { from: from + by, to: to + by },
        Changed::CutOff { length, was } => Changed::CutOff { length: length + by, was: was + by },
        Changed::Grown { was, length } => Changed::Grown { was: was + by, length: length + by },
        Changed::Unknown => Changed::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_byte_of_a_manifest_that_changes_is_found() {
        let lines = [("a.jpg", "first"), ("b.jpg", "second")];
        let whole: Vec<u8> = lines
            .iter()
            .flat_map(|(file, text)| {
                let sha256 = models::pack::sha256_hex(text.as_bytes());
                line(file, &sha256, &marks_of(text.as_bytes())).into_bytes()
            })
            .collect();
        let (entries, spoilt) = parse(&whole);
        assert_eq!((entries.len(), spoilt.len()), (2, 0));
        let mut exact = 0;
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x01;
            let (_, spoilt) = parse(&bytes);
            let told = spoilt.first().unwrap();
            match told.changed {
                Changed::Byte { offset, .. } => {
                    assert_eq!(offset, at as u64);
                    exact += 1;
                }
                Changed::Within { from, to } => {
                    assert!(from <= at as u64 && at as u64 <= to, "{at}: {told:?}");
                }
                _ => {}
            }
        }
        // What parts the lines and their fields is told as a range.
        assert!(exact + 8 >= whole.len(), "{exact} of {}", whole.len());
    }
}
