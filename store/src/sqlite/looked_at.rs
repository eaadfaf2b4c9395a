//! Where sources looked, and who is told of events, in the SQLite file.

use gis::dedupe::LookedAt;
use gis::dedupe::neighbourhood::Bounds;
use jiff::Timestamp;
use rusqlite::params;

use super::incidents::Sql;
use crate::consumers::{Consumer, ConsumerChange};
use crate::error::StoreError;
use crate::save::{decode, encode};

/// Reads what a source looked at within a minute.
pub(super) fn looked_at(
    sql: Sql<'_>,
    source: &str,
    minute: Timestamp,
) -> Result<Option<LookedAt>, StoreError> {
    let text = "SELECT json FROM looked_at WHERE source = ?1 AND minute_us = ?2";
    let json: Option<String> = sql.first(text, params![source, minute.as_microsecond()], |row| row.get(0))?;
    json.map(|json| decode(&json, "footprint", source)).transpose()
}

/// Writes what a source looked at within a minute; what has no outline is left out.
pub(super) fn write_looked_at(sql: Sql<'_>, one: &LookedAt) -> Result<(), StoreError> {
    let Some(bounds) = one.bounds() else { return Ok(()) };
    let json = encode(one, "footprint", &one.source)?;
    let text = "INSERT OR REPLACE INTO looked_at (source, minute_us, south, west, north, east, json) \
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let Bounds { south_deg, west_deg, north_deg, east_deg } = bounds;
    let minute_us = one.minute.as_microsecond();
    let values = params![one.source, minute_us, south_deg, west_deg, north_deg, east_deg, json];
    sql.execute(text, values).map(|_| ())
}

/// Reads where sources looked since some moment.
pub(super) fn footprints(
    sql: Sql<'_>,
    within: Option<Bounds>,
    since: Timestamp,
) -> Result<Vec<LookedAt>, StoreError> {
    // A minute that began before may hold looks after it.
    let since_us = since.as_microsecond().saturating_sub(60_000_000);
    let everywhere = Bounds { south_deg: -90.0, west_deg: -180.0, north_deg: 90.0, east_deg: 180.0 };
    let Bounds { south_deg, west_deg, north_deg, east_deg } = within.unwrap_or(everywhere);
    let text = "SELECT source, json FROM looked_at WHERE minute_us > ?1 AND north >= ?2 AND south <= ?3 \
                AND east >= ?4 AND west <= ?5 ORDER BY source, minute_us";
    let values = params![since_us, south_deg, north_deg, west_deg, east_deg];
    let rows: Vec<(String, String)> = sql.all(text, values, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let read = |(source, json): &(String, String)| decode::<LookedAt>(json, "footprint", source);
    let mut found: Vec<LookedAt> = rows.iter().map(read).collect::<Result<_, _>>()?;
    found.retain(|one| one.to >= since);
    Ok(found)
}

/// Reads all consumers.
pub(super) fn consumers(sql: Sql<'_>) -> Result<Vec<Consumer>, StoreError> {
    let text = "SELECT id, json FROM consumer ORDER BY id";
    let rows: Vec<(String, String)> = sql.all(text, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.iter().map(|(id, json)| decode(json, "consumer", id)).collect()
}

/// Changes a consumer, inside a transaction.
pub(super) fn change_consumer(
    sql: Sql<'_>,
    id: &str,
    change: &mut ConsumerChange<'_>,
) -> Result<Option<Consumer>, StoreError> {
    let text = "SELECT json FROM consumer WHERE id = ?1";
    let json: Option<String> = sql.first(text, [id], |row| row.get(0))?;
    let changed = change(json.map(|json| decode(&json, "consumer", id)).transpose()?)?;
    match &changed {
        Some(consumer) => {
            let json = encode(consumer, "consumer", &id)?;
            sql.execute("INSERT OR REPLACE INTO consumer (id, json) VALUES (?1, ?2)", params![id, json])?
        }
        None => sql.execute("DELETE FROM consumer WHERE id = ?1", [id])?,
    };
    Ok(changed)
}
