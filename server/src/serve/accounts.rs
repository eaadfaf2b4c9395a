//! Who may use a server: people with passwords, machines with tokens, sessions of those who signed in.
//!
//! People and tokens are kept in `accounts.json` of the data folder: passwords as argon2id, tokens as SHA-256. Sessions and
//! one-time links live in memory and end with the server.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use jiff::{SignedDuration, Timestamp};
use rand::TryRng;
use rand::rngs::SysRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

/// How long a session lasts.
const SESSION: SignedDuration = SignedDuration::from_hours(12);
/// How long a one-time link may be used.
const LINK: SignedDuration = SignedDuration::from_hours(1);
/// Sessions kept at most; the oldest ends for a new one.
const SESSIONS: usize = 1_000;
/// Failed sign-ins of one name before it has to wait.
const FAILURES: u32 = 5;
/// How long it has to wait then.
pub const WAIT: SignedDuration = SignedDuration::from_mins(1);
/// Least length of a password, characters.
const PASSWORD_CHARS: usize = 10;

/// What somebody does in the city.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May do everything.
    Admin,
    /// Sees the whole city and decides.
    Duty,
    /// Works through the queue.
    Analyst,
    /// Looks after sources and flights.
    Operator,
    /// Sees and moves the tasks of one department.
    Department,
}

/// What a caller wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// See cases and follow the feed.
    Read,
    /// Decide about incidents and tasks.
    Decide,
    /// Move tasks of a department on.
    Report,
    /// Steer sources.
    Sources,
    /// Plan and steer flights.
    Fly,
    /// Hand in what citizens report, and see what became of it.
    Submit,
    /// See pictures as they were taken, faces and plates and all; each look is noted.
    Originals,
}

impl Role {
    /// Tells whether the role may do something.
    pub fn may(self, scope: Scope) -> bool {
        match scope {
            Scope::Read => true,
            Scope::Submit | Scope::Originals => matches!(self, Self::Admin | Self::Duty | Self::Analyst),
            Scope::Decide => matches!(self, Self::Admin | Self::Duty | Self::Analyst),
            Scope::Report => matches!(self, Self::Admin | Self::Duty | Self::Analyst | Self::Department),
            Scope::Sources | Scope::Fly => matches!(self, Self::Admin | Self::Operator),
        }
    }
}

/// Somebody who signed in, or a machine with a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Name, kept with everything that is done.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Department of [`Role::Department`].
    pub department: Option<String>,
    /// What a token allows; none for people, whose role says it.
    pub scopes: Option<Vec<Scope>>,
    /// What a page must send with each change; none for tokens.
    pub csrf: Option<String>,
}

impl Caller {
    /// Tells whether the caller may do something.
    pub fn may(&self, scope: Scope) -> bool {
        match &self.scopes {
            Some(scopes) => scopes.contains(&scope),
            None => self.role.may(scope),
        }
    }
}

/// Why an account cannot be used or made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// Name or password is wrong, or there is no such account: which, is not told.
    #[error("name or password is wrong")]
    Wrong,
    /// What is recorded by name would be that of two people.
    #[error("{0} is an account of this server, too: one of the two needs another name")]
    Taken(String),
    /// Too many wrong passwords.
    #[error("too many wrong passwords: wait a minute")]
    Wait,
    /// The account cannot be made.
    #[error("cannot make the account: {0}")]
    Unusable(String),
    /// The file of accounts cannot be used.
    #[error("cannot use the accounts in {}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    NoRandom(String),
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    version: u32,
    users: Vec<User>,
    tokens: Vec<Token>,
}

