//! Packs: bytes that are not the card's are refused.

use std::path::Path;

use models::pack::MODEL_BYTES_MAX;
use models::{Card, ModelError, Pack, Precision};

use crate::{SHARED, TINY, boxes_card, full, pack};

#[test]
fn a_right_pack_is_taken() {
    pack(TINY).verify().unwrap();
}

#[test]
fn any_flipped_byte_is_refused() {
    for at in 0..TINY.len() {
        let mut pack = pack(TINY);
        pack.model_bytes[at] ^= 0x10;
        assert!(matches!(pack.verify(), Err(ModelError::Hash { .. })), "byte {at}");
    }
}

#[test]
fn the_message_of_a_flipped_byte_holds_both_hashes() {
    let mut pack = pack(TINY);
    let expected = pack.card.sha256.clone();
    pack.model_bytes[0] ^= 1;
    let message = full(&pack.verify().unwrap_err());
    assert!(message.starts_with("model tiny has sha256 ") && message.contains(&expected), "{message}");
}

#[test]
fn a_cut_or_empty_model_is_refused() {
    for length in [0, 1, TINY.len() - 1] {
        let cut = pack(&TINY[..length]);
        assert!(matches!(cut.verify(), Err(ModelError::Onnx { .. })), "{length} bytes");
    }
}

#[test]
fn a_model_over_the_limit_is_refused_before_it_is_read() {
    let message = full(&pack(&vec![0; MODEL_BYTES_MAX + 1]).verify().unwrap_err());
    assert_eq!(message, "model tiny has 20000001 bytes, the limit is 20000000");
}

#[test]
fn an_int8_model_has_a_lower_limit() {
    let mut pack = pack(&vec![0; pack::INT8_BYTES_MAX + 1]);
    pack.card.precision = Precision::Int8;
    let message = full(&pack.verify().unwrap_err());
    assert_eq!(message, "model tiny has 6000001 bytes, the limit is 6000000");
}

#[test]
fn a_file_of_several_packs_is_right_for_each_that_finds_its_output() {
    pack(SHARED).verify().unwrap();
    let mut boxes = Pack { card: boxes_card(), model_bytes: SHARED.to_vec(), golden: None };
    boxes.card.sha256 = pack::sha256_hex(SHARED);
    boxes.verify().unwrap();
    boxes.card.output.name = "blue_boxes".to_owned();
    let message = full(&boxes.verify().unwrap_err());
    let expected = "model reds is refused: output is probability [?, 1, 8, 16] of float and red_boxes [?, 8, 6] of float \
                    and green_boxes [?, 8, 5] of float, card says blue_boxes [?, 8, 6] of float";
    assert_eq!(message, expected);
}

#[test]
fn a_card_changed_after_reading_is_checked_again() {
    let mut pack = pack(TINY);
    pack.card.classes.clear();
    assert!(matches!(pack.verify(), Err(ModelError::Card { .. })));
}

#[test]
fn every_committed_pack_is_whole() {
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("packs");
    let folders: Vec<_> = std::fs::read_dir(&packs).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!folders.is_empty(), "no packs in {}", packs.display());
    for folder in folders.into_iter().filter(|folder| folder.join("card.toml").is_file()) {
        let text = std::fs::read_to_string(folder.join("card.toml")).unwrap();
        let card = Card::from_toml(&text).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        assert_eq!(folder.file_name().unwrap().to_str(), Some(card.name.as_str()));
        assert!(folder.join(&card.golden.picture).is_file(), "{} has its golden picture", folder.display());
        let variants = card.int8.iter().map(|_| Precision::Int8).chain([Precision::Fp32]);
        for precision in variants {
            let card = card.clone().at(precision).unwrap();
            let model_bytes = std::fs::read(folder.join(&card.file)).unwrap();
            Pack { card, model_bytes, golden: None }.verify().unwrap();
        }
    }
}
