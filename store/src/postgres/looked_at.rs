//! Where sources looked, and who is told of events, in PostgreSQL.

use std::collections::BTreeSet;

use gis::dedupe::LookedAt;
use gis::dedupe::neighbourhood::Bounds;
use jiff::Timestamp;

use super::link::Link;
use crate::consumers::{Consumer, ConsumerChange};
use crate::error::StoreError;
use crate::save::{decode, encode};

const DOING: &str = "save where sources looked";

fn record(row: &postgres::Row) -> Result<LookedAt, StoreError> {
    decode(row.get(1), "footprint", row.get(0))
}

/// Reads what sources looked at within minutes.
pub(super) fn looked_at(
    link: &mut Link,
    minutes: &BTreeSet<(&str, Timestamp)>,
) -> Result<Vec<LookedAt>, StoreError> {
    let (source, minute_us): (Vec<&str>, Vec<i64>) =
        minutes.iter().map(|(source, minute)| (*source, minute.as_microsecond())).unzip();
    let sql = "SELECT source, json::text FROM unnest($1::text[], $2::bigint[]) AS t(source, minute_us) \
               JOIN looked_at USING (source, minute_us)";
    link.query(sql, &[&source, &minute_us], DOING)?.iter().map(record).collect()
}

/// Writes what sources looked at; what has no outline is left out.
pub(super) fn write_looked_at(link: &mut Link, all: &[LookedAt]) -> Result<(), StoreError> {
    for one in all {
        let Some(bounds) = one.bounds() else { continue };
        let Bounds { south_deg, west_deg, north_deg, east_deg } = bounds;
        let json = encode(one, "footprint", &one.source)?;
        let sql = "INSERT INTO looked_at (source, minute_us, south, west, north, east, json) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7::text::json) \
                   ON CONFLICT (source, minute_us) DO UPDATE SET south = excluded.south, west = excluded.west, \
                   north = excluded.north, east = excluded.east, json = excluded.json";
        let minute_us = one.minute.as_microsecond();
        let values: &[&(dyn postgres::types::ToSql + Sync)] =
            &[&one.source, &minute_us, &south_deg, &west_deg, &north_deg, &east_deg, &json];
        link.execute(sql, values, DOING)?;
    }
    Ok(())
}

/// Reads where sources looked since some moment.
pub(super) fn footprints(
    link: &mut Link,
    within: Option<Bounds>,
    since: Timestamp,
) -> Result<Vec<LookedAt>, StoreError> {
    // A minute that began before may hold looks after it.
    let since_us = since.as_microsecond().saturating_sub(60_000_000);
    let everywhere = Bounds { south_deg: -90.0, west_deg: -180.0, north_deg: 90.0, east_deg: 180.0 };
    let Bounds { south_deg, west_deg, north_deg, east_deg } = within.unwrap_or(everywhere);
    let sql = "SELECT source, json::text FROM looked_at WHERE minute_us > $1 AND north >= $2 AND south <= $3 \
               AND east >= $4 AND west <= $5 ORDER BY source COLLATE \"C\", minute_us";
    let values: &[&(dyn postgres::types::ToSql + Sync)] =
        &[&since_us, &south_deg, &north_deg, &west_deg, &east_deg];
    let mut found: Vec<LookedAt> =
        link.query(sql, values, "read")?.iter().map(record).collect::<Result<_, _>>()?;
    found.retain(|one| one.to >= since);
    Ok(found)
}

/// Reads all consumers.
pub(super) fn consumers(link: &mut Link) -> Result<Vec<Consumer>, StoreError> {
    let sql = "SELECT id, json::text FROM consumer ORDER BY id COLLATE \"C\"";
    let rows = link.query(sql, &[], "read")?;
    rows.iter().map(|row| decode(row.get(1), "consumer", row.get(0))).collect()
}

/// Changes a consumer in a transaction of its own, which keeps out those who change the same one and nobody else.
pub(super) fn change_consumer(
    link: &mut Link,
    id: &str,
    change: &mut ConsumerChange<'_>,
) -> Result<Option<Consumer>, StoreError> {
    let doing = "change a consumer";
    link.batch("BEGIN", doing)?;
    let done = change_locked(link, id, change, doing);
    let ended = link.batch(if done.is_ok() { "COMMIT" } else { "ROLLBACK" }, doing);
    // Of two failures the first one says more.
    done.and_then(|done| ended.map(|()| done))
}

fn change_locked(
    link: &mut Link,
    id: &str,
    change: &mut ConsumerChange<'_>,
    doing: &'static str,
) -> Result<Option<Consumer>, StoreError> {
    // A row that is not there cannot be locked, its name can.
    link.query("SELECT pg_advisory_xact_lock(hashtext('consumer'), hashtext($1))", &[&id], doing)?;
    let rows = link.query("SELECT json::text FROM consumer WHERE id = $1", &[&id], doing)?;
    let known = rows.first().map(|row| decode(row.get(0), "consumer", id)).transpose()?;
    let changed = change(known)?;
    match &changed {
        Some(consumer) => {
            let json = encode(consumer, "consumer", &id)?;
            let sql = "INSERT INTO consumer (id, json) VALUES ($1, $2::text::json) \
                       ON CONFLICT (id) DO UPDATE SET json = excluded.json";
            link.execute(sql, &[&id, &json], doing)?
        }
        None => link.execute("DELETE FROM consumer WHERE id = $1", &[&id], doing)?,
    };
    Ok(changed)
}
