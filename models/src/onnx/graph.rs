//! The parts of an ONNX model that are checked, borrowed from its bytes.
//!
//! # References
//! `onnx.proto` of ONNX 1.17, by message name; field numbers stand beside each field. Fields not listed are skipped.

use super::OnnxError;
use super::wire::{Fields, Value};

const NODES_MAX: usize = 4096;
const TENSORS_MAX: usize = 8192;
const ENDS_MAX: usize = 8192;
const ATTRIBUTES_MAX: usize = 64;
const OPSETS_MAX: usize = 64;
/// Inputs, or outputs, of one node.
const NODE_ENDS_MAX: usize = 256;
/// Most axes of a tensor.
const DIMS_MAX: usize = 8;
/// Most numbers of a list in an attribute, and of a stored tensor that are read: shapes, pads and the like are short.
const NUMBERS_MAX: usize = 64;

/// `ModelProto`.
#[derive(Debug, Default)]
pub(super) struct Model<'a> {
    /// `opset_import` = 8, domain and version.
    pub opsets: Vec<(&'a str, i64)>,
    /// `graph` = 7.
    pub graph: Option<Graph<'a>>,
    /// Whether there are `training_info` = 20 or `functions` = 25.
    pub extras: bool,
}

/// `GraphProto`.
#[derive(Debug, Default)]
pub(super) struct Graph<'a> {
    /// `node` = 1.
    pub nodes: Vec<Node<'a>>,
    /// `initializer` = 5.
    pub tensors: Vec<Tensor<'a>>,
    /// `input` = 11.
    pub inputs: Vec<End<'a>>,
    /// `output` = 12.
    pub outputs: Vec<End<'a>>,
    /// Whether there are `sparse_initializer` = 15.
    pub sparse: bool,
    /// Whether a `value_info` = 13 or an end is no plain tensor.
    pub odd_types: bool,
}

/// `NodeProto`.
#[derive(Debug, Default)]
pub(super) struct Node<'a> {
    /// `input` = 1; an empty name is an input left out.
    pub inputs: Vec<&'a str>,
    /// `output` = 2.
    pub outputs: Vec<&'a str>,
    /// `name` = 3.
    pub name: &'a str,
    /// `op_type` = 4.
    pub operator: &'a str,
    /// `domain` = 7.
    pub domain: &'a str,
    /// Names and numbers of `attribute` = 5.
    pub attributes: Vec<Attribute<'a>>,
    /// Tensors in `attribute` = 5: `t` = 5, `tensors` = 10.
    pub tensors: Vec<Tensor<'a>>,
    /// Whether an attribute holds graphs: `g` = 6, `graphs` = 11.
    pub subgraphs: bool,
    /// Whether an attribute holds sparse tensors: `sparse_tensor` = 22, `sparse_tensors` = 23.
    pub sparse: bool,
    /// Whether an attribute holds types, which may hold each other: `tp` = 14, `type_protos` = 15.
    pub types: bool,
}

/// `AttributeProto`, as far as it bears on shapes.
#[derive(Debug, Default)]
pub(super) struct Attribute<'a> {
    /// `name` = 1.
    pub name: &'a str,
    /// `i` = 3.
    pub int: Option<i64>,
    /// `s` = 4.
    pub text: Option<&'a [u8]>,
    /// `ints` = 8; nothing where there are more than are read.
    pub ints: Vec<i64>,
    /// How many `floats` = 7 there are.
    pub floats: u64,
}

/// `TensorProto`.
#[derive(Debug, Default)]
pub(super) struct Tensor<'a> {
    /// `name` = 8.
    pub name: &'a str,
    /// `dims` = 1.
    pub dims: Vec<i64>,
    /// `data_type` = 2.
    pub element: u64,
    /// Whether there is `external_data` = 13 or a `data_location` = 14 other than 0.
    pub external: bool,
    /// Whether there is a `segment` = 3.
    pub segmented: bool,
    /// `raw_data` = 9.
    pub raw: Option<&'a [u8]>,
    /// Elements of the typed data: fields 4 to 7, 10 and 11.
    pub typed: u64,
    /// The first of `int32_data` = 5 and `int64_data` = 7.
    pub typed_ints: Vec<i64>,
}

