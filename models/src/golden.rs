//! The proof that a loaded model still sees what its card says.

use crate::{Detector, Mask, ModelError, RgbImage};

/// What was seen in the golden picture, for class 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// Mean probability over the cells of the picture.
    pub mean_probability: f64,
    /// Share of cells at or above the class's threshold.
    pub positive_share: f64,
}

impl Seen {
    /// Returns both figures of a mask.
    pub fn of(mask: &Mask) -> Self {
        let cells = mask.probability.len().max(1) as f64;
        let sum: f64 = mask.probability.iter().map(|value| f64::from(*value)).sum();
        let positive = mask.probability.iter().filter(|value| **value >= mask.threshold).count();
        Self { mean_probability: sum / cells, positive_share: positive as f64 / cells }
    }
}

/// Shows the golden picture to the model and compares with the card.
///
/// The picture must have the size that its own letterbox scales to (such as 640x360 for an input of 640x384), so that no
/// resizing stands between the card's figures and the model.
///
/// # Errors
/// [`ModelError::Golden`] with both figures when either lies outside the tolerance, [`ModelError::GoldenMissing`] without a
/// picture, and whatever stops the model from running.
pub fn check(detector: &mut Detector, golden: Option<&RgbImage>) -> Result<Seen, ModelError> {
    let (model, expected) = (detector.card().name.clone(), detector.card().golden.clone());
    let Some(golden) = golden else {
        return Err(ModelError::GoldenMissing { model, picture: expected.picture });
    };
    let letterbox = detector.letterbox(golden.size())?;
    let masks = detector.run(golden, &letterbox)?;
    let seen = masks.first().map_or(Seen { mean_probability: f64::NAN, positive_share: f64::NAN }, Seen::of);
    let near = |seen: f64, expected_value: f64| (seen - expected_value).abs() <= expected.tolerance;
    if near(seen.mean_probability, expected.mean_probability)
        && near(seen.positive_share, expected.positive_share)
    {
        return Ok(seen);
    }
    Err(ModelError::Golden {
        model,
        mean_probability: seen.mean_probability,
        expected_mean_probability: expected.mean_probability,
        positive_share: seen.positive_share,
        expected_positive_share: expected.positive_share,
        tolerance: expected.tolerance,
    })
}
