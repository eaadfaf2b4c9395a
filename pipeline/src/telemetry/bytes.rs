//! A reader over bytes that never reads past their end.

/// Reads big-endian values from the front of a slice and counts where it stands.
#[derive(Debug, Clone, Copy)]
pub struct Bytes<'a> {
    rest: &'a [u8],
    position: usize,
}

impl<'a> Bytes<'a> {
    /// Starts at the first byte of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, position: 0 }
    }

    /// Returns how many bytes were taken so far.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Returns what is left.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Says whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Takes the next `count` bytes, or `None` (and nothing) when fewer are left.
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        self.position += count;
        Some(taken)
    }

    /// Takes the next `N` bytes as an array.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// Takes one byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    /// Takes two bytes as an unsigned number.
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// Takes four bytes as an unsigned number.
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// Takes eight bytes as an unsigned number.
    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }
}

/// Returns the unsigned big-endian number in `bytes`, or `None` unless there are one to eight of them.
pub fn unsigned(bytes: &[u8]) -> Option<u64> {
    let fits = (1..=8).contains(&bytes.len());
    fits.then(|| bytes.iter().fold(0, |sum, &byte| (sum << 8) | u64::from(byte)))
}

/// Returns the two's-complement big-endian number in `bytes`, or `None` unless there are one to eight of them.
pub fn signed(bytes: &[u8]) -> Option<i64> {
    let unused_bits = 64_usize.checked_sub(bytes.len() * 8)?;
    let number = unsigned(bytes)?;
    Some(((number << unused_bits) as i64) >> unused_bits)
}
