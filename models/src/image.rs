//! A picture in memory.

use std::fmt;

/// Width and height of a picture or a tensor plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SizePx {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

impl SizePx {
    /// Returns the size.
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// Returns the number of pixels.
    pub fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

impl fmt::Display for SizePx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

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

    /// Returns width and height.
    pub fn size(&self) -> SizePx {
        SizePx::new(self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_needs_exactly_its_bytes() {
        assert!(RgbImage::new(2, 1, vec![0; 6]).is_some());
        assert!(RgbImage::new(2, 1, vec![0; 5]).is_none());
        assert!(RgbImage::new(0, 1, vec![]).is_none());
    }
}
