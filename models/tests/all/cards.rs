//! Cards: what is wrong is named by its key.

use models::{Card, ModelError, Precision};

use crate::{BOXES_CARD, CARD};

fn problems(from: &str, to: &str) -> Vec<String> {
    problems_of(CARD, from, to)
}

/// Reads a card after a replacement and returns the problems as text.
fn problems_of(card: &str, from: &str, to: &str) -> Vec<String> {
    assert!(card.contains(from), "{from:?} is in the card");
    match Card::from_toml(&card.replacen(from, to, 1)) {
        Err(ModelError::Card { problems }) => problems.iter().map(ToString::to_string).collect(),
        other => panic!("{to:?} is taken: {other:?}"),
    }
}

fn check(from: &str, to: &str, expected: &str) {
    assert_eq!(problems(from, to), [expected]);
}

fn check_boxes(from: &str, to: &str, expected: &str) {
    assert_eq!(problems_of(BOXES_CARD, from, to), [expected]);
}

#[test]
fn a_right_card_is_read() {
    let card = Card::from_toml(CARD).unwrap();
    assert_eq!((card.name.as_str(), card.opset, card.input.shape), ("tiny", 17, [-1, 3, 32, 64]));
    assert_eq!(card.classes[0].name, "red");
    assert!(card.validate().is_empty());
}

#[test]
fn missing_unknown_and_badly_typed_keys_are_named() {
    check("opset = 17\n", "", "card: missing field `opset`");
    check("mean = [127.0, 127.0, 127.0]\n", "", "input: missing field `mean`");
    check("threshold = 0.5\n", "", "classes[0]: missing field `threshold`");
    check("seed = 0", "seed = -1", "training.seed: invalid value: integer `-1`, expected u64");
    let unknown = problems("stride = 4", "stride = 4\nstrides = 4").remove(0);
    assert!(unknown.starts_with("output.strides: unknown field `strides`"), "{unknown}");
    let colour = problems("\"rgb\"", "\"bgr\"").remove(0);
    assert!(colour.starts_with("input.colour: unknown variant `bgr`, expected `rgb`"), "{colour}");
}

#[test]
fn broken_toml_names_its_line() {
    let broken = problems("opset = 17", "opset = = 17").remove(0);
    assert!(broken.starts_with("card: line 7: "), "{broken}");
}

#[test]
fn each_wrong_value_is_named_with_its_key() {
    check("schema_version = 1", "schema_version = 2", "schema_version: is 2, this release reads 1");
    check("\"tiny\"", "\"Tiny Pack\"", "name: is \"Tiny Pack\", want lower-case letters, digits, - and _");
    check(
        "sha256 = \"0",
        "sha256 = \"G",
        &format!("sha256: is \"G{}\", want 64 lower-case hex digits", "0".repeat(63)),
    );
    check("[-1, 1, 8, 16]", "[-1, 2, 8, 16]", "output.shape[1]: is 2, the card has 1 classes");
    check(
        "[-1, 1, 8, 16]",
        "[-1, 1, 9, 16]",
        "output.shape[2]: is 9, which times stride 4 is not the input's 32",
    );
    check(
        "threshold = 0.5",
        "threshold = nan",
        "classes[0].threshold: is NaN, want more than 0 and less than 1",
    );
    check("scale = [0.0078125,", "scale = [inf,", "input.scale[0]: is inf, want a positive number");
    check("iou = 0.0", "iou = 1.1", "scores.iou: is 1.1, not a share from 0 to 1");
    check("tolerance = 0.005", "tolerance = 1.0", "golden.tolerance: is 1, want more than 0 and at most 0.1");
    check("mask_probability", "boxes_xyxy", "output.decoder: is BoxesXyxy, which no Segmentation uses");
}

#[test]
fn all_problems_are_reported_at_once() {
    let text =
        CARD.replace("id = 0", "id = 3").replace("opset = 17", "opset = 5").replace("f1 = 0.0", "f1 = nan");
    let Err(ModelError::Card { problems }) = Card::from_toml(&text) else { panic!("taken") };
    let paths: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, ["opset", "classes[0].id", "scores.f1"]);
}

#[test]
fn a_model_lies_in_the_pack_or_in_a_folder_beside_it() {
    for right in ["model.onnx", "../shared/model.onnx", "../other-pack/m.onnx"] {
        let card = Card::from_toml(&CARD.replacen("tiny.onnx", right, 1)).unwrap();
        assert_eq!(card.file, right);
    }
    for wrong in [
        "",
        "..",
        "../x.onnx",
        "../../x.onnx",
        "../../shared/x.onnx",
        "../shared/../x.onnx",
        "../shared/deep/x.onnx",
        "../shared/..",
        "../shared/",
        "..//x.onnx",
        ".././x.onnx",
        "shared/x.onnx",
        "./x.onnx",
        "/x.onnx",
        "..//etc/x",
        "C:x.onnx",
        "..\\\\shared\\\\x.onnx",
    ] {
        let found = problems("\"tiny.onnx\"", &format!("\"{wrong}\""));
        assert!(matches!(found.as_slice(), [only] if only.starts_with("file: is ")), "{wrong}: {found:?}");
    }
    check_boxes(
        "../shared/shared_int8.onnx",
        "/model.onnx",
        "int8.file: is \"/model.onnx\", neither a plain file name inside the pack nor ../FOLDER/NAME beside it",
    );
    check(
        "\"golden.png\"",
        "\"../a/b.png\"",
        "golden.picture: is \"../a/b.png\", not a plain file name inside the pack",
    );
}

