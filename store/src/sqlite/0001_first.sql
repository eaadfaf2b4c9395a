-- Times are microseconds since 1970 for order and search; the record itself is in `json`.
CREATE TABLE run (
    id TEXT PRIMARY KEY NOT NULL,
    json TEXT NOT NULL,
    updated TEXT NOT NULL
) STRICT;

CREATE TABLE incident (
    id TEXT PRIMARY KEY NOT NULL,
    class TEXT NOT NULL,
    state TEXT NOT NULL,
    cell TEXT,
    first_seen_us INTEGER NOT NULL,
    last_seen_us INTEGER NOT NULL,
    json TEXT NOT NULL,
    updated TEXT NOT NULL
) STRICT;
CREATE INDEX incident_by_cell ON incident (cell) WHERE state <> 'closed';
CREATE INDEX incident_by_state ON incident (state, first_seen_us);

CREATE TABLE observation (
    id TEXT PRIMARY KEY NOT NULL,
    source TEXT NOT NULL,
    time_us INTEGER NOT NULL,
    json TEXT NOT NULL
) STRICT;
CREATE INDEX observation_by_source ON observation (source, time_us);

CREATE TABLE sighting (
    observation_id TEXT PRIMARY KEY NOT NULL REFERENCES observation (id),
    incident_id TEXT NOT NULL REFERENCES incident (id)
) STRICT;
CREATE INDEX sighting_by_incident ON sighting (incident_id);

CREATE TABLE task (
    id TEXT PRIMARY KEY NOT NULL,
    incident_id TEXT NOT NULL REFERENCES incident (id),
    state TEXT NOT NULL,
    lead TEXT,
    created_us INTEGER NOT NULL,
    json TEXT NOT NULL,
    updated TEXT NOT NULL
) STRICT;
CREATE INDEX task_by_incident ON task (incident_id);
CREATE INDEX task_by_state ON task (state, lead);

-- Numbers are never used again, so that a cursor stays right.
CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    run_id TEXT NOT NULL REFERENCES run (id),
    json TEXT NOT NULL
) STRICT;
