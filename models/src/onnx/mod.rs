//! ONNX files, read far enough to refuse what must not run.
//!
//! Read by hand and not by generated code: that would copy every weight and every repeated field into owned memory before
//! the first check, which a hostile file turns into gigabytes. This reader borrows, bounds what it keeps and never panics.

mod check;
mod error;
mod graph;
mod order;
mod shapes;
mod wire;

pub use check::check;
pub use error::OnnxError;
