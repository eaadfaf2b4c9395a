//! The edge behind which models are run.

use ndarray::{ArrayD, ArrayViewD};

/// A model that is loaded and ready.
pub trait Runner: Send {
    /// Runs the model on one batch.
    ///
    /// # Shape
    /// Input and outputs as the cards state them, every output that a card names; the first axis is the batch.
    ///
    /// # Errors
    /// When the run-time refuses the input or fails.
    fn run(&mut self, input: ArrayViewD<'_, f32>) -> Result<Vec<(String, ArrayD<f32>)>, RunnerError>;
}

/// Why a model could not be run.
#[derive(Debug, thiserror::Error)]
#[error("cannot run model {model}: {reason}")]
pub struct RunnerError {
    /// Name of the pack.
    pub model: String,
    /// What the run-time said.
    pub reason: String,
}
