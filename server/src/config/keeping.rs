//! How evidence is proved and how long it is kept.

use std::path::PathBuf;

use serde::Deserialize;

/// How decisions are checked.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReviewEntry {
    /// Share of decided cases that are shown to somebody else who does not know the decision.
    pub recheck_share: f64,
    /// Classes whose tasks, once a crew reported them done, propose a flight that looks whether they are.
    pub verify_by_flight: Vec<String>,
}

impl Default for ReviewEntry {
    /// One in twenty costs little and shows within weeks how far decisions can be trusted.
    fn default() -> Self {
        Self { recheck_share: 0.05, verify_by_flight: Vec::new() }
    }
}

/// How evidence is proved, and how much room it may take.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EvidenceEntry {
    /// Authority of RFC 3161 time stamps, `http://` or `https://`; none are asked for without.
    pub timestamp_url: Option<String>,
    /// Certificates of the authority, PEM: a time stamp that leads to none of them is not kept.
    pub timestamp_ca: Option<PathBuf>,
    /// Minutes between time stamps, while something is recorded.
    pub timestamp_minutes: u32,
    /// Room that evidence may take, MiB; as much as there is when not given.
    pub budget_mib: Option<u64>,
    /// Room that is left free on the disk for the store and what is open, MiB.
    pub reserve_mib: u64,
}

impl Default for EvidenceEntry {
    /// A quarter of an hour is what a doubt about the time of an event is worth; half a GiB holds days of events.
    fn default() -> Self {
        Self {
            timestamp_url: None,
            timestamp_ca: None,
            timestamp_minutes: 15,
            budget_mib: None,
            reserve_mib: 512,
        }
    }
}

impl EvidenceEntry {
    /// Returns what cannot be used, with its key.
    pub fn unusable(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        if let Some(url) = &self.timestamp_url
            && !(url.starts_with("http://") || url.starts_with("https://"))
        {
            let message = format!("must begin with http:// or https://, is {:?}", super::masked(url));
            found.push(("timestamp_url", message));
        }
        if !(1..=10_080).contains(&self.timestamp_minutes) {
            found.push((
                "timestamp_minutes",
                format!("must be from 1 to 10080, is {}", self.timestamp_minutes),
            ));
        }
        if self.budget_mib == Some(0) {
            found.push(("budget_mib", "must be at least 1, is 0".to_owned()));
        }
        found
    }
}

impl std::fmt::Debug for EvidenceEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let url = self.timestamp_url.as_deref().map(super::masked);
        f.debug_struct("EvidenceEntry")
            .field("timestamp_url", &url)
            .field("timestamp_ca", &self.timestamp_ca)
            .field("timestamp_minutes", &self.timestamp_minutes)
            .field("budget_mib", &self.budget_mib)
            .field("reserve_mib", &self.reserve_mib)
            .finish()
    }
}