/// `ValueInfoProto` of a plain tensor.
#[derive(Debug, Default)]
pub(super) struct End<'a> {
    /// `name` = 1.
    pub name: &'a str,
    /// `type.tensor_type.elem_type`; 0 when the value is no plain tensor.
    pub element: u64,
    /// `type.tensor_type.shape`: `None` for an axis without a number.
    pub dims: Vec<Option<i64>>,
    /// Whether the type is a sequence, a map or the like, which may hold each other.
    pub odd: bool,
}

/// Returns the model that `bytes` hold.
pub(super) fn model(bytes: &[u8]) -> Result<Model<'_>, OnnxError> {
    let mut model = Model::default();
    each(bytes, "ModelProto", |message, field, value| {
        match field {
            7 => once(&mut model.graph, graph(bytes_of(message, field, value)?)?, message, field)?,
            8 => push(
                &mut model.opsets,
                opset(bytes_of(message, field, value)?)?,
                "operator sets",
                OPSETS_MAX,
            )?,
            20 | 25 => model.extras = true,
            _ => {}
        }
        Ok(())
    })?;
    Ok(model)
}

fn opset(bytes: &[u8]) -> Result<(&str, i64), OnnxError> {
    let (mut domain, mut version) = (None, None);
    each(bytes, "OperatorSetIdProto", |message, field, value| match field {
        1 => once(&mut domain, text_of(message, field, value)?, message, field),
        2 => once(&mut version, number_of(message, field, value)?, message, field),
        _ => Ok(()),
    })?;
    Ok((domain.unwrap_or_default(), version.unwrap_or_default() as i64))
}

fn graph(bytes: &[u8]) -> Result<Graph<'_>, OnnxError> {
    let mut graph = Graph::default();
    each(bytes, "GraphProto", |message, field, value| {
        match field {
            1 => push(&mut graph.nodes, node(bytes_of(message, field, value)?)?, "nodes", NODES_MAX)?,
            5 => push(
                &mut graph.tensors,
                tensor(bytes_of(message, field, value)?)?,
                "initialisers",
                TENSORS_MAX,
            )?,
            11 => push(&mut graph.inputs, end(bytes_of(message, field, value)?)?, "inputs", ENDS_MAX)?,
            12 => push(&mut graph.outputs, end(bytes_of(message, field, value)?)?, "outputs", ENDS_MAX)?,
            13 => graph.odd_types |= end(bytes_of(message, field, value)?)?.odd,
            15 => graph.sparse = true,
            _ => {}
        }
        Ok(())
    })?;
    Ok(graph)
}

fn node(bytes: &[u8]) -> Result<Node<'_>, OnnxError> {
    let (mut name, mut operator, mut domain) = (None, None, None);
    let mut node = Node::default();
    each(bytes, "NodeProto", |message, field, value| {
        match field {
            1 => push(&mut node.inputs, text_of(message, field, value)?, "inputs of a node", NODE_ENDS_MAX)?,
            2 => {
                push(&mut node.outputs, text_of(message, field, value)?, "outputs of a node", NODE_ENDS_MAX)?;
            }
            3 => once(&mut name, text_of(message, field, value)?, message, field)?,
            4 => once(&mut operator, text_of(message, field, value)?, message, field)?,
            5 => {
                let read = attribute(bytes_of(message, field, value)?, &mut node)?;
                push(&mut node.attributes, read, "attributes of a node", ATTRIBUTES_MAX)?;
            }
            7 => once(&mut domain, text_of(message, field, value)?, message, field)?,
            _ => {}
        }
        Ok(())
    })?;
    node.name = name.unwrap_or_default();
    node.operator = operator.unwrap_or_default();
    node.domain = domain.unwrap_or_default();
    Ok(node)
}

