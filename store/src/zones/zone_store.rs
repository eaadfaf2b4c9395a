//! The zones of a city in one SQLite file, with the versions that were in force before.

use std::path::{Path, PathBuf};
use std::time::Duration;

use gis::zones::{Zone, ZoneOrigin};
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};

use super::outline::{outline_from_wkb, wkb_from_outline};
use crate::error::{StoreError, from_sql};
use crate::schema::{self, CheckError, ZONES};

/// How long to wait for another process, milliseconds.
const BUSY_MILLIS: u64 = 5_000;

const COLUMNS: &str =
    "code, level, kind, name_zh, name_en, parent, outline, file, feature_index, crs, valid_from, valid_to";

/// How many zones an import changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportedZones {
    /// Zones of codes that were not there.
    pub added: usize,
    /// Zones that put an end to an earlier version.
    pub replaced: usize,
    /// Zones that were there as they are.
    pub unchanged: usize,
}

/// One version of a zone.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredZone {
    /// The zone.
    pub zone: Zone,
    /// When it came into force.
    pub valid_from: Timestamp,
    /// When another version followed; none while it is in force.
    pub valid_to: Option<Timestamp>,
}

/// The zones of a city. Of each code one version is in force; earlier ones are kept with their times.
///
/// The file has no write-ahead log, so that it is one file that can be copied.
#[derive(Debug)]
pub struct ZoneStore {
    connection: Connection,
    path: PathBuf,
}

impl ZoneStore {
    /// Opens the file, makes it if there is none, and brings its schema up to date.
    ///
    /// # Errors
    /// Those of [`crate::SqliteStore::open`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with(path, OpenFlags::SQLITE_OPEN_CREATE)
    }

    /// Opens a file that is there.
    ///
    /// # Errors
    /// Those of [`Self::open`]; a file that is not there is [`StoreError::CannotOpen`].
    pub fn open_existing(path: &Path) -> Result<Self, StoreError> {
        if !path.is_file() {
            let reason = "there is no such file".to_owned();
            return Err(StoreError::CannotOpen { path: path.to_path_buf(), reason });
        }
        Self::open_with(path, OpenFlags::empty())
    }

    fn open_with(path: &Path, create: OpenFlags) -> Result<Self, StoreError> {
        let failed = |error: rusqlite::Error| from_sql(error, "open tables", path, BUSY_MILLIS);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | create;
        let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        connection.busy_timeout(Duration::from_millis(BUSY_MILLIS)).map_err(failed)?;
        match schema::check(&connection, path, &ZONES) {
            Ok(()) => {}
            Err(CheckError::Refused(error)) => return Err(error),
            Err(CheckError::Sql(error)) => return Err(failed(error)),
        }
        connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        schema::mark(&connection, &ZONES).map_err(failed)?;
        schema::migrate(&mut connection, path, &ZONES)?;
        Ok(Self { connection, path: path.to_path_buf() })
    }

    /// Returns the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the zones in force, by level and code.
    ///
    /// # Errors
    /// Any that reading has, and [`StoreError::UnreadableZone`].
    pub fn zones(&self) -> Result<Vec<Zone>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM zone WHERE valid_to IS NULL");
        let mut zones: Vec<Zone> = self.versions(&sql, [])?.into_iter().map(|stored| stored.zone).collect();
        zones.sort_by(|a, b| (a.level, &a.code).cmp(&(b.level, &b.code)));
        Ok(zones)
    }

    /// Returns all versions of a zone, oldest first.
    ///
    /// # Errors
    /// Any that reading has, and [`StoreError::UnreadableZone`].
    pub fn history(&self, code: &str) -> Result<Vec<StoredZone>, StoreError> {
        self.versions(&format!("SELECT {COLUMNS} FROM zone WHERE code = ?1 ORDER BY id"), [code])
    }

    /// Brings zones into force at a time, all of them or none. A zone that is there as it is stays; one that differs in outline,
    /// level, kind, names or parent ends the version before.
    ///
    /// # Errors
    /// Any that writing has, and [`StoreError::UnreadableZone`].
    pub fn import(&mut self, zones: &[Zone], at: Timestamp) -> Result<ImportedZones, StoreError> {
        let path = self.path.clone();
        let failed = |error| from_sql(error, "import zones", &path, BUSY_MILLIS);
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let mut imported = ImportedZones::default();
        for zone in zones {
            let outline = wkb_from_outline(&zone.polygon)
                .map_err(|reason| StoreError::UnreadableZone { code: zone.code.clone(), reason })?;
            match put(&transaction, zone, &outline, at).map_err(failed)? {
                Put::Added => imported.added += 1,
                Put::Replaced => imported.replaced += 1,
                Put::Unchanged => imported.unchanged += 1,
            }
        }
        transaction.commit().map_err(failed)?;
        Ok(imported)
    }

    fn versions(&self, sql: &str, values: impl rusqlite::Params) -> Result<Vec<StoredZone>, StoreError> {
        let read = || -> rusqlite::Result<Vec<Row>> {
            let mut statement = self.connection.prepare(sql)?;
            statement.query_map(values, Row::read)?.collect()
        };
        let rows = read().map_err(|error| from_sql(error, "read zones", &self.path, BUSY_MILLIS))?;
        rows.into_iter().map(Row::stored).collect()
    }
}

