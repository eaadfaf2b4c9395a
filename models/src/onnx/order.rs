//! Every node reads only what was given before it, so that there are no loops.
//!
//! # References
//! ONNX specification, "Graphs": nodes are sorted topologically and every name is given once.

use std::collections::HashSet;

use super::OnnxError;
use super::graph::Graph;

/// Checks the order of the nodes, and that the graph's outputs are given.
pub(super) fn check(graph: &Graph<'_>) -> Result<(), OnnxError> {
    let mut given: HashSet<&str> = HashSet::new();
    for tensor in &graph.tensors {
        give(&mut given, tensor.name)?;
    }
    // Old files list the weights among the inputs too.
    let inputs = graph.inputs.iter().map(|end| end.name);
    given.extend(inputs);
    for node in &graph.nodes {
        // An empty name is an input that is left out.
        if let Some(missing) = node.inputs.iter().find(|name| !name.is_empty() && !given.contains(*name)) {
            return Err(OnnxError::Order { node: node.name.to_owned(), tensor: (*missing).to_owned() });
        }
        for name in node.outputs.iter().filter(|name| !name.is_empty()) {
            give(&mut given, name)?;
        }
    }
    match graph.outputs.iter().find(|end| !given.contains(end.name)) {
        None => Ok(()),
        Some(end) => Err(OnnxError::Order { node: "output".to_owned(), tensor: end.name.to_owned() }),
    }
}

fn give<'a>(given: &mut HashSet<&'a str>, name: &'a str) -> Result<(), OnnxError> {
    if given.insert(name) { Ok(()) } else { Err(OnnxError::GivenTwice { tensor: name.to_owned() }) }
}
