//! Scores of masks: pixels pooled over pictures, and alarms by picture.

use std::collections::BTreeMap;

use ndarray::Array2;
use serde::Serialize;

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

/// Scores of a set of pictures; a share without anything to count is `None` (null in JSON).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scores {
    /// Pooled intersection over union of pixels.
    pub iou: Option<f64>,
    /// Pooled F1 of pixels.
    pub f1: Option<f64>,
    /// Boxes only.
    pub ap50: Option<f64>,
    /// Boxes only.
    pub ap30: Option<f64>,
    /// Boxes only.
    pub ap: Option<f64>,
    /// Share of positive pictures that alarm.
    pub recall: Option<f64>,
    /// Share of negative pictures that alarm.
    pub false_alarm: Option<f64>,
    /// Mean distance between found and true share of the picture.
    pub area_error: Option<f64>,
    /// Threshold of a pixel.
    pub threshold: f64,
    /// Pictures in all.
    pub images: usize,
    /// Pictures with a positive pixel.
    pub positives: usize,
    /// Pictures without one; pictures that are ignored altogether are in neither.
    pub negatives: usize,
    /// Positive pictures that do not alarm.
    pub missed: usize,
    /// Negative pictures that alarm.
    pub alarms: usize,
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
    let by = |key: &dyn Fn(&Picture) -> Option<String>| -> BTreeMap<String, Scores> {
        let mut groups: BTreeMap<String, Vec<&Picture>> = BTreeMap::new();
        for picture in pictures {
            if let Some(key) = key(picture) {
                groups.entry(key).or_default().push(picture);
            }
        }
        groups.into_iter().map(|(key, group)| (key, pooled(&group))).collect()
    };
    Report {
        total: pooled(&pictures.iter().collect::<Vec<_>>()),
        min_area_share,
        slices: by(&|picture| Some(slice(&picture.name).to_owned())),
        views: by(&|picture| picture.view.clone()),
    }
}

/// Returns the part of a file name before the first underscore, or the name without its ending.
pub fn slice(name: &str) -> &str {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    stem.split_once('_').map_or(stem, |(prefix, _)| prefix)
}

/// The number a card writes, not its nearest binary neighbour: 0.01 and not 0.009999999776482582.
fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| f64::from(value))
}

fn scores(pictures: &[&Picture], threshold: f64, min_area_share: f64) -> Scores {
    let sum = |of: fn(&Counts) -> u64| pictures.iter().map(|picture| of(&picture.counts)).sum::<u64>();
    let (hit, false_found, missed) = (sum(|c| c.hit), sum(|c| c.false_found), sum(|c| c.missed));
    let alarm = |counts: &Counts| {
        let found = counts.hit + counts.false_found;
        found > 0 && ratio(found, counts.valid) >= Some(min_area_share)
    };
    let valid = || pictures.iter().map(|picture| &picture.counts).filter(|counts| counts.valid > 0);
    let (wet, dry): (Vec<&Counts>, Vec<&Counts>) = valid().partition(|counts| counts.hit + counts.missed > 0);
    let silent = wet.iter().filter(|counts| !alarm(counts)).count();
    let alarms = dry.iter().filter(|counts| alarm(counts)).count();
    let errors =
        valid().map(|counts| counts.false_found.abs_diff(counts.missed) as f64 / counts.valid as f64);
    let images = wet.len() + dry.len();
    Scores {
        iou: ratio(hit, hit + false_found + missed),
        f1: ratio(2 * hit, 2 * hit + false_found + missed),
        ap50: None,
        ap30: None,
        ap: None,
        recall: ratio((wet.len() - silent) as u64, wet.len() as u64),
        false_alarm: ratio(alarms as u64, dry.len() as u64),
        area_error: (images > 0).then(|| errors.sum::<f64>() / images as f64),
        threshold,
        images: pictures.len(),
        positives: wet.len(),
        negatives: dry.len(),
        missed: silent,
        alarms,
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
