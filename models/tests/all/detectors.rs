//! Detectors and golden pictures, with a runner of a few lines in place of ONNX Runtime.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use models::{Answer, Detector, Mask, ModelError, RgbImage, Runner, RunnerError, SizePx, golden};
use ndarray::{Array3, Array4, ArrayD, ArrayViewD, Ix4};

use crate::{boxes_card, card};

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

/// The masks of the first pack.
fn masks(answers: &[Answer]) -> &[Mask] {
    match answers.first() {
        Some(Answer::Masks(masks)) => masks,
        other => panic!("no masks but {other:?}"),
    }
}

/// Answers a mask of 0.25 and one box of each class, and counts its runs.
struct TwoHeads(Arc<AtomicUsize>);

impl Runner for TwoHeads {
    fn run(&mut self, input: ArrayViewD<'_, f32>) -> Result<Vec<(String, ArrayD<f32>)>, RunnerError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let mut boxes = Array3::zeros((input.shape()[0], 8, 6));
        for (row, values) in [(3, [0.0, 0.0, 32.0, 16.0, 0.7, 0.1]), (5, [8.0, 8.0, 64.0, 32.0, 0.5, 0.95])] {
            for (column, value) in values.into_iter().enumerate() {
                boxes.slice_mut(ndarray::s![.., row, column]).fill(value);
            }
        }
        let mask = Array4::from_elem((input.shape()[0], 1, 8, 16), 0.25);
        Ok(vec![("red_boxes".to_owned(), boxes.into_dyn()), ("probability".to_owned(), mask.into_dyn())])
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
    let answers = detector.run(&picture(64, 16, 16), &letterbox).unwrap();
    let mask = &masks(&answers)[0];
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
    let answers = detector.run_batch(&[(&none, fit), (&all, fit), (&none, fit)]).unwrap();
    let sums: Vec<f32> = answers.iter().map(|one| masks(one)[0].probability.mean().unwrap()).collect();
    assert_eq!(sums, [0.0, 1.0, 0.0]);
    assert!(matches!(detector.run_batch(&[]), Err(ModelError::Batch { .. })));
    let again = detector.run(&all, &fit).unwrap();
    assert_eq!(again, answers[1]);
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
    let seen = golden::check(&mut detector, &card(), Some(&picture(64, 32, 32))).unwrap();
    assert_eq!(seen, golden::Seen::Mask { mean_probability: 0.5, positive_share: 0.5 });
}

#[test]
fn a_golden_picture_seen_otherwise_is_an_error_with_both_figures() {
    let mut detector = Detector::new(card(), Box::new(Threshold));
    let message = golden::check(&mut detector, &card(), Some(&picture(64, 32, 16))).unwrap_err().to_string();
    let expected = "model tiny does not see its golden picture as its card says: mean probability 0.2500 against 0.5000, \
                    positive share 0.2500 against 0.5000, tolerance 0.005";
    assert_eq!(message, expected);
}

#[test]
fn a_pack_without_its_golden_picture_is_an_error() {
    let mut detector = Detector::new(card(), Box::new(Threshold));
    let message = golden::check(&mut detector, &card(), None).unwrap_err().to_string();
    assert_eq!(message, "model tiny has no golden picture, its card names golden.png");
}

#[test]
fn a_golden_picture_that_needs_resizing_is_refused() {
    let mut detector = Detector::new(card(), Box::new(Threshold));
    let larger = golden::check(&mut detector, &card(), Some(&picture(128, 64, 64)));
    assert!(matches!(larger, Err(ModelError::Content { .. })));
}

#[test]
fn packs_that_share_a_model_are_answered_by_one_run() {
    let runs = Arc::new(AtomicUsize::new(0));
    let detector = Detector::new(card(), Box::new(TwoHeads(Arc::clone(&runs))));
    let mut detector = detector.with_head(boxes_card()).unwrap();
    let fit = detector.letterbox(SizePx::new(64, 32)).unwrap();
    let batch = detector.run_batch(&[(&picture(64, 32, 0), fit), (&picture(64, 32, 9), fit)]).unwrap();
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    assert_eq!(batch.len(), 2);
    for answers in &batch {
        assert_eq!(answers.len(), 2, "one a card");
        assert!(masks(answers)[0].probability.iter().all(|value| (value - 0.25).abs() < 1e-6));
        let Answer::Boxes(boxes) = &answers[1] else { panic!("no boxes") };
        let found: Vec<(&str, f32)> = boxes.iter().map(|found| (found.class.as_str(), found.score)).collect();
        assert_eq!(found, [("other", 0.95), ("red", 0.7)], "0.5 and 0.1 are below their thresholds");
    }
}

#[test]
fn a_floor_shows_the_weak_boxes_too() {
    let mut detector = Detector::new(boxes_card(), Box::new(TwoHeads(Arc::default()))).with_floor(0.1);
    let fit = detector.letterbox(SizePx::new(64, 32)).unwrap();
    let answers = detector.run(&picture(64, 32, 0), &fit).unwrap();
    let Answer::Boxes(boxes) = &answers[0] else { panic!("no boxes") };
    assert_eq!(boxes.iter().map(|found| found.score).collect::<Vec<_>>(), [0.95, 0.7, 0.5, 0.1]);
}

#[test]
fn packs_of_another_file_or_input_share_no_session() {
    let refused = |change: &dyn Fn(&mut models::Card)| {
        let mut other = boxes_card();
        change(&mut other);
        let detector = Detector::new(card(), Box::new(Threshold));
        detector.with_head(other).err().expect("refused").to_string()
    };
    let other_file = refused(&|card| card.sha256 = "f".repeat(64));
    assert_eq!(other_file, "models tiny and reds share a file, but their cards differ in sha256");
    let other_input = refused(&|card| card.input.mean = [0.0; 3]);
    assert_eq!(other_input, "models tiny and reds share a file, but their cards differ in input");
}

#[test]
fn golden_boxes_are_compared_by_number_class_score_and_place() {
    let mut golden_card = boxes_card();
    golden_card.golden.boxes = Some(2);
    golden_card.golden.best = Some(models::card::GoldenBox {
        class: "other".to_owned(),
        score: 0.952,
        corners_px: [8.5, 7.5, 63.5, 32.0],
    });
    let mut detector = Detector::new(golden_card.clone(), Box::new(TwoHeads(Arc::default())));
    let picture = picture(64, 32, 0);
    let mut check = |card: &models::Card| golden::check(&mut detector, card, Some(&picture));
    check(&golden_card).unwrap();
    let mut wrong = golden_card.clone();
    wrong.golden.boxes = Some(3);
    let message = check(&wrong).unwrap_err().to_string();
    assert_eq!(
        message,
        "model reds does not see its golden picture as its card says: 2 boxes against 3, the best other 0.9500 at \
         [8.0, 8.0, 64.0, 32.0] px against other 0.9520 at [8.5, 7.5, 63.5, 32.0] px, tolerance 0.005 and 1 px"
    );
    for change in [
        |best: &mut models::card::GoldenBox| best.class = "red".to_owned(),
        |best: &mut models::card::GoldenBox| best.score = 0.94,
        |best: &mut models::card::GoldenBox| best.corners_px[2] = 62.0,
    ] {
        let mut wrong = golden_card.clone();
        change(wrong.golden.best.as_mut().unwrap());
        assert!(matches!(check(&wrong), Err(ModelError::Golden { .. })));
    }
}
