//! The chain and the journal in PostgreSQL. Links are written under the lock of the counter of events, so that they follow each
//! other whoever writes.

use std::collections::BTreeSet;

use dispatch::Task;
use uuid::Uuid;

use super::bulk::EventRow;
use super::link::Link as Connection;
use crate::chain::{
    FIRST, Link, LinkKind, Loose, Note, StoredNote, TimeStamp, event_content, fresh, note_content,
};
use crate::error::StoreError;
use crate::save::decode;
use crate::sqlite::chain::{link_of_row, stored_note, time_stamp_of_row};

const DOING: &str = "append events";

/// Writes events with the numbers after the last one, and links for them after those of what they are about. The row of the
/// counter stays locked until the commit.
pub(super) fn append(
    link: &mut Connection,
    events: &[EventRow],
    mut loose: Vec<Loose>,
) -> Result<(), StoreError> {
    if events.is_empty() && loose.is_empty() {
        return Ok(());
    }
    let sql = "UPDATE event_counter SET last = last + $1 RETURNING last - $1";
    let rows = link.query(sql, &[&(events.len() as i64)], DOING)?;
    let before: i64 = rows.first().map_or(0, |row| row.get(0));
    write_events(link, events, before)?;
    for (event, seq) in events.iter().zip(before + 1..) {
        loose.push(event.loose(seq.cast_unsigned()));
    }
    write_links(link, loose)
}

fn write_events(link: &mut Connection, events: &[EventRow], before: i64) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO event (seq, at, run_id, operation_id, json) \
               SELECT $1 + n, at, run_id, operation_id, json::json FROM \
               unnest($2::text[], $3::uuid[], $4::bigint[], $5::text[]) WITH ORDINALITY \
               AS t(at, run_id, operation_id, json, n)";
    let at: Vec<&str> = events.iter().map(|event| event.at.as_str()).collect();
    let run: Vec<Option<Uuid>> = events.iter().map(|event| event.run).collect();
    let operation: Vec<Option<i64>> = events.iter().map(|event| event.operation).collect();
    let json: Vec<&str> = events.iter().map(|event| event.json.as_str()).collect();
    link.execute(sql, &[&before, &at, &run, &operation, &json], DOING).map(|_| ())
}

/// Adds links after the last one. The caller holds the row of the counter.
fn write_links(link: &mut Connection, loose: Vec<Loose>) -> Result<(), StoreError> {
    let files = loose.iter().filter(|one| one.kind == LinkKind::File);
    let files: Vec<&str> = files.map(|one| one.subject.as_str()).collect();
    let mut known = BTreeSet::new();
    if !files.is_empty() {
        let sql = "SELECT DISTINCT subject FROM chain WHERE kind = 'file' AND subject = ANY($1)";
        known.extend(link.query(sql, &[&files], DOING)?.iter().map(|row| row.get::<_, String>(0)));
    }
    let last = link.query("SELECT number, hash FROM chain ORDER BY number DESC LIMIT 1", &[], DOING)?;
    let (number, mut hash): (i64, String) =
        last.first().map_or((0, FIRST.to_owned()), |row| (row.get(0), row.get(1)));
    let mut links = Vec::new();
    for (one, number) in fresh(loose, &known).into_iter().zip(number + 1..) {
        let link = one.after(&hash, number.cast_unsigned());
        hash.clone_from(&link.hash);
        links.push(link);
    }
    let number: Vec<i64> = links.iter().map(|link| link.number.cast_signed()).collect();
    let column = |value: fn(&Link) -> &str| -> Vec<&str> { links.iter().map(value).collect() };
    let (kind, subject) = (column(|link| link.kind.name()), column(|link| &link.subject));
    let (digest, marks, hash) =
        (column(|link| &link.digest), column(|link| &link.marks), column(|link| &link.hash));
    let sql = "INSERT INTO chain (number, kind, subject, digest, marks, hash) \
               SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])";
    link.execute(sql, &[&number, &kind, &subject, &digest, &marks, &hash], DOING).map(|_| ())
}

/// Adds a note with its link.
pub(super) fn add_note(link: &mut Connection, note: &Note) -> Result<u64, StoreError> {
    // The lock of the counter comes first: numbers of notes rise in the order of the chain.
    link.query("SELECT last FROM event_counter FOR UPDATE", &[], DOING)?;
    let sql = "INSERT INTO note (number, at, kind, actor, subject, detail) \
               SELECT coalesce(max(number), 0) + 1, $1, $2, $3, $4, $5 FROM note RETURNING number";
    let Note { at, kind, actor, subject, detail } = note;
    let rows = link.query(sql, &[&at.to_string(), kind, actor, subject, detail], "write a note")?;
    let number: i64 = rows.first().map_or(0, |row| row.get(0));
    let number = number.cast_unsigned();
    write_links(link, vec![Loose::of(LinkKind::Note, &number, &note_content(number, note))])?;
    Ok(number)
}

