//! The card of a model pack: what the model takes, what it gives and how good it is.

pub(crate) mod problem;
mod sections;
mod validate;

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::ModelError;

pub use problem::Problem;
pub use sections::{
    Class, Colour, Decoder, Description, Golden, GoldenBox, Input, Int8, Layout, Output, PlacedBy, Precision,
    Resize, Scores, Task, Tiles, Training,
};
pub use sections::{INT8_TOLERANCE, INT8_TOLERANCE_PX};

/// The card's schema that this release reads.
pub const SCHEMA_VERSION: u32 = 1;

/// A parsed `card.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Version of this schema.
    pub schema_version: u32,
    /// Name of the pack, also the name of its folder.
    pub name: String,
    /// Version of the pack.
    pub version: String,
    /// Kind of answer.
    pub task: Task,
    /// The model: a file of the pack's own folder, or `../FOLDER/NAME` where several packs share it.
    pub file: String,
    /// SHA-256 of the model file, 64 lower-case hex digits.
    pub sha256: String,
    /// Version of the standard operator set that the model imports.
    pub opset: u32,
    /// SPDX licence of the weights.
    pub licence: String,
    /// What the model sees, for people.
    pub description: Description,
    /// The input tensor.
    pub input: Input,
    /// The output tensor.
    pub output: Output,
    /// Scale that boxes are looked for at, where the whole picture shows the ground too coarsely.
    #[serde(default)]
    pub tiles: Option<Tiles>,
    /// Classes, in the order of the output's channels.
    pub classes: Vec<Class>,
    /// Label ids of a labelled data set, folded into class ids where they differ; boxes only, used to score.
    #[serde(default)]
    pub label_map: BTreeMap<String, u32>,
    /// How the weights came about.
    pub training: Training,
    /// Measured scores.
    pub scores: Scores,
    /// The picture a pack proves itself with.
    pub golden: Golden,
    /// The quantised variant, where there is one.
    #[serde(default)]
    pub int8: Option<Int8>,
    /// Which variant `file`, `sha256`, `scores` and `golden` are about; a card is read as FP32, see [`Card::at`].
    #[serde(skip)]
    pub precision: Precision,
}

impl Card {
    /// Returns the card that `text` holds, checked with [`Card::validate`].
    ///
    /// # Errors
    /// Names the key: a missing, unknown or badly typed one, or all values that cannot be right.
    pub fn from_toml(text: &str) -> Result<Self, ModelError> {
        let document = toml::Deserializer::parse(text).map_err(|error| broken(text, &error))?;
        let card: Self = serde_path_to_error::deserialize(document)
            .map_err(|error| unreadable(&error.path().to_string(), error.inner()))?;
        let problems = card.validate();
        if problems.is_empty() { Ok(card) } else { Err(ModelError::Card { problems }) }
    }

    /// Returns the card of the variant of that precision: its file, hash, scores and golden figures stand in their places.
    ///
    /// # Errors
    /// [`ModelError::NoVariant`] when the card names none.
    pub fn at(self, precision: Precision) -> Result<Self, ModelError> {
        match (precision == self.precision, self.int8.clone()) {
            (true, _) => Ok(self),
            (false, Some(int8)) if precision == Precision::Int8 => {
                let golden = int8.golden.unwrap_or_else(|| self.golden.loosened());
                let Int8 { file, sha256, scores, .. } = int8;
                Ok(Self { file, sha256, scores, golden, precision, int8: None, ..self })
            }
            _ => Err(ModelError::NoVariant { model: self.name, precision }),
        }
    }

    /// Checks that both cards can be answered by one run of one model.
    ///
    /// # Errors
    /// [`ModelError::Heads`] with the first key in which they differ.
    pub fn shares_session(&self, other: &Self) -> Result<(), ModelError> {
        let same = [
            ("sha256", self.sha256 == other.sha256),
            ("opset", self.opset == other.opset),
            ("input", self.input == other.input),
        ];
        match same.into_iter().find(|(_, same)| !same) {
            None => Ok(()),
            Some((key, _)) => {
                Err(ModelError::Heads { first: self.name.clone(), second: other.name.clone(), key })
            }
        }
    }

    /// Returns the class id that a label id of a labelled data set means; `None` when neither map nor card knows it.
    pub fn class_of_label(&self, label: u32) -> Option<u32> {
        let known = self.classes.iter().find(|class| class.id == label).map(|class| class.id);
        self.label_map.get(&label.to_string()).copied().or(known)
    }

    /// Returns every problem with the card's values, in the order of the file.
    pub fn validate(&self) -> Vec<Problem> {
        validate::problems(self)
    }
}

fn unreadable(path: &str, error: &toml::de::Error) -> ModelError {
    let path = if path == "." { "card" } else { path };
    ModelError::Card { problems: vec![Problem::new(path, error.message())] }
}

/// The text is no TOML; there is no key to name, so the line is.
fn broken(text: &str, error: &toml::de::Error) -> ModelError {
    let start = error.span().map_or(0, |span| span.start);
    let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
    ModelError::Card { problems: vec![Problem::new("card", format!("line {line}: {}", error.message()))] }
}
