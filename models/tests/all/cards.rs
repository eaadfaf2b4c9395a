//! Cards: what is wrong is named by its key.

use models::{Card, ModelError};

use crate::CARD;

/// Reads the card after a replacement and returns the problems as text.
fn problems(from: &str, to: &str) -> Vec<String> {
    assert!(CARD.contains(from), "{from:?} is in the card");
    match Card::from_toml(&CARD.replacen(from, to, 1)) {
        Err(ModelError::Card { problems }) => problems.iter().map(ToString::to_string).collect(),
        other => panic!("{to:?} is taken: {other:?}"),
    }
}

fn check(from: &str, to: &str, expected: &str) {
    assert_eq!(problems(from, to), [expected]);
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
    check("\"tiny.onnx\"", "\"../x.onnx\"", "file: is \"../x.onnx\", not a plain file name inside the pack");
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
    check("\"segmentation\"", "\"detection\"", "output.decoder: is MaskProbability, which no Detection uses");
}

#[test]
fn all_problems_are_reported_at_once() {
    let text =
        CARD.replace("id = 0", "id = 3").replace("opset = 17", "opset = 5").replace("f1 = 0.0", "f1 = nan");
    let Err(ModelError::Card { problems }) = Card::from_toml(&text) else { panic!("taken") };
    let paths: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, ["opset", "classes[0].id", "scores.f1"]);
}