#[test]
fn a_right_card_of_boxes_is_read() {
    let card = Card::from_toml(BOXES_CARD).unwrap();
    assert_eq!((card.output.boxes(), card.output.nms_iou), (8, Some(0.5)));
    assert_eq!(card.precision, Precision::Fp32);
    // Label ids: mapped, known, unknown.
    assert_eq!([2, 1, 7].map(|label| card.class_of_label(label)), [Some(0), Some(1), None]);
}

#[test]
fn each_wrong_value_of_a_card_of_boxes_is_named_with_its_key() {
    check_boxes("[-1, 8, 6]", "[-1, 8, 5]", "output.shape[2]: is 5, want 4 edges and 2 classes");
    check_boxes("[-1, 8, 6]", "[-1, 0, 6]", "output.shape[1]: is 0, want 1 to 100000 boxes");
    check_boxes("[-1, 8, 6]", "[1, 8, 6]", "output.shape[0]: is 1, the input has -1");
    check_boxes("[-1, 8, 6]", "[-1, 8, 6, 1]", "output.shape: has 4 axes, BoxesXyxy wants 3");
    check_boxes("nms_iou = 0.5", "nms_iou = 1.5", "output.nms_iou: is 1.5, want more than 0 and at most 1");
    check_boxes("nms_iou = 0.5\n", "", "output.nms_iou: is missing, detection needs it");
    check_boxes(
        "nms_iou = 0.5",
        "nms_iou = 0.5\nstride = 4",
        "output.stride: is for segmentation, not for detection",
    );
    check_boxes(
        "threshold = 0.9",
        "threshold = 0.9\nmin_area_share = 0.1",
        "classes[1].min_area_share: is for segmentation, not for detection",
    );
    check_boxes("2 = 0", "2 = 5", "label_map.2: is 5, the card has 2 classes");
    check_boxes("2 = 0", "waste = 0", "label_map.waste: \"waste\" is no label id");
    check_boxes("2 = 0", "02 = 0", "label_map.02: \"02\" is no label id");
    check_boxes("ap30 = 0.0\n", "", "scores.ap30: is missing, detection needs it");
    check_boxes("ap30 = 0.0", "ap30 = 3.0", "scores.ap30: is 3, not a share from 0 to 1");
    check_boxes("ap30 = 0.0", "ap30 = 0.0\niou = 0.5", "scores.iou: is for segmentation, not for detection");
    check_boxes("boxes = 8", "boxes = 0", "golden.boxes: is 0, a picture without boxes proves nothing");
    check_boxes(
        "class = \"red\"",
        "class = \"blue\"",
        "golden.best.class: is \"blue\", which is no class of the card",
    );
    check_boxes(
        "[32.0, 0.0, 48.0, 16.0]",
        "[48.0, 0.0, 32.0, 16.0]",
        "golden.best.corners_px: is [48.0, 0.0, 32.0, 16.0], want left, top, right and bottom of a box inside the picture",
    );
    check_boxes("tolerance_px = 1.0\n", "", "golden.tolerance_px: is missing, detection needs it");
    check_boxes("recall = 0.1", "recall = 1.1", "int8.scores.recall: is 1.1, not a share from 0 to 1");
    let hash = "1".repeat(64);
    check_boxes(&hash, "1", "int8.sha256: is \"1\", want 64 lower-case hex digits");
}

#[test]
fn keys_of_boxes_have_no_place_in_a_card_of_masks() {
    check(
        "stride = 4",
        "stride = 4\nnms_iou = 0.5",
        "output.nms_iou: is for detection, not for segmentation",
    );
    check("stride = 4\n", "", "output.stride: is missing, segmentation needs it");
    check("min_area_share = 0.01\n", "", "classes[0].min_area_share: is missing, segmentation needs it");
    check("f1 = 0.0", "f1 = 0.0\nap = 0.0", "scores.ap: is for detection, not for segmentation");
    check(
        "[training]",
        "[label_map]\n1 = 0\n[training]",
        "label_map: is for detection, not for segmentation",
    );
    check(
        "tolerance = 0.005",
        "tolerance = 0.005\nboxes = 1",
        "golden.boxes: is for detection, not for segmentation",
    );
}

#[test]
fn the_int8_variant_takes_the_place_of_the_card() {
    let card = Card::from_toml(BOXES_CARD).unwrap().at(Precision::Int8).unwrap();
    assert_eq!((card.file.as_str(), card.precision), ("../shared/shared_int8.onnx", Precision::Int8));
    assert_eq!((card.sha256, card.scores.recall), ("1".repeat(64), 0.1));
    assert_eq!((card.golden.tolerance, card.golden.tolerance_px), (0.05, Some(8.0)), "no figures of its own");
    let own = "\n[int8.golden]\npicture = \"golden.png\"\nboxes = 3\ntolerance = 0.01\ntolerance_px = 2.0\n\
               best = { class = \"red\", score = 0.9, corners_px = [0.0, 0.0, 1.0, 1.0] }\n";
    let card = Card::from_toml(&format!("{BOXES_CARD}{own}")).unwrap().at(Precision::Int8).unwrap();
    assert_eq!((card.golden.boxes, card.golden.tolerance), (Some(3), 0.01));
}

#[test]
fn a_card_without_an_int8_variant_says_so() {
    let error = Card::from_toml(CARD).unwrap().at(Precision::Int8).unwrap_err().to_string();
    assert_eq!(error, "model tiny has no int8 variant, its card names none");
    assert!(Card::from_toml(CARD).unwrap().at(Precision::Fp32).is_ok());
}
