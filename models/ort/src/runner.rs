//! One session with one thread.

use models::{Pack, Runner, RunnerError};
use ndarray::{ArrayD, ArrayViewD};
use ort::logging::LogLevel;
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::value::TensorRef;

use crate::{OrtError, Provider, library};

/// A model loaded into ONNX Runtime, for one pack or for all that share its file.
#[derive(Debug)]
pub struct OrtRunner {
    /// Names of the packs, for messages.
    model: String,
    input: String,
    /// Outputs that a pack reads, each once.
    outputs: Vec<String>,
    session: Session,
}

impl OrtRunner {
    /// Verifies the pack and loads its model from memory.
    ///
    /// # Errors
    /// When [`crate::init`] was not called, the pack is refused, the provider cannot start, or ONNX Runtime refuses the model.
    pub fn load(pack: &Pack, provider: Provider) -> Result<Self, OrtError> {
        pack.verify()?;
        Self::of_verified(&[pack], provider)
    }

    /// Loads the model of packs that were verified and share their file.
    pub(crate) fn of_verified(sharing: &[&Pack], provider: Provider) -> Result<Self, OrtError> {
        let first = sharing.first().ok_or(OrtError::NoPack)?;
        let model = sharing.iter().map(|pack| pack.card.name.as_str()).collect::<Vec<_>>().join(", ");
        let refused = |reason: String| OrtError::Session { model: model.clone(), reason };
        let environment = library::environment()?;
        let builder = Session::builder(&environment).map_err(|error| refused(error.to_string()))?;
        let builder = one_thread(builder).map_err(|error| refused(error.to_string()))?;
        let mut builder = builder.with_execution_providers(provider.dispatches()).map_err(|error| {
            OrtError::Provider { model: model.clone(), provider, reason: error.to_string() }
        })?;
        let session =
            builder.commit_from_memory(&first.model_bytes).map_err(|error| refused(error.to_string()))?;
        let mut outputs: Vec<String> = Vec::new();
        for pack in sharing {
            if !outputs.contains(&pack.card.output.name) {
                outputs.push(pack.card.output.name.clone());
            }
        }
        Ok(Self { model, input: first.card.input.name.clone(), outputs, session })
    }
}

/// One thread, no spinning, all rewrites of the graph, no memory planned for shapes that may change.
#[expect(
    clippy::result_large_err,
    reason = "the builder's own error carries the builder; it is made once a session"
)]
fn one_thread(builder: SessionBuilder) -> Result<SessionBuilder, ort::Error<SessionBuilder>> {
    builder
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .with_intra_op_spinning(false)?
        .with_inter_op_spinning(false)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_memory_pattern(false)?
        .with_log_level(LogLevel::Warning)
}

impl Runner for OrtRunner {
    fn run(&mut self, input: ArrayViewD<'_, f32>) -> Result<Vec<(String, ArrayD<f32>)>, RunnerError> {
        let Self { model, input: name, outputs: wanted, session } = self;
        let failed = |reason: String| RunnerError { model: model.clone(), reason };
        let tensor = TensorRef::from_array_view(input).map_err(|error| failed(error.to_string()))?;
        let outputs =
            session.run(ort::inputs![name.as_str() => tensor]).map_err(|error| failed(error.to_string()))?;
        let fetched = wanted.iter().map(|output| {
            let value = outputs.get(output).ok_or_else(|| failed(format!("no output {output}")))?;
            let view = value.try_extract_array::<f32>().map_err(|error| failed(error.to_string()))?;
            Ok((output.clone(), view.to_owned()))
        });
        fetched.collect()
    }
}
