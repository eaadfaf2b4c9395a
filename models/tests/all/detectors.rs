//! Detectors and golden pictures, with a runner of a few lines in place of ONNX Runtime.

use models::{Detector, ModelError, RgbImage, Runner, RunnerError, SizePx, golden};
use ndarray::{Array4, ArrayD, ArrayViewD, Ix4};

use crate::card;

/// Answers 1 where the mean red of a cell is above the card's mean, else 0.
struct Threshold;

impl Runner for Threshold {
    fn run(&mut self, input: ArrayViewD<'_, f32>) -> Result<Vec<(String, ArrayD<f32>)>, RunnerError> {
        let input = input.into_dimensionality::<Ix4>().unwrap();
        let red = |(n, _, r, c): (usize, usize, usize, usize)| {
            let cell = input.slice(ndarray::s![n, 0, r * 4..r * 4 + 4, c * 4..c * 4 + 4]);
            f32::from(u8::from(cell.mean().unwrap() > 0.0))
        };
        let output = Array4::from_shape_fn((input.shape()[0], 1, 8, 16), red);
        Ok(vec![("probability".to_owned(), output.into_dyn())])
    }
}

struct Named(&'static str);

impl Runner for Named {
    fn run(&mut self, _: ArrayViewD<'_, f32>) -> Result<Vec<(String, ArrayD<f32>)>, RunnerError> {
        Ok(vec![(self.0.to_owned(), Array4::zeros((1, 1, 8, 16)).into_dyn())])
    }
}

/// The left part red, the rest black.
fn picture(width: u32, height: u32, red_columns: u32) -> RgbImage {
    let pixel = |index: u32| if index % width < red_columns { [255, 0, 0] } else { [0, 0, 0] };
    RgbImage::new(width, height, (0..width * height).flat_map(pixel).collect()).unwrap()
}

#[test]
fn a_picture_goes_in_and_its_mask_comes_out() {
    let mut detector = Detector::new(card(), Box::new(Threshold));
    let letterbox = detector.letterbox(SizePx::new(640, 160)).unwrap();
    assert_eq!(letterbox.scaled, SizePx::new(64, 16));
    let masks = detector.run(&picture(64, 16, 16), &letterbox).unwrap();
    let mask = &masks[0];
    assert_eq!((mask.class.as_str(), mask.probability.dim()), ("red", (4, 16)));
    for ((_, column), value) in mask.probability.indexed_iter() {
        assert_eq!(*value > 0.5, column < 4, "column {column}");
    }
}

#[test]
fn a_batch_keeps_its_order_and_an_empty_one_is_refused() {
    let mut detector = Detector::new(card(), Box::new(Threshold));
    let fit = detector.letterbox(SizePx::new(64, 32)).unwrap();
    let (none, all) = (picture(64, 32, 0), picture(64, 32, 64));
    let masks = detector.run_batch(&[(&none, fit), (&all, fit), (&none, fit)]).unwrap();
    let sums: Vec<f32> = masks.iter().map(|masks| masks[0].probability.mean().unwrap()).collect();
    assert_eq!(sums, [0.0, 1.0, 0.0]);
    assert!(matches!(detector.run_batch(&[]), Err(ModelError::Batch { .. })));
    let again = detector.run(&all, &fit).unwrap();
    assert_eq!(again, masks[1]);
}

#[test]
fn a_fixed_batch_takes_no_other_number() {
    let mut card = card();
    card.input.shape[0] = 2;
    let mut detector = Detector::new(card, Box::new(Threshold));
    let fit = detector.letterbox(SizePx::new(64, 32)).unwrap();
    let refused = detector.run(&picture(64, 32, 0), &fit);
    assert!(matches!(refused, Err(ModelError::Batch { given: 1, taken: 2, .. })));
}

#[test]
fn an_output_of_another_name_is_an_error() {
    let mut detector = Detector::new(card(), Box::new(Named("other")));
    let fit = detector.letterbox(SizePx::new(64, 32)).unwrap();
    let message = detector.run(&picture(64, 32, 0), &fit).unwrap_err().to_string();
    assert_eq!(message, "model tiny gave no output probability");
}

#[test]
fn the_golden_picture_must_be_seen_as_the_card_says() {
    let mut detector = Detector::new(card(), Box::new(Threshold));
    let seen = golden::check(&mut detector, Some(&picture(64, 32, 32))).unwrap();
    assert!((seen.mean_probability - 0.5).abs() < 1e-9 && (seen.positive_share - 0.5).abs() < 1e-9);
}

#[test]
fn a_golden_picture_seen_otherwise_is_an_error_with_both_figures() {
    let mut detector = Detector::new(card(), Box::new(Threshold));
    let message = golden::check(&mut detector, Some(&picture(64, 32, 16))).unwrap_err().to_string();
    let expected = "model tiny does not see its golden picture as its card says: mean probability 0.2500 against 0.5000, \
                    positive share 0.2500 against 0.5000, tolerance 0.005";
    assert_eq!(message, expected);
}

#[test]
fn a_pack_without_its_golden_picture_is_an_error() {
    let mut detector = Detector::new(card(), Box::new(Threshold));
    let message = golden::check(&mut detector, None).unwrap_err().to_string();
    assert_eq!(message, "model tiny has no golden picture, its card names golden.png");
}

#[test]
fn a_golden_picture_that_needs_resizing_is_refused() {
    let mut detector = Detector::new(card(), Box::new(Threshold));
    let larger = golden::check(&mut detector, Some(&picture(128, 64, 64)));
    assert!(matches!(larger, Err(ModelError::Content { .. })));
}
