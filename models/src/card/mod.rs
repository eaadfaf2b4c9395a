//! The card of a model pack: what the model takes, what it gives and how good it is.

pub(crate) mod problem;
mod validate;

use serde::Deserialize;

use crate::{ModelError, SizePx};

pub use problem::Problem;

/// The card's schema that this release reads.
pub const SCHEMA_VERSION: u32 = 1;

/// A parsed `card.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Version of this schema.
    pub schema_version: u32,
    /// Name of the pack, also the name of its folder.
    pub name: String,
    /// Version of the pack.
    pub version: String,
    /// Kind of answer.
    pub task: Task,
    /// File name of the model inside the pack's folder.
    pub file: String,
    /// SHA-256 of the model file, 64 lower-case hex digits.
    pub sha256: String,
    /// Version of the standard operator set that the model imports.
    pub opset: u32,
    /// SPDX licence of the weights.
    pub licence: String,
    /// What the model sees, for people.
    pub description: Description,
    /// The input tensor.
    pub input: Input,
    /// The output tensor.
    pub output: Output,
    /// Classes, in the order of the output's channels.
    pub classes: Vec<Class>,
    /// How the weights came about.
    pub training: Training,
    /// Measured scores.
    pub scores: Scores,
    /// The picture a pack proves itself with.
    pub golden: Golden,
}

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
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Name of the tensor.
    pub name: String,
    /// `[N, C, H, W]`; N is -1 for any batch, C is the number of classes.
    pub shape: [i64; 4],
    /// How the tensor is read.
    pub decoder: Decoder,
    /// Input pixels a cell, along both axes.
    pub stride: u32,
}

impl Output {
    /// Returns columns and rows of the output's grid.
    pub fn size(&self) -> SizePx {
        let [_, _, height, width] = self.shape;
        SizePx::new(u32::try_from(width).unwrap_or(0), u32::try_from(height).unwrap_or(0))
    }
}

/// How the output tensor is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decoder {
    /// One plane of probabilities a class.
    MaskProbability,
}

/// One class.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// Index of the output's channel.
    pub id: u32,
    /// Name, as rules and tasks use it.
    pub name: String,
    /// A cell is positive from this probability on.
    pub threshold: f32,
    /// A picture alarms from this share of positive cells on.
    pub min_area_share: f32,
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
    /// Pooled intersection over union of pixels.
    pub iou: f64,
    /// Pooled F1 of pixels.
    pub f1: f64,
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
    /// Expected mean probability of class 0 over the cells of the picture.
    pub mean_probability: f64,
    /// Expected share of cells of class 0 at or above the threshold.
    pub positive_share: f64,
    /// Largest allowed distance of either value.
    pub tolerance: f64,
}

impl Card {
    /// Returns the card that `text` holds, checked with [`Card::validate`].
    ///
    /// # Errors
    /// Names the key: a missing, unknown or badly typed one, or all values that cannot be right.
    pub fn from_toml(text: &str) -> Result<Self, ModelError> {
        let document = toml::Deserializer::parse(text).map_err(|error| broken(text, &error))?;
        let card: Self = serde_path_to_error::deserialize(document)
            .map_err(|error| unreadable(&error.path().to_string(), error.inner()))?;
        let problems = card.validate();
        if problems.is_empty() { Ok(card) } else { Err(ModelError::Card { problems }) }
    }

    /// Returns every problem with the card's values, in the order of the file.
    pub fn validate(&self) -> Vec<Problem> {
        validate::problems(self)
    }
}

fn unreadable(path: &str, error: &toml::de::Error) -> ModelError {
    let path = if path == "." { "card" } else { path };
    ModelError::Card { problems: vec![Problem::new(path, error.message())] }
}

/// The text is no TOML; there is no key to name, so the line is.
fn broken(text: &str, error: &toml::de::Error) -> ModelError {
    let start = error.span().map_or(0, |span| span.start);
    let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
    ModelError::Card { problems: vec![Problem::new("card", format!("line {line}: {}", error.message()))] }
}