/// Reads notes of a kind, or all, after a number.
pub(super) fn notes(
    link: &mut Connection,
    kind: Option<&str>,
    after: u64,
    limit: usize,
) -> Result<Vec<StoredNote>, StoreError> {
    let sql = "SELECT number, at, kind, actor, subject, detail FROM note \
               WHERE number > $1 AND ($2::text IS NULL OR kind = $2) ORDER BY number LIMIT $3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = link.query(sql, &[&after.cast_signed(), &kind, &limit], "read notes")?;
    let note = |row: &postgres::Row| {
        stored_note(row.get(0), [row.get(1), row.get(2), row.get(3), row.get(4), row.get(5)])
    };
    rows.iter().map(note).collect()
}

/// Reads links after a number.
pub(super) fn links(link: &mut Connection, after: u64, limit: usize) -> Result<Vec<Link>, StoreError> {
    let sql = "SELECT number, kind, subject, digest, marks, hash FROM chain WHERE number > $1 \
               ORDER BY number LIMIT $2";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = link.query(sql, &[&after.cast_signed(), &limit], "read the chain")?;
    let one = |row: &postgres::Row| {
        link_of_row(row.get(0), [row.get(1), row.get(2), row.get(3), row.get(4), row.get(5)])
    };
    rows.iter().map(one).collect()
}

/// Reads the last link.
pub(super) fn last_link(link: &mut Connection) -> Result<Option<Link>, StoreError> {
    let rows = link.query("SELECT max(number) FROM chain", &[], "read the chain")?;
    let last: Option<i64> = rows.first().and_then(|row| row.get(0));
    let before = last.map(|number| number.cast_unsigned().saturating_sub(1));
    Ok(before.map(|before| links(link, before, 1)).transpose()?.and_then(|mut links| links.pop()))
}

/// Keeps a time stamp.
pub(super) fn put_time_stamp(link: &mut Connection, stamp: &TimeStamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO time_stamp (number, hash, at, authority, token) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (number) DO UPDATE SET hash = excluded.hash, at = excluded.at, \
               authority = excluded.authority, token = excluded.token";
    let TimeStamp { number, hash, at, authority, token } = stamp;
    let values: [&(dyn postgres::types::ToSql + Sync); 5] =
        [&number.cast_signed(), hash, &at.to_string(), authority, token];
    link.execute(sql, &values, "keep a time stamp").map(|_| ())
}

/// Reads all time stamps.
pub(super) fn time_stamps(link: &mut Connection) -> Result<Vec<TimeStamp>, StoreError> {
    let sql = "SELECT number, hash, at, authority, token FROM time_stamp ORDER BY number";
    let rows = link.query(sql, &[], "read time stamps")?;
    let one =
        |row: &postgres::Row| time_stamp_of_row(row.get(0), [row.get(1), row.get(2), row.get(3), row.get(4)]);
    rows.iter().map(one).collect()
}

/// Reads what links of a kind stand for, as it is now: subject and content.
pub(super) fn contents(
    link: &mut Connection,
    kind: LinkKind,
    after: u64,
    limit: usize,
) -> Result<Vec<(String, String)>, StoreError> {
    let doing = "read what is chained";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let after = after.cast_signed();
    let rows = match kind {
        LinkKind::Event => {
            let sql = "SELECT seq, at, run_id::text, operation_id, json::text FROM event WHERE seq > $1 \
                       ORDER BY seq LIMIT $2";
            let rows = link.query(sql, &[&after, &limit], doing)?;
            let event = |row: &postgres::Row| {
                let (seq, run): (i64, Option<&str>) = (row.get(0), row.get(2));
                let text = event_content(seq.cast_unsigned(), row.get(1), run, row.get(3), row.get(4));
                (seq.to_string(), text)
            };
            return Ok(rows.iter().map(event).collect());
        }
        LinkKind::Operation => {
            let sql =
                "SELECT id::text, json::text FROM operation WHERE id > $1 ORDER BY operation.id LIMIT $2";
            link.query(sql, &[&after, &limit], doing)?
        }
        LinkKind::Note => {
            let sql = "SELECT number::text, number || E'\\n' || at || E'\\n' || kind || E'\\n' || actor || E'\\n' || subject \
                       || E'\\n' || detail FROM note WHERE number > $1 ORDER BY note.number LIMIT $2";
            link.query(sql, &[&after, &limit], doing)?
        }
        LinkKind::Task => {
            let sql = "SELECT id::text, json::text FROM task UNION ALL \
                       SELECT id::text, json::text FROM archive WHERE kind = 'task' ORDER BY 1";
            link.query(sql, &[], doing)?
        }
        LinkKind::File => return Ok(Vec::new()),
    };
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Chains what was recorded before there was a chain.
pub(super) fn fill_version_3(link: &mut Connection) -> Result<(), StoreError> {
    let mut loose = Vec::new();
    for kind in [LinkKind::Operation, LinkKind::Task, LinkKind::Event] {
        for (subject, content) in contents(link, kind, 0, usize::MAX)? {
            if kind == LinkKind::Task {
                let task: Task = decode(&content, "task", &subject)?;
                loose.extend(Loose::of_task(&task, &content));
            } else {
                loose.push(Loose::of(kind, &subject, &content));
            }
        }
    }
    write_links(link, loose)
}
