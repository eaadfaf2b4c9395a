//! Scores of masks, against figures worked out by hand.

use models::eval::mask::{Counts, Picture, count, report};
use models::eval::slice;
use models::{Mask, ModelError};
use ndarray::{Array2, array};

fn mask(probability: Array2<f32>) -> Mask {
    Mask { class: "water".to_owned(), probability, threshold: 0.5, min_area_share: 0.01 }
}

fn picture(name: &str, hit: u64, false_found: u64, missed: u64) -> Picture {
    let counts = Counts { hit, false_found, missed, valid: 1000 };
    Picture { name: name.to_owned(), view: None, counts }
}

#[test]
fn pixels_are_counted_and_ignored_ones_are_not() {
    let truth = array![[1_u8, 1, 0, 0], [1, 255, 255, 0]];
    let seen = array![[0.9_f32, 0.1, 0.6, 0.2], [0.5, 0.9, 0.1, 0.4]];
    let counts = count(&mask(seen), &truth).unwrap();
    assert_eq!(counts, Counts { hit: 2, false_found: 1, missed: 1, valid: 6 });
}

#[test]
fn a_coarse_mask_is_read_between_its_cells() {
    // Two cells 0 and 1 over eight pixels: the line between them crosses 0.5 in the middle.
    let counts = count(&mask(array![[0.0_f32, 1.0]]), &array![[0_u8, 0, 0, 1, 1, 1, 1, 1]]).unwrap();
    assert_eq!(counts, Counts { hit: 4, false_found: 0, missed: 1, valid: 8 });
    // Three quarters of the way at threshold 0.75: centres at 0.5 and 1.5 cells, so 0.75 is met from 1.25 cells on.
    let mut steep = mask(array![[0.0_f32, 1.0]]);
    steep.threshold = 0.75;
    let counts = count(&steep, &array![[0_u8, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1]]).unwrap();
    assert_eq!(counts, Counts { hit: 6, false_found: 0, missed: 3, valid: 16 });
}

#[test]
fn a_truth_with_another_value_is_refused_with_its_place() {
    let refused = count(&mask(array![[0.0_f32]]), &array![[0_u8, 1], [0, 7]]);
    assert!(matches!(refused, Err(ModelError::TruthValue { value: 7, row: 1, column: 1 })));
}

#[test]
fn pixels_are_pooled_and_alarms_are_counted_by_picture() {
    let pictures = [
        picture("street_1.jpg", 80, 10, 20),
        picture("street_2.jpg", 5, 4, 1),
        picture("drone_1.jpg", 0, 10, 0),
        picture("drone_2.jpg", 0, 9, 0),
    ];
    let report = report(&pictures, 0.5, 0.01);
    let total = &report.total;
    // 85 hit, 33 false, 21 missed.
    assert_eq!(total.iou, Some(85.0 / 139.0));
    assert_eq!(total.f1, Some(170.0 / 224.0));
    // 90 of 1000 and 9 of 1000 found: the second positive stays silent; 10 of 1000 is exactly the least share.
    assert_eq!((total.positives, total.missed, total.recall), (2, 1, Some(0.5)));
    assert_eq!((total.negatives, total.alarms, total.false_alarm), (2, 1, Some(0.5)));
    // |90-100|, |9-6|, 10 and 9 thousandths.
    assert!((total.area_error.unwrap() - 0.008).abs() < 1e-12);
    assert_eq!((report.slices["drone"].iou, report.slices["drone"].f1), (None, None), "nothing to find");
    assert_eq!(report.slices["drone"].recall, None);
    assert_eq!(report.slices["street"].images, 2);
}

#[test]
fn a_picture_that_is_ignored_altogether_is_neither_positive_nor_negative() {
    let ignored = Picture { name: "a_1.png".to_owned(), view: None, counts: Counts::default() };
    let total = report(&[ignored], 0.5, 0.0).total;
    assert_eq!((total.images, total.positives, total.negatives), (1, 0, 0));
    assert_eq!((total.iou, total.recall, total.area_error), (None, None, None));
}

#[test]
fn views_are_scored_beside_slices() {
    let mut nadir = picture("a_1.jpg", 10, 0, 0);
    nadir.view = Some("nadir".to_owned());
    let report = report(&[nadir, picture("a_2.jpg", 0, 0, 10)], 0.5, 0.01);
    assert_eq!(report.views.keys().collect::<Vec<_>>(), ["nadir"]);
    assert_eq!(report.views["nadir"].iou, Some(1.0));
    assert_eq!(report.slices["a"].iou, Some(0.5));
}

#[test]
fn the_slice_is_the_prefix_before_the_first_underscore() {
    for (name, expected) in
        [("cv_a_1.jpg", "cv"), ("plain.png", "plain"), ("kampala_07", "kampala"), ("_x.jpg", "")]
    {
        assert_eq!(slice(name), expected, "{name}");
    }
}

#[test]
fn json_has_the_keys_of_the_eval_command() {
    let json = serde_json::to_value(report(&[picture("a_1.jpg", 10, 0, 0)], 0.5, 0.01)).unwrap();
    let keys = [
        "iou",
        "f1",
        "ap50",
        "ap30",
        "ap",
        "recall",
        "false_alarm",
        "threshold",
        "images",
        "positives",
        "negatives",
        "missed",
        "alarms",
        "slices",
        "views",
        "area_error",
        "min_area_share",
    ];
    for key in keys {
        assert!(json.get(key).is_some(), "{key}");
    }
    assert_eq!(json["slices"]["a"]["iou"], 1.0);
    assert!(json["ap50"].is_null() && json["false_alarm"].is_null());
    assert_eq!((json["threshold"].as_f64(), json["min_area_share"].as_f64()), (Some(0.5), Some(0.01)));
}
