//! Outlines against shapes whose area, place and form are known.

use std::f64::consts::PI;

use models::{Mask, SizePx};
use ndarray::{Array2, array};
use pipeline_cv::{Options, Ring, outlines};
use proptest::prelude::*;

const HD: SizePx = SizePx::new(1920, 1080);

fn mask(probability: Array2<f32>) -> Mask {
    Mask { class: "water".to_owned(), probability, threshold: 0.5, min_area_share: 0.01 }
}

fn exact() -> Options {
    Options { min_area_share: 0.0, simplify_px: 0.0, ..Options::default() }
}

/// A grid of 160x90 over 1920x1080 that passes 0.5 on a circle, with a soft edge of a few cells as a network gives it.
fn disc(x_px: f64, y_px: f64, radius_px: f64) -> Array2<f32> {
    Array2::from_shape_fn((90, 160), |(row, column)| {
        let (x, y) = ((column as f64 + 0.5) * 12.0, (row as f64 + 0.5) * 12.0);
        let beyond = (x - x_px).hypot(y - y_px) - radius_px;
        (0.5 - beyond / 60.0).clamp(0.0, 1.0) as f32
    })
}

fn bounds(ring: &Ring) -> [f64; 4] {
    let fold = |of: fn(&(f64, f64)) -> f64| {
        ring.iter().map(of).fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)))
    };
    let ((left, right), (top, bottom)) = (fold(|p| p.0), fold(|p| p.1));
    [left, top, right, bottom]
}

#[test]
fn a_disc_has_its_area_and_place_within_a_fraction_of_a_cell() {
    for (x, y, radius) in [(900.0, 500.0, 200.0), (903.7, 507.1, 61.0), (400.0, 300.0, 31.0)] {
        let found = outlines(&mask(disc(x, y, radius)), HD, &exact()).unwrap();
        assert_eq!(found.len(), 1);
        let outline = &found[0];
        let share = outline.area_px / (PI * radius * radius);
        // Chords of a cell's length cut off (length / radius)^2 / 6 of a circle at most.
        let chords = (12.0_f64 * 1.42 / radius).powi(2) / 6.0;
        assert!((-chords - 0.005..0.005).contains(&(share - 1.0)), "radius {radius}: {share}");
        for (x_px, y_px) in &outline.ring_px {
            // A tenth of a cell of 12 px.
            let off = (x_px - x).hypot(y_px - y) - radius;
            assert!(off.abs() < 1.2, "radius {radius}: {off} px");
        }
        assert!(!outline.truncated && outline.holes_px.is_empty());
        assert!((0.5..1.0).contains(&outline.mean_probability), "{}", outline.mean_probability);
    }
}

#[test]
fn a_disc_cut_by_the_edge_ends_on_the_edge_and_says_so() {
    let found = outlines(&mask(disc(1920.0, 540.0, 200.0)), HD, &exact()).unwrap();
    assert_eq!(found.len(), 1);
    assert!(found[0].truncated);
    assert!((found[0].area_px / (PI * 200.0 * 200.0 / 2.0) - 1.0).abs() < 0.02);
    let [_, _, right, _] = bounds(&found[0].ring_px);
    assert!((right - 1920.0).abs() < 1e-9, "{right}");
}

#[test]
fn simpler_outlines_have_few_points_near_the_line() {
    let options = Options { simplify_px: 4.0, ..exact() };
    let found = outlines(&mask(disc(900.0, 500.0, 200.0)), HD, &options).unwrap();
    let ring = &found[0].ring_px;
    assert!(ring.len() < 30, "{}", ring.len());
    for (x, y) in ring {
        assert!(((x - 900.0).hypot(y - 500.0) - 200.0).abs() < 4.0);
    }
    assert!((found[0].area_px / (PI * 40_000.0) - 1.0).abs() < 0.02, "area is that of the full line");
}

#[test]
fn rings_run_clockwise_from_the_top() {
    let found = outlines(&mask(disc(900.0, 500.0, 200.0)), HD, &Options::default()).unwrap();
    let ring = &found[0].ring_px;
    let turn: f64 = ring.iter().zip(ring.iter().cycle().skip(1)).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum();
    assert!(turn > 0.0, "clockwise with y down");
    let [_, top, _, _] = bounds(ring);
    assert!((ring[0].1 - top).abs() < 1e-9);
}

