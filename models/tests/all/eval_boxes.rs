//! Scores of boxes, against pycocotools and against figures worked out by hand.

use std::path::Path;
use std::process::Command;

use models::eval::average_precision::{Boxes, Rect, average_precision, coco_ious};
use models::eval::boxes::{Picture, report};
use models::{BoxPx, Card, Detection};
use serde_json::Value;

use crate::boxes_card;

const BOXES: &str = include_str!("../data/coco/boxes.json");
const EXPECTED: &str = include_str!("../data/coco/expected.json");
/// How far two implementations of one definition may drift by the order of their sums.
const TOLERANCE: f64 = 1e-6;

fn numbers(row: &Value) -> Vec<f64> {
    row.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

/// The pictures of `boxes.json` with the boxes of one class: class, left, top, width, height and, where found, score.
fn pictures(class: f64) -> Vec<Boxes> {
    let rect = |row: &[f64]| Rect { left_px: row[1], top_px: row[2], width_px: row[3], height_px: row[4] };
    let rows = |picture: &Value, key: &str| -> Vec<Vec<f64>> {
        let all = picture[key].as_array().unwrap().iter().map(numbers);
        all.filter(|row| (row[0] - class).abs() < 0.5).collect()
    };
    let all: Value = serde_json::from_str(BOXES).unwrap();
    let picture = |picture: &Value| Boxes {
        truth: rows(picture, "truth").iter().map(|row| rect(row)).collect(),
        found: rows(picture, "found").iter().map(|row| (rect(row), row[5])).collect(),
    };
    all.as_array().unwrap().iter().map(picture).collect()
}

fn agree(expected: &str) {
    let expected: Value = serde_json::from_str(expected).unwrap();
    for class in 0..3_u8 {
        let pictures = pictures(f64::from(class));
        let ours = |ious: &[f64]| average_precision(&pictures, ious);
        for (name, found) in [
            ("ap30", ours(&[0.3])),
            ("ap50", ours(&[0.5])),
            ("ap75", ours(&[0.75])),
            ("ap", ours(&coco_ious())),
        ] {
            let theirs = expected[class.to_string()][name].as_f64();
            match (found, theirs) {
                (Some(found), Some(theirs)) => {
                    assert!((found - theirs).abs() < TOLERANCE, "class {class} {name}: {found} {theirs}");
                }
                (found, theirs) => assert_eq!(found, theirs, "class {class} {name}"),
            }
        }
    }
}

#[test]
fn average_precision_is_that_of_pycocotools() {
    assert_eq!(pictures(0.0).len(), 40);
    agree(EXPECTED);
}

#[test]
fn average_precision_is_that_of_the_pycocotools_at_hand() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/coco");
    let python = std::env::var_os("FLYONCE_PYTHON").unwrap_or_else(|| "python3".into());
    let made = Command::new(python).arg("average_precision.py").current_dir(folder).output();
    match made {
        Ok(made) if made.status.success() => agree(&String::from_utf8(made.stdout).unwrap()),
        _ => println!("not measured: no python3 with pycocotools (FLYONCE_PYTHON names one)"),
    }
}

fn found(class: &str, left_px: f32, score: f32) -> Detection {
    let bounds = BoxPx { left_px, top_px: 0.0, right_px: left_px + 10.0, bottom_px: 10.0 };
    Detection { class: class.to_owned(), score, bounds }
}

fn at(class: u32, left_px: f64) -> (u32, Rect) {
    (class, Rect { left_px, top_px: 0.0, width_px: 10.0, height_px: 10.0 })
}

fn picture(card: &Card, name: &str, truth: &[(u32, Rect)], found: &[Detection]) -> Picture {
    Picture::new(name, name.contains("nadir").then(|| "nadir".to_owned()), card, truth, found)
}

/// Thresholds are 0.6 for class 0 (red) and 0.9 for class 1 (other).
fn mixed() -> Vec<Picture> {
    let card = boxes_card();
    vec![
        // Two true, one found, one invented, one too weak.
        picture(
            &card,
            "a_1.jpg",
            &[at(0, 0.0), at(0, 50.0)],
            &[found("red", 1.0, 0.8), found("red", 90.0, 0.7), found("red", 50.0, 0.5)],
        ),
        picture(&card, "a_2_nadir.jpg", &[at(0, 0.0)], &[found("red", 0.0, 0.59)]),
        // Class 1 makes no positive of it.
        picture(&card, "b_1.jpg", &[at(1, 0.0)], &[found("red", 0.0, 0.6), found("other", 0.0, 0.95)]),
        picture(&card, "b_2.jpg", &[], &[found("other", 0.0, 0.95)]),
    ]
}

#[test]
fn pictures_alarm_and_boxes_are_found_at_the_threshold() {
    let report = report(&mixed(), &boxes_card().classes);
    let total = &report.total;
    assert_eq!((total.images, total.positives, total.negatives), (4, 2, 2));
    assert_eq!((total.recall, total.missed), (Some(0.5), 1));
    assert_eq!((total.false_alarm, total.alarms), (Some(0.5), 1), "0.6 meets the threshold of 0.6");
    assert_eq!((total.boxes, total.boxes_found, total.boxes_invented), (Some(3), Some(1), Some(2)));
    assert_eq!((total.box_precision, total.box_recall), (Some(1.0 / 3.0), Some(1.0 / 3.0)));
    let other = &report.classes["other"];
    assert_eq!(
        (other.positives, other.negatives, other.recall, other.false_alarm),
        (1, 3, Some(1.0), Some(1.0 / 3.0))
    );
    assert_eq!(report.classes["red"], *total);
    assert_eq!(report.views["nadir"].recall, Some(0.0));
}

#[test]
fn a_slice_without_positives_or_without_negatives_has_no_such_share() {
    let slices = report(&mixed(), &boxes_card().classes).slices;
    let (a, b) = (&slices["a"], &slices["b"]);
    assert_eq!((a.false_alarm, a.negatives, a.ap50.is_some()), (None, 0, true));
    assert_eq!((b.ap50, b.ap30, b.ap, b.recall, b.box_recall), (None, None, None, None, None));
    assert_eq!(b.false_alarm, Some(0.5));
}

#[test]
fn json_has_the_keys_of_the_eval_command() {
    let json = serde_json::to_value(report(&mixed(), &boxes_card().classes)).unwrap();
    for scores in [
        &json,
        &json["slices"]["a"],
        &json["slices"]["b"],
        &json["views"]["nadir"],
        &json["classes"]["other"],
    ] {
        for key in ["iou", "f1", "ap50", "ap30", "ap", "recall", "false_alarm", "threshold", "box_precision"]
        {
            assert!(scores.get(key).is_some(), "{key}");
        }
        assert!(scores["iou"].is_null());
    }
    assert_eq!(
        (json["threshold"].as_f64(), json["classes"]["other"]["threshold"].as_f64()),
        (Some(0.6), Some(0.9))
    );
    assert!(json["slices"]["b"]["ap"].is_null() && json["slices"]["a"]["false_alarm"].is_null());
}
