//! The sections of a card.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use crate::SizePx;

/// How far a quantised variant may stray from the card's golden probabilities, where it has none of its own.
pub const INT8_TOLERANCE: f64 = 0.05;
/// The same for the edges of a box, pixels.
pub const INT8_TOLERANCE_PX: f64 = 8.0;

/// Kind of answer a model gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// A probability a pixel.
    Segmentation,
    /// Boxes.
    Detection,
}

/// Text in both languages of the product.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// The input tensor and the way from a picture to it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Name of the tensor.
    pub name: String,
    /// `[N, C, H, W]`; N is -1 for any batch.
    pub shape: [i64; 4],
    /// Order of the axes.
    pub layout: Layout,
    /// Order of the colour planes.
    pub colour: Colour,
    /// Subtracted from each plane, in 8-bit steps.
    pub mean: [f32; 3],
    /// Multiplied after the subtraction: `(value - mean) * scale`.
    pub scale: [f32; 3],
    /// How a picture is brought to the input's size.
    pub resize: Resize,
    /// Colour of the padding, R G B.
    pub pad: [u8; 3],
}

impl Input {
    /// Returns width and height of the input. Zero where the shape is not positive, which `validate` refuses.
    pub fn size(&self) -> SizePx {
        let [_, _, height, width] = self.shape;
        SizePx::new(u32::try_from(width).unwrap_or(0), u32::try_from(height).unwrap_or(0))
    }
}

/// Order of the axes of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// Batch, plane, row, column.
    Nchw,
}

/// Order of the colour planes of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    /// Red, green, blue.
    Rgb,
}

/// How a picture is brought to the input's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resize {
    /// Aspect kept, centred, padded.
    Letterbox,
}

/// The output tensor and the way from it to what was seen.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Name of the tensor.
    pub name: String,
    /// Masks: `[N, C, H, W]`, C is the number of classes. Boxes: `[N, B, 4 + C]`. N is -1 for any batch.
    pub shape: Vec<i64>,
    /// How the tensor is read.
    pub decoder: Decoder,
    /// Masks: input pixels a cell, along both axes.
    #[serde(default)]
    pub stride: Option<u32>,
    /// Boxes: of two of one class that overlap by more than this, the better one stays; intersection over union.
    #[serde(default)]
    pub nms_iou: Option<f32>,
}

impl Output {
    /// Returns columns and rows of a mask's grid; zero where the shape has none.
    pub fn grid(&self) -> SizePx {
        let side = |axis: usize| self.shape.get(axis).and_then(|side| u32::try_from(*side).ok()).unwrap_or(0);
        SizePx::new(side(3), side(2))
    }

    /// Returns the number of boxes a picture; zero where the shape is that of a mask.
    pub fn boxes(&self) -> usize {
        match self.shape.as_slice() {
            [_, boxes, _] => usize::try_from(*boxes).unwrap_or(0),
            _ => 0,
        }
    }
}

/// When a picture is cut into tiles.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tiles {
    /// Metres of ground that a pixel of the input may show at most; where it would show more, boxes are looked for in tiles.
    pub coarsest_m: f64,
}

/// How the output tensor is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decoder {
    /// One plane of probabilities a class.
    MaskProbability,
    /// A row a box: left, top, right, bottom in pixels of the input, then one probability a class.
    BoxesXyxy,
}

/// One class.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// Index of the output's channel.
    pub id: u32,
    /// Name, as rules and tasks use it.
    pub name: String,
    /// A cell is positive, or a box is seen, from this probability on.
    pub threshold: f32,
    /// Masks: a picture alarms from this share of positive cells on.
    #[serde(default)]
    pub min_area_share: Option<f32>,
    /// Boxes: the part of the box that lies on the ground.
    #[serde(default)]
    pub placed_by: PlacedBy,
    /// Boxes: classes of masks that explain a box of this class where they cover it and are surer.
    #[serde(default)]
    pub yields_to: Vec<String>,
}

