//! The record of a flight: a folder with what was planned, JSON lines of what was ordered and answered, and orders that wait.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use missions::Plan;
use missions::link::launch::{Entry, What};
use missions::link::{Order, State};
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::output::{print, write_whole};

/// What a flight is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct About {
    /// Address of the vehicle.
    pub vehicle: String,
    /// What is flown.
    pub plan: Plan,
    /// Short name of the aircraft's profile.
    pub aircraft: String,
}

/// An order of another process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    /// Who orders what.
    #[serde(flatten)]
    pub order: Order,
    /// The plan to change to.
    pub plan: Option<Plan>,
}

/// An open record.
pub struct Record {
    folder: PathBuf,
    flight_id: String,
    file: File,
}

fn lines(folder: &Path) -> PathBuf {
    folder.join("record.jsonl")
}

/// Returns the folder of orders that wait.
pub fn orders(folder: &Path) -> PathBuf {
    folder.join("orders")
}

impl Record {
    /// Opens the record of a flight, to be written on.
    ///
    /// # Errors
    /// When it cannot be.
    pub fn open(folder: &Path, flight_id: &str) -> anyhow::Result<Self> {
        let path = lines(folder);
        std::fs::create_dir_all(orders(folder))
            .with_context(|| format!("cannot make {}", folder.display()))?;
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let file = file.with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { folder: folder.to_owned(), flight_id: flight_id.to_owned(), file })
    }

    /// Returns the folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the flight's id.
    pub fn flight_id(&self) -> &str {
        &self.flight_id
    }

    /// Keeps what the flight is.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn describe(&self, about: &About) -> anyhow::Result<()> {
        let path = self.folder.join("flight.json");
        let text = serde_json::to_vec(about).context("cannot write the flight down")?;
        write_whole(&path, &text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Keeps a line, and prints it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&mut self, what: What) -> anyhow::Result<()> {
        let entry = Entry { at: clock::now(), flight_id: self.flight_id.clone(), what };
        let line = serde_json::to_string(&entry).context("cannot write the record")?;
        writeln!(self.file, "{line}")
            .with_context(|| format!("cannot write {}", lines(&self.folder).display()))?;
        print(&line).context("cannot write to standard output")
    }
}

fn entries(folder: &Path) -> anyhow::Result<Vec<Entry>> {
    let path = lines(folder);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let read = |(index, line): (usize, &str)| {
        serde_json::from_str(line).with_context(|| format!("{}: line {}", path.display(), index + 1))
    };
    text.lines().enumerate().map(read).collect()
}

/// Returns the last state of a flight; none when there is no record.
///
/// # Errors
/// When the record cannot be read.
pub fn last_state(folder: &Path) -> anyhow::Result<Option<State>> {
    let state = |entry: Entry| match entry.what {
        What::Changed { state, .. } => Some(state),
        _ => None,
    };
    Ok(entries(folder)?.into_iter().filter_map(state).next_back())
}

/// Tells whether a flight was in the air, or may have been.
///
/// # Errors
/// When the record cannot be read.
pub fn was_started(folder: &Path) -> anyhow::Result<bool> {
    let state = |entry: Entry| match entry.what {
        What::Changed { state, .. } => Some(state),
        _ => None,
    };
    let states: Vec<State> = entries(folder)?.into_iter().filter_map(state).collect();
    // A start that ended on the ground is none, one whose end nobody saw may be one.
    let flew = states.iter().any(|state| state.may_be_airborne() && *state != State::Launching);
    Ok(flew || states.last() == Some(&State::Launching))
}

/// Returns what a flight is.
///
/// # Errors
/// When there is no such flight.
pub fn about(folder: &Path) -> anyhow::Result<About> {
    let path = folder.join("flight.json");
    let text = std::fs::read(&path).with_context(|| format!("no flight in {}", folder.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("cannot use {}", path.display()))
}
