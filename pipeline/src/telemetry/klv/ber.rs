//! Lengths in BER and tags in BER-OID, as ST 0107 and ST 0601 use them.

use crate::telemetry::bytes::Bytes;

/// Why a length or a tag cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BerError {
    /// The bytes end inside it.
    #[error("the bytes end inside a length or tag")]
    Cut,
    /// The indefinite form, which ST 0107 forbids.
    #[error("the length is of the indefinite form 0x80")]
    Indefinite,
    /// It says more than any packet may hold.
    #[error("the length takes {bytes} bytes, more than 8")]
    TooWide {
        /// How many bytes it takes.
        bytes: usize,
    },
    /// A tag of more than 28 bits.
    #[error("the tag takes more than 4 bytes")]
    TagTooWide,
}

/// Takes a BER length, short or long form.
///
/// # Errors
/// When the bytes end, the form is indefinite, or the length does not fit 64 bits.
///
/// # References
/// SMPTE ST 336, 6.3; MISB ST 0601, 6.2.
pub fn take_length(bytes: &mut Bytes<'_>) -> Result<u64, BerError> {
    let first = bytes.u8().ok_or(BerError::Cut)?;
    let count = usize::from(first & 0x7F);
    match (first & 0x80, count) {
        (0, _) => Ok(u64::from(first)),
        (_, 0) => Err(BerError::Indefinite),
        (_, 9..) => Err(BerError::TooWide { bytes: count }),
        _ => {
            let digits = bytes.take(count).ok_or(BerError::Cut)?;
            Ok(digits.iter().fold(0, |sum, &byte| (sum << 8) | u64::from(byte)))
        }
    }
}

/// Takes a BER-OID tag: seven bits a byte, the top bit says that another follows.
///
/// # Errors
/// When the bytes end, or the tag takes more than four of them.
///
/// # References
/// MISB ST 0601, 6.2; ST 0107.
pub fn take_tag(bytes: &mut Bytes<'_>) -> Result<u32, BerError> {
    let mut tag = 0;
    for _ in 0..4 {
        let byte = bytes.u8().ok_or(BerError::Cut)?;
        tag = (tag << 7) | u32::from(byte & 0x7F);
        if byte & 0x80 == 0 {
            return Ok(tag);
        }
    }
    Err(BerError::TagTooWide)
}
