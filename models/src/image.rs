//! A picture in memory.

/// An 8-bit RGB picture.
///
/// # Shape
/// `data` holds `height * width * 3` bytes, row by row from the top left, `R G B` interleaved, no padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RgbImage {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Pixels.
    pub data: Vec<u8>,
}

impl RgbImage {
    /// Returns the picture, or `None` when `data` does not hold exactly `width * height * 3` bytes.
    pub fn new(width: u32, height: u32, data: Vec<u8>) -> Option<Self> {
        let expected = u64::from(width) * u64::from(height) * 3;
        (data.len() as u64 == expected && expected > 0).then_some(Self { width, height, data })
    }
}
