//! A model pack in memory, and the proof that its parts belong together.

use sha2::{Digest, Sha256};

use crate::{Card, ModelError, Precision, RgbImage, onnx};

/// Largest FP32 model file, in bytes (20 MB).
pub const MODEL_BYTES_MAX: usize = 20_000_000;
/// Largest INT8 model file, in bytes (6 MB).
pub const INT8_BYTES_MAX: usize = 6_000_000;

/// Card, model and golden picture of one pack.
#[derive(Debug, Clone)]
pub struct Pack {
    /// What the model takes and gives.
    pub card: Card,
    /// The ONNX file.
    pub model_bytes: Vec<u8>,
    /// The picture the pack proves itself with; `None` when its file is missing.
    pub golden: Option<RgbImage>,
}

impl Pack {
    /// Checks card, size, hash and content of the model, in that order.
    ///
    /// Nothing of the model is used before its hash is right; see [`onnx::check`] for what is checked after it. What the
    /// model sees is checked by [`crate::golden::check`] once it runs.
    ///
    /// # Errors
    /// The first thing that is wrong, with the expected and the actual value.
    pub fn verify(&self) -> Result<(), ModelError> {
        let problems = self.card.validate();
        if !problems.is_empty() {
            return Err(ModelError::Card { problems });
        }
        let model = || self.card.name.clone();
        let (bytes, limit) = (self.model_bytes.len(), bytes_max(self.card.precision));
        if bytes > limit {
            return Err(ModelError::TooLarge { model: model(), bytes, limit });
        }
        let actual = sha256_hex(&self.model_bytes);
        if actual != self.card.sha256 {
            return Err(ModelError::Hash { model: model(), expected: self.card.sha256.clone(), actual });
        }
        onnx::check(&self.model_bytes, &self.card)
            .map_err(|source| ModelError::Onnx { model: model(), source })
    }
}

/// Returns the largest model file of a precision, in bytes.
pub fn bytes_max(precision: Precision) -> usize {
    match precision {
        Precision::Fp32 => MODEL_BYTES_MAX,
        Precision::Int8 => INT8_BYTES_MAX,
    }
}

/// Returns the SHA-256 of `bytes` as 64 lower-case hex digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_agrees_with_the_standard() {
        // FIPS 180-4, example of the one-block message "abc".
        assert_eq!(sha256_hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
