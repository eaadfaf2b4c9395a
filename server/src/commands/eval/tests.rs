//! The command on a pack and a folder of a few pixels: right figures, and errors that name what is broken.

use std::fs;
use std::path::{Path, PathBuf};

use models::{RgbImage, pack::sha256_hex};
use serde_json::Value;

use super::*;

const CARD: &str = include_str!("../../../../models/tests/data/boxes_card.toml");
const MASK_CARD: &str = include_str!("../../../../models/tests/data/card.toml");
const SHARED: &[u8] = include_bytes!("../../../../models/tests/data/shared.onnx");
const SHARED_INT8: &[u8] = include_bytes!("../../../../models/tests/data/shared_int8.onnx");

/// Eight blocks of 16 pixels, row by row; a block of the list is red.
fn blocks(red: &[u32]) -> Vec<u8> {
    let pixel = |index: u32| {
        let (x, y) = (index % 64, index / 64);
        if red.contains(&(x / 16 + y / 16 * 4)) { [255, 3, 70] } else { [0, 200, 30] }
    };
    let picture = RgbImage::new(64, 32, (0..64 * 32).flat_map(pixel).collect()).unwrap();
    pipeline_cv::encode_png(&picture).unwrap()
}

fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Packs `reds` and `tiny`, which share a model in a folder beside them.
fn packs(root: &Path) -> [PathBuf; 2] {
    write(&root.join("shared/shared.onnx"), SHARED);
    write(&root.join("shared/shared_int8.onnx"), SHARED_INT8);
    let (fp32, int8) = (sha256_hex(SHARED), sha256_hex(SHARED_INT8));
    let card = CARD.replace(&"0".repeat(64), &fp32).replace(&"1".repeat(64), &int8);
    write(&root.join("reds/card.toml"), card);
    let card =
        MASK_CARD.replace(&"0".repeat(64), &fp32).replace("\"tiny.onnx\"", "\"../shared/shared.onnx\"");
    write(&root.join("tiny/card.toml"), card);
    ["reds", "tiny"].map(|name| {
        // Half of it red: half of the blocks, and a mean probability of a half.
        write(&root.join(name).join("golden.png"), blocks(&[2, 3, 6, 7]));
        root.join(name)
    })
}

/// Three pictures: one red block labelled as such, one without label 0, one of two red blocks of which none is labelled.
fn data(root: &Path) -> PathBuf {
    let folder = root.join("val");
    for (name, red, label) in [
        ("street_1", vec![0], "2 0.125 0.25 0.25 0.5\n"),
        ("street_2", vec![], "1 0.5 0.5 1.0 1.0\n"),
        ("drone_1", vec![1, 2], ""),
    ] {
        write(&folder.join("images").join(format!("{name}.png")), blocks(&red));
        write(&folder.join("labels").join(format!("{name}.txt")), label);
    }
    write(&root.join("manifest.csv"), "image,view\nstreet_1.png,ground\ndrone_1.png,nadir\n");
    folder
}

fn evaluate(pack: &Path, data: &Path, precision: Precision) -> anyhow::Result<(Value, Vec<Entry>)> {
    let runtime = Runtime { precision, workers: Some(2), ..Runtime::default() };
    let pack = load(pack, &runtime)?;
    let (report, entries) = score(&pack, &Data::open(data, pack.card.task)?, &runtime, true)?;
    Ok((serde_json::to_value(&report)?, entries))
}

fn refused(pack: &Path, data: &Path) -> String {
    format!("{:#}", evaluate(pack, data, Precision::Fp32).expect_err("refused"))
}

