//! Boxes lie on the picture, whatever the letterbox did, and only the best of a heap stays.

use models::{Detection, Letterbox, ModelError, SizePx, decode};
use ndarray::{Array3, ArrayD};

use crate::boxes_card;

/// An output with these rows; the rest is zero.
fn output(rows: &[[f32; 6]]) -> ArrayD<f32> {
    let mut output = Array3::zeros((1, 8, 6));
    for (row, values) in rows.iter().enumerate() {
        for (column, value) in values.iter().enumerate() {
            output[[0, row, column]] = *value;
        }
    }
    output.into_dyn()
}

fn letterbox(width: u32, height: u32) -> Letterbox {
    Letterbox::fit(SizePx::new(width, height), SizePx::new(64, 32)).unwrap()
}

fn decoded(rows: &[[f32; 6]], letterbox: Letterbox, floor: Option<f32>) -> Vec<Detection> {
    decode::boxes::boxes(&boxes_card(), &output(rows), &[letterbox], floor).unwrap().remove(0)
}

fn edges(of: &Detection) -> Vec<f32> {
    vec![of.bounds.left_px, of.bounds.top_px, of.bounds.right_px, of.bounds.bottom_px]
}

#[test]
fn boxes_are_carried_back_through_the_letterbox() {
    // 640x160 is scaled to 64x16 with 8 rows of padding above: input (8, 12) is picture (80, 40).
    let found = decoded(&[[8.0, 12.0, 24.0, 20.0, 0.9, 0.0]], letterbox(640, 160), None);
    assert_eq!(edges(&found[0]), [80.0, 40.0, 240.0, 120.0]);
    // 100x100 is scaled to 32x32 with 16 columns to the left.
    let found = decoded(&[[32.0, 0.0, 48.0, 16.0, 0.9, 0.0]], letterbox(100, 100), None);
    assert_eq!(edges(&found[0]), [50.0, 0.0, 100.0, 50.0]);
}

#[test]
fn boxes_are_clipped_and_those_in_the_padding_are_none() {
    let rows = [
        [-5.0, 0.0, 16.0, 20.0, 0.9, 0.0],
        [0.0, 0.0, 64.0, 8.0, 0.8, 0.0],
        [20.0, 20.0, 10.0, 30.0, 0.7, 0.0],
    ];
    let found = decoded(&rows, letterbox(640, 160), None);
    assert_eq!(found.len(), 1, "one lies in the padding, one is inside out");
    assert_eq!(edges(&found[0]), [0.0, 0.0, 160.0, 120.0]);
}

#[test]
fn each_class_has_its_threshold_and_its_own_heap() {
    let rows = [
        [0.0, 0.0, 32.0, 32.0, 0.6, 0.95],
        [0.0, 0.0, 32.0, 30.0, 0.7, 0.9],
        [40.0, 0.0, 64.0, 30.0, 0.59, 0.89],
    ];
    let found = decoded(&rows, letterbox(64, 32), None);
    let names: Vec<(&str, f32)> = found.iter().map(|one| (one.class.as_str(), one.score)).collect();
    assert_eq!(names, [("other", 0.95), ("red", 0.7)]);
    let all = decoded(&rows, letterbox(64, 32), Some(0.01));
    assert_eq!(all.iter().map(|one| one.score).collect::<Vec<_>>(), [0.95, 0.89, 0.7, 0.59]);
}

#[test]
fn outputs_that_are_not_the_cards_are_refused() {
    let decode =
        |output: ArrayD<f32>| decode::boxes::boxes(&boxes_card(), &output, &[letterbox(64, 32)], None);
    let wrong = decode(Array3::zeros((1, 8, 5)).into_dyn());
    assert!(matches!(wrong, Err(ModelError::OutputShape { .. })));
    for value in [f32::NAN, f32::INFINITY] {
        let edge = decode(output(&[[0.0, value, 1.0, 1.0, 0.0, 0.0]]));
        assert!(matches!(edge, Err(ModelError::NotEdge { .. })), "{value}");
        let score = decode(output(&[[0.0, 0.0, 1.0, 1.0, 0.0, value]]));
        assert!(matches!(score, Err(ModelError::NotProbability { .. })), "{value}");
    }
    let logit = decode(output(&[[0.0, 0.0, 1.0, 1.0, 3.5, 0.0]]));
    assert!(matches!(logit, Err(ModelError::NotProbability { .. })));
}

#[test]
fn a_picture_has_no_more_boxes_than_the_limit() {
    let mut card = boxes_card();
    card.output.shape = vec![-1, 1000, 6];
    let rows = Array3::from_shape_fn((1, 1000, 6), |(_, row, column)| match column {
        0 => (row % 64) as f32,
        1 => (row / 64) as f32,
        2 => (row % 64) as f32 + 0.9,
        3 => (row / 64) as f32 + 0.9,
        4 => 0.001 * row as f32,
        _ => 0.0,
    });
    let found = decode::boxes::boxes(&card, &rows.into_dyn(), &[letterbox(64, 32)], Some(0.001)).unwrap();
    assert_eq!(found[0].len(), decode::boxes::BOXES_MAX);
    assert!(found[0].windows(2).all(|pair| pair[0].score >= pair[1].score), "best first");
    assert!((found[0][0].score - 0.999).abs() < 1e-6);
}
