//! One connection: statements prepared once, transactions, and what its errors mean to a person.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use postgres::error::SqlState;
use postgres::types::ToSql;
use postgres::{Client, NoTls, Row, Statement};

use crate::error::StoreError;

/// How long to wait for a lock of another writer, milliseconds.
pub(super) const LOCK_MILLIS: u64 = 10_000;
/// How long a server may take to be reached, and what was sent may go unanswered by its machine, unless the address says otherwise.
const CONNECT: Duration = Duration::from_secs(5);
const UNANSWERED: Duration = Duration::from_secs(10);

/// A connection.
pub(super) struct Link {
    client: Client,
    prepared: HashMap<&'static str, Statement>,
    address: PathBuf,
}

impl Link {
    /// Connects.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`], [`StoreError::NoPermission`].
    pub(super) fn connect(config: &postgres::Config) -> Result<Self, StoreError> {
        let address = address_of(config);
        let failed = |error: postgres::Error| from_postgres(error, "connect", &address);
        let mut config = config.clone();
        // A server that vanished is noticed soon, not when the system gives up after minutes.
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(UNANSWERED);
        }
        let mut client = config.connect(NoTls).map_err(failed)?;
        // A second transaction sees what the first committed before it got the lock both wanted.
        let settings = format!(
            "SET lock_timeout = {LOCK_MILLIS}; SET default_transaction_isolation = 'read committed'; \
             SET client_min_messages = warning; SET TimeZone = 'UTC'"
        );
        client.batch_execute(&settings).map_err(failed)?;
        Ok(Self { client, prepared: HashMap::new(), address })
    }

    /// Returns true when the connection is gone.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Returns the server and database, without user and password.
    pub(super) fn address(&self) -> &PathBuf {
        &self.address
    }

    /// Runs statements without parameters.
    pub(super) fn batch(&mut self, sql: &str, doing: &'static str) -> Result<(), StoreError> {
        self.client.batch_execute(sql).map_err(|error| from_postgres(error, doing, &self.address))
    }

    /// Returns the rows of a query.
    pub(super) fn query(
        &mut self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
        doing: &'static str,
    ) -> Result<Vec<Row>, StoreError> {
        let statement = self.statement(sql, doing)?;
        self.client.query(&statement, values).map_err(|error| from_postgres(error, doing, &self.address))
    }

    /// Runs a statement and returns the number of rows that it changed.
    pub(super) fn execute(
        &mut self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
        doing: &'static str,
    ) -> Result<u64, StoreError> {
        let statement = self.statement(sql, doing)?;
        self.client.execute(&statement, values).map_err(|error| from_postgres(error, doing, &self.address))
    }

    /// Writes what a `COPY ... TO STDOUT` gives.
    pub(super) fn copy_out(&mut self, sql: &str, to: &mut dyn Write) -> Result<(), StoreError> {
        let (doing, address) = ("copy the database", self.address.clone());
        let failed = |error: postgres::Error| from_postgres(error, doing, &address);
        let mut reader = self.client.copy_out(sql).map_err(failed)?;
        std::io::copy(&mut reader, to).map(|_| ()).map_err(|error| broken(doing, &address, &error))
    }

    /// Sends what a `COPY ... FROM STDIN` takes.
    pub(super) fn copy_in(&mut self, sql: &str, from: &mut dyn Read) -> Result<(), StoreError> {
        let (doing, address) = ("restore the database", self.address.clone());
        let failed = |error: postgres::Error| from_postgres(error, doing, &address);
        let mut writer = self.client.copy_in(sql).map_err(failed)?;
        std::io::copy(from, &mut writer).map_err(|error| broken(doing, &address, &error))?;
        writer.finish().map(|_| ()).map_err(failed)
    }

    fn statement(&mut self, sql: &'static str, doing: &'static str) -> Result<Statement, StoreError> {
        if let Some(known) = self.prepared.get(sql) {
            return Ok(known.clone());
        }
        let made = self.client.prepare(sql).map_err(|error| from_postgres(error, doing, &self.address))?;
        self.prepared.insert(sql, made.clone());
        Ok(made)
    }
}

fn broken(doing: &'static str, address: &std::path::Path, error: &std::io::Error) -> StoreError {
    StoreError::Unreachable { doing, path: address.to_path_buf(), reason: error.to_string() }
}

/// Returns where a configuration points to, without user and password.
pub(super) fn address_of(config: &postgres::Config) -> PathBuf {
    use postgres::config::Host;
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        Some(Host::Unix(path)) => path.display().to_string(),
        None => "localhost".to_owned(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    PathBuf::from(format!("postgresql://{host}:{port}/{}", config.get_dbname().unwrap_or_default()))
}

/// Sorts what PostgreSQL says into what a person can act on.
pub(super) fn from_postgres(
    source: postgres::Error,
    doing: &'static str,
    address: &std::path::Path,
) -> StoreError {
    let path = address.to_path_buf();
    let Some(code) = source.code().cloned() else {
        // No answer of the server: the connection could not be made or broke.
        return StoreError::Unreachable { doing, path, reason: whole_message(&source) };
    };
    match code {
        SqlState::DISK_FULL | SqlState::OUT_OF_MEMORY => StoreError::Full { doing, path },
        SqlState::INSUFFICIENT_PRIVILEGE
        | SqlState::INVALID_PASSWORD
        | SqlState::INVALID_AUTHORIZATION_SPECIFICATION
        | SqlState::READ_ONLY_SQL_TRANSACTION => StoreError::NoPermission { doing, path },
        SqlState::LOCK_NOT_AVAILABLE => StoreError::Locked { doing, path, waited_millis: LOCK_MILLIS },
        SqlState::T_R_DEADLOCK_DETECTED | SqlState::T_R_SERIALIZATION_FAILURE => {
            StoreError::Contended { doing, path }
        }
        SqlState::ADMIN_SHUTDOWN
        | SqlState::CRASH_SHUTDOWN
        | SqlState::CANNOT_CONNECT_NOW
        | SqlState::TOO_MANY_CONNECTIONS => {
            StoreError::Unreachable { doing, path, reason: whole_message(&source) }
        }
        SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED => StoreError::Damaged { doing, path },
        _ => StoreError::Postgres { doing, path, source },
    }
}

/// Returns a message with its causes: the client's own says "db error" only.
fn whole_message(error: &postgres::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_no_password() {
        let config: postgres::Config = "postgresql://city:secret@db.example:5433/flyonce".parse().unwrap();
        assert_eq!(address_of(&config), PathBuf::from("postgresql://db.example:5433/flyonce"));
        assert_eq!(address_of(&postgres::Config::new()), PathBuf::from("postgresql://localhost:5432/"));
    }
}
