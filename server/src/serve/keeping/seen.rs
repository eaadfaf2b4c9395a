//! Who saw which original, written down before it is shown.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use store::{Note, StoreError};

use crate::serve::App;

/// Kind of the note that somebody saw an original.
pub const SAW: &str = "saw";
/// Somebody who looks again within this time is noted once.
const AGAIN: SignedDuration = SignedDuration::from_mins(10);
/// Looks remembered at most.
const MOST: usize = 20_000;

/// Who saw what lately.
#[derive(Debug, Default)]
pub struct Seen {
    lately: Mutex<BTreeMap<(String, String), Timestamp>>,
}

impl App {
    /// Notes that somebody is shown a file of a case. What cannot be noted is not to be shown.
    ///
    /// # Errors
    /// Any that writing has.
    pub fn note_seen(&self, who: &str, file: &str, incident: &str, now: Timestamp) -> Result<(), StoreError> {
        let key = (who.to_owned(), file.to_owned());
        let lately = || self.seen.lately.lock().unwrap_or_else(PoisonError::into_inner);
        if lately().get(&key).is_some_and(|at| now.duration_since(*at) < AGAIN) {
            return Ok(());
        }
        let note = Note {
            at: now,
            kind: SAW.to_owned(),
            actor: key.0.clone(),
            subject: key.1.clone(),
            detail: incident.to_owned(),
        };
        self.stores.with(|store| store.add_note(&note))?;
        let mut lately = lately();
        if lately.len() >= MOST {
            lately.retain(|_, at| now.duration_since(*at) < AGAIN);
        }
        if lately.len() < MOST {
            lately.insert(key, now);
        }
        Ok(())
    }
}