#[test]
fn outlines_come_largest_first_and_small_ones_are_dropped() {
    let both = disc(300.0, 300.0, 60.0) + disc(1200.0, 600.0, 200.0) + disc(1800.0, 100.0, 20.0);
    let options = Options { min_area_share: 0.002, ..Options::default() };
    let found = outlines(&mask(both), HD, &options).unwrap();
    let lefts: Vec<f64> = found.iter().map(|outline| bounds(&outline.ring_px)[0].round()).collect();
    assert_eq!(found.len(), 2, "the third has 0.06 % of the picture");
    assert!((lefts[0] - 1000.0).abs() < 3.0 && (lefts[1] - 240.0).abs() < 3.0, "{lefts:?}");
}

#[test]
fn an_island_is_a_hole_and_not_counted() {
    let ring = (disc(900.0, 500.0, 300.0) - disc(900.0, 500.0, 100.0)).mapv(|value| value.max(0.0));
    let found = outlines(&mask(ring), HD, &Options::default()).unwrap();
    assert_eq!((found.len(), found[0].holes_px.len()), (1, 1));
    let expected = PI * (300.0 * 300.0 - 100.0 * 100.0);
    assert!((found[0].area_px / expected - 1.0).abs() < 0.02);
}

#[test]
fn what_lies_in_ignored_water_is_not_outlined() {
    let both = disc(300.0, 300.0, 60.0) + disc(1200.0, 600.0, 200.0);
    let river = vec![(900.0, 0.0), (1920.0, 0.0), (1920.0, 1080.0), (900.0, 1080.0)];
    let options = Options { ignore: vec![river], ..Options::default() };
    let found = outlines(&mask(both), HD, &options).unwrap();
    assert_eq!(found.len(), 1);
    assert!(bounds(&found[0].ring_px)[2] < 400.0);
}

#[test]
fn only_the_region_of_interest_is_outlined() {
    let region = vec![(0.0, 0.0), (600.0, 0.0), (600.0, 1080.0), (0.0, 1080.0)];
    let options = Options { interest: vec![region], ..Options::default() };
    let both = disc(300.0, 300.0, 60.0) + disc(1200.0, 600.0, 200.0);
    assert_eq!(outlines(&mask(both), HD, &options).unwrap().len(), 1);
    let cut = outlines(&mask(disc(600.0, 500.0, 200.0)), HD, &options).unwrap();
    // The line falls between the last cell inside and the first outside.
    assert!((bounds(&cut[0].ring_px)[2] - 600.0).abs() < 12.0);
}

#[test]
fn masks_without_anything_above_the_threshold_have_no_outline() {
    for empty in [Array2::zeros((96, 160)), Array2::from_elem((96, 160), 0.49), Array2::zeros((0, 0))] {
        assert!(outlines(&mask(empty), HD, &Options::default()).unwrap().is_empty());
    }
}

#[test]
fn one_cell_is_a_diamond_and_a_full_mask_is_the_picture() {
    let one = array![[0.0_f32, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]];
    let found = outlines(&mask(one), SizePx::new(30, 30), &exact()).unwrap();
    assert!((found[0].area_px - 50.0).abs() < 1e-6, "half-axes of 5 px: {}", found[0].area_px);
    let full = outlines(&mask(Array2::ones((3, 3))), SizePx::new(30, 30), &Options::default()).unwrap();
    assert_eq!(full[0].ring_px, [(0.0, 0.0), (30.0, 0.0), (30.0, 30.0), (0.0, 30.0)]);
    assert!(full[0].truncated);
}

proptest! {
    #[test]
    fn any_mask_gives_simple_rings_inside_the_picture(
        values in proptest::collection::vec(0.0_f32..1.0, 120),
        simplify_px in 0.0_f64..40.0,
    ) {
        let size = SizePx::new(120, 100);
        let probability = Array2::from_shape_vec((10, 12), values).unwrap();
        let options = Options { simplify_px, ..exact() };
        for outline in outlines(&mask(probability), size, &options).unwrap() {
            prop_assert!(outline.ring_px.len() >= 3);
            prop_assert!(outline.area_px > 0.0);
            prop_assert!((0.5..=1.0).contains(&outline.mean_probability));
            let [left, top, right, bottom] = bounds(&outline.ring_px);
            prop_assert!(left >= 0.0 && top >= 0.0 && right <= 120.0 && bottom <= 100.0);
        }
    }
}
