//! One model, ready to look at pictures; one a worker.

use ndarray::Array4;

use crate::{Card, Letterbox, Mask, ModelError, RgbImage, Runner, SizePx, decode};

/// A card, its running model and a reused input buffer.
pub struct Detector {
    card: Card,
    runner: Box<dyn Runner>,
    input: Array4<f32>,
}

impl Detector {
    /// Returns the detector for a pack that was verified and whose model is loaded.
    pub fn new(card: Card, runner: Box<dyn Runner>) -> Self {
        Self { card, runner, input: Array4::zeros((0, 0, 0, 0)) }
    }

    /// Returns what the model takes and gives.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// Returns where a picture of this size lies in the input, and so to which size it must be scaled.
    ///
    /// # Errors
    /// When the picture has no area.
    pub fn letterbox(&self, picture: SizePx) -> Result<Letterbox, ModelError> {
        Letterbox::fit(picture, self.card.input.size())
    }

    /// Looks at one picture, scaled to [`Letterbox::scaled`]; one mask a class.
    ///
    /// # Errors
    /// When the content has another size, or the model fails or gives what its card does not say.
    pub fn run(&mut self, content: &RgbImage, letterbox: &Letterbox) -> Result<Vec<Mask>, ModelError> {
        let batch = self.run_batch(&[(content, *letterbox)])?;
        Ok(batch.into_iter().next().unwrap_or_default())
    }

    /// Looks at several pictures at once, in order; for cards with a batch of -1 or of exactly this many.
    ///
    /// # Errors
    /// As [`Detector::run`], or when the model does not take so many pictures.
    pub fn run_batch(&mut self, pictures: &[(&RgbImage, Letterbox)]) -> Result<Vec<Vec<Mask>>, ModelError> {
        self.fill(pictures)?;
        let outputs = self.runner.run(self.input.view().into_dyn())?;
        let wanted = &self.card.output.name;
        let output = outputs.into_iter().find(|(name, _)| name == wanted);
        let (_, output) = output
            .ok_or_else(|| ModelError::NoOutput { model: self.card.name.clone(), output: wanted.clone() })?;
        let letterboxes: Vec<Letterbox> = pictures.iter().map(|(_, letterbox)| *letterbox).collect();
        decode::mask::masks(&self.card, &output, &letterboxes)
    }

    fn fill(&mut self, pictures: &[(&RgbImage, Letterbox)]) -> Result<(), ModelError> {
        let [taken, ..] = self.card.input.shape;
        let given = pictures.len();
        if given == 0 || (taken != -1 && taken != given as i64) {
            return Err(ModelError::Batch { model: self.card.name.clone(), given, taken });
        }
        let size = self.card.input.size();
        let shape = (given, 3, size.height as usize, size.width as usize);
        if self.input.dim() != shape {
            self.input = Array4::zeros(shape);
        }
        let one = size.pixels() as usize * 3;
        let buffer = self.input.as_slice_mut().unwrap_or_default();
        for ((content, letterbox), out) in pictures.iter().zip(buffer.chunks_exact_mut(one)) {
            if letterbox.input != size {
                return Err(ModelError::Letterbox { picture: letterbox.picture, input: letterbox.input });
            }
            letterbox.write(content, &self.card.input, out)?;
        }
        Ok(())
    }
}
