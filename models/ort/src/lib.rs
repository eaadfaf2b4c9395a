//! ONNX Runtime behind `models::Runner`.
