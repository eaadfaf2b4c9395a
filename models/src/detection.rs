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

impl BoxPx {
    /// Returns the area in square pixels; zero where the edges are crossed.
    pub fn area_px(&self) -> f32 {
        (self.right_px - self.left_px).max(0.0) * (self.bottom_px - self.top_px).max(0.0)
    }

    /// Returns the share of the joint area that both boxes cover; zero where neither has any.
    pub fn iou(&self, other: &Self) -> f32 {
        let shared = Self {
            left_px: self.left_px.max(other.left_px),
            top_px: self.top_px.max(other.top_px),
            right_px: self.right_px.min(other.right_px),
            bottom_px: self.bottom_px.min(other.bottom_px),
        };
        let shared_px = shared.area_px();
        let joint_px = self.area_px() + other.area_px() - shared_px;
        if joint_px > 0.0 { shared_px / joint_px } else { 0.0 }
    }
}

/// What one pack saw in one picture.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// One mask a class, in the order of the card.
    Masks(Vec<Mask>),
    /// Boxes of all classes, best first.
    Boxes(Vec<Detection>),
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
