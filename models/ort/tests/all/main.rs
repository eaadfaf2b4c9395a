//! Models on ONNX Runtime, with the library that set-up put under `.runtime`.

#![expect(clippy::panic, reason = "helpers of tests fail like tests")]

mod runtime;
mod sessions;
mod sets;

use std::path::PathBuf;

use models::{Card, Pack, Precision, RgbImage, pack};

const CARD: &str = include_str!("../../../tests/data/card.toml");
const BOXES_CARD: &str = include_str!("../../../tests/data/boxes_card.toml");
/// One model with a mask and two heads of boxes, and its quantised variant.
const SHARED: &[u8] = include_bytes!("../../../tests/data/shared.onnx");
const SHARED_INT8: &[u8] = include_bytes!("../../../tests/data/shared_int8.onnx");
const TINY: &[u8] = include_bytes!("../../../tests/data/tiny.onnx");

/// Loads the library of the project, or says how to get it.
fn init() -> models_ort::Library {
    let library = library();
    models_ort::init(&library).unwrap_or_else(|error| panic!("{error}: run the set-up script first"))
}

fn library() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.runtime/onnxruntime/libonnxruntime.so"))
}

/// The model of a few bytes that answers sigmoid(red), with a golden picture half black, half red.
fn tiny() -> Pack {
    mask_pack(TINY)
}

fn mask_pack(model: &[u8]) -> Pack {
    let mut card = Card::from_toml(CARD).expect("the card of the tests is valid");
    card.sha256 = pack::sha256_hex(model);
    card.golden.mean_probability = Some(f64::midpoint(sigmoid(0.0), sigmoid(255.0)));
    card.golden.positive_share = Some(0.5);
    Pack { card, model_bytes: model.to_vec(), golden: Some(golden()) }
}

/// The boxes of the shared model: blocks that are red, and blocks that are not.
fn boxes_pack(precision: Precision) -> Pack {
    let mut card = Card::from_toml(BOXES_CARD).expect("the card of the tests is valid");
    card.sha256 = pack::sha256_hex(SHARED);
    card.int8.as_mut().expect("the card has a variant").sha256 = pack::sha256_hex(SHARED_INT8);
    let card = card.at(precision).expect("the card has both");
    let model = if precision == Precision::Int8 { SHARED_INT8 } else { SHARED };
    Pack { card, model_bytes: model.to_vec(), golden: Some(golden()) }
}

fn golden() -> RgbImage {
    let pixel = |index: u32| if index % 64 < 32 { [0, 200, 30] } else { [255, 3, 70] };
    RgbImage::new(64, 32, (0..64 * 32).flat_map(pixel).collect()).expect("all bytes are there")
}

/// What the model answers for a flat red level.
fn sigmoid(red: f64) -> f64 {
    1.0 / (1.0 + (-(red - 127.0) * 0.007_812_5).exp())
}
