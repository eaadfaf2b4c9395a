//! The verifier: a store and the files beside it against the chain, the manifest and the time stamps. Needs no server.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dispatch::Task;
use serde::Serialize;
use store::{Changed, FIRST, Link, LinkKind, Store, StoreError, TimeStamp, changed_at};
use x509_cert::Certificate;

use super::manifest::{self, Entry, MANIFEST};
use super::stamp;

/// Kind of the note that says that a file was dropped for want of room.
pub const DROPPED: &str = "dropped";
/// Rows read at a time.
const PAGE: usize = 5_000;

/// What does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What, as in `event`, `file`, `link`, `time stamp`.
    pub what: &'static str,
    /// Which one.
    pub which: String,
    /// What is wrong with it.
    pub problem: String,
    /// Where, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<Changed>,
}

/// What was looked at, and what does not hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Links of the chain.
    pub links: u64,
    /// Hash of the last one.
    pub head: String,
    /// Events, operations, tasks and notes.
    pub records: u64,
    /// Files of evidence.
    pub files: u64,
    /// Files that were dropped for want of room, as the journal says.
    pub dropped: u64,
    /// Time stamps, each in words.
    pub time_stamps: Vec<String>,
    /// Number of the last link that a time stamp covers.
    pub stamped_to: u64,
    /// What does not hold.
    pub findings: Vec<Finding>,
}

/// What is verified.
pub struct Scope<'a> {
    /// Folder of the files.
    pub evidence: &'a Path,
    /// Authorities whose time stamps count; any when empty.
    pub trusted: &'a [Certificate],
    /// Only what concerns this incident or task: its id, and those that belong to it.
    pub only: Option<BTreeSet<String>>,
}

/// Verifies a store and its evidence.
///
/// # Errors
/// When the store or the folder cannot be read.
pub fn verify(store: &dyn Store, scope: &Scope<'_>) -> anyhow::Result<Verdict> {
    let mut verdict = Verdict::default();
    let chain = Chain::read(store, &mut verdict)?;
    let files = records(store, &chain, scope, &mut verdict)?;
    check_files(store, &chain, scope, files.as_ref(), &mut verdict)?;
    check_stamps(&store.time_stamps()?, &chain, scope, &mut verdict);
    Ok(verdict)
}

/// Checks the files of a backup against its own manifest, which covers the store and the accounts too.
///
/// # Errors
/// When the manifest cannot be read.
pub fn verify_backup(folder: &Path, verdict: &mut Verdict) -> anyhow::Result<()> {
    let (entries, spoilt) = manifest::read(folder)?;
    for line in spoilt {
        let which = format!("{MANIFEST} line {} at byte {}", line.line, line.at);
        verdict.differs("manifest", which, line.changed);
    }
    for (file, entry) in &entries {
        match std::fs::read(folder.join(file)) {
            Ok(bytes) => check_file(file, &bytes, &entry.sha256, Some(entry), verdict),
            Err(error) => verdict.find("file", file, error.to_string()),
        }
    }
    Ok(())
}

impl Verdict {
    fn find(&mut self, what: &'static str, which: impl Into<String>, problem: impl Into<String>) {
        let finding = Finding { what, which: which.into(), problem: problem.into(), changed: None };
        self.findings.push(finding);
    }

    fn differs(&mut self, what: &'static str, which: impl Into<String>, changed: Changed) {
        let (which, problem) = (which.into(), changed.to_string());
        self.findings.push(Finding { what, which, problem, changed: Some(changed) });
    }
}

/// What the chain says.
struct Chain {
    /// The last link of each thing.
    last: BTreeMap<(LinkKind, String), Link>,
    /// The hashes, by number from 1.
    hashes: Vec<String>,
}

impl Chain {
    fn read(store: &dyn Store, verdict: &mut Verdict) -> Result<Self, StoreError> {
        let (mut last, mut hashes) = (BTreeMap::new(), Vec::new());
        let (mut before, mut number) = (FIRST.to_owned(), 0);
        loop {
            let page = store.links(number, PAGE)?;
            if page.is_empty() {
                break;
            }
            for link in page {
                if link.number != number + 1 {
                    verdict.find(
                        "link",
                        (number + 1).to_string(),
                        format!("missing up to {}", link.number - 1),
                    );
                    hashes.resize(link.number.saturating_sub(1) as usize, String::new());
                } else if link.hash_after(&before) != link.hash {
                    verdict.find(
                        "link",
                        link.number.to_string(),
                        "its hash is not that of what it holds and the link before it",
                    );
                }
                number = link.number;
                before.clone_from(&link.hash);
                hashes.push(link.hash.clone());
                last.insert((link.kind, link.subject.clone()), link);
            }
        }
        (verdict.links, verdict.head) = (number, before);
        Ok(Self { last, hashes })
    }
}