/// The part of a box that is given a place on the ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlacedBy {
    /// All of it: what lies on the ground.
    #[default]
    Outline,
    /// The middle of its lower edge: what rises from there, as a plume does.
    Foot,
}

/// How the weights came about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// The command that reproduces them.
    pub command: String,
    /// Names of the data sets.
    pub data: Vec<String>,
    /// Seed of the run.
    pub seed: u64,
    /// What a reader must know.
    pub notes: String,
}

/// Measured scores, shares from 0 to 1.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scores {
    /// Split that was scored.
    pub split: String,
    /// Name of the data set.
    pub data: String,
    /// Masks: pooled intersection over union of pixels.
    #[serde(default)]
    pub iou: Option<f64>,
    /// Masks: pooled F1 of pixels.
    #[serde(default)]
    pub f1: Option<f64>,
    /// Boxes: average precision of class 0 at an intersection over union of 0.5.
    #[serde(default)]
    pub ap50: Option<f64>,
    /// Boxes: the same at 0.3.
    #[serde(default)]
    pub ap30: Option<f64>,
    /// Boxes: the mean of ten, from 0.5 to 0.95.
    #[serde(default)]
    pub ap: Option<f64>,
    /// Share of positive pictures that alarm.
    pub recall: f64,
    /// Share of negative pictures that alarm.
    pub false_alarm: f64,
    /// The slice with the worst score, with its figure.
    pub weakest_slice: String,
    /// The command that prints the scores.
    pub command: String,
}

/// The picture a pack proves itself with, and what must be seen in it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    /// File name inside the pack's folder; the picture has the size that the letterbox scales to.
    pub picture: String,
    /// Masks: expected mean probability of class 0 over the cells of the picture.
    #[serde(default)]
    pub mean_probability: Option<f64>,
    /// Masks: expected share of cells of class 0 at or above the threshold.
    #[serde(default)]
    pub positive_share: Option<f64>,
    /// Boxes: expected number of boxes of all classes at or above their thresholds.
    #[serde(default)]
    pub boxes: Option<usize>,
    /// Boxes: the one with the highest score.
    #[serde(default)]
    pub best: Option<GoldenBox>,
    /// Largest allowed distance of a probability, share or score.
    pub tolerance: f64,
    /// Boxes: largest allowed distance of each edge, pixels.
    #[serde(default)]
    pub tolerance_px: Option<f64>,
}

impl Golden {
    /// What a quantised variant without figures of its own must still see.
    pub(super) fn loosened(&self) -> Self {
        let tolerance_px = self.tolerance_px.map(|px| px.max(INT8_TOLERANCE_PX));
        Self { tolerance: self.tolerance.max(INT8_TOLERANCE), tolerance_px, ..self.clone() }
    }
}

/// The best box of a golden picture.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoldenBox {
    /// Name of its class.
    pub class: String,
    /// Its score.
    pub score: f64,
    /// Left, top, right and bottom in pixels of the picture.
    pub corners_px: [f64; 4],
}

/// The quantised variant of a model, with the same inputs and outputs.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Int8 {
    /// The model, named as the card's `file` is.
    pub file: String,
    /// SHA-256 of that file.
    pub sha256: String,
    /// Its own measured scores.
    pub scores: Scores,
    /// Its own figures for the golden picture; without them the card's must be met within [`INT8_TOLERANCE`].
    #[serde(default)]
    pub golden: Option<Golden>,
}

/// Numbers a model computes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32-bit floats.
    #[default]
    Fp32,
    /// 8-bit integers between quantisers, 32-bit floats at both ends.
    Int8,
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fp32 => "fp32",
            Self::Int8 => "int8",
        })
    }
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = [Self::Fp32, Self::Int8].into_iter().find(|precision| precision.to_string() == name);
        found.ok_or_else(|| format!("unknown precision {name:?}, want fp32 or int8"))
    }
}
