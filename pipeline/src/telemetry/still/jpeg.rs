//! Finds the XMP packet among the segments of a JPEG file.

use crate::telemetry::bytes::Bytes;

const XMP_HEAD: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const START_OF_IMAGE: u16 = 0xFFD8;
const START_OF_SCAN: u16 = 0xFFDA;
const APP1: u16 = 0xFFE1;

/// Returns the XMP packet of a JPEG file.
///
/// # References
/// Adobe XMP specification part 3, 1.1.3: an APP1 segment that starts with the name space and a zero.
pub fn xmp_packet(bytes: &[u8]) -> Option<&[u8]> {
    let mut segments = Bytes::new(bytes);
    if segments.u16()? != START_OF_IMAGE {
        return None;
    }
    loop {
        let marker = segments.u16()?;
        if marker == START_OF_SCAN || marker >> 8 != 0xFF {
            return None;
        }
        let length = usize::from(segments.u16()?);
        let segment = segments.take(length.checked_sub(2)?)?;
        if marker == APP1
            && let Some(packet) = segment.strip_prefix(XMP_HEAD)
        {
            return Some(packet);
        }
    }
}
