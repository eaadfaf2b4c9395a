//! Why ONNX Runtime or a session of it cannot start.

use std::path::PathBuf;

use models::ModelError;

use crate::Provider;

/// What went wrong before the first picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OrtError {
    /// There is no file at the place.
    #[error("no ONNX Runtime library at {}", path.display())]
    NoLibrary {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file is no ONNX Runtime, or one that is too old.
    #[error("cannot use ONNX Runtime library {}", path.display())]
    Library {
        /// The file.
        path: PathBuf,
        /// What the loader said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Another library is in use already; a process can hold one.
    #[error("cannot load ONNX Runtime library {}: {} is loaded already", path.display(), loaded.display())]
    Loaded {
        /// The file asked for.
        path: PathBuf,
        /// The file in use.
        loaded: PathBuf,
    },
    /// A session was asked for before [`crate::init`].
    #[error("ONNX Runtime is not loaded")]
    NotLoaded,
    /// A session was asked for without a pack to run.
    #[error("no pack to load")]
    NoPack,
    /// The name of a provider is not known.
    #[error("unknown provider {name:?}, want cpu, cuda, tensorrt or openvino")]
    UnknownProvider {
        /// The name.
        name: String,
    },
    /// The provider cannot start. There is no fall-back.
    #[error("provider {provider} cannot start for model {model}: {reason}")]
    Provider {
        /// Name of the pack.
        model: String,
        /// As configured.
        provider: Provider,
        /// What ONNX Runtime said.
        reason: String,
    },
    /// ONNX Runtime refuses the model.
    #[error("cannot load model {model}: {reason}")]
    Session {
        /// Name of the pack.
        model: String,
        /// What ONNX Runtime said.
        reason: String,
    },
    /// The pack is refused, or its golden picture is seen otherwise.
    #[error(transparent)]
    Model(#[from] ModelError),
}
