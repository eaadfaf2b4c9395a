//! Numbers between two bounds in few bytes, as ST 1201 maps them.
//!
//! # References
//! MISB ST 1201, "Floating point to integer mapping", IMAPB.

use crate::telemetry::bytes::unsigned;

/// A mapping of `min..=max` on so many bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Imapb {
    /// Least value.
    pub min: f64,
    /// Greatest value.
    pub max: f64,
    /// Bytes, 1 to 8.
    pub length: usize,
}

impl Imapb {
    /// Returns the value in bytes of the mapping's length; `None` for other lengths and for the codes of infinity, NaN and
    /// "out of range", which have the top bit set.
    pub fn decode(&self, bytes: &[u8]) -> Option<f64> {
        let number = unsigned(bytes).filter(|_| bytes.len() == self.length)?;
        let greatest = 1_u64.checked_shl(8 * u32::try_from(self.length).ok()? - 1)?;
        let value = (number as f64 - self.zero_offset()) / self.scale() + self.min;
        (number <= greatest).then_some(value)
    }

    /// Returns the number that stands for a value, for infinity or for NaN; `None` outside the bounds.
    pub fn encode(&self, value: f64) -> Option<u64> {
        if !value.is_finite() {
            let last_byte = u32::try_from(self.length.checked_sub(1)?).ok()?;
            return special(value).checked_shl(8 * last_byte);
        }
        let number = (self.scale() * (value - self.min) + self.zero_offset()).trunc();
        (self.min..=self.max).contains(&value).then_some(number as u64)
    }

    /// Steps in one unit: a power of two.
    fn scale(&self) -> f64 {
        let range_bits = (self.max - self.min).log2().ceil();
        (8.0 * self.length as f64 - 1.0 - range_bits).exp2()
    }

    /// Shifts the steps so that one of them is exactly zero.
    fn zero_offset(&self) -> f64 {
        let steps = self.scale() * self.min;
        if self.min < 0.0 && self.max > 0.0 { steps - steps.floor() } else { 0.0 }
    }
}

/// The first byte of a code that stands for no number; the others are zero.
fn special(value: f64) -> u64 {
    match (value.is_nan(), value.is_sign_negative()) {
        (false, false) => 0xC8,
        (false, true) => 0xE8,
        (true, false) => 0xD0,
        (true, true) => 0xF0,
    }
}