fn attribute<'a>(bytes: &'a [u8], node: &mut Node<'a>) -> Result<Attribute<'a>, OnnxError> {
    let (mut name, mut int, mut text) = (None, None, None);
    let mut attribute = Attribute::default();
    let mut ints = Numbers::default();
    each(bytes, "AttributeProto", |message, field, value| {
        match field {
            1 => once(&mut name, text_of(message, field, value)?, message, field)?,
            3 => once(&mut int, number_of(message, field, value)? as i64, message, field)?,
            4 => once(&mut text, bytes_of(message, field, value)?, message, field)?,
            5 | 10 => {
                let read = tensor(bytes_of(message, field, value)?)?;
                push(&mut node.tensors, read, "tensors of a node", ATTRIBUTES_MAX)?;
            }
            6 | 11 => node.subgraphs = true,
            7 => attribute.floats += elements_of(message, field, value, 4)?,
            8 => ints.add(message, field, value)?,
            14 | 15 => node.types = true,
            22 | 23 => node.sparse = true,
            _ => {}
        }
        Ok(())
    })?;
    attribute.name = name.unwrap_or_default();
    attribute.int = int;
    attribute.text = text;
    if ints.count > NUMBERS_MAX as u64 {
        return Err(OnnxError::TooMany { what: "numbers of an attribute", limit: NUMBERS_MAX });
    }
    attribute.ints = ints.first;
    Ok(attribute)
}

fn tensor(bytes: &[u8]) -> Result<Tensor<'_>, OnnxError> {
    let (mut name, mut element, mut raw) = (None, None, None);
    let mut tensor = Tensor::default();
    let mut ints = Numbers::default();
    each(bytes, "TensorProto", |message, field, value| {
        match field {
            1 => dims(&mut tensor.dims, message, field, value)?,
            2 => once(&mut element, number_of(message, field, value)?, message, field)?,
            3 => tensor.segmented = true,
            4 => tensor.typed += elements_of(message, field, value, 4)?,
            5 | 7 | 11 => ints.add(message, field, value)?,
            6 => tensor.typed += 1,
            8 => once(&mut name, text_of(message, field, value)?, message, field)?,
            9 => once(&mut raw, bytes_of(message, field, value)?, message, field)?,
            10 => tensor.typed += elements_of(message, field, value, 8)?,
            13 => tensor.external = true,
            14 => tensor.external |= number_of(message, field, value)? != 0,
            _ => {}
        }
        Ok(())
    })?;
    tensor.name = name.unwrap_or_default();
    tensor.element = element.unwrap_or_default();
    tensor.raw = raw;
    tensor.typed += ints.count;
    tensor.typed_ints = ints.first;
    Ok(tensor)
}

/// Base-128 numbers, counted; the first of them kept.
#[derive(Debug, Default)]
struct Numbers {
    first: Vec<i64>,
    count: u64,
}

impl Numbers {
    /// Takes one number, or several packed into one field.
    fn add(&mut self, message: &'static str, field: u32, value: Value<'_>) -> Result<(), OnnxError> {
        let mut add = |number: u64| {
            self.count += 1;
            if self.first.len() < NUMBERS_MAX {
                self.first.push(number as i64);
            }
        };
        match value {
            Value::Varint(number) => add(number),
            Value::Bytes(packed) => {
                let mut numbers = Fields::new(packed, message);
                while !numbers.at_end() {
                    add(numbers.varint()?);
                }
            }
            _ => return Err(OnnxError::FieldType { message, field }),
        }
        Ok(())
    }
}

/// How many numbers of fixed width a field holds: one, or several packed.
fn elements_of(message: &'static str, field: u32, value: Value<'_>, width: u64) -> Result<u64, OnnxError> {
    match (value, width) {
        (Value::Bytes(packed), _) if (packed.len() as u64).is_multiple_of(width) => {
            Ok(packed.len() as u64 / width)
        }
        (Value::Fixed32, 4) | (Value::Fixed64, 8) => Ok(1),
        _ => Err(OnnxError::FieldType { message, field }),
    }
}

