//! The proof that a loaded model still sees what its card says.

use crate::card::{Golden, GoldenBox};
use crate::{Answer, BoxPx, Card, Detection, Detector, Mask, ModelError, RgbImage};

/// What was seen in the golden picture.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// Class 0 of a mask.
    Mask {
        /// Mean probability over the cells of the picture.
        mean_probability: f64,
        /// Share of cells at or above the class's threshold.
        positive_share: f64,
    },
    /// Boxes at or above their thresholds.
    Boxes {
        /// How many.
        boxes: usize,
        /// The one with the highest score.
        best: Option<Detection>,
    },
}

impl Seen {
    /// Returns the figures of an answer.
    pub fn of(answer: &Answer) -> Self {
        match answer {
            Answer::Masks(masks) => masks.first().map_or_else(Self::no_mask, Self::of_mask),
            Answer::Boxes(found) => Self::Boxes { boxes: found.len(), best: found.first().cloned() },
        }
    }

    fn no_mask() -> Self {
        Self::Mask { mean_probability: f64::NAN, positive_share: f64::NAN }
    }

    fn of_mask(mask: &Mask) -> Self {
        let cells = mask.probability.len().max(1) as f64;
        let sum: f64 = mask.probability.iter().map(|value| f64::from(*value)).sum();
        let positive = mask.probability.iter().filter(|value| **value >= mask.threshold).count();
        Self::Mask { mean_probability: sum / cells, positive_share: positive as f64 / cells }
    }

    /// Returns in words what lies outside the tolerance, `None` when nothing does.
    fn difference(&self, expected: &Golden) -> Option<String> {
        match self {
            Self::Mask { mean_probability, positive_share } => {
                let missing = f64::NAN;
                let mean = expected.mean_probability.unwrap_or(missing);
                let share = expected.positive_share.unwrap_or(missing);
                let near = |seen: f64, value: f64| (seen - value).abs() <= expected.tolerance;
                let right = near(*mean_probability, mean) && near(*positive_share, share);
                (!right).then(|| {
                    format!(
                        "mean probability {mean_probability:.4} against {mean:.4}, positive share {positive_share:.4} \
                         against {share:.4}, tolerance {}",
                        expected.tolerance
                    )
                })
            }
            Self::Boxes { boxes, best } => difference_of_boxes(*boxes, best.as_ref(), expected),
        }
    }
}

fn difference_of_boxes(boxes: usize, best: Option<&Detection>, expected: &Golden) -> Option<String> {
    let wanted = expected.boxes.unwrap_or(0);
    let (Some(found), Some(value)) = (best, expected.best.as_ref()) else {
        return Some(format!("{boxes} boxes against {wanted}"));
    };
    let (tolerance, tolerance_px) = (expected.tolerance, expected.tolerance_px.unwrap_or(0.0));
    let off_px = edges(&found.bounds).into_iter().zip(value.corners_px).map(|(a, b)| (a - b).abs());
    let right = boxes == wanted
        && found.class == value.class
        && (f64::from(found.score) - value.score).abs() <= tolerance
        && off_px.fold(0.0, f64::max) <= tolerance_px;
    let GoldenBox { class, score, corners_px } = value;
    (!right).then(|| {
        format!(
            "{boxes} boxes against {wanted}, the best {} {:.4} at {:.1?} px against {class} {score:.4} at {corners_px:.1?} px, \
             tolerance {tolerance} and {tolerance_px} px",
            found.class,
            found.score,
            edges(&found.bounds)
        )
    })
}

fn edges(bounds: &BoxPx) -> [f64; 4] {
    [bounds.left_px, bounds.top_px, bounds.right_px, bounds.bottom_px].map(f64::from)
}

/// Shows the golden picture of one of the detector's packs to the model and compares with its card.
///
/// The picture must have the size that its own letterbox scales to (such as 640x360 for an input of 640x384), so that no
/// resizing stands between the card's figures and the model.
///
/// # Errors
/// [`ModelError::Golden`] with all figures when one lies outside the tolerance, [`ModelError::GoldenMissing`] without a
/// picture, and whatever stops the model from running.
pub fn check(detector: &mut Detector, card: &Card, golden: Option<&RgbImage>) -> Result<Seen, ModelError> {
    let model = || card.name.clone();
    let golden = golden
        .ok_or_else(|| ModelError::GoldenMissing { model: model(), picture: card.golden.picture.clone() })?;
    let letterbox = detector.letterbox(golden.size())?;
    let answers = detector.run(golden, &letterbox)?;
    let answer = detector.cards().zip(&answers).find(|(head, _)| head.name == card.name);
    let seen = answer.map_or_else(Seen::no_mask, |(_, answer)| Seen::of(answer));
    match seen.difference(&card.golden) {
        None => Ok(seen),
        Some(difference) => Err(ModelError::Golden { model: model(), difference }),
    }
}
