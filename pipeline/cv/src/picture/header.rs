//! Size and wholeness of a JPEG or PNG file, before anything is decoded.
//!
//! A decoder makes room for what the header promises and paints a cut-off picture grey; both are refused here.
//!
//! # References
//! ITU-T T.81 annex B (markers and segments); W3C PNG third edition, sections 5.2 and 11.2.1.

use models::SizePx;

use crate::CvError;

const PNG: [u8; 8] = [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a];
/// The last chunk of a PNG with its checksum.
const PNG_END: &[u8] = b"IEND\xae\x42\x60\x82";
const JPEG: [u8; 3] = [0xff, 0xd8, 0xff];
const JPEG_END: &[u8] = &[0xff, 0xd9];

/// Returns the size in the header of a file that has an end.
pub(super) fn size(bytes: &[u8]) -> Result<SizePx, CvError> {
    let cut_off = CvError::CutOff { bytes: bytes.len() };
    if bytes.is_empty() {
        return Err(CvError::Empty);
    }
    if bytes.starts_with(&JPEG) {
        return jpeg(bytes).ok_or(cut_off);
    }
    if bytes.starts_with(&PNG) {
        return png(bytes).ok_or(cut_off);
    }
    Err(CvError::Kind { start: bytes.iter().take(8).copied().collect() })
}

fn png(bytes: &[u8]) -> Option<SizePx> {
    let side = |at: usize| Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?));
    let whole = bytes.windows(PNG_END.len()).rev().any(|window| window == PNG_END);
    if whole { Some(SizePx::new(side(16)?, side(20)?)) } else { None }
}

/// Walks the segments up to the first scan; the end must come after it, as thumbnails before it have ends of their own.
fn jpeg(bytes: &[u8]) -> Option<SizePx> {
    let mut rest = bytes.get(2..)?;
    let mut size = None;
    loop {
        let (marker, after) = marker(rest)?;
        let length = usize::from(u16::from_be_bytes(*after.first_chunk()?));
        let segment = after.get(2..length)?;
        // SOF0 to SOF15 without DHT, JPG and DAC.
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            let [_, h1, h0, w1, w0] = *segment.first_chunk()?;
            let side = |high, low| u32::from(u16::from_be_bytes([high, low]));
            size = Some(SizePx::new(side(w1, w0), side(h1, h0)));
        }
        rest = after.get(length..)?;
        if marker == 0xda {
            let whole = rest.windows(JPEG_END.len()).any(|window| window == JPEG_END);
            return size.filter(|_| whole);
        }
    }
}

/// Returns the next marker and what follows it; a marker may be preceded by fill bytes.
fn marker(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (start, mut rest) = bytes.split_first()?;
    if *start != 0xff {
        return None;
    }
    loop {
        let (byte, after) = rest.split_first()?;
        if *byte != 0xff {
            return Some((*byte, after));
        }
        rest = after;
    }
}
