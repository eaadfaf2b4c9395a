//! The chain and the journal in the SQLite file. Who writes holds the file's lock, so that links follow each other.

use std::collections::BTreeSet;
use std::path::Path;

use dispatch::Task;
use rusqlite::params;

use super::BUSY_MILLIS;
use super::incidents::Sql;
use crate::chain::{
    FIRST, Link, LinkKind, Loose, Note, StoredNote, TimeStamp, event_content, fresh, note_content,
};
use crate::error::StoreError;
use crate::record::Change;
use crate::save::{Stamp, decode, encode};

/// Adds links after the last one; files that are chained already are left out.
pub(super) fn append(sql: Sql<'_>, loose: Vec<Loose>) -> Result<(), StoreError> {
    let files = loose.iter().filter(|one| one.kind == LinkKind::File);
    let mut known = BTreeSet::new();
    for file in files {
        let text = "SELECT subject FROM chain WHERE kind = 'file' AND subject = ?1 LIMIT 1";
        known.extend(sql.first(text, [&file.subject], |row| row.get::<_, String>(0))?);
    }
    let text = "SELECT number, hash FROM chain ORDER BY number DESC LIMIT 1";
    let last: Option<(i64, String)> = sql.first(text, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (mut number, mut hash) = last.unwrap_or((0, FIRST.to_owned()));
    for one in fresh(loose, &known) {
        number += 1;
        let link = one.after(&hash, number.cast_unsigned());
        let text =
            "INSERT INTO chain (number, kind, subject, digest, marks, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let values = params![number, link.kind.name(), link.subject, link.digest, link.marks, link.hash];
        sql.execute(text, values)?;
        hash = link.hash;
    }
    Ok(())
}

/// Adds an event with its link.
pub(super) fn add_event(sql: Sql<'_>, change: &Change, stamp: &Stamp) -> Result<(), StoreError> {
    let json = encode(change, "event", &stamp.at)?;
    let text = "INSERT INTO event (at, run_id, operation_id, json) VALUES (?1, ?2, ?3, ?4)";
    let (at, run) = (stamp.at.to_string(), stamp.run.map(|run| run.to_string()));
    let operation = stamp.operation.map(|id| i64::try_from(id.0).unwrap_or(i64::MAX));
    sql.execute(text, params![at, run, operation, json])?;
    let seq = sql.connection.last_insert_rowid().cast_unsigned();
    let content = event_content(seq, &at, run.as_deref(), operation, &json);
    append(sql, vec![Loose::of(LinkKind::Event, &seq, &content)])
}

/// Chains a task as it is left, and the files that it names.
pub(super) fn chain_task(sql: Sql<'_>, task: &Task, json: &str) -> Result<(), StoreError> {
    append(sql, Loose::of_task(task, json))
}

/// Adds a note with its link.
pub(super) fn add_note(sql: Sql<'_>, note: &Note) -> Result<u64, StoreError> {
    let Note { at, kind, actor, subject, detail } = note;
    let text = "INSERT INTO note (at, kind, actor, subject, detail) VALUES (?1, ?2, ?3, ?4, ?5)";
    sql.execute(text, params![at.to_string(), kind, actor, subject, detail])?;
    let number = sql.connection.last_insert_rowid().cast_unsigned();
    append(sql, vec![Loose::of(LinkKind::Note, &number, &note_content(number, note))])?;
    Ok(number)
}

/// Reads notes of a kind, or all, after a number.
pub(super) fn notes(
    sql: Sql<'_>,
    kind: Option<&str>,
    after: u64,
    limit: usize,
) -> Result<Vec<StoredNote>, StoreError> {
    let text = "SELECT number, at, kind, actor, subject, detail FROM note \
                WHERE number > ?1 AND (?2 IS NULL OR kind = ?2) ORDER BY number LIMIT ?3";
    let row = |row: &rusqlite::Row<'_>| -> rusqlite::Result<(i64, [String; 5])> {
        Ok((row.get(0)?, [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?]))
    };
    let rows = sql.all(text, params![after.cast_signed(), kind, limit as i64], row)?;
    rows.into_iter().map(|(number, row)| stored_note(number, row)).collect()
}

/// Returns the note of a row.
pub(crate) fn stored_note(
    number: i64,
    [at, kind, actor, subject, detail]: [String; 5],
) -> Result<StoredNote, StoreError> {
    let at = decode(&format!("\"{at}\""), "note", &number.to_string())?;
    Ok(StoredNote { number: number.cast_unsigned(), note: Note { at, kind, actor, subject, detail } })
}

/// Reads links after a number.
pub(super) fn links(sql: Sql<'_>, after: u64, limit: usize) -> Result<Vec<Link>, StoreError> {
    let text = "SELECT number, kind, subject, digest, marks, hash FROM chain WHERE number > ?1 ORDER BY number LIMIT ?2";
    let row = |row: &rusqlite::Row<'_>| -> rusqlite::Result<(i64, [String; 5])> {
        Ok((row.get(0)?, [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?]))
    };
    let rows = sql.all(text, params![after.cast_signed(), limit as i64], row)?;
    rows.into_iter().map(|(number, row)| link_of_row(number, row)).collect()
}

