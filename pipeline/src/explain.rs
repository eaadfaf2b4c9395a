//! One matter explained by another: the glare of a puddle can look like a plume, but a place shows water or smoke, not both.

use models::{Mask, SizePx};

use crate::seen::Seen;

/// Share of a box's pixels that the other matter must cover.
const LEAST_COVERED: f64 = 0.6;

/// A class whose boxes give way to masks of other classes, as its card says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Yielding {
    /// The class of the boxes.
    pub class: String,
    /// Classes of masks.
    pub to: Vec<String>,
}

/// Drops the boxes that a surer mask covers for the most part.
pub fn drop_explained(seen: &mut Vec<Seen>, yielding: &[Yielding], masks: &[Mask], picture: SizePx) {
    seen.retain(|one| {
        let rule = yielding.iter().find(|rule| rule.class == one.class);
        let others = masks.iter().filter(|mask| rule.is_some_and(|rule| rule.to.contains(&mask.class)));
        !others.into_iter().any(|mask| explains(mask, one, picture))
    });
}

/// Whether the mask covers the outline's bounding box for the most part, and is surer of it.
fn explains(mask: &Mask, one: &Seen, picture: SizePx) -> bool {
    let ring = &one.outline.ring_px;
    let bounds = |pick: fn(&(f64, f64)) -> f64| {
        let (low, high) = (f64::INFINITY, f64::NEG_INFINITY);
        ring.iter().map(pick).fold((low, high), |(low, high), at| (low.min(at), high.max(at)))
    };
    let ((left, right), (top, bottom)) = (bounds(|corner| corner.0), bounds(|corner| corner.1));
    let (rows, columns) = mask.probability.dim();
    let cell_px = (f64::from(picture.width) / columns as f64, f64::from(picture.height) / rows as f64);
    let (mut inside, mut covered, mut sum) = (0_usize, 0_usize, 0.0_f64);
    for ((row, column), value) in mask.probability.indexed_iter() {
        let (u, v) = ((column as f64 + 0.5) * cell_px.0, (row as f64 + 0.5) * cell_px.1);
        if u < left || u > right || v < top || v > bottom {
            continue;
        }
        inside += 1;
        if *value >= mask.threshold {
            covered += 1;
            sum += f64::from(*value);
        }
    }
    covered as f64 >= LEAST_COVERED * inside as f64 && covered > 0 && sum / covered as f64 > one.score
}

#[cfg(test)]
mod tests {
    use gis::ModelRef;
    use ndarray::Array2;

    use super::*;
    use crate::seen::Outline;

    const PICTURE: SizePx = SizePx::new(160, 80);

    fn plume(class: &str, score: f64, left: f64) -> Seen {
        let ring_px = vec![(left, 20.0), (left + 40.0, 20.0), (left + 40.0, 60.0), (left, 60.0)];
        Seen {
            class: class.into(),
            score,
            least_score: 0.5,
            outline: Outline { ring_px, area_px: 1600.0, mean_probability: score, truncated: false },
            foot_px: None,
            model: ModelRef { pack: "p".into(), version: "1".into(), sha256: String::new() },
        }
    }

    /// Water of 0.9 in the left half of the picture.
    fn water() -> Mask {
        let probability = Array2::from_shape_fn((20, 40), |(_, column)| if column < 20 { 0.9 } else { 0.1 });
        Mask { class: "water".into(), probability, threshold: 0.5, min_area_share: 0.01 }
    }

    fn left_of(mut seen: Vec<Seen>) -> usize {
        let yielding = [Yielding { class: "fume".into(), to: vec!["water".into()] }];
        drop_explained(&mut seen, &yielding, &[water()], PICTURE);
        seen.len()
    }

    #[test]
    fn a_plume_on_surer_water_is_glare() {
        assert_eq!(left_of(vec![plume("fume", 0.8, 20.0)]), 0);
    }

    #[test]
    fn a_plume_stays_when_it_is_surer_or_mostly_elsewhere_or_of_a_class_that_does_not_yield() {
        assert_eq!(left_of(vec![plume("fume", 0.95, 20.0)]), 1, "surer than the water");
        assert_eq!(left_of(vec![plume("fume", 0.8, 65.0)]), 1, "a third of it on water");
        assert_eq!(left_of(vec![plume("fume", 0.8, 110.0)]), 1, "beside the water");
        assert_eq!(left_of(vec![plume("waste", 0.8, 20.0)]), 1, "waste does not yield");
    }
}
