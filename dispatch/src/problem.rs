//! What is wrong with a configuration, said with the full path of its key.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// How much a problem matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// The configuration cannot be used.
    Error,
    /// The configuration works, but probably not as meant.
    Warning,
}

/// One problem of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Path of the key, such as `rules[3].lead`.
    pub path: String,
    /// What is wrong, with the value.
    pub message: String,
    /// How much it matters.
    pub weight: Weight,
}

impl Problem {
    /// Returns a problem that makes the configuration unusable.
    pub fn error(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into(), weight: Weight::Error }
    }

    /// Returns a problem that leaves the configuration usable.
    pub fn warning(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into(), weight: Weight::Warning }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

impl std::error::Error for Problem {}

/// Reads a TOML text; what does not fit is named by the path of its key.
pub(crate) fn from_toml<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    let whole = |error: &toml::de::Error| {
        let line =
            error.span().map_or(1, |span| 1 + text.bytes().take(span.start).filter(|b| *b == b'\n').count());
        Problem::error(format!("line {line}"), error.message().to_owned())
    };
    let deserializer = toml::Deserializer::parse(text).map_err(|error| whole(&error))?;
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let path = error.path().to_string();
        if path == "." {
            whole(error.inner())
        } else {
            Problem::error(path, error.inner().message().to_owned())
        }
    })
}

/// Reads a value of text through `FromStr`, for use as `deserialize_with`.
pub(crate) fn from_text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: std::str::FromStr<Err: fmt::Display>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}
