//! Scores with the pack that they are about.

use models::Card;
use models::eval::{boxes, mask};
use serde::Serialize;

/// What `--json` prints.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Name of the pack.
    pub pack: String,
    /// Its version.
    pub version: String,
    /// Numbers the model computed with.
    pub precision: String,
    /// The scores.
    #[serde(flatten)]
    pub scores: Scores,
}

/// Scores of one kind of head.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Scores {
    /// Masks.
    Masks(mask::Report),
    /// Boxes.
    Boxes(boxes::Report),
}

impl Report {
    /// Returns the scores of masks.
    pub fn of_masks(card: &Card, scores: mask::Report) -> Self {
        Self::of(card, Scores::Masks(scores))
    }

    /// Returns the scores of boxes.
    pub fn of_boxes(card: &Card, scores: boxes::Report) -> Self {
        Self::of(card, Scores::Boxes(scores))
    }

    fn of(card: &Card, scores: Scores) -> Self {
        Self {
            pack: card.name.clone(),
            version: card.version.clone(),
            precision: card.precision.to_string(),
            scores,
        }
    }
}
