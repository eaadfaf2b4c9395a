//! Scores of a pack on a labelled folder; one file a kind of head.

pub mod mask;
