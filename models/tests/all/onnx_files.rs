//! ONNX files written by the `onnx` package: good ones are taken, each bad kind is refused with its reason.

use models::onnx;
use proptest::prelude::*;

use crate::{SHARED, TINY, boxes_card, card, full, pack};

fn refused(model: &[u8], expected: &str) {
    let message = full(&pack(model).verify().unwrap_err());
    assert_eq!(message, format!("model tiny is refused: {expected}"));
}

macro_rules! onnx_file {
    ($name:literal) => {
        include_bytes!(concat!("../data/", $name, ".onnx"))
    };
}

#[test]
fn weights_outside_the_file_are_refused_wherever_they_hide() {
    refused(onnx_file!("external"), "tensor \"kernel\" keeps its data outside the model file");
    refused(onnx_file!("external_constant"), "tensor \"kernel\" keeps its data outside the model file");
    refused(onnx_file!("sparse_external"), "sparse tensors in \"the initialisers\" are not supported");
    refused(onnx_file!("sparse"), "sparse tensors in \"the initialisers\" are not supported");
}

#[test]
fn operators_off_the_list_are_refused() {
    refused(
        onnx_file!("custom_operator"),
        "node \"sigmoid\" uses operator \"org.example:Squash\", which is not on the list",
    );
    refused(
        onnx_file!("unlisted_operator"),
        "node \"noise\" uses operator \"RandomNormal\", which is not on the list",
    );
    refused(onnx_file!("branch"), "node \"if\" uses operator \"If\", which is not on the list");
    refused(onnx_file!("hidden_branch"), "graphs in \"conv\" are not supported");
    refused(onnx_file!("function"), "functions or training graphs in \"the model\" are not supported");
}

#[test]
fn shapes_and_names_must_be_the_cards() {
    refused(
        onnx_file!("two_classes"),
        "output is probability [?, 2, 8, 16] of float, card says probability [?, 1, 8, 16] of float",
    );
    refused(
        onnx_file!("wider"),
        "input is image [?, 3, 32, 96] of float, card says image [?, 3, 32, 64] of float",
    );
    refused(
        onnx_file!("batch_of_one"),
        "input is image [1, 3, 32, 64] of float, card says image [?, 3, 32, 64] of float",
    );
    refused(onnx_file!("opset_18"), "standard operator sets are [18], card says 17");
    let mut renamed = pack(TINY);
    renamed.card.output.name = "mask".to_owned();
    let message = full(&renamed.verify().unwrap_err());
    assert!(message.contains("card says mask [?, 1, 8, 16]"), "{message}");
}

#[test]
fn a_fixed_batch_is_taken_when_the_card_says_so() {
    let mut pack = pack(onnx_file!("batch_of_one"));
    pack.card.input.shape[0] = 1;
    pack.card.output.shape[0] = 1;
    pack.verify().unwrap();
}

#[test]
fn a_tensor_that_claims_more_than_it_holds_is_refused() {
    refused(
        onnx_file!("huge_shape"),
        "tensor \"kernel\" has shape [1048576, 1048576, 4, 4] and 4 bytes of data, which do not belong together",
    );
}

#[test]
fn a_second_graph_is_refused() {
    let twice = [TINY, TINY].concat();
    assert!(onnx::check(&twice, &card()).is_err());
    let graph_again = [TINY, &[0x3a, 0x00]].concat();
    refused(&graph_again, "field 7 of ModelProto is given twice");
}

proptest! {
    #[test]
    fn any_bytes_are_answered_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        prop_assert!(onnx::check(&bytes, &card()).is_err());
    }

    #[test]
    fn a_damaged_model_is_answered_without_a_panic(
        damage in proptest::collection::vec((0..TINY.len(), any::<u8>()), 1..8),
        length in 0..=TINY.len(),
    ) {
        let mut bytes = TINY.to_vec();
        for (at, value) in damage {
            bytes[at] = value;
        }
        bytes.truncate(length);
        let _ = onnx::check(&bytes, &card());
    }

    #[test]
    fn a_damaged_model_of_several_heads_is_answered_without_a_panic(
        damage in proptest::collection::vec((0..SHARED.len(), any::<u8>()), 1..6),
    ) {
        let mut bytes = SHARED.to_vec();
        for (at, value) in damage {
            bytes[at] = value;
        }
        let _ = onnx::check(&bytes, &boxes_card());
    }

    #[test]
    fn hostile_lengths_are_answered_without_a_panic(
        at in 0..TINY.len(),
        value in any::<u64>(),
    ) {
        let mut bytes = TINY[..at].to_vec();
        let mut rest = value;
        while rest >= 0x80 {
            bytes.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        bytes.push(rest as u8);
        bytes.extend(&TINY[at..]);
        let _ = onnx::check(&bytes, &card());
    }
}
