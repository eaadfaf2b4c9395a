//! Where a model runs, by configuration, without fall-back.

use std::fmt;
use std::str::FromStr;

use ort::ep::{CPU, CUDA, ExecutionProviderDispatch, OpenVINO, TensorRT};

use crate::OrtError;

/// Hardware and library a session runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Provider {
    /// ONNX Runtime's own kernels on one core.
    #[default]
    Cpu,
    /// NVIDIA GPU.
    Cuda,
    /// NVIDIA GPU, compiled; what it cannot compile runs on CUDA.
    TensorRt,
    /// Intel's kernels.
    OpenVino,
}

impl Provider {
    /// Returns what to register, in order of preference; each must start.
    pub(crate) fn dispatches(self) -> Vec<ExecutionProviderDispatch> {
        let wanted = match self {
            // The arena reuses one block of scratch memory; without it the same pictures scatter twice as much over the heap.
            Self::Cpu => vec![CPU::default().with_arena_allocator(true).build()],
            Self::Cuda => vec![CUDA::default().build()],
            Self::TensorRt => vec![TensorRT::default().build(), CUDA::default().build()],
            Self::OpenVino => vec![OpenVINO::default().build()],
        };
        wanted.into_iter().map(ExecutionProviderDispatch::error_on_failure).collect()
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::TensorRt => "tensorrt",
            Self::OpenVino => "openvino",
        })
    }
}

impl FromStr for Provider {
    type Err = OrtError;

    fn from_str(name: &str) -> Result<Self, OrtError> {
        let all = [Self::Cpu, Self::Cuda, Self::TensorRt, Self::OpenVino];
        let found = all.into_iter().find(|provider| provider.to_string() == name);
        found.ok_or_else(|| OrtError::UnknownProvider { name: name.to_owned() })
    }
}
