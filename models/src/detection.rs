//! What a model saw in one picture, in pixels.

use ndarray::Array2;

/// A box in pixels of the original picture; (0, 0) is the outer corner of the top-left pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoxPx {
    /// Left edge.
    pub left_px: f32,
    /// Top edge.
    pub top_px: f32,
    /// Right edge.
    pub right_px: f32,
    /// Bottom edge.
    pub bottom_px: f32,
}

/// One thing seen as a box.
#[derive(Debug, Clone, PartialEq)]
pub struct Detection {
    /// Class name out of the card.
    pub class: String,
    /// Score, 0 to 1.
    pub score: f32,
    /// Where, in the original picture.
    pub bounds: BoxPx,
}

/// One class seen as a mask over the whole picture.
///
/// # Shape
/// `probability` is `[rows, columns]`, a grid laid over the original picture edge to edge (the letterbox's padding is cut
/// away), each value 0 to 1; the centre of cell (r, c) lies at pixel `((c + 0.5) * width / columns, (r + 0.5) * height / rows)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Mask {
    /// Class name out of the card.
    pub class: String,
    /// Probability grid.
    pub probability: Array2<f32>,
    /// Pixel threshold out of the card.
    pub threshold: f32,
    /// Least share of the picture for an image-level alarm.
    pub min_area_share: f32,
}
