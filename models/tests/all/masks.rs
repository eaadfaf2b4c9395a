//! Masks lie on the picture, wherever the padding ends.

use models::{Letterbox, ModelError, SizePx, decode};
use ndarray::{Array4, ArrayD};

use crate::card;

/// Output of a model that answers with the position of each cell's centre, 0 to 1 over the input's width or height.
fn ramp(along_width: bool) -> ArrayD<f32> {
    let value = |(_, _, row, column): (usize, usize, usize, usize)| {
        if along_width { (column as f32 + 0.5) / 16.0 } else { (row as f32 + 0.5) / 8.0 }
    };
    Array4::from_shape_fn((1, 1, 8, 16), value).into_dyn()
}

fn letterbox(width: u32, height: u32) -> Letterbox {
    Letterbox::fit(SizePx::new(width, height), SizePx::new(64, 32)).unwrap()
}

/// Every cell must say where its centre lies in the input; cells whose centre the ramp cannot reach are left out.
fn check_places(width: u32, height: u32) {
    let letterbox = letterbox(width, height);
    for along_width in [true, false] {
        let mask = &decode::mask::masks(&card(), &ramp(along_width), &[letterbox]).unwrap()[0][0];
        let (rows, columns) = mask.probability.dim();
        for ((row, column), value) in mask.probability.indexed_iter() {
            let share = if along_width {
                (column as f64 + 0.5) / columns as f64
            } else {
                (row as f64 + 0.5) / rows as f64
            };
            let (scaled, pad, input, edge) = if along_width {
                (letterbox.scaled.width, letterbox.pad_left, 64.0, 0.5 / 16.0)
            } else {
                (letterbox.scaled.height, letterbox.pad_top, 32.0, 0.5 / 8.0)
            };
            let expected = ((share * f64::from(scaled) + f64::from(pad)) / input).clamp(edge, 1.0 - edge);
            assert!(
                (f64::from(*value) - expected).abs() < 1e-6,
                "{width}x{height} ({row}, {column}): {value} {expected}"
            );
        }
    }
}

#[test]
fn each_cell_lies_where_its_centre_is_in_the_picture() {
    for (width, height) in [(64, 32), (128, 64), (50, 33), (33, 50), (7, 500), (500, 7), (1, 1), (1919, 1079)]
    {
        check_places(width, height);
    }
}

#[test]
fn padding_on_cell_borders_is_cut_bit_for_bit() {
    let output = Array4::from_shape_fn((1, 1, 8, 16), |(_, _, row, column)| {
        ((row * 16 + column) as f32 * 0.37).fract()
    });
    let mask = &decode::mask::masks(&card(), &output.clone().into_dyn(), &[letterbox(64, 16)]).unwrap()[0][0];
    assert_eq!(mask.probability, output.slice(ndarray::s![0, 0, 2..6, ..]));
}

#[test]
fn each_picture_of_a_batch_has_its_own_place() {
    let output = Array4::from_shape_fn((2, 1, 8, 16), |(picture, ..)| picture as f32 * 0.5).into_dyn();
    let masks = decode::mask::masks(&card(), &output, &[letterbox(64, 16), letterbox(16, 32)]).unwrap();
    assert_eq!(masks[0][0].probability.dim(), (4, 16));
    assert_eq!(masks[1][0].probability.dim(), (8, 4));
    assert!(masks[1][0].probability.iter().all(|value| (*value - 0.5).abs() < f32::EPSILON));
}

#[test]
fn outputs_that_are_not_the_cards_are_refused() {
    let decode = |output: ArrayD<f32>| decode::mask::masks(&card(), &output, &[letterbox(64, 32)]);
    let wrong = decode(Array4::zeros((1, 2, 8, 16)).into_dyn());
    assert!(matches!(wrong, Err(ModelError::OutputShape { .. })));
    let flat = decode(ndarray::Array1::zeros(128).into_dyn());
    assert!(matches!(flat, Err(ModelError::OutputShape { .. })));
    for value in [f32::NAN, 1.5, -0.1, f32::INFINITY] {
        let mut output = Array4::zeros((1, 1, 8, 16));
        output[[0, 0, 7, 15]] = value;
        assert!(matches!(decode(output.into_dyn()), Err(ModelError::NotProbability { .. })), "{value}");
    }
}
