-- The chain over what was recorded: each link holds the hash of the one before it. Numbers rise without gap.
CREATE TABLE chain (
    number INTEGER PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    digest TEXT NOT NULL,
    marks TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE INDEX chain_by_subject ON chain (kind, subject);

-- Time stamps of an authority over a link and all before it; the token as Base64.
CREATE TABLE time_stamp (
    number INTEGER PRIMARY KEY NOT NULL,
    hash TEXT NOT NULL,
    at TEXT NOT NULL,
    authority TEXT NOT NULL,
    token TEXT NOT NULL
) STRICT;

-- The journal of what was done with evidence: who saw an original, holds, what was dropped. Notes are never changed.
CREATE TABLE note (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX note_by_kind ON note (kind, subject);