/// Reads the last link.
pub(super) fn last_link(sql: Sql<'_>) -> Result<Option<Link>, StoreError> {
    let text = "SELECT max(number) FROM chain";
    let last: Option<i64> = sql.first(text, [], |row| row.get(0))?.flatten();
    let before = last.map(|number| number.cast_unsigned().saturating_sub(1));
    Ok(before.map(|before| links(sql, before, 1)).transpose()?.and_then(|mut links| links.pop()))
}

/// Returns the link of a row.
pub(crate) fn link_of_row(
    number: i64,
    [kind, subject, digest, marks, hash]: [String; 5],
) -> Result<Link, StoreError> {
    let id = number.to_string();
    let unknown = || serde::de::Error::custom(format!("unknown kind {kind:?}"));
    let kind = LinkKind::of_name(&kind).ok_or_else(|| StoreError::Unreadable {
        what: "link of the chain",
        id,
        source: unknown(),
    })?;
    Ok(Link { number: number.cast_unsigned(), kind, subject, digest, marks, hash })
}

/// Keeps a time stamp.
pub(super) fn put_time_stamp(sql: Sql<'_>, stamp: &TimeStamp) -> Result<(), StoreError> {
    let text =
        "INSERT OR REPLACE INTO time_stamp (number, hash, at, authority, token) VALUES (?1, ?2, ?3, ?4, ?5)";
    let TimeStamp { number, hash, at, authority, token } = stamp;
    sql.execute(text, params![number.cast_signed(), hash, at.to_string(), authority, token]).map(|_| ())
}

/// Reads all time stamps.
pub(super) fn time_stamps(sql: Sql<'_>) -> Result<Vec<TimeStamp>, StoreError> {
    let text = "SELECT number, hash, at, authority, token FROM time_stamp ORDER BY number";
    let row = |row: &rusqlite::Row<'_>| -> rusqlite::Result<(i64, [String; 4])> {
        Ok((row.get(0)?, [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?]))
    };
    let rows = sql.all(text, [], row)?;
    rows.into_iter().map(|(number, row)| time_stamp_of_row(number, row)).collect()
}

/// Returns the time stamp of a row.
pub(crate) fn time_stamp_of_row(
    number: i64,
    [hash, at, authority, token]: [String; 4],
) -> Result<TimeStamp, StoreError> {
    let at = decode(&format!("\"{at}\""), "time stamp", &number.to_string())?;
    Ok(TimeStamp { number: number.cast_unsigned(), hash, at, authority, token })
}

/// Reads what links of a kind stand for, as it is now: subject and content.
pub(super) fn contents(
    sql: Sql<'_>,
    kind: LinkKind,
    after: u64,
    limit: usize,
) -> Result<Vec<(String, String)>, StoreError> {
    let pair = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let page = params![after.cast_signed(), limit as i64];
    match kind {
        LinkKind::Event => {
            let text = "SELECT CAST(seq AS TEXT), seq || char(10) || at || char(10) || coalesce(run_id, '-') || char(10) \
                        || coalesce(operation_id, '-') || char(10) || json FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2";
            sql.all(text, page, pair)
        }
        LinkKind::Operation => {
            let text = "SELECT CAST(id AS TEXT), json FROM operation WHERE id > ?1 ORDER BY id LIMIT ?2";
            sql.all(text, page, pair)
        }
        LinkKind::Note => {
            let text = "SELECT CAST(number AS TEXT), number || char(10) || at || char(10) || kind || char(10) || actor \
                        || char(10) || subject || char(10) || detail FROM note WHERE number > ?1 ORDER BY number LIMIT ?2";
            sql.all(text, page, pair)
        }
        LinkKind::Task if after == 0 => {
            let text = "SELECT id, json FROM task UNION ALL SELECT id, json FROM archive WHERE kind = 'task' ORDER BY 1";
            sql.all(text, [], pair)
        }
        LinkKind::Task | LinkKind::File => Ok(Vec::new()),
    }
}

/// Chains what was recorded before there was a chain.
pub(crate) fn fill_version_5(connection: &rusqlite::Connection) -> Result<(), StoreError> {
    let doing = "bring the schema up to date";
    let sql = Sql { connection, path: Path::new(""), doing, busy_millis: BUSY_MILLIS };
    let mut loose = Vec::new();
    for kind in [LinkKind::Operation, LinkKind::Task, LinkKind::Event] {
        for (subject, content) in contents(sql, kind, 0, i64::MAX as usize)? {
            if kind == LinkKind::Task {
                loose.extend(Loose::of_task(&decode(&content, "task", &subject)?, &content));
            } else {
                loose.push(Loose::of(kind, &subject, &content));
            }
        }
    }
    append(sql, loose)
}
