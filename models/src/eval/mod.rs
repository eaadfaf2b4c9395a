//! Scores of a pack on a labelled folder; one file a kind of head.

pub mod average_precision;
pub mod boxes;
pub mod mask;

use std::collections::BTreeMap;

use serde::Serialize;

/// Scores of a set of pictures; a share without anything to count is `None` (null in JSON).
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Scores {
    /// Masks: pooled intersection over union of pixels.
    pub iou: Option<f64>,
    /// Masks: pooled F1 of pixels.
    pub f1: Option<f64>,
    /// Boxes: average precision at an intersection over union of 0.5.
    pub ap50: Option<f64>,
    /// Boxes: the same at 0.3.
    pub ap30: Option<f64>,
    /// Boxes: the mean of ten, from 0.5 to 0.95.
    pub ap: Option<f64>,
    /// Share of positive pictures that alarm.
    pub recall: Option<f64>,
    /// Share of negative pictures that alarm.
    pub false_alarm: Option<f64>,
    /// Masks: mean distance between found and true share of the picture.
    pub area_error: Option<f64>,
    /// Boxes: share of the boxes from the threshold on that are true, at an intersection over union of 0.5.
    pub box_precision: Option<f64>,
    /// Boxes: share of the true boxes that are found by them.
    pub box_recall: Option<f64>,
    /// A pixel, or a box, counts from this probability on.
    pub threshold: f64,
    /// Pictures in all.
    pub images: usize,
    /// Pictures with something to find.
    pub positives: usize,
    /// Pictures without; pictures that are ignored altogether are in neither.
    pub negatives: usize,
    /// Positive pictures that do not alarm.
    pub missed: usize,
    /// Negative pictures that alarm.
    pub alarms: usize,
    /// Boxes: how many there are.
    pub boxes: Option<usize>,
    /// Boxes: how many of them are found at the threshold.
    pub boxes_found: Option<usize>,
    /// Boxes: how many are seen at the threshold and not there.
    pub boxes_invented: Option<usize>,
}

impl Scores {
    /// Fills in what is counted by picture: of the positive ones `missed` are silent, of the negative ones `alarms` are not.
    fn with_alarms(self, positives: usize, missed: usize, negatives: usize, alarms: usize) -> Self {
        Self {
            recall: ratio((positives - missed) as u64, positives as u64),
            false_alarm: ratio(alarms as u64, negatives as u64),
            positives,
            negatives,
            missed,
            alarms,
            ..self
        }
    }
}

/// Returns the part of a file name before the first underscore, or the name without its ending.
pub fn slice(name: &str) -> &str {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    stem.split_once('_').map_or(stem, |(prefix, _)| prefix)
}

/// Scores of each group of pictures that share a key.
fn by_group<P>(
    pictures: &[P],
    key: impl Fn(&P) -> Option<String>,
    scores: impl Fn(&[&P]) -> Scores,
) -> BTreeMap<String, Scores> {
    let mut groups: BTreeMap<String, Vec<&P>> = BTreeMap::new();
    for picture in pictures {
        if let Some(key) = key(picture) {
            groups.entry(key).or_default().push(picture);
        }
    }
    groups.into_iter().map(|(key, group)| (key, scores(&group))).collect()
}

/// The number a card writes, not its nearest binary neighbour: 0.01 and not 0.009999999776482582.
fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| f64::from(value))
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
