//! Marks by which a changed byte is found: two sums a block, of the bytes and of the bytes times their place.
//!
//! A hash tells that something changed; the sums tell where. Of one changed byte in a block the difference of the first sum is
//! the change, and the second one's divided by it is the place. The hash then tells whether that is all that was changed.

use serde::{Deserialize, Serialize};

use super::sha256_hex;

/// Prime below 2^32, so that every place within a block has an inverse.
const PRIME: u64 = 4_294_967_291;
/// Smallest block, bytes.
const BLOCK: usize = 4096;
/// Blocks at most: larger files have larger blocks.
const MOST_BLOCKS: usize = 256;
/// Hex digits of a block's marks.
const DIGITS: usize = 16;

/// Where content differs from what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Changed {
    /// One byte.
    Byte {
        /// Its offset from the beginning.
        offset: u64,
        /// What it was.
        was: u8,
        /// What it is.
        is: u8,
    },
    /// Something within this range of offsets, the end not included, and perhaps after it.
    Within {
        /// First offset.
        from: u64,
        /// Offset after the last one.
        to: u64,
    },
    /// The end is missing from this offset on; what is before it is as it was.
    CutOff {
        /// Length that is left.
        length: u64,
        /// Length that it had.
        was: u64,
    },
    /// Bytes were added at the end; what is before them is as it was.
    Grown {
        /// Length that it had.
        was: u64,
        /// Length that it has.
        length: u64,
    },
    /// The marks do not tell.
    Unknown,
}

impl std::fmt::Display for Changed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Byte { offset, was, is } => {
                write!(f, "byte {offset} changed, was 0x{was:02x}, is 0x{is:02x}")
            }
            Self::Within { from, to } => write!(f, "changed from byte {from} to {to}"),
            Self::CutOff { length, was } => write!(f, "cut off at byte {length} of {was}"),
            Self::Grown { was, length } => write!(f, "bytes {was} to {length} were added"),
            Self::Unknown => write!(f, "changed, its marks do not tell where"),
        }
    }
}

/// Returns the marks of content: its length, the size of its blocks, and 16 hex digits a block.
pub fn marks_of(bytes: &[u8]) -> String {
    let block = bytes.len().div_ceil(MOST_BLOCKS).next_power_of_two().max(BLOCK);
    let sums = bytes.chunks(block).map(sums).map(|(plain, placed)| format!("{plain:08x}{placed:08x}"));
    format!("{}.{block}.{}", bytes.len(), sums.collect::<String>())
}

/// Returns where content differs from what its marks and its hash say.
pub fn changed_at(bytes: &[u8], marks: &str, digest: &str) -> Changed {
    let Some((length, block, marks)) = parse(marks) else { return Changed::Unknown };
    let blocks = length.div_ceil(block);
    let differs = bytes.chunks(block).zip(&marks).position(|(bytes, mark)| sums(bytes) != *mark);
    let whole = bytes.len().min(length) / block;
    match differs {
        Some(at) if bytes.len() == length => exact(bytes, at, block, marks.get(at), digest),
        Some(at) if at < whole => range(at, block, length),
        None if bytes.len() == length => Changed::Unknown,
        _ if bytes.len() < length => Changed::CutOff { length: bytes.len() as u64, was: length as u64 },
        _ if blocks == 0 || matches_prefix(bytes, length, digest) => {
            Changed::Grown { was: length as u64, length: bytes.len() as u64 }
        }
        _ => range(blocks - 1, block, bytes.len()),
    }
}

fn matches_prefix(bytes: &[u8], length: usize, digest: &str) -> bool {
    bytes.get(..length).is_some_and(|before| sha256_hex(before) == digest)
}

fn range(at: usize, block: usize, length: usize) -> Changed {
    Changed::Within { from: (at * block) as u64, to: ((at + 1) * block).min(length) as u64 }
}

