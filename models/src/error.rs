//! Everything that can be wrong with a pack, its input or its answer.

use crate::card::{Precision, Problem, problem};
use crate::{OnnxError, RunnerError, SizePx};

/// Why a pack was refused or a picture was not looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The card cannot be read, or its values cannot be right.
    #[error("card is not valid: {}", problem::joined(problems))]
    Card {
        /// Every problem with its key.
        problems: Vec<Problem>,
    },
    /// The pack has no variant of the precision asked for.
    #[error("model {model} has no {precision} variant, its card names none")]
    NoVariant {
        /// Name of the pack.
        model: String,
        /// As asked for.
        precision: Precision,
    },
    /// Packs that share a model file do not agree on what goes into it.
    #[error("models {first} and {second} share a file, but their cards differ in {key}")]
    Heads {
        /// Name of a pack.
        first: String,
        /// Name of the other.
        second: String,
        /// Section or key of the card.
        key: &'static str,
    },
    /// The model file is larger than any pack may be.
    #[error("model {model} has {bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// Name of the pack.
        model: String,
        /// Size of the file.
        bytes: usize,
        /// Largest size.
        limit: usize,
    },
    /// The model file is not the one that the card describes.
    #[error("model {model} has sha256 {actual}, its card says {expected}")]
    Hash {
        /// Name of the pack.
        model: String,
        /// Out of the card.
        expected: String,
        /// Of the bytes.
        actual: String,
    },
    /// The model file holds what is not allowed or not what the card says.
    #[error("model {model} is refused")]
    Onnx {
        /// Name of the pack.
        model: String,
        /// What is wrong.
        #[source]
        source: OnnxError,
    },
    /// A picture without area, or one that cannot be letterboxed.
    #[error("a picture of {picture} does not fit into an input of {input}")]
    Letterbox {
        /// Size of the picture.
        picture: SizePx,
        /// Size of the input.
        input: SizePx,
    },
    /// The content was not scaled to what the letterbox asked for.
    #[error("content has {actual} pixels, the letterbox asks for {expected}")]
    Content {
        /// Size asked for.
        expected: SizePx,
        /// Size given.
        actual: SizePx,
    },
    /// A buffer of the wrong length.
    #[error("input buffer holds {actual} values, {expected} are needed")]
    Buffer {
        /// Values needed.
        expected: usize,
        /// Values given.
        actual: usize,
    },
    /// More pictures than the model takes at once.
    #[error("{given} pictures at once, model {model} takes {taken}")]
    Batch {
        /// Name of the pack.
        model: String,
        /// Pictures given.
        given: usize,
        /// Pictures taken.
        taken: i64,
    },
    /// The model did not run.
    #[error(transparent)]
    Run(#[from] RunnerError),
    /// The model gave no output of the card's name.
    #[error("model {model} gave no output {output}")]
    NoOutput {
        /// Name of the pack.
        model: String,
        /// Name of the tensor.
        output: String,
    },
    /// The output does not have the card's shape.
    #[error("output {output} has shape {actual:?}, want {expected:?}")]
    OutputShape {
        /// Name of the tensor.
        output: String,
        /// Out of the card, with the batch that was run.
        expected: Vec<usize>,
        /// As the model gave it.
        actual: Vec<usize>,
    },
    /// The output holds something that is no probability.
    #[error("output {output} holds {value}, which is no probability")]
    NotProbability {
        /// Name of the tensor.
        output: String,
        /// The value.
        value: f32,
    },
    /// The output holds something that is no edge of a box.
    #[error("output {output} holds {value}, which is no edge of a box")]
    NotEdge {
        /// Name of the tensor.
        output: String,
        /// The value.
        value: f32,
    },
    /// The pack came without its golden picture.
    #[error("model {model} has no golden picture, its card names {picture}")]
    GoldenMissing {
        /// Name of the pack.
        model: String,
        /// File name out of the card.
        picture: String,
    },
    /// The model does not see in the golden picture what its card says.
    #[error("model {model} does not see its golden picture as its card says: {difference}")]
    Golden {
        /// Name of the pack.
        model: String,
        /// Figures as seen and out of the card, with their tolerance.
        difference: String,
    },
    /// A mask and its truth cannot be compared.
    #[error("truth holds value {value} at row {row}, column {column}; only 0, 1 and 255 mean something")]
    TruthValue {
        /// The value.
        value: u8,
        /// Row from the top.
        row: usize,
        /// Column from the left.
        column: usize,
    },
}