impl Kept {
    fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name == name)
    }

    fn read(path: &Path) -> Result<Self, AccountError> {
        let failed = |reason: String| AccountError::File { path: path.to_owned(), reason };
        match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Self { version: 1, ..Self::default() })
            }
            Err(error) => Err(failed(error.to_string())),
        }
    }
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct User {
    name: String,
    role: Role,
    department: Option<String>,
    /// PHC string of argon2id.
    password: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Token {
    name: String,
    scopes: Vec<Scope>,
    department: Option<String>,
    sha256: String,
}

struct Session {
    caller: Caller,
    until: Timestamp,
    /// It began with the password of an account, and ends with it.
    by_password: bool,
}

#[derive(Default)]
struct Live {
    kept: Kept,
    sessions: BTreeMap<String, Session>,
    links: BTreeMap<String, (Caller, Timestamp)>,
    failures: BTreeMap<String, (u32, Timestamp)>,
}

/// The accounts of a server.
pub struct Accounts {
    path: PathBuf,
    live: Mutex<Live>,
}

impl Accounts {
    /// Reads the accounts of a data folder; none where there is no file.
    ///
    /// # Errors
    /// [`AccountError::File`].
    pub fn open(data: &Path) -> Result<Self, AccountError> {
        let path = data.join("accounts.json");
        let kept = Kept::read(&path)?;
        Ok(Self { path, live: Mutex::new(Live { kept, ..Live::default() }) })
    }

    /// Reads the accounts again. Sessions end whose account is gone or has another password, role or department now; tokens that are
    /// gone are not known any more.
    ///
    /// # Errors
    /// [`AccountError::File`]; all stays as it was then.
    pub fn reload(&self) -> Result<(), AccountError> {
        let fresh = Kept::read(&self.path)?;
        let mut live = self.live();
        let before = std::mem::replace(&mut live.kept, fresh);
        let Live { kept, sessions, .. } = &mut *live;
        sessions.retain(|_, session| {
            let known = before.user(&session.caller.name);
            !session.by_password || (known.is_some() && known == kept.user(&session.caller.name))
        });
        Ok(())
    }

    /// Makes an account, or gives one another password and role.
    ///
    /// # Errors
    /// [`AccountError::Unusable`] for an empty name, a short password, or a department role without a department;
    /// [`AccountError::File`].
    pub fn set_user(
        &self,
        name: &str,
        password: &str,
        role: Role,
        department: Option<&str>,
    ) -> Result<(), AccountError> {
        let unusable = |reason: &str| Err(AccountError::Unusable(reason.to_owned()));
        if name.trim().is_empty() || name.len() > 100 {
            return unusable("its name is empty or longer than 100 bytes");
        }
        if password.chars().count() < PASSWORD_CHARS {
            return unusable("its password has fewer than 10 characters");
        }
        if (role == Role::Department) != department.is_some() {
            return unusable("a department is for the role department, and for no other");
        }
        let mut salt = [0_u8; 16];
        fill(&mut salt)?;
        let hashed = SaltString::encode_b64(&salt)
            .and_then(|salt| Ok(Argon2::default().hash_password(password.as_bytes(), &salt)?.to_string()));
        let password = hashed.map_err(|error| AccountError::Unusable(error.to_string()))?;
        let mut live = self.live();
        live.kept.users.retain(|user| user.name != name);
        let department = department.map(str::to_owned);
        live.kept.users.push(User { name: name.to_owned(), role, department, password });
        self.save(&live.kept)
    }

    /// Makes a token for a machine and returns it; it is told this once.
    ///
    /// # Errors
    /// [`AccountError::Unusable`] for an empty or taken name; [`AccountError::File`].
    pub fn add_token(
        &self,
        name: &str,
        scopes: &[Scope],
        department: Option<&str>,
    ) -> Result<String, AccountError> {
        let token = format!("fo_{}", secret()?);
        let mut live = self.live();
        if name.trim().is_empty() || live.kept.tokens.iter().any(|token| token.name == name) {
            return Err(AccountError::Unusable(format!("the name {name:?} is empty or taken")));
        }
        live.kept.tokens.push(Token {
            name: name.to_owned(),
            scopes: scopes.to_vec(),
            department: department.map(str::to_owned),
            sha256: hash(&token),
        });
        self.save(&live.kept)?;
        Ok(token)
    }

    /// Returns a word that signs in once.
    ///
    /// # Errors
    /// [`AccountError::NoRandom`].
    pub fn one_time_link(&self, role: Role, now: Timestamp) -> Result<String, AccountError> {
        let word = secret()?;
        let caller =
            Caller { name: "duty desk".to_owned(), role, department: None, scopes: None, csrf: None };
        let until = now.checked_add(LINK).unwrap_or(now);
        self.live().links.insert(hash(&word), (caller, until));
        Ok(word)
    }

    /// Uses up a one-time word; returns the secret of a new session.
    ///
    /// # Errors
    /// [`AccountError::Wrong`], [`AccountError::NoRandom`].
    pub fn follow_link(&self, word: &str, now: Timestamp) -> Result<String, AccountError> {
        let found = self.live().links.remove(&hash(word)).filter(|(_, until)| *until > now);
        let (caller, _) = found.ok_or(AccountError::Wrong)?;
        self.start(caller, false, now)
    }

    /// Lets somebody in whom another has vouched for; returns the secret of a new session.
    ///
    /// # Errors
    /// [`AccountError::Taken`] for the name of an account of this server, [`AccountError::NoRandom`].
    pub fn admit(&self, caller: Caller, now: Timestamp) -> Result<String, AccountError> {
        if self.live().kept.user(&caller.name).is_some() {
            return Err(AccountError::Taken(caller.name));
        }
        self.start(caller, false, now)
    }

    /// Signs a person in; returns the secret of a new session.
    ///
    /// # Errors
    /// [`AccountError::Wrong`], [`AccountError::Wait`], [`AccountError::NoRandom`].
    pub fn sign_in(&self, name: &str, password: &str, now: Timestamp) -> Result<String, AccountError> {
        let (known, department, role, failures) = {
            let live = self.live();
            let failures = live.failures.get(name).copied();
            let user = live.kept.user(name);
            let stored = user.map(|user| user.password.clone());
            let department = user.and_then(|user| user.department.clone());
            (stored, department, user.map(|user| user.role), failures)
        };
        if failures.is_some_and(|(count, until)| count >= FAILURES && until > now) {
            return Err(AccountError::Wait);
        }
        // Somebody unknown costs as much time as somebody known.
        let stored = known.unwrap_or_else(|| UNKNOWN.to_owned());
        let right = PasswordHash::new(&stored)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
        let Some(role) = role.filter(|_| right) else {
            let mut live = self.live();
            // Names that nobody has could fill the memory.
            if live.failures.len() >= SESSIONS {
                live.failures.clear();
            }
            let failed = live.failures.entry(name.to_owned()).or_insert((0, now));
            *failed = (failed.0 + 1, now.checked_add(WAIT).unwrap_or(now));
            return Err(AccountError::Wrong);
        };
        self.live().failures.remove(name);
        let caller = Caller { name: name.to_owned(), role, department, scopes: None, csrf: None };
        self.start(caller, true, now)
    }

    /// Ends a session.
    pub fn sign_out(&self, session: &str) {
        self.live().sessions.remove(&hash(session));
    }

    /// Returns who has a session.
    pub fn of_session(&self, session: &str, now: Timestamp) -> Option<Caller> {
        let live = self.live();
        let session = live.sessions.get(&hash(session))?;
        (session.until > now).then(|| session.caller.clone())
    }

    /// Returns the machine that has a token.
    pub fn of_token(&self, token: &str) -> Option<Caller> {
        let wanted = hash(token);
        let live = self.live();
        let token = live.kept.tokens.iter().find(|token| token.sha256 == wanted)?;
        let role = if token.department.is_some() { Role::Department } else { Role::Duty };
        Some(Caller {
            name: token.name.clone(),
            role,
            department: token.department.clone(),
            scopes: Some(token.scopes.clone()),
            csrf: None,
        })
    }

    fn start(&self, caller: Caller, by_password: bool, now: Timestamp) -> Result<String, AccountError> {
        let (word, csrf) = (secret()?, secret()?);
        let mut live = self.live();
        live.sessions.retain(|_, session| session.until > now);
        if live.sessions.len() >= SESSIONS {
            let oldest = live.sessions.iter().min_by_key(|(_, session)| session.until);
            let oldest = oldest.map(|(key, _)| key.clone());
            oldest.map(|key| live.sessions.remove(&key));
        }
        let caller = Caller { csrf: Some(csrf), ..caller };
        let until = now.checked_add(SESSION).unwrap_or(now);
        live.sessions.insert(hash(&word), Session { caller, until, by_password });
        Ok(word)
    }

    fn save(&self, kept: &Kept) -> Result<(), AccountError> {
        let failed = |reason: String| AccountError::File { path: self.path.clone(), reason };
        let bytes = serde_json::to_vec_pretty(kept).map_err(|error| failed(error.to_string()))?;
        crate::output::write_private(&self.path, &bytes).map_err(|error| failed(error.to_string()))
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A hash that no password has.
const UNKNOWN: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn fill(bytes: &mut [u8]) -> Result<(), AccountError> {
    SysRng.try_fill_bytes(bytes).map_err(|error| AccountError::NoRandom(error.to_string()))
}

/// Returns a word that nobody guesses.
///
/// # Errors
/// [`AccountError::NoRandom`].
pub fn secret() -> Result<String, AccountError> {
    let mut bytes = [0_u8; 32];
    fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts() -> (tempfile::TempDir, Accounts) {
        let folder = tempfile::tempdir().unwrap();
        let accounts = Accounts::open(folder.path()).unwrap();
        (folder, accounts)
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + secs).unwrap()
    }

    #[test]
    fn a_person_signs_in_with_the_right_password_only_and_is_known_after_a_restart() {
        let (folder, accounts) = accounts();
        accounts.set_user("li", "correct horse", Role::Analyst, None).unwrap();
        assert!(matches!(accounts.sign_in("li", "wrong horse", at(0)), Err(AccountError::Wrong)));
        assert!(matches!(accounts.sign_in("wang", "correct horse", at(0)), Err(AccountError::Wrong)));
        let again = Accounts::open(folder.path()).unwrap();
        let session = again.sign_in("li", "correct horse", at(0)).unwrap();
        let caller = again.of_session(&session, at(1)).unwrap();
        assert_eq!((caller.name.as_str(), caller.role), ("li", Role::Analyst));
        assert!(again.of_session(&session, at(13 * 3600)).is_none());
        again.sign_out(&session);
        assert!(again.of_session(&session, at(1)).is_none());
    }

    #[test]
    fn a_link_signs_in_once() {
        let (_folder, accounts) = accounts();
        let word = accounts.one_time_link(Role::Admin, at(0)).unwrap();
        assert!(accounts.follow_link(&word, at(1)).is_ok());
        assert!(matches!(accounts.follow_link(&word, at(2)), Err(AccountError::Wrong)));
        let late = accounts.one_time_link(Role::Admin, at(0)).unwrap();
        assert!(accounts.follow_link(&late, at(3_601)).is_err());
    }

    #[test]
    fn too_many_wrong_passwords_have_to_wait_a_minute() {
        let (_folder, accounts) = accounts();
        accounts.set_user("li", "correct horse", Role::Analyst, None).unwrap();
        for _ in 0..FAILURES {
            assert!(matches!(accounts.sign_in("li", "no", at(0)), Err(AccountError::Wrong)));
        }
        assert!(matches!(accounts.sign_in("li", "correct horse", at(1)), Err(AccountError::Wait)));
        assert!(accounts.sign_in("li", "correct horse", at(61)).is_ok());
    }

    #[test]
    fn passwords_and_tokens_are_not_in_the_file() {
        let (folder, accounts) = accounts();
        accounts.set_user("li", "correct horse", Role::Analyst, None).unwrap();
        let token = accounts.add_token("hub", &[Scope::Read], None).unwrap();
        let text = std::fs::read_to_string(folder.path().join("accounts.json")).unwrap();
        assert!(!text.contains("correct horse") && !text.contains(&token));
        let caller = accounts.of_token(&token).unwrap();
        assert!(caller.may(Scope::Read) && !caller.may(Scope::Decide));
        assert!(accounts.of_token("fo_00").is_none());
    }

    #[test]
    fn accounts_that_changed_in_the_file_count_once_it_is_read_again() {
        let (folder, server) = accounts();
        server.set_user("li", "correct horse", Role::Analyst, None).unwrap();
        server.set_user("wang", "correct horse", Role::Analyst, None).unwrap();
        let old = server.add_token("old", &[Scope::Read], None).unwrap();
        let sessions = ["li", "wang"].map(|name| server.sign_in(name, "correct horse", at(0)).unwrap());
        let link = server.one_time_link(Role::Admin, at(0)).unwrap();
        let by_link = server.follow_link(&link, at(0)).unwrap();
        let other = Accounts::open(folder.path()).unwrap();
        other.set_user("li", "another horse", Role::Analyst, None).unwrap();
        let fresh = other.add_token("new", &[Scope::Read], None).unwrap();
        assert!(server.of_token(&fresh).is_none());
        server.reload().unwrap();
        assert!(server.of_token(&fresh).is_some() && server.of_token(&old).is_some());
        assert!(server.of_session(&sessions[0], at(1)).is_none(), "her password is another");
        assert!(server.of_session(&sessions[1], at(1)).is_some());
        assert!(server.of_session(&by_link, at(1)).is_some());
        std::fs::write(folder.path().join("accounts.json"), "no accounts").unwrap();
        assert!(
            server.reload().is_err() && server.of_token(&fresh).is_some(),
            "what cannot be read changes nothing"
        );
    }

    #[test]
    fn accounts_that_make_no_sense_are_refused() {
        let (_folder, accounts) = accounts();
        assert!(accounts.set_user(" ", "correct horse", Role::Analyst, None).is_err());
        assert!(accounts.set_user("li", "short", Role::Analyst, None).is_err());
        assert!(accounts.set_user("li", "correct horse", Role::Department, None).is_err());
        assert!(accounts.set_user("li", "correct horse", Role::Analyst, Some("urban_management")).is_err());
    }
}
