//! The door of a server: who is let in, how often, and where those who are let in may lead it. All of it may change while it runs.

pub mod address;
pub mod limits;
pub mod networks;
pub mod oidc;
pub mod tls;

use std::sync::{Arc, PoisonError, RwLock};

use dispatch::Departments;

use crate::config::{Problem, ServeEntry};

use limits::{Limits, Refused};
use oidc::{Attempts, Oidc, OidcError};
use tls::Certificate;

/// What is in force at the door.
pub struct Rules {
    /// As configured.
    pub entry: ServeEntry,
    /// How often each may come.
    pub limits: Limits,
    /// Who vouches for people.
    pub oidc: Option<Oidc>,
}

/// Returns what stands against a configuration once the files that it names are looked at, and the departments are known.
pub fn problems(entry: &ServeEntry, departments: &Departments) -> Vec<Problem> {
    let tls =
        entry.tls.clone().and_then(|tls| Some(Problem::new("serve.tls", Certificate::load(tls).err()?)));
    let door = Door::default().apply(entry.clone()).err();
    let door = door.map(|error| Problem::new("serve.oidc", error));
    let known = |id: &str| departments.departments.iter().any(|one| one.id.0 == id);
    let roles = entry.oidc.iter().flat_map(|oidc| &oidc.roles);
    let strange = roles.filter_map(|one| one.department.as_deref()).filter(|id| !known(id));
    let strange =
        strange.map(|id| Problem::new("serve.oidc.roles", format!("there is no department {id:?}")));
    tls.into_iter().chain(door).chain(strange).collect()
}

/// The door of a server.
pub struct Door {
    rules: RwLock<Arc<Rules>>,
    /// How many were turned away.
    pub refused: Refused,
    /// Who is about to sign in by somebody who vouches for them.
    pub attempts: Attempts,
}

impl Default for Door {
    fn default() -> Self {
        let entry = ServeEntry::default();
        let rules = Rules { limits: Limits::new(&entry.limits), oidc: None, entry };
        Self {
            rules: RwLock::new(Arc::new(rules)),
            refused: Refused::default(),
            attempts: Attempts::default(),
        }
    }
}

impl Door {
    /// Puts a configuration in force; what was counted under another before is forgotten.
    ///
    /// # Errors
    /// When a file that it names cannot be used; all stays as it was then.
    pub fn apply(&self, entry: ServeEntry) -> Result<(), OidcError> {
        let public_url = entry.public_url.clone().unwrap_or_default();
        let oidc = entry.oidc.clone().map(|oidc| Oidc::new(oidc, &public_url)).transpose()?;
        let rules = Arc::new(Rules { limits: Limits::new(&entry.limits), oidc, entry });
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
        Ok(())
    }

    /// Returns what is in force.
    pub fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }
}
