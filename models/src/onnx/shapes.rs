//! Bounds of everything a model makes while it runs, worked out before it does.
//!
//! A file of a few bytes can ask for terabytes: a pad, a tile or a product of two long vectors is enough, and a run-time may
//! make them while it loads. Here every node's result is bounded from the input's size down, for one picture. Each axis is
//! exact or too long, never too short; small stored numbers are followed, as shapes are computed out of them. What cannot be
//! bounded is refused.
//!
//! # References
//! ONNX operator specification, opsets 11 to 24.

mod rules;
mod windows;

use std::collections::HashMap;

use super::OnnxError;
use super::graph::{Graph, Node, Tensor};
use crate::Card;

/// Most elements of one tensor, for one picture.
const ELEMENTS_MAX: u64 = 1 << 26;
/// Most elements of all results together, for one picture.
const TOTAL_MAX: u64 = 1 << 29;
/// Most axes.
const AXES_MAX: usize = 8;
/// Numbers that are followed in one tensor.
const VALUES_MAX: usize = 64;

/// What is known of a tensor before the model runs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Known {
    /// Length of each axis, at most.
    pub dims: Vec<u64>,
    /// Whether each is exactly so long. Only then may other shapes be computed out of it: what is subtracted must not be too
    /// long.
    pub exact: bool,
    /// Its numbers, where they are few and whole or stored.
    pub values: Option<Vec<f64>>,
}

impl Known {
    fn of(dims: impl Into<Vec<u64>>) -> Self {
        Self { dims: dims.into(), exact: true, values: None }
    }

    fn list(values: Vec<f64>) -> Self {
        Self { dims: vec![values.len() as u64], exact: true, values: Some(values) }
    }

    /// The same, perhaps too long.
    fn at_most(self) -> Self {
        Self { exact: false, ..self }
    }

    fn elements(&self) -> u64 {
        self.dims.iter().fold(1, |count: u64, dim| count.saturating_mul(*dim))
    }
}

/// What a rule answers: the outputs, or why they have no bound.
type Outcome = Result<Vec<Known>, String>;

/// Checks that no tensor, and not all of them together, are larger than any model of this product needs.
pub(super) fn check(graph: &Graph<'_>, card: &Card) -> Result<(), OnnxError> {
    let mut known: HashMap<&str, Known> = HashMap::new();
    // For one picture: a batch multiplies everything alike.
    let input = card.input.shape.map(|side| u64::try_from(side).unwrap_or(1));
    known.insert(&card.input.name, Known::of(input));
    for tensor in &graph.tensors {
        known.insert(tensor.name, stored(tensor));
    }
    let mut total = 0_u64;
    for node in &graph.nodes {
        let refused = |reason| OnnxError::Shape {
            node: node.name.to_owned(),
            operator: node.operator.to_owned(),
            reason,
        };
        let results = results(node, &known).map_err(refused)?;
        for (name, mut result) in node.outputs.iter().zip(results) {
            result.values = result.values.filter(|values| values.len() <= VALUES_MAX);
            let elements = result.elements();
            total = total.saturating_add(elements);
            if elements > ELEMENTS_MAX || total > TOTAL_MAX || result.dims.len() > AXES_MAX {
                return Err(refused(format!("its result would be {:?}, which is too large", result.dims)));
            }
            known.insert(name, result);
        }
    }
    output(known.get(card.output.name.as_str()), card)
}

/// An axis that is bound to be shorter than the card says is a wrong one.
fn output(bound: Option<&Known>, card: &Card) -> Result<(), OnnxError> {
    let wanted: Vec<u64> = card.output.shape.iter().map(|side| u64::try_from(*side).unwrap_or(1)).collect();
    let dims = bound.map(|known| known.dims.as_slice()).unwrap_or_default();
    if dims.len() == wanted.len() && dims.iter().zip(&wanted).all(|(dim, wanted)| dim >= wanted) {
        return Ok(());
    }
    let describe = |dims: &[u64]| format!("{} {dims:?} for one picture", card.output.name);
    Err(OnnxError::Interface { end: "output", expected: describe(&wanted), actual: describe(dims) })
}

