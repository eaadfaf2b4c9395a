//! Sets of packs: those of one file share a session, whatever their kind; variants are what their cards say.

use models::{Answer, Card, Detection, ModelError, Pack, Precision};
use models_ort::{OrtError, Provider, load, load_sets};

use crate::{SHARED, boxes_pack, golden, init, mask_pack, sigmoid, tiny};

fn names(pack: &Pack) -> String {
    pack.card.name.clone()
}

fn boxes(answer: &Answer) -> &[Detection] {
    match answer {
        Answer::Boxes(boxes) => boxes,
        Answer::Masks(_) => panic!("a mask"),
    }
}

#[test]
fn packs_of_one_file_share_a_detector_and_answer_in_the_order_given() {
    init();
    let packs = [boxes_pack(Precision::Fp32), tiny(), mask_pack(SHARED)];
    let sets = load_sets(&packs, Provider::Cpu, 2).unwrap();
    assert_eq!(sets.len(), 2, "one a worker");
    for mut set in sets {
        let heads: Vec<Vec<&str>> =
            set.iter().map(|detector| detector.cards().map(|card| card.name.as_str()).collect()).collect();
        assert_eq!(heads, [vec!["reds", "tiny"], vec!["tiny"]], "{:?}", packs.each_ref().map(names));
        let letterbox = set[0].letterbox(golden().size()).unwrap();
        let shared = set[0].run(&golden(), &letterbox).unwrap();
        let alone = set[1].run(&golden(), &letterbox).unwrap();
        assert_eq!(shared[1], alone[0], "the same mask out of either file");
        let found = boxes(&shared[0]);
        assert_eq!(found.len(), 8);
        // Red 255 is 1 after scaling, and the model gives sigmoid(4 * mean).
        let sure = 1.0 / (1.0 + (-4.0_f64).exp());
        assert!((f64::from(found[0].score) - sure).abs() < 1e-5);
        assert!(found.iter().all(|one| (one.class == "red") == (one.bounds.left_px >= 32.0)));
    }
}

#[test]
fn every_pack_of_a_file_must_see_its_own_golden_picture() {
    init();
    let mut second = boxes_pack(Precision::Fp32);
    second.card.golden.boxes = Some(7);
    let message = load_sets(&[mask_pack(SHARED), second], Provider::Cpu, 1).err().unwrap().to_string();
    assert!(message.starts_with("model reds does not see its golden picture"), "{message}");
    assert!(message.contains("8 boxes against 7"), "{message}");
}

#[test]
fn packs_of_one_file_with_other_inputs_are_refused() {
    init();
    let mut second = boxes_pack(Precision::Fp32);
    second.card.input.pad = [0, 0, 0];
    let refused = load_sets(&[mask_pack(SHARED), second], Provider::Cpu, 1);
    assert!(matches!(refused, Err(OrtError::Model(ModelError::Heads { key: "input", .. }))));
}

#[test]
fn a_file_that_is_refused_for_one_pack_runs_for_none() {
    init();
    let mut second = boxes_pack(Precision::Fp32);
    second.model_bytes[100] ^= 1;
    let refused = load_sets(&[mask_pack(SHARED), second], Provider::Cpu, 1);
    assert!(matches!(refused, Err(OrtError::Model(ModelError::Hash { .. }))));
}

#[test]
fn the_int8_variant_runs_and_sees_nearly_the_same() {
    init();
    let mut exact = load(&boxes_pack(Precision::Fp32), Provider::Cpu).unwrap();
    let mut quantised = load(&boxes_pack(Precision::Int8), Provider::Cpu).unwrap();
    let letterbox = exact.letterbox(golden().size()).unwrap();
    let exact = exact.run(&golden(), &letterbox).unwrap();
    let quantised = quantised.run(&golden(), &letterbox).unwrap();
    assert_ne!(exact, quantised, "another model ran");
    for (a, b) in boxes(&exact[0]).iter().zip(boxes(&quantised[0])) {
        assert_eq!(a.class, b.class);
        assert!((a.score - b.score).abs() < 0.02, "{} {}", a.score, b.score);
    }
}

#[test]
fn a_fixed_head_may_be_read_by_two_packs() {
    init();
    let mut again = mask_pack(SHARED);
    again.card = Card { name: "again".to_owned(), ..again.card };
    let mut sets = load_sets(&[mask_pack(SHARED), again], Provider::Cpu, 1).unwrap();
    let letterbox = sets[0][0].letterbox(golden().size()).unwrap();
    let answers = sets[0][0].run(&golden(), &letterbox).unwrap();
    assert_eq!(answers[0], answers[1]);
    let Answer::Masks(masks) = &answers[1] else { panic!("no masks") };
    assert!((f64::from(masks[0].probability[[0, 0]]) - sigmoid(0.0)).abs() < 1e-5);
}
