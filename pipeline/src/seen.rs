//! What was seen in one frame, in pixels, and the edges that see it.

use gis::ModelRef;
use models::{BoxPx, Mask, SizePx};

use crate::frame::Frame;
use crate::motion::Glance;

/// One thing seen in one picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Class name out of the card.
    pub class: String,
    /// Score, 0 to 1.
    pub score: f64,
    /// Below it, as the card says, nothing is reported, also after a second opinion.
    pub least_score: f64,
    /// Outline in the picture, as it is drawn.
    pub outline: Outline,
    /// Corners as (u, v) of the part that stands on the ground, where that is not the whole outline.
    pub foot_px: Option<Vec<(f64, f64)>>,
    /// The model that saw it.
    pub model: ModelRef,
}

impl Seen {
    /// Returns what is placed on the ground: the foot where there is one, else the outline.
    pub fn placed_px(&self) -> &[(f64, f64)] {
        self.foot_px.as_deref().unwrap_or(&self.outline.ring_px)
    }
}

/// A closed line in a picture.
///
/// # Units
/// Pixels of the original picture; (0, 0) is the outer corner of the top-left pixel.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// Corners as (u, v), not closed.
    pub ring_px: Vec<(f64, f64)>,
    /// Area inside, square pixels.
    pub area_px: f64,
    /// Mean probability inside, 0 to 1.
    pub mean_probability: f64,
    /// True when it touches the edge of the picture.
    pub truncated: bool,
}

impl Outline {
    /// Returns the smallest box around the outline.
    pub fn bounds(&self) -> BoxPx {
        let start = BoxPx {
            left_px: f32::INFINITY,
            top_px: f32::INFINITY,
            right_px: f32::NEG_INFINITY,
            bottom_px: f32::NEG_INFINITY,
        };
        self.ring_px.iter().fold(start, |b, &(u, v)| BoxPx {
            left_px: b.left_px.min(u as f32),
            top_px: b.top_px.min(v as f32),
            right_px: b.right_px.max(u as f32),
            bottom_px: b.bottom_px.max(v as f32),
        })
    }
}

/// Rings in shares of the picture's width and height (0 to 1 from the top left).
pub type PictureRings = Vec<Vec<(f64, f64)>>;

/// Parts of a source's picture that count or do not.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PictureZones {
    /// Only what lies inside one of these counts; empty means everywhere.
    pub regions_of_interest: PictureRings,
    /// Water that is always there (a river in its bed, a fountain): nothing inside counts as waterlogging.
    pub permanent_water: PictureRings,
}

/// Turns masks into outlines.
pub trait Outliner: Send + Sync {
    /// Returns the outlines of a mask in pixels of a picture of that size, largest first.
    ///
    /// # Errors
    /// A line of text when the mask or the zones cannot be drawn.
    fn outlines(&self, mask: &Mask, picture: SizePx, zones: &PictureZones) -> Result<Vec<Outline>, String>;
}

/// What looking at one frame gives.
#[derive(Debug, Clone, Default)]
pub struct Sight {
    /// Everything seen in it.
    pub seen: Vec<Seen>,
    /// The frame from far away, where something in it could rise.
    pub glance: Option<Glance>,
}

/// Looks at frames: one a worker thread.
pub trait Detector: Send {
    /// Looks at one frame.
    ///
    /// # Errors
    /// A line of text when the picture cannot be converted or a model fails.
    fn detect(&mut self, frame: &Frame, zones: &PictureZones) -> Result<Sight, String>;
}
