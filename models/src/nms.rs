//! Of boxes that overlap, the best stays.

use crate::BoxPx;

/// Returns the places in `boxes` of those that stay, best first, at most `most`.
///
/// A box goes when it overlaps a better one that stays by more than `iou`. Of equal scores the earlier one is better; a score
/// that is no number is worse than all others.
pub fn keep(boxes: &[(BoxPx, f32)], iou: f32, most: usize) -> Vec<usize> {
    let mut order: Vec<(usize, &(BoxPx, f32))> = boxes.iter().enumerate().collect();
    order.sort_by(|(_, (_, a)), (_, (_, b))| rank(*b).total_cmp(&rank(*a)));
    let mut kept: Vec<(usize, BoxPx)> = Vec::new();
    for (at, (bounds, _)) in order {
        if kept.len() >= most {
            break;
        }
        if kept.iter().all(|(_, better)| better.iou(bounds) <= iou) {
            kept.push((at, *bounds));
        }
    }
    kept.into_iter().map(|(at, _)| at).collect()
}

fn rank(score: f32) -> f32 {
    if score.is_nan() { f32::NEG_INFINITY } else { score }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(left: f32, side: f32) -> BoxPx {
        BoxPx { left_px: left, top_px: 0.0, right_px: left + side, bottom_px: side }
    }

    #[test]
    fn of_overlapping_boxes_the_best_stays() {
        // Neighbours at 2 px of 10 px: 8 of 12 shared; at 5 px: 5 of 15; at 20 px: nothing.
        let boxes = [(square(0.0, 10.0), 0.5), (square(2.0, 10.0), 0.9), (square(7.0, 10.0), 0.6)];
        assert_eq!(keep(&boxes, 0.5, 10), [1, 2]);
        assert_eq!(keep(&boxes, 0.3, 10), [1], "the third shares a third with the best");
        assert_eq!(keep(&boxes, 1.0, 10), [1, 2, 0], "nothing overlaps by more than all");
        assert_eq!(keep(&boxes, 1.0, 2), [1, 2]);
    }

    #[test]
    fn a_box_that_is_dropped_drops_no_other() {
        // The middle one falls to the first; the last overlaps only the middle one and stays.
        let boxes = [(square(0.0, 10.0), 0.9), (square(4.0, 10.0), 0.8), (square(8.0, 10.0), 0.7)];
        assert_eq!(keep(&boxes, 0.4, 10), [0, 2]);
    }

    #[test]
    fn ties_keep_their_order_and_no_number_comes_last() {
        let far = |index: u8| square(f32::from(index) * 20.0, 10.0);
        let boxes = [(far(0), 0.5), (far(1), f32::NAN), (far(2), 0.5), (far(3), 0.7)];
        assert_eq!(keep(&boxes, 0.5, 10), [3, 0, 2, 1]);
    }
}