fn results(node: &Node<'_>, known: &HashMap<&str, Known>) -> Outcome {
    let inputs: Vec<Option<&Known>> = node.inputs.iter().map(|name| known.get(name)).collect();
    let exact = inputs.iter().flatten().all(|input| input.exact);
    let mut results = rules::results(&Call { node, inputs })?;
    for result in &mut results {
        result.exact &= exact;
    }
    // An output without a bound must not slip through as one that nobody knows.
    if results.len() < node.outputs.len() {
        return Err(format!("gives {} tensors, not {}", results.len(), node.outputs.len()));
    }
    Ok(results)
}

/// A tensor of the file; its shape was checked against its data.
fn stored(tensor: &Tensor<'_>) -> Known {
    let dims: Vec<u64> = tensor.dims.iter().map(|dim| u64::try_from(*dim).unwrap_or(0)).collect();
    let elements = dims.iter().product::<u64>();
    let values = (elements as usize <= VALUES_MAX).then(|| numbers(tensor)).flatten();
    Known { dims, exact: true, values }
}

/// Numbers of the types that shapes and scales have: 32-bit floats (1), 32- and 64-bit integers (6, 7), bools (9).
fn numbers(tensor: &Tensor<'_>) -> Option<Vec<f64>> {
    let Some(raw) = tensor.raw else {
        return matches!(tensor.element, 6 | 7 | 9)
            .then(|| tensor.typed_ints.iter().map(|value| *value as f64).collect());
    };
    match tensor.element {
        1 => Some(raw.as_chunks().0.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect()),
        6 => Some(raw.as_chunks().0.iter().map(|bytes| f64::from(i32::from_le_bytes(*bytes))).collect()),
        7 => Some(raw.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes) as f64).collect()),
        9 => Some(raw.iter().map(|byte| f64::from(*byte)).collect()),
        _ => None,
    }
}

/// A node with what is known of its inputs.
struct Call<'a> {
    node: &'a Node<'a>,
    inputs: Vec<Option<&'a Known>>,
}

impl<'a> Call<'a> {
    fn operator(&self) -> &str {
        self.node.operator
    }

    /// An input that may be left out.
    fn optional(&self, index: usize) -> Option<&'a Known> {
        self.inputs.get(index).copied().flatten()
    }

    fn input(&self, index: usize) -> Result<&'a Known, String> {
        self.optional(index).ok_or_else(|| format!("has no input {index}"))
    }

    /// The numbers of an input that decides on shapes.
    fn values(&self, index: usize) -> Result<&'a [f64], String> {
        let values = self.input(index)?.values.as_deref();
        values.ok_or_else(|| {
            format!("input {index} decides on its shape and is not known before the model runs")
        })
    }

    fn int(&self, name: &str) -> Option<i64> {
        self.node.attributes.iter().find(|attribute| attribute.name == name)?.int
    }

    fn int_or(&self, name: &str, otherwise: i64) -> i64 {
        self.int(name).unwrap_or(otherwise)
    }

    fn ints(&self, name: &str) -> Option<&'a [i64]> {
        let found = self.node.attributes.iter().find(|attribute| attribute.name == name);
        found.map(|attribute| attribute.ints.as_slice())
    }

    fn text(&self, name: &str) -> &'a [u8] {
        let found = self.node.attributes.iter().find(|attribute| attribute.name == name);
        found.and_then(|attribute| attribute.text).unwrap_or_default()
    }

    /// Integers that are an attribute in old operator sets and an input in new ones.
    fn ints_or_input(&self, name: &str, index: usize) -> Result<Option<Vec<i64>>, String> {
        match (self.ints(name), self.optional(index)) {
            (Some(ints), _) => Ok(Some(ints.to_vec())),
            (None, Some(_)) => Ok(Some(self.values(index)?.iter().map(|value| *value as i64).collect())),
            (None, None) => Ok(None),
        }
    }
}

/// The index of an axis, counted from the end where it is negative.
fn axis(axis: i64, axes: usize) -> Result<usize, String> {
    let from_start = if axis < 0 { axis.checked_add(axes as i64) } else { Some(axis) };
    let found = from_start.and_then(|axis| usize::try_from(axis).ok()).filter(|axis| *axis < axes);
    found.ok_or_else(|| format!("axis {axis} is not one of {axes}"))
}

/// A length that is stored as a number.
fn length(value: f64) -> Result<u64, String> {
    if (0.0..=super::check::AXIS_MAX as f64).contains(&value) {
        return Ok(value as u64);
    }
    Err(format!("{value} is no length of an axis"))
}