enum Put {
    Added,
    Replaced,
    Unchanged,
}

fn put(transaction: &Transaction<'_>, zone: &Zone, outline: &[u8], at: Timestamp) -> rusqlite::Result<Put> {
    let sql = "SELECT id, level = ?2 AND kind IS ?3 AND name_zh = ?4 AND name_en = ?5 AND parent IS ?6 AND outline = ?7 \
               FROM zone WHERE code = ?1 AND valid_to IS NULL";
    let values = params![
        zone.code,
        zone.level.to_string(),
        zone.kind,
        zone.name_zh,
        zone.name_en,
        zone.parent,
        outline
    ];
    let mut statement = transaction.prepare(sql)?;
    let before: Option<(i64, bool)> =
        statement.query_row(values, |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    if let Some((id, same)) = before {
        if same {
            return Ok(Put::Unchanged);
        }
        transaction.execute("UPDATE zone SET valid_to = ?2 WHERE id = ?1", params![id, at.to_string()])?;
    }
    let sql =
        format!("INSERT INTO zone ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, NULL)");
    transaction.prepare(&sql)?.execute(params![
        zone.code,
        zone.level.to_string(),
        zone.kind,
        zone.name_zh,
        zone.name_en,
        zone.parent,
        outline,
        zone.origin.file,
        zone.origin.feature_index as i64,
        zone.origin.crs.to_string(),
        at.to_string(),
    ])?;
    Ok(if before.is_some() { Put::Replaced } else { Put::Added })
}

/// A row as it stands in the file.
struct Row {
    code: String,
    level: String,
    kind: Option<String>,
    name_zh: String,
    name_en: String,
    parent: Option<String>,
    outline: Vec<u8>,
    file: String,
    feature_index: i64,
    crs: String,
    valid_from: String,
    valid_to: Option<String>,
}

impl Row {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            code: row.get(0)?,
            level: row.get(1)?,
            kind: row.get(2)?,
            name_zh: row.get(3)?,
            name_en: row.get(4)?,
            parent: row.get(5)?,
            outline: row.get(6)?,
            file: row.get(7)?,
            feature_index: row.get(8)?,
            crs: row.get(9)?,
            valid_from: row.get(10)?,
            valid_to: row.get(11)?,
        })
    }

    fn stored(self) -> Result<StoredZone, StoreError> {
        let code = self.code.clone();
        let bad = |reason: String| StoreError::UnreadableZone { code: code.clone(), reason };
        let time = |text: &str| text.parse().map_err(|error: jiff::Error| bad(error.to_string()));
        let origin = ZoneOrigin {
            file: self.file,
            feature_index: usize::try_from(self.feature_index).unwrap_or(0),
            crs: self.crs.parse().map_err(|error: gis::crs::CrsError| bad(error.to_string()))?,
        };
        let level = self.level.parse().map_err(|error: gis::zones::UnknownLevel| bad(error.to_string()))?;
        let zone = Zone {
            code: self.code,
            level,
            kind: self.kind,
            name_zh: self.name_zh,
            name_en: self.name_en,
            parent: self.parent,
            polygon: outline_from_wkb(&self.outline).map_err(bad)?,
            origin,
        };
        let valid_to = self.valid_to.as_deref().map(time).transpose()?;
        Ok(StoredZone { zone, valid_from: time(&self.valid_from)?, valid_to })
    }
}
