//! Scores of masks: pixels pooled over pictures, and alarms by picture.

use std::collections::BTreeMap;

use ndarray::Array2;
use serde::Serialize;

use super::{Scores, by_group, ratio, shortest, slice};
use crate::{Mask, ModelError, resample};

/// Truth value of pixels that count neither way.
pub const IGNORE: u8 = 255;

/// What one picture adds to the scores.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Positive pixels that were found.
    pub hit: u64,
    /// Pixels that were found and are not positive.
    pub false_found: u64,
    /// Positive pixels that were not found.
    pub missed: u64,
    /// Pixels that are not ignored.
    pub valid: u64,
}

/// One scored picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// File name; its part before the first underscore names the slice.
    pub name: String,
    /// View out of a manifest, if there is one.
    pub view: Option<String>,
    /// Its pixels.
    pub counts: Counts,
}

/// Scores of all pictures, and by slice and view.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// All pictures.
    #[serde(flatten)]
    pub total: Scores,
    /// A picture alarms from this share of found pixels among the valid ones on.
    pub min_area_share: f64,
    /// By file-name prefix before the first underscore.
    pub slices: BTreeMap<String, Scores>,
    /// By view, where a manifest names views.
    pub views: BTreeMap<String, Scores>,
}

/// Counts the pixels of one picture; the mask is read bilinearly on the truth's own grid before its threshold is applied.
///
/// # Shape
/// `truth` is `[rows, columns]` of the original picture: 1 positive, 0 negative, 255 ignored.
///
/// # Errors
/// [`ModelError::TruthValue`] at the first other value.
pub fn count(mask: &Mask, truth: &Array2<u8>) -> Result<Counts, ModelError> {
    if let Some(((row, column), value)) =
        truth.indexed_iter().find(|(_, value)| !matches!(**value, 0 | 1 | IGNORE))
    {
        return Err(ModelError::TruthValue { value: *value, row, column });
    }
    let rows = resample::Axis::spread(mask.probability.nrows(), truth.nrows());
    let columns = resample::Axis::spread(mask.probability.ncols(), truth.ncols());
    let mut counts = Counts::default();
    resample::each_row(&mask.probability.view(), &rows, &columns, |row, values| {
        let (mut hit, mut found, mut positive, mut valid) = (0_u32, 0_u32, 0_u32, 0_u32);
        for (value, truth) in values.iter().zip(truth.row(row)) {
            let seen = u32::from(*value >= mask.threshold);
            let (is_positive, is_valid) = (u32::from(*truth == 1), u32::from(*truth != IGNORE));
            hit += seen & is_positive;
            found += seen & is_valid;
            positive += is_positive;
            valid += is_valid;
        }
        counts.hit += u64::from(hit);
        counts.false_found += u64::from(found - hit);
        counts.missed += u64::from(positive - hit);
        counts.valid += u64::from(valid);
    });
    Ok(counts)
}

/// Pools pictures that were counted at `threshold`.
pub fn report(pictures: &[Picture], threshold: f32, min_area_share: f32) -> Report {
    let (threshold, min_area_share) = (shortest(threshold), shortest(min_area_share));
    let pooled = |pictures: &[&Picture]| scores(pictures, threshold, min_area_share);
    Report {
        total: pooled(&pictures.iter().collect::<Vec<_>>()),
        min_area_share,
        slices: by_group(pictures, |picture| Some(slice(&picture.name).to_owned()), pooled),
        views: by_group(pictures, |picture| picture.view.clone(), pooled),
    }
}

impl Counts {
    /// Tells whether the found pixels are enough of the valid ones for an alarm.
    pub fn alarms(&self, min_area_share: f64) -> bool {
        let found = self.hit + self.false_found;
        found > 0 && ratio(found, self.valid) >= Some(min_area_share)
    }
}

fn scores(pictures: &[&Picture], threshold: f64, min_area_share: f64) -> Scores {
    let sum = |of: fn(&Counts) -> u64| pictures.iter().map(|picture| of(&picture.counts)).sum::<u64>();
    let (hit, false_found, missed) = (sum(|c| c.hit), sum(|c| c.false_found), sum(|c| c.missed));
    let valid = || pictures.iter().map(|picture| &picture.counts).filter(|counts| counts.valid > 0);
    let (wet, dry): (Vec<&Counts>, Vec<&Counts>) = valid().partition(|counts| counts.hit + counts.missed > 0);
    let silent = wet.iter().filter(|counts| !counts.alarms(min_area_share)).count();
    let alarms = dry.iter().filter(|counts| counts.alarms(min_area_share)).count();
    let errors =
        valid().map(|counts| counts.false_found.abs_diff(counts.missed) as f64 / counts.valid as f64);
    let images = wet.len() + dry.len();
    // Where nothing is there to be found, how well it was found has no answer: the false alarms tell.
    let of_there = |share: Option<f64>| share.filter(|_| hit + missed > 0);
    Scores {
        iou: of_there(ratio(hit, hit + false_found + missed)),
        f1: of_there(ratio(2 * hit, 2 * hit + false_found + missed)),
        area_error: (images > 0).then(|| errors.sum::<f64>() / images as f64),
        threshold,
        images: pictures.len(),
        ..Scores::default()
    }
    .with_alarms(wet.len(), silent, dry.len(), alarms)
}
