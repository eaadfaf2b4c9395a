//! What a model file must be before a run-time sees it.

use super::OnnxError;
use super::graph::{self, End, Graph, Model, Node, Tensor};
use super::{order, shapes};
use crate::Card;

/// Operators of the standard domain that packs may use; none of them holds a graph, draws lots or reads anything.
const OPERATORS: [&str; 78] = [
    "Abs",
    "Add",
    "ArgMax",
    "AveragePool",
    "BatchNormalization",
    "Cast",
    "Ceil",
    "Clip",
    "Concat",
    "Constant",
    "Conv",
    "ConvTranspose",
    "DepthToSpace",
    "DequantizeLinear",
    "Div",
    "Elu",
    "Equal",
    "Erf",
    "Exp",
    "Expand",
    "Flatten",
    "Floor",
    "Gather",
    "Gelu",
    "Gemm",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "Greater",
    "GreaterOrEqual",
    "GroupNormalization",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "InstanceNormalization",
    "LayerNormalization",
    "LeakyRelu",
    "Less",
    "LessOrEqual",
    "Log",
    "MatMul",
    "Max",
    "MaxPool",
    "Min",
    "Mish",
    "Mul",
    "Neg",
    "Not",
    "PRelu",
    "Pad",
    "Pow",
    "QuantizeLinear",
    "Reciprocal",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceSum",
    "Relu",
    "Reshape",
    "Resize",
    "Round",
    "Shape",
    "Sigmoid",
    "Sign",
    "Slice",
    "Softmax",
    "Softplus",
    "SpaceToDepth",
    "Split",
    "Sqrt",
    "Squeeze",
    "Sub",
    "Sum",
    "Tanh",
    "Tile",
    "TopK",
    "Transpose",
    "Unsqueeze",
    "Where",
];
/// `TensorProto.DataType.FLOAT`.
const FLOAT: u64 = 1;
/// Most heads of one model.
const OUTPUTS_MAX: usize = 16;
/// Longest axis and most elements of a stored tensor.
pub(super) const AXIS_MAX: i64 = 1 << 24;
const ELEMENTS_MAX: u64 = 1 << 26;

/// Checks that `bytes` hold a model that may be run and that it is the one `card` describes.
///
/// Refused are: weights outside the file (sparse ones and those of constants too), sparse tensors, graphs inside nodes,
/// model-local functions and training graphs, operators of other domains or off the list, another operator set, stored
/// tensors whose shape and data do not belong together, inputs or outputs of another name, type or shape, nodes that read what
/// no node before them gives (loops among them), and nodes whose result would be larger than any model of this product needs.
///
/// # Errors
/// The first thing found, with its place.
pub fn check(bytes: &[u8], card: &Card) -> Result<(), OnnxError> {
    let Model { opsets, graph, extras } = graph::model(bytes)?;
    let graph = graph.ok_or(OnnxError::NoGraph)?;
    if extras {
        return Err(unsupported("functions or training graphs", "the model"));
    }
    opset(&opsets, card.opset)?;
    if graph.odd_types {
        return Err(unsupported("values that are no tensors", "the graph"));
    }
    if graph.sparse {
        return Err(unsupported("sparse tensors", "the initialisers"));
    }
    graph.tensors.iter().try_for_each(tensor)?;
    graph.nodes.iter().try_for_each(node)?;
    ends(&graph, card)?;
    order::check(&graph)?;
    shapes::check(&graph, card)
}

fn unsupported(what: &'static str, place: &str) -> OnnxError {
    OnnxError::Unsupported { what, place: place.to_owned() }
}

fn standard(domain: &str) -> bool {
    domain.is_empty() || domain == "ai.onnx"
}

fn opset(opsets: &[(&str, i64)], expected: u32) -> Result<(), OnnxError> {
    let actual: Vec<i64> =
        opsets.iter().filter(|(domain, _)| standard(domain)).map(|(_, version)| *version).collect();
    if actual == [i64::from(expected)] { Ok(()) } else { Err(OnnxError::Opset { expected, actual }) }
}

fn node(node: &Node<'_>) -> Result<(), OnnxError> {
    if !standard(node.domain) || OPERATORS.binary_search(&node.operator).is_err() {
        let operator = if standard(node.domain) {
            node.operator.to_owned()
        } else {
            format!("{}:{}", node.domain, node.operator)
        };
        return Err(OnnxError::Operator { node: node.name.to_owned(), operator });
    }
    if node.subgraphs {
        return Err(unsupported("graphs", node.name));
    }
    if node.types {
        return Err(unsupported("types", node.name));
    }
    if node.sparse {
        return Err(unsupported("sparse tensors", node.name));
    }
    node.tensors.iter().try_for_each(tensor)
}

