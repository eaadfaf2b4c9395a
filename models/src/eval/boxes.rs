//! Scores of boxes: average precision, boxes at the threshold, and alarms by picture.

use std::collections::BTreeMap;

use serde::Serialize;

use super::average_precision::{Boxes, Rect, average_precision, coco_ious, hits};
use super::{Scores, by_group, ratio, shortest, slice};
use crate::card::Class;
use crate::{BoxPx, Card, Detection};

/// Boxes are looked at from this score on: average precision needs the weak ones too.
pub const FLOOR: f32 = 0.001;
/// What a box must share with a true one to have found it, at the threshold.
pub const FOUND_IOU: f64 = 0.5;

/// One scored picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// File name; its part before the first underscore names the slice.
    pub name: String,
    /// View out of a manifest, if there is one.
    pub view: Option<String>,
    /// Its boxes, by class id.
    pub classes: Vec<Boxes>,
}

impl Picture {
    /// Returns the picture with its true boxes and what was found in it, put in the classes of the card.
    pub fn new(
        name: &str,
        view: Option<String>,
        card: &Card,
        truth: &[(u32, Rect)],
        found: &[Detection],
    ) -> Self {
        let of = |class: &Class| {
            let there = truth.iter().filter(|(id, _)| *id == class.id).map(|(_, at)| *at);
            let seen = found.iter().filter(|one| one.class == class.name);
            let seen = seen.map(|one| (Rect::from(&one.bounds), f64::from(one.score)));
            Boxes { truth: there.collect(), found: seen.collect() }
        };
        Self { name: name.to_owned(), view, classes: card.classes.iter().map(of).collect() }
    }
}

impl From<&BoxPx> for Rect {
    fn from(of: &BoxPx) -> Self {
        let [left_px, top_px, right_px, bottom_px] =
            [of.left_px, of.top_px, of.right_px, of.bottom_px].map(f64::from);
        Self { left_px, top_px, width_px: right_px - left_px, height_px: bottom_px - top_px }
    }
}

/// Scores of all pictures: of class 0 in all and by slice and view, and of every class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Class 0, all pictures.
    #[serde(flatten)]
    pub total: Scores,
    /// Every class by name, all pictures.
    pub classes: BTreeMap<String, Scores>,
    /// Class 0 by file-name prefix before the first underscore.
    pub slices: BTreeMap<String, Scores>,
    /// Class 0 by view, where a manifest names views.
    pub views: BTreeMap<String, Scores>,
}

/// Scores pictures against the thresholds of a card's classes. Pictures must come in the order of their names: ties are
/// broken by it.
pub fn report(pictures: &[Picture], classes: &[Class]) -> Report {
    let all: Vec<&Picture> = pictures.iter().collect();
    let first = |group: &[&Picture]| {
        classes.first().map_or_else(Scores::default, |class| scores(group, 0, class.threshold))
    };
    let by_class = classes.iter().enumerate();
    Report {
        total: first(&all),
        classes: by_class
            .map(|(id, class)| (class.name.clone(), scores(&all, id, class.threshold)))
            .collect(),
        slices: by_group(pictures, |picture| Some(slice(&picture.name).to_owned()), first),
        views: by_group(pictures, |picture| picture.view.clone(), first),
    }
}

fn scores(pictures: &[&Picture], class: usize, threshold: f32) -> Scores {
    let boxes: Vec<Boxes> =
        pictures.iter().map(|picture| picture.classes.get(class).cloned().unwrap_or_default()).collect();
    let strong: Vec<Boxes> = boxes.iter().map(|picture| from_score(picture, f64::from(threshold))).collect();
    let alarms = |positive: bool| strong.iter().filter(move |picture| picture.truth.is_empty() != positive);
    let silent = alarms(true).filter(|picture| picture.found.is_empty()).count();
    let false_alarms = alarms(false).filter(|picture| !picture.found.is_empty()).count();
    let at_threshold: Vec<(f64, bool)> = strong.iter().flat_map(|picture| hits(picture, FOUND_IOU)).collect();
    let there: usize = boxes.iter().map(|picture| picture.truth.len()).sum();
    let found = at_threshold.iter().filter(|(_, hit)| *hit).count();
    Scores {
        ap50: average_precision(&boxes, &[0.5]),
        ap30: average_precision(&boxes, &[0.3]),
        ap: average_precision(&boxes, &coco_ious()),
        box_precision: ratio(found as u64, at_threshold.len() as u64),
        box_recall: ratio(found as u64, there as u64),
        threshold: shortest(threshold),
        images: pictures.len(),
        boxes: Some(there),
        boxes_found: Some(found),
        boxes_invented: Some(at_threshold.len() - found),
        ..Scores::default()
    }
    .with_alarms(alarms(true).count(), silent, alarms(false).count(), false_alarms)
}

/// Leaves the boxes from a score on.
fn from_score(picture: &Boxes, least: f64) -> Boxes {
    let found = picture.found.iter().filter(|(_, score)| *score >= least).copied().collect();
    Boxes { truth: picture.truth.clone(), found }
}
