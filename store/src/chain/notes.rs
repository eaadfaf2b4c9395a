//! The journal: what was done with evidence, as notes that are never changed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A note: who did what with which case or file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// What, as in `saw`, `hold`, `release`, `dropped`.
    pub kind: String,
    /// Who.
    pub actor: String,
    /// About what: an id or the name of a file.
    pub subject: String,
    /// Why, or what else there is to say.
    pub detail: String,
}

/// A note with its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredNote {
    /// Number, rising from 1 without reuse.
    pub number: u64,
    /// The note.
    #[serde(flatten)]
    pub note: Note,
}
