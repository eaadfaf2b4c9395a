//! `flyonce backup` and `flyonce restore`: store and evidence as of one moment, while the server runs, and back.
//!
//! A backup is a folder: the store (an SQLite file, or the tables of PostgreSQL), `evidence/` with what the store's chain names,
//! the accounts and added sources, and `manifest.txt` over all of it. It holds password hashes and passwords of cameras: keep it as you
//! keep the server.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use models::pack::sha256_hex;
use store::{LinkKind, PostgresStore, Store};

use crate::cli::{BackupArgs, RestoreArgs};
use crate::config;
use crate::output;
use crate::proof::manifest::{self, MANIFEST};
use crate::proof::room::Undisturbed;
use crate::proof::verify::{Scope, Verdict, verify, verify_backup};
use crate::wire::store::{DATABASE, Place};

/// Folder of the evidence, in data folders and backups.
const EVIDENCE: &str = "evidence";
/// Folder of PostgreSQL's tables in a backup.
pub const TABLES: &str = "postgres";
/// Files of the accounts and of added sources, in data folders and backups.
const PRIVATE: [&str; 2] = ["accounts.json", "sources.json"];
const PAGE: usize = 5_000;

/// Writes a backup and verifies it.
///
/// # Errors
/// When the folder is there already, when anything cannot be read or written, and when the backup does not hold.
pub fn backup(args: &BackupArgs) -> anyhow::Result<ExitCode> {
    let out = &args.out;
    must_be_new(out)?;
    let place = place_of(args)?;
    let store = place.open()?;
    std::fs::create_dir_all(out.join(EVIDENCE)).with_context(|| format!("cannot make {}", out.display()))?;
    let from = args.data.join(EVIDENCE);
    // Nothing is dropped for want of room until the files are copied that the store of this moment names.
    let undisturbed = Undisturbed::begin(&from)?;
    let mut files = copy_store(&place, store.as_ref(), out)?;
    files.extend(copy_evidence(store.as_ref(), &place, &from, out)?);
    drop(undisturbed);
    for file in PRIVATE {
        if let Ok(bytes) = std::fs::read(args.data.join(file)) {
            write_private(&out.join(file), &bytes)?;
            files.push(file.into());
        }
    }
    for file in &files {
        let bytes = read(&out.join(file))?;
        manifest::add(out, &file.to_string_lossy(), &sha256_hex(&bytes), &bytes)?;
    }
    let verdict = check(out)?;
    let store =
        if place_is_file(&place) { "verified" } else { "its files verified; its chain is at the restore" };
    output::print(&format!(
        "{}: {} files, {store}{}",
        out.display(),
        files.len(),
        head_of(verdict.as_ref())
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Restores a backup into a folder, and a database, that hold nothing, and verifies the result.
///
/// # Errors
/// When there is something already, when the backup does not hold, and when anything cannot be read or written.
pub fn restore(args: &RestoreArgs) -> anyhow::Result<ExitCode> {
    let (from, data) = (&args.backup, &args.data);
    must_be_new(data)?;
    check(from)?;
    let place = match (&args.db, from.join(TABLES).is_dir()) {
        (Some(db), true) => {
            let text = db.to_string_lossy().into_owned();
            drop(PostgresStore::restore(&text, &from.join(TABLES))?);
            Place::Server(text)
        }
        (None, false) => Place::in_folder(data),
        (None, true) => {
            bail!("{} is of a PostgreSQL store: name an empty database with --db", from.display())
        }
        (Some(_), false) => {
            bail!("{} is of an SQLite file, which goes into --data: leave --db out", from.display())
        }
    };
    let mut count = 0;
    for file in manifest::read(from)?.0.keys().filter(|file| !file.starts_with(TABLES)) {
        if !Path::new(file).components().all(|part| matches!(part, std::path::Component::Normal(_))) {
            bail!("the manifest names {file:?}, which would lead out of the folder");
        }
        let (source, target) = (from.join(file), data.join(file));
        let folder = target.parent().unwrap_or(data);
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let bytes = read(&source)?;
        if PRIVATE.contains(&file.as_str()) {
            write_private(&target, &bytes)?;
        } else {
            output::write_whole(&target, &bytes)?;
        }
        count += 1;
    }
    let verdict = verdict_of(&place, &data.join(EVIDENCE))?;
    refuse(data, &verdict)?;
    output::print(&format!("{}: {count} files, verified{}", data.display(), head_of(Some(&verdict))))?;
    Ok(ExitCode::SUCCESS)
}

fn head_of(verdict: Option<&Verdict>) -> String {
    verdict.map(|v| format!("; {} links, head {}", v.links, v.head)).unwrap_or_default()
}

fn place_of(args: &BackupArgs) -> anyhow::Result<Place> {
    if let Some(db) = &args.db {
        return Ok(Place::named(db));
    }
    let config = args.config.as_deref().map(config::load).transpose()?;
    let configured = config.as_ref().and_then(|config| Place::configured(config.store.as_ref()?));
    Ok(configured.unwrap_or_else(|| Place::in_folder(&args.data)))
}

fn place_is_file(place: &Place) -> bool {
    matches!(place, Place::File(_))
}

/// Refuses a folder that holds files.
///
/// # Errors
/// When it does, or cannot be looked into.
pub fn must_be_new(folder: &Path) -> anyhow::Result<()> {
    let mut listed = match std::fs::read_dir(folder) {
        Ok(listed) => listed,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => bail!("cannot use {}: {error}", folder.display()),
    };
    if listed.next().is_some() {
        bail!("{} holds files already: nothing is overwritten", folder.display());
    }
    Ok(())
}

fn copy_store(place: &Place, store: &dyn Store, out: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let below = if place_is_file(place) { PathBuf::new() } else { PathBuf::from(TABLES) };
    let folder = out.join(&below);
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(store.back_up(&folder)?.into_iter().map(|name| below.join(name)).collect())
}

/// Copies the files that the chain names. A chain read after the store was copied may name more; fewer, never.
fn copy_evidence(store: &dyn Store, place: &Place, from: &Path, out: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let copied = if place_is_file(place) { Some(Place::in_folder(out).open_to_read()?) } else { None };
    let store = copied.as_deref().unwrap_or(store);
    let mut named = BTreeSet::new();
    let mut after = 0;
    loop {
        let page = store.links(after, PAGE)?;
        let Some(last) = page.last() else { break };
        after = last.number;
        named.extend(page.into_iter().filter(|link| link.kind == LinkKind::File).map(|link| link.subject));
    }
    let mut files = Vec::new();
    for name in named {
        // What is missing was dropped, as the journal says, or is found missing when the backup is verified.
        if let Ok(bytes) = std::fs::read(from.join(&name)) {
            let file = Path::new(EVIDENCE).join(&name);
            output::write_whole(&out.join(&file), &bytes)
                .with_context(|| format!("cannot write {}", out.join(&file).display()))?;
            files.push(file);
        }
    }
    if from.join(MANIFEST).is_file() {
        let file = Path::new(EVIDENCE).join(MANIFEST);
        output::write_whole(&out.join(&file), &read(&from.join(MANIFEST))?)?;
        files.push(file);
    }
    Ok(files)
}

/// Checks every file of a backup, and what its store says; returns the verdict, where the store can be read as it lies.
fn check(folder: &Path) -> anyhow::Result<Option<Verdict>> {
    if !folder.join(MANIFEST).is_file() {
        bail!("{} is no backup: it holds no {MANIFEST}", folder.display());
    }
    let mut verdict = Verdict::default();
    verify_backup(folder, &mut verdict)?;
    refuse(folder, &verdict)?;
    if !folder.join(DATABASE).is_file() {
        return Ok(None);
    }
    let verdict = verdict_of(&Place::in_folder(folder), &folder.join(EVIDENCE))?;
    refuse(folder, &verdict)?;
    Ok(Some(verdict))
}

fn verdict_of(place: &Place, evidence: &Path) -> anyhow::Result<Verdict> {
    verify(place.open_to_read()?.as_ref(), &Scope { evidence, trusted: &[], only: None })
}

fn refuse(folder: &Path, verdict: &Verdict) -> anyhow::Result<()> {
    if verdict.findings.is_empty() {
        return Ok(());
    }
    let told = verdict.findings.iter().map(|one| format!("{} {}: {}", one.what, one.which, one.problem));
    bail!("{} does not hold:\n  {}", folder.display(), told.collect::<Vec<_>>().join("\n  "))
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Writes a file that its owner alone may read.
fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    output::write_private(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