fn dims(dims: &mut Vec<i64>, message: &'static str, field: u32, value: Value<'_>) -> Result<(), OnnxError> {
    let mut numbers = Numbers::default();
    numbers.add(message, field, value)?;
    numbers.first.into_iter().try_for_each(|number| push(dims, number, "axes of a tensor", DIMS_MAX))
}

fn end(bytes: &[u8]) -> Result<End<'_>, OnnxError> {
    let (mut name, mut kind) = (None, None);
    each(bytes, "ValueInfoProto", |message, field, value| match field {
        1 => once(&mut name, text_of(message, field, value)?, message, field),
        2 => once(&mut kind, bytes_of(message, field, value)?, message, field),
        _ => Ok(()),
    })?;
    let mut end = End { name: name.unwrap_or_default(), ..End::default() };
    let mut tensor = None;
    each(kind.unwrap_or_default(), "TypeProto", |message, field, value| {
        match field {
            1 => once(&mut tensor, bytes_of(message, field, value)?, message, field)?,
            // `denotation` is a text.
            6 => {}
            _ => end.odd = true,
        }
        Ok(())
    })?;
    let (mut element, mut shape) = (None, None);
    each(tensor.unwrap_or_default(), "TypeProto.Tensor", |message, field, value| match field {
        1 => once(&mut element, number_of(message, field, value)?, message, field),
        2 => once(&mut shape, bytes_of(message, field, value)?, message, field),
        _ => Ok(()),
    })?;
    end.element = element.unwrap_or_default();
    each(shape.unwrap_or_default(), "TensorShapeProto", |message, field, value| match field {
        1 => push(&mut end.dims, axis(bytes_of(message, field, value)?)?, "axes of an end", DIMS_MAX),
        _ => Ok(()),
    })?;
    Ok(end)
}

fn axis(bytes: &[u8]) -> Result<Option<i64>, OnnxError> {
    let mut length = None;
    each(bytes, "TensorShapeProto.Dimension", |message, field, value| match field {
        1 => once(&mut length, number_of(message, field, value)? as i64, message, field),
        _ => Ok(()),
    })?;
    Ok(length)
}

fn each<'a>(
    bytes: &'a [u8],
    message: &'static str,
    mut visit: impl FnMut(&'static str, u32, Value<'a>) -> Result<(), OnnxError>,
) -> Result<(), OnnxError> {
    let mut fields = Fields::new(bytes, message);
    while let Some((field, value)) = fields.next()? {
        visit(fields.message(), field, value)?;
    }
    Ok(())
}

fn once<T>(slot: &mut Option<T>, value: T, message: &'static str, field: u32) -> Result<(), OnnxError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(OnnxError::Twice { message, field }),
    }
}

fn push<T>(list: &mut Vec<T>, value: T, what: &'static str, limit: usize) -> Result<(), OnnxError> {
    if list.len() >= limit {
        return Err(OnnxError::TooMany { what, limit });
    }
    list.push(value);
    Ok(())
}

fn bytes_of<'a>(message: &'static str, field: u32, value: Value<'a>) -> Result<&'a [u8], OnnxError> {
    match value {
        Value::Bytes(bytes) => Ok(bytes),
        _ => Err(OnnxError::FieldType { message, field }),
    }
}

fn number_of(message: &'static str, field: u32, value: Value<'_>) -> Result<u64, OnnxError> {
    match value {
        Value::Varint(number) => Ok(number),
        _ => Err(OnnxError::FieldType { message, field }),
    }
}

fn text_of<'a>(message: &'static str, field: u32, value: Value<'a>) -> Result<&'a str, OnnxError> {
    std::str::from_utf8(bytes_of(message, field, value)?).map_err(|_| OnnxError::Name { message })
}