/// Checks events, operations, notes and tasks. Returns the files that belong to the scope, if it is one case.
fn records(
    store: &dyn Store,
    chain: &Chain,
    scope: &Scope<'_>,
    verdict: &mut Verdict,
) -> anyhow::Result<Option<BTreeSet<String>>> {
    let mut files = scope.only.as_ref().map(|_| BTreeSet::new());
    for (kind, what) in [
        (LinkKind::Event, "event"),
        (LinkKind::Operation, "operation"),
        (LinkKind::Note, "note"),
        (LinkKind::Task, "task"),
    ] {
        let mut there = BTreeSet::new();
        let mut after = 0;
        loop {
            let page = store.contents(kind, after, PAGE)?;
            let short = page.len() < PAGE || kind == LinkKind::Task;
            for (subject, content) in page {
                after = subject.parse().unwrap_or(after);
                if concerns(scope, &subject, &content) {
                    verdict.records += 1;
                    check_record(chain, kind, what, &subject, &content, verdict);
                    if let (Some(files), LinkKind::Task) = (&mut files, kind) {
                        let task = serde_json::from_str::<Task>(&content);
                        let named = task.map(|task| task.evidence).unwrap_or_default();
                        files.extend(named.into_iter().map(|one| one.file));
                    }
                }
                there.insert(subject);
            }
            if short {
                break;
            }
        }
        let of_kind = chain.last.keys().filter(|(other, _)| *other == kind);
        for (_, subject) in of_kind.filter(|(_, subject)| !there.contains(subject)) {
            if scope.only.as_ref().is_none_or(|only| only.contains(subject)) {
                verdict.find(what, subject, "missing");
            }
        }
    }
    Ok(files)
}

fn concerns(scope: &Scope<'_>, subject: &str, content: &str) -> bool {
    let Some(only) = &scope.only else { return true };
    only.contains(subject) || only.iter().any(|id| content.contains(id.as_str()))
}

fn check_record(
    chain: &Chain,
    kind: LinkKind,
    what: &'static str,
    subject: &str,
    content: &str,
    verdict: &mut Verdict,
) {
    let Some(link) = chain.last.get(&(kind, subject.to_owned())) else {
        verdict.find(what, subject, "added: the chain does not know it");
        return;
    };
    if models::pack::sha256_hex(content.as_bytes()) != link.digest {
        verdict.differs(what, subject, changed_at(content.as_bytes(), &link.marks, &link.digest));
    }
}

fn check_files(
    store: &dyn Store,
    chain: &Chain,
    scope: &Scope<'_>,
    only: Option<&BTreeSet<String>>,
    verdict: &mut Verdict,
) -> anyhow::Result<()> {
    let (entries, spoilt) = manifest::read(scope.evidence)?;
    for line in spoilt {
        let which = format!("{MANIFEST} line {} at byte {}", line.line, line.at);
        verdict.differs("manifest", which, line.changed);
    }
    let dropped: BTreeSet<String> =
        store.notes(Some(DROPPED), 0, usize::MAX)?.into_iter().map(|one| one.note.subject).collect();
    let chained = chain.last.iter().filter(|((kind, _), _)| *kind == LinkKind::File);
    let wanted = |file: &str| only.is_none_or(|only| only.contains(file));
    for ((_, file), link) in chained.filter(|((_, file), _)| wanted(file)) {
        match std::fs::read(scope.evidence.join(file)) {
            Ok(bytes) => {
                verdict.files += 1;
                check_file(file, &bytes, &link.digest, entries.get(file), verdict);
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if dropped.contains(file) {
                    verdict.dropped += 1;
                } else {
                    verdict.find("file", file, "missing");
                }
            }
            Err(error) => verdict.find("file", file, format!("cannot be read: {error}")),
        }
    }
    if only.is_none() {
        unchained(chain, scope.evidence, &entries, verdict)?;
    }
    Ok(())
}

fn check_file(file: &str, bytes: &[u8], digest: &str, entry: Option<&Entry>, verdict: &mut Verdict) {
    if models::pack::sha256_hex(bytes) == digest {
        return;
    }
    let marks = entry.filter(|entry| entry.sha256 == digest).map_or("", |entry| entry.marks.as_str());
    verdict.differs("file", file, changed_at(bytes, marks, digest));
}

/// Files that no task names: known to the manifest, they may be checked by it; known to nothing, they were added.
fn unchained(
    chain: &Chain,
    folder: &Path,
    entries: &BTreeMap<String, Entry>,
    verdict: &mut Verdict,
) -> anyhow::Result<()> {
    let Ok(listed) = std::fs::read_dir(folder) else { return Ok(()) };
    let mut names = Vec::new();
    for entry in listed {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    for name in names {
        let known = name == MANIFEST || chain.last.contains_key(&(LinkKind::File, name.clone()));
        if known || !folder.join(&name).is_file() {
            continue;
        }
        match entries.get(&name) {
            Some(entry) => {
                verdict.files += 1;
                check_file(&name, &std::fs::read(folder.join(&name))?, &entry.sha256, Some(entry), verdict);
            }
            None => verdict.find("file", name, "added: neither the chain nor the manifest knows it"),
        }
    }
    Ok(())
}

fn check_stamps(stamps: &[TimeStamp], chain: &Chain, scope: &Scope<'_>, verdict: &mut Verdict) {
    for one in stamps {
        let which = format!("over link {}", one.number);
        let at = (one.number as usize).checked_sub(1);
        let Some(hash) = at.and_then(|at| chain.hashes.get(at)) else {
            verdict.find("time stamp", which, "the chain ends before the link that it covers");
            continue;
        };
        if *hash != one.hash {
            verdict.find("time stamp", which, "the link that it covers has another hash now");
            continue;
        }
        let token = STANDARD.decode(&one.token).map_err(|error| error.to_string());
        match token.and_then(|token| stamp::verify(&token, hash, scope.trusted)) {
            Ok(stamped) => {
                let who = if stamped.trusted { "" } else { " (authority not checked)" };
                let text =
                    format!("links 1 to {} before {} by {}{who}", one.number, stamped.time, stamped.signer);
                verdict.time_stamps.push(text);
                verdict.stamped_to = verdict.stamped_to.max(one.number);
            }
            Err(reason) => verdict.find("time stamp", which, reason),
        }
    }
}
