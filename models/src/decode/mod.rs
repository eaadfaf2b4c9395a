//! From output tensors to what was seen; one file a kind of head.

pub mod mask;
