//! Why an ONNX file is refused.

/// What is wrong with the bytes of a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OnnxError {
    /// The bytes end inside a field.
    #[error("file is cut off in {message}")]
    CutOff {
        /// Protobuf message that was read.
        message: &'static str,
    },
    /// The bytes are no protobuf.
    #[error("file is no ONNX model: bad key or number in {message}")]
    BadWire {
        /// Protobuf message that was read.
        message: &'static str,
    },
    /// A field has another wire type than ONNX gives it.
    #[error("field {field} of {message} has the wrong type")]
    FieldType {
        /// Protobuf message that was read.
        message: &'static str,
        /// Number of the field.
        field: u32,
    },
    /// A single field is given twice, which readers understand differently.
    #[error("field {field} of {message} is given twice")]
    Twice {
        /// Protobuf message that was read.
        message: &'static str,
        /// Number of the field.
        field: u32,
    },
    /// A name is no UTF-8.
    #[error("a name in {message} is not UTF-8")]
    Name {
        /// Protobuf message that was read.
        message: &'static str,
    },
    /// More of something than a model of this product needs.
    #[error("more than {limit} {what}")]
    TooMany {
        /// What is counted.
        what: &'static str,
        /// Largest number.
        limit: usize,
    },
    /// The model has no graph.
    #[error("file holds no graph")]
    NoGraph,
    /// Weights lie outside the file.
    #[error("tensor {tensor:?} keeps its data outside the model file")]
    ExternalData {
        /// Name of the tensor.
        tensor: String,
    },
    /// Something that models of this product do not use.
    #[error("{what} in {place:?} are not supported")]
    Unsupported {
        /// What was found.
        what: &'static str,
        /// Where.
        place: String,
    },
    /// An operator off the list.
    #[error("node {node:?} uses operator {operator:?}, which is not on the list")]
    Operator {
        /// Name of the node.
        node: String,
        /// Domain and name of the operator.
        operator: String,
    },
    /// A tensor whose size is absurd or does not fit its data.
    #[error("tensor {tensor:?} has shape {dims:?} and {bytes} bytes of data, which do not belong together")]
    TensorSize {
        /// Name of the tensor.
        tensor: String,
        /// Its shape.
        dims: Vec<i64>,
        /// Bytes of data.
        bytes: u64,
    },
    /// A node reads what nothing before it gives: nodes out of order, or in a loop.
    #[error("node {node:?} reads {tensor:?}, which nothing before it gives")]
    Order {
        /// Name of the node.
        node: String,
        /// Name of the tensor.
        tensor: String,
    },
    /// Two nodes give the same tensor, or one gives an input or a stored one again.
    #[error("tensor {tensor:?} is given twice")]
    GivenTwice {
        /// Name of the tensor.
        tensor: String,
    },
    /// A node whose result cannot be bounded before it runs, or is too large.
    #[error("node {node:?} ({operator}): {reason}")]
    Shape {
        /// Name of the node.
        node: String,
        /// Its operator.
        operator: String,
        /// What is wrong.
        reason: String,
    },
    /// Another operator set than the card says.
    #[error("standard operator sets are {actual:?}, card says {expected}")]
    Opset {
        /// Out of the card.
        expected: u32,
        /// Out of the model.
        actual: Vec<i64>,
    },
    /// Other tensors at the ends than the card says.
    #[error("{end} is {actual}, card says {expected}")]
    Interface {
        /// Input or output.
        end: &'static str,
        /// Out of the card.
        expected: String,
        /// Out of the model.
        actual: String,
    },
}
