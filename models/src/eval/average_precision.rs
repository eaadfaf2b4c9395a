//! Average precision as the COCO challenge defines it.
//!
//! In each picture the hundred best boxes are matched, best first, each with the free true box that it shares most with; what
//! they share must reach the threshold. Over all pictures, from the best score down, precision is made falling and read at
//! 101 recalls; their mean is the average precision.
//!
//! # References
//! Lin et al. (2014), "Microsoft COCO: Common Objects in Context", and the evaluation published with it (`COCOeval` of
//! pycocotools 2.0.11) with all areas, 100 boxes a picture and no crowds, down to its treatment of ties and roundings.

/// Boxes that count a picture.
pub const BOXES_MAX: usize = 100;
/// Recalls at which precision is read.
const RECALLS: u32 = 101;

/// A box in pixels of its picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub left_px: f64,
    /// Top edge.
    pub top_px: f64,
    /// Distance of the right edge from the left one.
    pub width_px: f64,
    /// Distance of the bottom edge from the top one.
    pub height_px: f64,
}

impl Rect {
    /// Returns the share of the joint area that both cover; zero where they do not overlap.
    pub fn iou(&self, other: &Self) -> f64 {
        let shared = |low: f64, length: f64, other_low: f64, other_length: f64| {
            (low + length).min(other_low + other_length) - low.max(other_low)
        };
        let width = shared(self.left_px, self.width_px, other.left_px, other.width_px);
        let height = shared(self.top_px, self.height_px, other.top_px, other.height_px);
        if !(width > 0.0 && height > 0.0) {
            return 0.0;
        }
        let area = width * height;
        area / (self.width_px * self.height_px + other.width_px * other.height_px - area)
    }
}

/// A picture's true boxes of one class, and those found with their scores.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Boxes {
    /// True boxes.
    pub truth: Vec<Rect>,
    /// Found boxes.
    pub found: Vec<(Rect, f64)>,
}

/// Returns the ten thresholds from 0.5 to 0.95, over which the main figure is the mean.
pub fn coco_ious() -> [f64; 10] {
    // The steps of numpy.linspace(0.5, 0.95, 10), whose roundings decide on boxes that share exactly as much.
    let step = (0.95 - 0.5) / 9.0;
    std::array::from_fn(|index| if index == 9 { 0.95 } else { index as f64 * step + 0.5 })
}

/// Returns the mean over `ious` of the average precision; `None` when no picture has a true box.
///
/// Of boxes with equal scores those of earlier pictures come first, and in a picture those given first.
pub fn average_precision(pictures: &[Boxes], ious: &[f64]) -> Option<f64> {
    let positives: usize = pictures.iter().map(|picture| picture.truth.len()).sum();
    if positives == 0 || ious.is_empty() {
        return None;
    }
    let overlaps: Vec<Overlaps> = pictures.iter().map(Overlaps::of).collect();
    let at = |iou: &f64| {
        let mut hits: Vec<(f64, bool)> = overlaps.iter().flat_map(|picture| picture.hits(*iou)).collect();
        hits.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        area_under(&hits, positives)
    };
    Some(ious.iter().map(at).sum::<f64>() / ious.len() as f64)
}

/// Returns, for each found box from the best down, its score and whether it finds a true box.
pub fn hits(picture: &Boxes, iou: f64) -> Vec<(f64, bool)> {
    Overlaps::of(picture).hits(iou)
}

/// What each of a picture's best boxes shares with each true one.
struct Overlaps {
    /// Score and shares, best first.
    found: Vec<(f64, Vec<f64>)>,
    truth: usize,
}

impl Overlaps {
    fn of(picture: &Boxes) -> Self {
        let mut best: Vec<&(Rect, f64)> = picture.found.iter().collect();
        best.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        best.truncate(BOXES_MAX);
        let shares = |bounds: &Rect| picture.truth.iter().map(|truth| bounds.iou(truth)).collect();
        Self {
            found: best.into_iter().map(|(bounds, score)| (*score, shares(bounds))).collect(),
            truth: picture.truth.len(),
        }
    }

    fn hits(&self, iou: f64) -> Vec<(f64, bool)> {
        let least = iou.min(1.0 - 1e-10);
        let mut free = vec![true; self.truth];
        let one = |(score, shares): &(f64, Vec<f64>)| {
            let candidates = shares.iter().zip(free.iter_mut());
            let possible = candidates.filter(|(share, free)| **free && **share >= least);
            // Of equal shares the last is taken.
            let taken = possible.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, free)| *free = false);
            (*score, taken.is_some())
        };
        self.found.iter().map(one).collect()
    }
}

/// Mean over the recalls of the best precision reached at them or beyond.
fn area_under(hits: &[(f64, bool)], positives: usize) -> f64 {
    let mut found = 0_u64;
    let mut curve: Vec<(f64, f64)> = Vec::with_capacity(hits.len());
    for (index, (_, hit)) in hits.iter().enumerate() {
        found += u64::from(*hit);
        let precision = found as f64 / ((index + 1) as f64 + f64::EPSILON);
        curve.push((found as f64 / positives as f64, precision));
    }
    let mut best = 0.0_f64;
    for (_, precision) in curve.iter_mut().rev() {
        best = best.max(*precision);
        *precision = best;
    }
    let last = RECALLS - 1;
    let wanted = (0..RECALLS).map(|step| if step == last { 1.0 } else { f64::from(step) * 0.01 });
    let at = |recall: f64| {
        let from = curve.partition_point(|(reached, _)| *reached < recall);
        curve.get(from).map_or(0.0, |(_, precision)| *precision)
    };
    wanted.map(at).sum::<f64>() / f64::from(RECALLS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rect(left_px: f64, top_px: f64, width_px: f64, height_px: f64) -> Rect {
        Rect { left_px, top_px, width_px, height_px }
    }

    #[test]
    fn shares_are_of_the_joint_area() {
        let unit = rect(0.0, 0.0, 10.0, 10.0);
        for (other, expected) in [
            (unit, 1.0),
            (rect(5.0, 0.0, 10.0, 10.0), 1.0 / 3.0),
            (rect(0.0, 0.0, 10.0, 5.0), 0.5),
            (rect(10.0, 0.0, 10.0, 10.0), 0.0),
            (rect(0.0, 0.0, 0.0, 5.0), 0.0),
        ] {
            assert!((unit.iou(&other) - expected).abs() < 1e-12, "{other:?}");
        }
    }

    #[test]
    fn all_found_and_nothing_invented_is_one() {
        let truth = vec![rect(0.0, 0.0, 10.0, 10.0), rect(20.0, 0.0, 10.0, 10.0)];
        let found = truth.iter().map(|at| (*at, 0.5)).collect();
        let one = average_precision(&[Boxes { truth, found }], &coco_ious());
        assert!((one.unwrap() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_true_box_is_found_once() {
        let at = rect(0.0, 0.0, 10.0, 10.0);
        let picture = Boxes { truth: vec![at], found: vec![(at, 0.5), (at, 0.9)] };
        assert_eq!(hits(&picture, 0.5), [(0.9, true), (0.5, false)]);
    }

    #[test]
    fn without_truth_there_is_no_figure_and_without_boxes_it_is_zero() {
        let at = rect(0.0, 0.0, 10.0, 10.0);
        assert_eq!(average_precision(&[Boxes { truth: vec![], found: vec![(at, 0.5)] }], &[0.5]), None);
        assert_eq!(average_precision(&[Boxes { truth: vec![at], found: vec![] }], &[0.5]), Some(0.0));
    }
}
