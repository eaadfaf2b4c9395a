//! One model, ready to look at pictures for all packs that share it; one a worker.

use ndarray::{Array4, ArrayD};

use crate::{Answer, Card, Letterbox, ModelError, RgbImage, Runner, SizePx, decode};

/// Cards, their running model and a reused input buffer.
pub struct Detector {
    first: Card,
    others: Vec<Card>,
    runner: Box<dyn Runner>,
    input: Array4<f32>,
    floor: Option<f32>,
}

impl Detector {
    /// Returns the detector for a pack that was verified and whose model is loaded.
    pub fn new(card: Card, runner: Box<dyn Runner>) -> Self {
        let input = Array4::zeros((0, 0, 0, 0));
        Self { first: card, others: Vec::new(), runner, input, floor: None }
    }

    /// Adds a pack that reads another output of the same model; the model still runs once a picture.
    ///
    /// # Errors
    /// [`ModelError::Heads`] when its card names another file or another input.
    pub fn with_head(mut self, card: Card) -> Result<Self, ModelError> {
        self.first.shares_session(&card)?;
        self.others.push(card);
        Ok(self)
    }

    /// Keeps boxes from this score on, whatever the thresholds of the cards; masks are whole anyway.
    #[must_use]
    pub fn with_floor(self, score: f32) -> Self {
        Self { floor: Some(score), ..self }
    }

    /// Returns what the packs take and give, in the order of the answers.
    pub fn cards(&self) -> impl Iterator<Item = &Card> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Returns where a picture of this size lies in the input, and so to which size it must be scaled.
    ///
    /// # Errors
    /// When the picture has no area.
    pub fn letterbox(&self, picture: SizePx) -> Result<Letterbox, ModelError> {
        Letterbox::fit(picture, self.first.input.size())
    }

    /// Looks at one picture, scaled to [`Letterbox::scaled`]; one answer a card.
    ///
    /// # Errors
    /// When the content has another size, or the model fails or gives what a card does not say.
    pub fn run(&mut self, content: &RgbImage, letterbox: &Letterbox) -> Result<Vec<Answer>, ModelError> {
        let batch = self.run_batch(&[(content, *letterbox)])?;
        Ok(batch.into_iter().next().unwrap_or_default())
    }

    /// Looks at several pictures at once, in order; for cards with a batch of -1 or of exactly this many.
    ///
    /// # Errors
    /// As [`Detector::run`], or when the model does not take so many pictures.
    pub fn run_batch(&mut self, pictures: &[(&RgbImage, Letterbox)]) -> Result<Vec<Vec<Answer>>, ModelError> {
        self.fill(pictures)?;
        let outputs = self.runner.run(self.input.view().into_dyn())?;
        let letterboxes: Vec<Letterbox> = pictures.iter().map(|(_, letterbox)| *letterbox).collect();
        let mut found: Vec<Vec<Answer>> = pictures.iter().map(|_| Vec::new()).collect();
        for card in self.cards() {
            let answers = decode::answers(card, output(card, &outputs)?, &letterboxes, self.floor)?;
            found.iter_mut().zip(answers).for_each(|(of_picture, answer)| of_picture.push(answer));
        }
        Ok(found)
    }

    fn fill(&mut self, pictures: &[(&RgbImage, Letterbox)]) -> Result<(), ModelError> {
        let input = &self.first.input;
        let [taken, ..] = input.shape;
        let given = pictures.len();
        if given == 0 || (taken != -1 && taken != given as i64) {
            return Err(ModelError::Batch { model: self.first.name.clone(), given, taken });
        }
        let size = input.size();
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
            letterbox.write(content, input, out)?;
        }
        Ok(())
    }
}

fn output<'a>(card: &Card, outputs: &'a [(String, ArrayD<f32>)]) -> Result<&'a ArrayD<f32>, ModelError> {
    let wanted = &card.output.name;
    let found = outputs.iter().find(|(name, _)| name == wanted).map(|(_, output)| output);
    found.ok_or_else(|| ModelError::NoOutput { model: card.name.clone(), output: wanted.clone() })
}
