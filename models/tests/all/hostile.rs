//! Model files written byte by byte to do harm: each is refused with its reason before a run-time could see it.

use models::onnx;

use crate::card;

/// Field of a protobuf message: a number.
fn number(field: u8, value: u64) -> Vec<u8> {
    let mut bytes = varint(u64::from(field) << 3);
    bytes.extend(varint(value));
    bytes
}

/// Field of a protobuf message: bytes, a text or another message.
fn bytes(field: u8, value: impl AsRef<[u8]>) -> Vec<u8> {
    let value = value.as_ref();
    let mut bytes = varint(u64::from(field) << 3 | 2);
    bytes.extend(varint(value.len() as u64));
    bytes.extend(value);
    bytes
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// `ValueInfoProto` of floats; `None` is an axis without a number.
fn end(name: &str, dims: &[Option<u64>]) -> Vec<u8> {
    let axes: Vec<u8> =
        dims.iter().flat_map(|dim| bytes(1, dim.map_or_else(Vec::new, |dim| number(1, dim)))).collect();
    let tensor = [number(1, 1), bytes(2, axes)].concat();
    [bytes(1, name), bytes(2, bytes(1, tensor))].concat()
}

/// `NodeProto` with attributes that are ready made.
fn node(operator: &str, inputs: &[&str], outputs: &[&str], attributes: &[Vec<u8>]) -> Vec<u8> {
    let inputs = inputs.iter().flat_map(|name| bytes(1, name));
    let outputs = outputs.iter().flat_map(|name| bytes(2, name));
    let ends: Vec<u8> = inputs.chain(outputs).collect();
    let attributes = attributes.iter().flat_map(|attribute| bytes(5, attribute)).collect::<Vec<u8>>();
    [ends, bytes(3, operator.to_lowercase()), bytes(4, operator), attributes].concat()
}

/// `AttributeProto` of integers.
fn ints(name: &str, values: &[u64]) -> Vec<u8> {
    [bytes(1, name), values.iter().flat_map(|value| number(8, *value)).collect(), number(20, 7)].concat()
}

/// `TensorProto` head: dimensions, type and name.
fn tensor(name: &str, element: u64, dims: &[u64]) -> Vec<u8> {
    let dims: Vec<u8> = dims.iter().flat_map(|dim| number(1, *dim)).collect();
    [dims, number(2, element), bytes(8, name)].concat()
}

/// `TensorProto` of 64-bit integers.
fn integers(name: &str, values: &[i64]) -> Vec<u8> {
    let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    [tensor(name, 7, &[values.len() as u64]), bytes(9, raw)].concat()
}

/// `TensorProto` of zeros.
fn zeros(name: &str, dims: &[u64]) -> Vec<u8> {
    let count = dims.iter().product::<u64>() as usize;
    [tensor(name, 1, dims), bytes(9, vec![0; count * 4])].concat()
}

/// A model with the ends of the card.
fn model(nodes: &[Vec<u8>], initialisers: &[Vec<u8>], more: &[Vec<u8>]) -> Vec<u8> {
    let nodes = nodes.iter().flat_map(|node| bytes(1, node));
    let initialisers = initialisers.iter().flat_map(|tensor| bytes(5, tensor));
    let graph: Vec<u8> = nodes.chain(initialisers).chain(more.concat()).collect();
    let image = bytes(11, end("image", &[None, Some(3), Some(32), Some(64)]));
    let probability = bytes(12, end("probability", &[None, Some(1), Some(8), Some(16)]));
    let opset = bytes(8, number(2, 17));
    [opset, bytes(7, [graph, image, probability].concat())].concat()
}

/// Two nodes that make the card's output of its input: a mean over blocks of 4x4, and the first plane of it.
fn honest() -> [Vec<u8>; 2] {
    [
        node(
            "AveragePool",
            &["image"],
            &["blocks"],
            &[ints("kernel_shape", &[4, 4]), ints("strides", &[4, 4])],
        ),
        node("Slice", &["blocks", "zero", "one", "one"], &["probability"], &[]),
    ]
}

/// The honest nodes after one that does harm.
fn after(first: Vec<u8>) -> Vec<Vec<u8>> {
    std::iter::once(first).chain(honest()).collect()
}

fn indices() -> Vec<Vec<u8>> {
    vec![integers("zero", &[0]), integers("one", &[1])]
}

fn with(initialisers: &[Vec<u8>]) -> Vec<Vec<u8>> {
    [indices(), initialisers.to_vec()].concat()
}

fn refused(model: &[u8], expected: &str) {
    let error = onnx::check(model, &card()).expect_err(expected);
    assert_eq!(error.to_string(), expected);
}

#[test]
fn the_model_that_all_others_are_made_of_is_taken() {
    onnx::check(&model(&honest(), &indices(), &[]), &card()).unwrap();
}

#[test]
fn loops_and_wrong_orders_are_refused() {
    let forwards = node("Add", &["blocks", "back"], &["forth"], &[]);
    let backwards = node("Relu", &["forth"], &["back"], &[]);
    let nodes = [honest().to_vec(), vec![forwards, backwards]].concat();
    refused(&model(&nodes, &indices(), &[]), "node \"add\" reads \"back\", which nothing before it gives");
    let own = node("Relu", &["self"], &["self"], &[]);
    refused(
        &model(&after(own), &indices(), &[]),
        "node \"relu\" reads \"self\", which nothing before it gives",
    );
    let [first, second] = honest();
    let turned = model(&[second, first], &indices(), &[]);
    refused(&turned, "node \"slice\" reads \"blocks\", which nothing before it gives");
}

#[test]
fn names_that_are_given_twice_are_refused() {
    let again = node("Relu", &["image"], &["blocks"], &[]);
    refused(&model(&after(again), &indices(), &[]), "tensor \"blocks\" is given twice");
    let stored = node("Relu", &["image"], &["one"], &[]);
    refused(&model(&after(stored), &indices(), &[]), "tensor \"one\" is given twice");
    let twice = with(&[integers("one", &[1])]);
    refused(&model(&honest(), &twice, &[]), "tensor \"one\" is given twice");
}

#[test]
fn a_few_bytes_that_ask_for_terabytes_are_refused() {
    let big = 1_u64 << 20;
    let check = |node: Vec<u8>, initialisers: &[Vec<u8>], expected: &str| {
        refused(&model(&after(node), &with(initialisers), &[]), expected);
    };
    let many = integers("many", &[1 << 20, 1 << 20]);
    let scalar = [tensor("scalar", 1, &[]), bytes(9, [0; 4])].concat();
    check(
        node("Expand", &["scalar", "many"], &["huge"], &[]),
        &[scalar, many],
        "node \"expand\" (Expand): its result would be [1048576, 1048576], which is too large",
    );
    check(
        node("Tile", &["image", "times"], &["huge"], &[]),
        &[integers("times", &[1, 1, 1 << 20, 1])],
        "node \"tile\" (Tile): its result would be [1, 3, 33554432, 64], which is too large",
    );
    check(
        node("MatMul", &["column", "row"], &["huge"], &[]),
        &[zeros("column", &[1 << 14, 1]), zeros("row", &[1, 1 << 14])],
        "node \"matmul\" (MatMul): its result would be [16384, 16384], which is too large",
    );
    check(
        node("Add", &["column", "row"], &["huge"], &[]),
        &[zeros("column", &[1 << 14, 1]), zeros("row", &[1, 1 << 14])],
        "node \"add\" (Add): its result would be [16384, 16384], which is too large",
    );
    check(
        node("Pad", &["image", "pads"], &["huge"], &[]),
        &[integers("pads", &[0, 0, 60_000, 60_000, 0, 0, 0, 0])],
        "node \"pad\" (Pad): its result would be [1, 3, 60032, 60064], which is too large",
    );
    check(
        node("Pad", &["image", "pads"], &["huge"], &[]),
        &[integers("pads", &[0, 0, 1 << 40, 0, 0, 0, 0, 0])],
        "node \"pad\" (Pad): pads of 1099511627776 and 0",
    );
    check(
        node("Resize", &["image", "", "", "sides"], &["huge"], &[]),
        &[integers("sides", &[1, 3, 1 << 20, 1 << 20])],
        "node \"resize\" (Resize): its result would be [1, 3, 1048576, 1048576], which is too large",
    );
    check(
        node("ConvTranspose", &["image", "kernel"], &["huge"], &[ints("strides", &[60_000, 60_000])]),
        &[zeros("kernel", &[3, 1, 1, 1])],
        "node \"convtranspose\" (ConvTranspose): its result would be [1, 1, 1860001, 3780001], which is too large",
    );
    check(
        node("Conv", &["image", "kernel"], &["huge"], &[ints("pads", &[big, big, 0, 0])]),
        &[zeros("kernel", &[1, 3, 1, 1])],
        "node \"conv\" (Conv): has 1048576 where 0 to 65536 is sane",
    );
    check(
        node("Gather", &["image", "again"], &["huge"], &[]),
        &[[tensor("again", 7, &[1 << 16]), bytes(9, vec![0; 1 << 19])].concat()],
        "node \"gather\" (Gather): its result would be [65536, 3, 32, 64], which is too large",
    );
}

#[test]
fn an_output_that_comes_out_smaller_than_the_card_says_is_refused() {
    let [_, second] = honest();
    let coarse = ints("strides", &[8, 8]);
    let first = node("AveragePool", &["image"], &["blocks"], &[ints("kernel_shape", &[4, 4]), coarse]);
    refused(
        &model(&[first, second], &indices(), &[]),
        "output is probability [1, 1, 4, 8] for one picture, card says probability [1, 1, 8, 16] for one picture",
    );
}

#[test]
fn an_output_may_leave_axes_open() {
    let open = model(&honest(), &indices(), &[]);
    // The last axis of the output, 16, becomes a text: `dim_param` = 2 in place of `dim_value` = 1.
    let at = open.windows(4).rposition(|axis| axis == [0x0a, 0x02, 0x08, 16]).unwrap();
    let mut bytes = open.clone();
    bytes[at + 2..at + 4].copy_from_slice(&[0x12, 0x00]);
    onnx::check(&bytes, &card()).unwrap();
}

#[test]
fn growing_step_by_step_is_refused_too() {
    let mut nodes = vec![];
    let mut last = "image".to_owned();
    for step in 0..40 {
        let next = format!("step{step}");
        nodes.push(node("Concat", &[&last, &last], &[&next], &[[bytes(1, "axis"), number(3, 1)].concat()]));
        last = next;
    }
    let error =
        onnx::check(&model(&[nodes, honest().to_vec()].concat(), &indices(), &[]), &card()).unwrap_err();
    assert!(error.to_string().contains("(Concat): its result would be [1, 49152, 32, 64]"), "{error}");
    // None too large by itself, all of them together too much.
    let wide = ints("strides", &[70, 70]);
    let nodes: Vec<Vec<u8>> = (0..60)
        .map(|at| {
            node("ConvTranspose", &["image", "kernel"], &[&format!("wide{at}")], std::slice::from_ref(&wide))
        })
        .chain(honest())
        .collect();
    let error =
        onnx::check(&model(&nodes, &with(&[zeros("kernel", &[3, 1, 1, 1])]), &[]), &card()).unwrap_err();
    assert!(error.to_string().contains("too large"), "{error}");
}

#[test]
fn shapes_that_only_the_run_would_tell_are_refused() {
    let cast = node("Cast", &["image"], &["numbers"], &[[bytes(1, "to"), number(3, 7)].concat()]);
    let expand = node("Expand", &["image", "numbers"], &["any"], &[]);
    let nodes = [vec![cast, expand], honest().to_vec()].concat();
    refused(
        &model(&nodes, &indices(), &[]),
        "node \"expand\" (Expand): input 1 decides on its shape and is not known before the model runs",
    );
}

#[test]
fn a_shape_that_is_not_exact_decides_on_no_other() {
    // How much is cut only the run would tell; what is left is taken from a large number to make a large shape.
    let nodes = [
        node("Cast", &["image"], &["numbers"], &[[bytes(1, "to"), number(3, 7)].concat()]),
        node("Slice", &["image", "numbers", "one"], &["part"], &[]),
        node("Shape", &["part"], &["sides"], &[]),
        node("Sub", &["many", "sides"], &["rest"], &[]),
        node("Expand", &["image", "rest"], &["huge"], &[]),
    ];
    let nodes = [nodes.to_vec(), honest().to_vec()].concat();
    refused(
        &model(&nodes, &with(&[integers("many", &[2, 6, 64, 128])]), &[]),
        "node \"expand\" (Expand): input 1 decides on its shape and is not known before the model runs",
    );
}

#[test]
fn numbers_that_wrap_around_or_round_decide_on_no_shape() {
    let to = |kind: u64| vec![[bytes(1, "to"), number(3, kind)].concat()];
    for nodes in [
        // 2^32 + 4 in 32 bits is 4, and 300 in 8 bits is 44.
        vec![node("Mul", &["large", "large"], &["sides"], &[])],
        vec![node("Cast", &["large"], &["sides"], &to(3))],
        // 5 / 2 is 2 among whole numbers and 2.5 among others.
        vec![node("Div", &["five", "two"], &["sides"], &[])],
    ] {
        let expand = node("Expand", &["image", "sides"], &["any"], &[]);
        let nodes = [nodes, vec![expand], honest().to_vec()].concat();
        let stored = [integers("large", &[65_536]), integers("five", &[5]), integers("two", &[2])];
        let error = onnx::check(&model(&nodes, &with(&stored), &[]), &card()).unwrap_err();
        assert!(error.to_string().contains("is not known before the model runs"), "{error}");
    }
}

#[test]
fn shapes_that_are_computed_out_of_shapes_are_followed() {
    // As exporters write a reshape with an open batch: its shape is the input's own first side, then 6144.
    let nodes = [
        node("Shape", &["image"], &["sides"], &[]),
        node("Gather", &["sides", "zero"], &["batch"], &[]),
        node("Concat", &["batch", "rest"], &["wanted"], &[[bytes(1, "axis"), number(3, 0)].concat()]),
        node("Reshape", &["image", "wanted"], &["flat"], &[]),
    ];
    let nodes = [nodes.to_vec(), honest().to_vec()].concat();
    onnx::check(&model(&nodes, &with(&[integers("rest", &[6144])]), &[]), &card()).unwrap();
    let error = onnx::check(&model(&nodes, &with(&[integers("rest", &[6145])]), &[]), &card()).unwrap_err();
    assert!(error.to_string().starts_with("node \"reshape\" (Reshape): turns [1, 3, 32, 64]"), "{error}");
}

#[test]
fn a_graph_deeper_than_any_model_is_refused() {
    let chain = |count: usize| -> Vec<Vec<u8>> {
        let name = |at: usize| if at == 0 { "image".to_owned() } else { format!("deep{at}") };
        (0..count).map(|at| node("Relu", &[&name(at)], &[&name(at + 1)], &[])).chain(honest()).collect()
    };
    onnx::check(&model(&chain(1000), &indices(), &[]), &card()).unwrap();
    refused(&model(&chain(5000), &indices(), &[]), "more than 4096 nodes");
}

#[test]
fn types_and_graphs_that_hold_each_other_are_refused_without_following_them() {
    // A sequence of sequences of ...: `TypeProto.sequence_type` = 4, `elem_type` = 1.
    let deep = (0..10_000).fold(bytes(1, number(1, 1)), |inner, _| bytes(4, bytes(1, inner)));
    let value = [bytes(1, "value"), bytes(2, &deep)].concat();
    let values = "values that are no tensors in \"the graph\" are not supported";
    refused(&model(&honest(), &indices(), &[bytes(13, value)]), values);
    let typed = [bytes(1, "type"), bytes(14, deep)].concat();
    let relu = |attribute: Vec<u8>| node("Relu", &["image"], &["again"], &[attribute]);
    refused(&model(&after(relu(typed)), &indices(), &[]), "types in \"relu\" are not supported");
    let graphs = (0..10_000)
        .fold(Vec::new(), |inner, _| bytes(1, bytes(5, [bytes(1, "body"), bytes(6, inner)].concat())));
    let body = [bytes(1, "body"), bytes(6, graphs)].concat();
    refused(&model(&after(relu(body)), &indices(), &[]), "graphs in \"relu\" are not supported");
    let group = [[0x0b_u8; 64], [0x0c; 64]].concat();
    refused(
        &model(&honest(), &indices(), &[group]),
        "file is no ONNX model: bad key or number in GraphProto",
    );
}

#[test]
fn stored_tensors_must_hold_what_they_say() {
    let check = |stored: Vec<u8>, expected: &str| {
        refused(&model(&honest(), &with(&[stored]), &[]), expected);
    };
    let apart = |dims: &str, held: u64| {
        format!("tensor \"w\" has shape {dims} and {held} bytes of data, which do not belong together")
    };
    check([tensor("w", 1, &[4]), bytes(9, [0; 12])].concat(), &apart("[4]", 12));
    check([tensor("w", 1, &[4]), bytes(9, [0; 20])].concat(), &apart("[4]", 20));
    check([tensor("w", 1, &[4]), bytes(4, [0; 12])].concat(), &apart("[4]", 12));
    check([tensor("w", 1, &[1]), bytes(4, [0; 400])].concat(), &apart("[1]", 400));
    check([tensor("w", 7, &[2]), number(7, 5)].concat(), &apart("[2]", 8));
    check([tensor("w", 1, &[1]), bytes(9, [0; 4]), bytes(4, [0; 4])].concat(), &apart("[1]", 4));
    check(tensor("w", 1, &[1 << 30, 1 << 30, 1 << 30]), &apart("[1073741824, 1073741824, 1073741824]", 0));
    check(tensor("w", 1, &[u64::MAX]), &apart("[-1]", 0));
    check([tensor("w", 1, &[1 << 24, 1 << 3]), bytes(9, [0; 4])].concat(), &apart("[16777216, 8]", 4));
    check(
        [tensor("w", 8, &[1]), bytes(6, "text")].concat(),
        "elements of this type in \"w\" are not supported",
    );
    let packed = [tensor("w", 7, &[3]), bytes(7, [1, 2, 3])].concat();
    onnx::check(&model(&honest(), &with(&[packed]), &[]), &card()).unwrap();
}

#[test]
fn weights_outside_the_file_are_refused_however_they_are_named() {
    for place in ["../../etc/passwd", "/etc/passwd", "weights.bin", ""] {
        let entry = [bytes(1, "location"), bytes(2, place)].concat();
        let named = [tensor("w", 1, &[1]), bytes(13, entry)].concat();
        let marked = [tensor("w", 1, &[1]), bytes(9, [0; 4]), number(14, 1)].concat();
        for stored in [named, marked] {
            let expected = "tensor \"w\" keeps its data outside the model file";
            refused(&model(&honest(), &with(&[stored]), &[]), expected);
        }
    }
}

#[test]
fn operators_of_other_domains_are_refused_even_with_names_of_the_list() {
    let relu = [node("Relu", &["image"], &["again"], &[]), bytes(7, "com.example")].concat();
    let expected = "node \"relu\" uses operator \"com.example:Relu\", which is not on the list";
    refused(&model(&after(relu), &indices(), &[]), expected);
}