/// The one byte of a block that, put back, gives content of the hash; else the block.
fn exact(bytes: &[u8], at: usize, block: usize, mark: Option<&(u64, u64)>, digest: &str) -> Changed {
    let (start, within) = (at * block, range(at, block, bytes.len()));
    let Some(((plain, placed), chunk)) = mark.zip(bytes.get(start..)) else { return within };
    let now = sums(chunk.get(..block).unwrap_or(chunk));
    let (change, moved) = ((now.0 + PRIME - plain) % PRIME, (now.1 + PRIME - placed) % PRIME);
    let place = moved * inverse(change) % PRIME;
    let Some(offset) = usize::try_from(place).ok().and_then(|place| (start + place).checked_sub(1)) else {
        return within;
    };
    let Some(is) = bytes.get(offset).copied() else { return within };
    let was = (u64::from(is) + PRIME - change) % PRIME;
    let Ok(was) = u8::try_from(was) else { return within };
    let mut mended = bytes.to_vec();
    mended.iter_mut().skip(offset).take(1).for_each(|byte| *byte = was);
    if sha256_hex(&mended) == digest { Changed::Byte { offset: offset as u64, was, is } } else { within }
}

fn sums(bytes: &[u8]) -> (u64, u64) {
    let mut placed = 0;
    let mut plain = 0;
    for (byte, place) in bytes.iter().zip(1_u64..) {
        plain += u64::from(*byte);
        placed = (placed + u64::from(*byte) * place) % PRIME;
    }
    (plain % PRIME, placed)
}

/// The inverse of a number other than 0, by Fermat's little theorem.
fn inverse(number: u64) -> u64 {
    let (mut result, mut base, mut exponent) = (1, number % PRIME, PRIME - 2);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result * base % PRIME;
        }
        base = base * base % PRIME;
        exponent >>= 1;
    }
    result
}

type Parsed = (usize, usize, Vec<(u64, u64)>);

fn parse(marks: &str) -> Option<Parsed> {
    let mut parts = marks.splitn(3, '.');
    let length: usize = parts.next()?.parse().ok()?;
    let block: usize = parts.next()?.parse().ok().filter(|block| *block > 0)?;
    let digits = parts.next()?;
    if length.div_ceil(block).checked_mul(DIGITS) != Some(digits.len()) || !digits.is_ascii() {
        return None;
    }
    let pair = |at: usize| {
        let number = |from: usize| u64::from_str_radix(digits.get(from..from + DIGITS / 2)?, 16).ok();
        Some((number(at)?, number(at + DIGITS / 2)?))
    };
    let pairs: Option<Vec<_>> = (0..digits.len()).step_by(DIGITS).map(pair).collect();
    Some((length, block, pairs?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_one_byte_that_changed_is_named_with_what_it_was(
            bytes in proptest::collection::vec(any::<u8>(), 1..20_000), at in any::<prop::sample::Index>(), by in 1_u8..
        ) {
            let (marks, digest) = (marks_of(&bytes), sha256_hex(&bytes));
            let offset = at.index(bytes.len());
            let mut other = bytes.clone();
            other[offset] ^= by;
            let told = changed_at(&other, &marks, &digest);
            prop_assert_eq!(told, Changed::Byte { offset: offset as u64, was: bytes[offset], is: other[offset] });
        }

        #[test]
        fn a_range_of_changes_is_told_from_its_first_block(
            seed in any::<u8>(), from in 0_usize..19_000, count in 2_usize..900
        ) {
            let bytes: Vec<u8> = (0..20_000_u32).map(|i| (i as u8).wrapping_mul(31) ^ seed).collect();
            let (marks, digest) = (marks_of(&bytes), sha256_hex(&bytes));
            let mut other = bytes;
            other[from..from + count].iter_mut().for_each(|byte| *byte ^= 0x55);
            match changed_at(&other, &marks, &digest) {
                Changed::Within { from: first, to } => prop_assert!(first <= from as u64 && (from as u64) < to),
                told => prop_assert!(false, "{told}"),
            }
        }

        #[test]
        fn what_is_cut_off_or_added_is_told(bytes in proptest::collection::vec(any::<u8>(), 1..9_000)) {
            let (marks, digest) = (marks_of(&bytes), sha256_hex(&bytes));
            let cut = &bytes[..bytes.len() / 2];
            let told = changed_at(cut, &marks, &digest);
            prop_assert_eq!(told, Changed::CutOff { length: cut.len() as u64, was: bytes.len() as u64 });
            let more = [bytes.as_slice(), b"more"].concat();
            let told = changed_at(&more, &marks, &digest);
            prop_assert_eq!(told, Changed::Grown { was: bytes.len() as u64, length: more.len() as u64 });
        }

        #[test]
        fn marks_that_are_none_are_no_fault(marks in ".{0,60}", bytes in proptest::collection::vec(any::<u8>(), 0..50)) {
            changed_at(&bytes, &marks, "");
        }
    }
}
