//! From output tensors to what was seen; one file a kind of head.

pub mod boxes;
pub mod mask;

use ndarray::ArrayD;

use crate::card::Decoder;
use crate::{Answer, Card, Letterbox, ModelError};

/// How far outside 0 to 1 rounding may push a probability.
const ROUNDING: f32 = 1e-3;

/// Returns what one head saw in each picture of the batch, in the order of `letterboxes`.
///
/// # Errors
/// When the output is not what the card says.
pub fn answers(
    card: &Card,
    output: &ArrayD<f32>,
    letterboxes: &[Letterbox],
    floor: Option<f32>,
) -> Result<Vec<Answer>, ModelError> {
    Ok(match card.output.decoder {
        Decoder::MaskProbability => {
            mask::masks(card, output, letterboxes)?.into_iter().map(Answer::Masks).collect()
        }
        Decoder::BoxesXyxy => {
            boxes::boxes(card, output, letterboxes, floor)?.into_iter().map(Answer::Boxes).collect()
        }
    })
}

/// NaN is none.
fn is_probability(value: f32) -> bool {
    (-ROUNDING..=1.0 + ROUNDING).contains(&value)
}