fn tensor(tensor: &Tensor<'_>) -> Result<(), OnnxError> {
    if tensor.external {
        return Err(OnnxError::ExternalData { tensor: tensor.name.to_owned() });
    }
    if tensor.segmented {
        return Err(unsupported("segments", tensor.name));
    }
    let Some(element_bytes) = element_bytes(tensor.element) else {
        return Err(unsupported("elements of this type", tensor.name));
    };
    let fits = elements(&tensor.dims).is_some_and(|count| match tensor.raw {
        Some(raw) => tensor.typed == 0 && Some(raw.len() as u64) == count.checked_mul(element_bytes),
        None => count == tensor.typed,
    });
    if fits {
        return Ok(());
    }
    Err(OnnxError::TensorSize {
        tensor: tensor.name.to_owned(),
        dims: tensor.dims.clone(),
        bytes: tensor.raw.map_or(tensor.typed.saturating_mul(element_bytes), |raw| raw.len() as u64),
    })
}

fn elements(dims: &[i64]) -> Option<u64> {
    let count = dims.iter().try_fold(1_u64, |count, dim| {
        let dim = Some(*dim).filter(|dim| (0..=AXIS_MAX).contains(dim))?;
        count.checked_mul(dim as u64)
    });
    count.filter(|count| *count <= ELEMENTS_MAX)
}

/// Bytes an element by `TensorProto.DataType`; strings, complex and sub-byte numbers are not used here.
fn element_bytes(element: u64) -> Option<u64> {
    match element {
        2 | 3 | 9 => Some(1),
        4 | 5 | 10 | 16 => Some(2),
        FLOAT | 6 | 12 => Some(4),
        7 | 11 | 13 => Some(8),
        _ => None,
    }
}

fn ends(graph: &Graph<'_>, card: &Card) -> Result<(), OnnxError> {
    // Old files list the weights among the inputs too.
    let stored = |end: &&End<'_>| !graph.tensors.iter().any(|tensor| tensor.name == end.name);
    let inputs: Vec<&End<'_>> = graph.inputs.iter().filter(stored).collect();
    let outputs: Vec<&End<'_>> = graph.outputs.iter().collect();
    let input = inputs.as_slice();
    if !matches!(input, [only] if fits(only, &card.input.name, &card.input.shape)) {
        return Err(interface("input", input, &card.input.name, &card.input.shape));
    }
    // Packs that share a file read an output each.
    if outputs.len() > OUTPUTS_MAX {
        return Err(OnnxError::TooMany { what: "outputs", limit: OUTPUTS_MAX });
    }
    // An exporter may leave an axis of an output open; the decoder looks at what really comes.
    let closed = |end: &End<'_>| -> Vec<i64> {
        let axes = end.dims.iter().zip(&card.output.shape);
        axes.map(|(dim, expected)| if dim.is_none() { -1 } else { *expected }).collect()
    };
    let right = |end: &&&End<'_>| {
        end.dims.len() == card.output.shape.len() && fits(end, &card.output.name, &closed(end))
    };
    if outputs.iter().filter(right).count() == 1 {
        return Ok(());
    }
    Err(interface("output", &outputs, &card.output.name, &card.output.shape))
}

fn axis(length: i64) -> Option<i64> {
    Some(length).filter(|length| *length != -1)
}

fn fits(end: &End<'_>, name: &str, shape: &[i64]) -> bool {
    let known = end.dims.iter().map(|dim| dim.filter(|dim| *dim > 0));
    end.name == name && end.element == FLOAT && known.eq(shape.iter().map(|length| axis(*length)))
}

fn interface(end: &'static str, actual: &[&End<'_>], name: &str, shape: &[i64]) -> OnnxError {
    let expected: Vec<Option<i64>> = shape.iter().map(|length| axis(*length)).collect();
    let expected = describe(name, FLOAT, &expected);
    let actual = actual.iter().map(|end| describe(end.name, end.element, &end.dims)).collect::<Vec<_>>();
    OnnxError::Interface { end, expected, actual: actual.join(" and ") }
}

fn describe(name: &str, element: u64, dims: &[Option<i64>]) -> String {
    let dims: Vec<String> =
        dims.iter().map(|dim| dim.map_or_else(|| "?".to_owned(), |dim| dim.to_string())).collect();
    let element = if element == FLOAT { "float".to_owned() } else { format!("element type {element}") };
    format!("{name} [{}] of {element}", dims.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_operators_is_sorted_for_the_search() {
        assert!(OPERATORS.is_sorted());
    }

    #[test]
    fn absurd_shapes_have_no_size() {
        assert_eq!(elements(&[3, 4]), Some(12));
        assert_eq!(elements(&[]), Some(1), "a scalar");
        for absurd in
            [vec![-1], vec![i64::MAX], vec![1 << 24, 1 << 24], vec![1 << 20, 1 << 20, 1 << 20, 1 << 20]]
        {
            assert_eq!(elements(&absurd), None, "{absurd:?}");
        }
    }
}
