//! Behaviour of the crate as others see it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

mod boxes;
mod cards;
mod detectors;
mod eval_boxes;
mod evals;
mod hostile;
mod masks;
mod onnx_files;
mod packs;

use models::{Card, Pack, pack};

/// The card of the models in `tests/data`, as text.
const CARD: &str = include_str!("../data/card.toml");
/// The card of the boxes of `shared.onnx`, as text.
const BOXES_CARD: &str = include_str!("../data/boxes_card.toml");
const SHARED: &[u8] = include_bytes!("../data/shared.onnx");
const TINY: &[u8] = include_bytes!("../data/tiny.onnx");

fn card() -> Card {
    Card::from_toml(CARD).expect("the card of the tests is valid")
}

fn boxes_card() -> Card {
    Card::from_toml(BOXES_CARD).expect("the card of the tests is valid")
}

/// A pack whose hash is right, whatever its model holds.
fn pack(model: &[u8]) -> Pack {
    let mut card = card();
    card.sha256 = pack::sha256_hex(model);
    Pack { card, model_bytes: model.to_vec(), golden: None }
}

/// An error with all its causes.
fn full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
