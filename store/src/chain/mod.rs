//! The chain over what was recorded: each link holds the hash of the one before it and that of what it stands for.
//!
//! A link stands for an event, an operation, a task as it was left, a file of evidence that a task names, or a note of the
//! journal. It is written in the transaction that writes what it stands for, so that nobody who changes the store or the files
//! later can do so without breaking it. Of what changes again the last link counts.

mod marks;
mod notes;

use std::collections::BTreeSet;

use dispatch::Task;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use marks::{Changed, changed_at, marks_of};
pub use notes::{Note, StoredNote};

/// The hash before the first link.
pub const FIRST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What a link stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// An event, by its number.
    Event,
    /// What a person did, by its number.
    Operation,
    /// A task as it was left, by its id.
    Task,
    /// A file of evidence, by its name.
    File,
    /// A note of the journal, by its number.
    Note,
}

impl LinkKind {
    /// Returns the name as it is stored and hashed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Operation => "operation",
            Self::Task => "task",
            Self::File => "file",
            Self::Note => "note",
        }
    }

    pub(crate) fn of_name(name: &str) -> Option<Self> {
        let all = [Self::Event, Self::Operation, Self::Task, Self::File, Self::Note];
        all.into_iter().find(|kind| kind.name() == name)
    }
}

/// One link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Number, rising from 1 without gap.
    pub number: u64,
    /// What it stands for.
    pub kind: LinkKind,
    /// Which one.
    pub subject: String,
    /// SHA-256 of the content, lower-case hex.
    pub digest: String,
    /// By which a changed byte is found, see [`marks_of`]; empty for files, whose marks are in the manifest beside them.
    pub marks: String,
    /// SHA-256 over the hash before, the number, kind, subject, digest and marks, a line each, lower-case hex.
    pub hash: String,
}

impl Link {
    /// Returns the hash that the link has when it follows one with the hash `before`.
    pub fn hash_after(&self, before: &str) -> String {
        let Self { number, kind, subject, digest, marks, .. } = self;
        let text = format!("{before}\n{number}\n{}\n{subject}\n{digest}\n{marks}", kind.name());
        sha256_hex(text.as_bytes())
    }
}

/// A time stamp of an authority over the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeStamp {
    /// Number of the link that it covers, with all before it.
    pub number: u64,
    /// Hash of that link: what was stamped.
    pub hash: String,
    /// When it was kept here.
    pub at: Timestamp,
    /// Address of the authority, without secrets.
    pub authority: String,
    /// The token, DER as Base64.
    pub token: String,
}

/// A link that has no number yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Loose {
    pub(crate) kind: LinkKind,
    pub(crate) subject: String,
    pub(crate) digest: String,
    pub(crate) marks: String,
}

impl Loose {
    /// Returns the link of a text.
    pub(crate) fn of(kind: LinkKind, subject: &impl ToString, content: &str) -> Self {
        let (digest, marks) = (sha256_hex(content.as_bytes()), marks_of(content.as_bytes()));
        Self { kind, subject: subject.to_string(), digest, marks }
    }

    /// Returns the links of a task and of the files that it names.
    pub(crate) fn of_task(task: &Task, json: &str) -> Vec<Self> {
        let files = task.evidence.iter().map(|one| Self {
            kind: LinkKind::File,
            subject: one.file.clone(),
            digest: one.sha256.clone(),
            marks: String::new(),
        });
        files.chain([Self::of(LinkKind::Task, &task.id, json)]).collect()
    }

    /// Returns the link with its number, after the hash before it.
    pub(crate) fn after(self, before: &str, number: u64) -> Link {
        let Self { kind, subject, digest, marks } = self;
        let link = Link { number, kind, subject, digest, marks, hash: String::new() };
        Link { hash: link.hash_after(before), ..link }
    }
}

/// Leaves out files that are chained already, here or among `known`.
pub(crate) fn fresh(loose: Vec<Loose>, known: &BTreeSet<String>) -> Vec<Loose> {
    let mut seen = BTreeSet::new();
    let fresh = |one: &Loose| {
        one.kind != LinkKind::File || (!known.contains(&one.subject) && seen.insert(one.subject.clone()))
    };
    loose.into_iter().filter(fresh).collect()
}

/// Returns what of an event is hashed: its number, time, run, operation and change, a line each, `-` for none.
pub(crate) fn event_content(
    seq: u64,
    at: &str,
    run: Option<&str>,
    operation: Option<i64>,
    json: &str,
) -> String {
    let operation = operation.map_or_else(|| "-".to_owned(), |id| id.to_string());
    format!("{seq}\n{at}\n{}\n{operation}\n{json}", run.unwrap_or("-"))
}

/// Returns what of a note is hashed.
pub(crate) fn note_content(number: u64, note: &Note) -> String {
    let Note { at, kind, actor, subject, detail } = note;
    format!("{number}\n{at}\n{kind}\n{actor}\n{subject}\n{detail}")
}

/// Returns the SHA-256 of bytes in lower-case hex.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