#[test]
fn a_pack_of_boxes_is_scored_in_both_precisions() {
    let root = tempfile::tempdir().unwrap();
    let ([reds, _], folder) = (packs(root.path()), data(root.path()));
    for (precision, name) in [(Precision::Fp32, "fp32"), (Precision::Int8, "int8")] {
        let (json, entries) = evaluate(&reds, &folder, precision).unwrap();
        assert_eq!((json["pack"].as_str(), json["precision"].as_str()), (Some("reds"), Some(name)));
        assert_eq!(entries.len(), 3);
        let shares = ["recall", "false_alarm", "threshold"].map(|key| json[key].as_f64());
        assert_eq!(shares, [Some(1.0), Some(0.5), Some(0.6)]);
        let slice = &json["slices"]["drone"];
        assert!(slice["ap50"].is_null() && slice["recall"].is_null());
        assert_eq!(slice["false_alarm"].as_f64(), Some(1.0));
        assert!(json["slices"]["street"]["ap50"].as_f64().unwrap() > 0.999);
        assert!(json["classes"]["other"]["ap"].is_number());
        assert_eq!(json["views"].as_object().unwrap().keys().collect::<Vec<_>>(), ["ground", "nadir"]);
        // Three red blocks in all, of which one is true; all score the same, and drone_1 comes before street_1.
        assert!((json["ap50"].as_f64().unwrap() - 1.0 / 3.0).abs() < 1e-6);
    }
}

#[test]
fn a_pack_of_masks_is_scored_against_masks() {
    let root = tempfile::tempdir().unwrap();
    let ([_, tiny], folder) = (packs(root.path()), data(root.path()));
    assert!(refused(&tiny, &folder).ends_with("holds no masks/, which a pack of masks is scored against"));
    let mask = |red: &[u32], path: &Path| {
        let there = |x: u32, y: u32| image::Luma([u8::from(red.contains(&(x / 16 + y / 16 * 4)))]);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        image::GrayImage::from_fn(64, 32, there).save(path).unwrap();
    };
    for (name, there) in [("street_1", vec![0]), ("street_2", vec![]), ("drone_1", vec![1, 2])] {
        mask(&there, &folder.join("masks").join(format!("{name}.png")));
    }
    let (json, _) = evaluate(&tiny, &folder, Precision::Fp32).unwrap();
    assert!(json["iou"].as_f64().unwrap() > 0.8 && json["ap50"].is_null());
    assert_eq!((json["recall"].as_f64(), json["false_alarm"].as_f64()), (Some(1.0), Some(0.0)));
    write(&folder.join("masks/street_2.png"), &blocks(&[])[..60]);
    let message = refused(&tiny, &folder);
    assert!(message.contains("masks/street_2.png"), "{message}");
    image::GrayImage::from_pixel(64, 32, image::Luma([3])).save(folder.join("masks/street_2.png")).unwrap();
    let message = refused(&tiny, &folder);
    assert!(message.contains("masks/street_2.png: truth holds value 3 at row 0, column 0"), "{message}");
}

#[test]
fn what_is_broken_is_named() {
    let root = tempfile::tempdir().unwrap();
    let ([reds, tiny], folder) = (packs(root.path()), data(root.path()));
    let label = folder.join("labels/street_2.txt");
    write(&label, "1 0.5 0.5 1.0 1.0\n9 0.5 0.5 0.1 0.1\n");
    let message = refused(&reds, &folder);
    let expected = "street_2.txt line 2: label 9 is neither a class of the card nor in its label_map";
    assert!(message.ends_with(expected), "{message}");
    fs::remove_file(&label).unwrap();
    let message = refused(&reds, &folder);
    assert!(message.contains("street_2.png has no label file"), "{message}");
    write(&label, "");
    write(&folder.join("images/street_2.png"), &blocks(&[])[..60]);
    let message = refused(&reds, &folder);
    assert!(message.contains("images/street_2.png"), "{message}");
    let message = format!("{:#}", evaluate(&tiny, &folder, Precision::Int8).expect_err("refused"));
    assert!(message.ends_with("model tiny has no int8 variant, its card names none"), "{message}");
    let model = root.path().join("shared/shared.onnx");
    fs::write(&model, &SHARED[..SHARED.len() - 1]).unwrap();
    let message = refused(&reds, &folder);
    assert!(message.contains("model reds has sha256"), "{message}");
    fs::remove_file(&model).unwrap();
    let message = refused(&reds, &folder);
    assert!(message.contains("cannot read") && message.contains("../shared/shared.onnx"), "{message}");
}
