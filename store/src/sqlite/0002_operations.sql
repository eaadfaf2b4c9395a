-- What people did, with the records before and after it in `json`; events may come from a run or from an operation.
CREATE TABLE operation (
    id INTEGER PRIMARY KEY NOT NULL,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    json TEXT NOT NULL
) STRICT;

CREATE TABLE operation_subject (
    subject_id TEXT NOT NULL,
    operation_id INTEGER NOT NULL REFERENCES operation (id),
    PRIMARY KEY (subject_id, operation_id)
) STRICT;

ALTER TABLE event RENAME TO event_of_runs;
CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    run_id TEXT REFERENCES run (id),
    operation_id INTEGER,
    json TEXT NOT NULL
) STRICT;
INSERT INTO event (seq, at, run_id, json) SELECT seq, at, run_id, json FROM event_of_runs;
DROP TABLE event_of_runs;
