//! Looks whether an MP4 or MOV file has its index: a recording that was cut off has none and cannot be played.
//!
//! # References
//! ISO/IEC 14496-12, 4.2 (boxes), 8.2.1 (movie box).

use std::io::{Read, Seek, SeekFrom};

/// Boxes looked at before giving up.
const MOST_BOXES: usize = 10_000;

/// Returns false for a file of boxes that starts with `ftyp` and has no movie box; true for all other files.
pub fn is_there(file: &mut (impl Read + Seek)) -> bool {
    let mut at = 0_u64;
    for nth in 0..MOST_BOXES {
        let Some((size, kind)) = box_at(file, at) else { return nth == 0 };
        if &kind == b"moov" || (nth == 0 && &kind != b"ftyp") {
            return true;
        }
        // Size 0 means up to the end of the file.
        let next = if size == 0 { None } else { at.checked_add(size) };
        match next {
            Some(next) if size >= 8 => at = next,
            _ => return false,
        }
    }
    true
}

/// Returns length and kind of the box that starts there.
fn box_at(file: &mut (impl Read + Seek), at: u64) -> Option<(u64, [u8; 4])> {
    file.seek(SeekFrom::Start(at)).ok()?;
    let (mut short, mut kind, mut long) = ([0_u8; 4], [0_u8; 4], [0_u8; 8]);
    file.read_exact(&mut short).ok()?;
    file.read_exact(&mut kind).ok()?;
    if u32::from_be_bytes(short) != 1 {
        return Some((u32::from_be_bytes(short).into(), kind));
    }
    file.read_exact(&mut long).ok()?;
    Some((u64::from_be_bytes(long), kind))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: bool) {
        assert_eq!(is_there(&mut Cursor::new(bytes)), expected);
    }

    #[test]
    fn only_a_file_of_boxes_without_an_index_is_incomplete() {
        check(b"\0\0\0\x08ftyp\0\0\0\x0Amdatxx\0\0\0\x08moov", true);
        check(b"\0\0\0\x08ftyp\0\0\0\x01mdat\0\0\0\0\0\0\0\x12xx\0\0\0\x08moov", true);
        check(b"\0\0\0\x08ftyp\0\0\0\x0Amdatxx", false);
        check(b"\0\0\0\x08ftyp\0\0\xFF\xFFmdatxx", false);
        check(b"\0\0\0\x08ftyp\0\0\0\0mdatxx", false);
        check(b"\0\0\0\x08ftyp\xFF\xFF", false);
        check(b"RIFF....AVI ", true);
        check(b"abc", true);
        check(b"", true);
    }
}
