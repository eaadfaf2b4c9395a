-- The chain over what was recorded: each link holds the hash of the one before it. Numbers rise without gap, under the lock of
-- the counter of events.
CREATE TABLE chain (
    number bigint PRIMARY KEY,
    kind text NOT NULL,
    subject text NOT NULL,
    digest text NOT NULL,
    marks text NOT NULL,
    hash text NOT NULL
);
CREATE INDEX chain_by_subject ON chain (kind, subject);

-- Time stamps of an authority over a link and all before it; the token as Base64.
CREATE TABLE time_stamp (
    number bigint PRIMARY KEY,
    hash text NOT NULL,
    at text NOT NULL,
    authority text NOT NULL,
    token text NOT NULL
);

-- The journal of what was done with evidence: who saw an original, holds, what was dropped. Notes are never changed.
CREATE TABLE note (
    number bigint PRIMARY KEY,
    at text NOT NULL,
    kind text NOT NULL,
    actor text NOT NULL,
    subject text NOT NULL,
    detail text NOT NULL
);
CREATE INDEX note_by_kind ON note (kind, subject);
