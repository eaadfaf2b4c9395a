//! One session with one thread.

use models::{Pack, Runner, RunnerError};
use ndarray::{ArrayD, ArrayViewD};
use ort::logging::LogLevel;
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::value::TensorRef;

use crate::{OrtError, Provider, library};

/// A model loaded into ONNX Runtime.
#[derive(Debug)]
pub struct OrtRunner {
    model: String,
    input: String,
    output: String,
    session: Session,
}

impl OrtRunner {
    /// Verifies the pack and loads its model from memory.
    ///
    /// # Errors
    /// When [`crate::init`] was not called, the pack is refused, the provider cannot start, or ONNX Runtime refuses the model.
    pub fn load(pack: &Pack, provider: Provider) -> Result<Self, OrtError> {
        pack.verify()?;
        let model = pack.card.name.clone();
        let refused = |reason: String| OrtError::Session { model: model.clone(), reason };
        let environment = library::environment()?;
        let builder = Session::builder(&environment).map_err(|error| refused(error.to_string()))?;
        let builder = one_thread(builder).map_err(|error| refused(error.to_string()))?;
        let mut builder = builder.with_execution_providers(provider.dispatches()).map_err(|error| {
            OrtError::Provider { model: model.clone(), provider, reason: error.to_string() }
        })?;
        let session =
            builder.commit_from_memory(&pack.model_bytes).map_err(|error| refused(error.to_string()))?;
        let (input, output) = (pack.card.input.name.clone(), pack.card.output.name.clone());
        Ok(Self { model, input, output, session })
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
        let Self { model, input: name, output, session } = self;
        let failed = |reason: String| RunnerError { model: model.clone(), reason };
        let tensor = TensorRef::from_array_view(input).map_err(|error| failed(error.to_string()))?;
        let outputs =
            session.run(ort::inputs![name.as_str() => tensor]).map_err(|error| failed(error.to_string()))?;
        let value = outputs.get(&*output).ok_or_else(|| failed(format!("no output {output}")))?;
        let view = value.try_extract_array::<f32>().map_err(|error| failed(error.to_string()))?;
        Ok(vec![(output.clone(), view.to_owned())])
    }
}
