//! What is read again while a server runs: the section `[serve]`, its certificate, and the accounts. All else takes a new start.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, bail};
use toml::Table;

use super::App;
use super::door;
use super::door::tls::Certificate;
use crate::config;

/// Sections that are read again.
const AGAIN: &str = "serve";

/// What a server reads again, and what it knew when it started.
pub struct Reload {
    path: PathBuf,
    certificate: Option<Arc<Certificate>>,
    known: Mutex<Table>,
}

impl Reload {
    /// Remembers a configuration file that was read.
    ///
    /// # Errors
    /// When it cannot be read, or the certificate that it names not be used.
    pub fn new(path: &Path, entry: &config::ServeEntry) -> anyhow::Result<Self> {
        let certificate = entry.tls.clone().map(Certificate::load).transpose()?.map(Arc::new);
        Ok(Self { path: path.to_owned(), certificate, known: Mutex::new(table(path)?) })
    }

    /// Returns the certificate of a server that speaks TLS itself.
    pub fn certificate(&self) -> Option<Arc<Certificate>> {
        self.certificate.clone()
    }

    /// Reads everything again; a configuration that has a mistake changes nothing. Returns the names of what changed and is not read
    /// before the next start.
    ///
    /// # Errors
    /// Those of the configuration, the certificate and the accounts.
    pub fn now(&self, app: &App) -> anyhow::Result<Vec<String>> {
        let config = config::load(&self.path)?;
        if let Some(problem) = door::problems(&config.serve, &app.city.departments).first() {
            bail!("{problem}");
        }
        let fresh = table(&self.path)?;
        let mut entry = config.serve;
        let mut later = changed(&self.known.lock().unwrap_or_else(PoisonError::into_inner), &fresh);
        if entry.tls.is_some() != self.certificate.is_some() {
            later.push("serve.tls".to_owned());
            entry.tls.clone_from(&app.door.rules().entry.tls);
        }
        let tls = entry.tls.clone();
        // What can fail comes first.
        app.accounts.reload()?;
        app.door.apply(entry)?;
        if let Some(certificate) = &self.certificate {
            certificate.reload(tls.as_ref())?;
        }
        Ok(later)
    }
}

fn table(path: &Path) -> anyhow::Result<Table> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    text.parse().with_context(|| format!("{} is not valid TOML", path.display()))
}

/// Names of the sections that differ and are not read again.
fn changed(known: &Table, fresh: &Table) -> Vec<String> {
    let names = known.keys().chain(fresh.keys().filter(|key| !known.contains_key(*key)));
    names.filter(|key| *key != AGAIN && known.get(*key) != fresh.get(*key)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_and_takes_a_new_start_is_named() {
        let known: Table =
            "rules = \"a\"\nzones = []\n[serve]\ntls = 1\n[store]\npath = \"x\"".parse().unwrap();
        let fresh: Table =
            "rules = \"b\"\nzones = []\n[serve]\ntls = 2\n[cap]\nsender = \"y\"".parse().unwrap();
        assert_eq!(changed(&known, &fresh), ["rules", "store", "cap"]);
        assert!(changed(&known, &known).is_empty());
    }
}
