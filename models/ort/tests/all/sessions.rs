//! Sessions: right answers, loud failures, no fall-back.

use models::{Answer, ModelError, Runner, SizePx};
use models_ort::{OrtError, OrtRunner, Provider, load, load_pool};
use ndarray::{Array4, Ix4};

use crate::{TINY, golden, init, sigmoid, tiny};

#[test]
fn a_session_answers_as_the_formula_of_its_model() {
    init();
    let mut runner = OrtRunner::load(&tiny(), Provider::Cpu).unwrap();
    let input = Array4::from_shape_fn((2, 3, 32, 64), |(n, c, y, x)| {
        if c == 0 { ((n * 7 + y * 3 + x) % 11) as f32 / 5.0 - 1.0 } else { 1000.0 }
    });
    let outputs = runner.run(input.view().into_dyn()).unwrap();
    assert_eq!(outputs.len(), 1);
    assert_eq!(outputs[0].0, "probability");
    let output = outputs[0].1.view().into_dimensionality::<Ix4>().unwrap();
    assert_eq!(output.dim(), (2, 1, 8, 16));
    for ((n, _, r, c), value) in output.indexed_iter() {
        let mean = input.slice(ndarray::s![n, 0, r * 4..r * 4 + 4, c * 4..c * 4 + 4]).mean().unwrap();
        assert!((value - 1.0 / (1.0 + (-mean).exp())).abs() < 1e-5, "{n} {r} {c}");
    }
}

#[test]
fn a_pool_has_one_detector_a_worker_and_all_agree() {
    init();
    let pool = load_pool(&tiny(), Provider::Cpu, 3).unwrap();
    assert_eq!(pool.len(), 3);
    let answers: Vec<_> = pool
        .into_iter()
        .map(|mut detector| {
            let letterbox = detector.letterbox(SizePx::new(64, 32)).unwrap();
            detector.run(&golden(), &letterbox).unwrap()
        })
        .collect();
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[1], answers[2]);
    let Answer::Masks(masks) = &answers[0][0] else { panic!("no masks") };
    let black = f64::from(masks[0].probability[[0, 0]]);
    assert!((black - sigmoid(0.0)).abs() < 1e-5);
}

#[test]
fn a_pack_that_sees_its_golden_picture_otherwise_does_not_load() {
    init();
    let mut pack = tiny();
    pack.card.golden.mean_probability = pack.card.golden.mean_probability.map(|mean| mean + 0.01);
    let message = load(&pack, Provider::Cpu).err().expect("refused").to_string();
    assert!(message.contains("mean probability 0.5008 against 0.5108"), "{message}");
}

#[test]
fn a_pack_without_its_golden_picture_does_not_load() {
    init();
    let mut pack = tiny();
    pack.golden = None;
    assert!(matches!(load(&pack, Provider::Cpu), Err(OrtError::Model(ModelError::GoldenMissing { .. }))));
}

#[test]
fn a_flipped_byte_never_reaches_the_runtime() {
    init();
    let mut pack = tiny();
    pack.model_bytes[TINY.len() / 2] ^= 1;
    let refused = OrtRunner::load(&pack, Provider::Cpu);
    assert!(matches!(refused, Err(OrtError::Model(ModelError::Hash { .. }))));
}

#[test]
fn a_model_the_runtime_refuses_is_an_error_with_its_name() {
    init();
    // An attribute gets a name that its operator does not have: no matter for our reader, one for a run-time.
    let mut pack = tiny();
    let at = TINY.windows(7).rposition(|name| name == b"strides").unwrap();
    pack.model_bytes[at] = b'S';
    pack.card.sha256 = models::pack::sha256_hex(&pack.model_bytes);
    let message = OrtRunner::load(&pack, Provider::Cpu).unwrap_err().to_string();
    assert!(message.starts_with("cannot load model tiny: "), "{message}");
}

#[test]
fn an_input_of_another_shape_is_an_error_and_no_crash() {
    init();
    let mut runner = OrtRunner::load(&tiny(), Provider::Cpu).unwrap();
    let error = runner.run(Array4::zeros((1, 3, 32, 60)).view().into_dyn()).unwrap_err();
    assert!(error.to_string().starts_with("cannot run model tiny: "), "{error}");
    let again = runner.run(Array4::zeros((1, 3, 32, 64)).view().into_dyn());
    assert!(again.is_ok(), "the session lives on");
}

#[test]
fn a_provider_that_cannot_start_is_an_error_and_no_fall_back() {
    init();
    for provider in [Provider::Cuda, Provider::TensorRt, Provider::OpenVino] {
        // The library of set-up is the CPU one; a machine with a GPU build is not what this test is about.
        let error = OrtRunner::load(&tiny(), provider).expect_err("no silent fall-back to the CPU");
        let expected = format!("provider {provider} cannot start for model tiny: ");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
}

#[test]
fn providers_are_named_as_in_the_configuration() {
    for name in ["cpu", "cuda", "tensorrt", "openvino"] {
        assert_eq!(name.parse::<Provider>().unwrap().to_string(), name);
    }
    let error = "gpu".parse::<Provider>().unwrap_err().to_string();
    assert_eq!(error, "unknown provider \"gpu\", want cpu, cuda, tensorrt or openvino");
}
